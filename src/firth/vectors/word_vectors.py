"""Word vectors: what a trained model or a file of vectors answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.formats import VectorTable
from firth.subwords import Subwords
from firth.vectors.exchange import Exchange
from firth.vectors.lookup import look_up, strings, with_direction
from firth.vectors.search import Neighbor, cosines, row_norms, search, search_combined
from firth.vocabulary import Vocabulary

# Levy and Goldberg (2014) keep the denominator of 3CosMul from zero with it.
_COSMUL_EPSILON = 0.001


class WordVectors(Exchange):
    """Words and their vectors; immutable.

    Where the vectors are composed of n-grams (`subwords`), every method that takes a word also takes one that the
    vocabulary does not hold: its vector is the mean of the rows of its n-grams. ``word in vectors`` still says
    whether the vocabulary holds it.

    Parameters
    ----------
    table : VectorTable
        The words, the matrix and what else a file or a training run knows.

    Examples
    --------
    >>> import numpy as np
    >>> from firth.formats import VectorTable
    >>> rows = np.array([[0, 1], [0, -1], [-1, 0]], np.float32)
    >>> vectors = WordVectors(VectorTable(Vocabulary(["up", "down", "left"]), rows))
    >>> vectors["left"]
    array([-1.,  0.], dtype=float32)
    >>> vectors.neighbors("up", k=1)
    [Neighbor(word='left', score=0.0)]
    >>> vectors.similarity("up", "down")
    -1.0
    """

    def __init__(self, table: VectorTable) -> None:
        super().__init__(table)
        self._embeddings = table.embeddings.view()
        self._embeddings.flags.writeable = False

    @property
    def vocabulary(self) -> Vocabulary:
        """The words in the order of the rows, with their counts where they are known."""
        return self._table.vocabulary

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """The matrix, read-only, shape (len(self), dim); a memory map where it was loaded so."""
        return self._embeddings

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return int(self._embeddings.shape[1])

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the file or the training run knows beyond words and vectors: settings, history."""
        return self._table.metadata

    @property
    def state(self) -> Mapping[str, NDArray[Any]]:
        """What else training keeps with the vectors to go on: the position weights of CBOW, for example."""
        return self._table.state

    @property
    def subwords(self) -> Subwords | None:
        """What the vectors are composed of, or None where they belong to whole words."""
        return self._table.subwords

    @property
    def output_vectors(self) -> WordVectors | None:
        """The same words as contexts (the output embeddings), or None where they were not kept."""
        return self._output_vectors

    @cached_property
    def _output_vectors(self) -> WordVectors | None:
        if self._table.output_embeddings is None:
            return None
        return WordVectors(
            VectorTable(self.vocabulary, self._table.output_embeddings, metadata=self._table.metadata)
        )

    @cached_property
    def norms(self) -> NDArray[np.float32]:
        """The length of each vector, shape (len(self),); 0 for one of zeros, with NaN or infinity."""
        norms = row_norms(self._embeddings)
        norms.flags.writeable = False
        return norms

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __iter__(self) -> Iterator[str]:
        return iter(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        """Return whether the vocabulary holds `word`; also without it, a vector may be composed of n-grams."""
        return word in self.vocabulary

    def __repr__(self) -> str:
        total = self.vocabulary.total
        trained = "" if total is None else f", trained on {total:,} tokens"
        parts = self.subwords
        composed = "" if parts is None else f", n-grams of {parts.min_n} to {parts.max_n} characters"
        return f"<WordVectors: {len(self):,} words, {self.dim} dimensions{composed}{trained}>"

    def __getitem__(self, words: str | Sequence[str]) -> NDArray[np.float32]:
        """Return the vector of a word, shape (dim,), read-only; or those of several, shape (n, dim).

        Raises
        ------
        UnknownWordError
            A word is not in the vocabulary, and there is nothing to compose its vector of; the error suggests the
            nearest spellings.
        """
        if not isinstance(words, str):
            return look_up(self._table, strings(words)).vectors
        known = self.vocabulary.words.find(words)
        row: NDArray[np.float32] = (
            look_up(self._table, [words]).vectors[0] if known < 0 else self._embeddings[known]
        )
        row.flags.writeable = False
        return row

    def count(self, word: str) -> int:
        """Return how often `word` occurs in the text that the vectors were trained on.

        Raises
        ------
        UnknownWordError
            The word is not in the vocabulary.
        InputError
            The vectors came from a file that holds no counts.
        """
        row = self.vocabulary.id(word)
        if self.vocabulary.counts is None:
            raise InputError("these vectors came from a file without counts; the native format keeps them")
        return int(self.vocabulary.counts[row])

    def subset(self, words: Sequence[str]) -> WordVectors:
        """Return the vectors of `words` only, in that order, each word once.

        Subwords stay whole, so that words that are left out become unseen ones.

        Raises
        ------
        UnknownWordError
            A word is not in the vocabulary.
        InputError
            No word is given.
        """
        chosen = list(dict.fromkeys(strings(words)))
        if not chosen:
            raise InputError("a subset of no words holds nothing: give at least one word")
        rows = self.vocabulary.ids(chosen)
        counts = self.vocabulary.counts
        outputs = self._table.output_embeddings
        return WordVectors(
            VectorTable(
                Vocabulary(self.vocabulary.words.take(rows), None if counts is None else counts[rows]),
                self._embeddings[rows],
                None if outputs is None else outputs[rows],
                self._table.metadata,
                None if self.subwords is None else self.subwords.take(rows),
            )
        )

    # A str is a sequence of str as well, which the types cannot tell apart from a list of words.
    @overload
    def neighbors(  # type: ignore[overload-overlap]
        self, query: str, k: int = ..., *, restrict: int | None = ...
    ) -> list[Neighbor]: ...
    @overload
    def neighbors(
        self, query: Sequence[str], k: int = ..., *, restrict: int | None = ...
    ) -> list[list[Neighbor]]: ...
    @overload
    def neighbors(
        self, query: NDArray[Any], k: int = ..., *, restrict: int | None = ...
    ) -> list[Neighbor] | list[list[Neighbor]]: ...
    def neighbors(
        self, query: str | Sequence[str] | NDArray[Any], k: int = 10, *, restrict: int | None = None
    ) -> list[Neighbor] | list[list[Neighbor]]:
        """Return the words whose vectors point most nearly the same way, best first.

        Parameters
        ----------
        query : str, sequence of str or ndarray, shape (dim,) or (n, dim)
            A word or a vector, or several of them. A word is not its own neighbor.
        k : int
            How many neighbors, at least 1.
        restrict : int, optional
            Look only among the first so many words, which are the most frequent ones.

        Returns
        -------
        list of Neighbor, or list of such lists where several were asked for
            Pairs of word and cosine, -1 to 1. Equal cosines come in the order of the rows. Words
            without a direction (zeros, NaN) are nobody's neighbors.

        Raises
        ------
        UnknownWordError
            A word is not in the vocabulary, and there is nothing to compose its vector of.
        InputError
            `k` or `restrict` is below 1, a vector has another length, or has no direction.
        """
        directions, excluded, alone = self.directions_of(query)
        found = self._nearest(directions, excluded, k, restrict)
        return found[0] if alone else found

    def directions_of(
        self, query: str | Sequence[str] | NDArray[Any]
    ) -> tuple[NDArray[np.float64], list[list[int]], bool]:
        """Return what a query of `neighbors` asks for: for searches other than that one.

        Returns
        -------
        directions : ndarray of float64, shape (n, dim)
            Vectors of any length, each with a direction.
        excluded : list of list of int
            For each of them the rows that are no answers: that of the word itself, where the vocabulary holds it.
        alone : bool
            Whether one was asked for, and not several.

        Raises
        ------
        UnknownWordError
            A word is not in the vocabulary, and there is nothing to compose its vector of.
        InputError
            A vector has another length, or has no direction.
        """
        if isinstance(query, np.ndarray) and query.dtype.kind in "fiu":
            rows = np.atleast_2d(query)
            return with_direction(rows, [None] * len(rows), self.dim), [[]] * len(rows), query.ndim == 1
        words = [query] if isinstance(query, str) else strings(query)
        given = look_up(self._table, words)
        return with_direction(given.vectors, words), given.known(), isinstance(query, str)

    def analogy(
        self,
        a: str,
        b: str,
        c: str,
        k: int = 1,
        *,
        method: Literal["3cosadd", "3cosmul"] = "3cosadd",
        restrict: int | None = None,
    ) -> list[Neighbor]:
        """Return the words that are to `c` as `b` is to `a`, best first.

        Parameters
        ----------
        a, b, c : str
            ``analogy("man", "king", "woman")`` asks for the queen. None of the three is an answer.
        k : int
            How many answers, at least 1.
        method : {"3cosadd", "3cosmul"}
            How the three cosines are joined: as a sum (Mikolov et al. 2013) or as a product (Levy and
            Goldberg 2014, eq. 5), which lets no large term decide alone.
        restrict : int, optional
            Look only among the first so many words.

        Raises
        ------
        UnknownWordError
            A word is not in the vocabulary, and there is nothing to compose its vector of.
        InputError
            `k`, `method` or `restrict` is out of its range, or a vector has no direction.
        """
        words = [a, b, c]
        given = look_up(self._table, words)
        unit_a, unit_b, unit_c = _units(with_direction(given.vectors, words))
        excluded = [[row for row in given.rows.tolist() if row >= 0]]
        if method == "3cosadd":
            target = with_direction((unit_b - unit_a + unit_c)[None], [None])
            return self._nearest(target, excluded, k, restrict)[0]
        if method != "3cosmul":
            raise InputError(f"method is {method!r:.60}, but must be '3cosadd' or '3cosmul'")
        limit = self._limit(k, restrict)
        found = search_combined(
            self._embeddings[:limit],
            self.norms[:limit],
            np.stack([unit_a, unit_b, unit_c]),
            k,
            excluded=excluded,
            combine=_cosmul,
        )
        return self._named(found)[0]

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine of two words, -1 to 1; NaN where a vector has no direction.

        Raises
        ------
        UnknownWordError
            A word is not in the vocabulary.
        """
        first, second = self[[a, b]].astype(np.float64)
        return float(cosines(first[None], second)[0])

    def odd_one_out(self, words: Sequence[str]) -> str:
        """Return the word that fits the others least: whose cosine with their mean direction is smallest.

        Raises
        ------
        UnknownWordError
            A word is not in the vocabulary.
        InputError
            Fewer than three words are given, or a vector has no direction.
        """
        words = strings(words)
        if len(set(words)) < 3:
            raise InputError(f"{len(set(words))} different words are given, but at least 3 are needed")
        units = _units(with_direction(self[words], words))
        return words[int(np.argmin(units @ units.mean(axis=0)))]

    def _limit(self, k: int, restrict: int | None) -> int:
        for name, value in (("k", k), ("restrict", restrict)):
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}, but must be at least 1")
        return len(self) if restrict is None else min(restrict, len(self))

    def _nearest(
        self,
        directions: NDArray[np.float64],
        excluded: Sequence[Sequence[int]],
        k: int,
        restrict: int | None,
    ) -> list[list[Neighbor]]:
        limit = self._limit(k, restrict)
        found = search(
            self._embeddings[:limit],
            self.norms[:limit],
            directions,
            k,
            excluded=excluded,
        )
        return self._named(found)

    def _named(self, found: list[list[tuple[int, float]]]) -> list[list[Neighbor]]:
        words = self.vocabulary.words
        return [[Neighbor(words[row], score) for row, score in answers] for answers in found]


def _units(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    units: NDArray[np.float64] = rows / np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    return units


def _cosmul(cosines: NDArray[Any]) -> NDArray[Any]:
    a, b, c = (1.0 + cosines) / 2.0
    return np.asarray(b * c / (a + _COSMUL_EPSILON))[None]
