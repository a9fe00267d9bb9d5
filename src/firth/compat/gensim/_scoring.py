"""How probable sentences are under hierarchical softmax."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firth.objectives.hierarchical_softmax import huffman_tree, loss


class Scorer:
    """Scores sentences.

    Parameters
    ----------
    vectors : ndarray, shape (vocab_size, dim)
    nodes : ndarray, shape (vocab_size - 1, dim)
    counts : ndarray of int64, shape (vocab_size,)
        Of which the tree is made.
    window : int
        How far words are from each other that predict each other.
    skip_gram : bool
        Each word of a window alone, or all of them together.
    mean : bool
        Whether they are joined by their mean or their sum.
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        nodes: NDArray[np.float32],
        counts: NDArray[np.int64],
        *,
        window: int,
        skip_gram: bool,
        mean: bool,
    ) -> None:
        self._vectors, self._nodes = vectors, nodes
        self._tree = huffman_tree(counts)
        self._window, self._skip_gram, self._mean = window, skip_gram, mean

    def score(self, rows: list[int]) -> float:
        """Return the sum of the logarithms of the probabilities of a sentence, as rows of words."""
        total = 0.0
        for at, row in enumerate(rows):
            around = rows[max(0, at - self._window) : at] + rows[at + 1 : at + 1 + self._window]
            if not around:
                continue
            points, codes = self._tree.path(row)
            nodes = self._nodes[points].astype(np.float64)
            contexts = self._vectors[around].astype(np.float64)
            if not self._skip_gram:
                contexts = (contexts.mean(axis=0) if self._mean else contexts.sum(axis=0))[None]
            total -= sum(loss(hidden, nodes, codes) for hidden in contexts)
        return total
