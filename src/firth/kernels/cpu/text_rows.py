"""Which rows of a classifier's embeddings a text has: of its words, of their n-grams, and of runs of words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.kernels.compile import kernel

_FACTOR = np.uint64(116_049_371)


class TypeTable(NamedTuple):
    """What each type of the text gives.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_types + 1,)
        Where the rows of each type begin.
    rows : ndarray of int32, shape (offsets[-1],)
        Rows of the word itself, if it is in the vocabulary, and of its n-grams.
    hashes : ndarray of int64, shape (n_types,)
        Of the words, signed as fastText has them.
    is_word : ndarray of bool, shape (n_types,)
        Whether it is a word and no label.
    """

    offsets: NDArray[np.int64]
    rows: NDArray[np.int32]
    hashes: NDArray[np.int64]
    is_word: NDArray[np.bool_]


@kernel(allocates=True)
def count_rows(ids, starts, table, n_max, row_of, counts):
    """Fill `counts` with the number of rows of each text.

    Parameters
    ----------
    ids : ndarray of int32
        The types of the corpus, -1 where a text ends.
    starts : ndarray of int64, shape (n_texts + 1,)
        Where each text begins; its end is one before the next.
    table : TypeTable
    n_max : int
        The longest run of words that has a row.
    row_of : ndarray of int32, shape (buckets,)
        The row of each bucket, or -1 where it has none, so that its runs do not count.
    counts : ndarray of int64, shape (n_texts,)
    """
    words = np.empty(n_max, np.int64)
    buckets = np.uint64(len(row_of))
    for text in range(len(starts) - 1):
        n_rows = n_words = 0
        for place in range(starts[text], starts[text + 1] - 1):
            kind = ids[place]
            n_rows += table.offsets[kind + 1] - table.offsets[kind]
            if n_max > 1 and table.is_word[kind]:
                n_words += 1
                _push(words, n_words, table.hashes[kind])
                for n in range(2, min(n_words, n_max) + 1):
                    n_rows += row_of[_run(words, n) % buckets] >= 0
        counts[text] = n_rows


@kernel(allocates=True)
def mark_runs(ids, starts, table, n_max, used):
    """Set ``used[bucket]`` for the bucket of each run of 2 to `n_max` words; other arguments as in `count_rows`."""
    words = np.empty(n_max, np.int64)
    buckets = np.uint64(len(used))
    for text in range(len(starts) - 1):
        n_words = 0
        for place in range(starts[text], starts[text + 1] - 1):
            kind = ids[place]
            if table.is_word[kind]:
                n_words += 1
                _push(words, n_words, table.hashes[kind])
                # All runs that end here: their first word is words[n - 1].
                for n in range(2, min(n_words, n_max) + 1):
                    used[_run(words, n) % buckets] = True


@kernel(inner=True)
def _push(words, n_words, hashed):
    """Put one word more before the last words, of which there are `n_words` now in the text."""
    for k in range(min(n_words, len(words)) - 1, 0, -1):
        words[k] = words[k - 1]
    words[0] = hashed


@kernel(inner=True)
def _run(words, n):
    """Return the joined hash of a run of `n` words, the last of which stands first."""
    joined = np.uint64(words[n - 1])
    for k in range(n - 2, -1, -1):
        joined = joined * _FACTOR + np.uint64(words[k])
    return joined


@kernel(allocates=True)
def fill_rows(ids, starts, order, table, n_max, row_of, offsets, rows, thread, threads):
    """Write the rows of the texts `order` to `rows`, those of text number ``i`` from ``offsets[i]`` on.

    Parameters
    ----------
    row_of : ndarray of int32, shape (buckets,)
        As in `count_rows`.
    thread, threads : int
        Each thread fills every `threads`-th text.
    """
    words = np.empty(n_max, np.int64)
    buckets = np.uint64(len(row_of))
    for i in range(thread, len(order), threads):
        text, at, n_words = order[i], offsets[i], 0
        for place in range(starts[text], starts[text + 1] - 1):
            kind = ids[place]
            for k in range(table.offsets[kind], table.offsets[kind + 1]):
                rows[at] = table.rows[k]
                at += 1
            if n_max > 1 and table.is_word[kind]:
                n_words += 1
                _push(words, n_words, table.hashes[kind])
                for n in range(2, min(n_words, n_max) + 1):
                    row = row_of[_run(words, n) % buckets]
                    if row >= 0:
                        rows[at] = row
                        at += 1
