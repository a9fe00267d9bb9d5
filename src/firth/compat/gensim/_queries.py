"""What keyed vectors answer: which are near, how near, and which do not fit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firth.compat.gensim._store import VectorStore
from firth.errors import InputError
from firth.vectors.search import search, search_combined

_log = logging.getLogger(__name__)

_COSMUL_EPSILON = 1e-6
Scored = list[tuple[Any, float]]


class Queries(VectorStore):
    """The questions of gensim's ``KeyedVectors``, answered by firth's exact search."""

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Any = None,
    ) -> Scored | NDArray[np.float32]:
        """Return the keys nearest to the mean of some vectors, best first, with their cosines.

        Parameters
        ----------
        positive, negative : key, vector, or list of these or of pairs (key or vector, weight)
            Each counts 1 in the mean, or -1 (negative), or its weight, which counts as it is in both. Vectors of keys
            have length 1 there, others the length they have. Keys are not among the answers.
        topn : int, optional
            How many; None for the cosines with all vectors in place of answers.
        clip_start, clip_end : int
            Look at the rows from the first up to the second only.
        restrict_vocab : int, optional
            Look at so many of the first rows only.
        indexer : object, optional
            Answers in our place: its ``most_similar(vector, topn)`` is called.

        Raises
        ------
        KeyError
            A key is not there.
        ValueError
            Nothing is given, or the mean has no direction.
        """
        if isinstance(topn, Integral) and topn < 1:
            return []
        pairs = [*_weighted(positive, 1.0), *_weighted(negative, -1.0)]
        keys = [key for key, _ in pairs]
        mean = self.get_mean_vector(
            keys, [weight for _, weight in pairs], post_normalize=True, ignore_missing=False
        )
        if indexer is not None and topn is not None:
            answers: Scored = indexer.most_similar(mean, topn)
            return answers
        low, high = self._range(clip_start, clip_end, restrict_vocab)
        if topn is None:
            return self._cosines(mean)[low:high]
        if not mean.any():
            raise InputError("the mean of these vectors is zero: it has no direction and no neighbors")
        excluded = [row - low for row in self._rows_of(keys)]
        found = search(
            self.vectors[low:high], self._norms()[low:high], mean[None].astype(np.float64), topn, excluded=[excluded]
        )  # fmt: skip
        return [(self.index_to_key[low + row], score) for row, score in found[0]]

    def most_similar_cosmul(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Scored | NDArray[np.float32]:
        """Return the keys that are near to the positive and far from the negative ones by a product of cosines.

        Levy and Goldberg 2014, equation 5, which lets no single term decide. See `most_similar`; weights have no
        place in a product.

        Raises
        ------
        KeyError
            A key is not there.
        ValueError
            Nothing is given.
        """
        if isinstance(topn, Integral) and topn < 1:
            return []
        near, far = ([key for key, _ in _weighted(keys, 1.0)] for keys in (positive, negative))
        if not near and not far:
            raise InputError("nothing is given that answers could be near to: give at least one key")
        directions = np.stack([self.get_mean_vector([key], ignore_missing=False) for key in [*near, *far]])

        def combine(cosines: NDArray[Any]) -> NDArray[Any]:
            shifted = (1.0 + cosines) / 2.0
            products = shifted[: len(near)].prod(axis=0) / (
                shifted[len(near) :].prod(axis=0) + _COSMUL_EPSILON
            )
            return np.asarray(products)[None]

        limit = self._range(0, None, restrict_vocab)[1]
        if topn is None:
            cosines = np.stack([self._cosines(direction)[:limit] for direction in directions])
            scores: NDArray[np.float32] = combine(cosines.astype(np.float64))[0].astype(np.float32)
            return scores
        found = search_combined(
            self.vectors[:limit], self._norms()[:limit], directions.astype(np.float64), topn,
            excluded=[self._rows_of([*near, *far])], combine=combine,
        )  # fmt: skip
        return [(self.index_to_key[row], score) for row, score in found[0]]

    def similar_by_key(
        self, key: Any, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Scored | NDArray[np.float32]:
        """Return the keys nearest to a key; see `most_similar`."""
        return self.most_similar(positive=[key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_word(
        self, word: Any, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Scored | NDArray[np.float32]:
        """Return the keys nearest to a key; see `most_similar`."""
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_vector(
        self, vector: ArrayLike, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Scored | NDArray[np.float32]:
        """Return the keys nearest to a vector; see `most_similar`."""
        return self.most_similar(positive=[np.asarray(vector)], topn=topn, restrict_vocab=restrict_vocab)

    def similarity(self, w1: Any, w2: Any) -> float:
        """Return the cosine of two keys."""
        return float(self.cosine_similarities(self.get_vector(w1), self.get_vector(w2)[None])[0])

    def distance(self, w1: Any, w2: Any) -> float:
        """Return 1 minus the cosine of two keys."""
        return 1.0 - self.similarity(w1, w2)

    def distances(self, word_or_vector: Any, other_words: Iterable[Any] = ()) -> NDArray[np.float32]:
        """Return 1 minus the cosines of a key or vector with other keys, or with all, in their order."""
        vector = word_or_vector if isinstance(word_or_vector, np.ndarray) else self.get_vector(word_or_vector)
        others = list(other_words)
        rows = self[others] if others else None
        cosines = self._cosines(vector) if rows is None else self.cosine_similarities(vector, rows)
        return np.asarray(1.0 - cosines, np.float32)

    def n_similarity(self, ws1: Sequence[Any], ws2: Sequence[Any]) -> float:
        """Return the cosine of the means of two sets of keys; unknown ones are left out.

        Raises
        ------
        ZeroDivisionError
            One of them is empty.
        """
        if not (len(ws1) and len(ws2)):
            raise ZeroDivisionError("one of the two lists of words is empty: give at least one word in each")
        means = [
            self.get_mean_vector(words, pre_normalize=False, post_normalize=True) for words in (ws1, ws2)
        ]
        return float(means[0].astype(np.float64) @ means[1])

    def doesnt_match(self, words: Iterable[Any]) -> Any:
        """Return the key that is least near to the mean of them all; unknown ones are left out.

        Raises
        ------
        ValueError
            None of them is known.
        """
        return self.rank_by_centrality(words)[-1][1]

    def rank_by_centrality(self, words: Iterable[Any], use_norm: bool = True) -> list[tuple[float, Any]]:
        """Return keys with their closeness to the mean of them all, the nearest first; unknown ones are left out.

        Raises
        ------
        ValueError
            None of them is known.
        """
        given = list(words)
        known = [word for word in given if word in self]
        if len(known) < len(given):
            _log.warning("left out are words without vectors: %s", set(given) - set(known))
        if not known:
            raise InputError("none of the words has a vector: give at least one that is known")
        vectors = np.stack([self.get_vector(word, norm=use_norm) for word in known])
        mean = self.get_mean_vector(list(vectors), pre_normalize=False, post_normalize=use_norm)
        scores = vectors.astype(np.float64) @ mean
        return sorted(zip(scores.tolist(), known, strict=True), reverse=True)

    def most_similar_to_given(self, key1: Any, keys_list: Sequence[Any]) -> Any:
        """Return which of some keys is nearest to another."""
        return keys_list[int(np.argmax([self.similarity(key1, key) for key in keys_list]))]

    def closer_than(self, key1: Any, key2: Any) -> list[Any]:
        """Return the keys that are nearer to the first than the second is."""
        distances = self.distances(key1)
        own, limit = self.get_index(key1), distances[self.get_index(key2)]
        nearer = np.flatnonzero(distances < limit)
        return [self.index_to_key[row] for row in nearer.tolist() if row != own]

    def rank(self, key1: Any, key2: Any) -> int:
        """Return at which place the second key is among those near to the first, from 1."""
        return len(self.closer_than(key1, key2)) + 1

    def relative_cosine_similarity(self, wa: Any, wb: Any, topn: int = 10) -> float:
        """Return the cosine of two keys as a share of those of the `topn` nearest (Leeuwenberg et al. 2016)."""
        nearest = self.similar_by_key(wa, topn)
        return self.similarity(wa, wb) / sum(score for _, score in nearest)

    def wmdistance(self, document1: Iterable[Any], document2: Iterable[Any], norm: bool = True) -> float:
        """Return the Word Mover's Distance of two documents (Kusner et al. 2015), as tokens.

        What it costs, at least, to move the words of one to those of the other, each by the Euclidean distance of
        their vectors, of length 1 with `norm`. Words without vectors are left out; infinity if none is left.
        """
        from firth.compat.gensim._transport import cheapest_transport

        sides = []
        for document in (document1, document2):
            counts: dict[Any, int] = {}
            for word in document:
                if word in self:
                    counts[word] = counts.get(word, 0) + 1
            if not counts:
                return float("inf")
            points = np.stack([self.get_vector(word, norm=norm) for word in counts]).astype(np.float64)
            masses = np.array(list(counts.values()), np.float64)
            sides.append((points, masses / masses.sum()))
        (first, shares), (second, others) = sides
        costs = np.sqrt(np.square(first[:, None] - second[None]).sum(axis=-1))
        return cheapest_transport(costs, shares, others)

    @staticmethod
    def cosine_similarities(vector_1: ArrayLike, vectors_all: ArrayLike) -> NDArray[np.float64]:
        """Return the cosines of a vector, shape (dim,), with the rows of a matrix; 0 where one has no direction."""
        vector, rows = np.asarray(vector_1, np.float64), np.asarray(vectors_all, np.float64)
        lengths = np.sqrt(np.square(rows).sum(axis=1)) * np.sqrt(np.square(vector).sum())
        cosines: NDArray[np.float64] = np.divide(
            rows @ vector, lengths, out=np.zeros(len(rows)), where=lengths > 0
        )
        return cosines

    def _cosines(self, vector: NDArray[Any]) -> NDArray[np.float32]:
        """Return the cosine of each row with a vector; 0 where one has no direction."""
        length = np.sqrt(np.square(vector, dtype=np.float64).sum())
        lengths = self._norms() * np.float32(length)
        products = self.vectors @ np.asarray(vector, self.vectors.dtype)
        zeros = np.zeros(len(products), np.float32)
        cosines: NDArray[np.float32] = np.divide(
            products, lengths, out=zeros, where=lengths > 0, casting="same_kind"
        )
        return cosines

    def _range(self, start: int, end: int | None, restrict: int | None) -> tuple[int, int]:
        if restrict:
            start, end = 0, restrict
        low, high, _ = slice(start, end or None).indices(len(self))
        return low, high

    def _rows_of(self, keys: Iterable[Any]) -> list[int]:
        """Return the rows of those keys that have one."""
        return [
            self.get_index(key)
            for key in keys
            if not isinstance(key, np.ndarray) and (self.has_index_for(key) or isinstance(key, Integral))
        ]


def _weighted(given: Any, sign: float) -> list[tuple[Any, float]]:
    """Return keys or vectors with their weights, however they are given."""
    if given is None:
        return []
    alone = isinstance(given, (str, Integral)) or (isinstance(given, np.ndarray) and given.ndim == 1)
    items = [given] if alone else list(given)
    pairs = []
    for item in items:
        paired = isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Real)
        key = item[0] if paired else item
        pairs.append((key, float(item[1]) if paired else sign))
    return pairs
