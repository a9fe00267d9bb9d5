"""Tables in memory: whose they are is told by what they can do, so that none of their libraries is imported."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from firth.corpus.arrow import array_cells, pyarrow, table_cells
from firth.corpus.cells import Cells, batches_of, choose_column
from firth.corpus.rows import record_cells
from firth.errors import CorpusError

_ROWS = 1_000
_SLICE = 1 << 16


def cells_of(source: Any, column: str | None, decode_errors: str) -> Iterator[Cells] | None:
    """Return the cells of a table or a column, or None where `source` is neither.

    Parameters
    ----------
    source : object
        A table, record batch, reader, data set or array of pyarrow; a data frame or a series of pandas or polars; a
        data set of Hugging Face, streamed or not; a cursor of a database (PEP 249);
        a relation of DuckDB, or whatever else gives Arrow's streams (``__arrow_c_stream__``).
    column : str, optional
        Which column; may be left out where there is but one.
    decode_errors : {"strict", "replace"}
        What to do with text that cannot be written as UTF-8.

    Raises
    ------
    CorpusError
        There is no such column, or none is named and there are several.
    """
    name = f"the {type(source).__name__}"
    if type(source).__module__.startswith("pyarrow") and "pyarrow" in sys.modules:
        return _arrow(source, column, name)
    if _can(source, "description", "fetchmany"):
        return _cursor(source, column, name, decode_errors)
    if _can(source, "column_names", "iter", "select_columns"):
        return _data_set(source, column, name, decode_errors)
    if isinstance(source, Mapping):
        if column is None and not any(_can(part, "column_names") for part in source.values()):
            return None
        return _mapping(source, column, name, decode_errors)
    if _can(source, "collect_schema", "collect", "select"):  # a polars.LazyFrame, or a narwhals one
        names = source.collect_schema().names()
        if not _can(source, "get_column"):
            source = source.select(choose_column(names, column, name)).collect()
    if _can(source, "columns", "__getitem__") and (_can(source, "iterrows") or _can(source, "get_column")):
        chosen = choose_column(source.columns, column, name)
        return batches_of(_series_cells(source[chosen]), f"column {chosen!r} of {name}", decode_errors)
    if _can(source, "dtype", "name") and (_can(source, "tolist") or _can(source, "to_list")):
        _refuse_name(column, name)
        return batches_of(_series_cells(source), name, decode_errors)
    if _can(source, "__arrow_c_stream__"):  # whoever speaks Arrow: DuckDB's relations, for example
        return table_cells(pyarrow(f"reading {name}").RecordBatchReader.from_stream(source), column, name)
    return None


def row_cells(rows: Iterator[Any], column: str, decode_errors: str) -> Iterator[Cells]:
    """Yield the cells of a column of rows that come one after the other, or of tables that do.

    Parameters
    ----------
    rows : iterator
        Mappings, by column; or parts of a table, each as `cells_of` takes it.
    column : str
        Which column.
    decode_errors : {"strict", "replace"}
        What to do with text that cannot be written as UTF-8.

    Raises
    ------
    CorpusError
        A row is neither, or none of the first thousand has the column.
    """
    first = next(rows)
    rows = itertools.chain([first], rows)
    if not isinstance(first, Mapping) and cells_of(first, column, decode_errors) is not None:
        for part in rows:
            yield from cells_of(part, column, decode_errors) or ()
        return

    def records() -> Iterator[tuple[int, Any]]:
        for number, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise CorpusError(
                    f"row {number:,} of the corpus is {row!r:.60}, a {type(row).__name__}, but column is {column!r:.60}"
                    ": rows must be mappings by the names of the columns; leave column out for documents"
                )
            yield number, row

    yield from batches_of(
        record_cells(records(), column, "the corpus"), f"column {column!r} of the corpus", decode_errors
    )


def _can(source: object, *names: str) -> bool:
    """Return whether an object (no class) has all of these attributes."""
    return not isinstance(source, type) and all(hasattr(source, name) for name in names)


def _refuse_name(column: str | None, name: str) -> None:
    if column is not None:
        raise CorpusError(f"column is {column!r:.60}, but {name} is one column already: leave column out")


def _arrow(source: Any, column: str | None, name: str) -> Iterator[Cells] | None:
    if _can(source, "schema") or _can(source, "projected_schema"):
        return table_cells(source, column, name)
    if _can(source, "type", "slice") or _can(source, "chunks"):
        _refuse_name(column, name)
        return array_cells(source, name)
    return None


def _cursor(source: Any, column: str | None, name: str, decode_errors: str) -> Iterator[Cells]:
    if not source.description:
        raise CorpusError(f"{name} has no result: execute a query that selects the text first")
    names = [field[0] for field in source.description]
    chosen = choose_column(names, column, name)
    at = names.index(chosen)

    def cells() -> Iterator[tuple[int, Any]]:
        number = 0
        while rows := source.fetchmany(_ROWS):
            for row in rows:
                yield number, row[at]
                number += 1

    return batches_of(cells(), f"column {chosen!r} of {name}", decode_errors)


def _data_set(source: Any, column: str | None, name: str, decode_errors: str) -> Iterator[Cells]:
    """Return the cells of a data set of Hugging Face; a streamed one may not know its columns beforehand."""
    if source.column_names is None:
        if column is None:
            raise CorpusError(f"{name} does not know its columns: name the column to read")
        return row_cells(iter(source), column, decode_errors)
    chosen = choose_column(source.column_names, column, name)
    plain = source.select_columns([chosen])
    plain = plain.with_format(None) if _can(plain, "with_format") else plain
    batches = plain.iter(batch_size=_ROWS)
    cells = (cell for batch in batches for cell in batch[chosen])
    return batches_of(enumerate(cells), f"column {chosen!r} of {name}", decode_errors)


def _mapping(source: Mapping[Any, Any], column: str | None, name: str, decode_errors: str) -> Iterator[Cells]:
    if any(_can(part, "column_names") for part in source.values()):
        splits = ", ".join(map(repr, source))
        raise CorpusError(
            f"{name} holds several data sets ({splits}): give one of them, as in source['train']"
        )
    chosen = choose_column(source, column, name)
    cells = source[chosen]
    if isinstance(cells, (str, bytes, Mapping)) or not isinstance(cells, Iterable):
        raise CorpusError(
            f"column {chosen!r:.60} of {name} is {cells!r:.60}, a {type(cells).__name__}, but must hold the documents"
        )
    return batches_of(enumerate(cells), f"column {chosen!r} of {name}", decode_errors)


def _series_cells(series: Any) -> Iterator[tuple[int, Any]]:
    """Yield the cells of a series of pandas or polars, made Python objects a slice at a time."""
    values = series
    for start in range(0, len(values), _SLICE):
        part = (
            values.iloc[start : start + _SLICE] if hasattr(values, "iloc") else values[start : start + _SLICE]
        )
        listed = part.tolist() if hasattr(part, "tolist") else part.to_list()
        yield from enumerate(listed, start)
