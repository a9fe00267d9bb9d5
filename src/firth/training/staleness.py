"""How many centers may be computed from the same weights, before the vectors get worse."""

from __future__ import annotations

import bisect
import dataclasses

import numpy as np
from numpy.typing import NDArray

from firth.config import WindowSettings
from firth.kernels.cpu.state import Tables

_STALENESS = 0.4
"""Learning rate times the number of terms that a term, on average, may be computed without having seen."""
_STALENESS_OF_MANY_ROWS = 1.0
"""The same where frequent rows are parts of many others' terms: the upper nodes of the tree, frequent n-grams. They are
damped, settle early, and are no obstacle to what is learned beside them."""


@dataclasses.dataclass(frozen=True, eq=False)
class Loads:
    """How many terms of the loss a center brings to each row, on average.

    Parameters
    ----------
    inputs : ndarray of float64, shape (n_inputs,)
        By row of the input embeddings.
    outputs : ndarray of float64, shape (n_outputs,)
        By row of the output embeddings.
    words : ndarray of float64, shape (vocab_size,)
        How often each word is the center, in shares.
    tables : Tables
        Which rows a word's vector is the mean of.
    """

    inputs: NDArray[np.float64]
    outputs: NDArray[np.float64]
    words: NDArray[np.float64]
    tables: Tables

    @classmethod
    def of(
        cls, config: WindowSettings, tables: Tables, *, kept: NDArray[np.float64], noise: NDArray[np.float64]
    ) -> Loads:
        """Estimate the loads from how often each word is kept, and how often drawn as noise."""
        words = kept / kept.sum()
        contexts = config.window + 1 if config.dynamic_window else 2 * config.window
        if len(tables.path_offsets):
            per_word = np.diff(tables.path_offsets)
            outputs = np.bincount(tables.paths >> 1, np.repeat(words, per_word), len(words) - 1).astype(
                np.float64
            )
            if len(tables.noise):
                outputs[: len(words)] += config.negatives * noise
            terms = float(outputs.sum())
        elif len(tables.noise):
            outputs, terms = words + config.negatives * noise, 1.0 + config.negatives
        else:  # the softmax: each word is as often predicted as it should be
            outputs, terms = 2.0 * words, 2.0
        inputs: NDArray[np.float64] = words
        if len(tables.subword_offsets):
            per_word = np.diff(tables.subword_offsets)
            inputs = np.bincount(tables.subwords, np.repeat(words, per_word)).astype(np.float64)
        targets = 1 if config.predicts_center else contexts
        return cls(inputs * (contexts * terms), outputs * targets, words, tables)

    def staleness(self, centers: int, cap: float) -> float:
        """Return how many terms a term has not seen, on average, in a super-step of `centers` centers."""
        inputs, outputs = np.minimum(self.inputs * centers, cap), np.minimum(self.outputs * centers, cap)
        offsets = self.tables.subword_offsets
        if len(offsets):
            inputs = np.add.reduceat(inputs[self.tables.subwords], offsets[:-1]) / np.diff(offsets)
        return max(float(self.words @ inputs), float(self.outputs @ outputs) / float(self.outputs.sum()))


def largest_super_step(loads: Loads, learning_rate: float, cap: float, *, most: int) -> int:
    """Return how many centers may be computed from the same weights, up to `most`.

    A term of the loss is stale by as many terms as its row sums up in the super-step, after damping. The learning
    rate times that number, averaged over the terms, is kept below `_STALENESS`: measured on a large corpus, where it
    lets super-steps of 256 centers pass, and on vocabularies of 2 to 1,000 words, which learn worse, and at last
    diverge, beyond it. With a tree, 64 centers gave better analogies than 256 on the large corpus (37.0 and 35.1 %);
    with n-grams, 256 gave what Hogwild gave.
    """
    many = len(loads.tables.path_offsets) or len(loads.tables.subword_offsets)
    limit = (_STALENESS_OF_MANY_ROWS if many else _STALENESS) / learning_rate
    return max(1, bisect.bisect_left(range(1, most + 1), True, key=lambda n: loads.staleness(n, cap) > limit))
