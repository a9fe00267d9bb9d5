"""Similarity: whether the cosines of pairs of words come in the order in which people put them."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.evaluation.questions import Lookup, read_similarities
from firth.vectors import WordVectors
from firth.vectors.search import cosines


@dataclasses.dataclass(frozen=True)
class SimilarityResult:
    """What came out of a file of similarities.

    Parameters
    ----------
    spearman : float
        Rank correlation of the cosines with the people's scores, -1 to 1; NaN for fewer than two
        different pairs.
    pairs_used : int
        Pairs whose two words are known; the others are left out, as gensim does.
    pairs : int
        All pairs of the file.
    """

    spearman: float
    pairs_used: int
    pairs: int

    @property
    def coverage(self) -> float:
        """The share of the pairs that are used, 0 to 1."""
        return self.pairs_used / self.pairs


def evaluate_similarity(
    vectors: WordVectors,
    path: str | os.PathLike[str],
    *,
    restrict: int | None = None,
    ignore_case: bool = True,
) -> SimilarityResult:
    """Compare the cosines of pairs of words with the scores that people gave them.

    Parameters
    ----------
    vectors : WordVectors
        The most frequent word first, as training leaves them.
    path : path
        Lines of two words and a score, separated by tabs, commas, semicolons or spaces.
    restrict : int, optional
        Only the first so many words are known; None for all.
    ignore_case : bool
        Take words that differ in case only for one, whose vector is that of the first.

    Returns
    -------
    SimilarityResult
        Spearman's rank correlation over the pairs that are known, equal values sharing their mean rank.

    Raises
    ------
    InputError
        The file cannot be read or a line is malformed (the message gives its number), or `restrict` is
        below 1.
    """
    if restrict is not None and restrict < 1:
        raise InputError(f"restrict is {restrict}, but must be at least 1")
    pairs = read_similarities(path)
    limit = len(vectors) if restrict is None else min(restrict, len(vectors))
    lookup = Lookup(vectors.vocabulary.words, limit, ignore_case)
    rows = np.array([lookup.rows(pair[:2]) for pair in pairs])
    known = np.all(rows >= 0, axis=1)
    scores = np.array([score for _, _, score in pairs])[known]
    cosines = _cosines(vectors, rows[known])
    return SimilarityResult(_spearman(cosines, scores), int(known.sum()), len(pairs))


def _cosines(vectors: WordVectors, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cosine of each pair of rows, shape (n,); 0 where one has no direction."""
    first, second = (vectors.embeddings[rows[:, i]].astype(np.float64) for i in range(2))
    pairs = [cosines(a[None], b)[0] for a, b in zip(first, second, strict=True)]
    values = np.array(pairs, np.float64)
    values[np.isnan(values)] = 0.0
    return values


def _spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    # Half a second that only those wait for who ask for it.
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)
