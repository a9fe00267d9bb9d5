"""The way in: whatever the user has, encoded."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Set as AbstractSet
from pathlib import Path
from typing import Any

from firth.config import TextOptions
from firth.corpus.cache import CorpusCache
from firth.corpus.cells import Cells, TextCells, TokenCells
from firth.corpus.chunks import Chunk, Part, cut_chunks
from firth.corpus.encoder import (
    IdFile,
    documents_of,
    encode_numbered,
    encode_pieces,
    encode_tokens,
    text_of,
    unwritable,
)
from firth.corpus.reading import SourceReader
from firth.corpus.sources import TextFile, find_files
from firth.corpus.table_files import TableFiles
from firth.corpus.tables import cells_of, row_cells
from firth.corpus.temporary import make_temporary_folder
from firth.corpus.token_corpus import IDS, TokenCorpus, open_corpus, write_manifest, write_types
from firth.corpus.tokenizing import as_tokens, document_rule, needs_documents, rewriting
from firth.corpus.type_table import TypeTable
from firth.errors import ConfigError, CorpusError, OutputError

_log = logging.getLogger(__name__)

_BLOCK_CHARACTERS = 1 << 20
# More do not help: what they find is entered by one thread, in the order of the text.
_MOST_THREADS = 8

Progress = Callable[[int, int | None], None]
Source = str | os.PathLike[str] | Iterable[Any]


def encode(
    source: Source,
    text: TextOptions | None = None,
    *,
    column: str | None = None,
    cache: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> TokenCorpus:
    r"""Turn text into ids, in one pass.

    Parameters
    ----------
    source : path, or iterable
        A path (str or PathLike) is a file, a folder, a glob, or ``"-"`` for standard input; an iterable of PathLike
        stands for several. Any other iterable holds documents and is passed over once, so a generator will do: either
        strings, or sequences of tokens, any hashable ``x`` being the token ``str(x)``; None and
        NaN are none. The first item decides.
        Files may be compressed with gzip, bzip2, xz or zstd, which is seen by their content. Or a table, of which a
        column is read: a table, record batch, reader, data set or array of Arrow; a data frame or a series of pandas or
        polars; a data set of Hugging Face, streamed or not; a cursor of a database or a relation of DuckDB; an iterable
        of mappings, or of parts of a table.
    text : TextOptions, optional
        How text becomes tokens. Not applied to documents that are sequences of tokens already.
    column : str, optional
        The column to read, of a table or of files that are tables (Parquet, Arrow, CSV or JSON Lines, seen by their
        content). Each cell is a document: text, or a list of tokens. Empty cells (null, None, NaN) are documents
        without tokens. May be left out for a table in memory that has one column.
    cache : bool
        Keep what is made from files for the next time, found by their content and the options. Nothing is kept of
        standard input, pipes, other iterables and callables.
    threads : int, optional
        How many split the text, at least 1; all cores where it is not given. The ids do not depend on it.
    progress : callable, optional
        Called in this thread with the bytes done and the bytes in all. Of files they are the bytes on disk; of
        iterables the bytes of UTF-8, and None in all, as for pipes. The first figure begins again at 0 if files were
        looked up in the cache and must be read after all.

    Returns
    -------
    TokenCorpus
        To be closed when it is not needed any more; a ``with`` block does.

    Raises
    ------
    CorpusError
        A path names nothing, a file cannot be read or is no text, or there are no tokens; there is no such column, or
        a cell is neither text nor a list of tokens.
    ConfigError
        `threads` is below 1, or `column` is no string.
    MissingExtraError
        A file is Parquet or Arrow, and pyarrow is not installed.
    OutputError
        The ids cannot be written.

    Notes
    -----
    A newline (``\n`` or ``\r\n``) ends a document, and so does the end of a file or of a string. Documents without
    tokens are dropped. Text is read in chunks: only the table of types grows with it. A callable is given whole
    documents. A regular expression finds the same in a document of any length, provided that it looks no farther than
    65,536 characters beyond a match.

    Examples
    --------
    >>> with encode(["to be or", "not to be"]) as corpus:
    ...     list(corpus.types), corpus.ids.tolist(), corpus.type_counts.tolist()
    (['to', 'be', 'or', 'not'], [0, 1, 2, -1, 3, 0, 1, -1], [2, 2, 1, 1])
    """
    if column is not None and not isinstance(column, str):
        raise ConfigError(f"column is {column!r:.60}, but must be the name of a column, a string")
    task = _Task(text or TextOptions(), column, checked_threads(threads), progress or _untold)
    paths, encode_it = _paths_or_memory(source, task)
    if encode_it is not None:
        return encode_into_temporary(encode_it)
    files = find_files(paths)
    keepable = cache and not callable(task.text.tokenize) and all(file.size is not None for file in files)
    store = CorpusCache.default() if keepable else None
    if store is not None:
        found = store.find(files, task.text, task.told, column)
        if found is not None:
            return found
        try:
            return _encode_into_cache(store, files, task)
        except OutputError as error:
            _log.warning("the encoded corpus is not kept for the next run: %s", error)
    return encode_into_temporary(lambda out: _encode_files(files, task, out, SourceReader(keep_hash=False)))


@dataclasses.dataclass(frozen=True, eq=False)
class _Task:
    """What all steps need to know.

    Parameters
    ----------
    text : TextOptions
    column : str, optional
    threads : int
    told : callable
        Told the progress.
    """

    text: TextOptions
    column: str | None
    threads: int
    told: Progress


def _untold(done: int, total: int | None) -> None:
    """Take the progress that nobody asked for."""


def checked_threads(threads: int | None) -> int:
    """Return how many threads split or count; all cores, up to eight, where it is not given.

    Raises
    ------
    ConfigError
        `threads` is below 1.
    """
    if threads is None:
        return min(os.cpu_count() or 1, _MOST_THREADS)
    if threads < 1:
        raise ConfigError(f"threads is {threads}, but must be at least 1, or left out for all cores")
    return min(threads, _MOST_THREADS)


def _paths_or_memory(
    source: Source, task: _Task
) -> tuple[list[str | os.PathLike[str]], Callable[[IdFile], TypeTable] | None]:
    """Return the paths that `source` is, or what encodes what it holds in memory."""
    cells = None
    if not isinstance(source, (str, os.PathLike)):
        cells = cells_of(source, task.column, task.text.decode_errors)
    if cells is None:
        paths, documents = _paths_or_documents(source)
        if documents is None:
            return paths, None
        if task.column is None:
            return [], lambda out: _encode_documents(documents, task, out)
        cells = row_cells(documents, task.column, task.text.decode_errors)
    return [], lambda out: _encode_cells(cells, task, out, None)


def _paths_or_documents(source: Source) -> tuple[list[str | os.PathLike[str]], Iterator[Any] | None]:
    """Return the paths that `source` is, or the documents that it holds."""
    if isinstance(source, (str, os.PathLike)):
        return [source], None
    if isinstance(source, (bytes, bytearray, Mapping, AbstractSet)) or not isinstance(source, Iterable):
        raise CorpusError(
            f"the corpus is {source!r:.60}, a {type(source).__name__}, but must be a path or an iterable of strings or "
            "of token lists, in an order"
        )
    items = iter(source)
    first = list(itertools.islice(items, 1))
    if not first:
        raise CorpusError("the corpus is empty: it holds no documents")
    if not isinstance(first[0], os.PathLike):
        if isinstance(source, (list, tuple)) and all(map(_names_a_file, source)):
            raise CorpusError(
                f"the corpus is a list of strings, which are documents, but all name files, as {first[0]!r:.60} does: "
                "pass Path objects for the files"
            )
        return [], itertools.chain(first, items)
    paths = [*first, *items]
    for number, path in enumerate(paths):
        if not isinstance(path, os.PathLike):
            raise CorpusError(
                f"item {number:,} of the corpus is {path!r:.60}, but the first one is a path: give Path objects, or "
                "strings that are text"
            )
    return paths, None


def _names_a_file(item: object) -> bool:
    return isinstance(item, str) and os.path.isfile(item)  # noqa: PTH113 (Path refuses some texts)


_Encode = Callable[[IdFile], TypeTable]


def encode_into_temporary(encode: _Encode) -> TokenCorpus:
    """Return the corpus whose ids and types `encode` gives, in a folder that goes when it is closed.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    folder, remove = make_temporary_folder("corpus")
    try:
        _write(folder, encode)
        return open_corpus(folder, on_close=remove)
    except BaseException:
        remove()
        raise


def _encode_into_cache(store: CorpusCache, files: list[TextFile], task: _Task) -> TokenCorpus:
    """Encode `files` and keep the result under the hash of the bytes that were read for it."""
    reader = SourceReader(keep_hash=True)
    with store.making() as folder:
        _write(folder, lambda out: _encode_files(files, task, out, reader))
        return store.keep(folder, reader, task.text, task.column)


def _write(folder: Path, encode: _Encode) -> None:
    """Fill `folder` with an encoded corpus."""
    with IdFile(folder / IDS) as out:
        table = encode(out)
    out.settle(table)
    words = table.words()
    if not len(words):
        raise CorpusError(
            "the corpus holds no tokens: it is empty or all whitespace, or the tokenizer finds nothing in it; give "
            "more text or another tokenizer"
        )
    try:
        write_types(folder, words, table.counts[: table.n_types])
        write_manifest(folder, {"n_documents": out.n_documents, "fingerprint": out.fingerprint(words)})
    except OSError as error:
        raise unwritable(folder, error) from error


def _encode_files(files: list[TextFile], task: _Task, out: IdFile, reader: SourceReader) -> TypeTable:
    sizes = [file.size for file in files if file.size is not None]
    total = sum(sizes) if len(sizes) == len(files) else None
    if task.column is not None:
        tables = TableFiles(files, task.column, task.text.decode_errors, reader)
        return _encode_cells(tables.cells(), task, out, lambda: (tables.position, total))
    parts = (Part(str(file), reader.text_blocks(file)) for file in files)
    return _encode_parts(parts, lambda: reader.bytes_read, task, out, total)


def _encode_cells(
    cells: Iterator[Cells], task: _Task, out: IdFile, position: Callable[[], tuple[int, int | None]] | None
) -> TypeTable:
    """Encode cells, all of the kind of the first; `position` tells how far their files are read."""
    first = next(cells, None)
    if first is None:
        return TypeTable()
    done = 0

    def of_one_kind() -> Iterator[Any]:
        nonlocal done
        for each in itertools.chain([first], cells):
            if type(each) is not type(first):
                kinds = {TextCells: "text", TokenCells: "lists of tokens"}
                raise CorpusError(
                    f"{each.name} holds {kinds[type(each)]}, but what was read before is {kinds[type(first)]}: train "
                    "on one kind"
                )
            if isinstance(each, TextCells):
                done += len(each.data)
            yield each

    def told(so_far: int) -> None:
        task.told(*((so_far, None) if position is None else position()))

    if isinstance(first, TokenCells):
        numbered = (each.numbered for each in of_one_kind())
        table = encode_numbered(numbered, out, max_types=task.text.max_types, progress=told)
        if position is not None:  # the last batch may end before its file does
            told(0)
        return table
    parts = (Part(each.name, ((0, each.data),)) for each in of_one_kind())
    return _encode_parts(
        parts, lambda: done, dataclasses.replace(task, told=lambda so_far, _: told(so_far)), out
    )


def _encode_documents(documents: Iterator[Any], task: _Task, out: IdFile) -> TypeTable:
    """Encode strings, or sequences of tokens; the first document tells which."""
    first = next(documents)
    documents = itertools.chain([first], documents)
    if not isinstance(first, str):
        return encode_tokens(
            ((tokens, True) for tokens in _token_lists(documents)),
            out,
            decode_errors=task.text.decode_errors,
            max_types=task.text.max_types,
            progress=lambda done: task.told(done, None),
        )
    done = 0

    def blocks(document: str, number: int) -> Iterator[tuple[int, bytes]]:
        nonlocal done
        for start in range(0, len(document), _BLOCK_CHARACTERS):
            block = document[start : start + _BLOCK_CHARACTERS]
            try:
                data = text_of(block, task.text.decode_errors).encode()
            except UnicodeEncodeError as error:
                raise CorpusError(
                    f"document {number:,} cannot be written as UTF-8: character {start + error.start:,} is the lone "
                    f"surrogate {block[error.start]!r}; clean the text, or put U+FFFD with decode_errors='replace'"
                ) from error
            done += len(data)
            yield start, data

    def parts() -> Iterator[Part]:
        for number, document in enumerate(documents):
            if not isinstance(document, str):
                raise CorpusError(
                    f"document {number:,} is {document!r:.60}, a {type(document).__name__}, but the first one is a "
                    "string: give strings or sequences of tokens, not both"
                )
            yield Part(f"document {number:,}", blocks(document, number))

    return _encode_parts(parts(), lambda: done, task, out)


def _token_lists(documents: Iterator[Any]) -> Iterator[list[str]]:
    for number, document in enumerate(documents):
        unfit = isinstance(document, (str, bytes, bytearray, Mapping, AbstractSet))
        if unfit or not isinstance(document, Iterable):
            hint = "; of a row of a table, name the column" if isinstance(document, Mapping) else ""
            raise CorpusError(
                f"document {number:,} is {document!r:.60}, a {type(document).__name__}, but must be a string, as all "
                f"others then, or a sequence of tokens, in an order{hint}"
            )
        yield as_tokens(document)


def _encode_parts(
    parts: Iterator[Part], position: Callable[[], int], task: _Task, out: IdFile, total: int | None = None
) -> TypeTable:
    text = task.text
    if needs_documents(text):
        chunks: Iterator[Chunk] = cut_chunks(parts, position, whole_documents=callable(text.tokenize))
        return encode_tokens(
            documents_of(chunks, document_rule(text), text.decode_errors),
            out,
            decode_errors=text.decode_errors,
            max_types=text.max_types,
            progress=lambda _: task.told(position(), total),
        )
    return encode_pieces(
        cut_chunks(parts, position),
        out,
        rewrite=rewriting(text),
        decode_errors=text.decode_errors,
        max_types=text.max_types,
        threads=task.threads,
        progress=lambda done: task.told(done, total),
    )
