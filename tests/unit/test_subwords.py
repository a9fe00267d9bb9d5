"""N-grams of words, and vectors that are composed of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.errors import InputError
from firth.subwords import LONGEST_NGRAM, Subwords, bucket, ngram_buckets, ngrams
from firth.words import Words

# Marks, ASCII, a combining accent, two to four bytes in UTF-8, a joiner, a selector.
LETTERS = "<>/sab\u0301éß日\u200d😀\ufe0f"
words_of = st.lists(st.text(LETTERS, max_size=12) | st.just("</s>"), max_size=12)


def subwords(words, *, min_n=2, max_n=4, buckets=50, dim=3, used=None, pruned=False, seed=0):
    """Return subwords with random rows, for all buckets or those in `used`."""
    draws = np.random.default_rng(seed)
    rows = draws.standard_normal((buckets if used is None else len(used), dim), dtype=np.float32)
    return Subwords(
        min_n=min_n,
        max_n=max_n,
        buckets=buckets,
        word_rows=draws.standard_normal((len(words), dim), dtype=np.float32),
        bucket_rows=rows,
        bucket_ids=None if used is None else np.array(used, np.int32),
        pruned=pruned,
    )


def mean(parts, word, own=None):
    """Return a word's vector as the definition has it, in float64."""
    ids = range(parts.buckets) if parts.bucket_ids is None else parts.bucket_ids.tolist()
    row_of = {one: row for row, one in enumerate(ids)}
    rows = [] if own is None else [own.astype(np.float64)]
    for ngram in ngrams(word, parts.min_n, parts.max_n):
        row = row_of.get(bucket(ngram, parts.buckets))
        if row is not None:
            rows.append(parts.bucket_rows[row].astype(np.float64))
        elif not parts.pruned:
            rows.append(np.zeros(parts.dim))
    return np.mean(rows, axis=0) if rows else np.zeros(parts.dim)


def test_ngrams_are_those_of_the_paper():
    assert ngrams("where", 3, 3) == ["<wh", "whe", "her", "ere", "re>"]


def test_the_marks_alone_are_no_ngrams():
    assert ngrams("a", 1, 2) == ["<a", "a", "a>"]
    assert ngrams("<", 1, 1) == ["<"]


def test_a_character_is_a_code_point_whatever_its_bytes():
    assert ngrams("日é😀", 3, 3) == ["<日é", "日é😀", "é😀>"]
    assert ngrams("e\u0301", 3, 6) == ["<e\u0301", "<e\u0301>", "e\u0301>"]


@pytest.mark.parametrize(("min_n", "max_n"), [(3, 0), (0, 0), (5, 4)])
def test_there_need_not_be_any_ngrams(min_n, max_n):
    assert ngrams("where", min_n, max_n) == []
    offsets, ids = ngram_buckets(Words.of(["where", "", "</s>"]), min_n, max_n, 10)
    assert (offsets.tolist(), len(ids)) == ([0, 0, 0, 0], 0)


def test_the_end_of_a_sentence_has_no_ngrams():
    assert ngrams("</s>", 1, 6) == []
    assert ngrams("</s", 1, 1) == ["<", "/", "s"]


def test_bytes_beyond_ascii_are_hashed_as_signed_numbers():
    # FNV-1a itself takes them as unsigned ones.
    unsigned = ((((2_166_136_261 ^ 0xC3) * 16_777_619) ^ 0xA9) * 16_777_619) & 0xFFFFFFFF
    signed = ((((2_166_136_261 ^ 0xFFFFFFC3) * 16_777_619) ^ 0xFFFFFFA9) * 16_777_619) & 0xFFFFFFFF
    assert bucket("é", 2**32) == signed != unsigned


@settings(deadline=None, max_examples=300)
@given(words_of, st.integers(0, 5), st.integers(0, 7), st.sampled_from([1, 7, 1000, 2_000_000, 2**31 - 1]))
def test_many_words_at_once_have_the_ngrams_of_the_definition(words, min_n, max_n, buckets):
    offsets, ids = ngram_buckets(Words.of(words), min_n, max_n, buckets)
    assert (offsets.dtype, ids.dtype) == (np.int64, np.int32)
    found = [ids[offsets[i] : offsets[i + 1]].tolist() for i in range(len(words))]
    assert found == [[bucket(ngram, buckets) for ngram in ngrams(word, min_n, max_n)] for word in words]


def test_words_that_are_not_utf8_are_cut_as_fasttext_cuts_them():
    # A continuation byte belongs to what stands before it, were it the mark.
    text = np.frombuffer(b"\xa9a\xc3", np.uint8)
    _, ids = ngram_buckets(Words(text, np.array([0, 3])), 2, 2, 2**31 - 1)
    assert len(ids) == 3


@pytest.mark.parametrize("pruned", [False, True])
@pytest.mark.parametrize("used", [None, [], [3, 17, 18, 40]])
def test_vectors_are_means_of_rows(used, pruned):
    words = ["king", "</s>", "é", "", "日本語", "kingdom"]
    parts = subwords(words, used=used, pruned=pruned)
    expected = [mean(parts, word, own) for word, own in zip(words, parts.word_rows, strict=True)]
    np.testing.assert_allclose(parts.known(Words.of(words)), expected, rtol=1e-5, atol=1e-6)
    unseen, n_found = parts.unseen(words)
    np.testing.assert_allclose(unseen, [mean(parts, word) for word in words], rtol=1e-5, atol=1e-6)
    there = set(range(50) if used is None else used)
    assert n_found.tolist() == [sum(bucket(g, 50) in there for g in ngrams(word, 2, 4)) for word in words]


def test_a_word_has_the_same_vector_among_many(monkeypatch):
    monkeypatch.setattr("firth.subwords._NGRAMS_AT_ONCE", 30)
    words = ["a" * i for i in range(20)] + ["x" * 500]
    parts = subwords(words)
    together, alone = parts.known(Words.of(words)), parts.unseen(words)[0]
    monkeypatch.undo()
    np.testing.assert_array_equal(together, parts.known(Words.of(words)))
    np.testing.assert_array_equal(alone, np.concatenate([parts.unseen([word])[0] for word in words]))


def test_no_words_have_no_vectors():
    parts = subwords([])
    assert parts.known(Words.of([])).shape == (0, 3)
    assert parts.unseen([])[0].shape == (0, 3)


def test_a_part_of_the_words_keeps_all_buckets():
    words = ["king", "queen", "man"]
    parts = subwords(words)
    part = parts.take(np.array([2, 0]))
    np.testing.assert_array_equal(part.known(Words.of(["man", "king"])), parts.known(Words.of(words))[[2, 0]])
    assert np.shares_memory(part.bucket_rows, parts.bucket_rows)


def test_rows_cannot_be_changed_but_those_that_were_given_can():
    given = np.zeros((2, 3), np.float32)
    parts = Subwords(
        min_n=3,
        max_n=6,
        buckets=2,
        word_rows=given,
        bucket_rows=given,
        bucket_ids=np.arange(2, dtype=np.int32),
    )
    for rows in (parts.word_rows, parts.bucket_rows, parts.bucket_ids):
        with pytest.raises(ValueError, match="read-only"):
            rows[0] = 1
    given[0] = 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_n": -1}, "min_n is -1, but must be from 0 to 100"),
        ({"max_n": 0}, "max_n is 0, but must be from 1 to 100"),
        ({"max_n": LONGEST_NGRAM + 1}, "max_n is 101, but must be from 1 to 100"),
        ({"buckets": 0}, "buckets is 0, but must be from 1 to 2,147,483,647"),
        ({"buckets": 2**31}, "buckets is 2147483648, but must be"),
        ({"buckets": 51}, "51 buckets need as many rows, not 50"),
        ({"word_rows": np.zeros((2, 3))}, "word_rows must be a matrix of float32, not float64"),
        ({"word_rows": np.zeros((2, 4), np.float32)}, "4 columns, but rows of buckets 3"),
        ({"bucket_rows": np.zeros(50, np.float32)}, r"bucket_rows must be .* shape \(50,\)"),
        ({"bucket_ids": np.arange(50)}, r"int32 of shape \(50,\), not int64"),
        ({"bucket_ids": np.arange(49, dtype=np.int32)}, r"of shape \(50,\), not int32 of shape \(49,\)"),
        ({"bucket_ids": np.arange(50, dtype=np.int32)[::-1]}, "bucket_ids must rise within 0 to 49"),
        ({"bucket_ids": np.arange(1, 51, dtype=np.int32)}, "bucket_ids must rise within 0 to 49"),
        ({"bucket_ids": np.arange(-1, 49, dtype=np.int32)}, "bucket_ids must rise within 0 to 49"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, message):
    good = {
        "min_n": 3,
        "max_n": 6,
        "buckets": 50,
        "word_rows": np.zeros((2, 3), np.float32),
        "bucket_rows": np.zeros((50, 3), np.float32),
    }
    Subwords(**good)
    with pytest.raises(InputError, match=message):
        Subwords(**good | change)


def test_other_words_than_those_of_the_rows_are_refused():
    with pytest.raises(InputError, match="3 words are given for 2 rows"):
        subwords(["a", "b"]).known(Words.of(["a", "b", "c"]))
