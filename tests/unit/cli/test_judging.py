"""What `firth evaluate` says of categories and sessions."""

import json

import numpy as np
import pytest

from firth import formats
from firth.cli import run
from firth.formats import VectorTable
from firth.vocabulary import Vocabulary

ROWS = {"cat": [1, 0], "dog": [0.96, 0.28], "rome": [0, 1], "oslo": [0.28, 0.96]}


@pytest.fixture
def model(tmp_path):
    rows = np.array(list(ROWS.values()), np.float32)
    formats.write(
        VectorTable(Vocabulary(list(ROWS), range(40, 0, -10)), rows, rows[::-1].copy()), tmp_path / "m"
    )
    return str(tmp_path / "m")


@pytest.fixture
def say(capsys):
    """Run a command line, and return what it writes: with --json the object, or the line on standard error."""

    def call(*arguments, status=0):
        assert run(list(map(str, arguments))) == status
        out, err = capsys.readouterr()
        assert (err if status == 0 else out) == ""
        if status:
            assert err.count("\n") == 1
            return err
        return json.loads(out) if "--json" in arguments else out

    return call


def test_categories_are_told_by_their_content(model, say, tmp_path):
    file = tmp_path / "categories.txt"
    file.write_text("cat animal\ndog animal\nrome city\noslo city\nghost city\n")
    assert say("evaluate", model, file).split() == [
        *("categories", "purity", "clusters", "words", "used", "words"),
        *("categories.txt", "1.0000", "2", "4", "5"),
    ]
    (result,) = say("evaluate", model, file, "--json")
    assert result == {
        "file": str(file),
        "kind": "categories",
        "purity": 1.0,
        "clusters": [
            {"category": "animal", "correct": 2, "words": ["cat", "dog"]},
            {"category": "city", "correct": 2, "words": ["rome", "oslo"]},
        ],
        "words_used": 4,
        "words": 5,
        "coverage": 0.8,
    }


def test_sessions_are_asked_where_that_is_said(model, say, tmp_path):
    file = tmp_path / "sessions.txt"
    file.write_text("cat dog\nrome cat oslo\ncat ghost\n")
    (result,) = say("evaluate", model, file, "--kind", "retrieval", "-k", "1", "--context", "1", "--json")
    assert result == {
        "file": str(file),
        "kind": "retrieval",
        "k": 1,
        "hit_rate": 0.5,
        "ndcg": 0.5,
        "answered": 2,
        "asked": 3,
        "coverage": pytest.approx(2 / 3),
    }
    table = [line.split() for line in say("evaluate", model, file, "--kind", "retrieval").splitlines()]
    assert table[1][:2] == ["sessions.txt", "1.0000"]
    (turned,) = say("evaluate", model, file, "--kind", "retrieval", "-k", "1", "--outputs", "--json")
    assert turned["hit_rate"] != result["hit_rate"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("cat dog rome oslo cat\n", [], "line 1"),
        ("cat dog rome oslo cat\n", [], "the kind is retrieval"),
        ("cat\n", ["--kind", "retrieval"], "two items"),
        ("cat dog\n", ["--kind", "retrieval", "-k", "0"], "k is 0"),
        ("cat dog rome\n", ["--kind", "categories"], "line 1"),
        ("cat dog\n", ["--kind", "magic"], "--kind is 'magic'"),
    ],
)
def test_what_cannot_be_asked_is_one_line(model, say, tmp_path, text, options, message):
    (tmp_path / "file").write_text(text)
    assert message in say("evaluate", model, tmp_path / "file", *options, status=2)
