"""Phrases saved and loaded, and files that hold none."""

from __future__ import annotations

import json

import pytest

from firth.corpus import Phrases, find_phrases
from firth.errors import FirthError, FormatError


@pytest.fixture
def phrases():
    words = ["ein", "schönes", "東京", "hotel", "\u2028x", "of", "é"]
    documents = [[*words, word, "ein"] for word in words] * 3
    return find_phrases(
        documents,
        min_count=(1, 2),
        threshold=(0.7, 0.25),
        passes=2,
        connector_words=["of"],
        score="gensim",
    )


def test_what_is_saved_is_loaded(phrases, tmp_path):
    path = tmp_path / "phrases.jsonl"
    path.write_text("an earlier one")
    phrases.save(path)
    loaded = Phrases.load(path)
    assert loaded == phrases
    assert list(loaded) == list(phrases)
    assert loaded.options == phrases.options
    assert hash(loaded) == hash(phrases)
    assert loaded.apply(["東京", "hotel"]) == ["東京_hotel"]
    assert [child.name for child in tmp_path.iterdir()] == ["phrases.jsonl"]


def test_it_is_lines_of_json(phrases, tmp_path):
    phrases.save(tmp_path / "p")
    first, *lines = (tmp_path / "p").read_bytes().decode().removesuffix("\n").split("\n")
    assert json.loads(first) == {
        "kind": "firth phrases",
        "version": 1,
        "score": "gensim",
        "passes": 2,
        "min_count": [1, 2],
        "threshold": [0.7, 0.25],
        "connector_words": ["of"],
        "delimiter": "_",
    }
    assert len(lines) == len(phrases) > 3
    phrase = phrases[0]
    assert json.loads(lines[0]) == {
        "phrase": phrase.token,
        "parts": list(phrase.parts),
        "count": phrase.count,
        "score": phrase.score,
        "pass": phrase.found_in,
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("firth phrases", "other phrases", "line 1, .*must begin with the kind 'firth phrases'"),
        ('"version": 1', '"version": 2', "line 1"),
        ('"passes": 2', '"passes": 0', "line 1, .*passes is 0"),
        ('"delimiter": "_"', '"dlimiter": "_"', "line 1, .*dlimiter"),
        ('"parts": ["', '"parts": ["no', "line 2, .*do not join"),
        ('"count": ', '"count": 0.5e', "line 2, .*whole numbers"),
        ('"pass": 2', '"pass": 3', "line .*the pass at most 2"),
        ('"score"', '"scor"', "line 1, .*scor"),
        ('{"phrase": ', "{phrase: ", "line 2"),
    ],
)
def test_what_is_damaged_is_refused_with_its_line(phrases, tmp_path, old, new, message):
    path = tmp_path / "phrases.jsonl"
    phrases.save(path)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(FormatError, match=message) as caught:
        Phrases.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[1]\n", b"\xff\xfe", b"{}\n", b'{"kind": 3}'])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(FormatError):
        Phrases.load(path)


def test_no_file(tmp_path, phrases):
    with pytest.raises(FormatError, match="No such file"):
        Phrases.load(tmp_path / "none")
    with pytest.raises(FirthError, match="cannot write"):
        phrases.save(tmp_path / "none" / "phrases")
