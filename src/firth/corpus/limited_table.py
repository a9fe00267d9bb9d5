"""A table of types of bounded size: where it is full, the rarest go, as in word2vec's ReduceVocab, but not unnoticed.

Ids that were written before keep their meaning: whenever types go, it is noted on disk which number each of the others
has from then on, and in the end all ids are brought to the last numbering. The tokens of the types that went share one
type, `RARE`, so that nothing moves: positions, documents and the weights of tokens stay what they are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firth.corpus.type_table import TypeTable
from firth.words import Words

_log = logging.getLogger(__name__)

RARE = ""
"""Stands for all types that went; no token is empty, so that it is no other's name."""

_BLOCK = 1 << 20


class LimitedTable(TypeTable):
    """A table that at most so many types live in for long.

    Parameters
    ----------
    max_types : int
        When there are more, only the more frequent half of so many stays. A type that went and comes again is counted
        from 0.
    folder : Path
        For the notes on disk, which `settle` removes.

    Attributes
    ----------
    lost_counts : int
        The count of a type may be so much too low, at the most; 0 while nothing went.
    """

    def __init__(self, max_types: int, folder: Path) -> None:
        super().__init__()
        self.lost_counts = 0
        self._max_types = max_types
        self._folder = folder
        self._cuts: list[int] = []  # how many ids were written before each

    def shrink(self, n_ids: int) -> bool:
        """Let rare types go if there are too many; return whether any went, so that all numbers have changed.

        Parameters
        ----------
        n_ids : int
            How many ids were written so far; all have been counted.
        """
        if self.n_types <= self._max_types:
            return False
        counts = self.counts[: self.n_types]
        half = max(1, self._max_types // 2)
        limit = max(1, int(np.partition(counts, -half)[-half]))
        stays = counts > limit
        numbers = np.cumsum(stays, dtype=np.int32) - np.int32(1)
        numbers[~stays] = -1
        numbers.tofile(self._note(len(self._cuts)))
        self._cuts.append(n_ids)
        self.keep(stays)
        self.lost_counts += limit
        return True

    def settle(self, ids: Path) -> None:
        """Bring all ids in a file to the last numbering; if types went, enter `RARE` as the last one.

        Raises
        ------
        OSError
            The file cannot be changed.
        """
        if not self._cuts:
            return
        n_types = self.n_types
        written = np.memmap(ids, np.int32, "r+")
        numbers = np.arange(n_types, dtype=np.int32)
        for cut in range(len(self._cuts) - 1, -1, -1):
            # From the numbers at this cut to those after it, and on to the last ones.
            after = np.fromfile(self._note(cut), np.int32)
            numbers = np.where(after < 0, np.int32(n_types), numbers[after])
            for block in _blocks(written, self._cuts[cut - 1] if cut else 0, self._cuts[cut]):
                block[:] = np.where(block < 0, np.int32(-1), numbers[block])
            self._note(cut).unlink()
        written.flush()
        n_tokens = len(written) - int(
            sum(np.count_nonzero(block < 0) for block in _blocks(written, 0, len(written)))
        )
        n_rare = n_tokens - int(self.counts[:n_types].sum())
        self.add_words(Words.of([RARE]))
        self.counts[n_types] = n_rare
        _log.warning(
            "more than %s different tokens (max_types): the rarest were given up, %s tokens of %s, and counts may be "
            "too low by %s; raise max_types if memory allows, or tokenize so that tokens repeat",
            *(f"{number:,}" for number in (self._max_types, n_rare, n_tokens, self.lost_counts)),
        )

    def _note(self, cut: int) -> Path:
        return self._folder / f"numbers-{cut}.int32"


def _blocks(ids: NDArray[np.int32], start: int, stop: int) -> Iterator[NDArray[np.int32]]:
    for begin in range(start, stop, _BLOCK):
        yield ids[begin : min(begin + _BLOCK, stop)]
