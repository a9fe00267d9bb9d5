"""NumPy's ``.npy``: read from its header on without believing it, and written.

NumPy's own reader evaluates the header as Python, and allocates what the header promises. Here it is matched
against a pattern, and nothing is allocated for what the file cannot hold. Arrays of objects, which are pickles,
are refused.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError

MAGIC = b"\x93NUMPY"

_LONGEST_HEADER = 1 << 16
_PIECE = 1 << 22
_DESCR = re.compile(rb"'descr'\s*:\s*'([<>|=]?)([a-zA-Z])(\d{1,9})'")
_ORDER = re.compile(rb"'fortran_order'\s*:\s*(True|False)")
_SHAPE = re.compile(rb"'shape'\s*:\s*\(([0-9L, ]*)\)")
_NUMBERS = {"f": (2, 4, 8), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8)}


class Header(NamedTuple):
    """What a ``.npy`` says of its array.

    Parameters
    ----------
    dtype : dtype
        Of numbers, or of text of a fixed width (``U`` or ``S``).
    shape : tuple of int
    fortran_order : bool
        Whether the first index runs fastest.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool

    @property
    def n_bytes(self) -> int:
        """How many bytes follow the header."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: BinaryIO, name: object) -> Header:
    """Read a ``.npy`` up to its data.

    Parameters
    ----------
    file : binary file
        At the beginning of the ``.npy``.
    name : object
        What to call it in messages.

    Raises
    ------
    FormatError
        It is no ``.npy``, is damaged, or holds something else than numbers or text.
    """
    start = file.read(len(MAGIC) + 2)
    if len(start) < len(MAGIC) + 2 or not start.startswith(MAGIC):
        raise FormatError(f"{name} is not a NumPy array: it does not start with {MAGIC!r}")
    width = 2 if start[-2] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    text = file.read(length) if length <= _LONGEST_HEADER else b""
    descr, order, shape = (pattern.search(text) for pattern in (_DESCR, _ORDER, _SHAPE))
    if descr is None or order is None or shape is None or len(text) < length:
        if b"'O'" in text or b"|O" in text:
            raise FormatError(
                f"{name} holds Python objects, which are pickled and could run any code: save numbers, and words as "
                "np.array(words, dtype=str)"
            )
        raise FormatError(f"{name} is damaged, or no array of numbers: its header is {text[:60]!r}")
    fields = [size.strip(b" L")[:19] or b"0" for size in shape[1].split(b",") if size.strip()]
    if not all(field.isdigit() for field in fields):
        raise FormatError(f"{name} is damaged: the shape in its header is ({shape[1].decode():.60})")
    sizes = tuple(map(int, fields))
    if not 1 <= len(sizes) <= 2 or 0 in sizes:
        raise FormatError(f"{name} holds an array of shape {sizes!s:.60}: a row for each word must be there")
    return Header(_dtype(descr, name), sizes, order[1] == b"True")


def _dtype(descr: re.Match[bytes], name: object) -> np.dtype[Any]:
    order, kind, size = (part.decode() for part in descr.groups())
    width = int(size)
    text = kind in "SU" and 0 < width <= 1 << 24
    if not text and width not in _NUMBERS.get(kind, ()):
        raise FormatError(
            f"{name} holds numbers of type {kind}{size}, but must hold float16, float32, float64, whole numbers or text"
        )
    return np.dtype(f"{order}{kind}{width}")


def read_array(file: BinaryIO, name: object, n_bytes: int) -> NDArray[Any]:
    """Read a whole ``.npy``, never more of it than there is.

    Parameters
    ----------
    file : binary file
        At the beginning.
    name : object
        What to call it in messages.
    n_bytes : int
        The most bytes of data that can follow.

    Raises
    ------
    FormatError
        It is damaged or shorter than it says.
    """
    header = read_header(file, name)
    if header.n_bytes > n_bytes:
        raise _truncated(name, header, n_bytes)
    data = bytearray()
    while len(data) < header.n_bytes and (piece := file.read(min(_PIECE, header.n_bytes - len(data)))):
        data += piece
    if len(data) < header.n_bytes:
        raise _truncated(name, header, len(data))
    return _shaped(np.frombuffer(data, header.dtype), header)


def map_array(path: Path, *, memory_map: bool) -> NDArray[Any]:
    """Return the array of a ``.npy`` file, read-only; mapped, where that is wanted and possible.

    Raises
    ------
    FormatError
        The file cannot be read, is damaged or shorter than it says.
    """
    try:
        with path.open("rb") as file:
            header = read_header(file, path)
            start, size = file.tell(), path.stat().st_size
            if start + header.n_bytes > size:
                raise _truncated(path, header, size - start)
            values: NDArray[Any]
            if memory_map:
                values = np.asarray(np.memmap(path, header.dtype, "r", start, (math.prod(header.shape),)))
            else:
                values = np.fromfile(file, header.dtype, math.prod(header.shape))
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    if len(values) * header.dtype.itemsize < header.n_bytes:
        raise FormatError(f"{path} became shorter while it was read; read it again")
    values.flags.writeable = False
    return _shaped(values, header)


def _shaped(values: NDArray[Any], header: Header) -> NDArray[Any]:
    return values.reshape(header.shape, order="F" if header.fortran_order else "C")


def _truncated(name: object, header: Header, there: int) -> FormatError:
    return FormatError(
        f"{name} promises an array of shape {header.shape!s:.60}, which takes {header.n_bytes:,} bytes, but only "
        f"{max(there, 0):,} follow: it is truncated"
    )


def matrix(values: NDArray[Any], name: object) -> NDArray[np.float32]:
    """Return numbers as float32, C-contiguous, shape (n_words, dim); a map stays one where it fits.

    Raises
    ------
    FormatError
        They are no matrix of numbers.
    """
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise FormatError(
            f"{name} holds {values.dtype} of shape {values.shape}, but must hold a matrix of numbers, a row a word"
        )
    if values.dtype == np.float32 and values.dtype.isnative and values.flags.c_contiguous:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(values, np.float32)


def words_of(values: NDArray[Any], name: object) -> list[bytes]:
    """Return an array of text as words in UTF-8; one of bytes is taken for that.

    Raises
    ------
    FormatError
        It is no list of text, or a word holds what UTF-8 cannot say.
    """
    if values.ndim != 1 or values.dtype.kind not in "SU":
        raise FormatError(
            f"{name} holds {values.dtype} of shape {values.shape}, but must hold words: np.array(words, dtype=str)"
        )
    if values.dtype.kind == "S":
        listed: list[bytes] = values.tolist()
        return listed
    try:
        return [word.encode() for word in values.tolist()]
    except ValueError as error:  # a surrogate, or beyond all characters
        raise FormatError(f"{name} is damaged: a word cannot be written as UTF-8 ({error})") from error


def counts_of(values: NDArray[Any], n_words: int, name: object) -> NDArray[np.int64]:
    """Return whole numbers as counts, shape (n_words,).

    Raises
    ------
    FormatError
        They are other numbers, or another number of them.
    """
    if values.shape != (n_words,) or values.dtype.kind not in "iu":
        raise FormatError(
            f"{name} holds {values.dtype} of shape {values.shape}, but must hold {n_words:,} whole numbers"
        )
    return values.astype(np.int64)
