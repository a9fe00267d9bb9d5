"""The n-grams of a vocabulary, compiled, against the definition."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.errors import ConfigError
from firth.kernels.cpu import subwords
from firth.subwords import bucket, ngrams
from firth.words import Words

# Marks, ASCII, a combining accent, two to four bytes in UTF-8, a joiner, a selector.
LETTERS = "<>/sab\u0301éß日\u200d😀\ufe0f"
words_of = st.lists(st.text(LETTERS, max_size=12) | st.just("</s>"), max_size=12)


def expected(words, min_n, max_n, buckets):
    return [[bucket(ngram, buckets) for ngram in ngrams(word, min_n, max_n)] for word in words]


def rows_of(offsets, values):
    return [values[low:high].tolist() for low, high in itertools.pairwise(offsets)]


@settings(deadline=None, max_examples=200)
@given(words_of, st.integers(0, 5), st.integers(0, 7), st.sampled_from([1, 7, 1000, 2_000_000, 2**31 - 1]))
def test_the_compiled_twin_finds_what_the_definition_says(words, min_n, max_n, buckets):
    offsets, bucket_ids = subwords.ngram_buckets(Words.of(words), min_n, max_n, buckets)
    assert (offsets.dtype, bucket_ids.dtype) == (np.int64, np.int32)
    assert rows_of(offsets, bucket_ids) == expected(words, min_n, max_n, buckets)


@settings(deadline=None, max_examples=50)
@given(words_of, st.sampled_from([1, 7, 50, 5000]))
def test_only_the_buckets_in_use_become_rows(words, buckets):
    bucket_ids, offsets, rows = subwords.ngram_rows(Words.of(words), 2, 4, buckets)
    wanted = expected(words, 2, 4, buckets)
    assert bucket_ids.tolist() == sorted({one for ids in wanted for one in ids})
    assert (bucket_ids.dtype, offsets.dtype, rows.dtype) == (np.int32, np.int64, np.int32)
    assert rows_of(offsets, bucket_ids[rows]) == wanted


def test_threads_can_share_the_work():
    words = Words.of(["king", "</s>", "日本語", "", "queen"])
    offsets, whole = subwords.ngram_buckets(words, 1, 6, 999)
    parts = np.full(len(whole), -1, np.int32)
    for first, last in ((3, 5), (0, 1), (1, 3)):
        before = parts.copy()
        subwords.fill_buckets(words.text, words.offsets, 1, 6, 999, offsets, parts, first, last)
        outside = np.r_[: offsets[first], offsets[last] : len(parts)]
        np.testing.assert_array_equal(parts[outside], before[outside])
    np.testing.assert_array_equal(parts, whole)


def test_without_ngrams_there_are_no_buckets():
    bucket_ids, offsets, rows = subwords.ngram_rows(Words.of(["king", "queen"]), 0, 0, 0)
    assert (len(bucket_ids), offsets.tolist(), len(rows)) == (0, [0, 0, 0], 0)


@pytest.mark.parametrize("buckets", [0, -1, 2**31])
def test_a_number_of_buckets_out_of_range_is_refused(buckets):
    with pytest.raises(ConfigError, match=f"buckets is {buckets}, but must be"):
        subwords.ngram_buckets(Words.of(["king"]), 3, 6, buckets)
