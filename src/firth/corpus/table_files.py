"""A column of files that are tables: Parquet, Arrow, CSV or JSON Lines, told apart by their content."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from firth.corpus.arrow import ARROW_FILE, ARROW_STREAM, PARQUET, arrow_file_cells, parquet_cells, read_ahead
from firth.corpus.cells import Cells, batches_of
from firth.corpus.reading import SourceReader
from firth.corpus.rows import csv_cells, json_cells, text_lines
from firth.corpus.sources import TextFile
from firth.errors import CorpusError

_LONGEST_MARK = len(ARROW_FILE)


class TableFiles:
    """Reads a column of files, one after the other.

    Parameters
    ----------
    files : sequence of TextFile
        The files; each may be of another kind.
    column : str
        The name of the column, which all have.
    decode_errors : {"strict", "replace"}
        What to do with bytes that are not UTF-8.
    reader : SourceReader
        Reads what is text, and hashes all files if it keeps a hash.
    """

    def __init__(
        self, files: Sequence[TextFile], column: str, decode_errors: str, reader: SourceReader
    ) -> None:
        self._files, self._column, self._decode_errors, self._reader = files, column, decode_errors, reader
        self._done = 0
        self._inside: Callable[[], int] = int

    @property
    def position(self) -> int:
        """Bytes read so far; of Parquet and Arrow files, estimated by the rows."""
        return self._done + self._inside()

    def cells(self) -> Iterator[Cells]:
        """Yield the cells of all files.

        Raises
        ------
        MissingExtraError
            A file is Parquet or Arrow, and pyarrow is not installed.
        CorpusError
            A file cannot be read, is damaged, lacks the column, or that holds neither text nor lists of tokens.
        """
        for file in self._files:
            mark = _first_bytes(file)
            if mark.startswith((PARQUET, ARROW_FILE, ARROW_STREAM)) and file.path is not None:
                yield from self._binary(file.path, file.size or 0, parquet=mark.startswith(PARQUET))
            else:
                yield from self._text(file)
            self._done, self._inside = self.position, int

    def _binary(self, path: Path, size: int, *, parquet: bool) -> Iterator[Cells]:
        before = _state(path)
        if self._reader.keeps_hash:  # pyarrow reads here and there, so all is read once more
            for _ in self._reader.raw_blocks(TextFile(path, size)):
                pass
        share = 0.0

        def progress(done: float) -> None:
            nonlocal share
            share = done

        self._inside = lambda: int(size * share)
        read = parquet_cells if parquet else arrow_file_cells
        yield from read_ahead(read(path, self._column, progress))
        share = 1.0
        if _state(path) != before:
            raise CorpusError(f"{path} was changed while it was read: read it again when it is complete")

    def _text(self, file: TextFile) -> Iterator[Cells]:
        name, start = str(file), self._reader.bytes_read
        self._inside = lambda: self._reader.bytes_read - start
        lines = text_lines(self._reader.text_blocks(file), name, self._decode_errors)
        ahead: list[str] = []
        for line in lines:
            ahead.append(line)
            if line.strip():
                break
        read = json_cells if ahead and ahead[-1].lstrip().startswith(("{", "[")) else csv_cells
        cells = read(itertools.chain(ahead, lines), self._column, name)
        yield from batches_of(cells, f"column {self._column!r} of {name}", self._decode_errors, unit="line")


def _first_bytes(file: TextFile) -> bytes:
    """Return how a regular file begins; nothing of what can be read but once."""
    if file.path is None or file.size is None:
        return b""
    try:
        with file.path.open("rb") as stream:
            return stream.read(_LONGEST_MARK)
    except OSError as error:
        raise CorpusError(
            f"cannot read {file}: {error.strerror or error}; check the file and its permissions"
        ) from error


def _state(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}; check the file") from error
    return status.st_size, status.st_mtime_ns
