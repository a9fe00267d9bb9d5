"""Tables with a column of words and a column of vectors: Parquet, and Arrow's file format (Feather).

Written are ``word`` (string), ``count`` (int64, where counts are known) and ``vector`` (a list of `dim` float32),
which pandas, Polars, DuckDB, ``datasets``, vector databases and Embedding Atlas take. Read is any table with such
columns: those of these names, else the only one of text and the only one of lists of numbers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError
from firth.formats import stream
from firth.formats.extras import needed
from firth.formats.table import VectorTable
from firth.words import Words

PARQUET, ARROW = "parquet", "arrow"

_PARQUET_MARK, _ARROW_MARK = b"PAR1", b"ARROW1"
_ROWS = 1 << 16
_MOST_THRIFT = 1 << 24  # bytes or items of anything in the footer of a Parquet file


def _pyarrow(what: str, part: str = "") -> Any:
    return needed(f"pyarrow{part}", "arrow", what)


def recognises_parquet(path: Path) -> bool:
    """Return whether `path` is a Parquet file."""
    return not path.is_dir() and stream.head(path).startswith(_PARQUET_MARK)


def recognises_arrow(path: Path) -> bool:
    """Return whether `path` is an Arrow file; a Feather file of the second version is one."""
    return not path.is_dir() and stream.head(path).startswith(_ARROW_MARK)


def read_parquet(path: Path, *, memory_map: bool = True) -> VectorTable:  # noqa: ARG001 (the pages are packed)
    """Read words, vectors and counts.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    FormatError
        The file is damaged, or holds no words and vectors.
    """
    parquet = _pyarrow("a Parquet file", ".parquet")
    with _reading(path) as source:
        limits = {"thrift_string_size_limit": _MOST_THRIFT, "thrift_container_size_limit": _MOST_THRIFT}
        with parquet.ParquetFile(source, page_checksum_verification=True, **limits) as file:
            columns = _Columns(file.schema_arrow, path)
            batches = file.iter_batches(_ROWS, columns=columns.names, use_threads=False)
            return columns.table(batches)


def read_arrow(path: Path, *, memory_map: bool = True) -> VectorTable:  # noqa: ARG001 (batches are copied together)
    """Read words, vectors and counts; as `read_parquet` otherwise."""
    ipc = _pyarrow("an Arrow file", ".ipc")
    with _reading(path) as source:
        # Of a file, threads would go on reading when the reader of a damaged one has given up, and crash.
        whole = _pyarrow("an Arrow file").BufferReader(source.read())
        file = ipc.open_file(whole, options=ipc.IpcReadOptions(use_threads=False))
        columns = _Columns(file.schema, path)
        return columns.table(map(file.get_batch, range(file.num_record_batches)))


def write_parquet(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:
    """Write words, counts and vectors; output embeddings have no place in it.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    InputError
        A number is not finite.
    OutputError
        `path` exists and `overwrite` is false, or it cannot be written.
    """
    parquet = _pyarrow("a Parquet file", ".parquet")
    # Dictionaries are no use where no two values are the same.
    _write(
        table,
        path,
        PARQUET,
        overwrite,
        lambda file, schema: parquet.ParquetWriter(file, schema, use_dictionary=False),
    )


def write_arrow(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:
    """Write words, counts and vectors, not compressed, so that others can map them; else as `write_parquet`."""
    ipc = _pyarrow("an Arrow file", ".ipc")
    _write(table, path, ARROW, overwrite, ipc.new_file)


def _write(
    table: VectorTable, path: Path, name: str, overwrite: bool, writer_of: Callable[[Any, Any], Any]
) -> None:
    arrow = _pyarrow("an Arrow table")
    counts = table.vocabulary.counts
    vector = arrow.list_(arrow.float32(), table.embeddings.shape[1])
    fields = [("word", arrow.string()), ("count", arrow.int64()), ("vector", vector)]
    schema = arrow.schema([field for field in fields if counts is not None or field[0] != "count"])
    with (
        stream.writing(path, table, name, overwrite, end_of_word=None) as file,
        writer_of(file, schema) as writer,
    ):
        for start in range(0, len(table.embeddings), _ROWS):
            stop = min(start + _ROWS, len(table.embeddings))
            rows = np.ascontiguousarray(table.embeddings[start:stop]).reshape(-1)
            parts = {
                "word": _strings(table.vocabulary.words, start, stop, arrow),
                "vector": arrow.FixedSizeListArray.from_arrays(arrow.array(rows), type=vector),
            }
            if counts is not None:
                parts["count"] = arrow.array(counts[start:stop])
            writer.write_batch(arrow.record_batch([parts[field] for field in schema.names], schema=schema))


def _strings(words: Words, start: int, stop: int, arrow: Any) -> Any:
    """Return some of the words as an Arrow array, without a Python object for each."""
    offsets = words.offsets[start : stop + 1]
    text = np.ascontiguousarray(words.text[offsets[0] : offsets[-1]])
    places = arrow.py_buffer(offsets - offsets[0])
    large = arrow.LargeStringArray.from_buffers(stop - start, places, arrow.py_buffer(text))
    return large.cast(arrow.string())


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Any]:
    """Open a file, and report what pyarrow finds wrong with it."""
    failures = (OSError, ValueError, OverflowError, MemoryError, _pyarrow("a Parquet file").ArrowException)
    with stream.reading(path):
        pass  # for its errors: no such file, a pipe
    try:
        with path.open("rb") as source:
            yield source
    except FormatError:
        raise
    except failures as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise FormatError(
            f"{path} cannot be read: {reason:.200}; it may be damaged or truncated: copy or save it anew"
        ) from error


class _Columns:
    """The columns of a table that hold words, vectors and counts.

    Parameters
    ----------
    schema : pyarrow.Schema
    path : Path
        The file, for messages.

    Raises
    ------
    FormatError
        There is no column of text, or none of lists of numbers, or there are several and none has the name.
    """

    def __init__(self, schema: Any, path: Path) -> None:
        types = _pyarrow("an Arrow table").types
        self._path, self._schema = path, schema
        self.word = self._one("word", lambda kind: _is_text(kind, types), "text")
        self.vector = self._one("vector", lambda kind: _is_list(kind, types), "lists of numbers")
        kinds = [schema.field(name).type for name in schema.names if name == "count"]
        self.names = [self.word, self.vector]
        if len(kinds) == 1 and types.is_integer(kinds[0]):
            self.names.append("count")

    def _one(self, name: str, fits: Callable[[Any], bool], what: str) -> str:
        fitting: list[str] = [field.name for field in self._schema if fits(field.type)]
        chosen = [each for each in fitting if each == name] or fitting
        if len(chosen) == 1 and self._schema.names.count(chosen[0]) == 1:
            return chosen[0]
        listed = ", ".join(f"{field.name} ({field.type})" for field in self._schema)
        found = "no column" if not chosen else "several columns"
        raise FormatError(
            f"{self._path} has {found} of {what}: call one {name!r} (there are: {listed:.200})".replace(
                "\n", " "
            )
        )

    def table(self, batches: Iterable[Any]) -> VectorTable:
        """Read all batches."""
        words: list[bytes] = []
        blocks: list[NDArray[np.float32]] = []
        counts: list[NDArray[np.int64]] = []
        for batch in batches:
            if not batch.num_rows:
                continue
            words += self._texts(batch.column(self.word))
            blocks.append(self._matrix(batch.column(self.vector), blocks))
            if len(self.names) > 2:
                counts.append(self._whole(batch.column("count")))
        if not blocks:
            raise FormatError(f"{self._path} is an empty table: there is nothing in it")
        rows = np.ascontiguousarray(np.concatenate(blocks), np.float32)
        return stream.table(self._path, words, rows, np.concatenate(counts) if counts else None)

    def _texts(self, array: Any) -> list[bytes]:
        arrow = _pyarrow("an Arrow table")
        array.validate(full=True)  # offsets of a file can point anywhere
        if arrow.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if array.null_count:
            raise FormatError(f"{self._path} has rows without a word: drop or fill them")
        texts: list[bytes] = array.cast(arrow.large_binary()).to_pylist()
        return texts

    def _matrix(self, lists: Any, before: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        lists.validate(full=True)
        values = lists.flatten()
        if lists.null_count or values.null_count:
            raise FormatError(f"{self._path} has words without a vector: drop them")
        dim, rest = divmod(len(values), len(lists))
        lengths = (
            _pyarrow("an Arrow table", ".compute").list_value_length(lists).to_numpy(zero_copy_only=False)
        )
        if before:
            dim = before[0].shape[1]
        if not dim or rest or np.any(lengths != dim):
            raise FormatError(f"{self._path} has vectors of different lengths, or of none: all must have one")
        with np.errstate(over="ignore", invalid="ignore"):
            rows = np.asarray(values.to_numpy(zero_copy_only=False), np.float32)
        return rows.reshape(-1, dim)

    def _whole(self, counts: Any) -> NDArray[np.int64]:
        counts.validate(full=True)
        if counts.null_count:
            raise FormatError(f"{self._path} has words without a count: drop the column, or fill it")
        return np.asarray(counts.to_numpy(zero_copy_only=False), np.int64)


def _is_text(kind: Any, types: Any) -> bool:
    if types.is_dictionary(kind):
        kind = kind.value_type
    return any(getattr(types, f"is_{each}")(kind) for each in ("string", "large_string", "string_view"))


def _is_list(kind: Any, types: Any) -> bool:
    if not any(getattr(types, f"is_{each}")(kind) for each in ("list", "large_list", "fixed_size_list")):
        return False
    return bool(types.is_floating(kind.value_type) or types.is_integer(kind.value_type))
