"""How closely two neighbouring words belong together, from counts.

Sources: Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed Representations of Words and Phrases and their
Compositionality", 2013, section 4, equation 6; Bouma, "Normalized (Pointwise) Mutual Information in Collocation
Extraction", 2009.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from firth.objectives.descent import Floats

# The C library's logarithm, which others use as well: NumPy's own may differ in the last bit, and so at a threshold.
_log = np.vectorize(math.log, otypes=[np.float64])


def discounted_ratio(
    pair_counts: ArrayLike,
    first_counts: ArrayLike,
    second_counts: ArrayLike,
    *,
    discount: float,
    scale: float,
) -> Floats:
    """Return (count(ab) - discount) / (count(a) count(b)) * scale.

    Mikolov et al. 2013, equation 6, has no scale; their program word2phrase.c multiplies by the number of tokens, so
    that 1 is what words without any tie have, but for the discount; gensim multiplies by the number of different words
    and pairs.

    Parameters
    ----------
    pair_counts, first_counts, second_counts : array_like, shape (n_pairs,)
        How often each pair, its first and its second word occur; words at least once.
    discount : float
        Keeps pairs of very rare words from being phrases.
    scale : float
        What the ratio is multiplied by.

    Returns
    -------
    ndarray of float64, shape (n_pairs,)

    Examples
    --------
    >>> discounted_ratio([25], [50], [40], discount=5, scale=1_000).tolist()
    [10.0]
    """
    pairs, first, second = (
        np.asarray(counts, np.float64) for counts in (pair_counts, first_counts, second_counts)
    )
    return (pairs - discount) / (first * second) * scale


def normalized_mutual_information(
    pair_counts: ArrayLike, first_counts: ArrayLike, second_counts: ArrayLike, *, n_tokens: float
) -> Floats:
    """Return ln(p(ab) / (p(a) p(b))) / -ln p(ab), each p being a count over the number of tokens.

    Bouma's normalized pointwise mutual information: 1 for two words that occur only together, 0 where neighbours are
    independent, towards -1 where they avoid each other.

    Parameters
    ----------
    pair_counts, first_counts, second_counts : array_like, shape (n_pairs,)
        How often each pair, its first and its second word occur, at least once.
    n_tokens : float
        How many tokens there are, more than any of the counts.

    Returns
    -------
    ndarray of float64, shape (n_pairs,)

    Examples
    --------
    >>> normalized_mutual_information([10, 1], [10, 10], [10, 10], n_tokens=100).round(9).tolist()
    [1.0, -0.0]
    """
    pair, first, second = (
        np.asarray(counts, np.float64) / n_tokens for counts in (pair_counts, first_counts, second_counts)
    )
    scores: Floats = _log(pair / (first * second)) / -_log(pair)
    return scores
