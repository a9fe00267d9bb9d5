"""NumPy's ``.npz``: the arrays ``words``, ``vectors`` and, where they are known, ``counts``.

``np.load(path)["vectors"]`` reads it, and ``np.savez(path, words=words, vectors=vectors)`` writes it. Words are text
of a fixed width, so that no pickle is needed; a single very long word makes all of them long.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError
from firth.formats import arrays, stream
from firth.formats.table import VectorTable

NAME = "npz"

_ZIP = b"PK\x03\x04"
_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MOST_TEXT = 1 << 31


def recognises(path: Path) -> bool:
    """Return whether `path` is a zip archive of arrays of NumPy."""
    if path.is_dir() or not stream.head(path).startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    # zipfile raises NotImplementedError for a compression that it does not know.
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False
    return any(name.endswith(".npy") for name in names)


def read(path: Path, *, memory_map: bool = True) -> VectorTable:  # noqa: ARG001 (nothing in an archive is aligned)
    """Read all of a file.

    Raises
    ------
    FormatError
        The file is truncated or damaged, lacks ``words`` or ``vectors``, or these do not fit together.
    """
    with stream.reading(path):
        pass  # for its errors: no such file, a pipe
    try:
        with zipfile.ZipFile(path) as archive:
            files = [info.filename for info in archive.infolist()]
            names = {name.removesuffix(".npy") for name in files if name.endswith(".npy")}
            for needed in ("words", "vectors"):
                if needed not in names:
                    raise FormatError(
                        f"{path} holds no array {needed!r}, only {', '.join(sorted(names)[:8])!r:.200}: save it as "
                        "np.savez(path, words=words, vectors=vectors)"
                    )
            words = arrays.words_of(_member(archive, "words", path), f"'words' of {path}")
            rows = arrays.matrix(_member(archive, "vectors", path), f"'vectors' of {path}")
            counts = None
            if "counts" in names:
                counts = arrays.counts_of(_member(archive, "counts", path), len(words), f"'counts' of {path}")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        reason = " ".join(str(error).split())
        raise FormatError(f"{path} is truncated or damaged: {reason:.200}; copy or save it anew") from error
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    return stream.table(path, words, rows, counts)


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> NDArray[Any]:
    """Return one array; how large it can be is what is packed times the most that deflate can make of it."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type not in _WAYS:
        raise FormatError(f"{path} is packed in a way that NumPy does not use: save it with np.savez")
    with archive.open(info) as file:
        return arrays.read_array(file, f"{name!r} of {path}", info.file_size)  # type: ignore[arg-type]


def write(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:
    """Write words, vectors and counts; output embeddings have no place in this format.

    Raises
    ------
    InputError
        A word ends with a null character, words are too long for text of a fixed width, or a number is not finite.
    OutputError
        `path` exists and `overwrite` is false, or it cannot be written.
    """
    content: dict[str, NDArray[Any]] = {"words": fixed_width(table)}
    content["vectors"] = np.ascontiguousarray(table.embeddings)
    if table.vocabulary.counts is not None:
        content["counts"] = table.vocabulary.counts
    with stream.writing(path, table, NAME, overwrite, end_of_word=None) as file:
        np.savez(file, **content)  # type: ignore[arg-type]


def fixed_width(table: VectorTable) -> NDArray[np.str_]:
    """Return the words as an array of text.

    Raises
    ------
    InputError
        NumPy would cut a null character off the end of a word, or the array would be very large.
    """
    words = list(table.vocabulary.words)
    longest = max(map(len, words), default=0)
    if 4 * longest * len(words) > _MOST_TEXT:
        raise InputError(
            f"{NAME} gives every word the width of the longest, and {len(words):,} words of {longest:,} characters "
            f"take more than {_MOST_TEXT >> 30} GiB: use npy or parquet"
        )
    for word in words:
        if word.endswith("\0"):
            raise InputError(
                f"{NAME} cannot hold {word!r:.60}: NumPy drops null characters at the end of text"
            )
    return np.array(words, np.str_)
