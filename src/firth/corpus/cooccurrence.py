"""Which words stand near which, and how often: counted in bounded memory, on all cores.

The corpus is counted in parts, as large as memory allows. If one part is enough, its counts become records at once;
otherwise the counts of each part go to disk, and are added up word by word in the end. Then the records are brought
into the order in which they are trained on: block by block, and at random within a block.

Nothing depends on the number of threads or on the size of the parts: weights are added as whole numbers, and to be at
random is to be sorted by keys that are drawn for the words of a record.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from firth.corpus.counting import Counting, Records, choose_sizes, sort_records, within
from firth.corpus.pages import release_pages
from firth.corpus.spill import UnsortedRecords
from firth.corpus.temporary import make_temporary_folder
from firth.corpus.token_corpus import TokenCorpus
from firth.errors import InputError
from firth.kernels.cpu import cooccurrence as kernels
from firth.kernels.cpu.random import stream_key
from firth.vocabulary import Vocabulary

_log = logging.getLogger(__name__)

_MOST_STRIPS, _LEAST_WORDS_OF_A_STRIP = 32, 64
_ORDER_STREAM = 2
_SHARE_OF_COUNTING = 0.75  # of all time; the rest is for sorting


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
    remove : callable
        Removes the records; called by `close`, or at the end of the process.
    """

    def __init__(
        self, records: Records, starts: NDArray[np.int64], *, n_strips: int, remove: Callable[[], None]
    ) -> None:
        self._records: Records | None = records
        self.starts = starts
        self.n_strips = n_strips
        self._closed = weakref.finalize(self, remove)

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

    def release(self, start: int, stop: int) -> None:
        """Say that the records from `start` to `stop` are not needed soon: their pages leave this process's memory."""
        release_pages(self.records, start, stop)

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
    progress: Callable[[float], None] | None = None,
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
    progress : callable, optional
        Told, in this thread, which part of the work is done, roughly.

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
    sizes = choose_sizes(memory_limit, vocab_size, threads)
    told = progress or (lambda _: None)
    folder, remove = make_temporary_folder("counts")
    try:
        counting = Counting(
            corpus, corpus.lookup_table(vocabulary), vocab_size, weights, symmetric, sizes, folder
        )
        with UnsortedRecords(folder, n_strips(vocab_size)) as unsorted:
            counting.count(unsorted, within(told, 0.0, _SHARE_OF_COUNTING))
            key = stream_key(seed, 0, _ORDER_STREAM)
            records, starts = sort_records(
                unsorted, key, vocab_size, sizes, folder, within(told, _SHARE_OF_COUNTING, 1.0)
            )
    except BaseException:
        remove()
        raise
    _log.info("%d pairs of words occur together", len(records))
    return Cooccurrences(records, starts, n_strips=n_strips(vocab_size), remove=remove)


def n_strips(vocab_size: int) -> int:
    """Return into how many strips the words are dealt: it must not depend on anything but their number."""
    return max(1, min(_MOST_STRIPS, vocab_size // _LEAST_WORDS_OF_A_STRIP))
