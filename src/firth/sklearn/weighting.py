"""What the words of a document count in the mean that is its vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from firth.errors import ConfigError

WEIGHTINGS = ("mean", "sif", "idf")


def sif_weights(counts: NDArray[np.int64], smoothing: float) -> NDArray[np.float64]:
    """Return a / (a + p(w)), p(w) being the frequency of a word; shape (n_words,).

    Source: Arora, Liang and Ma (2017), "A simple but tough-to-beat baseline for sentence embeddings", algorithm 1.

    Raises
    ------
    ConfigError
        `smoothing` (a) is not above 0.
    """
    if not smoothing > 0:
        raise ConfigError(f"sif_smoothing is {smoothing}, but must be above 0: 1e-3 is usual")
    frequencies = counts / max(1, int(counts.sum()))
    weights: NDArray[np.float64] = smoothing / (smoothing + frequencies)
    return weights


def idf_weights(occurrences: sparse.csr_array) -> NDArray[np.float64]:
    """Return ln((1 + n) / (1 + n(w))) + 1, n(w) of n documents holding a word; shape (n_words,).

    As scikit-learn's ``TfidfTransformer(smooth_idf=True)``.
    """
    n_documents, n_words = occurrences.shape
    holding = np.bincount(occurrences.indices, minlength=n_words)
    weights: NDArray[np.float64] = np.log((1 + n_documents) / (1 + holding)) + 1
    return weights


def weighted_means(
    occurrences: sparse.csr_array,
    weights: NDArray[np.float64] | None,
    rows: NDArray[np.float32],
    *,
    by_weight: bool,
) -> NDArray[np.float32]:
    """Return the weighted mean of the vectors of each document's words; zeros for a document without any.

    Parameters
    ----------
    occurrences : csr_array, shape (n_documents, n_words)
        How often each word occurs in each document.
    weights : ndarray of float64, shape (n_words,), optional
        What each word counts; 1 where it is not given.
    rows : ndarray of float32, shape (n_words, dim)
        The vectors.
    by_weight : bool
        Divide by the sum of the weights, and not by the number of words.

    Returns
    -------
    ndarray of float32, shape (n_documents, dim)
    """
    weighted = occurrences if weights is None else sparse.csr_array(occurrences * weights[None, :])
    sums = weighted @ rows.astype(np.float64)
    divisors = np.asarray((weighted if by_weight else occurrences).sum(axis=1)).reshape(-1, 1)
    means: NDArray[np.float32] = (sums / np.where(divisors > 0, divisors, 1)).astype(np.float32)
    return means


def common_component(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the first right singular vector of documents' vectors, not centered; shape (dim,).

    Its sign, which is arbitrary, is such that the largest entry is positive.
    """
    # The matrix of products is small, whatever the number of documents.
    products = vectors.T.astype(np.float64) @ vectors
    _, axes = np.linalg.eigh(products)
    axis = axes[:, -1]
    component: NDArray[np.float32] = (axis * np.sign(axis[np.argmax(np.abs(axis))])).astype(np.float32)
    return component
