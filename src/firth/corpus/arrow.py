"""Columns of Arrow's tables and files, taken as whole arrays: no cell of text becomes a Python object."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import importlib
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from firth.corpus.cells import Cells, TextCells, TokenCells, choose_column
from firth.corpus.tokenizing import as_tokens
from firth.errors import CorpusError, MissingExtraError
from firth.words import Words

PARQUET = b"PAR1"
ARROW_FILE = b"ARROW1"
ARROW_STREAM = b"\xff\xff\xff\xff"
_BATCH_BYTES = 4 << 20
_MOST_ROWS = 1 << 16
_AHEAD = 4
_BUFFER = 1 << 20
_END = -1


def pyarrow(what: str) -> Any:
    """Return the module pyarrow.

    Parameters
    ----------
    what : str
        What it is needed for.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise MissingExtraError(
            f"{what} needs pyarrow, which is not installed: pip install 'firth[arrow]'"
        ) from error


def read_ahead(cells: Generator[Cells, None, None]) -> Iterator[Cells]:
    """Yield `cells`, the next few of which another thread reads meanwhile, so that unpacking keeps nobody waiting.

    One alone would have the two threads wait for each other in turn, on a busy machine for a slice of its time.
    """
    with contextlib.closing(cells), concurrent.futures.ThreadPoolExecutor(1, "firth-table") as reader:
        ahead = collections.deque(reader.submit(next, cells, None) for _ in range(_AHEAD))
        try:
            while (each := ahead.popleft().result()) is not None:
                ahead.append(reader.submit(next, cells, None))
                yield each
        finally:
            for following in ahead:
                following.cancel()


def parquet_cells(path: Path, column: str, progress: Any) -> Generator[Cells, None, None]:
    """Yield the cells of a column of a Parquet file.

    Parameters
    ----------
    path : Path
        The file.
    column : str
        The name of the column.
    progress : callable
        Told the share of the rows that are read, from 0 to 1, after each batch.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    CorpusError
        The file is damaged, has no such column, or that holds neither text nor lists.
    """
    arrow = pyarrow(f"{path} is a Parquet file: reading it")
    parquet = importlib.import_module("pyarrow.parquet")
    with (
        _reading(path),
        arrow.OSFile(str(path)) as source,
        parquet.ParquetFile(source, page_checksum_verification=True, buffer_size=_BUFFER) as file,
    ):
        choose_column(file.schema_arrow.names, column, str(path))
        n_rows = max(1, file.metadata.num_rows)
        batches = file.iter_batches(_rows_at_once(file, column), columns=[column], use_threads=False)
        yield from _batch_cells(batches, column, str(path), lambda row: progress(row / n_rows))


def _rows_at_once(file: Any, column: str) -> int:
    """Return how many rows of a column make a batch.

    What the file says of one column is not asked: where that is damaged, pyarrow ends the process. What it says of all
    columns is, and then what the column took in the first rows.
    """
    metadata = file.metadata
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    n_bytes = max(1, sum(group.total_byte_size for group in groups))
    fewest: int = min(max(1, _BATCH_BYTES * metadata.num_rows // n_bytes), _MOST_ROWS)
    first = next(file.iter_batches(fewest, columns=[column], use_threads=False), None)
    if first is None or not first.num_rows:
        return fewest
    # No more than 16 times as many: later rows may be longer.
    return int(min(_BATCH_BYTES * first.num_rows // max(1, first.nbytes), 16 * fewest, _MOST_ROWS)) or 1


def arrow_file_cells(path: Path, column: str, progress: Any) -> Generator[Cells, None, None]:
    """Yield the cells of a column of an Arrow file (Feather) or stream; as `parquet_cells` otherwise."""
    arrow = pyarrow(f"{path} is an Arrow file: reading it")
    ipc = importlib.import_module("pyarrow.ipc")
    size = path.stat().st_size
    # Threads would go on reading when the reader of a damaged file has given up, and crash: no Python file, no threads.
    options = ipc.IpcReadOptions(use_threads=False)
    with _reading(path), arrow.OSFile(str(path)) as source:
        head = source.read(len(ARROW_FILE))
        source.seek(0)
        open_it = ipc.open_file if head == ARROW_FILE else ipc.open_stream
        reader = open_it(source, options=options)
        choose_column(reader.schema.names, column, str(path))

        def batches() -> Iterator[Any]:
            if head != ARROW_FILE:
                yield from reader
                return
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)

        def checked() -> Iterator[Any]:
            for batch in batches():  # offsets of a file can point anywhere
                batch.column(column).validate(full=True)
                yield batch

        yield from _batch_cells(
            checked(), column, str(path), lambda _: progress(source.tell() / max(1, size))
        )


def table_cells(table: Any, column: str | None, name: str) -> Iterator[Cells]:
    """Yield the cells of a column of an Arrow table, record batch, reader of batches, data set or scanner."""
    arrow = pyarrow("an Arrow table")
    names = (table.projected_schema if hasattr(table, "projected_schema") else table.schema).names
    column = choose_column(names, column, name)
    batches = table  # a reader
    if isinstance(table, arrow.RecordBatch):
        batches = [table]
    elif isinstance(table, arrow.Table):
        batches = table.select([column]).to_batches(max_chunksize=_MOST_ROWS)
    elif hasattr(table, "scanner"):  # a data set
        batches = table.scanner(columns=[column], batch_size=_MOST_ROWS // 8).to_batches()
    elif hasattr(table, "to_batches"):  # a scanner
        batches = table.to_batches()
    with _reading(name):
        yield from _batch_cells(batches, column, name, lambda _: None)


def array_cells(array: Any, name: str) -> Iterator[Cells]:
    """Yield the cells of an Arrow array, plain or chunked."""
    row = 0
    with _reading(name):
        for chunk in getattr(array, "chunks", [array]):
            for start in range(0, len(chunk), _MOST_ROWS):
                yield from _cells(chunk.slice(start, _MOST_ROWS), name, row + start)
            row += len(chunk)


@contextlib.contextmanager
def _reading(name: object) -> Iterator[None]:
    """Report what pyarrow finds wrong with a file or a table."""
    failures = (OSError, ValueError, pyarrow("an Arrow table").ArrowException)
    try:
        yield
    except (CorpusError, MissingExtraError):
        raise
    except failures as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise CorpusError(
            f"{name} cannot be read as a table: {reason:.200}; it may be damaged or truncated: fetch or write it again"
        ) from error


def _batch_cells(batches: Iterable[Any], column: str, name: str, progress: Any) -> Iterator[Cells]:
    row = 0
    for batch in batches:
        yield from _cells(batch.column(column), f"column {column!r} of {name}", row)
        row += batch.num_rows
        progress(row)


def _cells(array: Any, name: str, row: int) -> Iterator[Cells]:
    """Yield the cells of one array, those that hold nothing left out."""
    arrow = pyarrow("an Arrow array")
    types = arrow.types
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if isinstance(array, arrow.ExtensionArray):
        array = array.storage
    is_text = _is_text(array.type, types)
    if is_text:  # before anything else: for views of strings, little else is there
        array = array.cast(arrow.large_binary())
    array = array.drop_null()
    kind = array.type
    if not len(array):
        return
    if is_text:
        text = array
        listed = arrow.LargeListArray.from_arrays(arrow.array([0, len(text)], arrow.int64()), text)
        joined = importlib.import_module("pyarrow.compute").binary_join(
            listed, arrow.scalar(b"\n", text.type)
        )
        yield TextCells(f"{name}, from row {row:,} on,", memoryview(joined[0].as_buffer()))
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        yield TokenCells(name, _numbered(array, arrow, f"{name}, from row {row:,} on,"))
    else:
        raise CorpusError(
            f"{name} holds {kind!s:.60}, but must hold text or lists of tokens: name another column, or make strings "
            "of it"
        )


def _is_text(kind: Any, types: Any) -> bool:
    kinds = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
    return any(getattr(types, f"is_{each}", lambda _: False)(kind) for each in kinds)


def _numbered(lists: Any, arrow: Any, where: str) -> tuple[Any, Words]:
    """Return the tokens of lists as numbers of different ones; only these become Python objects."""
    compute = importlib.import_module("pyarrow.compute")
    values = lists.flatten()
    if arrow.types.is_nested(values.type):
        raise CorpusError(
            f"{where} holds lists of {values.type!s:.60}, but each document must be one flat list of tokens"
        )
    if not arrow.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    numbers = values.indices.fill_null(_END).to_numpy(zero_copy_only=False).astype(np.int64)
    tokens = values.dictionary.to_pylist()
    try:
        words = ["".join(as_tokens([token])) for token in tokens]
    except CorpusError as error:
        raise CorpusError(f"{where}: {error}") from error
    kept = np.array([bool(word) for word in words] + [False])  # the last: where there is no token
    renumbered = np.where(kept, np.cumsum(kept) - 1, _END).astype(np.int32)[numbers]
    lengths = compute.list_value_length(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.cumsum(lengths)
    documents = np.insert(renumbered, ends, np.int32(_END))
    present = np.insert(renumbered != _END, ends, True)
    return np.ascontiguousarray(documents[present]), Words.of(word for word in words if word)
