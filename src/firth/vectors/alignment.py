"""Two spaces brought together by a rotation, so that the words of one can be compared with those of the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.formats import VectorTable
from firth.vectors.search import Neighbor
from firth.vectors.word_vectors import WordVectors

_BLOCK_ROWS = 16_384


@dataclasses.dataclass(frozen=True, eq=False)
class Alignment:
    """A rotation that takes the words of one model as near as can be to the same words of another.

    Parameters
    ----------
    rotation : ndarray of float64, shape (dim, dim)
        Orthogonal; a row vector of the source times it lies in the target's space.
    words : tuple of str
        The words that both models hold, in the order of the source.
    cosines : ndarray of float64, shape (len(words),)
        Of each word's rotated vector with the target's vector, -1 to 1.
    n_anchors : int
        How many of the words settled the rotation.
    """

    rotation: NDArray[np.float64]
    words: tuple[str, ...]
    cosines: NDArray[np.float64]
    n_anchors: int

    @property
    def mean_cosine(self) -> float:
        """The mean of `cosines`: 1 for spaces that differ by a rotation only."""
        return float(self.cosines.mean())

    def moved(self, k: int = 20) -> list[Neighbor]:
        """Return the `k` words that moved most, with their cosines, the smallest first.

        Raises
        ------
        InputError
            `k` is below 1.
        """
        if k < 1:
            raise InputError(f"k is {k}, but must be at least 1")
        order = np.argsort(self.cosines, kind="stable")[:k]
        return [Neighbor(self.words[i], float(self.cosines[i])) for i in order.tolist()]

    def apply(self, vectors: WordVectors) -> WordVectors:
        """Return `vectors` with all that they are made of (output vectors and n-grams, too) rotated.

        Cosines between the words of `vectors` stay as they were. What only training needs is left out.

        Raises
        ------
        InputError
            `vectors` have another number of dimensions.
        """
        if vectors.dim != len(self.rotation):
            raise InputError(
                f"the vectors have {vectors.dim} dimensions, but the rotation {len(self.rotation)}: give those of the "
                "source that was aligned"
            )
        outputs, parts = vectors.output_vectors, vectors.subwords
        return WordVectors(
            VectorTable(
                vectors.vocabulary,
                self._turned(vectors.embeddings),
                None if outputs is None else self._turned(outputs.embeddings),
                vectors.metadata,
                None
                if parts is None
                else dataclasses.replace(
                    parts,
                    word_rows=self._turned(parts.word_rows),
                    bucket_rows=self._turned(parts.bucket_rows),
                ),
            )
        )

    def _turned(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        turned = np.empty(rows.shape, np.float32)
        for start in range(0, len(rows), _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            turned[block] = rows[block] @ self.rotation
        return turned


def align(
    source: WordVectors,
    target: WordVectors,
    *,
    anchors: Sequence[str] | None = None,
    restrict: int | None = None,
) -> Alignment:
    """Rotate the space of one model onto that of another, and see which words do not follow.

    Two trainings put the same words into different directions of space, so that their vectors cannot be compared as
    they are. The rotation R minimises the sum of squares of A R - B, where the rows of A and B are the anchors'
    vectors in source and target, all of length 1 (orthogonal Procrustes, Schönemann 1966; for words that change over
    time, Hamilton, Leskovec and Jurafsky 2016, eq. 4). It may be a reflection as well.

    Parameters
    ----------
    source, target : WordVectors
        Of the same number of dimensions. Words whose vector has no direction do not count.
    anchors : sequence of str, optional
        The words that settle the rotation, for example such as mean the same in both; all common words where None.
        Those that are not common are left out.
    restrict : int, optional
        Look only at the first so many common words, the most frequent ones of the source; the vectors of rare words
        move by chance.

    Returns
    -------
    Alignment
        The rotation, and for each common word the cosine that is left.

    Raises
    ------
    InputError
        The dimensions differ, there are fewer anchors than dimensions, so that the rotation would not be settled, or
        `restrict` is below 1.
    """
    if source.dim != target.dim:
        raise InputError(
            f"the vectors have {source.dim} and {target.dim} dimensions, but only spaces of as many can be aligned: "
            "train one of the models anew"
        )
    words, rows, others = common_words(source, target, restrict)
    first, second = _units(source, rows), _units(target, others)
    wanted = None if anchors is None else set(anchors)
    chosen = np.fromiter((wanted is None or word in wanted for word in words), np.bool_, len(words))
    n_anchors = int(chosen.sum())
    if n_anchors < source.dim:
        raise InputError(
            f"{n_anchors:,} common words are too few to settle a rotation of {source.dim} dimensions: at least as "
            "many words as dimensions are needed"
        )
    # SciPy takes a while to load, and only those wait for it who ask for this.
    from scipy.linalg import orthogonal_procrustes

    rotation, _ = orthogonal_procrustes(first[chosen], second[chosen])
    cosines = ((first @ rotation) * second).sum(axis=1).clip(-1.0, 1.0)
    return Alignment(np.asarray(rotation, np.float64), tuple(words), cosines, n_anchors)


def common_words(
    a: WordVectors, b: WordVectors, restrict: int | None
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Return the words that both hold, in the order of `a`, and their rows in both.

    Words whose vector has no direction in one of them are left out.

    Parameters
    ----------
    a, b : WordVectors
    restrict : int, optional
        Only the first so many.

    Raises
    ------
    InputError
        There are none, or `restrict` is below 1.
    """
    if restrict is not None and restrict < 1:
        raise InputError(f"restrict is {restrict}, but must be at least 1")
    words = list(a)
    there = b.vocabulary.words.find_all(words)
    rows = np.flatnonzero((there >= 0) & (a.norms > 0) & (b.norms[there] > 0))[:restrict]
    if not len(rows):
        raise InputError(
            f"the two have no word in common, of {len(a):,} and {len(b):,}: were they trained on the same kind of "
            "text, lowered in both or in neither?"
        )
    return [words[row] for row in rows.tolist()], rows, there[rows]


def _units(vectors: WordVectors, rows: NDArray[np.int64]) -> NDArray[Any]:
    return vectors.embeddings[rows] / vectors.norms[rows, None].astype(np.float64)
