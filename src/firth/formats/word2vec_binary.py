"""word2vec's binary format: a line with the two sizes, then each word, a space and its float32 numbers.

word2vec.c ends each row with a newline, gensim does not; both are read, and a newline is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError
from firth.formats import stream
from firth.formats.table import VectorTable

NAME = "word2vec-binary"

_CHUNK = 1 << 17
_NEWLINE = 10
_FIRST_PRINTABLE = 32
_NUMERIC = frozenset(b"0123456789+-.eEnaifNAIF \t\r")


def recognises(path: Path) -> bool:
    """Return whether `path` starts with word2vec's header and goes on with numbers that are not text."""
    if path.is_dir():
        return False
    first, newline, rest = stream.head(path).partition(b"\n")
    sizes = stream.parse_header(first) if newline else None
    return sizes is not None and not looks_like_text(rest, sizes[1])


def looks_like_text(rest: bytes, dim: int) -> bool:
    """Return whether what follows the header looks like a word and its numbers as text."""
    word, _, numbers = rest.lstrip(b"\n").partition(b" ")
    if b"\n" in word or not numbers:
        # With a tab or nothing at all in the place of the space, the row is still more likely to be text.
        return True
    start = numbers[: max(4 * dim, 64)]
    line = start.partition(b"\n")[0]
    if not line.strip() or not all(byte in _NUMERIC for byte in line):
        return False
    # A row of text with a number too many or too few is still text, unless bytes follow that text does not have:
    # the first bytes of a small float may all look like digits.
    return len(line.split()) == dim or all(byte >= _FIRST_PRINTABLE or byte in b"\t\r\n" for byte in start)


def read(path: Path, *, memory_map: bool = True) -> VectorTable:  # noqa: ARG001 (rows are not aligned)
    """Read all of a file.

    Raises
    ------
    FormatError
        The file is truncated, longer than it promises, or damaged.
    """
    with stream.reading(path) as file:
        header = file.readline(stream.HEAD)
        sizes = stream.parse_header(header)
        if sizes is None:
            raise FormatError(f"{path} is not {NAME}: it must start with the numbers of words and dimensions")
        n_words, dim = sizes
        stream.check_promise(path, n_words, dim, 4 * dim + 2, len(header))
        rows = np.empty((n_words, dim), "<f4")
        words = _read_rows(file, path, rows)
    return stream.table(path, words, rows.astype(np.float32, copy=False), finite=True)


def write(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:
    """Write words and vectors, as word2vec.c does; counts and output embeddings have no place in it.

    Raises
    ------
    InputError
        A word is empty or holds white space, or a number is not finite.
    OutputError
        `path` exists and `overwrite` is false, or it cannot be written.
    """
    n_words, dim = table.embeddings.shape
    with stream.writing(path, table, NAME, overwrite) as file:
        file.write(f"{n_words} {dim}\n".encode())
        for start in range(0, n_words, stream.ROWS_AT_ONCE):
            stop = min(start + stream.ROWS_AT_ONCE, n_words)
            numbers = np.ascontiguousarray(table.embeddings[start:stop], "<f4").tobytes()
            width = 4 * dim
            file.writelines(
                b"%b %b\n" % (word, numbers[i * width : (i + 1) * width])
                for i, word in enumerate(stream.encoded(table.vocabulary.words, start, stop))
            )


def _read_rows(file: BinaryIO, path: Path, rows: NDArray[np.float32]) -> list[bytes]:
    """Fill `rows` from the file behind the header, and return the words."""
    n_words, width = len(rows), 4 * rows.shape[1]
    item = np.dtype((np.void, width))
    items = rows.view(item).reshape(-1)
    words: list[bytes] = []
    buffer, at = b"", 0
    while len(words) < n_words:
        more = file.read(max(_CHUNK, 2 * width))
        buffer, at = buffer[at:] + more, 0
        filled, starts = len(words), []
        while len(words) < n_words:
            # Once a word; all else is done once a chunk.
            space = buffer.find(b" ", at, at + stream.LONGEST_WORD)
            end = space + 1 + width
            if space < 0 or end > len(buffer):
                break
            # The newline that may end a row is left to the next one, where it cannot fall out of the chunk.
            word = buffer[at + 1 : space] if buffer[at] == _NEWLINE else buffer[at:space]
            if not word:
                raise FormatError(f"{path} is damaged: row {len(words) + 1} of {n_words} has no word")
            words.append(word)
            starts.append(space + 1)
            at = end
        if starts:
            # What begins at any byte, seen as items that overlap: the rows of a chunk are copied by one call.
            anywhere: NDArray[Any] = np.ndarray((len(buffer) - width + 1,), item, buffer, 0, (1,))
            chunk = anywhere[starts]
            items[filled : len(words)] = chunk
            stream.check_finite(path, words, chunk.view(rows.dtype).reshape(len(starts), -1), filled)
        if len(words) < n_words and (not more or (space < 0 and len(buffer) - at > stream.LONGEST_WORD)):
            what = "no word" if more else "the end of the file"
            raise FormatError(
                f"{path} is truncated or damaged: it promises {n_words:,} words, but in row "
                f"{len(words) + 1:,} there is {what}"
            )
    if (buffer[at:] + file.read(_CHUNK)).strip():
        raise FormatError(
            f"{path} goes on behind the {n_words:,} words that it promises: its first line is wrong"
        )
    return words
