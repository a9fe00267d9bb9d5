"""From hidden vectors to probabilities of labels, and to the best of them."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from firth.classifier.features import Features
from firth.errors import FormatError
from firth.formats.fasttext_model import FastTextModel
from firth.objectives.hierarchical_softmax import huffman_tree

_NUMBERS_AT_ONCE = 1 << 24
_FEW_LABELS = 64


class Prediction(NamedTuple):
    """A label with its probability."""

    label: str
    probability: float


class Predictor:
    """Turns the rows of texts into probabilities of labels.

    Parameters
    ----------
    model : FastTextModel
        A classifier.
    """

    def __init__(self, model: FastTextModel) -> None:
        self._model = model

    def hidden(self, given: Features) -> NDArray[np.float32]:
        """Return the mean of the rows of each text, float32, shape (n_texts, dim); zeros where there are none.

        Raises
        ------
        FormatError
            A sum of rows leaves float32.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return _finite(self._means(given))

    def _means(self, given: Features) -> NDArray[np.float32]:
        rows, n_rows = self._model.rows, len(self._model.rows)
        counts = np.diff(given.offsets)
        there = given.rows < n_rows  # others are zeros that count
        offsets = np.concatenate([[0], np.cumsum(there)])[given.offsets]
        which = given.rows[there]
        used, columns = np.unique(which, return_inverse=True)
        ones = np.ones(len(which), np.float32)
        table = csr_array((ones, columns, offsets), shape=(len(counts), len(used)))
        sums = np.asarray(table @ rows[used])
        return np.asarray(sums / np.maximum(counts, 1)[:, None], np.float32)

    def of_one(self, rows: list[int], epsilon: float = 0.0) -> NDArray[np.float64]:
        """Return the probability of each label for a text of some rows, at least one, shape (n_labels,).

        What `hidden` and `probabilities` compute for many texts at once, in as few steps as there are.

        Raises
        ------
        FormatError
            A sum or a product of rows leaves float32.
        """
        model, n_rows = self._model, len(self._model.rows)
        which = [row for row in rows if row < n_rows] if n_rows in rows else rows
        with np.errstate(over="ignore", invalid="ignore"):
            hidden = np.add.reduce(model.rows.take(which, 0), 0) * np.float32(1.0 / len(rows))
            if model.loss == "hierarchical-softmax":
                return np.asarray(self.probabilities(_finite(hidden)[None], epsilon=epsilon)[0], np.float64)
            logits = model.outputs.dot(hidden).astype(np.float64)
            if not math.isfinite(np.add.reduce(logits)):
                _finite(logits)
            if model.loss == "softmax":
                result: NDArray[np.float64] = np.exp(logits - logits.max())
                result *= 1.0 / np.add.reduce(result)
            else:
                result = 1.0 / (1.0 + np.exp(-logits))
        result += epsilon
        return result

    def probabilities(self, hidden: NDArray[np.float32], *, epsilon: float = 0.0) -> NDArray[np.float32]:
        """Return the probability of each label, float32, shape (n_texts, n_labels).

        Parameters
        ----------
        hidden : ndarray of float32, shape (n_texts, dim)
        epsilon : float
            Added to each probability, and with hierarchical softmax to that at each node: fastText adds 1e-5.

        Notes
        -----
        Of the softmax and of hierarchical softmax they sum up to 1; otherwise each label is judged by itself.

        Raises
        ------
        FormatError
            A product of rows leaves float32.
        """
        outputs = self._model.outputs
        if self._model.loss == "hierarchical-softmax":
            return self._along_paths(hidden, epsilon)
        logits = _logits(hidden, outputs)
        if self._model.loss == "softmax":
            logits -= logits.max(axis=1, keepdims=True)
            result = np.exp(logits)
            result /= result.sum(axis=1, keepdims=True)
        else:
            with np.errstate(over="ignore"):
                result = 1.0 / (1.0 + np.exp(-logits))
        return np.asarray(result + epsilon, np.float32)

    def _along_paths(self, hidden: NDArray[np.float32], epsilon: float) -> NDArray[np.float32]:
        to_one, to_zero = self._paths
        logits = _logits(hidden, self._model.outputs[: to_one.shape[1]])
        with np.errstate(over="ignore", divide="ignore"):
            ones = np.log(1.0 / (1.0 + np.exp(-logits)) + epsilon)
            zeros = np.log(1.0 / (1.0 + np.exp(logits)) + epsilon)
        logs = to_one @ np.maximum(ones, -1e30).T + to_zero @ np.maximum(zeros, -1e30).T
        return np.asarray(np.exp(logs.T), np.float32)

    @cached_property
    def _paths(self) -> tuple[csr_array, csr_array]:
        """The nodes on the way to each label, shape (n_labels, n_nodes): where it takes code 1, and where code 0."""
        n_labels = len(self._model.labels)
        if n_labels < 2:
            empty = csr_array((n_labels, 0))
            return empty, empty
        tree = huffman_tree(self._model.label_counts)
        owners = np.repeat(np.arange(n_labels), np.diff(tree.offsets))
        shape, both = (n_labels, n_labels - 1), []
        for code in (1, 0):
            some = tree.codes == code
            ones = np.ones(int(some.sum()))
            both.append(csr_array((ones, (owners[some], tree.points[some])), shape=shape))
        return both[0], both[1]

    def texts_at_once(self) -> int:
        """Return of how many texts the probabilities take little memory."""
        return max(1, _NUMBERS_AT_ONCE // max(len(self._model.labels), 1))


def _logits(hidden: NDArray[np.float32], outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):
        return _finite(hidden @ outputs.T).astype(np.float64)


def _finite(numbers: NDArray[Any]) -> NDArray[Any]:
    if not np.isfinite(numbers).all():
        raise FormatError(
            "sums of the classifier's rows leave float32: its file is damaged, or it was trained at too high a "
            "learning rate; train it anew"
        )
    return numbers


def best(probabilities: NDArray[np.float32], k: int, threshold: float) -> list[list[tuple[int, float]]]:
    """Return for each text the `k` labels of highest probability, at least `threshold`, best first.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n_texts, n_labels)
    k : int
        At least 1; -1 for all.
    threshold : float
        Labels below it are left out.

    Returns
    -------
    list of list of (int, float)
        Labels and probabilities; equal ones in the order of the labels.
    """
    least = float(np.float32(threshold))
    return [best_of_one(row, k, least) for row in probabilities]


def best_of_one(probabilities: NDArray[np.floating], k: int, threshold: float) -> list[tuple[int, float]]:
    """Return the same for one text, whose probabilities have the shape (n_labels,)."""
    if k == 1:
        top = int(probabilities.argmax())
        highest = probabilities.item(top)
        return [(top, highest)] if highest >= threshold else []
    n_labels = len(probabilities)
    wanted = n_labels if k < 0 else min(k, n_labels)
    few = n_labels < _FEW_LABELS
    order = np.argsort(-probabilities, kind="stable")[:wanted] if few else _largest(probabilities, wanted)
    return [(int(i), probabilities.item(i)) for i in order if probabilities[i] >= threshold]


def _largest(row: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    """Return the places of the `k` largest numbers, which are not all."""
    if k >= len(row):
        return np.argsort(-row, kind="stable")
    limit = row[np.argpartition(-row, k - 1)[k - 1]]
    candidates = np.flatnonzero(row >= limit)
    return candidates[np.argsort(-row[candidates], kind="stable")][:k]
