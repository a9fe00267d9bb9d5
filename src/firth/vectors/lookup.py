"""From words to vectors, composed of n-grams where the vocabulary does not hold a word and subwords are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError, UnknownWordError
from firth.formats import VectorTable
from firth.subwords import Subwords, ngrams
from firth.vocabulary import Vocabulary


class Found(NamedTuple):
    """What words were found as.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_words,)
        The row of each word in the vocabulary; -1 for one whose vector is composed.
    vectors : ndarray of float32, shape (n_words, dim)
        The vector of each word.
    """

    rows: NDArray[np.int64]
    vectors: NDArray[np.float32]

    def known(self) -> list[list[int]]:
        """Return for each word its row alone, or nothing where it has none."""
        return [[row] if row >= 0 else [] for row in self.rows.tolist()]


def look_up(table: VectorTable, words: Sequence[str]) -> Found:
    """Return the vectors of words, known or not.

    Raises
    ------
    UnknownWordError
        A word is not in the vocabulary, and there is nothing to compose its vector of; the error says why.
    """
    if table.subwords is None:
        rows = table.vocabulary.ids(words)
        return Found(rows, table.embeddings[rows])
    rows = table.vocabulary.words.find_all(words)
    unseen = np.flatnonzero(rows < 0)
    if not len(unseen):
        return Found(rows, table.embeddings[rows])
    vectors = np.empty((len(words), table.embeddings.shape[1]), np.float32)
    vectors[rows >= 0] = table.embeddings[rows[rows >= 0]]
    vectors[unseen] = _composed(table.subwords, table.vocabulary, [words[i] for i in unseen.tolist()])
    return Found(rows, vectors)


def strings(words: object) -> list[str]:
    """Return `words` as a list of str, or refuse it."""
    listed = list(words) if isinstance(words, (Sequence, np.ndarray)) and not isinstance(words, str) else None
    if listed is None or not all(isinstance(word, str) for word in listed):
        raise InputError(f"{words!r:.60} is given, but must be a sequence of words (str)")
    return listed


def with_direction(
    vectors: NDArray[Any], names: Sequence[str | None], dim: int | None = None
) -> NDArray[np.float64]:
    """Return `vectors` in float64; refuse those that have another dimension or no direction."""
    if vectors.ndim != 2 or (dim is not None and vectors.shape[1] != dim):
        raise InputError(f"a vector of shape {vectors.shape[1:]} is given, but must have {dim} numbers")
    rows = vectors.astype(np.float64)
    for bad in np.flatnonzero(~(np.isfinite(rows).all(axis=1) & rows.any(axis=1))):
        name = names[int(bad)]
        what = "the vector" if name is None else f"the vector of {name!r:.60}"
        raise InputError(f"{what} is all zeros or holds NaN, so that it has no direction and no neighbors")
    return rows


def _composed(subwords: Subwords, vocabulary: Vocabulary, words: Sequence[str]) -> NDArray[np.float32]:
    try:
        vectors, n_found = subwords.unseen(words)
    except InputError:
        word = next(word for word in words if not _is_utf8(word))
        raise UnknownWordError(word, reason="it cannot be written as UTF-8") from None
    if not n_found.all():
        word = words[int(np.argmin(n_found))]
        raise UnknownWordError(word, vocabulary.suggest(word), reason=_why(subwords, word))
    return vectors


def _why(subwords: Subwords, word: str) -> str:
    """Return why no vector can be composed for `word`."""
    if ngrams(word, subwords.min_n, subwords.max_n):
        return "none of its n-grams was met in training" + (" or kept" if subwords.pruned else "")
    return f"it has no n-grams of {subwords.min_n} to {subwords.max_n} characters to compose a vector of"


def _is_utf8(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True
