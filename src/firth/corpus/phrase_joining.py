"""Joining phrases in an encoded corpus: ids in, ids out, a block at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from firth.corpus.encoder import IdFile
from firth.corpus.token_corpus import TokenCorpus
from firth.corpus.type_table import TypeTable
from firth.kernels.cpu import joining
from firth.words import Words

_BLOCK = 1 << 20

Progress = Callable[[int, int], None]
"""Told how many ids are done, of how many."""

Parts = Sequence[tuple[str, ...]]
"""The words of each phrase that a pass joins."""


class Joiner:
    """Joins the phrases of all passes, one pass after the other, in the ids of one corpus.

    Parameters
    ----------
    types : Words
        The types of the corpus.
    passes : sequence of Parts
        The phrases of each pass; those of words that the corpus does not hold are passed over.
    connector_words : sequence of str
    delimiter : str

    Attributes
    ----------
    words : Words
        The types of the corpus and, behind them, the phrases.
    connector : ndarray of bool, shape (len(words),)
        Which words are connector words.
    """

    def __init__(
        self, types: Words, passes: Sequence[Parts], connector_words: Sequence[str], delimiter: str
    ) -> None:
        table = TypeTable()
        table.add_words(types)
        phrases = []
        for parts in passes:
            # First the parts, then what they are joined to: a phrase is no part of another one of the same pass.
            found = table.find_words(Words.of(itertools.chain.from_iterable(parts)))
            joined = table.add_words(Words.of(map(delimiter.join, parts)))
            phrases.append((found, joined, np.fromiter(map(len, parts), np.int64, len(parts))))
        self.words = table.words()
        self.connector = np.zeros(len(self.words), bool)
        connectors = table.find_words(Words.of(connector_words))
        self.connector[connectors[connectors >= 0]] = True
        self._passes = [self._steps(*each) for each in phrases]

    def blocks(self, corpus: TokenCorpus, progress: Progress) -> Iterator[NDArray[np.int32]]:
        """Yield the ids of a corpus as numbers of `words`, joined; -1 ends a document."""
        n_ids = len(corpus.ids)
        pending = [np.empty(0, np.int32) for _ in self._passes]
        for start in range(0, n_ids, _BLOCK):
            stop = min(start + _BLOCK, n_ids)
            block = np.array(corpus.ids[start:stop])
            corpus.release(start, stop)
            for number, (begins, steps) in enumerate(self._passes):
                ids = np.concatenate([pending[number], block])
                block, position = joining.join_phrases(ids, self.connector, begins, steps)
                # Nothing is left at the end, where a document ends.
                pending[number] = ids[position:]
            progress(stop, n_ids)
            yield block

    def join(self, corpus: TokenCorpus, out: IdFile, progress: Progress) -> TypeTable:
        """Write the ids of a corpus, joined, as encoding the joined text would give them; return the types."""
        n_words = len(self.words)
        numbers, seen, counts = (
            np.full(n_words, -1, np.int32),
            np.empty(n_words, np.int32),
            np.zeros(n_words, np.int64),
        )
        n_seen = 0
        for block in self.blocks(corpus, progress):
            n_seen, n_documents = joining.number_as_seen(block, numbers, seen, n_seen, counts)
            out.write(block, n_documents)
        table = TypeTable()
        table.add_words(self.words.take(seen[:n_seen]))
        table.counts[:n_seen] = counts[:n_seen]
        return table

    def _steps(
        self, parts: NDArray[np.int32], joined: NDArray[np.int32], lengths: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return which words begin a phrase of a pass, and the steps, as the kernel takes them."""
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        steps = np.zeros((1 << (2 * len(parts) + 1).bit_length(), 2), np.int64)
        joining.fill_steps(parts, offsets, joined, len(self.words), steps)
        begins = np.zeros(len(self.words), bool)
        first = parts[offsets[:-1]]
        begins[first[first >= 0]] = True
        return begins, steps
