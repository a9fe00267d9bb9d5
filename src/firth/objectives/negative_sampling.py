"""Negative sampling for one positive pair: probability, loss, gradients and the update of the rows.

One positive pair is a center and one word of its context; K noise words, the negatives, are set against it.
With t = 1 for the positive word and t = 0 for a negative, everything follows from the *prediction error*
of each row u, which is sigmoid(u·v) - t: the derivative of the loss by that row's logit.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from firth.objectives.descent import Embeddings, Floats, descend_rows
from firth.objectives.sigmoid import log_sigmoid, sigmoid


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Gradients:
    """The derivatives of one pair's loss.

    Parameters
    ----------
    center : ndarray of float64, shape (dim,)
        By the center's row of the input embeddings.
    positive : ndarray of float64, shape (dim,)
        By the positive word's row of the output embeddings.
    negatives : ndarray of float64, shape (K, dim)
        By the output row of each draw. A word that was drawn twice has two rows here, to be added up.
    """

    center: Floats
    positive: Floats
    negatives: Floats


def probability(center: ArrayLike, outputs: ArrayLike) -> Floats:
    """Return p(D=1|w,c): how likely it is that a pair was observed and is not noise.

    Source: [002] "Negative Sampling Setup"; [003] eq. 7.

    Parameters
    ----------
    center : array_like, shape (dim,)
        The center's row of the input embeddings.
    outputs : array_like, shape (dim,) or (n, dim)
        The other words' rows of the output embeddings.

    Returns
    -------
    ndarray of float64, shape () or (n,)
        Between 0 and 1.
    """
    return sigmoid(_floats(outputs) @ _floats(center))


def loss(
    center: ArrayLike, positive: ArrayLike, negatives: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Return -log σ(u_o·v) - Σ_k w_k log σ(-u_k·v).

    Source: [000] E; [001] eq. 1; [003] eq. 18 and 19. The weights are ours: all 1 in the sources.

    Parameters
    ----------
    center, positive : array_like, shape (dim,)
        v, the center's row of the input embeddings, and u_o, the positive word's of the output embeddings.
    negatives : array_like, shape (K, dim)
        The negatives' rows of the output embeddings.
    weights : array_like, shape (K,), optional
        What each negative counts, at least 0; see `negative_weights`.

    Returns
    -------
    float
        At least 0.
    """
    v, noise = _floats(center), _floats(negatives)
    observed = log_sigmoid(_floats(positive) @ v)
    return float(-observed - _weights(weights, noise) @ log_sigmoid(-(noise @ v)))


def gradients(
    center: ArrayLike, positive: ArrayLike, negatives: ArrayLike, *, weights: ArrayLike | None = None
) -> Gradients:
    """Return the derivatives of `loss` by each of its rows.

    Source: [001] eq. 2 to 4 (eq. 3 prints u_o for v); [003] eq. 22, 23 and 28; the errors correct [000].

    Parameters
    ----------
    center, positive, negatives, weights
        As `loss` takes them.
    """
    v, observed, noise = _floats(center), _floats(positive), _floats(negatives)
    positive_error = sigmoid(observed @ v) - 1.0
    negative_errors = _weights(weights, noise) * sigmoid(noise @ v)
    return Gradients(
        center=positive_error * observed + negative_errors @ noise,
        positive=positive_error * v,
        negatives=np.outer(negative_errors, v),
    )


def negative_weights(positive_id: int, negative_ids: ArrayLike, *, scale: float = 1.0) -> Floats:
    """Return what each draw counts: `scale`, or nothing where the draw is the positive word itself.

    A draw that equals the positive would pull its row both ways at once. [001] §2 supposes that this does
    not happen; with a finite vocabulary it does.

    Parameters
    ----------
    positive_id : int
        The positive word's row.
    negative_ids : array_like of int, shape (n,)
        The draws.
    scale : float
        1 for K draws of a pair's own; K/S for S draws that are shared.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> negative_weights(7, [3, 7, 5]).tolist()
    [1.0, 0.0, 1.0]
    """
    return np.where(np.asarray(negative_ids, np.int64) == positive_id, 0.0, scale)


def update(
    embeddings: Embeddings,
    *,
    center_id: int,
    positive_id: int,
    negative_ids: ArrayLike,
    learning_rate: float,
    weights: ArrayLike | None = None,
) -> Embeddings:
    """Return the embeddings after one step of gradient descent on one positive pair.

    Every gradient is computed from the old rows before any row is written, and a word that was drawn
    several times collects all its gradients. Source: [003] eq. 20, 26 and 29 (eq. 25 lacks the factor h).

    Parameters
    ----------
    embeddings : Embeddings
        The old rows; they stay as they are.
    center_id, positive_id : int
        The pair: a row of the input and a row of the output embeddings.
    negative_ids : array_like of int, shape (K,)
        Rows of the output embeddings.
    learning_rate : float
        At least 0.
    weights : array_like, shape (K,), optional
        What each negative counts. As `negative_weights` has it where not given.
    """
    negative_ids = np.asarray(negative_ids, np.int64)
    if weights is None:
        weights = negative_weights(positive_id, negative_ids)
    gradient = gradients(
        embeddings.input[center_id],
        embeddings.output[positive_id],
        embeddings.output[negative_ids],
        weights=weights,
    )
    return Embeddings(
        input=descend_rows(embeddings.input, [center_id], [gradient.center], learning_rate),
        output=descend_rows(
            embeddings.output,
            [positive_id, *negative_ids],
            [gradient.positive, *gradient.negatives],
            learning_rate,
        ),
    )


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, np.float64)


def _weights(weights: ArrayLike | None, negatives: Floats) -> Floats:
    return np.ones(len(negatives)) if weights is None else _floats(weights)
