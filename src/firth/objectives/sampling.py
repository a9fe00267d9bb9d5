"""Which pairs and which noise the objective meets: the distributions that are drawn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firth.objectives.descent import Floats


def noise_distribution(counts: ArrayLike, noise_exponent: float = 0.75) -> Floats:
    """Return the probability of each word as noise: in proportion to count to the power `noise_exponent`.

    Every word that occurs can be drawn, also one of the window and the center itself: [003] "Negative
    Sampling implementation" speaks of words not in the context, which such a draw does not give.
    Source: Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality",
    2013, §2.2.

    Parameters
    ----------
    counts : array_like, shape (vocab_size,)
        How often each word occurs, at least 0 and not all 0.
    noise_exponent : float
        1 draws words as they occur, 0 draws all that occur alike.

    Returns
    -------
    ndarray of float64, shape (vocab_size,)
        At least 0, and 1 in sum.

    Examples
    --------
    >>> noise_distribution([16, 1, 0]).round(3).tolist()
    [0.889, 0.111, 0.0]
    """
    numbers = np.asarray(counts, np.float64)
    weights = np.zeros(len(numbers))
    np.power(numbers, noise_exponent, out=weights, where=numbers > 0)
    return weights / float(weights.sum())


def keep_probabilities(counts: ArrayLike, subsample: float) -> Floats:
    """Return how likely an occurrence of each word is to stay when frequent words are thinned out.

    With f the word's share of all tokens and t the threshold it is sqrt(t/f) + t/f, and 1 where that is
    more. Source: the program word2vec.c; the paper named at `noise_distribution` prints sqrt(t/f) alone.

    Parameters
    ----------
    counts : array_like, shape (vocab_size,)
        How often each word occurs, at least 0 and not all 0.
    subsample : float
        t, from 0 to 1; 0 keeps everything.

    Returns
    -------
    ndarray of float64, shape (vocab_size,)
        Between 0 and 1.

    Examples
    --------
    >>> keep_probabilities([9990, 10], 0.001).round(3).tolist()
    [0.033, 1.0]
    """
    numbers = np.asarray(counts, np.float64)
    kept = np.ones(len(numbers))
    if subsample > 0:
        occurring = numbers > 0
        ratio = subsample * numbers.sum() / numbers[occurring]
        kept[occurring] = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return kept
