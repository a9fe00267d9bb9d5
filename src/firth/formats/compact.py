"""Matrices in fewer bytes: float16, or int8 with one scale for each row.

A row in int8 is its numbers divided by the scale, the largest of them by 127, and rounded. The scales are a tensor of
their own; model2vec and sentence-transformers multiply each token's row by one of the name ``weights``, so that both
compute with the same numbers as firth.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError

DTYPES = ("float32", "float16", "int8")
"""How matrices can be stored."""

_ROWS_AT_ONCE = 4_096
_LARGEST = 127.0
_LARGEST_SCALE = float(np.finfo(np.float32).max) / 128  # a damaged row may hold -128
_LARGEST_HALF = float(np.finfo(np.float16).max)


def check_dtype(dtype: str) -> None:
    """Refuse what is none of `DTYPES`.

    Raises
    ------
    InputError
        It is none.
    """
    if dtype not in DTYPES:
        raise InputError(f"dtype is {dtype!r:.40}, but must be one of {', '.join(DTYPES)}")


def packed(rows: NDArray[np.float32], dtype: str) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
    """Return a matrix as it is stored, and for int8 the scale of each row.

    Parameters
    ----------
    rows : ndarray of float32, shape (n_rows, dim)
    dtype : {"float32", "float16", "int8"}

    Returns
    -------
    stored : ndarray of `dtype`, shape (n_rows, dim)
    scales : ndarray of float32, shape (n_rows,), or None
        ``stored * scales[:, None]`` is the matrix again, each number to half a scale.

    Raises
    ------
    InputError
        A number is too large for float16, or is not finite.
    """
    if dtype == "float32":
        return rows, None
    stored = np.empty(rows.shape, np.dtype(dtype))
    scales = np.zeros(len(rows), np.float32)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = rows[start : start + _ROWS_AT_ONCE]
        largest = np.abs(block).max(axis=1, initial=0)
        limit = _LARGEST_HALF if dtype == "float16" else np.finfo(np.float32).max
        if not np.all(largest <= limit):
            row = start + int(np.argmin(largest <= limit))
            raise InputError(
                f"row {row} holds {float(largest[row - start])!r}, but {dtype} takes finite numbers up to {limit:g}: "
                "store the matrix as float32"
            )
        if dtype == "float16":
            stored[start : start + len(block)] = block
            continue
        scale = largest / np.float32(_LARGEST)
        # A row of zeros, or of numbers too small to be divided, is zeros.
        quotients = np.divide(block, scale[:, None], out=np.zeros_like(block), where=scale[:, None] > 0)
        stored[start : start + len(block)] = np.clip(np.rint(quotients), -_LARGEST, _LARGEST)
        scales[start : start + len(block)] = scale
    return stored, scales if dtype == "int8" else None


def unpacked(stored: NDArray[Any], scales: NDArray[Any] | None, path: Path, name: str) -> NDArray[np.float32]:
    """Return a matrix in float32, read-only; as it is where it was stored so.

    Parameters
    ----------
    stored : ndarray of float32, float16 or int8, shape (n_rows, dim)
    scales : ndarray of float32, shape (n_rows,), optional
        Needed for int8.
    path : Path
        The file, for messages.
    name : str
        What the matrix is called there.

    Raises
    ------
    FormatError
        It is of another kind, or has no scales, or others than finite ones.
    """
    if stored.dtype == np.float32:
        return stored
    if stored.dtype not in (np.float16, np.int8) or stored.ndim != 2:
        raise FormatError(
            f"{path} holds {name!r} as {stored.dtype} of shape {stored.shape}, but must hold a matrix of "
            f"{', '.join(DTYPES)}"
        )
    rows = np.empty(stored.shape, np.float32)
    if stored.dtype == np.float16:
        rows[...] = stored
    else:
        if scales is None or scales.dtype != np.float32 or scales.shape != stored.shape[:1]:
            raise FormatError(f"{path} is damaged: {name!r} is int8 and has no scale for each row")
        if not np.all(np.abs(scales) <= _LARGEST_SCALE):
            raise FormatError(
                f"{path} is damaged: a scale of {name!r} is not a number up to {_LARGEST_SCALE:.2g}"
            )
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            np.multiply(stored[part], scales[part, None], out=rows[part])
    rows.flags.writeable = False
    return rows
