"""From text to ids in a file, in one pass: each type gets an id when it is first met, and a count."""

from __future__ import annotations

import collections
import concurrent.futures
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from firth.corpus.chunks import Chunk
from firth.corpus.tokenizing import Documents, Rewrite, as_token
from firth.corpus.type_table import TypeTable, grown
from firth.errors import CorpusError
from firth.kernels.cpu import encoding
from firth.vocabulary import Words

_BATCH_TOKENS = 1 << 20
_END = -1

Pieces = tuple[
    NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64], int
]
"""The bytes of a chunk and its pieces: ids, starts, ends and hashes as `split_pieces` gives them; the position."""


class IdFile:
    """The ids of a corpus, written as they come.

    Parameters
    ----------
    file : binary file
        Takes the ids.

    Attributes
    ----------
    n_ids, n_documents : int
        How many were written so far.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.n_ids = 0
        self.n_documents = 0
        self._file = file
        self._digest = hashlib.sha256()

    def write(self, ids: NDArray[np.int32], n_documents: int) -> None:
        """Append `ids`, among them the ends of `n_documents`."""
        self.n_ids += len(ids)
        self.n_documents += n_documents
        self._digest.update(ids.data)
        self._file.write(ids.data)

    def fingerprint(self, types: Words) -> str:
        """Return the hash of all ids and of `types`."""
        whole = self._digest.copy()
        whole.update(types.offsets.data)
        whole.update(types.text.data)
        return whole.hexdigest()


def encode_pieces(
    chunks: Iterable[Chunk],
    out: IdFile,
    *,
    rewrite: Rewrite | None,
    decode_errors: str,
    threads: int,
    progress: Callable[[int], None],
) -> tuple[Words, NDArray[np.int64]]:
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
    threads : int
        How many split chunks at once.
    progress : callable
        Told the position of each finished chunk.

    Returns
    -------
    tuple of Words and ndarray of int64
        The types and their counts.

    Raises
    ------
    CorpusError
        Some bytes are not UTF-8, or there are too many types.
    """
    table = TypeTable()
    rewriter = None if rewrite is None else _Rewriter(rewrite, table)
    within = False
    for data, ids, starts, ends, hashes, position in _in_order(
        lambda chunk: _split(chunk, decode_errors), chunks, threads
    ):
        if rewriter is None:
            types = table.add(data, starts, ends, hashes)
            encoded, n_documents, within = encoding.renumber(ids, types, table.counts, within)
        else:
            encoded, n_documents, within = rewriter.renumber(data, ids, starts, ends, hashes, within)
        out.write(encoded, n_documents)
        progress(position)
    return table.words(), table.counts[: table.n_types].copy()


class _Rewriter:
    """Rewrites each different piece once and remembers its tokens."""

    def __init__(self, rewrite: Rewrite, table: TypeTable) -> None:
        self._rewrite = rewrite
        self._tokens = table
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
        # One more entry, for the ends of documents: local id -1 picks the last.
        numbers = np.append(pieces, np.int32(_END))[ids]
        encoded, n_documents, within = encoding.renumber_split(
            numbers, self._offsets, self._types, self._tokens.counts, within
        )
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


def _in_order(work: Callable[[Chunk], Pieces], items: Iterable[Chunk], threads: int) -> Iterator[Pieces]:
    """Yield ``work(item)`` for each item in order, with up to `threads` being worked on ahead."""
    with concurrent.futures.ThreadPoolExecutor(threads, "firth-encode") as pool:
        ahead: collections.deque[concurrent.futures.Future[Pieces]] = collections.deque()
        try:
            for item in items:
                ahead.append(pool.submit(work, item))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def encode_tokens(
    documents: Iterable[tuple[Sequence[Any], bool]], out: IdFile, progress: Callable[[], None]
) -> tuple[Words, NDArray[np.int64]]:
    """Encode documents that are lists of tokens.

    Parameters
    ----------
    documents : iterable of (sequence of hashable, bool)
        Tokens, and whether the document ends behind them.
    out : IdFile
        Takes the ids.
    progress : callable
        Called after each million tokens or so.

    Returns
    -------
    tuple of Words and ndarray of int64
        The types and their counts.

    Raises
    ------
    CorpusError
        A token cannot be hashed or cannot be written as UTF-8.
    """
    numbers: collections.defaultdict[str, int] = collections.defaultdict()
    numbers.default_factory = numbers.__len__
    counts = np.zeros(0, np.int64)
    batch: list[int] = []
    n_documents, within = 0, False

    def flush() -> None:
        nonlocal counts, n_documents
        ids = np.array(batch, np.int32)
        counts = grown(counts, len(numbers)) + np.bincount(ids[ids >= 0], minlength=len(numbers))
        out.write(ids, n_documents)
        batch.clear()
        n_documents = 0
        progress()

    for tokens, ended in documents:
        batch += [numbers[as_token(token)] for token in tokens]
        within = within or len(tokens) > 0
        if ended and within:
            batch.append(_END)
            n_documents += 1
            within = False
        if len(batch) >= _BATCH_TOKENS:
            flush()
    flush()
    return Words.of(numbers), counts


def documents_of(
    chunks: Iterable[Chunk], split: Documents, decode_errors: str
) -> Iterator[tuple[Sequence[Any], bool]]:
    """Yield the tokens of each document, or of each part of a long one, and whether it ends there."""
    for chunk in chunks:
        text = chunk.text(decode_errors)
        lines = text.split("\n")
        for i, line in enumerate(lines):
            ended = i + 1 < len(lines)
            if not line and not ended:
                continue
            found = split(line.removesuffix("\r") if ended else line)
            if isinstance(found, str):
                raise CorpusError(
                    f"the tokenizer returned the string {found[:40]!r}, but must return the tokens of a document: "
                    "a list of strings"
                )
            yield list(found), ended
