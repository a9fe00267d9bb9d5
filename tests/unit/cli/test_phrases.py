"""``firth phrases``: what it writes, where, and what it refuses."""

from __future__ import annotations

import dataclasses
import inspect
import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from firth.cli import run
from firth.cli.phrases import phrases as command
from firth.config.phrases import PhraseOptions
from firth.corpus import Phrases, find_phrases
from firth.files import replacing

LINES = ["He saw New York .", "new york is large", "the bank of america", "she saw", "the york of new"] * 10
FOUND = ["--min-count", "12", "--threshold", "1", "--no-cache"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus.txt").write_text("\n".join(LINES).lower() + "\n", "utf-8")
    return tmp_path


def left_in(folder):
    return {path.name for path in folder.iterdir()} - {"corpus.txt", "folder"}


def test_it_writes_joined_text_and_shows_the_best(folder, capsys):
    assert run(["phrases", "corpus.txt", "--output", "joined.txt", *FOUND]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    heading, first, *_, last = out.strip().split("\n")
    assert heading.split() == ["phrase", "count", "score", "pass"]
    assert first.split()[:2] == ["new_york", "20"]
    assert last == "1 phrase: 190 tokens became 170 in joined.txt"
    assert (folder / "joined.txt").read_text() == "\n".join(LINES).lower().replace(
        "new york", "new_york"
    ) + "\n"


def test_all_options_arrive(folder, capsys):
    (folder / "words.txt").write_text("of\r\n\n the\n", "utf-8")
    (folder / "raw.txt").write_bytes("\n".join(LINES).encode() + b"\n\xff!\n")
    arguments = [
        "--min-count", "12,3", "--threshold", "0.2,-0.5", "--score", "npmi", "--passes", "2",
        "--connector-words", "words.txt", "--delimiter", "+", "--tokenize", r"[^\W\d]+", "--lowercase",
        "--decode-errors", "replace", "--threads", "2", "--no-cache", "--memory-limit", "20000000",
        "--list", "list.jsonl", "--quiet",
    ]  # fmt: skip
    assert run(["phrases", "raw.txt", "-o", "joined.txt", *arguments]) == 0
    assert capsys.readouterr() == ("", "")
    listed = Phrases.load("list.jsonl")
    assert listed.options == PhraseOptions(
        score="npmi",
        passes=2,
        min_count=(12, 3),
        threshold=(0.2, -0.5),
        connector_words=("of", "the"),
        delimiter="+",
    )
    documents = [line.lower().replace(".", "").split() for line in LINES]
    expected = find_phrases(documents, **{**vars(listed.options), "connector_words": ("the", "of")})
    assert list(listed) == list(expected)
    assert {"new+york", "bank+of+america"} <= {phrase.token for phrase in listed}
    joined = [line.split() for line in (folder / "joined.txt").read_text().splitlines()]
    assert joined == [listed.apply(document) for document in documents]


def test_defaults_are_those_of_the_library():
    told = {name: parameter.default for name, parameter in inspect.signature(command).parameters.items()}
    for field in dataclasses.fields(PhraseOptions):
        value = field.default if field.name != "connector_words" else None
        assert told[field.name] == (str(value) if field.name == "min_count" else value)
    assert told["memory_limit"] == inspect.signature(find_phrases).parameters["memory_limit"].default


def test_json(capsys):
    assert run(["phrases", "corpus.txt", "-o", "joined.txt", "--json", *FOUND]) == 0
    out, err = capsys.readouterr()
    assert (out.count("\n"), err) == (1, "")
    facts = json.loads(out)
    (best,) = facts.pop("best")
    assert facts == {
        "output": "joined.txt",
        "documents": 50,
        "tokens": 190,
        "joined_tokens": 170,
        "phrases": 1,
    }
    assert best == {
        "token": "new_york",
        "parts": ["new", "york"],
        "count": 20,
        "score": best["score"],
        "found_in": 1,
    }
    assert best["score"] == pytest.approx((20 - 12) / (30 * 30) * 190)


def test_standard_input_and_output(capfdbinary, monkeypatch):
    text = "\n".join(LINES).lower().encode() + b"\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert run(["phrases", "-", "--output", "-", *FOUND]) == 0
    assert capfdbinary.readouterr() == (text.replace(b"new york", b"new_york"), b"")


def test_a_list_joins_the_same_in_other_text(folder, capsys):
    assert run(["phrases", "corpus.txt", "-o", "one.txt", "--list", "list.jsonl", *FOUND]) == 0
    (folder / "other.txt").write_text("to new york by train\n")
    assert run(["phrases", "other.txt", "-o", "two.txt", "--from-list", "list.jsonl", "--no-cache"]) == 0
    assert (folder / "two.txt").read_text() == "to new_york by train\n"
    assert "1 phrase: 5 tokens became 4 in two.txt" in capsys.readouterr().out


def test_none_found_is_said_with_the_remedy(capsys):
    assert run(["phrases", "corpus.txt", "-o", "joined.txt", "--min-count", "1000", "--no-cache"]) == 0
    line = "0 phrases (a lower threshold or min-count finds more): 190 tokens became 190 in joined.txt\n"
    assert capsys.readouterr().out == line


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["corpus.txt"], "Missing option '--output'"),
        (["none.txt", "-o", "j"], "no such file or folder: 'none.txt'"),
        (
            ["corpus.txt", "-o", "corpus.txt"],
            "corpus.txt exists already: choose another place, or give --overwrite",
        ),
        (["corpus.txt", "-o", "j", "--list", "corpus.txt"], "corpus.txt exists already"),
        (["corpus.txt", "-o", "no/j"], "cannot write no/j: there is no folder no"),
        (["corpus.txt", "-o", "folder", "--overwrite"], "cannot write"),
        (["corpus.txt", "-o", "-", "--json"], "--json and --output - both write to standard output"),
        (
            ["corpus.txt", "-o", "j", "--min-count", "many"],
            "--min-count is 'many', but must be a number, or one for",
        ),
        (["corpus.txt", "-o", "j", "--min-count", "0"], "min_count is 0, but must be a whole number from 1"),
        (["corpus.txt", "-o", "j", "--threshold", "3,2"], "threshold has 2 values, but passes is 1"),
        (
            ["corpus.txt", "-o", "j", "--threshold", "2", "--score", "npmi"],
            "threshold is 2.0, but must be a number",
        ),
        (["corpus.txt", "-o", "j", "--score", "pmi"], "--score is 'pmi'"),
        (["corpus.txt", "-o", "j", "--passes", "0"], "passes is 0"),
        (["corpus.txt", "-o", "j", "--memory-limit", "1"], "memory_limit is 1"),
        (
            ["corpus.txt", "-o", "j", "--delimiter", " "],
            "delimiter is ' ', but in the text that is written whitespace",
        ),
        (
            ["corpus.txt", "-o", "j", "--delimiter", "o"],
            "the delimiter 'o' stands in the token 'york' of the corpus",
        ),
        (["corpus.txt", "-o", "j", "--connector-words", "none"], "cannot read none"),
        (["corpus.txt", "-o", "j", "--from-list", "none"], "cannot read the phrases none"),
        (
            ["corpus.txt", "-o", "j", "--from-list", "x", "--passes", "2"],
            "--passes has no use beside --from-list",
        ),
        (["corpus.txt", "-o", "j", "--tokenize", r".+"], "holds whitespace"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(arguments, wanted, folder, capsys):
    (folder / "folder").mkdir()
    assert run(["phrases", *arguments, "--no-cache"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("firth: ")
    assert err.count("\n") == 1
    assert wanted in err
    assert left_in(folder) == set()
    assert (folder / "corpus.txt").read_text().startswith("he saw")


def test_overwrite_replaces(folder):
    assert run(["phrases", "corpus.txt", "-o", "corpus.txt", "--overwrite", "-q", *FOUND]) == 0
    assert "new_york" in (folder / "corpus.txt").read_text()
    assert left_in(folder) == set()


def test_ctrl_c_leaves_nothing_behind(folder, monkeypatch, capsys):
    def interrupted(path):
        os.kill(os.getpid(), signal.SIGINT)
        return replacing(path)

    monkeypatch.setattr("firth.files.replacing", interrupted)
    assert run(["phrases", "corpus.txt", "-o", "joined.txt", "--no-cache"]) == 130
    assert capsys.readouterr() == ("", "firth: interrupted: nothing was saved\n")
    assert left_in(folder) == set()


def test_a_full_disk_is_no_traceback():
    shell = [sys.executable, "-m", "firth", "phrases", "corpus.txt", "-o", "-", "--no-cache"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(shell, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot write the output" in done.stderr


def test_on_a_terminal_a_bar_shows_what_is_done(folder):
    (folder / "large.txt").write_text("\n".join(LINES * 4_000).lower(), "utf-8")
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "firth", "phrases", "large.txt", "-o", "joined.txt", "--no-cache"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(command, stderr=follower, stdout=subprocess.DEVNULL, env=environment)
    os.close(follower)
    seen = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the process has gone
            break
        if not part:
            break
        seen += part
    os.close(leader)
    assert process.wait() == 0
    assert b"%" in seen
    assert any(what in seen for what in (b"reading", b"counting", b"joining"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.csv", "number,text\n" + "".join(f'{i},"{line}"\n' for i, line in enumerate(LINES))),
        ("table.jsonl", "".join(json.dumps({"text": line.split()}) + "\n" for line in LINES)),
    ],
)
def test_a_column_is_read_as_by_train(folder, capsys, name, content):
    (folder / name).write_text(content, "utf-8")
    assert run(["phrases", name, "--column", "text", "-o", "joined.txt", *FOUND, "--max-types", "100"]) == 0
    assert capsys.readouterr().err == ""
    (folder / "plain.txt").write_text("\n".join(LINES) + "\n", "utf-8")
    assert run(["phrases", "plain.txt", "-o", "plain-joined.txt", *FOUND]) == 0
    assert (folder / "joined.txt").read_text() == (folder / "plain-joined.txt").read_text()
    assert run(["phrases", name, "--column", "txt", "-o", "other.txt", *FOUND]) == 2
    assert "has no column 'txt'" in capsys.readouterr().err
    assert run(["phrases", "plain.txt", "-o", "other.txt", "--max-types", "9"]) == 2
    assert "max_types is 9" in capsys.readouterr().err
