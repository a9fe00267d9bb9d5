"""An approximate index of neighbors, whose recall is measured: for millions of vectors, or thousands of questions.

The graph is usearch's (hierarchical navigable small worlds, Malkov and Yashunin 2020). What it finds is weighed again
by the vectors themselves, so that every score is the exact cosine; all that an index can do is miss a neighbor.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError, MissingExtraError, OutputError
from firth.files import read_whole, replacing
from firth.vectors.search import Neighbor, cosines
from firth.vectors.word_vectors import WordVectors

_DTYPES = {"float32": "f32", "float16": "f16", "int8": "i8"}
_LIMITS = {
    "connectivity": (2, 512),
    "expansion_add": (1, 1 << 16),
    "expansion_search": (1, 1 << 16),
    "threads": (1, 4096),
}
_BLOCK_ROWS = 16_384
_LARGEST = 1 << 42
# A file is what usearch writes, then a JSON object, its length in 8 bytes, and this.
_MARK = b"firthix1"
_LOOKED_AT = 256


class NeighborIndex:
    """An approximate index over the vectors of a model; made by `build` or `load`.

    Searching takes time in proportion to the logarithm of the number of words instead of the number, and now and then
    misses a neighbor. `recall` measures how often.

    Parameters
    ----------
    vectors : WordVectors
        What is searched.
    index : usearch.index.Index
        Its keys are the rows of `vectors`.
    """

    def __init__(self, vectors: WordVectors, index: Any) -> None:
        self._vectors = vectors
        self._index = index

    @classmethod
    def build(
        cls,
        vectors: WordVectors,
        *,
        connectivity: int = 16,
        expansion_add: int = 128,
        expansion_search: int = 64,
        dtype: Literal["float32", "float16", "int8"] = "float32",
        threads: int = 1,
    ) -> NeighborIndex:
        """Build an index.

        Parameters
        ----------
        vectors : WordVectors
            What is searched. Words without a direction are left out, as they are nobody's neighbors.
        connectivity : int
            How many neighbors each word is linked with, 2 to 512; more take memory and find more.
        expansion_add : int
            How many candidates are looked at for each word that is added, 1 to 65,536; more take time now and find
            more later.
        expansion_search : int
            How many candidates are looked at for each question, 1 to 65,536; more take time then and find more.
        dtype : {"float32", "float16", "int8"}
            In what numbers the index holds the vectors; scores are exact with each.
        threads : int
            How many add words at once, 1 to 4096; with 1, the same vectors make the same index.

        Raises
        ------
        MissingExtraError
            usearch is not installed.
        InputError
            An option is out of its range.
        """
        options = {
            "connectivity": connectivity,
            "expansion_add": expansion_add,
            "expansion_search": expansion_search,
        }
        for name, value in {**options, "threads": threads}.items():
            least, most = _LIMITS[name]
            if not least <= value <= most:
                raise InputError(f"{name} is {value:,}, but must be between {least:,} and {most:,}")
        if dtype not in _DTYPES:
            raise InputError(f"dtype is {dtype!r:.60}, but must be one of {', '.join(map(repr, _DTYPES))}")
        index = _usearch().Index(ndim=vectors.dim, metric="cos", dtype=_DTYPES[dtype], **options)
        rows = np.flatnonzero(vectors.norms > 0)
        for start in range(0, len(rows), _BLOCK_ROWS):
            some = rows[start : start + _BLOCK_ROWS]
            index.add(
                some.astype(np.uint64),
                vectors.embeddings[some] / vectors.norms[some, None],
                threads=min(threads, len(some)),
            )
        return cls(vectors, index)

    @classmethod
    def load(cls, path: str | os.PathLike[str], vectors: WordVectors) -> NeighborIndex:
        """Load an index that `save` has written.

        Parameters
        ----------
        path : path
            The file.
        vectors : WordVectors
            The vectors that it was built over.

        Raises
        ------
        MissingExtraError
            usearch is not installed.
        FormatError
            The file cannot be read, is damaged or no index, or one over other vectors.
        """
        try:
            content = read_whole(path, _LARGEST)
        except (OSError, ValueError) as error:
            raise FormatError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
        graph, told = _parted(content, path)
        if told.get("vectors") != _fingerprint(vectors):
            raise FormatError(
                f"{path} is an index over other vectors than these {len(vectors):,} of {vectors.dim} dimensions: "
                "build it anew"
            )
        try:
            index = _usearch().Index.restore(graph, view=False)
            index.expansion_search = int(told["expansion_search"])
        except (ValueError, RuntimeError, TypeError, KeyError) as error:
            raise FormatError(
                f"{path} is no index that this usearch can read: {error}; build it anew"
            ) from error
        return cls(vectors, index)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the index to a file, whole or not at all. The vectors are not in it.

        Raises
        ------
        OutputError
            The file exists and `overwrite` is false, or it cannot be written.
        """
        if os.path.lexists(path) and not overwrite:
            raise OutputError(f"{path} exists already: choose another place, or overwrite it")
        graph = bytes(self._index.save())
        told = {
            "checksum": hashlib.blake2b(graph).hexdigest(),
            "vectors": _fingerprint(self._vectors),
            "expansion_search": int(self._index.expansion_search),
        }
        tail = json.dumps(told).encode()
        with replacing(path) as temporary, temporary.open("wb") as file:
            file.writelines((graph, tail, len(tail).to_bytes(8, "little"), _MARK))

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"<NeighborIndex: {len(self):,} words, {self._vectors.dim} dimensions>"

    # A str is a sequence of str as well, which the types cannot tell apart from a list of words.
    @overload
    def neighbors(self, query: str, k: int = ...) -> list[Neighbor]: ...  # type: ignore[overload-overlap]
    @overload
    def neighbors(self, query: Sequence[str], k: int = ...) -> list[list[Neighbor]]: ...
    @overload
    def neighbors(self, query: NDArray[Any], k: int = ...) -> list[Neighbor] | list[list[Neighbor]]: ...
    def neighbors(
        self, query: str | Sequence[str] | NDArray[Any], k: int = 10
    ) -> list[Neighbor] | list[list[Neighbor]]:
        """Return words whose vectors point nearly the same way, best first, as `WordVectors.neighbors` does.

        Parameters
        ----------
        query : str, sequence of str or ndarray, shape (dim,) or (n, dim)
            A word or a vector, or several of them. A word is not its own neighbor.
        k : int
            How many neighbors, at least 1.

        Returns
        -------
        list of Neighbor, or list of such lists where several were asked for
            Pairs of word and exact cosine; now and then one of the nearest words is missing.

        Raises
        ------
        UnknownWordError
            A word is not in the vocabulary, and there is nothing to compose its vector of.
        InputError
            `k` is below 1, a vector has another length, or has no direction.
        """
        if k < 1:
            raise InputError(f"k is {k}, but must be at least 1")
        directions, excluded, alone = self._vectors.directions_of(query)
        count = min(k + 1, len(self))  # the word itself is among them
        found = []
        for direction, own in zip(directions, excluded, strict=True):
            unit = direction / np.sqrt(np.square(direction).sum())
            near = self._index.search(unit.astype(np.float32), count, threads=1).keys if count else []
            found.append(self._weighed(direction, np.setdiff1d(np.asarray(near, np.int64), own), k))
        return found[0] if alone else found

    def recall(self, k: int = 10, *, queries: int = 1_000, seed: int = 1) -> float:
        """Measure which share of the true neighbors the index finds, 0 to 1; NaN where there are none.

        The `k` nearest neighbors of words that are drawn are sought exactly and by the index (recall as in Aumüller,
        Bernhardsson and Faithfull 2020).

        Parameters
        ----------
        k : int
            How many neighbors of each word, at least 1.
        queries : int
            How many words are drawn, at least 1; all where there are fewer.
        seed : int
            Of the draw, at least 0.

        Raises
        ------
        InputError
            An option is out of its range.
        """
        for name, value, least in (("k", k, 1), ("queries", queries, 1), ("seed", seed, 0)):
            if value < least:
                raise InputError(f"{name} is {value}, but must be at least {least}")
        rows = np.flatnonzero(self._vectors.norms > 0)
        drawn = np.random.default_rng(seed).permutation(rows)[:queries]
        words = [self._vectors.vocabulary.words[row] for row in drawn.tolist()]
        exact, approximate = self._vectors.neighbors(words, k), self.neighbors(words, k)
        there = sum(len(true) for true in exact)
        hits = sum(
            len({word for word, _ in true} & {word for word, _ in found})
            for true, found in zip(exact, approximate, strict=True)
        )
        return hits / there if there else float("nan")

    def _weighed(self, direction: NDArray[np.float64], rows: NDArray[np.int64], k: int) -> list[Neighbor]:
        """Return the `k` best of some rows by their exact cosines; equal ones in the order of rows."""
        scores = cosines(self._vectors.embeddings[rows].astype(np.float64), direction)
        best = np.lexsort((rows, -scores))[:k]
        words = self._vectors.vocabulary.words
        return [Neighbor(words[int(rows[i])], float(scores[i])) for i in best]


def _usearch() -> Any:
    """Return the module of usearch.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return importlib.import_module("usearch.index")
    except ImportError as error:
        raise MissingExtraError(
            "an approximate index needs usearch, which is not installed: pip install 'firth[index]'"
        ) from error


def _parted(content: bytes, path: str | os.PathLike[str]) -> tuple[bytes, dict[str, Any]]:
    """Return the graph and what is told of it; refuse a damaged file, which usearch would follow anywhere."""
    if content[-len(_MARK) :] != _MARK:
        raise FormatError(f"{path} is no index that firth has written, or it is truncated: build it anew")
    end = len(content) - len(_MARK) - 8
    length = int.from_bytes(content[max(end, 0) : -len(_MARK)], "little")
    try:
        told = json.loads(content[end - length : end]) if 0 < length <= end else None
    except (ValueError, RecursionError):
        told = None
    graph = content[: max(end - length, 0)]
    if not isinstance(told, dict) or told.get("checksum") != hashlib.blake2b(graph).hexdigest():
        raise FormatError(f"{path} is damaged: its checksum does not fit; build the index anew")
    return graph, told


def _fingerprint(vectors: WordVectors) -> str:
    """Return a hash of some words and their vectors, which tells models apart without reading all of them."""
    rows = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), _LOOKED_AT)).astype(np.int64))
    parts = [f"{len(vectors)} {vectors.dim}".encode(), vectors.embeddings[rows].tobytes()]
    parts += [vectors.vocabulary.words[row].encode("utf-8", "surrogatepass") for row in rows.tolist()]
    return hashlib.blake2b(b"\0".join(parts)).hexdigest()
