"""Gradient descent: the two matrices of a model, and a step in all of their rows or in some."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Embeddings:
    """Both matrices of a model.

    Parameters
    ----------
    input : ndarray of float64, shape (vocab_size, dim)
        A row for each word as a center.
    output : ndarray of float64, shape (vocab_size, dim)
        A row for each word as a context, and as noise.
    """

    input: Floats
    output: Floats


def descend(old: ArrayLike, gradient: ArrayLike, learning_rate: float) -> Floats:
    """Return old - learning_rate × gradient.

    Source: [003] eq. 20 and the tables of "Vanilla Skip-Gram".

    Parameters
    ----------
    old, gradient : array_like, of the same shape
        Weights, and the derivatives of the loss by them.
    learning_rate : float
        At least 0.
    """
    return np.asarray(old, np.float64) - learning_rate * np.asarray(gradient, np.float64)


def descend_rows(old: ArrayLike, ids: ArrayLike, gradients: ArrayLike, learning_rate: float) -> Floats:
    """Return `old` after a step in the rows `ids` only; a row that is named twice takes both gradients.

    Source: [003] eq. 26 and the tables of "Negative Sampling".

    Parameters
    ----------
    old : array_like, shape (vocab_size, dim)
        Weights; they stay as they are.
    ids : array_like of int, shape (n,)
        Rows of `old`.
    gradients : array_like, shape (n, dim)
        The derivatives of the loss by those rows.
    learning_rate : float
        At least 0.

    Examples
    --------
    >>> descend_rows([[1.0], [1.0]], [0, 0], [[1.0], [3.0]], 0.5).tolist()
    [[-1.0], [1.0]]
    """
    new = np.array(old, np.float64)
    # `new[ids] -= ...` would keep only the last gradient of a row that is named twice.
    np.subtract.at(new, np.asarray(ids, np.int64), learning_rate * np.asarray(gradients, np.float64))
    return new
