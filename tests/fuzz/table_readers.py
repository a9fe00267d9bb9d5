"""Readers of Arrow and Parquet files, corpora and vectors, for where pyarrow is installed."""

from __future__ import annotations

import functools
import importlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firth import formats
from firth.corpus import encode
from fuzz.reader import Reader
from fuzz.vector_files import golden

_COLUMNS = {
    "text": ["to be or not", "that is the question", None, "na\u00efve caf\u00e9", "", "to be"] * 3,
    "lists": [["to", "be"], [], None, ["na\u00efve", "\U0001f600"], ["or"], ["not", "to be"]] * 3,
    "number": list(range(18)),
}


def _use_corpus(path: Path) -> None:
    for column in ("text", "lists"):
        with encode(path, column=column, cache=False, threads=1) as corpus:
            assert corpus.n_tokens + corpus.n_documents == len(corpus.ids)
            list(corpus.types)


def _use_vectors(format: str) -> Callable[[Path], None]:
    def use(path: Path) -> None:
        table = formats.read(path, format=format)
        assert len(list(table.vocabulary)) == len(table.embeddings) >= 1

    return use


@functools.cache
def _parquet_files() -> list[bytes]:
    write = importlib.import_module("pyarrow.parquet").write_table
    ways = [{"compression": name, "row_group_size": 7} for name in ("snappy", "zstd", "none")]
    ways += [{"use_dictionary": False, "data_page_version": "2.0"}, {"write_page_checksum": True}]
    return [_file(lambda table, file, way=way: write(table, file, **way)) for way in ways]


@functools.cache
def _arrow_files() -> list[bytes]:
    write = importlib.import_module("pyarrow.feather").write_feather
    stream = importlib.import_module("pyarrow.ipc").new_stream

    def write_stream(table: Any, file: io.BytesIO) -> None:
        with stream(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=7)

    ways = ("lz4", "zstd", "uncompressed")
    packed = [
        _file(lambda table, file, way=way: write(table, file, compression=way, chunksize=7)) for way in ways
    ]
    return [*packed, _file(write_stream)]


def _file(write: Callable[[Any, io.BytesIO], None]) -> bytes:
    file = io.BytesIO()
    write(importlib.import_module("pyarrow").table(_COLUMNS), file)
    return file.getvalue()


TABLE_READERS = (
    Reader("parquet corpus", _parquet_files, _use_corpus),
    Reader("arrow corpus", _arrow_files, _use_corpus),
    Reader("parquet", lambda: golden("pandas.parquet", "duckdb.parquet"), _use_vectors("parquet")),
    Reader("arrow", lambda: golden("polars.arrow"), _use_vectors("arrow")),
)
