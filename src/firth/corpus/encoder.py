"""From text to ids in a file, in one pass: each type gets an id when it is first met, and a count."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import hashlib
import itertools
import re
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from firth.corpus.chunks import Chunk
from firth.corpus.limited_table import LimitedTable
from firth.corpus.token_corpus import fingerprint
from firth.corpus.tokenizing import Documents, Rewrite
from firth.corpus.type_table import TypeTable, grown
from firth.errors import CorpusError, InputError, OutputError
from firth.kernels.cpu import encoding
from firth.words import Words

_BATCH_TOKENS = 1 << 20
_WAITING = 2
_END = -1
_SURROGATES = re.compile("[\ud800-\udfff]")

Pieces = tuple[
    NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64], int
]
"""The bytes of a chunk and its pieces: ids, starts, ends and hashes as `split_pieces` gives them; the position."""

Numbered = tuple[NDArray[np.int32], Words]
"""Tokens as positions in the words beside them, with -1 where a document ends."""


def unwritable(folder: Path, error: OSError) -> OutputError:
    """Return the error to raise when an encoded corpus cannot be written to `folder`."""
    return OutputError(
        f"cannot write the encoded corpus to {folder}: {error.strerror or error}; make room there, or name another "
        "folder with TMPDIR or FIRTH_CACHE"
    )


class IdFile:
    """The ids of a corpus, written as they come; a context manager.

    Parameters
    ----------
    path : Path
        The file to write.

    Attributes
    ----------
    n_ids, n_documents : int
        How many were written so far.
    """

    def __init__(self, path: Path) -> None:
        self.n_ids = 0
        self.n_documents = 0
        self._path = path
        self._digest = hashlib.sha256()

    def __enter__(self) -> IdFile:
        try:
            self._file = self._path.open("wb")
        except OSError as error:
            raise unwritable(self._path.parent, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            if error is None:
                raise unwritable(self._path.parent, failure) from failure

    def write(self, ids: NDArray[np.int32], n_documents: int) -> None:
        """Append `ids`, among them the ends of `n_documents`.

        Raises
        ------
        OutputError
            The disk is full, for example.
        """
        self.n_ids += len(ids)
        self.n_documents += n_documents
        self._digest.update(ids.data)
        try:
            self._file.write(ids.data)
        except OSError as error:
            raise unwritable(self._path.parent, error) from error

    def fingerprint(self, types: Words) -> str:
        """Return the hash of all ids and of `types`."""
        return fingerprint(self._digest.copy(), types)

    def settle(self, table: TypeTable) -> None:
        """Bring the ids, all of which are written, to the numbers that types have in the end; see `LimitedTable`.

        Raises
        ------
        OutputError
            They cannot be changed.
        """
        if not isinstance(table, LimitedTable) or not table.lost_counts:
            return
        try:
            table.settle(self._path)
            with self._path.open("rb") as file:
                self._digest = hashlib.file_digest(file, "sha256")
        except OSError as error:
            raise unwritable(self._path.parent, error) from error

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._path.parent


def encode_pieces(
    chunks: Iterable[Chunk],
    out: IdFile,
    *,
    rewrite: Rewrite | None,
    decode_errors: str,
    max_types: int,
    threads: int,
    progress: Callable[[int], None],
) -> TypeTable:
    """Encode text whose tokens are its pieces, or are made of single pieces.

    Chunks are split on all threads; their types are entered in the order of the text, so that ids do not depend on
    the threads.

    Parameters
    ----------
    chunks : iterable of Chunk
        The text.
    out : IdFile
        Takes the ids.
    rewrite : callable, optional
        Makes tokens of pieces.
    decode_errors : str
        What to do with bytes that are not UTF-8.
    max_types : int
        See `LimitedTable`.
    threads : int
        How many split chunks at once.
    progress : callable
        Told the position of each finished chunk.

    Returns
    -------
    TypeTable
        The types and their counts.

    Raises
    ------
    CorpusError
        Some bytes are not UTF-8, or there are too many types.
    """
    table = LimitedTable(max_types, out.folder)
    rewriter = None if rewrite is None else _Rewriter(rewrite, table, max_types)
    within = False
    split = _in_order(lambda chunk: _split(chunk, decode_errors), chunks, threads)
    with contextlib.closing(split):  # at once, whatever fails: no thread shall outlive it
        for data, ids, starts, ends, hashes, position in split:
            if rewriter is None:
                types = table.add(data, starts, ends, hashes)
                encoded, n_documents, within = encoding.renumber(ids, types, table.counts, within)
            else:
                encoded, n_documents, within = rewriter.renumber(data, ids, starts, ends, hashes, within)
            out.write(encoded, n_documents)
            if table.shrink(out.n_ids) and rewriter is not None:
                rewriter.forget()
            progress(position)
    return table


class _Rewriter:
    """Rewrites each different piece once and remembers its tokens."""

    def __init__(self, rewrite: Rewrite, table: TypeTable, max_pieces: int) -> None:
        self._rewrite = rewrite
        self._tokens = table
        self._max_pieces = max_pieces
        self.forget()

    def forget(self) -> None:
        """Rewrite all pieces anew: there are too many, or types have other numbers now."""
        self._pieces = TypeTable()
        # Piece i stands for the types self._types[self._offsets[i]:self._offsets[i + 1]].
        self._offsets = np.zeros(1 << 12, np.int64)
        self._types = np.zeros(1 << 12, np.int32)

    def renumber(
        self,
        data: NDArray[np.uint8],
        ids: NDArray[np.int32],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        hashes: NDArray[np.uint64],
        within: bool,
    ) -> tuple[NDArray[np.int32], int, bool]:
        """Return the types of a chunk, as `renumber_split` does."""
        known = self._pieces.n_types
        pieces = self._pieces.add(data, starts, ends, hashes)
        if self._pieces.n_types > known:
            self._learn(known)
        encoded, n_documents, within = encoding.renumber_split(
            ids, pieces, self._offsets, self._types, self._tokens.counts, within
        )
        if self._pieces.n_types > self._max_pieces:
            self.forget()
        return encoded, n_documents, within

    def _learn(self, first: int) -> None:
        """Rewrite the pieces from `first` on."""
        tokens = self._rewrite(list(self._pieces.words(first)))
        types = self._tokens.add_words(Words.of(itertools.chain.from_iterable(tokens)))
        begin = int(self._offsets[first])
        ends = begin + np.cumsum([len(part) for part in tokens])
        n_pieces = self._pieces.n_types
        if n_pieces >= len(self._offsets):
            self._offsets = grown(self._offsets, 2 * n_pieces)
        if ends[-1] > len(self._types):
            self._types = grown(self._types, 2 * int(ends[-1]))
        self._offsets[first + 1 : n_pieces + 1] = ends
        self._types[begin : ends[-1]] = types


def _split(chunk: Chunk, decode_errors: str) -> Pieces:
    data = chunk.data
    ids, starts, ends, hashes, valid = encoding.split_pieces(data)
    if valid < len(data):
        repaired = bytearray(chunk.text(decode_errors).encode())  # raises where errors are not to be replaced
        data = np.frombuffer(repaired, np.uint8)
        ids, starts, ends, hashes, _ = encoding.split_pieces(data)
    return data, ids, starts, ends, hashes, chunk.position


def _in_order(
    work: Callable[[Chunk], Pieces], items: Iterable[Chunk], threads: int
) -> Generator[Pieces, None, None]:
    """Yield ``work(item)`` for each item in order, with up to `threads` being worked on ahead and a few waiting."""
    with concurrent.futures.ThreadPoolExecutor(threads, "firth-encode") as pool:
        ahead: collections.deque[concurrent.futures.Future[Pieces]] = collections.deque()
        try:
            for item in items:
                ahead.append(pool.submit(work, item))
                if len(ahead) > threads + _WAITING:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def encode_tokens(
    documents: Iterable[tuple[list[str], bool]],
    out: IdFile,
    *,
    decode_errors: str,
    max_types: int,
    progress: Callable[[int], None],
) -> TypeTable:
    """Encode documents that are lists of tokens.

    Parameters
    ----------
    documents : iterable of (list of str, bool)
        Tokens, none of them empty, and whether the document ends behind them.
    out : IdFile
        Takes the ids.
    decode_errors : str
        Whether lone surrogates are refused or replaced.
    max_types : int
        See `LimitedTable`.
    progress : callable
        Told, after each million tokens or so, how many bytes of UTF-8 all tokens so far have.

    Returns
    -------
    TypeTable
        The types and their counts.

    Raises
    ------
    CorpusError
        A token cannot be written as UTF-8, or there are too many types.
    """
    numbered = number_tokens(documents, decode_errors)
    return encode_numbered(numbered, out, max_types=max_types, progress=progress)


def encode_numbered(
    batches: Iterable[Numbered], out: IdFile, *, max_types: int, progress: Callable[[int], None]
) -> TypeTable:
    """Encode tokens that are numbered already, each batch for itself; else as `encode_tokens` does."""
    table = LimitedTable(max_types, out.folder)
    n_bytes, within = 0, False
    for numbers, words in batches:
        types = table.add_words(words)
        encoded, n_documents, within = encoding.renumber(numbers, types, table.counts, within)
        out.write(encoded, n_documents)
        table.shrink(out.n_ids)
        n_bytes += int(np.diff(words.offsets)[numbers[numbers >= 0]].sum())
        progress(n_bytes)
    return table


def number_tokens(documents: Iterable[tuple[list[str], bool]], decode_errors: str) -> Iterator[Numbered]:
    """Number the tokens of many documents at a time: what is new in one batch is forgotten after it.

    Raises
    ------
    CorpusError
        A token cannot be written as UTF-8.
    """
    batch = array("i")
    numbers: dict[str, int] = collections.defaultdict(itertools.count().__next__)
    for tokens, ended in documents:
        batch.extend(map(numbers.__getitem__, tokens))
        if ended:
            batch.append(_END)
        if len(batch) >= _BATCH_TOKENS:
            yield np.array(batch, np.int32), _as_words(numbers, decode_errors)
            batch = array("i")
            numbers = collections.defaultdict(itertools.count().__next__)
    yield np.array(batch, np.int32), _as_words(numbers, decode_errors)


def _as_words(tokens: Iterable[str], decode_errors: str) -> Words:
    if decode_errors == "replace":
        return Words.of(_SURROGATES.sub("\ufffd", token) for token in tokens)
    try:
        return Words.of(tokens)
    except InputError as error:
        raise CorpusError(f"{error}; clean it, or put U+FFFD with decode_errors='replace'") from error


def documents_of(
    chunks: Iterable[Chunk], split: Documents, decode_errors: str
) -> Iterator[tuple[list[str], bool]]:
    """Yield the tokens of each document, or of each part of a long one, and whether it ends there."""
    for chunk in chunks:
        *ended, rest = chunk.text(decode_errors).split("\n")
        for line in ended:
            yield split(line, True), True
        if rest:
            yield split(rest, False), False


def text_of(document: str, decode_errors: str) -> str:
    """Return a document that can be written as UTF-8: lone surrogates are replaced if they are to be."""
    return _SURROGATES.sub("\ufffd", document) if decode_errors == "replace" else document
