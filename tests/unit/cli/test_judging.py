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


@pytest.fixture
def turned(tmp_path):
    """The model turned by a right angle, with the two cities in each other's place."""
    rows = np.array([ROWS["oslo"], ROWS["cat"], ROWS["rome"], ROWS["dog"]], np.float32) @ np.array(
        [[0, 1], [-1, 0]]
    )
    vocabulary = Vocabulary(["rome", "cat", "oslo", "dog"], range(40, 0, -10))
    formats.write(VectorTable(vocabulary, rows.astype(np.float32)), tmp_path / "turned")
    return str(tmp_path / "turned")


def test_compare_names_the_words_that_moved(model, turned, say):
    result = say("compare", model, turned, "-k", "1", "--show", "2", "--json")
    assert (result["common_words"], result["overlap"], result["not_aligned"]) == (
        4,
        {"k": 1, "mean": 1.0},
        None,
    )
    assert result["alignment"]["mean_cosine"] == pytest.approx((1 + 1 + 0.96 + 0.96) / 4, abs=0.01)
    moved = result["alignment"]["moved"]
    assert {each["word"] for each in moved} == {"rome", "oslo"}
    assert all(each["overlap"] == 1 for each in moved)
    text = say("compare", model, turned, "-k", "1", "--show", "1")
    assert "overlap of 1 neighbors" in text
    assert "moved most" in text
    assert say("compare", model, turned, "-k", "1", "--restrict", "3", "--json")["common_words"] == 3


def test_compare_says_why_it_does_not_align(model, say, tmp_path):
    formats.write(VectorTable(Vocabulary(list(ROWS)), np.eye(4, dtype=np.float32)), tmp_path / "other")
    result = say("compare", model, tmp_path / "other", "-k", "3", "--json")
    assert result["alignment"] is None
    assert "2 and 4 dimensions" in result["not_aligned"]
    assert "not aligned: the vectors have 2 and 4" in say("compare", model, tmp_path / "other", "-k", "3")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-k", "4"], "k is 4, but must be below"),
        (["--show", "0"], "--show is 0"),
        (["--restrict", "-1"], "restrict is"),
    ],
)
def test_what_cannot_be_compared_is_one_line(model, turned, say, options, message):
    assert message in say("compare", model, turned, *options, status=2)
