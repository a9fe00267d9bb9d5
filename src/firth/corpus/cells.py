"""The cells of one column: each a document, as text or as a list of tokens."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Set as AbstractSet
from typing import Any

from firth.corpus.encoder import Numbered, number_tokens, text_of
from firth.corpus.tokenizing import as_tokens, is_null
from firth.errors import CorpusError

_BATCH_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True, eq=False)
class TextCells:
    r"""Some cells that are text.

    Parameters
    ----------
    name : str
        Where they come from, for messages.
    data : bytes-like
        Their UTF-8, joined by ``\n``.
    """

    name: str
    data: bytes | bytearray | memoryview


@dataclasses.dataclass(frozen=True, eq=False)
class TokenCells:
    """Some cells that are lists of tokens.

    Parameters
    ----------
    name : str
        Where they come from, for messages.
    numbered : (ndarray of int32, Words)
        Their tokens, with -1 where a cell ends.
    """

    name: str
    numbered: Numbered


Cells = TextCells | TokenCells


def batches_of(
    cells: Iterable[tuple[int, Any]], name: str, decode_errors: str, *, unit: str = "row"
) -> Iterator[Cells]:
    """Yield cells in batches of about a mebibyte, those that hold nothing left out.

    Parameters
    ----------
    cells : iterable of (int, object)
        The number of a row, and what stands there: text (str, or bytes of UTF-8), a sequence of tokens, or nothing
        (None, NaN, pandas' NA). The first that holds something decides for all.
    name : str
        Where they come from, for messages.
    decode_errors : {"strict", "replace"}
        What to do with text that cannot be written as UTF-8.
    unit : str
        What the numbers count.

    Raises
    ------
    CorpusError
        A cell is neither text nor a sequence of tokens, or not what the first one is.
    """
    filled: Iterator[tuple[int, Any]] = (pair for pair in cells if not is_null(pair[1]))
    first = next(filled, None)
    if first is None:
        return
    filled = itertools.chain([first], filled)
    if _is_text(first[1]):
        yield from _text_batches(filled, name, decode_errors, unit)
        return
    documents = ((_tokens(cell, f"{name}, {unit} {row:,}"), True) for row, cell in filled)
    for numbered in number_tokens(documents, decode_errors):
        yield TokenCells(name, numbered)


def _text_batches(
    cells: Iterator[tuple[int, Any]], name: str, decode_errors: str, unit: str
) -> Iterator[TextCells]:
    batch: list[bytes] = []
    n_bytes, start = 0, None
    for row, cell in cells:
        if not _is_text(cell):
            raise _mixed(cell, f"{name}, {unit} {row:,}", "text")
        data = _utf8(cell, decode_errors, f"{name}, {unit} {row:,}") if isinstance(cell, str) else bytes(cell)
        start = row if start is None else start
        batch.append(data)
        n_bytes += len(data)
        if n_bytes >= _BATCH_BYTES:
            yield TextCells(f"{name}, from {unit} {start:,} on,", b"\n".join(batch))
            batch, n_bytes, start = [], 0, None
    if batch:
        yield TextCells(f"{name}, from {unit} {start:,} on,", b"\n".join(batch))


def _utf8(cell: str, decode_errors: str, where: str) -> bytes:
    try:
        return cell.encode()
    except UnicodeEncodeError as error:
        if decode_errors == "replace":
            return text_of(cell, decode_errors).encode()
        raise CorpusError(
            f"{where} cannot be written as UTF-8: character {error.start:,} is the lone surrogate "
            f"{cell[error.start]!r}; clean the text, or put U+FFFD with decode_errors='replace'"
        ) from error


def _tokens(cell: Any, where: str) -> list[str]:
    if _is_text(cell) or isinstance(cell, (Mapping, AbstractSet)) or not isinstance(cell, Iterable):
        raise _mixed(cell, where, "a list of tokens")
    try:
        return as_tokens(cell)
    except CorpusError as error:
        raise CorpusError(f"{where}: {error}") from error


def _mixed(cell: object, where: str, kind: str) -> CorpusError:
    return CorpusError(
        f"{where} is {cell!r:.60}, a {type(cell).__name__}, but must be {kind}, as the column's first cell decides; a "
        "column holds text or lists of tokens, in an order"
    )


def _is_text(cell: object) -> bool:
    return isinstance(cell, (str, bytes, bytearray))


def choose_column(names: Iterable[Any] | None, column: str | None, what: str) -> str:
    """Return the name of the column to read.

    Parameters
    ----------
    names : iterable of str, optional
        The columns that there are, where that is known.
    column : str, optional
        What the user named; the only column may be left out.
    what : str
        The table, for messages.

    Raises
    ------
    CorpusError
        There is no such column, or several and none is named.
    """
    there = None if names is None else list(names)
    if there is None and column is not None:
        return column
    if there is not None and column in there:
        return str(column)
    if column is None and there is not None and len(there) == 1:
        return str(there[0])
    shown = ", ".join(f"{name!r:.60}" for name in (there or [])[:20]) or "not known"
    more = f" and {len(there) - 20:,} more" if there and len(there) > 20 else ""
    if column is None:
        raise CorpusError(f"{what} is a table: name the column to read; its columns are {shown}{more}")
    raise CorpusError(f"{what} has no column {column!r:.60}: its columns are {shown}{more}")
