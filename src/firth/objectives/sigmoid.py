"""The sigmoid and its logarithm, exact for every logit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def sigmoid(logits: ArrayLike) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-x)), elementwise.

    Only exp(-|x|) is ever computed, which cannot overflow, so that no logit needs to be clamped.
    Source: [002] "Negative Sampling Setup"; [003] between eq. 15 and 16.

    Parameters
    ----------
    logits : array_like, any shape
        Any real numbers, infinities included.

    Returns
    -------
    ndarray of float64, same shape
        Between 0 and 1.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 1000.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = np.asarray(logits, np.float64)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def log_sigmoid(logits: ArrayLike) -> NDArray[np.float64]:
    """Return log(1 / (1 + exp(-x))), elementwise, also where the sigmoid itself would round to 0 or 1.

    Its derivative is 1 - sigmoid(x), and log(1 - sigmoid(x)) is log_sigmoid(-x), by the symmetry
    1 - sigmoid(x) = sigmoid(-x). Source: [003] eq. 14 to 16.

    Parameters
    ----------
    logits : array_like, any shape
        Any real numbers, infinities included.

    Returns
    -------
    ndarray of float64, same shape
        At most 0.

    Examples
    --------
    >>> log_sigmoid([-1000.0, 0.0]).round(6).tolist()
    [-1000.0, -0.693147]
    """
    return -np.logaddexp(0.0, -np.asarray(logits, np.float64))
