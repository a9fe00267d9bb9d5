"""How often neighbouring words occur together: exact, in a memory that does not grow with the corpus."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from firth.corpus.pages import release_pages
from firth.kernels.cpu import bigrams

_STEP = 1 << 22
_FIRST_SLOTS = 1 << 16
_FIRST_NODES = 1 << 12
_FULL = 0.7  # of the slots
# Of 16 bytes each; while a table is replaced there are two of them.
_BYTES_OF_A_SLOT = 32
_LAST_HASH = 2**64 - 1
_TOLD_EVERY = 0.1

Progress = Callable[[float], None]
"""Told which part of the work is done, 0 to 1."""


class Lefts:
    """What can be the left side of a pair: a word, or a word with the connector words that follow it.

    A word is its own left. The others are numbered from ``len(connector)`` on, as they come.

    Parameters
    ----------
    connector : ndarray of bool, shape (n_words,)
        Which words are connector words.

    Attributes
    ----------
    words : ndarray of int32, shape (at least the number of lefts,)
        The word that each left begins with.
    """

    def __init__(self, connector: NDArray[np.bool_]) -> None:
        self.words = np.arange(len(connector), dtype=np.int32)
        self._connector = connector
        self._nodes = np.empty((0, 2), np.int32)
        self._slots = np.zeros(1, np.int32)
        self._n_lefts = len(connector)

    def number(self, blocks: Iterable[NDArray[np.int32]]) -> Iterator[NDArray[np.int32]]:
        """Yield the lefts of blocks of words; connector words are left out. Both end documents with -1."""
        open_left = -1
        for block in blocks:
            lefts = np.empty(len(block) + 1, np.int32)
            position, n_out = 0, 0
            while True:
                position, open_left, self._n_lefts, n_out = bigrams.number_lefts(
                    block, position, self._connector, open_left, self._nodes, self._slots, self.words,
                    self._n_lefts, lefts, n_out,
                )  # fmt: skip
                if position == len(block):
                    break
                self._grow()
            yield lefts[:n_out]

    def parts(self, left: int) -> list[int]:
        """Return the words that a left consists of."""
        n_words = len(self._connector)
        connectors = []
        while left >= n_words:
            left, connector = self._nodes[left - n_words].tolist()
            connectors.append(connector)
        return [left, *reversed(connectors)]

    def _grow(self) -> None:
        n_words, n_nodes = len(self._connector), len(self._nodes)
        capacity = max(_FIRST_NODES, 2 * n_nodes)
        nodes, words = np.empty((capacity, 2), np.int32), np.empty(n_words + capacity, np.int32)
        nodes[:n_nodes], words[: len(self.words)] = self._nodes, self.words
        self._nodes, self.words = nodes, words
        self._slots = np.zeros(2 * capacity, np.int32)
        bigrams.fill_node_slots(nodes, n_nodes, self._slots)


@dataclasses.dataclass(frozen=True, eq=False)
class PairCounts:
    """The pairs that are frequent enough, and how many there are in all.

    Parameters
    ----------
    pairs : ndarray of int32, shape (n, 2)
        The left and the word to its right, in no order.
    counts : ndarray of int64, shape (n,)
        How often each pair occurs.
    n_pairs : int
        How many different pairs there are, the rare ones included.
    """

    pairs: NDArray[np.int32]
    counts: NDArray[np.int64]
    n_pairs: int


def count_pairs(
    stream: NDArray[np.int32],
    words: NDArray[np.int32],
    *,
    min_count: int,
    threads: int,
    memory_limit: int,
    progress: Progress,
) -> PairCounts:
    """Count the pairs of neighbours in a stream of lefts.

    Each thread counts those pairs whose hashes lie in a range of its own. A table that would grow beyond its share of
    the memory gives up the upper half of its range, which is counted later, in another pass over the stream. So the
    counts are exact, whatever the memory and the threads.

    Parameters
    ----------
    stream : ndarray of int32
        Lefts; -1 ends a document, and the last one is -1.
    words : ndarray of int32, shape (n_lefts,)
        The word that each left begins with.
    min_count : int
        Rarer pairs are left out.
    threads : int
    memory_limit : int
        Bytes that all tables may take together.
    progress : callable
        Called in this thread.
    """
    most_slots = 1 << max(0, (memory_limit // threads // _BYTES_OF_A_SLOT).bit_length() - 1)
    counter = _Counter(stream, words, min_count, max(_FIRST_SLOTS, most_slots))
    bounds = [_LAST_HASH * k // threads for k in range(threads + 1)]
    ranges = [(low + (low > 0), high) for low, high in itertools.pairwise(bounds)]
    found = list(counter.run(ranges, threads, progress))
    return PairCounts(
        np.concatenate([each.pairs for each in found]),
        np.concatenate([each.counts for each in found]),
        sum(each.n_pairs for each in found),
    )


_Range = tuple[int, int]


class _Counter:
    """Counts ranges of hashes, on several threads."""

    def __init__(
        self, stream: NDArray[np.int32], words: NDArray[np.int32], min_count: int, most_slots: int
    ) -> None:
        self._stream, self._words = stream, words
        self._min_count, self._most_slots = min_count, most_slots
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._done = 0.0

    def run(self, ranges: list[_Range], threads: int, progress: Progress) -> Iterator[PairCounts]:
        """Yield what each range holds, in the order in which they are done."""
        with concurrent.futures.ThreadPoolExecutor(threads, "firth-count") as pool:
            try:
                running = {pool.submit(self._count, low, high) for low, high in ranges}
                while running:
                    done, running = concurrent.futures.wait(
                        running, _TOLD_EVERY, concurrent.futures.FIRST_COMPLETED
                    )
                    progress(self._done)
                    for future in done:
                        found, left_over = future.result()
                        running |= {pool.submit(self._count, low, high) for low, high in left_over}
                        yield found
            finally:
                self._stopped.set()

    def _count(self, low: int, high: int) -> tuple[PairCounts, list[_Range]]:
        """Return what a range holds, or its lower part, and the ranges that are left over."""
        left_over = []
        first, last = np.uint64(low), np.uint64(high)
        table, n_used = np.zeros((_FIRST_SLOTS, 2), np.uint64), 0
        position, stop = 0, len(self._stream) - 1
        while position < stop:
            if self._stopped.is_set():
                raise concurrent.futures.CancelledError
            begin, most = position, int(_FULL * len(table))
            position, n_used = bigrams.count_pairs(
                self._stream, begin, min(begin + _STEP, stop), self._words, first, last, table, n_used, most
            )
            release_pages(self._stream, begin, position)
            self._tell((position - begin) / stop, low, high)
            if n_used < most:
                continue
            if len(table) < self._most_slots:
                larger = np.zeros((2 * len(table), 2), np.uint64)
            else:
                middle = (low + high) // 2
                left_over.append((middle + 1, high))
                self._tell(-position / stop, middle + 1, high)
                high, last = middle, np.uint64(middle)
                larger = np.zeros_like(table)
            n_used = bigrams.move_pairs(table, last, larger)
            table = larger
        pairs, counts = bigrams.frequent_pairs(table, self._min_count)
        return PairCounts(pairs, counts, n_used), left_over

    def _tell(self, share: float, low: int, high: int) -> None:
        """Add to what is done: a share of the stream, for a range of hashes."""
        with self._lock:
            self._done += share * ((high - low + 1) / 2**64)
