"""Encoded corpora as objects: immutable, closed for good, and looked up in vocabularies."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.corpus import encode
from firth.corpus.type_table import TypeTable
from firth.errors import CorpusError, InputError
from firth.vocabulary import Vocabulary
from firth.words import Words

_LINES = ["the king and the queen", "the king's men", "queen and king and all"]


@pytest.fixture
def corpus():
    with encode(_LINES) as corpus:
        yield corpus


def test_what_it_tells(corpus):
    assert (corpus.n_tokens, corpus.n_documents) == (13, 3)
    assert corpus.ids.dtype == np.int32
    assert corpus.type_counts.dtype == np.int64
    assert len(corpus.ids) == 16
    assert repr(corpus) == "TokenCorpus(13 tokens of 7 types in 3 documents)"


def test_nothing_of_it_can_be_changed(corpus):
    for array in (corpus.ids, corpus.type_counts, corpus.types.text, corpus.types.offsets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    for name in ("ids", "types", "type_counts", "n_tokens", "n_documents", "fingerprint"):
        with pytest.raises(AttributeError):
            setattr(corpus, name, None)


def test_closed_is_closed():
    corpus = encode(_LINES)
    corpus.close()
    with pytest.raises(InputError, match="the corpus is closed"):
        _ = corpus.ids
    assert corpus.n_tokens == 13


def test_ids_that_somebody_holds_outlive_the_corpus():
    with encode(_LINES) as corpus:
        ids = corpus.ids
        copy = np.array(ids)
    np.testing.assert_array_equal(ids, copy)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 5), (3, 200_000), (100_001, 200_002), (0, 400_000)])
def test_released_ids_come_back(start, stop):
    words = [str(i % 1000) for i in range(399_999)]
    with encode([words]) as corpus:
        before = np.array(corpus.ids)
        assert len(before) == 400_000
        corpus.release(start, stop)
        np.testing.assert_array_equal(corpus.ids, before)


def test_the_fingerprint_tells_corpora_apart_and_not_their_sources(tmp_path):
    (tmp_path / "corpus.txt").write_text("\n".join(_LINES))
    same = [_LINES, [line.split() for line in _LINES], [f" {_LINES[0]}\n\n{_LINES[1]}", _LINES[2]], tmp_path]
    other = [
        _LINES[::-1],
        _LINES[:2],
        [" ".join(_LINES)],
        [line.upper() for line in _LINES],
        [["ab", "c"]],
        [["a", "bc"]],
    ]
    prints = []
    for source in same + other:
        with encode(source, cache=False) as corpus:
            prints.append(corpus.fingerprint)
    assert len(set(prints[: len(same)])) == 1
    assert len(set(prints)) == 1 + len(other)


def test_its_vocabulary_is_ordered_by_count_and_spelling(corpus):
    vocabulary = corpus.vocabulary()
    assert list(vocabulary) == ["and", "the", "king", "queen", "all", "king's", "men"]
    assert vocabulary.counts.tolist() == [3, 3, 2, 2, 1, 1, 1]
    assert vocabulary == Vocabulary.from_counts(collections.Counter(" ".join(_LINES).split()))
    assert list(corpus.vocabulary(min_count=2, stop_words=["the"])) == ["and", "king", "queen"]
    assert list(corpus.vocabulary(max_vocab=2)) == ["and", "the"]


def test_counting_in_a_fixed_vocabulary_keeps_its_order(corpus):
    counted = corpus.count_in(Vocabulary(["queen", "jester", "and"], [7, 7, 7]))
    assert list(counted) == ["queen", "jester", "and"]
    assert counted.counts.tolist() == [2, 0, 3]
    with pytest.raises(CorpusError, match="none of the 2 words of the vocabulary occurs among the 7"):
        corpus.count_in(Vocabulary(["Queen", "King"]))


def test_the_lookup_table_of_a_vocabulary(corpus):
    table = corpus.lookup_table(Vocabulary(["men", "the", "nobody"]))
    assert table.dtype == np.int32
    assert table.tolist() == [1, -1, -1, -1, -1, 0, -1]
    twice = Vocabulary(Words.of(["men", "the", "men", "the"]))
    assert corpus.lookup_table(twice).tolist() == table.tolist()
    assert corpus.lookup_table(Vocabulary([])).tolist() == [-1] * 7


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12)), st.lists(st.text("ab", max_size=10)))
def test_a_table_numbers_types_as_a_dictionary_does(first, second):
    table, expected = TypeTable(), {}
    for words in (first, second, first):
        numbers = [expected.setdefault(word, len(expected)) for word in words]
        assert table.add_words(Words.of(words)).tolist() == numbers
    assert list(table.words()) == list(expected)
    assert table.find_words(Words.of([*second, "not there"])).tolist() == [
        *map(expected.__getitem__, second),
        -1,
    ]


def test_a_table_grows(corpus):
    table = TypeTable()
    words = [f"{'long' * (i % 50)}{i}" for i in range(50_000)]
    assert table.add_words(Words.of(words)).tolist() == list(range(50_000))
    assert table.add_words(Words.of(words[::-1])).tolist() == list(range(49_999, -1, -1))
    assert list(table.words(49_990)) == words[49_990:]
