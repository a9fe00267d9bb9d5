"""What lies in files of gensim's face: refused with one line, whatever it is."""

from __future__ import annotations

import json

import pytest

from firth.compat.gensim import FrozenPhrases, KeyedVectors, Phrases, Word2Vec
from firth.errors import ConfigError, FormatError

SENTENCES = [["new", "york", "is", "new"], ["the", "new", "york", "of", "old"]]


@pytest.fixture
def saved(tmp_path):
    """A model of gensim's face, and its metadata to change."""
    model = Word2Vec(vector_size=3, min_count=1)
    model.build_vocab(SENTENCES)
    model.save(tmp_path / "model")
    path = tmp_path / "model" / "firth" / "metadata.json"
    content = json.loads(path.read_text("utf-8"))
    own = content["metadata"]

    def change(part):
        return path.write_text(
            json.dumps({**content, "metadata": {**own, "gensim": {**own["gensim"], **part}}}), "utf-8"
        )

    return tmp_path / "model", change


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"parameters": []}, r"parameters are \[\], but must be names"),
        ({"parameters": {"window": "wide"}}, "window is 'wide', but must be a number"),
        ({"parameters": {"window": float("inf")}}, "parameters of the model cannot be used"),
        ({"facts": "none"}, "facts are 'none'"),
        ({"facts": {"corpus_count": [1]}}, r"corpus_count is \[1\]"),
    ],
)
def test_lies_about_a_model_are_refused(saved, part, message):
    path, change = saved
    change(part)
    with pytest.raises(FormatError, match=message):
        Word2Vec.load(path)


def test_a_file_names_no_attribute_of_its_own(saved):
    path, change = saved
    change({"facts": {"train": 7, "corpus_count": 5}, "parameters": {"sentences": 3}, "history": 3})
    model = Word2Vec.load(path)
    assert callable(model.train)
    assert (model.corpus_count, model.history) == (5, [])


def test_keys_that_are_no_numbers_are_refused(saved):
    path, change = saved
    change({"numbers": True})
    with pytest.raises(FormatError, match="said to be numbers, but one is not"):
        KeyedVectors.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"options": None}, "no file of phrases"),
        ({"options": {"sentences": [["a"]]}}, "it has an option 'sentences'"),
        ({"options": {"min_count": "2"}}, "min_count is '2'"),
        ({"options": {"threshold": 10**400}}, "too large"),
        ({"options": {"connector_words": [1]}}, "a word in it is no string"),
        ({"corpus_word_count": -1}, "corpus_word_count is -1"),
        ({"corpus_word_count": 2}, "from 0 to corpus_word_count, 2"),
        ({"class": "x" * 70_000}, r"holds x{60}, not Phrases"),
    ],
)
def test_lies_about_phrases_are_refused(tmp_path, change, message):
    Phrases(SENTENCES, min_count=1, threshold=0.1).save(tmp_path / "phrases")
    head, *rows = (tmp_path / "phrases").read_text("utf-8").split("\n")
    text = "\n".join([json.dumps({**json.loads(head), **change}), *rows])
    (tmp_path / "phrases").write_text(text, "utf-8")
    with pytest.raises(FormatError, match=message) as caught:
        Phrases.load(tmp_path / "phrases")
    assert len(str(caught.value)) < 600


def test_scores_that_are_no_numbers_are_refused(tmp_path):
    Phrases(SENTENCES, min_count=1, threshold=0.1).freeze().save(tmp_path / "frozen")
    with (tmp_path / "frozen").open("a", encoding="utf-8") as file:
        file.write('["new_day", "high"]\n')
    with pytest.raises(FormatError, match="a score in it is no number"):
        FrozenPhrases.load(tmp_path / "frozen")


def test_a_pair_that_is_all_there_is_has_the_highest_score():
    phrases = Phrases(min_count=1, threshold=0.5, scoring="npmi")
    phrases.vocab, phrases.corpus_word_count = {"a": 2, "b": 2, "a_b": 2}, 2
    assert phrases.export_phrases() == {"a_b": 1.0}


def test_a_delimiter_is_needed():
    with pytest.raises(ConfigError, match="delimiter is empty"):
        Phrases(delimiter="")
