"""A file of fastText as a source of numbers, arrays and words.

Every number that says how much follows is held against the size of the file before memory is asked for. All
numbers are little-endian, and nothing is aligned.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError
from firth.formats import stream

_CHUNK = 1 << 24
_ENTRY = struct.Struct("<qb")
_SHORTEST_ENTRY = 2 + _ENTRY.size  # one letter and its end


class Source:
    """A file that is read once, from its start to its end, and never beyond.

    Parameters
    ----------
    path : Path
        For messages, and for the size.
    file : BinaryIO
        The content, at its start.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = cast(io.BufferedIOBase, file)
        self._left = stream.size_limit(path, 0)
        self._passed = 0

    def numbers(self, layout: str, what: str) -> tuple[Any, ...]:
        """Return numbers laid out as `struct` says."""
        size = struct.calcsize("<" + layout)
        content = self._file.read(size)
        self._pass(size)
        if len(content) < size:
            raise self.truncated(what)
        return struct.unpack("<" + layout, content)

    def flag(self, what: str) -> bool:
        """Return a truth value, which is one byte, 0 or 1."""
        (value,) = self.numbers("B", what)
        if value > 1:
            raise self.damaged(f"{what} is {value}, but must be 0 or 1")
        return bool(value)

    def array(self, shape: tuple[int, ...], dtype: str, what: str) -> NDArray[Any]:
        """Return an array, after making sure that the file can hold it."""
        self.promise(np.dtype(dtype).itemsize, shape, what)
        values = np.empty(shape, dtype)
        target = values.reshape(-1).view(np.uint8).data
        for start in range(0, len(target), _CHUNK):
            part = target[start : start + _CHUNK]
            if self._file.readinto(part) != len(part):
                raise self.truncated(what)
        self._pass(values.nbytes)
        return values

    def skip(self, shape: tuple[int, ...], itemsize: int, what: str) -> None:
        """Pass over an array that is not wanted."""
        left = self.promise(itemsize, shape, what)
        self._pass(left)
        while left:
            passed = len(self._file.read(min(left, _CHUNK)))
            if not passed:
                raise self.truncated(what)
            left -= passed

    def promise(self, itemsize: int, shape: tuple[int, ...], what: str) -> int:
        """Return the size of an array in bytes; refuse one that the file cannot hold.

        Raises
        ------
        FormatError
            A length is negative, or the array is longer than what is left of the file.
        """
        needed = itemsize
        for length in shape:
            needed *= length
        self._left = min(self._left, stream.size_limit(self.path, self._passed + needed) - self._passed)
        if min(shape) < 0 or needed > self._left:
            of = " x ".join(f"{length:,}" for length in shape)
            raise FormatError(
                f"{self.path} promises {of} numbers for {what}, which take {needed:,} bytes, but only "
                f"{max(self._left, 0):,} can follow: it is truncated or damaged"
            )
        return needed

    def _pass(self, n_bytes: int) -> None:
        self._passed += n_bytes
        self._left -= n_bytes

    def entries(self, n_entries: int) -> list[tuple[bytes, int, int]]:
        """Return the entries of the dictionary: word, count and kind."""
        self.promise(_SHORTEST_ENTRY, (n_entries,), "the dictionary")
        entries: list[tuple[bytes, int, int]] = []
        buffer, at = b"", 0
        while len(entries) < n_entries:
            end = buffer.find(b"\0", at, at + stream.LONGEST_WORD)
            behind = end + 1 + _ENTRY.size
            if end >= 0 and behind <= len(buffer):
                count, kind = _ENTRY.unpack_from(buffer, end + 1)
                entries.append((buffer[at:end], count, kind))
                at = behind
                continue
            if end < 0 and len(buffer) - at >= stream.LONGEST_WORD:
                raise self.damaged(
                    f"entry {len(entries) + 1:,} of the dictionary has no end within {stream.LONGEST_WORD:,} bytes"
                )
            # No more than belongs to the dictionary for sure: the rest of this entry, the others as short as can be.
            this = 1 + _ENTRY.size if end < 0 else behind - len(buffer)
            surely = this + (n_entries - len(entries) - 1) * _SHORTEST_ENTRY
            more = self._file.read(min(surely, _CHUNK))
            if not more:
                raise self.truncated(f"entry {len(entries) + 1:,} of {n_entries:,} of the dictionary")
            buffer, at = buffer[at:] + more, 0
            self._pass(len(more))
        return entries

    def end(self) -> None:
        """Make sure that nothing follows.

        Raises
        ------
        FormatError
            Something does.
        """
        if self._file.read(1):
            raise FormatError(
                f"{self.path} goes on behind its last matrix: it is damaged, or two files in one; copy it anew"
            )

    def damaged(self, what: str) -> FormatError:
        """Return the error for content that contradicts itself."""
        return FormatError(f"{self.path} is damaged: {what}; copy or save it anew")

    def truncated(self, what: str) -> FormatError:
        """Return the error for a file that ends in the middle of something."""
        return FormatError(f"{self.path} is truncated: it ends in {what}; copy or save it anew")
