"""word2vec's text format: a line with the two sizes, then a line for each word and its numbers.

fastText writes its ``.vec`` files so, too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.formats import stream, text_rows
from firth.formats.table import VectorTable
from firth.formats.word2vec_binary import looks_like_text

NAME = "word2vec-text"


def recognises(path: Path) -> bool:
    """Return whether `path` starts with word2vec's header and goes on with a word and numbers as text."""
    if path.is_dir():
        return False
    first, newline, rest = stream.head(path).removeprefix(text_rows.BOM).partition(b"\n")
    sizes = stream.parse_header(first) if newline else None
    return sizes is not None and looks_like_text(rest, sizes[1])


def read(path: Path, *, memory_map: bool = True) -> VectorTable:  # noqa: ARG001 (text cannot be mapped)
    """Read all of a file.

    Raises
    ------
    FormatError
        The file has fewer or more rows than it promises, or a line is damaged; the message gives its number.
    """
    with stream.reading(path) as file:
        header = file.readline(stream.HEAD)
        sizes = stream.parse_header(header.removeprefix(text_rows.BOM))
        if sizes is None:
            raise FormatError(f"{path} is not {NAME}: it must start with the numbers of words and dimensions")
        n_words, dim = sizes
        stream.check_promise(path, n_words, dim, 2 * dim + 1, len(header))
        rows = np.empty((n_words, dim), np.float32)
        words = text_rows.fill(path, text_rows.lines(file, path, 2), rows)
    if len(words) < n_words:
        raise FormatError(
            f"{path} promises {n_words:,} words, but holds {len(words):,}: it is truncated, or its first "
            "line is wrong"
        )
    return stream.table(path, words, rows, finite=True)


def write(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:
    """Write words and vectors; counts and output embeddings have no place in this format.

    Raises
    ------
    InputError
        A word is empty or holds white space, or a number is not finite.
    OutputError
        `path` exists and `overwrite` is false, or it cannot be written.
    """
    with stream.writing(path, table, NAME, overwrite) as file:
        file.write("{} {}\n".format(*table.embeddings.shape).encode())
        text_rows.write_rows(file, table)
