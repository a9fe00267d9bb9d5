"""The compiled twin of `firth.subwords`: the n-grams of a whole vocabulary at once.

A word's n-grams are those of fastText, and so are their buckets; `firth.subwords` says what they are. Here
they are rows of two arrays, as a sparse matrix keeps them: the n-grams of word ``i`` are
``ids[offsets[i]:offsets[i + 1]]``, in the order in which fastText adds them up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firth.errors import ConfigError
from firth.kernels.compile import kernel
from firth.words import Words

_LESS, _GREATER = np.uint8(ord("<")), np.uint8(ord(">"))
_END_OF_SENTENCE = np.frombuffer(b"</s>", np.uint8)
_OFFSET_BASIS, _PRIME = np.uint32(2166136261), np.uint32(16777619)


def ngram_buckets(
    words: Words, min_n: int, max_n: int, buckets: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the buckets of the n-grams of all words.

    Parameters
    ----------
    words : Words
        A vocabulary's words. Each is surrounded by ``<`` and ``>``; ``</s>`` alone has no n-grams.
    min_n, max_n : int
        Shortest and longest n-gram in characters; with `max_n` 0 there are none.
    buckets : int
        Buckets are 0 to ``buckets - 1``; at least 1 unless `max_n` is 0, below 2**31.

    Returns
    -------
    offsets : ndarray of int64, shape (len(words) + 1,)
        Where the n-grams of each word begin.
    bucket_ids : ndarray of int32, shape (offsets[-1],)
        The bucket of each n-gram; one that a word has twice stands there twice.

    Raises
    ------
    ConfigError
        `buckets` is out of its range.
    """
    if max_n > 0 and not 1 <= buckets < 2**31:
        raise ConfigError(f"buckets is {buckets}, but must be a whole number from 1 to {2**31 - 1:,}")
    offsets = count_ngrams(words.text, words.offsets, min_n, max_n)
    bucket_ids = np.empty(offsets[-1], np.int32)
    fill_buckets(words.text, words.offsets, min_n, max_n, buckets, offsets, bucket_ids, 0, len(words))
    return offsets, bucket_ids


def ngram_rows(
    words: Words, min_n: int, max_n: int, buckets: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Return the n-grams of all words as rows of a matrix that holds only the buckets in use.

    Takes what `ngram_buckets` takes, and five bytes for each bucket while it runs.

    Returns
    -------
    bucket_ids : ndarray of int32, shape (n_used,)
        The buckets that at least one word uses, rising: what each row of the matrix stands for.
    offsets : ndarray of int64, shape (len(words) + 1,)
        Where the n-grams of each word begin.
    rows : ndarray of int32, shape (offsets[-1],)
        The row of each n-gram.
    """
    offsets, rows = ngram_buckets(words, min_n, max_n, buckets)
    used = np.zeros(buckets, np.bool_)
    used[rows] = True
    bucket_ids = np.flatnonzero(used).astype(np.int32)
    row_of = np.empty(buckets, np.int32)
    row_of[bucket_ids] = np.arange(len(bucket_ids), dtype=np.int32)
    np.take(row_of, rows, out=rows, mode="clip")  # the other modes would take a copy first
    return bucket_ids, offsets, rows


@kernel(allocates=True)
def count_ngrams(text, offsets, min_n, max_n):
    """Return where the n-grams of each word begin, int64, shape (n_words + 1,), without making them.

    Parameters
    ----------
    text : ndarray of uint8, shape (n_bytes,)
        The UTF-8 of all words.
    offsets : ndarray of int64, shape (n_words + 1,)
        Where each word begins.
    min_n, max_n : int
        As in `ngram_buckets`.
    """
    starts = np.zeros(len(offsets), np.int64)
    shortest = max(min_n, 1)
    for word in range(len(offsets) - 1):
        count = 0
        if not _is_end_of_sentence(text, offsets[word], offsets[word + 1]):
            characters = 2
            for i in range(offsets[word], offsets[word + 1]):
                characters += (text[i] & 0xC0) != 0x80
            for n in range(shortest, min(max_n, characters) + 1):
                count += characters - n + 1
            if shortest == 1 and max_n >= 1:
                count -= 2  # the marks alone
        starts[word + 1] = starts[word] + count
    return starts


@kernel()
def fill_buckets(text, offsets, min_n, max_n, buckets, ngram_offsets, bucket_ids, first, last):
    """Write the buckets of the n-grams of the words from `first` to ``last - 1`` to their places in `bucket_ids`.

    Parameters
    ----------
    text, offsets, min_n, max_n, buckets
        As in `count_ngrams` and `ngram_buckets`.
    ngram_offsets : ndarray of int64, shape (n_words + 1,)
        As from `count_ngrams`.
    bucket_ids : ndarray of int32, shape (ngram_offsets[-1],)
        Changed between ``ngram_offsets[first]`` and ``ngram_offsets[last]`` alone, so threads can share it.
    first, last : int
        Which words.
    """
    modulus = np.uint32(buckets)
    for word in range(first, last):
        if ngram_offsets[word] == ngram_offsets[word + 1]:
            continue
        at = ngram_offsets[word]
        begin, end = offsets[word], offsets[word + 1]
        # begin - 1 stands for the mark before the word, end for the one behind it, from which no n-gram starts.
        for start in range(begin - 1, end):
            if start >= begin and (text[start] & 0xC0) == 0x80:
                continue
            hashed, i, n = _OFFSET_BASIS, start, 0
            while n < max_n and i <= end:
                if i == end:
                    hashed = _hash_on(hashed, _GREATER)
                elif i < begin:
                    hashed = _hash_on(hashed, _LESS)
                else:
                    hashed = _hash_on(hashed, text[i])
                i += 1
                while i < end and (text[i] & 0xC0) == 0x80:
                    hashed = _hash_on(hashed, text[i])
                    i += 1
                n += 1
                if n >= min_n and not (n == 1 and start < begin):
                    bucket_ids[at] = hashed % modulus
                    at += 1


@kernel(inline="always")
def _hash_on(hashed, byte):
    """Return the FNV-1a hash of one byte more, which fastText takes as a signed number."""
    return np.uint32((hashed ^ np.uint32(np.int32(np.int8(byte)))) * _PRIME)


@kernel(inline="always")
def _is_end_of_sentence(text, begin, end):
    same = end - begin == len(_END_OF_SENTENCE)
    k = 0
    while same and k < len(_END_OF_SENTENCE):
        same = text[begin + k] == _END_OF_SENTENCE[k]
        k += 1
    return same
