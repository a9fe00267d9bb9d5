"""Tables that are text: CSV and JSON Lines, read by Python's own readers, so that lines can be named."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from firth.corpus.cells import choose_column
from firth.errors import CorpusError

_LONGEST_FIELD = 2**31 - 1
_BATCH_ROWS = 1_000
# A field may be missing from some records; from so many first ones it is a slip of the pen.
_RECORDS_LOOKED_AT = 1_000
_csv_limit = threading.Lock()


def text_lines(blocks: Iterable[tuple[int, bytes]], name: str, decode_errors: str) -> Iterator[str]:
    r"""Yield the lines of a text, each with its ``\n``.

    Raises
    ------
    CorpusError
        Some bytes are not UTF-8.
    """
    pending, start = bytearray(), 0
    for offset, block in blocks:
        if not pending:
            start = offset
        end = block.rfind(b"\n") + 1
        if not end:
            pending += block
            continue
        yield from _decoded(bytes(pending) + block[:end], start, name, decode_errors)
        pending, start = bytearray(block[end:]), offset + end
    if pending:
        yield from _decoded(bytes(pending), start, name, decode_errors)


def _decoded(data: bytes, start: int, name: str, decode_errors: str) -> Iterator[str]:
    try:
        text = data.decode("utf-8", decode_errors)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{name} is not UTF-8: byte {start + error.start:,} of its text is 0x{data[error.start]:02x} "
            f"({error.reason}); convert it to UTF-8, or put U+FFFD for such bytes with decode_errors='replace'"
        ) from error
    begin = 0
    while begin < len(text):  # only a newline ends a line, so neither splitlines() nor universal newlines
        end = text.find("\n", begin) + 1 or len(text)
        yield text[begin:end]
        begin = end


def json_cells(lines: Iterator[str], column: str, name: str) -> Iterator[tuple[int, Any]]:
    """Yield the number of each line, and what its record has under `column`; None where it lacks it.

    Raises
    ------
    CorpusError
        A line is no JSON object, or none of the first thousand records has the column.
    """
    records = ((number, _record(line, number, name)) for number, line in enumerate(lines, 1) if line.strip())
    yield from record_cells(records, column, name)


def _record(line: str, number: int, name: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", None) or error
        raise CorpusError(
            f"{name}, line {number:,} is no JSON: {reason}; JSON Lines has one object a line"
        ) from error
    if not isinstance(record, dict):
        raise CorpusError(
            f"{name}, line {number:,} is {line.strip()!r:.60}, but must be a JSON object: JSON Lines has one a line"
        )
    return record


def record_cells(records: Iterable[tuple[int, Any]], column: str, name: str) -> Iterator[tuple[int, Any]]:
    """Yield the number of each record, and what it has under `column`; None where it lacks it.

    Raises
    ------
    CorpusError
        None of the first thousand records has the column.
    """
    met: dict[Any, None] = {}
    missing = 0
    for number, record in records:
        if column in record:
            missing = -1
        elif missing >= 0:
            met.update(dict.fromkeys(record))
            missing += 1
            if missing >= _RECORDS_LOOKED_AT:
                break
        yield number, record.get(column)
    if missing > 0:
        choose_column(met, column, name)


def csv_cells(lines: Iterator[str], column: str, name: str) -> Iterator[tuple[int, str]]:
    """Yield the number of the line on which each row ends, and its field under `column`.

    The first line names the columns. The delimiter is the one of comma, tab, semicolon and bar that this line has most
    of; fields may be quoted with ``"`` and then hold newlines.

    Raises
    ------
    CorpusError
        There is no such column, a row has more or fewer fields than the first, or a quote is not closed.
    """
    head, number = "", 0
    for head in lines:
        number += 1
        if head.strip():
            break
    delimiter = max(",\t;|", key=head.count)

    def all_lines() -> Iterator[str]:
        nonlocal number
        yield head
        for line in lines:
            number += 1
            yield line

    rows = csv.reader(all_lines(), delimiter=delimiter, strict=True)
    names: list[str] = []
    at = 0
    while batch := _csv_rows(rows, name, lambda: number):
        for line, row in batch:
            if not names:  # the first row
                names = row
                at = row.index(choose_column(row, column, name)) if row else 0
            elif row:
                if len(row) != len(names):
                    raise CorpusError(
                        f"{name}, line {line:,} has {len(row):,} fields, but the first line has {len(names):,}: put "
                        f'fields that hold {delimiter!r} or a newline between quotes ("), or mend the line'
                    )
                yield line, row[at]


def _csv_rows(rows: Any, name: str, line: Callable[[], int]) -> list[tuple[int, list[str]]]:
    """Return the next rows; the limit to the length of a field, which the whole process shares, is only borrowed."""
    batch: list[tuple[int, list[str]]] = []
    with _csv_limit:
        before = csv.field_size_limit(_LONGEST_FIELD)
        try:
            for row in rows:
                batch.append((line(), row))
                if len(batch) >= _BATCH_ROWS:
                    break
        except csv.Error as error:
            raise CorpusError(
                f"{name}, line {line():,} cannot be read as CSV: {error}; mend the line, or see whether a quote is "
                "not closed"
            ) from error
        finally:
            csv.field_size_limit(before)
    return batch
