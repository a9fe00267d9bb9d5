"""An encoded corpus: ids on disk, mapped; the types with their counts."""

from __future__ import annotations

import functools
import hashlib
import json
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firth.corpus.limited_table import RARE
from firth.corpus.pages import release_pages
from firth.corpus.type_table import TypeTable
from firth.errors import CorpusError, FormatError, InputError
from firth.vocabulary import Vocabulary
from firth.words import Words

MANIFEST = "corpus.json"
IDS, TEXT, OFFSETS, COUNTS = "ids.int32", "types.utf8", "offsets.int64", "counts.int64"
_DTYPES = {IDS: np.int32, TEXT: np.uint8, OFFSETS: np.int64, COUNTS: np.int64}


class TokenCorpus:
    """A corpus as ids of its types; immutable, and a context manager that closes it.

    Made by `firth.corpus.encode`. The ids of a cached corpus stay on disk when it is closed, others are removed.

    Parameters
    ----------
    ids : ndarray of int32, shape (n_tokens + n_documents,)
        Read-only. The type of each token; -1 after each document, none of which is empty.
    types : Words
        All different tokens, in the order in which the text first shows them.
    type_counts : ndarray of int64, shape (len(types),)
        How often each type occurs.
    n_documents : int
        How often -1 stands in `ids`.
    fingerprint : str
        A hash of `ids` and `types`: equal fingerprints mean equal corpora, wherever they came from.
    weights : ndarray of float32, shape (n_tokens + n_documents,), optional
        What the terms of the loss count whose center is that token; see `weighted`.
    on_close : callable, optional
        Called once, by `close` or at the end of the process.
    """

    def __init__(
        self,
        ids: NDArray[np.int32],
        types: Words,
        type_counts: NDArray[np.int64],
        *,
        n_documents: int,
        fingerprint: str,
        weights: NDArray[np.float32] | None = None,
        on_close: Callable[[], object] | None = None,
    ) -> None:
        self._weights = weights
        self._ids: NDArray[np.int32] | None = ids
        self._types = types
        self._type_counts = type_counts
        self._n_documents = n_documents
        self._fingerprint = fingerprint
        self._opened = _stamp(ids)
        self._closed = weakref.finalize(self, on_close or _nothing)

    @property
    def ids(self) -> NDArray[np.int32]:
        """The type of each token, with -1 after each document: read-only int32, (n_tokens + n_documents,).

        Raises
        ------
        InputError
            The corpus is closed.
        """
        if self._ids is None:
            raise InputError("the corpus is closed: use it inside its with block, or encode the text again")
        return self._ids

    @property
    def types(self) -> Words:
        """All different tokens, in the order in which the text first shows them."""
        return self._types

    @property
    def type_counts(self) -> NDArray[np.int64]:
        """How often each type occurs: read-only int64, shape (len(types),)."""
        return self._type_counts

    @property
    def weights(self) -> NDArray[np.float32] | None:
        """What each position counts as a center, read-only float32 of the shape of `ids`; None where all count 1."""
        return self._weights

    @property
    def n_tokens(self) -> int:
        """The number of tokens."""
        return int(self._type_counts.sum())

    @property
    def n_rare(self) -> int:
        """How many tokens are of types that were given up, because there were more than `TextOptions.max_types`.

        They share the last type, which is the empty text and never a word of a vocabulary.
        """
        return int(self._type_counts[-1]) if len(self._types) and self._types[-1] == RARE else 0

    @property
    def n_documents(self) -> int:
        """The number of documents, none of which is empty."""
        return self._n_documents

    @property
    def fingerprint(self) -> str:
        """A hash of ids and types: equal fingerprints mean equal corpora, wherever they came from."""
        return self._fingerprint

    def __repr__(self) -> str:
        return f"TokenCorpus({self.n_tokens:,} tokens of {len(self.types):,} types in {self.n_documents:,} documents)"

    def __enter__(self) -> TokenCorpus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the ids, and of their file if it was temporary; closing twice does nothing."""
        self._ids = None
        self._closed()

    def weighted(self, weights: ArrayLike) -> TokenCorpus:
        """Return the same corpus, in which documents or tokens do not all count alike.

        A token's weight multiplies all terms of the loss of which it is the center: a document of weight 2 is learned
        from as if it stood there twice, one of weight 0 not at all. How often words are counted, drawn as noise and
        thinned out does not change.

        Parameters
        ----------
        weights : array_like of float, shape (n_documents,) or (n_tokens,)
            One for each document, or one for each token in the order of the text, at least 0, not all 0. Where there
            are as many documents as tokens, the two are the same.

        Returns
        -------
        TokenCorpus
            It shares the ids of this one, and closing one leaves the other open.

        Raises
        ------
        InputError
            There are too many or too few weights, or one is negative or not finite, or all are 0.

        Examples
        --------
        >>> from firth.corpus import encode
        >>> encode(["to be", "not to be"]).weighted([1, 0.5]).weights.tolist()
        [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5]
        """
        with np.errstate(over="ignore"):  # what is too large is not finite, and refused
            numbers = np.asarray(weights, np.float32)
        if numbers.shape not in {(self.n_documents,), (self.n_tokens,)}:
            raise InputError(
                f"weights have the shape {numbers.shape}, but must be {self.n_documents:,} numbers, one for each "
                f"document, or {self.n_tokens:,}, one for each token; documents without tokens are dropped"
            )
        wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
        if len(wrong) or not numbers.any():
            value = (
                f"number {wrong[0]:,} of the weights is {numbers[wrong[0]]}"
                if len(wrong)
                else "all weights are 0"
            )
            raise InputError(f"{value}, but they must be numbers of at least 0, and not all 0")
        ends = np.flatnonzero(self.ids < 0)
        if len(numbers) == self.n_documents:
            spread = np.repeat(numbers, np.diff(ends, prepend=-1))
        else:
            spread = np.zeros(len(self.ids), np.float32)
            spread[self.ids >= 0] = numbers
        spread.flags.writeable = False
        return TokenCorpus(
            self.ids,
            self.types,
            self.type_counts,
            n_documents=self.n_documents,
            fingerprint=hashlib.sha256(self.fingerprint.encode() + spread.data).hexdigest(),
            weights=spread,
            on_close=functools.partial(_hold, self),
        )

    def release(self, start: int, stop: int) -> None:
        """Say that the ids from `start` to `stop` are not needed soon: their pages leave this process's memory.

        They come back, from the system's cache or the disk, when they are used again. Without this a pass over a large
        corpus would seem to need memory of its size.
        """
        if self._ids is not None:
            release_pages(self._ids, start, stop)

    def check_unchanged(self) -> None:
        """Make sure that the file of the ids is still what was opened, as far as its size and time tell.

        Raises
        ------
        CorpusError
            Somebody has written to it.
        """
        if self._opened is not None and _stamp(self._ids) not in (None, self._opened):
            raise CorpusError(
                f"the encoded corpus {getattr(self._ids, 'filename', '')} was changed while it was in use: leave the "
                "cache's files alone, and start again or resume"
            )

    def vocabulary(
        self, *, min_count: int = 1, max_vocab: int | None = None, stop_words: Iterable[str] = ()
    ) -> Vocabulary:
        """Choose the words to learn: see `firth.Vocabulary.from_counts`.

        Raises
        ------
        CorpusError
            Fewer than two words are left.
        """
        return Vocabulary.from_counts(
            (self.types, self.type_counts),
            min_count=min_count,
            max_vocab=max_vocab,
            stop_words=(*stop_words, RARE) if self.n_rare else stop_words,
        )

    def count_in(self, vocabulary: Vocabulary) -> Vocabulary:
        """Return the words of `vocabulary`, in its order, with their counts in this corpus (0 where absent).

        Raises
        ------
        CorpusError
            None of the words occurs.
        """
        rows = self.lookup_table(vocabulary)
        known = rows >= 0
        if not known.any():
            raise CorpusError(
                f"none of the {len(vocabulary):,} words of the vocabulary occurs among the {len(self.types):,} "
                "different tokens of the corpus: check that both are lowercased and tokenized alike"
            )
        counts = np.zeros(len(vocabulary), np.int64)
        counts[rows[known]] = self.type_counts[known]
        return Vocabulary(vocabulary.words, counts)

    def lookup_table(self, vocabulary: Vocabulary) -> NDArray[np.int32]:
        """Return the row of each type in `vocabulary`, int32, shape (len(types),), or -1 where it is not there.

        Of a word that `vocabulary` holds twice it is the first row.
        """
        table = TypeTable()
        rows_of = np.full(len(vocabulary) + 1, -1, np.int32)  # one more, for -1
        numbers = table.add_words(vocabulary.words)
        # Backwards, so that of two equal words the first stays.
        rows_of[numbers[::-1]] = np.arange(len(vocabulary) - 1, -1, -1, dtype=np.int32)
        return rows_of[table.find_words(self.types)]


def _stamp(ids: NDArray[np.int32] | None) -> tuple[int, int] | None:
    """Return size and time of the file of ids, or None where there is none to look at (any more)."""
    try:
        status = Path(ids.filename).stat()  # type: ignore[union-attr]
    except (AttributeError, OSError):
        return None
    return status.st_size, status.st_mtime_ns


def write_types(folder: Path, words: Words, counts: NDArray[np.int64]) -> None:
    """Write the types of a corpus beside its ids."""
    (folder / TEXT).write_bytes(words.text.data)
    (folder / OFFSETS).write_bytes(words.offsets.data)
    (folder / COUNTS).write_bytes(counts.data)


def write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """Write what `open_corpus` checks the files against; it is written last."""
    sizes = {name: (folder / name).stat().st_size for name in _DTYPES}
    (folder / MANIFEST).write_text(json.dumps({**facts, "sizes": sizes}, indent=1), "utf-8")


def fingerprint(hash_of_ids: hashlib._Hash, types: Words) -> str:
    """Return the hash of a corpus; `hash_of_ids` has taken in all ids, and is changed."""
    hash_of_ids.update(types.offsets.data)
    hash_of_ids.update(types.text.data)
    return hash_of_ids.hexdigest()


def open_corpus(
    folder: Path, on_close: Callable[[], object] | None = None, *, verify: bool = False
) -> TokenCorpus:
    """Open the corpus that was written to `folder`.

    With `verify` all ids are read and compared with the fingerprint: a wrong one would lead a kernel out of its arrays.

    Raises
    ------
    FormatError
        The files are not whole.
    """
    try:
        facts = json.loads((folder / MANIFEST).read_text("utf-8"))
        for name in _DTYPES:
            if (folder / name).stat().st_size != facts["sizes"][name]:
                raise FormatError(f"{name} does not have {facts['sizes'][name]} bytes")
        ids = np.memmap(folder / IDS, np.int32, "r")
        text, offsets, counts = (
            np.fromfile(folder / name, _DTYPES[name]) for name in (TEXT, OFFSETS, COUNTS)
        )
        words = Words(text, offsets)
        if len(counts) != len(words) or counts.sum() + facts["n_documents"] != len(ids):
            raise FormatError("the counts do not fit the ids")
        counts.flags.writeable = False
        if verify and _fingerprint_of(folder / IDS, words) != facts["fingerprint"]:
            raise FormatError("the ids or the types are not what they were")
        return TokenCorpus(
            ids,
            words,
            counts,
            n_documents=facts["n_documents"],
            fingerprint=facts["fingerprint"],
            on_close=on_close,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"the encoded corpus in {folder} is damaged: {error}") from error


def _fingerprint_of(ids: Path, types: Words) -> str:
    with ids.open("rb") as file:  # in blocks, so that what is read does not stay in memory
        return fingerprint(hashlib.file_digest(file, "sha256"), types)


def _hold(corpus: TokenCorpus) -> None:
    """Keep `corpus` until this is called."""


def _nothing() -> None:
    pass
