"""All pairs of one center: the sum of the negative-sampling loss over its window."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firth.objectives.descent import Floats
from firth.objectives.negative_sampling import loss, negative_weights
from firth.objectives.sigmoid import sigmoid


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class WindowGradients:
    """The derivatives of a window's loss.

    Parameters
    ----------
    center : ndarray of float64, shape (dim,)
        By the center's row of the input embeddings.
    output : ndarray of float64, shape (vocab_size, dim)
        By the output embeddings; 0 in the rows of words that are neither context nor drawn.
    """

    center: Floats
    output: Floats


def window_loss(
    center: ArrayLike, output: ArrayLike, context_ids: ArrayLike, negative_ids: ArrayLike
) -> float:
    """Return the sum of the loss over the pairs of one center.

    Source: [001] eq. 5. A draw that equals its pair's context word counts nothing.

    Parameters
    ----------
    center : array_like, shape (dim,)
        v, the center's row of the input embeddings.
    output : array_like, shape (vocab_size, dim)
        The output embeddings.
    context_ids : array_like of int, shape (n_contexts,)
        The rows of the words in the window: up to 2m for a radius of m, fewer at the ends of a document.
    negative_ids : array_like of int, shape (n_contexts, K)
        Each pair's own draws.

    Returns
    -------
    float
        At least 0.
    """
    rows = np.asarray(output, np.float64)
    pairs = zip(*_ids(context_ids, negative_ids), strict=True)
    return sum(loss(center, rows[o], rows[draws], weights=negative_weights(o, draws)) for o, draws in pairs)


def window_gradients(
    center: ArrayLike, output: ArrayLike, context_ids: ArrayLike, negative_ids: ArrayLike
) -> WindowGradients:
    """Return the derivatives of `window_loss`.

    The row of a word x that stands a times in the window and counts b times as noise has the gradient
    (a (σ(u·v) - 1) + b σ(u·v)) v. Source: [001] eq. 6 to 8, made right: eq. 7 is the case a = 1, b = 0, and
    eq. 8 is the case a = 0, b = 2m, which needs a full window whose pairs all share one draw of x.

    Parameters
    ----------
    center, output, context_ids, negative_ids
        As `window_loss` takes them.
    """
    v, rows = np.asarray(center, np.float64), np.asarray(output, np.float64)
    contexts, draws = _ids(context_ids, negative_ids)
    as_context = np.bincount(contexts, minlength=len(rows))
    as_noise = np.bincount(draws[draws != contexts[:, np.newaxis]], minlength=len(rows))
    probability = sigmoid(rows @ v)
    errors = as_context * (probability - 1.0) + as_noise * probability
    return WindowGradients(center=errors @ rows, output=np.outer(errors, v))


def _ids(context_ids: ArrayLike, negative_ids: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.asarray(context_ids, np.int64), np.asarray(negative_ids, np.int64)
