"""Text classification: the mean of a text's rows against the labels (Joulin et al. 2017, "Bag of Tricks").

A text consists of n rows of the input matrix, one of which may stand there several times; its hidden vector is their
mean h. Each output row o_j that takes part gives a logit z_j = o_j·h and has an **error** e_j, the derivative of the
loss by that logit. All losses then share the same gradients:

    ∂L/∂o_j = e_j h        ∂L/∂h = Σ_j e_j o_j        ∂L/∂(a row of the text) = (how often it stands there / n) ∂L/∂h

The losses differ in who takes part and what the errors are: all labels and p - y with the softmax; all labels and
σ(z) - y one by one with one-vs-all; the nodes on the way to the label with hierarchical softmax, where y is the code at
each; the label and drawn ones with negative sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firth.objectives.sigmoid import log_sigmoid, sigmoid

Floats = NDArray[np.float64]


class Terms(NamedTuple):
    """The loss of one text and the errors of its logits.

    Parameters
    ----------
    loss : float
    errors : ndarray of float64, shape (n_logits,)
        The derivative of the loss by each logit.
    """

    loss: float
    errors: Floats


class Gradients(NamedTuple):
    """The derivatives of the loss of one text.

    Parameters
    ----------
    loss : float
    inputs : ndarray of float64, shape (n_rows, dim)
        By the input matrix; zeros for rows that the text does not have.
    outputs : ndarray of float64, shape (n_outputs, dim)
        By the output matrix; zeros for rows that take no part.
    """

    loss: float
    inputs: Floats
    outputs: Floats


def hidden_vector(inputs: ArrayLike, rows: Sequence[int]) -> Floats:
    """Return the mean of some rows, shape (dim,).

    Examples
    --------
    >>> hidden_vector([[1.0, 0.0], [0.0, 3.0]], [0, 1, 1]).tolist()
    [0.3333333333333333, 2.0]
    """
    mean: Floats = np.asarray(inputs, np.float64)[list(rows)].mean(axis=0)
    return mean


def softmax_terms(logits: ArrayLike, label: int) -> Terms:
    """Return the loss -log p(label) and the errors p - y, where p is the softmax of all labels' logits."""
    z = np.asarray(logits, np.float64)
    log_sum = z.max() + np.log(np.exp(z - z.max()).sum())
    errors = np.exp(z - log_sum)
    errors[label] -= 1.0
    return Terms(float(log_sum - z[label]), errors)


def binary_terms(logits: ArrayLike, wanted: ArrayLike) -> Terms:
    """Return the loss and the errors σ(z) - y of independent decisions, each with the answer y, 0 or 1.

    With one-vs-all they are made on all labels, with hierarchical softmax on the nodes of a path, where y is the code,
    with negative sampling on a label and drawn ones. The loss is -Σ log σ(±z), plus where y is 1.
    """
    z, y = np.asarray(logits, np.float64), np.asarray(wanted, np.float64)
    return Terms(float(-log_sigmoid((2.0 * y - 1.0) * z).sum()), sigmoid(z) - y)


def gradients(
    inputs: ArrayLike, outputs: ArrayLike, rows: Sequence[int], parts: Sequence[int], wanted: ArrayLike | int
) -> Gradients:
    """Return the gradients of the loss of one text.

    Parameters
    ----------
    inputs : array_like, shape (n_rows, dim)
    outputs : array_like, shape (n_outputs, dim)
    rows : sequence of int
        The rows of the text, at least one.
    parts : sequence of int
        The output rows that take part, each once.
    wanted : int, or array_like of shape (len(parts),)
        With the softmax, which of `parts` is right; otherwise the answer of each, 0 or 1.
    """
    matrix, out = np.asarray(inputs, np.float64), np.asarray(outputs, np.float64)
    h = hidden_vector(matrix, rows)
    logits = out[list(parts)] @ h
    terms = softmax_terms(logits, wanted) if isinstance(wanted, int) else binary_terms(logits, wanted)
    by_inputs, by_outputs = np.zeros_like(matrix), np.zeros_like(out)
    by_outputs[list(parts)] = np.outer(terms.errors, h)
    np.add.at(by_inputs, list(rows), terms.errors @ out[list(parts)] / len(rows))
    return Gradients(terms.loss, by_inputs, by_outputs)
