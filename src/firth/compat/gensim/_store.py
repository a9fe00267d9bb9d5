"""Keys and their vectors, which can be added to and changed: what everything else of `KeyedVectors` asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from firth.compat.gensim._old_names import OldVectorNames
from firth.errors import InputError, UnknownWordError
from firth.vectors.search import row_norms


class VectorStore(OldVectorNames):
    """Keys with a vector each and what else is known of them.

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

    Attributes
    ----------
    index_to_key : list
        The keys in the order of the rows.
    key_to_index : dict
        The row of each key.
    vectors : ndarray, shape (len(self), vector_size)
        The matrix; it may be written to, and then `fill_norms` must be called with ``force=True``.
    expandos : dict of str to ndarray
        What `set_vecattr` has set, for each row.
    norms : ndarray of float32, optional
        The length of each vector, where it is known.
    vectors_lockf : ndarray
        How far each row is trained: all 1, as firth trains all rows; a model with anything else is not trained.
    """

    def __init__(
        self,
        vector_size: int,
        count: int = 0,
        dtype: DTypeLike = np.float32,
        mapfile_path: str | None = None,
    ) -> None:
        if mapfile_path is not None:
            raise InputError("mapfile_path is not offered: load saved vectors with mmap='r' to map them")
        self.vector_size = int(vector_size)
        self.index_to_key: list[Any] = [None] * count
        self.key_to_index: dict[Any, int] = {}
        self.vectors: NDArray[Any] = np.zeros((count, self.vector_size), dtype)
        self.expandos: dict[str, NDArray[Any]] = {}
        self.norms: NDArray[np.float32] | None = None
        self.next_index = 0
        self.vectors_lockf: Any = np.ones(1, np.float32)

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __str__(self) -> str:
        return f"{type(self).__name__}<vector_size={self.vector_size}, {len(self)} keys>"

    __repr__ = __str__

    def __contains__(self, key: object) -> bool:
        """Return whether there is a vector for `key`."""
        return self.has_index_for(key)

    def has_index_for(self, key: object) -> bool:
        """Return whether `key` has a row of its own."""
        try:
            return key in self.key_to_index
        except TypeError:  # a vector, for example, which cannot be hashed
            return False

    def get_index(self, key: Any, default: int | None = None) -> int:
        """Return the row of `key`; a number that is no key stands for itself.

        Raises
        ------
        KeyError
            There is no such key, and no default.
        """
        if self.has_index_for(key):
            return self.key_to_index[key]
        if isinstance(key, Integral) and 0 <= int(key) < len(self):
            return int(key)
        if default is not None:
            return default
        raise self._unknown(key)

    def __getitem__(self, key_or_keys: Any) -> NDArray[Any]:
        """Return the vector of a key, or those of several as a matrix.

        Raises
        ------
        KeyError
            A key is not there.
        """
        if isinstance(key_or_keys, (str, Integral)) or self.has_index_for(key_or_keys):
            return self.get_vector(key_or_keys)
        return np.vstack([self.get_vector(key) for key in key_or_keys])

    def __setitem__(self, keys: Any, weights: ArrayLike) -> None:
        """Set the vector of a key, or of several; those that are there already are replaced."""
        alone = isinstance(keys, (str, Integral)) or not isinstance(keys, Iterable)
        self.add_vectors(
            [keys] if alone else list(keys),
            np.atleast_2d(np.asarray(weights, self.vectors.dtype)),
            replace=True,
        )

    def get_vector(self, key: Any, norm: bool = False) -> NDArray[Any]:
        """Return the vector of a key, read-only, shape (vector_size,); at length 1 with `norm`.

        Raises
        ------
        KeyError
            The key is not there.
        """
        row = self.get_index(key)
        vector: NDArray[Any] = self.vectors[row]
        if norm:
            vector = vector / (self._norms()[row] or np.float32(1))
        vector.flags.writeable = False
        return vector

    def get_mean_vector(
        self,
        keys: Sequence[Any] | NDArray[Any],
        weights: ArrayLike | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> NDArray[np.float32]:
        """Return the weighted mean of vectors, shape (vector_size,).

        Parameters
        ----------
        keys : sequence
            Keys, or vectors themselves.
        weights : array_like of float, optional
            One for each key, 1 where it is not given; the sum is divided by the sum of their sizes.
        pre_normalize, post_normalize : bool
            Bring the vector of each key, or the mean, to length 1; vectors that are given count as they are.
        ignore_missing : bool
            Leave keys out that are not there.

        Raises
        ------
        ValueError
            There are no keys, or not as many weights.
        KeyError
            A key is missing and shall not be.
        """
        given = list(keys)
        if not given:
            raise InputError("cannot compute the mean of no vectors: give at least one key")
        factors = np.ones(len(given)) if weights is None else np.asarray(weights, np.float64)
        if len(factors) != len(given):
            raise InputError(f"{len(given)} keys are given, but {len(factors)} weights: give one for each")
        total, size = np.zeros(self.vector_size), 0.0
        for key, factor in zip(given, factors.tolist(), strict=True):
            if isinstance(key, np.ndarray):
                total += factor * np.asarray(key, np.float64)
                size += abs(factor)
                continue
            if key in self:
                vector = self.get_vector(key).astype(np.float64)
            elif isinstance(key, Integral) and 0 <= int(key) < len(self):
                vector = self.vectors[int(key)].astype(np.float64)
            elif ignore_missing:
                continue
            else:
                raise self._unknown(key)
            total += factor * (_unit(vector) if pre_normalize else vector)
            size += abs(factor)
        mean = total / size if size else total
        return (_unit(mean) if post_normalize else mean).astype(np.float32)

    def fill_norms(self, force: bool = False) -> None:
        """Compute the length of each vector, if it is not known or `force` says that vectors have changed."""
        if self.norms is None or force or len(self.norms) != len(self):
            self.norms = row_norms(self.vectors)

    def _norms(self) -> NDArray[np.float32]:
        self.fill_norms()
        assert self.norms is not None  # noqa: S101 (they were just filled)
        return self.norms

    def get_normed_vectors(self) -> NDArray[Any]:
        """Return a copy of the vectors at length 1, shape (len(self), vector_size)."""
        norms = self._norms()
        return self.vectors / np.where(norms == 0, np.float32(1), norms)[:, None]

    def unit_normalize_all(self) -> None:
        """Bring all vectors to length 1, for good."""
        self.vectors = self.get_normed_vectors()
        self.fill_norms(force=True)

    def add_vector(self, key: Any, vector: ArrayLike) -> int:
        """Add a key with its vector and return its row."""
        self.add_vectors([key], np.asarray(vector, self.vectors.dtype)[None])
        return self.get_index(key)

    def add_vectors(
        self,
        keys: Sequence[Any] | str,
        weights: ArrayLike,
        extras: dict[str, NDArray[Any]] | None = None,
        replace: bool = False,
    ) -> None:
        """Add keys with their vectors.

        Parameters
        ----------
        keys : sequence
        weights : array_like, shape (len(keys), vector_size)
        extras : dict of str to ndarray, optional
            Further attributes, a value for each key.
        replace : bool
            Take the new vector for a key that is there already; otherwise it keeps its own.
        """
        listed = [keys] if isinstance(keys, (str, Integral)) else list(keys)
        rows = np.atleast_2d(np.asarray(weights, self.vectors.dtype))
        if rows.shape != (len(listed), self.vector_size):
            raise InputError(
                f"the vectors have the shape {rows.shape}, but {len(listed)} keys need ({len(listed)}, "
                f"{self.vector_size})"
            )
        first_at = {key: at for at, key in reversed(list(enumerate(listed)))}
        new = [
            at
            for key, at in sorted(first_at.items(), key=lambda pair: pair[1])
            if key not in self.key_to_index
        ]
        values = {name: np.asarray(extra) for name, extra in (extras or {}).items()}
        for name, extra in values.items():
            if name not in self.expandos:
                self.expandos[name] = np.zeros(len(self), extra.dtype)
        self._make_room([listed[at] for at in new], rows[new])
        chosen = [at for at, key in enumerate(listed) if replace or at in set(new)]
        where = [self.key_to_index[listed[at]] for at in chosen]
        if replace and where:
            self.vectors[where] = rows[chosen]
        for name, extra in values.items():
            self.expandos[name][where] = extra[chosen]
        self.norms = None

    def _make_room(self, keys: list[Any], rows: NDArray[Any]) -> None:
        """Put new keys into the room that is left, or behind the others."""
        free = len(self.index_to_key) - self.next_index
        for number, key in enumerate(keys):
            if number < free:
                self.index_to_key[self.next_index] = key
                self.vectors[self.next_index] = rows[number]
            else:
                self.index_to_key.append(key)
            self.key_to_index[key] = self.next_index
            self.next_index += 1
        behind = rows[free:] if free > 0 else rows
        if len(behind):
            self.vectors = np.concatenate([self.vectors, behind])
            for name, values in self.expandos.items():
                self.expandos[name] = np.concatenate([values, np.zeros(len(behind), values.dtype)])

    def allocate_vecattrs(
        self, attrs: Sequence[str] | None = None, types: Sequence[Any] | None = None
    ) -> None:
        """Make sure that attributes of these names and types have a value for each row."""
        for name, kind in zip(attrs or (), types or (), strict=True):
            values = np.zeros(len(self), kind)
            old = self.expandos.get(name)
            if old is not None:
                values[: len(old)] = old[: len(self)]
            self.expandos[name] = values

    def set_vecattr(self, key: Any, attr: str, val: Any) -> None:
        """Set an attribute of a key."""
        if attr not in self.expandos:
            kind: Any = type(val) if isinstance(val, (int, float, bool)) else object
            self.expandos[attr] = np.zeros(len(self), np.int64 if kind is int else kind)
        self.expandos[attr][self.get_index(key)] = val

    def get_vecattr(self, key: Any, attr: str) -> Any:
        """Return an attribute of a key, such as its ``"count"``.

        Raises
        ------
        KeyError
            There is no such key or attribute.
        """
        if attr not in self.expandos:
            raise KeyError(f"no attribute {attr!r} is set: there are {', '.join(self.expandos) or 'none'}")
        return self.expandos[attr][self.get_index(key)]

    def resize_vectors(self, seed: int = 0) -> None:
        """Make the matrix as long as the list of keys; new rows are drawn at random."""
        missing = len(self.index_to_key) - len(self.vectors)
        if missing > 0:
            numbers = np.random.default_rng(seed).random((missing, self.vector_size), np.float32)
            rows = (2 * numbers - 1) / np.float32(self.vector_size)
            self.vectors = np.concatenate([self.vectors, rows.astype(self.vectors.dtype)])
        self.vectors = self.vectors[: len(self.index_to_key)]
        self.norms = None

    def sort_by_descending_frequency(self) -> None:
        """Put the most frequent keys first; equal ones keep their order. Without counts nothing is done."""
        counts = self.expandos.get("count")
        if counts is not None:
            self._reorder(np.argsort(-counts, kind="stable"))

    def _reorder(self, order: NDArray[np.integer]) -> None:
        self.index_to_key = [self.index_to_key[row] for row in order.tolist()]
        self.key_to_index = {key: row for row, key in enumerate(self.index_to_key)}
        self.vectors = self.vectors[order]
        self.expandos = {name: values[order] for name, values in self.expandos.items()}
        self.norms = None

    def _unknown(self, key: Any) -> KeyError:
        # Without suggestions, which take long: code for gensim asks for many words and passes over unknown ones.
        return UnknownWordError(key if isinstance(key, str) else repr(key))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.sqrt(np.square(vector).sum())
    return vector / length if length else vector
