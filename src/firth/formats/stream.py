"""What the foreign formats share: opening plain and gzipped files, the words they can hold, their errors."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import logging
import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError, OutputError
from firth.files import replacing
from firth.formats.table import VectorTable
from firth.vocabulary import Vocabulary
from firth.words import Words

_log = logging.getLogger(__name__)

HEAD = 1 << 16
LONGEST_WORD = 1 << 16
ROWS_AT_ONCE = 4_096
_NUMBERS_AT_ONCE = 1 << 14
_GZIP = b"\x1f\x8b"
# Deflate cannot make more than so many bytes out of one.
_MOST_INFLATED = 1_032
# Vectors hardly become a third; so much, and a little on top, is believed unseen.
_BELIEVED, _SMALL = 10, 1 << 26
_PIECE = 1 << 20
_WHITE_SPACE = b" \t\n\v\f\r"


@contextlib.contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open a file, through gzip if it is gzipped, and make its errors ours.

    Raises
    ------
    FormatError
        The file cannot be opened or read, or its compressed data are damaged.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            raise FormatError(
                f"cannot read {path}: it is a pipe or a device; save its content to a file first"
            )
        with contextlib.ExitStack() as stack:
            file: BinaryIO = stack.enter_context(path.open("rb"))
            if file.peek(2)[:2] == _GZIP:  # type: ignore[attr-defined]
                file = cast(BinaryIO, stack.enter_context(gzip.open(file)))
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(f"{path} is truncated or damaged: {error!s:.200}; copy or save it anew") from error
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error


def head(path: Path) -> bytes:
    """Return the first 64 KiB of a file's content, decompressed."""
    with reading(path) as file:
        return file.read(HEAD)


def size_limit(path: Path, needed: int) -> int:
    """Return how many bytes of content `path` can hold at most.

    That is exact unless the file is compressed, and then too where `needed` is so much that it could hardly be in it:
    nobody shall pay for a lie with memory, and honest files are not decompressed twice.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) != _GZIP:
            return size
    if not _BELIEVED * size + _SMALL < needed <= _MOST_INFLATED * size:
        return size * _MOST_INFLATED
    with reading(path) as unpacked:
        return sum(map(len, iter(lambda: unpacked.read(_PIECE), b"")))


def parse_header(line: bytes) -> tuple[int, int] | None:
    """Return the number of words and the dimension from word2vec's first line, or None if it is none."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() and len(field) < 19 for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def check_promise(path: Path, n_words: int, dim: int, smallest_row: int, header_length: int) -> None:
    """Refuse a header that promises more than the file can hold, before memory is asked for.

    Raises
    ------
    FormatError
        The header promises no words, no dimensions, or more rows than fit into the file.
    """
    if n_words == 0 or dim == 0:
        raise FormatError(f"{path} promises {n_words} words of {dim} dimensions: there is nothing in it")
    needed = n_words * smallest_row
    there = size_limit(path, needed) - header_length
    if needed > there:
        raise FormatError(
            f"{path} promises {n_words:,} words of {dim:,} dimensions, which take {needed:,} bytes or more, "
            f"but only {max(there, 0):,} follow: it is truncated, or its first line is wrong"
        )


def table(
    path: Path,
    words: Sequence[bytes],
    rows: NDArray[np.float32],
    counts: NDArray[np.int64] | None = None,
    *,
    finite: bool = False,
) -> VectorTable:
    """Make a table from the words, rows and counts of a file, as `unique_words` has them.

    Parameters
    ----------
    finite : bool
        Whether it is known that no number is NaN or infinite, or is not to be looked for in a map.

    Raises
    ------
    FormatError
        There are no words, another number of them than of rows, the counts cannot be true, or a number is not finite.
    """
    if not 0 < len(words) == len(rows):
        raise FormatError(
            f"{path} holds {len(words):,} words and {len(rows):,} vectors: there must be as many of both"
        )
    if not finite:
        check_finite(path, words, rows)
    unique, kept = unique_words(path, words)
    if kept is not None:
        rows = rows[kept]
        counts = None if counts is None else counts[kept]
    rows.flags.writeable = False
    try:
        return VectorTable(Vocabulary(unique, counts), rows)
    except InputError as error:
        raise FormatError(f"{path} is damaged: {error}") from error


def check_finite(path: Path, words: Sequence[bytes], rows: NDArray[np.float32], first: int = 0) -> None:
    """Refuse a file that holds NaN or infinity, and say in which row; `first` is the number of the first of `rows`.

    Raises
    ------
    FormatError
        A number is not finite.
    """
    step = max(1, _NUMBERS_AT_ONCE // rows.shape[1])
    zeros = np.zeros(min(step, len(rows)) * rows.shape[1], np.float32)
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        # Nothing but NaN and infinity gives something else than zero; a product is twice as fast as to look at each.
        with np.errstate(invalid="ignore"):
            if np.dot(block.reshape(-1), zeros[: block.size]) == 0:
                continue
        row = first + start + int(np.argmin(np.isfinite(block).all(axis=1)))
        word = words[row].decode("utf-8", "replace")
        raise FormatError(f"{path} is damaged: row {row + 1}, {word!r:.60}, holds NaN or infinity")


def unique_words(path: Path, words: Sequence[bytes]) -> tuple[Words, NDArray[np.int64] | None]:
    """Return the words of a file and which of them these are; None where all are. Of equal words the first stays.

    Words that are not UTF-8 (word2vec.c cuts words after 99 bytes, inside a character if need be) get
    U+FFFD where they are damaged. Both are logged as warnings.
    """
    text = b"\n".join(words)
    try:
        text.decode()
    except UnicodeDecodeError:
        repaired = [word.decode("utf-8", "replace").encode() for word in words]
        damaged = sum(new != old for new, old in zip(repaired, words, strict=True))
        _log.warning("%s: %d words are not UTF-8; U+FFFD stands for what is damaged", path, damaged)
        words = repaired
    if len(set(words)) == len(words):
        return packed(words), None
    first = dict(zip(reversed(words), range(len(words) - 1, -1, -1), strict=True))
    kept = np.fromiter(sorted(first.values()), np.int64, len(first))
    double = next(word for i, word in enumerate(words) if first[word] != i).decode()
    _log.warning(
        "%s: %d words stand there twice, such as %r; the first of each is kept",
        path,
        len(words) - len(kept),
        double,
    )
    return packed([words[i] for i in kept.tolist()]), kept


def packed(words: Sequence[bytes]) -> Words:
    """Return words from their bytes, which need not be UTF-8 where only the bytes are asked for."""
    offsets = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=offsets[1:])
    return Words(np.frombuffer(b"".join(words), np.uint8), offsets)


@contextlib.contextmanager
def writing(
    path: Path,
    table: VectorTable,
    format: str,
    overwrite: bool,
    *,
    end_of_word: tuple[bytes, str] | None = (_WHITE_SPACE, "white space"),
) -> Iterator[BinaryIO]:
    """Open a file for the vectors of `table`, after making sure that `format` can hold them.

    Parameters
    ----------
    end_of_word : pair of bytes and str
        At which bytes the format ends a word, and what these are called.

    Raises
    ------
    InputError
        A word is empty or holds what ends a word, or a number is not finite.
    OutputError
        `path` exists and `overwrite` is false, or it cannot be written.
    """
    check_place(path, format, overwrite)
    check_table(table, format, end_of_word=end_of_word)
    with replacing(path) as temporary, temporary.open("wb") as file:
        yield file


def check_place(path: Path, format: str, overwrite: bool) -> None:
    """Refuse to write a file where something else is.

    Raises
    ------
    OutputError
        `path` is a folder, or exists and `overwrite` is false.
    """
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a name is too long)
        raise OutputError(f"cannot write {path}: it is a folder, but {format} is a file; name a file")
    if os.path.exists(path) and not (overwrite and path.is_file()):  # noqa: PTH110
        raise OutputError(f"cannot write {path}: it exists already; choose another place or overwrite it")


def check_table(table: VectorTable, format: str, *, end_of_word: tuple[bytes, str] | None) -> None:
    """Make sure that `format` can hold words and vectors; `end_of_word` as for `writing`, None where any word fits.

    Raises
    ------
    InputError
        A word is empty or holds what ends a word, or a number is not finite.
    """
    if end_of_word is not None:
        _check_words(table.vocabulary.words, format, *end_of_word)
    for start in range(0, len(table.embeddings), ROWS_AT_ONCE):
        rows = np.isfinite(table.embeddings[start : start + ROWS_AT_ONCE]).all(axis=1)
        if not rows.all():
            word = table.vocabulary.words[start + int(np.argmin(rows))]
            raise InputError(
                f"the vector of {word!r:.60} holds NaN or infinity, which {format} does not take"
            )


def encoded(words: Words, start: int, stop: int) -> list[bytes]:
    """Return the UTF-8 of the words from `start` to `stop`."""
    offsets = words.offsets[start : stop + 1].tolist()
    if not offsets:
        return []
    text = words.text[offsets[0] : offsets[-1]].tobytes()
    return [text[low - offsets[0] : high - offsets[0]] for low, high in itertools.pairwise(offsets)]


def _check_words(words: Words, format: str, ends: bytes, called: str) -> None:
    bad = np.diff(words.offsets) == 0
    white = np.flatnonzero(np.isin(words.text, np.frombuffer(ends, np.uint8)))
    bad[np.searchsorted(words.offsets, white, side="right") - 1] = True
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{format} cannot hold {int(bad.sum())} of {len(words)} words, such as {words[row]!r:.60}: it ends "
            f"a word at {called}; use the native format, or a subset of the words"
        )
