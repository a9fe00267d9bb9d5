"""The vanilla skip-gram: the softmax over the whole vocabulary, which negative sampling replaces.

For CBOW, ``v`` is the hidden vector instead of the center's row, and the word to be predicted is the center; see
`firth.objectives.cbow`.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from firth.objectives.descent import Embeddings, Floats, descend, descend_rows


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class SoftmaxGradients:
    """The derivatives of one pair's softmax loss.

    Parameters
    ----------
    center : ndarray of float64, shape (dim,)
        By the center's row of the input embeddings.
    output : ndarray of float64, shape (vocab_size, dim)
        By every row of the output embeddings: none of them is 0, which is what makes this loss dear.
    """

    center: Floats
    output: Floats


def probabilities(center: ArrayLike, output: ArrayLike) -> Floats:
    """Return p(c|w) of every word c: exp(u_c·v) over the sum of exp(u·v) of all words.

    Source: [002] "Parameterization with Softmax"; [003] figure 3.

    Parameters
    ----------
    center : array_like, shape (dim,)
        v, the center's row of the input embeddings.
    output : array_like, shape (vocab_size, dim)
        The output embeddings.

    Returns
    -------
    ndarray of float64, shape (vocab_size,)
        At least 0, and 1 in sum.

    Examples
    --------
    >>> probabilities([1000.0], [[1.0], [1.0]]).tolist()
    [0.5, 0.5]
    """
    return np.exp(log_probabilities(center, output))


def log_probabilities(center: ArrayLike, output: ArrayLike) -> Floats:
    """Return the logarithms of `probabilities`, also where a probability would round to 0.

    Source: [002] "Parameterization with Softmax", expanded form.

    Parameters
    ----------
    center, output
        As `probabilities` takes them.

    Returns
    -------
    ndarray of float64, shape (vocab_size,)
        At most 0.
    """
    logits: Floats = np.asarray(output, np.float64) @ np.asarray(center, np.float64)
    logits = logits - logits.max()  # which changes no probability, and no exponential overflows
    return logits - float(np.log(np.exp(logits).sum()))


def loss(center: ArrayLike, output: ArrayLike, context_id: int) -> float:
    """Return -log p(c|w): -(u_c·v - log Σ exp(u·v)), the sum over all words.

    Source: [002] "Parameterization with Softmax", expanded form of one pair.

    Parameters
    ----------
    center, output
        As `probabilities` takes them.
    context_id : int
        The observed context word's row.

    Returns
    -------
    float
        At least 0.
    """
    return -float(log_probabilities(center, output)[context_id])


def gradients(center: ArrayLike, output: ArrayLike, context_id: int) -> SoftmaxGradients:
    """Return the derivatives of `loss`.

    With the prediction errors e = p - t, where t is 1 for the observed word and 0 elsewhere, they are
    Σ e_c u_c by the center's row and e_c v by the row of each word c. Source: derived from the expanded
    form of [002]; [003] "Vanilla Skip-Gram" prints only the update.

    Parameters
    ----------
    center, output, context_id
        As `loss` takes them.
    """
    errors = probabilities(center, output)
    errors[context_id] -= 1.0
    return SoftmaxGradients(
        center=errors @ np.asarray(output, np.float64),
        output=np.outer(errors, np.asarray(center, np.float64)),
    )


def update(embeddings: Embeddings, *, center_id: int, context_id: int, learning_rate: float) -> Embeddings:
    """Return the embeddings after one step of gradient descent on one pair; every output row moves.

    Source: [003] "Vanilla Skip-Gram" (the table with W_output old and new) and eq. 20.

    Parameters
    ----------
    embeddings : Embeddings
        The old rows; they stay as they are.
    center_id, context_id : int
        The pair: a row of the input and a row of the output embeddings.
    learning_rate : float
        At least 0.
    """
    gradient = gradients(embeddings.input[center_id], embeddings.output, context_id)
    return Embeddings(
        input=descend_rows(embeddings.input, [center_id], [gradient.center], learning_rate),
        output=descend(embeddings.output, gradient.output, learning_rate),
    )
