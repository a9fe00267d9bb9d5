"""Whether two models agree on who is whose neighbor."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.vectors import Neighbor, WordVectors
from firth.vectors.alignment import common_words
from firth.vectors.search import search


@dataclasses.dataclass(frozen=True, eq=False)
class OverlapResult:
    """How many neighbors of each word two models have in common.

    Parameters
    ----------
    k : int
        How many neighbors of each word were looked at.
    words : tuple of str
        The words that both models hold, in the order of the first.
    overlaps : ndarray of float64, shape (len(words),)
        Of each word, the share of its `k` neighbors that both models name, 0 to 1.
    """

    k: int
    words: tuple[str, ...]
    overlaps: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean over the words: 1 for models that agree on all neighbors."""
        return float(self.overlaps.mean())

    def least(self, n: int = 20) -> list[Neighbor]:
        """Return the `n` words on whose neighbors the models agree least, with their overlaps, the smallest first.

        Raises
        ------
        InputError
            `n` is below 1.
        """
        if n < 1:
            raise InputError(f"n is {n}, but must be at least 1")
        order = np.argsort(self.overlaps, kind="stable")[:n]
        return [Neighbor(self.words[i], float(self.overlaps[i])) for i in order.tolist()]


def neighbor_overlap(
    a: WordVectors, b: WordVectors, *, k: int = 10, restrict: int | None = 10_000
) -> OverlapResult:
    """Compare the nearest neighbors of each word in two models.

    It is the stability of Wendlandt, Kummerfeld and Mihalcea (2018): the share of a word's `k` nearest neighbors that
    both spaces name, their order apart. Neighbors are sought among the common words only. It needs no alignment, and
    the dimensions may differ. Two trainings that differ by their seed alone show what chance does.

    Parameters
    ----------
    a, b : WordVectors
        Words whose vector has no direction do not count.
    k : int
        How many neighbors, at least 1, and fewer than there are common words.
    restrict : int, optional
        Look only at the first so many common words, the most frequent ones of `a`; None for all. Time grows with the
        square of their number.

    Raises
    ------
    InputError
        `k` or `restrict` is out of its range, or no words are common.
    """
    if k < 1:
        raise InputError(f"k is {k}, but must be at least 1")
    words, rows, others = common_words(a, b, restrict)
    if k >= len(words):
        raise InputError(f"k is {k}, but must be below the number of common words, {len(words):,}")
    first, second = _nearest(a, rows, k), _nearest(b, others, k)
    shared = [len(mine & yours) / k for mine, yours in zip(first, second, strict=True)]
    return OverlapResult(k, tuple(words), np.array(shared))


def _nearest(vectors: WordVectors, rows: NDArray[np.int64], k: int) -> list[set[int]]:
    """Return for each of some words its nearest ones among them, by their places in `rows`."""
    matrix = vectors.embeddings[rows]
    found = search(
        matrix, vectors.norms[rows], matrix.astype(np.float64), k, excluded=[[i] for i in range(len(rows))]
    )
    return [{row for row, _ in best} for best in found]
