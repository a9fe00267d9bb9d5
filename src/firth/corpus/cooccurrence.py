"""Which words stand near which, and how often: counted in bounded memory, on all cores.

The corpus is counted in parts, as large as memory allows. If one part is enough, its counts become records at once;
otherwise the counts of each part go to disk, and are added up word by word in the end. Then the records are brought
into the order in which they are trained on: block by block, and at random within a block.

Nothing depends on the number of threads or on the size of the parts: weights are added as whole numbers, and to be at
random is to be sorted by keys that are drawn for the words of a record.
"""

from __future__ import annotations

import dataclasses
import logging
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from firth.corpus.spill import ArrayFile, PartCounts, Tasks, UnsortedRecords, on_all_threads, unwritable
from firth.corpus.token_corpus import TokenCorpus
from firth.errors import ConfigError, CorpusError, InputError
from firth.kernels.cpu import cooccurrence as kernels
from firth.kernels.cpu.cooccurrence import NEIGHBOR, RECORD
from firth.kernels.cpu.random import stream_key
from firth.vocabulary import Vocabulary

_log = logging.getLogger(__name__)

_MOST_STRIPS, _LEAST_WORDS_OF_A_STRIP = 32, 64
_ORDER_STREAM = 2
_MOST_TOKENS = 2**32 - 1
_FEW, _MANY = 1 << 16, 1 << 20
_BYTES_OF_A_TOKEN = 8  # itself, and its place among those of its word
_BYTES_OF_A_WORD = 24  # in tables that all threads share
_BYTES_OF_A_SUM = 12  # a number for each word, and the list of those that were met
_BYTES_OF_A_NEIGHBOR = 36  # as read, as added up and as a record
_BYTES_OF_A_RECORD = 72  # twice as chosen, with its key; as sorted, with its key and its bucket

Records = NDArray[np.void]
"""One-dimensional, of `RECORD`."""


class Cooccurrences:
    """Co-occurrence counts on disk, in the order of training; immutable, and a context manager that removes them.

    Made by `count_cooccurrences`. Word w lies in strip ``w % n_strips``, as a row (a center) and as a column (a
    context). The records where strip p of the rows crosses strip q of the columns are block ``p * n_strips + q``;
    within a block their order is random. Blocks of different rows and columns share no word.

    Parameters
    ----------
    records : ndarray of (row int32, column int32, weight float32), shape (n_records,)
        Read-only. The pairs of words that occur together, and what they count.
    starts : ndarray of int64, shape (n_strips**2 + 1,)
        Block b is ``records[starts[b]:starts[b + 1]]``.
    n_strips : int
        Follows from the size of the vocabulary.
    folder : Path
        Where the records lie, removed by `close`, or at the end of the process.
    """

    def __init__(self, records: Records, starts: NDArray[np.int64], *, n_strips: int, folder: Path) -> None:
        self._records: Records | None = records
        self.starts = starts
        self.n_strips = n_strips
        self._closed = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    @property
    def records(self) -> Records:
        """The records: read-only (row int32, column int32, weight float32), shape (n_records,).

        Raises
        ------
        InputError
            They are closed.
        """
        if self._records is None:
            raise InputError("the co-occurrence counts are closed: use them inside their with block")
        return self._records

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __enter__(self) -> Cooccurrences:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the records and remove them; closing twice does nothing."""
        self._records = None
        self._closed()


def count_cooccurrences(
    corpus: TokenCorpus,
    vocabulary: Vocabulary,
    *,
    window: int = 10,
    distance_weighting: bool = True,
    symmetric: bool = True,
    memory_limit: int = 4 << 30,
    threads: int = 1,
    seed: int = 1,
) -> Cooccurrences:
    """Count which words stand near which.

    A word counts as a context of another, the center, if it stands at most `window` places away in the same document.
    Words that the vocabulary does not hold are removed first, as in GloVe's own tool, so that words beyond them come
    nearer.

    Parameters
    ----------
    corpus : TokenCorpus
        The text.
    vocabulary : Vocabulary
        The words to count; row i is its word i.
    window : int
        The largest distance, from 1.
    distance_weighting : bool
        A context at distance d counts 1/d, in units of 2**-30; otherwise 1.
    symmetric : bool
        Contexts stand on both sides; otherwise only on the left of the center.
    memory_limit : int
        Bytes to work in, at least 96 for each word of the vocabulary and 6 MiB. Mapped files are not among them.
    threads : int
        How many count at once, at the most: each needs memory.
    seed : int
        Chooses the order of the records within a block.

    Returns
    -------
    Cooccurrences
        To be closed when they are not needed any more; a ``with`` block does. The same for any `memory_limit` and any
        number of `threads`.

    Raises
    ------
    ConfigError
        `memory_limit` is too small for the vocabulary.
    CorpusError
        No two words of the vocabulary stand near each other.
    OutputError
        The folder for temporary files cannot be written, or is full.
    """
    vocab_size = len(vocabulary)
    weights = np.zeros(window + 1, np.uint64)
    weights[1:] = kernels.UNIT
    if distance_weighting:
        weights[1:] = np.rint(kernels.UNIT / np.arange(1, window + 1))
    sizes = _choose_sizes(memory_limit, vocab_size, threads)
    try:
        folder = Path(tempfile.mkdtemp(prefix="firth-counts-"))
    except OSError as error:
        raise unwritable(Path(tempfile.gettempdir()), error) from error
    try:
        counting = _Counting(
            corpus, corpus.lookup_table(vocabulary), vocab_size, weights, symmetric, sizes, folder
        )
        with UnsortedRecords(folder, n_strips(vocab_size)) as unsorted:
            counting.count(unsorted)
            records, starts = _sort(unsorted, stream_key(seed, 0, _ORDER_STREAM), vocab_size, sizes, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _log.info("%d pairs of words occur together", len(records))
    return Cooccurrences(records, starts, n_strips=n_strips(vocab_size), folder=folder)


def n_strips(vocab_size: int) -> int:
    """Return into how many strips the words are dealt: it must not depend on anything but their number."""
    return max(1, min(_MOST_STRIPS, vocab_size // _LEAST_WORDS_OF_A_STRIP))


@dataclasses.dataclass(frozen=True)
class _Sizes:
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


def _choose_sizes(memory_limit: int, vocab_size: int, threads: int) -> _Sizes:
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
    return _Sizes(
        threads=threads,
        n_tokens=min((half - _BYTES_OF_A_WORD * vocab_size) // _BYTES_OF_A_TOKEN, _MOST_TOKENS),
        n_neighbors=min(own // _BYTES_OF_A_NEIGHBOR, max(vocab_size, _MANY)),
        n_records=memory_limit // threads // _BYTES_OF_A_RECORD,
    )


_Sink = Callable[[int, NDArray[np.int64], NDArray[np.void]], None]
"""Takes what was counted for some words: the first of them, how many neighbours each has, and those."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Counting:
    """One count of a corpus; the parameters are those of `count_cooccurrences`, settled."""

    corpus: TokenCorpus
    lookup: NDArray[np.int32]
    vocab_size: int
    weights: NDArray[np.uint64]
    symmetric: bool
    sizes: _Sizes
    folder: Path

    def count(self, records: UnsortedRecords) -> None:
        """Count the corpus and add all records to `records`."""
        n_positions = len(self.corpus.ids)
        if n_positions <= self.sizes.n_tokens:
            for tokens, begin in self._parts():
                self._count_part(tokens, begin, records.add)
            return
        parts: list[PartCounts] = []
        try:
            for tokens, begin in self._parts():
                part = PartCounts(self.folder, len(parts), self.vocab_size)
                parts.append(part)
                self._count_part(tokens, begin, part.add)
                part.finish()
                _log.info("counted part %d of %d", len(parts), -(-n_positions // self.sizes.n_tokens))
            self._merge(parts, records.add)
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

    def _count_part(self, tokens: NDArray[np.int32], begin: int, sink: _Sink) -> None:
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

        on_all_threads(self.sizes.threads, work, _ranges(most, self.sizes.n_neighbors))

    def _merge(self, parts: Sequence[PartCounts], sink: _Sink) -> None:
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

        on_all_threads(self.sizes.threads, work, _ranges(total, self.sizes.n_neighbors))

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


def _sort(
    unsorted: UnsortedRecords, key: np.uint64, vocab_size: int, sizes: _Sizes, folder: Path
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
        on_all_threads(sizes.threads, work, range(len(lengths)))
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
