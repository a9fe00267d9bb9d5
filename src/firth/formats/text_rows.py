"""Rows of text, a word and its numbers a line: what word2vec's text format and GloVe's have in common.

The numbers of some thousands of lines are parsed by one call of NumPy; Python touches each line, never
each number. Lines that do not fit this simple view (a word with spaces, tabs between the numbers) are
taken apart from their end, and refused, with their number, where that does not help either.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError
from firth.formats import stream
from firth.formats.table import VectorTable

BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 19
_LONGEST_LINE = 1 << 24
NUMBER = "%.9g"  # enough digits for every float32 to come back bit by bit

Line = tuple[int, bytes]
"""The number of a line in its file, from 1, and its content without the end."""


def lines(file: BinaryIO, path: Path, first: int) -> Iterator[list[Line]]:
    """Yield the lines that are not blank, some of them at a time; the next one has the number `first`."""
    rest, number = b"", first
    while more := file.read(_CHUNK):
        if number == 1 and not rest:
            more = more.removeprefix(BOM)
        *whole, rest = (rest + more).split(b"\n")
        yield [(number + i, text) for i, line in enumerate(whole) if (text := line.rstrip())]
        number += len(whole)
        if len(rest) > _LONGEST_LINE:
            raise FormatError(
                f"{path} is damaged: line {number} is longer than {_LONGEST_LINE:,} bytes, so this is no text"
            )
    if text := rest.rstrip():
        yield [(number, text)]


def fill(path: Path, blocks: Iterator[list[Line]], rows: NDArray[np.float32]) -> list[bytes]:
    """Parse lines into `rows` until either is used up, and return the words.

    Raises
    ------
    FormatError
        A line has no word or another number of numbers than `rows` has columns, one of them is no finite
        number, or there are more lines than rows.
    """
    words: list[bytes] = []
    for block in blocks:
        if not block:
            continue
        some, numbers = _parse(path, block, rows.shape[1])
        if len(words) + len(block) > len(rows):
            surplus = block[len(rows) - len(words)][0]
            raise FormatError(
                f"{path} goes on in line {surplus} behind the {len(rows):,} words that it promises: "
                "its first line is wrong"
            )
        rows[len(words) : len(words) + len(block)] = numbers
        words += some
    return words


def write_rows(file: BinaryIO, table: VectorTable) -> None:
    """Write each word and its numbers in a line, with digits enough to read the same float32 back."""
    n_words, dim = table.embeddings.shape
    line = " ".join(["%s", *[NUMBER] * dim]) + "\n"
    for start in range(0, n_words, stream.ROWS_AT_ONCE):
        rows = table.embeddings[start : start + stream.ROWS_AT_ONCE].tolist()
        words = stream.encoded(table.vocabulary.words, start, start + len(rows))
        file.writelines(
            (line % (word.decode(), *row)).encode() for word, row in zip(words, rows, strict=True)
        )


def _parse(path: Path, block: list[Line], dim: int) -> tuple[list[bytes], NDArray[np.float32]]:
    """Return the words and numbers of a block, shape (len(block), dim)."""
    parts = [line.partition(b" ") for _, line in block]
    numbers = parsed([rest for _, _, rest in parts])
    words = [word for word, _, _ in parts]
    if numbers is None or numbers.shape != (len(block), dim) or not all(words):
        words, texts = _take_apart(path, block, dim)
        numbers = parsed(texts)
        if numbers is None or numbers.shape != (len(block), dim):
            raise _bad_number(path, block, texts)
    if not np.isfinite(numbers).all():
        raise _bad_number(
            path, block, [line[len(word) :] for (_, line), word in zip(block, words, strict=True)]
        )
    return words, numbers


def parsed(texts: list[bytes]) -> NDArray[np.float32] | None:
    """Return what `texts` say, one row a text, or None if one of them says something else than numbers."""
    # Where the first line is blank, all may be, which NumPy warns of; it knows more blanks than bytes do.
    if not all(texts) or texts[0].decode("latin-1").isspace():
        return None
    try:
        with np.errstate(over="ignore"):
            return np.loadtxt(texts, np.float32, comments=None, ndmin=2)
    except ValueError:
        return None


def _take_apart(path: Path, block: list[Line], dim: int) -> tuple[list[bytes], list[bytes]]:
    """Split each line before its last `dim` fields; the word may hold spaces, as some of GloVe's do."""
    words, texts = [], []
    for number, line in block:
        fields = line.rsplit(None, dim)
        if len(fields) <= dim or line[:1].isspace():
            raise FormatError(
                f"{path}, line {number}: a word and {dim} numbers must stand here, but there are "
                f"{len(line.split())} fields"
            )
        word = fields[0]
        if word != (last := word.split()[-1]) and is_number(last):
            raise FormatError(
                f"{path}, line {number}: a word and {dim} numbers must stand here, but there are more"
            )
        words.append(word)
        texts.append(b" ".join(fields[1:]))
    return words, texts


def _bad_number(path: Path, block: list[Line], texts: list[bytes]) -> FormatError:
    """Return the error that names the first number that is none, or is not finite in float32."""
    for (number, _), text in zip(block, texts, strict=True):
        for field in text.split():
            if not is_number(field):
                return FormatError(
                    f"{path}, line {number}: {field.decode('utf-8', 'replace')!r:.60} is no number"
                )
            with np.errstate(over="ignore"):
                if not np.isfinite(np.float32(float(field))):
                    return FormatError(
                        f"{path}, line {number}: {field.decode():.60} is not finite in float32; remove the line"
                    )
    return FormatError(f"{path}, lines {block[0][0]} to {block[-1][0]}: not all are numbers")


def is_number(field: bytes) -> bool:
    """Return whether Python and NumPy read `field` as a number (Python alone takes underscores)."""
    try:
        float(field)
    except ValueError:
        return False
    return b"_" not in field
