"""The table of all types met so far: the one thing that grows with a corpus."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from firth.errors import CorpusError
from firth.kernels.cpu import encoding
from firth.words import Words

_Scalar = TypeVar("_Scalar", bound=np.generic)

_MOST_TYPES = 2**31 - 2
_AT_ONCE = 1 << 20


class TypeTable:
    """Byte strings, numbered in the order in which they came, that are found by their bytes.

    Attributes
    ----------
    n_types : int
        How many there are.
    counts : ndarray of int64, shape (at least n_types,)
        Kept for the caller, who counts; entries from `n_types` on are 0.
    """

    def __init__(self) -> None:
        self.n_types = 0
        self.counts = np.zeros(1 << 12, np.int64)
        self._text = np.empty(1 << 16, np.uint8)
        self._offsets = np.zeros((1 << 12) + 1, np.int64)
        self._hashes = np.empty(1 << 12, np.uint64)
        self._slots = np.zeros(1 << 13, np.int32)

    def add(
        self,
        data: NDArray[np.uint8],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        hashes: NDArray[np.uint64],
    ) -> NDArray[np.int32]:
        """Return the types of the pieces ``data[starts[i]:ends[i]]``, shape (n_pieces,); new ones are entered.

        Raises
        ------
        CorpusError
            There are more types than an id can number.
        """
        self._make_room(len(starts), int((ends - starts).sum()))
        ids, self.n_types = encoding.add_types(
            data, starts, ends, hashes, self._slots, self._text, self._offsets, self._hashes, self.n_types
        )
        return ids  # type: ignore[no-any-return]

    def add_words(self, words: Words) -> NDArray[np.int32]:
        """Return the types of `words`, shape (len(words),); new ones are entered."""
        return self.add(*_pieces(words))

    def find_words(self, words: Words) -> NDArray[np.int32]:
        """Return the types of `words`, shape (len(words),), with -1 for those that are not there."""
        found = encoding.find_types(*_pieces(words), self._slots, self._text, self._offsets, self._hashes)
        return found  # type: ignore[no-any-return]

    def words(self, first: int = 0) -> Words:
        """Return the types from `first` on, in their order; a copy."""
        offsets = self._offsets[first : self.n_types + 1]
        return Words(self._text[offsets[0] : offsets[-1]].copy(), offsets - offsets[0])

    def keep(self, stays: NDArray[np.bool_]) -> None:
        """Let go of the types where `stays`, shape (n_types,), is false; number the others anew, in their order."""
        lengths = np.diff(self._offsets[: self.n_types + 1])
        at, n_bytes = 0, int(lengths[stays].sum())
        text = np.empty(_power_of_two(max(n_bytes, 1)), np.uint8)
        for first in range(0, self.n_types, _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            begin, end = self._offsets[first], self._offsets[min(first + _AT_ONCE, self.n_types)]
            kept = self._text[begin:end][np.repeat(stays[some], lengths[some])]
            text[at : at + len(kept)] = kept
            at += len(kept)
        n_types = int(np.count_nonzero(stays))
        room = _power_of_two(max(n_types, 1))
        self._hashes = grown(self._hashes[: self.n_types][stays], room)
        self.counts = grown(self.counts[: self.n_types][stays], room)
        self._offsets = np.zeros(room + 1, np.int64)
        np.cumsum(lengths[stays], out=self._offsets[1 : n_types + 1])
        self._text, self.n_types = text, n_types
        self._slots = np.zeros(2 * room, np.int32)
        encoding.fill_slots(self._slots, self._hashes, n_types)

    def _make_room(self, n_types: int, n_bytes: int) -> None:
        """Grow, by doubling, until so many more types of so many bytes fit in."""
        wanted = self.n_types + n_types
        if wanted > _MOST_TYPES:
            raise CorpusError(
                f"the corpus holds more than {self.n_types:,} different tokens, but an id can number {_MOST_TYPES:,}: "
                "tokenize or lowercase the text so that tokens repeat"
            )
        if wanted > len(self._hashes):
            room = _power_of_two(wanted)
            self.counts = grown(self.counts, room)
            self._hashes = grown(self._hashes, room)
            self._offsets = grown(self._offsets, room + 1)
        text_wanted = int(self._offsets[self.n_types]) + n_bytes
        if text_wanted > len(self._text):
            self._text = grown(self._text, _power_of_two(text_wanted))
        if 2 * wanted > len(self._slots):
            self._slots = np.zeros(_power_of_two(2 * wanted), np.int32)
            encoding.fill_slots(self._slots, self._hashes, self.n_types)


def _pieces(
    words: Words,
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    # Copies, because a kernel is compiled anew for read-only arrays.
    text, starts, ends = words.text.copy(), words.offsets[:-1].copy(), words.offsets[1:].copy()
    return text, starts, ends, encoding.hash_pieces(text, starts, ends)


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()


def grown(array: NDArray[_Scalar], length: int) -> NDArray[_Scalar]:
    """Return a copy of `array` with zeros behind it, `length` long in all."""
    grown = np.zeros(length, array.dtype)
    grown[: len(array)] = array
    return grown
