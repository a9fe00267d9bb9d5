"""Categorisation: whether the clusters of words are the categories that people put them into."""

from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.evaluation.questions import Lookup, read_categories
from firth.vectors import WordVectors


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Some words that lie together.

    Parameters
    ----------
    category : str
        The category of most of them; of equal ones, the first in the file.
    correct : int
        How many are of this category.
    words : tuple of str
        All of them, as the file writes them, in its order.
    """

    category: str
    correct: int
    words: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class CategoriesResult:
    """What came out of a file of categories.

    Parameters
    ----------
    clusters : tuple of Cluster
        In the order in which the file names their first words; as many as there are categories with known words, or
        fewer where so many vectors are the same.
    words_used : int
        Words that are known, and whose vectors have a direction; the others are left out.
    words : int
        All words of the file.
    """

    clusters: tuple[Cluster, ...]
    words_used: int
    words: int

    @property
    def purity(self) -> float:
        """The share of the words that are of the category of most words in their cluster; NaN where there are none."""
        correct = sum(cluster.correct for cluster in self.clusters)
        return correct / self.words_used if self.words_used else float("nan")

    @property
    def coverage(self) -> float:
        """The share of the words that are used, 0 to 1."""
        return self.words_used / self.words


def evaluate_categories(
    vectors: WordVectors,
    path: str | os.PathLike[str],
    *,
    restrict: int | None = None,
    ignore_case: bool = True,
    restarts: int = 10,
    seed: int = 1,
) -> CategoriesResult:
    """Cluster words, and compare the clusters with the categories that people gave them.

    The vectors, all of length 1, are put into as many clusters as there are categories by k-means; each cluster stands
    for the category of most of its words, and purity is the share of words whose cluster stands for theirs (Baroni,
    Dinu and Kruszewski 2014, concept categorization; they cluster with CLUTO, so that figures differ a little).
    Of clusters that are drawn, purity is well above 0, more so the more categories there are for the words: compare
    models by the same file.

    Parameters
    ----------
    vectors : WordVectors
        The most frequent word first, as training leaves them.
    path : path
        Lines of a word and its category, separated by a tab, comma, semicolon or spaces.
    restrict : int, optional
        Only the first so many words are known; None for all.
    ignore_case : bool
        Take words that differ in case only for one, whose vector is that of the first.
    restarts : int
        How often k-means starts anew, at least 1; the tightest clusters are taken.
    seed : int
        Draws where it starts, at least 0: the same seed gives the same clusters.

    Returns
    -------
    CategoriesResult
        The clusters and their purity.

    Raises
    ------
    InputError
        The file cannot be read or a line is malformed (the message gives its number), or `restrict`, `restarts` or
        `seed` is out of its range.
    """
    for name, value, least in (("restrict", restrict, 1), ("restarts", restarts, 1), ("seed", seed, 0)):
        if value is not None and value < least:
            raise InputError(f"{name} is {value}, but must be at least {least}")
    members = read_categories(path)
    limit = len(vectors) if restrict is None else min(restrict, len(vectors))
    lookup = Lookup(vectors.vocabulary.words, limit, ignore_case)
    rows = lookup.rows(tuple(word for word, _ in members))
    usable = np.flatnonzero((rows >= 0) & (vectors.norms[rows] > 0))
    used = [members[i] for i in usable.tolist()]
    units = vectors.embeddings[rows[usable]] / vectors.norms[rows[usable], None].astype(np.float64)
    n_categories = len({category for _, category in used})
    labels = k_means(units, n_categories, restarts=restarts, seed=seed)
    return CategoriesResult(clusters_of(used, labels.tolist()), len(used), len(members))


def clusters_of(members: Sequence[tuple[str, str]], labels: Sequence[int]) -> tuple[Cluster, ...]:
    """Return the clusters that words with their categories form.

    Parameters
    ----------
    members : sequence of (str, str)
        Words and their categories.
    labels : sequence of int
        The number of the cluster of each word.
    """
    groups: dict[int, list[tuple[str, str]]] = {}
    for member, label in zip(members, labels, strict=True):
        groups.setdefault(label, []).append(member)
    found = []
    for group in groups.values():
        ((category, correct),) = collections.Counter(category for _, category in group).most_common(1)
        found.append(Cluster(category, correct, tuple(word for word, _ in group)))
    return tuple(found)


def k_means(rows: NDArray[np.float64], k: int, *, restarts: int, seed: int) -> NDArray[np.int64]:
    """Return the cluster of each row, shape (n,): the tightest of several runs of SciPy's k-means.

    Parameters
    ----------
    rows : ndarray of float64, shape (n, dim)
        All finite.
    k : int
        How many clusters, at most n; there are fewer where rows are the same.
    restarts : int
        How many runs, each from rows drawn as k-means++ draws them (Arthur and Vassilvitskii 2007).
    seed : int
        Of the draws.
    """
    # SciPy takes a while to load, and only those wait for it who ask for clusters.
    from scipy.cluster.vq import kmeans, vq

    labels, tightest = np.zeros(len(rows), np.int64), np.inf
    for restart in range(restarts if len(rows) else 0):
        starts = _spread(rows, k, np.random.default_rng((seed, restart)))
        if len(starts) == 1:
            break
        centers, _ = kmeans(rows, starts)
        nearest, distances = vq(rows, centers)
        total = float(np.square(distances).sum())
        if total < tightest:
            labels, tightest = nearest.astype(np.int64), total
    return labels


def _spread(rows: NDArray[np.float64], k: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return up to `k` different rows, each drawn in proportion to its squared distance from those before."""
    chosen = [int(rng.integers(len(rows)))]
    squares = np.full(len(rows), np.inf)
    while len(chosen) < k:
        squares = np.minimum(squares, np.square(rows - rows[chosen[-1]]).sum(axis=1))
        total = squares.sum()
        if total == 0:
            break
        chosen.append(int(rng.choice(len(rows), p=squares / total)))
    return rows[chosen]
