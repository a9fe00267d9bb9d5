"""How co-occurrences are counted: sizes that fit into memory, counting in parts, merging, sorting."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firth.corpus.spill import ArrayFile, PartCounts, Tasks, UnsortedRecords, on_all_threads
from firth.corpus.token_corpus import TokenCorpus
from firth.errors import ConfigError, CorpusError
from firth.kernels.cpu import cooccurrence as kernels
from firth.kernels.cpu.cooccurrence import NEIGHBOR, RECORD

_log = logging.getLogger(__name__)

_SHARE_OF_PARTS = 0.6  # of the time to count; the rest is for merging
_MOST_TOKENS = 2**32 - 1
_FEW, _MANY = 1 << 16, 1 << 20
_BYTES_OF_A_TOKEN = 8  # itself, and its place among those of its word
_BYTES_OF_A_WORD = 24  # in tables that all threads share
_BYTES_OF_A_SUM = 12  # a number for each word, and the list of those that were met
_BYTES_OF_A_NEIGHBOR = 36  # as read, as added up and as a record
_BYTES_OF_A_RECORD = 72  # twice as chosen, with its key; as sorted, with its key and its bucket

Records = NDArray[np.void]
"""One-dimensional, of `RECORD`."""

Tell = Callable[[float], None]
"""Is told which part of some work is done."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How a bounded memory is used.

    Parameters
    ----------
    threads : int
        How many have room to work.
    n_tokens : int
        Tokens of a part of the corpus.
    n_neighbors : int
        Sums that a thread holds at once; at least one for each word.
    n_records : int
        Records that a thread sorts at once.
    """

    threads: int
    n_tokens: int
    n_neighbors: int
    n_records: int


def within(told: Tell, low: float, high: float) -> Tell:
    """Return what tells the progress of a part of the work as that of all of it."""
    return lambda share: told(low + (high - low) * share)


def choose_sizes(memory_limit: int, vocab_size: int, threads: int) -> Sizes:
    """Divide the memory: one half for the text, one half for what threads work in."""
    half = memory_limit // 2
    n_neighbors = max(vocab_size, _FEW)
    least = _BYTES_OF_A_SUM * vocab_size + _BYTES_OF_A_NEIGHBOR * n_neighbors
    if half < least:
        raise ConfigError(
            f"memory_limit is {memory_limit:,}, but to count {vocab_size:,} words takes at least {2 * least:,} bytes: "
            "raise it, or set max_vocab"
        )
    threads = min(threads, half // least)
    own = half // threads - _BYTES_OF_A_SUM * vocab_size
    return Sizes(
        threads=threads,
        n_tokens=min((half - _BYTES_OF_A_WORD * vocab_size) // _BYTES_OF_A_TOKEN, _MOST_TOKENS),
        n_neighbors=min(own // _BYTES_OF_A_NEIGHBOR, max(vocab_size, _MANY)),
        n_records=memory_limit // threads // _BYTES_OF_A_RECORD,
    )


Sink = Callable[[int, NDArray[np.int64], NDArray[np.void]], None]
"""Takes what was counted for some words: the first of them, how many neighbours each has, and those."""


@dataclasses.dataclass(frozen=True, eq=False)
class Counting:
    """One count of a corpus; the parameters are those of `count_cooccurrences`, settled."""

    corpus: TokenCorpus
    lookup: NDArray[np.int32]
    vocab_size: int
    weights: NDArray[np.uint64]
    symmetric: bool
    sizes: Sizes
    folder: Path

    def count(self, records: UnsortedRecords, told: Tell) -> None:
        """Count the corpus and add all records to `records`."""
        n_positions = len(self.corpus.ids)
        if n_positions <= self.sizes.n_tokens:
            for tokens, begin in self._parts():
                self._count_part(tokens, begin, records.add, told)
            return
        n_parts = -(-n_positions // self.sizes.n_tokens)
        parts: list[PartCounts] = []
        counting = within(told, 0.0, _SHARE_OF_PARTS)
        try:
            for tokens, begin in self._parts():
                part = PartCounts(self.folder, len(parts), self.vocab_size)
                parts.append(part)
                i = len(parts) - 1
                self._count_part(tokens, begin, part.add, within(counting, i / n_parts, (i + 1) / n_parts))
                part.finish()
                _log.info("counted part %d of %d", len(parts), n_parts)
            self._merge(parts, records.add, within(told, _SHARE_OF_PARTS, 1.0))
        finally:
            for part in parts:
                part.close()

    def _parts(self) -> Iterator[tuple[NDArray[np.int32], int]]:
        """Yield the tokens of each part, and how many of them are the last ones of a document begun in an earlier part.

        The array is used again for the next part.
        """
        ids = np.asarray(self.corpus.ids).view(
            np.ndarray
        )  # the plain type, for which the kernels are compiled
        window, length = len(self.weights) - 1, self.sizes.n_tokens
        tokens = np.empty(window + min(length, len(ids)), np.int32)
        begin = 0
        for start in range(0, len(ids), length):
            stop = min(start + length, len(ids))
            n = kernels.take_tokens(ids, start, stop, self.lookup, tokens, begin)
            self.corpus.release(start, stop)
            yield tokens[:n], begin
            last = tokens[max(0, n - window) : n]
            ends = np.flatnonzero(last < 0)
            open_document = last[ends[-1] + 1 :] if len(ends) else last
            begin = len(open_document)
            tokens[:begin] = open_document.copy()

    def _count_part(self, tokens: NDArray[np.int32], begin: int, sink: Sink, told: Tell) -> None:
        starts = np.empty(self.vocab_size + 1, np.int64)
        places = np.empty(len(tokens), np.uint32)
        kernels.find_places(tokens, starts, places)
        reach = (len(self.weights) - 1) * (2 if self.symmetric else 1)
        most = np.minimum(np.diff(starts) * reach, self.vocab_size)

        def work(tasks: Tasks[tuple[int, int]]) -> None:
            sums, touched = self._empty_sums()
            neighbors = np.empty(self.sizes.n_neighbors, NEIGHBOR)
            for first, last in tasks:
                counts = np.empty(last - first, np.int64)
                n = kernels.count_rows(
                    first, last, tokens, begin, starts, places, self.weights, self.symmetric, sums, touched, counts,
                    neighbors,
                )  # fmt: skip
                sink(first, counts, neighbors[:n])

        on_all_threads(self.sizes.threads, work, list(_ranges(most, self.sizes.n_neighbors)), told)

    def _merge(self, parts: Sequence[PartCounts], sink: Sink, told: Tell) -> None:
        """Add up what the parts hold for each word."""
        total = np.zeros(self.vocab_size, np.int64)
        for part in parts:
            total += part.counts

        def work(tasks: Tasks[tuple[int, int]]) -> None:
            sums, touched = self._empty_sums()
            read, merged = (np.empty(self.sizes.n_neighbors, NEIGHBOR) for _ in range(2))
            for first, last in tasks:
                merged_counts = np.zeros(last - first, np.int64)
                if total[first:last].sum() <= len(read):
                    starts, counts = np.empty((2, len(parts), last - first), np.int64)
                    n = 0
                    for i, part in enumerate(parts):
                        counts[i] = part.counts[first:last]
                        starts[i] = n + np.cumsum(counts[i]) - counts[i]
                        n = part.read(first, last, read, n)
                    n = kernels.merge_rows(starts, counts, read, sums, touched, merged_counts, merged)
                else:  # a single word, part by part
                    n = 0
                    for part in parts:
                        n = kernels.add_sums(read, 0, part.read(first, last, read, 0), sums, touched, n)
                    kernels.put_sums(sums, touched, n, merged, 0)
                    merged_counts[0] = n
                sink(first, merged_counts, merged[:n])

        on_all_threads(self.sizes.threads, work, list(_ranges(total, self.sizes.n_neighbors)), told)

    def _empty_sums(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        return np.zeros(self.vocab_size, np.uint64), np.empty(self.vocab_size + 1, np.int32)


def _ranges(sizes: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Divide rows of given sizes into ranges of at most so much in sum, or of a single row."""
    ends = np.cumsum(sizes)
    first, done = 0, 0
    while first < len(sizes):
        last = max(first + 1, int(np.searchsorted(ends, done + most, "right")))
        yield first, last
        first, done = last, int(ends[last - 1])


def sort_records(
    unsorted: UnsortedRecords, key: np.uint64, vocab_size: int, sizes: Sizes, folder: Path, told: Tell
) -> tuple[Records, NDArray[np.int64]]:
    """Write the records block by block, each in random order; return them, mapped, and where the blocks start."""
    lengths = unsorted.block_lengths()
    starts = np.concatenate(([0], np.cumsum(lengths)))
    if not starts[-1]:
        raise CorpusError(
            "no pair to train on: no word of the vocabulary has another beside it in its document; give more text, "
            "lower min_count, or split the text by another rule"
        )

    def work(tasks: Tasks[int]) -> None:
        for block in tasks:
            start = int(starts[block])
            # A block that is too large is sorted in parts, each of which reads all of it.
            n_parts = -(-int(lengths[block]) // sizes.n_records)
            for part in range(n_parts):
                records = _sorted_part(unsorted, block, key, vocab_size, part, n_parts)
                out.write(start, records)
                start += len(records)

    with ArrayFile(folder / "records", RECORD) as out:
        on_all_threads(sizes.threads, work, range(len(lengths)), told)
    return np.memmap(folder / "records", RECORD, "r"), starts


def _sorted_part(
    unsorted: UnsortedRecords, block: int, key: np.uint64, vocab_size: int, part: int, n_parts: int
) -> Records:
    """Return those records of a block whose keys fall into one of `n_parts` parts, in the order of their keys."""
    all_chosen, all_keys = [], []
    for batch in unsorted.read_block(block):
        chosen, keys = np.empty(len(batch), RECORD), np.empty(len(batch), np.uint64)
        n = kernels.choose_records(batch, key, vocab_size, part, n_parts, chosen, keys, 0)
        all_chosen.append(chosen[:n])
        all_keys.append(keys[:n])
    chosen, keys = np.concatenate(all_chosen), np.concatenate(all_keys)
    records, starts = np.empty(len(keys), RECORD), np.empty(len(keys) + 1, np.int64)
    kernels.sort_records(chosen, keys, n_parts, starts, np.empty(len(keys), np.uint64), records)
    return records
