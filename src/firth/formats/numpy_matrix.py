r"""NumPy's ``.npy`` with the words beside it: ``NAME.npy`` and ``NAME.words.txt``, one word a line.

``np.load("NAME.npy", mmap_mode="r")`` maps the matrix, and so does firth. The words are plain UTF-8, each ended by
``\n``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from firth.errors import FormatError, OutputError
from firth.files import read_whole, replacing
from firth.formats import arrays, stream
from firth.formats.table import VectorTable

NAME = "npy"


def words_path(path: Path) -> Path:
    """Return where the words of the matrix `path` are."""
    return path.with_name(f"{path.name.removesuffix('.npy')}.words.txt")


def recognises(path: Path) -> bool:
    """Return whether `path` is an array of NumPy."""
    return not path.is_dir() and stream.head(path).startswith(arrays.MAGIC)


def read(path: Path, *, memory_map: bool = True) -> VectorTable:
    """Map the matrix, and read the words.

    Raises
    ------
    FormatError
        The file is truncated or damaged, or there are no words beside it, or another number of them than of rows.
    """
    with stream.reading(path):
        pass  # for its errors: no such file, a pipe
    beside = words_path(path)
    if not beside.exists():
        raise FormatError(
            f"{path} is a matrix without words: put these into {beside}, one a line, in its order"
        )
    rows = arrays.matrix(arrays.map_array(path, memory_map=memory_map), path)
    try:
        text = read_whole(beside)
    except OSError as error:
        raise FormatError(f"cannot read {beside}: {error.strerror or error}") from error
    except ValueError as error:
        raise FormatError(f"cannot read {beside}: {error}") from error
    words = [line.removesuffix(b"\r") for line in text.removesuffix(b"\n").split(b"\n")] if text else []
    return stream.table(path, words, rows, finite=True)


def write(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:
    """Write the matrix and, beside it, the words; counts and output embeddings have no place.

    Raises
    ------
    InputError
        A word is empty or holds an end of line, or a number is not finite.
    OutputError
        One of the files exists and `overwrite` is false, or cannot be written.
    """
    beside = words_path(path)
    stream.check_place(beside, NAME, overwrite)
    if beside == path:
        raise OutputError(f"cannot write {path}: its words would take its place; end its name with .npy")
    with (
        stream.writing(path, table, NAME, overwrite, end_of_word=(b"\n\r", "the end of a line")) as file,
        replacing(beside) as temporary,
    ):
        np.save(file, np.ascontiguousarray(table.embeddings))
        with temporary.open("wb") as lines:
            for start in range(0, len(table.embeddings), stream.ROWS_AT_ONCE):
                words = stream.encoded(table.vocabulary.words, start, start + stream.ROWS_AT_ONCE)
                lines.writelines(word + b"\n" for word in words)
