"""Sentences as gensim's users have them, on their way into a corpus of ids."""

from __future__ import annotations

import bz2
import gzip
import itertools
import lzma
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from firth.errors import ConfigError, CorpusError, InputError

if TYPE_CHECKING:
    from firth.corpus import TokenCorpus

_MOST_WORDS = 10_000
_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BLOCK = 1 << 16


class LineSentence:
    """The lines of a file as sentences of tokens that stand between white space.

    Parameters
    ----------
    source : path or open file
        Files may be compressed, which their extension says (.gz, .bz2, .xz).
    max_sentence_length : int
        Longer lines are cut. When a model is trained on a file, firth reads it itself and cuts nothing.
    limit : int, optional
        Take so many lines only.
    """

    def __init__(self, source: Any, max_sentence_length: int = _MOST_WORDS, limit: int | None = None) -> None:
        self.source = source
        self.max_sentence_length = max_sentence_length
        self.limit = limit

    def __iter__(self) -> Iterator[list[str]]:
        for line in itertools.islice(_lines(self.source), self.limit):
            words = line.split()
            for start in range(0, len(words), self.max_sentence_length):
                yield words[start : start + self.max_sentence_length]

    def paths(self) -> list[Path]:
        """Return the files, where they are taken whole."""
        whole = self.limit is None and isinstance(self.source, (str, os.PathLike))
        return [Path(self.source)] if whole else []


class PathLineSentences:
    """The lines of all files of a folder as sentences, in the order of the files' names; see `LineSentence`.

    Parameters
    ----------
    source : path
        A folder, not what is in folders below it; or one file.
    max_sentence_length, limit
        See `LineSentence`; the limit is for each file.
    """

    def __init__(
        self,
        source: str | os.PathLike[str],
        max_sentence_length: int = _MOST_WORDS,
        limit: int | None = None,
    ) -> None:
        self.source = source
        self.max_sentence_length = max_sentence_length
        self.limit = limit
        path = Path(source)
        if not path.exists():
            raise CorpusError(f"no such file or folder: {source}; check the path")
        inside = sorted(entry for entry in path.iterdir() if entry.is_file()) if path.is_dir() else [path]
        if not inside:
            raise CorpusError(f"the folder {source} holds no files: name one that holds text")
        self.input_files = [str(file) for file in inside]

    def __iter__(self) -> Iterator[list[str]]:
        for file in self.input_files:
            yield from LineSentence(file, self.max_sentence_length, self.limit)

    def paths(self) -> list[Path]:
        """Return the files, where they are taken whole."""
        return [Path(file) for file in self.input_files] if self.limit is None else []


class Text8Corpus:
    """A file without lines, such as text8, as sentences of equal length.

    Parameters
    ----------
    fname : path
    max_sentence_length : int
        How many tokens a sentence has; the last one may be shorter.
    """

    def __init__(self, fname: str | os.PathLike[str], max_sentence_length: int = _MOST_WORDS) -> None:
        self.fname = fname
        self.max_sentence_length = max_sentence_length

    def __iter__(self) -> Iterator[list[str]]:
        words = self._words()
        while sentence := list(itertools.islice(words, self.max_sentence_length)):
            yield sentence

    def _words(self) -> Iterator[str]:
        rest = ""
        with _opened(self.fname) as file:
            while block := file.read(_BLOCK):
                text = rest + block
                words = text.split()
                rest = words.pop() if words and not text[-1].isspace() else ""
                yield from words
        yield from rest.split()


def _opened(source: str | os.PathLike[str]) -> IO[str]:
    path = Path(source)
    opener: Any = _OPENERS.get(path.suffix, open)
    try:
        file: IO[str] = opener(path, "rt", encoding="utf-8", newline="\n")
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}; check the path") from error
    return file


def _lines(source: Any) -> Iterator[str]:
    if isinstance(source, (str, os.PathLike)):
        with _opened(source) as file:
            yield from file
        return
    source.seek(0)
    for line in source:
        yield line if isinstance(line, str) else line.decode("utf-8")


class Watched:
    """Sentences on their way into a corpus: counted, and the first one looked at.

    Attributes
    ----------
    n_sentences : int
        How many have passed.
    numbers : bool
        Whether the tokens are whole numbers, which they shall be again as keys.
    """

    def __init__(self, sentences: Iterable[Any]) -> None:
        self._sentences = sentences
        self.n_sentences = 0
        self.numbers = False

    def __iter__(self) -> Iterator[Any]:
        for sentence in self._sentences:
            if isinstance(sentence, (str, bytes)):
                raise InputError(
                    f"sentence {self.n_sentences:,} is the string {sentence!r:.60}, but must be a list of tokens: "
                    "split it, with .split() for example"
                )
            if not self.n_sentences:
                first = next(iter(sentence), None)
                self.numbers = hasattr(first, "__index__") and not isinstance(first, bool)
            self.n_sentences += 1
            yield sentence


def encoded(corpus_iterable: Any, corpus_file: Any, threads: int) -> tuple[TokenCorpus, int, bool]:
    """Return a corpus of ids, how many sentences it was, and whether its tokens are whole numbers.

    The sentences are passed over once, so that a generator will do.

    Raises
    ------
    ConfigError
        Neither or both are given.
    InputError
        There are no sentences, or they are no lists of tokens.
    """
    from firth import corpus as corpora

    if (corpus_iterable is None) == (corpus_file is None):
        both = "both" if corpus_file is not None else "neither"
        raise ConfigError(f"{both} of corpus_iterable and corpus_file are given: give one of them")
    files = [Path(corpus_file)] if corpus_file is not None else []
    if isinstance(corpus_iterable, (LineSentence, PathLineSentences)):
        files = corpus_iterable.paths()
    if files:
        made = corpora.encode(files, threads=threads)
        return made, made.n_documents, False
    if isinstance(corpus_iterable, (str, bytes)):
        raise InputError(
            f"the sentences are the string {corpus_iterable!r:.60}, but must be lists of tokens: name a file as "
            "corpus_file, or split the text"
        )
    if not isinstance(corpus_iterable, Iterable):
        raise InputError(
            f"the sentences are {corpus_iterable!r:.60}, but must be an iterable of lists of tokens"
        )
    watched = Watched(corpus_iterable)
    made = corpora.encode(iter(watched), threads=threads)
    return made, watched.n_sentences, watched.numbers
