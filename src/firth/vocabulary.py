"""The words of a model: their order and their counts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firth.errors import ConfigError, CorpusError, FormatError, InputError, UnknownWordError
from firth.files import read_whole, replacing
from firth.spelling import nearest_spellings
from firth.words import Words, read_only

_MARK = "\ufeff"
_MOST_TOKENS = 2**62


class Vocabulary:
    """Words with their counts, most frequent first; immutable.

    Parameters
    ----------
    words : iterable of str
        The words in the order of the rows of the embeddings. Of a word that stands there twice, as in some files of
        vectors, the first is found.
    counts : array_like of int64, shape (len(words),), optional
        How often each word occurs in the corpus. None where that is not known (vectors from a file).

    Raises
    ------
    InputError
        A word cannot be written as UTF-8, or the counts do not fit the words.
    """

    def __init__(self, words: Iterable[str], counts: ArrayLike | None = None) -> None:
        self.words = words if isinstance(words, Words) else Words.of(words)
        self.counts = None if counts is None else read_only(_whole(counts))
        if self.counts is not None:
            if self.counts.shape != (len(self.words),):
                raise InputError(f"{len(self.words)} words need as many counts, not {self.counts.shape}")
            if np.any(self.counts < 0):
                raise InputError(f"a count is never negative, but one is {self.counts.min()}")
            if self.counts.sum(dtype=np.float64) > _MOST_TOKENS:
                raise InputError(
                    f"the counts add up to more than {_MOST_TOKENS:,}: divide all by the same number"
                )

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int] | tuple[Words, NDArray[np.int64]],
        *,
        min_count: int = 1,
        max_vocab: int | None = None,
        stop_words: Iterable[str] = (),
    ) -> Vocabulary:
        """Choose the words to keep: by count, most frequent first; equal counts by the words' bytes.

        Parameters
        ----------
        counts : mapping from word to count, or pair of `Words` and counts
            All words of a corpus.
        min_count : int
            Words that occur less often are dropped.
        max_vocab : int, optional
            At most so many words are kept, the most frequent ones.
        stop_words : iterable of str
            Words that are dropped however often they occur.

        Raises
        ------
        CorpusError
            No word, or only one, is left: there is nothing to learn from.
        """
        if min_count < 1:
            raise ConfigError(f"min_count is {min_count}, but must be at least 1")
        if max_vocab is not None and max_vocab < 2:
            raise ConfigError(f"max_vocab is {max_vocab}, but must be at least 2")
        if isinstance(counts, tuple):
            words, numbers = counts
        else:
            words = Words.of(counts)
            numbers = np.fromiter(counts.values(), np.int64, len(counts))
        chosen = most_frequent(words, numbers, min_count, stop_words)
        if len(chosen) < 2:
            _too_few(words, numbers, chosen, min_count)
        return cls(words.take(chosen[:max_vocab]), numbers[chosen[:max_vocab]])

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.words

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        same_counts = (
            self.counts is other.counts
            if self.counts is None or other.counts is None
            else np.array_equal(self.counts, other.counts)
        )
        return self.words == other.words and same_counts

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} words, {self.total} tokens)"

    @property
    def total(self) -> int | None:
        """The number of tokens that the words stand for, or None where counts are not known."""
        return None if self.counts is None else int(self.counts.sum())

    def id(self, word: str) -> int:
        """Return the row of `word`.

        Raises
        ------
        UnknownWordError
            The word is not there; the error suggests the nearest spellings.
        """
        found = self.words.find(word)
        if found < 0:
            raise UnknownWordError(word, self.suggest(word))
        return found

    def ids(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return the rows of `words`, shape (len(words),).

        Raises
        ------
        UnknownWordError
            For the first word that is not there.
        """
        found = self.words.find_all(words)
        if len(found) and found.min() < 0:
            self.id(words[int(np.argmin(found))])
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a text file: one word a line and, where counts are known, a tab and the count.

        A word without a count is followed by a tab too where it could be misread otherwise, because it holds spaces.

        Raises
        ------
        InputError
            A word is empty or holds a newline or a tab.
        OutputError
            The file cannot be written.
        """
        lines = []
        counts: Iterable[object] = [""] * len(self) if self.counts is None else self.counts.tolist()
        for word, count in zip(self.words, counts, strict=True):
            if not word or "\n" in word or "\t" in word:
                raise InputError(
                    f"the word {word!r:.60} cannot stand in a file of one word a line: it is empty or holds a newline "
                    "or a tab; rename or drop it"
                )
            plain = self.counts is None and not any(character.isspace() for character in word)
            lines.append(f"{word}\n" if plain else f"{word}\t{count}\n")
        text = "".join(lines)
        with replacing(path) as temporary:
            # A mark of its own keeps one that belongs to the first word.
            temporary.write_text(_MARK + text if text.startswith(_MARK) else text, "utf-8", newline="\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        r"""Read a text file of one word a line, with counts or without, as `save` or word2vec.c writes it.

        The first line decides whether lines have counts. A count follows a tab or, where the line holds no tab, its
        last space. Order is kept, blank lines are passed over, ``\r\n`` ends a line as well.

        Raises
        ------
        FormatError
            The file cannot be read, is not UTF-8, holds a word twice, a count that is none, lines with and without
            counts, or fewer than two words; the message gives the line.
        """
        first_lines: dict[str, int] = {}
        counts: list[int | None] = []
        for number, line in enumerate(_lines(path), 1):
            if not line.strip(" \t"):
                continue
            try:
                word, count = _word_and_count(line)
            except ValueError as error:
                raise FormatError(f"{path}, line {number:,}: {error}") from error
            if first_lines.setdefault(word, number) != number:
                raise FormatError(
                    f"{path}, line {number:,}: {word!r:.60} stands in line {first_lines[word]:,} already: remove one"
                )
            counts.append(count)
            if (count is None) != (counts[0] is None):
                has, first_has = ("a", "no") if counts[0] is None else ("no", "a")
                raise FormatError(
                    f"{path}, line {number:,}: {line!r:.80} has {has} count, but the first word has {first_has} count: "
                    "give one to all or to none (behind a tab, if words hold spaces)"
                )
        if len(counts) < 2:
            raise FormatError(
                f"the vocabulary {path} holds {len(counts)} words, but at least two are needed: add words"
            )
        known = [count for count in counts if count is not None]
        try:
            return cls(first_lines, known or None)
        except InputError as error:
            raise FormatError(f"{path} cannot be true: {error}") from error

    def suggest(self, word: str, limit: int = 3) -> tuple[str, ...]:
        """Return up to `limit` words that are spelled nearly like `word`.

        Words one slip away come first, the most frequent before others: a letter too many, too few or wrong, or two
        that are swapped. Then come those that look alike among the most frequent 200,000.
        """
        return nearest_spellings(word, self.words, limit)


def _lines(path: str | os.PathLike[str]) -> list[str]:
    """Return the lines of a text file of words."""
    try:
        content = read_whole(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"cannot read the vocabulary {path}: {reason}; check the path") from error
    try:
        text = content.decode("utf-8").removeprefix(_MARK)
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise FormatError(
            f"{path}, line {number:,}: byte {error.start:,} of the file is not UTF-8; convert it to UTF-8"
        ) from error
    return [line.removesuffix("\r") for line in text.split("\n")]


def _word_and_count(line: str) -> tuple[str, int | None]:
    """Return the word of a line and its count, or None where it has none.

    Raises
    ------
    ValueError
        The line is not understood; the message says why.
    """
    word, tab, count = line.partition("\t")
    if not tab:
        line = line.strip(" ")
        word, space, count = line.rpartition(" ")
        if not (space and count.isascii() and count.isdigit()):
            return line, None
        word = word.rstrip(" ")
    count = count.strip(" ")
    if not word:
        raise ValueError(f"the count {count!r:.40} has no word before it: remove the line")
    if not count:
        return word, None
    if not (count.isascii() and count.isdigit()) or int(count) >= 2**63:
        raise ValueError(
            f"the count of {word!r:.60} is {count!r:.40}, but must be a whole number below 2**63"
        )
    return word, int(count)


def _whole(counts: ArrayLike) -> NDArray[np.int64]:
    """Return `counts` as int64 if nothing gets lost."""
    given = np.asarray(counts)
    if given.size and given.dtype.kind not in "iu":
        raise InputError(f"counts must be whole numbers, but are {given.dtype}: round them first")
    return given.astype(np.int64)  # a copy, that nobody else can change


def most_frequent(
    words: Words, counts: NDArray[np.int64], min_count: int, stop_words: Iterable[str] = ()
) -> NDArray[np.int64]:
    """Return the positions of the words that are kept: by count, most frequent first; equal counts by their bytes.

    Parameters
    ----------
    words : Words
        All different.
    counts : ndarray of int64, shape (len(words),)
    min_count : int
        Words that occur less often are dropped.
    stop_words : iterable of str
        Words that are dropped however often they occur.
    """
    frequent = np.flatnonzero(counts >= min_count)
    survivors = words.take(frequent)
    stopped = np.zeros(len(frequent), bool)
    # Looked up among the survivors, because these are sorted anyway.
    found = survivors.find_all(list(stop_words))
    stopped[found[found >= 0]] = True
    rank = np.empty(len(frequent), np.int64)
    rank[survivors.order] = np.arange(len(frequent))
    order = np.lexsort((rank, -counts[frequent]))
    return frequent[order[~stopped[order]]]


def _too_few(words: Words, numbers: NDArray[np.int64], kept: NDArray[np.int64], min_count: int) -> None:
    """Raise the error for a vocabulary of fewer than two words, with what would help."""
    left = f"only {words[int(kept[0])]!r:.60} is left" if len(kept) else "nothing is left"
    if not len(words):
        raise CorpusError("the corpus holds no words at all")
    most = int(numbers.max())
    raise CorpusError(
        f"{left} of {len(words)} different words after min_count={min_count} and stop words, but at least "
        f"two are needed; the most frequent word occurs {most} times: lower min_count or give more text"
    )
