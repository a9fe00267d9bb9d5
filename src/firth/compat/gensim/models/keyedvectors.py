"""``gensim.models.keyedvectors``: vectors of keys, also such as are composed of n-grams."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from firth.compat.gensim._vector_files import VectorFiles
from firth.errors import InputError, UnknownWordError
from firth.formats import VectorTable
from firth.subwords import Subwords

_log = logging.getLogger(__name__)


class KeyedVectors(VectorFiles):
    """Keys, such as words, with a vector each, and what one asks of them.

    Parameters
    ----------
    vector_size : int
        The length of a vector.
    count : int
        For how many keys room is made at the start.
    dtype : dtype
        Of the vectors.
    mapfile_path : str, optional
        Not offered: use ``KeyedVectors.load(path, mmap="r")``.

    Examples
    --------
    >>> vectors = KeyedVectors(2)
    >>> vectors.add_vectors(["north", "east", "south"], [[0, 1], [3, 4], [0, -1]])
    >>> vectors.most_similar("north", topn=1)
    [('east', 0.8)]
    >>> vectors.doesnt_match(["north", "east", "south"])
    'south'
    """

    @classmethod
    def of_table(cls, table: VectorTable, *, writable: bool = True) -> Self:
        """Return keyed vectors with what a table holds, of the class that suits it."""
        if cls is KeyedVectors and table.subwords is not None:
            composed: Any = FastTextKeyedVectors.of_table(table, writable=writable)
            return composed  # type: ignore[no-any-return]
        return super().of_table(table, writable=writable)

    def vectors_for_all(
        self, keys: Iterable[Any], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """Return the vectors of those of `keys` that have one, each once, as keyed vectors of their own.

        Parameters
        ----------
        keys : iterable
        allow_inference : bool
            Compose vectors of n-grams for keys without a row, where that is possible.
        copy_vecattrs : bool
            Take the attributes of the keys along.
        """
        known = self.__contains__ if allow_inference else self.has_index_for
        chosen = [key for key in dict.fromkeys(keys) if known(key)]
        vectors = KeyedVectors(self.vector_size, dtype=self.vectors.dtype)
        if chosen:
            vectors.add_vectors(chosen, np.stack([self.get_vector(key) for key in chosen]))
        if copy_vecattrs:
            rows = [self.key_to_index.get(key, -1) for key in chosen]
            for name, values in self.expandos.items():
                taken = values[rows]
                taken[np.array(rows, int) < 0] = 0
                vectors.expandos[name] = taken
        return vectors


class FastTextKeyedVectors(KeyedVectors):
    """Vectors that are composed of rows of n-grams, so that words never seen have one, too.

    Parameters
    ----------
    vector_size : int
        The length of a vector.
    min_n, max_n : int
        The shortest and the longest n-gram.
    bucket : int
        N-grams are hashed into so many rows.
    count, dtype
        See `KeyedVectors`.
    """

    def __init__(
        self,
        vector_size: int,
        min_n: int = 3,
        max_n: int = 6,
        bucket: int = 2_000_000,
        count: int = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(vector_size, count, dtype)
        self.min_n, self.max_n, self.bucket = min_n, max_n, bucket
        self.subwords: Subwords | None = None

    @classmethod
    def of_table(cls, table: VectorTable, *, writable: bool = True) -> Self:
        """Return keyed vectors with what a table holds.

        Raises
        ------
        InputError
            Its vectors are not composed of n-grams.
        """
        vectors = super().of_table(table, writable=writable)
        vectors.subwords = table.subwords
        if table.subwords is not None:
            parts = table.subwords
            vectors.min_n, vectors.max_n, vectors.bucket = parts.min_n, parts.max_n, parts.buckets
        return vectors

    def to_table(self) -> VectorTable:
        """Return the keys, the vectors, and what they are composed of as a table of `firth.formats`."""
        import dataclasses

        table = super().to_table()
        parts = self.subwords
        fits = parts is not None and parts.word_rows.shape == table.embeddings.shape
        return dataclasses.replace(table, subwords=parts) if fits else table

    def __contains__(self, key: object) -> bool:
        """Return whether there is a vector for `key`, if need be composed of n-grams that training has met."""
        if self.has_index_for(key):
            return True
        return isinstance(key, str) and self._composed(key) is not None

    def get_vector(self, word: Any, norm: bool = False) -> NDArray[Any]:
        """Return the vector of a word, composed of its n-grams where it has no row of its own.

        Raises
        ------
        KeyError
            It has no row, and none of its n-grams was met in training.
        """
        if not isinstance(word, str) or self.has_index_for(word):
            return super().get_vector(word, norm)
        vector = self._composed(word)
        if vector is None:
            raise UnknownWordError(word, reason="none of its n-grams was met in training")
        if norm:
            length = np.sqrt(np.square(vector, dtype=np.float64).sum())
            vector = vector / np.float32(length or 1)
        vector.flags.writeable = False
        return vector

    def get_sentence_vector(self, sentence: Sequence[str]) -> NDArray[np.float32]:
        """Return the mean of the vectors of the words of a sentence, each at length 1."""
        return self.get_mean_vector(sentence)

    def add_vectors(
        self,
        keys: Sequence[Any] | str,
        weights: ArrayLike,
        extras: dict[str, NDArray[Any]] | None = None,
        replace: bool = False,
    ) -> None:
        """Add keys with their vectors; they are not composed of n-grams, and saving keeps the whole vectors only."""
        if self.subwords is not None:
            _log.warning("with keys of their own these vectors are saved without n-grams")
        super().add_vectors(keys, weights, extras, replace)

    @property
    def vectors_vocab(self) -> NDArray[np.float32]:
        """The own rows of the words, shape (len(self), vector_size), read-only."""
        return self._parts().word_rows

    @property
    def vectors_ngrams(self) -> NDArray[np.float32]:
        """The rows of all buckets, shape (bucket, vector_size), made anew each time; those never met are zeros."""
        parts = self._parts()
        if parts.bucket_ids is None:
            return parts.bucket_rows
        rows = np.zeros((parts.buckets, self.vector_size), np.float32)
        rows[parts.bucket_ids] = parts.bucket_rows
        rows.flags.writeable = False
        return rows

    @property
    def buckets_word(self) -> list[NDArray[np.int32]]:
        """The buckets of the n-grams of each word."""
        from firth.subwords import ngram_buckets
        from firth.words import Words

        if self.max_n < max(self.min_n, 1):
            return [np.empty(0, np.int32) for _ in self.index_to_key]
        offsets, ids = ngram_buckets(
            Words.of(map(str, self.index_to_key)), self.min_n, self.max_n, self.bucket
        )
        return np.split(ids, offsets[1:-1])

    def adjust_vectors(self) -> None:
        """Compose the vectors of the words anew."""
        from firth.words import Words

        self.vectors = self._parts().known(Words.of(map(str, self.index_to_key)))
        self.norms = None

    def _reorder(self, order: NDArray[np.integer]) -> None:
        super()._reorder(order)
        if self.subwords is not None:
            self.subwords = self.subwords.take(order)

    def _parts(self) -> Subwords:
        if self.subwords is None:
            raise InputError(
                "these vectors have no rows of n-grams: train with max_n above min_n, or load such"
            )
        return self.subwords

    def _composed(self, word: str) -> NDArray[np.float32] | None:
        """Return the vector made of the n-grams of a word alone; None where none was met in training."""
        if self.subwords is None:
            return None
        try:
            vectors, n_found = self.subwords.unseen([word])
        except InputError:  # it cannot be written as UTF-8
            return None
        return vectors[0] if n_found[0] else None


Word2VecKeyedVectors = EuclideanKeyedVectors = KeyedVectors
load_word2vec_format = KeyedVectors.load_word2vec_format
