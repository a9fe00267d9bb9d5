"""GloVe's text format: a line for each word and its numbers, and nothing before them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.formats import stream, text_rows
from firth.formats.table import VectorTable

NAME = "glove"


def recognises(path: Path) -> bool:
    """Return whether `path` starts with a line of a word and numbers."""
    if path.is_dir():
        return False
    first, newline, _ = stream.head(path).removeprefix(text_rows.BOM).partition(b"\n")
    fields = first.split()
    # The head may end inside the last number.
    numbers = fields[1:] if newline else fields[1:-1] or fields[1:]
    return bool(numbers) and all(map(text_rows.is_number, numbers))


def read(path: Path, *, memory_map: bool = True) -> VectorTable:  # noqa: ARG001 (text cannot be mapped)
    """Read all of a file: once to count its lines, once to parse them.

    Raises
    ------
    FormatError
        The file is empty, or a line is damaged; the message gives its number.
    """
    n_lines, n_bytes, dim = _measure(path)
    # No row is shorter than this; lines that are will be refused.
    n_rows = min(n_lines, n_bytes // (2 * dim + 1) + 1)
    rows = np.empty((n_rows, dim), np.float32)
    with stream.reading(path) as file:
        words = text_rows.fill(path, text_rows.lines(file, path, 1), rows)
    return stream.table(path, words, rows[: len(words)], finite=True)


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
        text_rows.write_rows(file, table)


def _measure(path: Path) -> tuple[int, int, int]:
    """Return the number of lines that are not blank, their bytes, and the dimension, which the first line tells."""
    with stream.reading(path) as file:
        n_lines, n_bytes, dim = 0, 0, 0
        for block in text_rows.lines(file, path, 1):
            if dim == 0 and block:
                dim = len(block[0][1].split()) - 1
            n_lines += len(block)
            n_bytes += sum(len(line) + 1 for _, line in block)
    if dim <= 0:
        raise FormatError(f"{path} is not {NAME}: its first line must hold a word and its numbers")
    return n_lines, n_bytes, dim
