"""A sequence of words in two arrays: one block of UTF-8 with offsets.

Nothing here builds a dictionary before it is worth it, so that millions of words are mapped from a file and answer
their first question at once, by binary search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError

_Scalar = TypeVar("_Scalar", bound=np.generic)

_DICTIONARY_PAYS_FROM = 1_000
_ORDER_PAYS_FROM = 30
_FEW = 8


class Words(Sequence[str]):
    """An immutable sequence of strings that lies in two arrays.

    Parameters
    ----------
    text : ndarray of uint8, shape (n_bytes,)
        The UTF-8 of all words, one after the other, nothing between them.
    offsets : ndarray of int64, shape (n_words + 1,)
        Word ``i`` is ``text[offsets[i]:offsets[i + 1]]``.
    order : ndarray of int32, shape (n_words,), optional
        The words' positions, sorted by their bytes. Made on first use where it is not given.

    Raises
    ------
    FormatError
        The arrays do not fit together.
    """

    def __init__(
        self, text: NDArray[np.uint8], offsets: NDArray[np.int64], order: NDArray[np.int32] | None = None
    ) -> None:
        if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(text) or np.any(np.diff(offsets) < 0):
            raise FormatError(f"offsets of words must rise from 0 to {len(text)}, the length of the text")
        if order is not None and len(order) != len(offsets) - 1:
            raise FormatError(f"the order of {len(offsets) - 1} words has {len(order)} entries")
        self.text = read_only(text)
        self.offsets = read_only(offsets)
        self._given_order = order
        self._scans = 0

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        """Return the words of any iterable of strings.

        Raises
        ------
        InputError
            A word holds a lone surrogate, which UTF-8 cannot say.
        """
        encoded = []
        for word in words:
            try:
                encoded.append(word.encode())
            except UnicodeEncodeError as error:
                raise InputError(
                    f"the word {word!r:.60} cannot be written as UTF-8: {error.reason}"
                ) from error
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(word) for word in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets)

    def check_text(self) -> None:
        """Make sure that every word is UTF-8, for arrays that come from a file.

        Raises
        ------
        FormatError
            The whole is none, or a word starts inside a character.
        """
        try:
            self.text.tobytes().decode()
        except UnicodeDecodeError as error:
            raise FormatError(f"its words are not UTF-8: {error}") from error
        starts = self.offsets[:-1]
        starts = starts[starts < len(self.text)]
        if np.any((self.text[starts] & 0xC0) == 0x80):
            raise FormatError("a word starts in the middle of a character")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"word {index} of {len(self)}")
        return self._bytes(index % len(self)).decode()

    def __iter__(self) -> Iterator[str]:
        text, offsets = self.text.tobytes(), self.offsets.tolist()
        for start, end in pairwise(offsets):
            yield text[start:end].decode()

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.find(word) >= 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Words):
            return NotImplemented
        return np.array_equal(self.offsets, other.offsets) and np.array_equal(self.text, other.text)

    def __hash__(self) -> int:
        return hash((len(self), self.text[:64].tobytes()))

    def find(self, word: str) -> int:
        """Return the position of `word` (of the first, if it stands there twice), or -1.

        Binary search over the sorted words: about 20 steps for a million words and no set-up. Where they are not sorted
        yet, which takes some tenths of a second, the first few are looked for one by one, which takes a thousandth.
        """
        if "_positions" in self.__dict__:
            return self._positions.get(word, -1)
        try:
            wanted = word.encode()
        except UnicodeEncodeError:
            return -1
        if self._given_order is None and "_order" not in self.__dict__ and self._scans < _ORDER_PAYS_FROM:
            self._scans += 1
            return self._scan(wanted)
        place = self._bisect(self.order, wanted)
        if place < 0 and not self._given_order_holds:
            place = self._bisect(self._order, wanted)
        return place

    def _bisect(self, order: NDArray[np.int32], wanted: bytes) -> int:
        """Return the position of a word by the order of all, or -1."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._bytes(order[middle]) < wanted:
                low = middle + 1
            else:
                high = middle
        if low < len(self) and self._bytes(order[low]) == wanted:
            return int(order[low])
        return -1

    def _scan(self, wanted: bytes) -> int:
        """Return the position of a word, having looked at all that are as long."""
        found = np.flatnonzero(np.diff(self.offsets) == len(wanted))
        for place, byte in enumerate(wanted):
            if len(found) < _FEW:
                break
            found = found[self.text[self.offsets[found] + place] == byte]
        return next((index for index in found.tolist() if self._bytes(index) == wanted), -1)

    def find_all(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return the positions of `words`, shape (len(words),), with -1 where a word is not known."""
        if len(words) >= _DICTIONARY_PAYS_FROM:
            _ = self._positions
        return np.fromiter((self.find(word) for word in words), np.int64, len(words))

    def followed_by(self, others: Words) -> Words:
        """Return these words, and `others` behind them."""
        return Words(
            np.concatenate([self.text, others.text]),
            np.concatenate([self.offsets, others.offsets[1:] + self.offsets[-1]]),
        )

    def take(self, ids: NDArray[np.integer]) -> Words:
        """Return the words at the positions `ids`, in that order."""
        starts, lengths = self.offsets[ids], np.diff(self.offsets)[ids]
        offsets = np.zeros(len(ids) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        at = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Words(self.text[at], offsets)

    @property
    def order(self) -> NDArray[np.int32]:
        """The positions of the words, sorted by their bytes and then by position, shape (n_words,)."""
        return self._order if self._given_order is None else self._given_order

    @cached_property
    def _order(self) -> NDArray[np.int32]:
        text, offsets = self.text.tobytes(), self.offsets.tolist()
        encoded = [text[start:end] for start, end in pairwise(offsets)]
        return np.array(sorted(range(len(encoded)), key=encoded.__getitem__), np.int32)

    @cached_property
    def _given_order_holds(self) -> bool:
        """Whether the order that came with the words is theirs; of a damaged file it may not be.

        Asked when a word is not found for the first time, so that opening millions of words stays free.
        """
        return self._given_order is None or is_sorted(self.text, self.offsets, self._given_order)

    @cached_property
    def _positions(self) -> dict[str, int]:
        # Backwards, so that of two equal words the first stays.
        return dict(zip(reversed(list(self)), range(len(self) - 1, -1, -1), strict=True))

    def _bytes(self, index: int) -> bytes:
        return self.text[self.offsets[index] : self.offsets[index + 1]].tobytes()


def is_sorted(text: NDArray[np.uint8], offsets: NDArray[np.int64], order: NDArray[np.integer]) -> bool:
    """Return whether an order names each word once, sorted by their bytes and then by position.

    Parameters
    ----------
    text, offsets, order
        As of `Words`; `order` holds positions of words.
    """
    if not np.all(np.bincount(order, minlength=len(offsets) - 1) == 1):
        return False
    left, right, at = order[:-1], order[1:], 0
    while len(left):
        first, second = (_bytes_at(text, offsets, words, at) for words in (left, right))
        if np.any(first > second) or np.any(left[ended := (first == second) & (first < 0)] > right[ended]):
            return False
        tied = (first == second) & ~ended
        left, right, at = left[tied], right[tied], at + 1
    return True


def _bytes_at(
    text: NDArray[np.uint8], offsets: NDArray[np.int64], words: NDArray[np.integer], at: int
) -> NDArray[np.int16]:
    """Return the byte at a place of each of some words, -1 of those that end before it."""
    places = offsets[words] + at
    found = np.full(len(words), -1, np.int16)
    inside = places < offsets[words + 1]
    found[inside] = text[places[inside]]
    return found


def read_only(array: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """Return a view of an array that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view
