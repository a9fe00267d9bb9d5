"""Phrases: neighbouring words that occur together more often than chance would have it."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import overload

from firth.config import TextOptions
from firth.config.phrases import PhraseOptions
from firth.corpus.encode import Source, encode, encode_into_temporary
from firth.corpus.phrase_file import read_phrases, write_phrases
from firth.corpus.phrase_joining import Joiner
from firth.corpus.token_corpus import TokenCorpus
from firth.errors import InputError

Progress = Callable[[str, float, float | None], None]
"""Told what is being done, how much of it is done, and how much there is in all."""


@dataclasses.dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that was found.

    Parameters
    ----------
    token : str
        What its words are joined to.
    parts : tuple of str
        The tokens that it is made of, themselves possibly phrases of an earlier pass: the first, any connector words,
        and the last.
    count : int
        How often these occurred one behind the other (with other parts that give the same token, if there are any).
    score : float
        How closely they belong together.
    found_in : int
        The pass that found it, counted from 1.
    """

    token: str
    parts: tuple[str, ...]
    count: int
    score: float
    found_in: int


class Phrases(Sequence[Phrase]):
    """The phrases that were found in a corpus; immutable.

    Made by `find_phrases` or `load`. A sequence of `Phrase`, ordered by pass, then by score, highest first.

    Parameters
    ----------
    options : PhraseOptions
        What they were found with.
    phrases : iterable of Phrase
        In any order.

    Examples
    --------
    >>> from firth.corpus import find_phrases
    >>> documents = ["they love new york", "new york is new", "they love york"] * 5
    >>> phrases = find_phrases(documents, min_count=5, threshold=1)
    >>> [(phrase.token, phrase.count) for phrase in phrases]
    [('they_love', 10), ('new_york', 10)]
    >>> phrases.apply(["a", "new", "york", "minute"])
    ['a', 'new_york', 'minute']
    """

    def __init__(self, options: PhraseOptions, phrases: Iterable[Phrase]) -> None:
        self._options = options
        self._phrases = tuple(
            sorted(phrases, key=lambda one: (one.found_in, -one.score, one.token, one.parts))
        )
        self._steps: list[dict[tuple[str, ...], str]] = [{} for _ in range(options.passes)]
        for phrase in self._phrases:
            self._steps[phrase.found_in - 1][phrase.parts] = phrase.token

    @property
    def options(self) -> PhraseOptions:
        """What the phrases were found with."""
        return self._options

    def __len__(self) -> int:
        return len(self._phrases)

    @overload
    def __getitem__(self, index: int) -> Phrase: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Phrase, ...]: ...
    def __getitem__(self, index: int | slice) -> Phrase | tuple[Phrase, ...]:
        return self._phrases[index]

    def __iter__(self) -> Iterator[Phrase]:
        return iter(self._phrases)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Phrases):
            return NotImplemented
        return self._phrases == other._phrases and self._options.as_dict() == other._options.as_dict()

    def __hash__(self) -> int:
        return hash(self._phrases)

    def __repr__(self) -> str:
        return f"<Phrases: {len(self):,} found in {self._options.passes} pass{'es'[: 2 * (self._options.passes > 1)]}>"

    def apply(self, tokens: Iterable[str]) -> list[str]:
        """Return the tokens of one document with phrases joined, from left to right, pass by pass.

        A token that ends a phrase begins no other in the same pass.

        Raises
        ------
        InputError
            The tokens are a string, whose items would be characters.
        """
        if isinstance(tokens, str):
            raise InputError(
                f"tokens is the string {tokens!r:.60}, but must be several tokens: split it first"
            )
        connectors = frozenset(self._options.connector_words)
        joined = list(tokens)
        for steps in self._steps:
            joined = _applied(joined, steps, connectors)
        return joined

    def join(
        self,
        corpus: TokenCorpus | Source,
        *,
        text: TextOptions | None = None,
        threads: int | None = None,
        cache: bool = True,
        progress: Progress | None = None,
    ) -> TokenCorpus:
        """Return a corpus with phrases joined, as encoding the joined text would give it.

        Parameters
        ----------
        corpus : TokenCorpus, path, or iterable
            What `firth.corpus.encode` takes or returns; what it returned stays open.
        text, threads, cache
            As for `firth.corpus.encode`.
        progress : callable
            See `find_phrases`.

        Returns
        -------
        TokenCorpus
            In a temporary folder, which goes when the corpus is closed; `firth.train` takes it.

        Raises
        ------
        CorpusError
            The corpus cannot be read or is empty.
        OutputError
            The ids cannot be written.
        """
        told = progress or untold
        options = self._options
        with encoded(corpus, text, threads=threads, cache=cache, progress=told) as given:
            passes = [[*steps] for steps in self._steps]
            joiner = Joiner(given.types, passes, tuple(options.connector_words), options.delimiter)
            return encode_into_temporary(
                lambda out: joiner.join(given, out, lambda done, total: told("joining", done, total))
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a text file: a line of JSON with the options, then one for each phrase.

        Raises
        ------
        OutputError
            The file cannot be written; an earlier one is unchanged then.
        """
        write_phrases(path, self._options, map(dataclasses.astuple, self._phrases))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Phrases:
        """Read what `save` wrote.

        Raises
        ------
        FormatError
            The file cannot be read, or is no such file; the message gives the line.
        """
        options, rows = read_phrases(path)
        return cls(options, itertools.starmap(Phrase, rows))


def _applied(
    tokens: list[str], steps: Mapping[tuple[str, ...], str], connectors: frozenset[str]
) -> list[str]:
    """Return tokens with the phrases of one pass joined, as the kernel does it."""
    joined: list[str] = []
    begin = None  # where in `joined` a word stands that may begin a phrase; connector words follow it
    for token in tokens:
        if token not in connectors:
            phrase = None if begin is None else steps.get((*joined[begin:], token))
            if phrase is not None:
                joined[begin:] = [phrase]
                begin = None
                continue
            begin = len(joined)
        joined.append(token)
    return joined


@contextlib.contextmanager
def encoded(
    corpus: TokenCorpus | Source,
    text: TextOptions | None,
    *,
    threads: int | None,
    cache: bool,
    progress: Progress,
) -> Iterator[TokenCorpus]:
    """Yield the corpus as ids; one that was encoded already stays open."""
    if isinstance(corpus, TokenCorpus):
        yield corpus
        return
    with encode(
        corpus,
        text,
        threads=threads,
        cache=cache,
        progress=lambda done, total: progress("reading", done, total),
    ) as made:
        yield made


def untold(what: str, done: float, total: float | None) -> None:
    """Take the progress that nobody asked for."""
