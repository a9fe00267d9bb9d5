"""Files of questions: analogies, similarities, categories of words, and sessions of items."""

from __future__ import annotations

import codecs
import dataclasses
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.files import read_whole
from firth.words import Words

_LARGEST = 1 << 28


@dataclasses.dataclass(frozen=True)
class Section:
    """The questions under one heading of a file of analogies.

    Parameters
    ----------
    name : str
        The heading; empty for questions before the first one.
    questions : tuple of tuple of str
        Four words each: a is to b as c is to d.
    """

    name: str
    questions: tuple[tuple[str, str, str, str], ...]


def kind_of(path: str | os.PathLike[str]) -> Literal["analogies", "similarity", "categories"]:
    """Tell by its first line whether a file holds analogies, similarities or categories.

    Sessions of items look like anything, so that they are never told from the rest.

    Raises
    ------
    InputError
        The file cannot be read, is empty, or is of none of these kinds.
    """
    for number, line in _lines(Path(path)):
        if line.startswith("#"):
            continue
        if len(_pair_fields(line)) == 3 and not line.startswith(":"):
            return "similarity"
        if line.startswith(":") or len(line.split()) == 4:
            return "analogies"
        if len(_pair_fields(line)) == 2:
            return "categories"
        raise InputError(
            f"{path}, line {number}: {line[:60]!r} is neither ': section' nor four words (analogies), nor two words "
            "and a score (similarity), nor a word and its category; if these are sessions of items, say so: the kind "
            "is retrieval"
        )
    raise InputError(f"{path} holds no questions: it is empty")


def read_analogies(path: str | os.PathLike[str]) -> list[Section]:
    """Read a file of analogies, such as Google's ``questions-words.txt``.

    Raises
    ------
    InputError
        The file cannot be read or holds no questions, or a line has not four words.
    """
    headings: list[str] = []
    questions: list[list[tuple[str, str, str, str]]] = []
    for number, line in _lines(Path(path)):
        if line.startswith(":"):
            headings.append(line[1:].strip())
            questions.append([])
            continue
        fields = line.split()
        if len(fields) != 4:
            raise InputError(
                f"{path}, line {number}: an analogy has four words, but {line[:60]!r} has {len(fields)}"
            )
        if not headings:
            headings.append("")
            questions.append([])
        questions[-1].append((fields[0], fields[1], fields[2], fields[3]))
    if not any(questions):
        raise InputError(f"{path} holds no questions: each line must be ': section' or four words")
    return [Section(name, tuple(some)) for name, some in zip(headings, questions, strict=True)]


def read_similarities(path: str | os.PathLike[str]) -> list[tuple[str, str, float]]:
    """Read a file of pairs with a score each, separated by tabs, commas, semicolons or spaces.

    The first line may be a heading. Lines that start with ``#`` are comments.

    Raises
    ------
    InputError
        The file cannot be read or holds no pairs, or a line is not two words and a finite score.
    """
    pairs = []
    first = True
    for number, line in _lines(Path(path)):
        if line.startswith("#"):
            continue
        fields = _pair_fields(line)
        score = _score(fields[2]) if len(fields) == 3 else math.nan
        if math.isfinite(score):
            pairs.append((fields[0], fields[1], score))
        elif not (first and len(fields) == 3):
            raise InputError(f"{path}, line {number}: {line[:60]!r} is not two words and a score")
        first = False
    if not pairs:
        raise InputError(f"{path} holds no pairs: each line must be two words and a score")
    return pairs


def read_categories(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Read a file of words with a category each, separated by a tab, comma, semicolon or spaces.

    Lines that start with ``#`` are comments.

    Raises
    ------
    InputError
        The file cannot be read or holds no words, or a line is not a word and its category.
    """
    members = []
    for number, line in _lines(Path(path)):
        if line.startswith("#"):
            continue
        fields = _pair_fields(line)
        if len(fields) != 2 or not all(fields):
            raise InputError(f"{path}, line {number}: {line[:60]!r} is not a word and its category")
        members.append((fields[0], fields[1]))
    if not members:
        raise InputError(f"{path} holds no words: each line must be a word and its category")
    return members


def read_sessions(path: str | os.PathLike[str]) -> list[list[str]]:
    """Read a file of sessions or baskets: a line each, its items separated by tabs if it has one, or else by spaces.

    Raises
    ------
    InputError
        The file cannot be read or is empty.
    """
    sessions = [line.split("\t" if "\t" in line else None) for _, line in _lines(Path(path))]
    if not sessions:
        raise InputError(f"{path} holds no sessions: each line must be the items of one")
    return sessions


class Lookup:
    """Where a word of a question stands among the words of the vectors.

    With `ignore_case`, words that differ in case only are one, and stand where the first of them stands
    (the most frequent one); so do compute-accuracy and gensim.

    Parameters
    ----------
    words : Words
        The words of the vectors.
    limit : int
        Only the first so many are known.
    ignore_case : bool
        Compare in upper case.
    """

    def __init__(self, words: Words, limit: int, ignore_case: bool) -> None:
        self._fold = str.upper if ignore_case else str
        folded = [self._fold(word) for word in words[:limit]]
        self._rows = dict(zip(reversed(folded), range(len(folded) - 1, -1, -1), strict=True))
        self.first = np.fromiter((self._rows[word] for word in folded), np.int64, len(folded))
        """For each row, the row of the first word that counts as the same, shape (limit,)."""

    def rows(self, words: tuple[str, ...]) -> NDArray[np.int64]:
        """Return where `words` stand, shape (len(words),), with -1 for those that are not known."""
        return np.fromiter((self._rows.get(self._fold(word), -1) for word in words), np.int64, len(words))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and the content of each line that is not blank."""
    try:
        content = read_whole(path, _LARGEST)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8: byte {error.start} is damaged") from error
    for number, line in enumerate(text.split("\n"), 1):
        if stripped := line.strip():
            yield number, stripped


def _pair_fields(line: str) -> list[str]:
    separator = next((mark for mark in "\t,;" if mark in line), None)
    return [field.strip() for field in line.split(separator)]


def _score(field: str) -> float:
    try:
        return float(field)
    except ValueError:
        return math.nan
