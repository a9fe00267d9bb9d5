"""Safetensors files, written row block by row block and read by mapping.

The library's own writer wants each tensor whole in memory, and would take a second copy of the matrix to
append one row to it. The file is simple enough to be written piece by piece: the length of the header in
eight bytes, the header in JSON, the bytes of the tensors.
"""

from __future__ import annotations

import json
import math
import mmap
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from firth.errors import FormatError

_CODES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
_NAMES = {dtype: code for code, dtype in _CODES.items()}
_ALIGNMENT = 64


def write_tensors(path: Path, tensors: Mapping[str, Sequence[NDArray[Any]]]) -> None:
    """Write each tensor from its parts, which are joined along the first axis.

    Parameters
    ----------
    path : Path
        Where to write; the caller provides a temporary place.
    tensors : mapping from name to sequence of ndarray
        Parts of one tensor have one dtype (float32, float16, int64, int32, int8 or uint8) and equal shapes behind the
        first axis.
    """
    # Large items first, so that each tensor starts at a multiple of its item size.
    ordered = sorted(tensors.items(), key=lambda entry: -entry[1][0].itemsize)
    header: dict[str, Any] = {}
    end = 0
    for name, parts in ordered:
        start, end = end, end + sum(part.nbytes for part in parts)
        header[name] = {
            "dtype": _NAMES[parts[0].dtype],
            "shape": [sum(len(part) for part in parts), *parts[0].shape[1:]],
            "data_offsets": [start, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for _, parts in ordered:
            for part in parts:
                # The format knows no strides: any other order in memory would be saved scrambled.
                file.write(np.ascontiguousarray(part, part.dtype.newbyteorder("<")).data)


def read_tensors(path: Path, *, memory_map: bool) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file by name, read-only, C-contiguous.

    Parameters
    ----------
    path : Path
        A safetensors file.
    memory_map : bool
        Map the file instead of reading it, so that only what is looked at is loaded.

    Raises
    ------
    FormatError
        There is no such file, it is truncated or contradicts itself, or holds other numbers than these.
    """
    try:
        _check_file(path)
        # The library proves that the offsets are in order, without holes, and end where the file ends.
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
        with path.open("rb") as raw:
            length = int.from_bytes(raw.read(8), "little")
            header = json.loads(raw.read(length), object_pairs_hook=_once)
            mapped = mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) if memory_map else None
            tensors = {name: _tensor(raw, header[name], 8 + length, mapped) for name in names}
    except FormatError:
        raise
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    except (SafetensorError, ValueError, TypeError, OverflowError, KeyError, RecursionError) as error:
        raise FormatError(f"{path} is truncated or damaged: {error!s:.200}; copy or save it anew") from error
    return tensors


def _check_file(path: Path) -> None:
    """Refuse a pipe, which might never answer, and a device, which might never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise FormatError(f"cannot read {path}: it is no ordinary file; save the vectors anew")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; refuse a name that stands there twice, of which the library may believe the other."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands twice in its header")
    return values


def _tensor(file: BinaryIO, entry: Mapping[str, Any], data: int, mapped: mmap.mmap | None) -> NDArray[Any]:
    if entry["dtype"] not in _CODES:
        raise FormatError(
            f"{file.name} holds numbers of type {entry['dtype']}, but must hold {', '.join(_CODES)}"
        )
    dtype, shape = _CODES[entry["dtype"]], tuple(entry["shape"])
    start, n_values = data + entry["data_offsets"][0], math.prod(shape)
    if 0 in shape:
        return np.zeros(shape, dtype)
    if mapped is not None and start % dtype.itemsize == 0:
        return np.frombuffer(mapped, dtype, n_values, start).reshape(shape)  # which keeps the map alive
    file.seek(start)
    values: NDArray[Any] = np.fromfile(file, dtype, n_values)
    if len(values) * dtype.itemsize != entry["data_offsets"][1] - entry["data_offsets"][0]:
        raise FormatError(f"{file.name} became shorter while it was read; read it again")
    values.flags.writeable = False
    return values.reshape(shape)
