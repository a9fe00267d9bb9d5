"""Analogies: a is to b as c is to which word? Counted as word2vec.c's compute-accuracy and gensim count."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.evaluation.questions import Lookup, Section, read_analogies
from firth.vectors import WordVectors

_BLOCK_ROWS = 16_384
_BLOCK_QUESTIONS = 512


@dataclasses.dataclass(frozen=True)
class AnalogySection:
    """What came out of one section.

    Parameters
    ----------
    name : str
        Its heading in the file.
    correct : int
        Questions whose expected word was found first.
    answered : int
        Questions whose four words are all known; the others are left out, as the peers do.
    asked : int
        All questions of the section.
    """

    name: str
    correct: int
    answered: int
    asked: int

    @property
    def accuracy(self) -> float:
        """The share of the answered questions that are correct, 0 to 1; NaN where none was answered."""
        return self.correct / self.answered if self.answered else float("nan")

    @property
    def syntactic(self) -> bool:
        """Whether the section is about grammar: in Google's file, its name starts with ``gram``."""
        return self.name.startswith("gram")


@dataclasses.dataclass(frozen=True)
class AnalogyResult:
    """What came out of a file of analogies.

    Parameters
    ----------
    sections : tuple of AnalogySection
        In the order of the file.
    restrict : int
        How many words, from the most frequent on, were in play.
    """

    sections: tuple[AnalogySection, ...]
    restrict: int

    @property
    def total(self) -> AnalogySection:
        """All sections together."""
        return _sum("total", self.sections)

    @property
    def semantic(self) -> AnalogySection:
        """The sections about meaning together."""
        return _sum("semantic", [section for section in self.sections if not section.syntactic])

    @property
    def syntactic(self) -> AnalogySection:
        """The sections about grammar together."""
        return _sum("syntactic", [section for section in self.sections if section.syntactic])


def evaluate_analogies(
    vectors: WordVectors,
    path: str | os.PathLike[str],
    *,
    restrict: int | None = 30_000,
    ignore_case: bool = True,
) -> AnalogyResult:
    """Ask the analogies of a file, and count the right answers.

    A question is answered with the word, other than its first three, whose vector has the largest cosine
    with b - a + c, all of length 1 (Mikolov et al. 2013; 3CosAdd). Questions with an unknown word are not
    counted.

    Parameters
    ----------
    vectors : WordVectors
        The most frequent word first, as training leaves them.
    path : path
        Lines of four words, under lines of ``: section``.
    restrict : int, optional
        Only the first so many words are known and are answers; None for all. compute-accuracy and gensim
        give other figures for other numbers, and 30,000 is what papers give.
    ignore_case : bool
        Take words that differ in case only for one, whose vector is that of the first.

    Returns
    -------
    AnalogyResult
        By section, with totals.

    Raises
    ------
    InputError
        The file cannot be read or a line is malformed (the message gives its number), or `restrict` is
        below 1.
    """
    if restrict is not None and restrict < 1:
        raise InputError(f"restrict is {restrict}, but must be at least 1")
    sections = read_analogies(path)
    limit = len(vectors) if restrict is None else min(restrict, len(vectors))
    known, correct = judge(vectors, sections, limit=limit, ignore_case=ignore_case)
    ends = np.cumsum([len(section.questions) for section in sections])
    results = []
    for section, end in zip(sections, ends, strict=True):
        mine = slice(end - len(section.questions), end)
        results.append(
            AnalogySection(
                section.name, int(correct[mine].sum()), int(known[mine].sum()), len(section.questions)
            )
        )
    return AnalogyResult(tuple(results), limit)


def judge(
    vectors: WordVectors, sections: Sequence[Section], *, limit: int, ignore_case: bool
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of each question of all sections whether its words are known, and whether it is answered right.

    Parameters
    ----------
    vectors : WordVectors
    sections : sequence of Section
    limit : int
        Only the first so many words are known and are answers.
    ignore_case : bool
        Take words that differ in case only for one.
    """
    lookup = Lookup(vectors.vocabulary.words, limit, ignore_case)
    asked = [lookup.rows(question) for section in sections for question in section.questions]
    rows = np.array(asked, np.int64).reshape(-1, 4)
    known = np.all(rows >= 0, axis=1)
    correct = np.zeros(len(rows), np.bool_)
    answers = _answers(vectors, rows[known, :3], lookup.first)
    correct[known] = (answers >= 0) & (lookup.first[answers] == rows[known, 3])
    return known, correct


def _answers(
    vectors: WordVectors, questions: NDArray[np.int64], first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the row that answers each question, shape (n,); -1 where there is none.

    Parameters
    ----------
    vectors : WordVectors
        Of which the first ``len(first)`` are in play.
    questions : ndarray of int64, shape (n, 3)
        The rows of a, b and c.
    first : ndarray of int64
        For each row, the row that stands for all words that count as the same.
    """
    limit = len(first)
    a, b, c = (_units(vectors, questions[:, i]) for i in range(3))
    targets: NDArray[np.float32] = np.add(b - a, c, dtype=np.float32)
    best = np.full(len(questions), -1, np.int64)
    scores = np.full(len(questions), -np.inf, np.float32)
    for start in range(0, limit, _BLOCK_ROWS):
        rows = np.arange(start, min(start + _BLOCK_ROWS, limit))
        block = _units(vectors, rows)
        for at in range(0, len(questions), _BLOCK_QUESTIONS):
            some = slice(at, at + _BLOCK_QUESTIONS)
            products: NDArray[np.float32] = np.matmul(targets[some], block.T)
            products[:, vectors.norms[rows] == 0] = -np.inf
            column = _best_allowed(products, questions[some], first[rows], start)
            score = products[np.arange(len(column)), column]
            better = score > scores[some]
            best[some] = np.where(better, column + start, best[some])
            scores[some] = np.where(better, score, scores[some])
    return best


def _best_allowed(
    products: NDArray[np.float32], questions: NDArray[np.int64], first: NDArray[np.int64], start: int
) -> NDArray[np.int64]:
    """Return the best column of each row of `products`, passing over the words of its question.

    Those are overwritten in `products`, and so are words that count as the same, should one of them win.
    """
    for words in questions.T:
        inside = np.flatnonzero((words >= start) & (words < start + products.shape[1]))
        products[inside, words[inside] - start] = -np.inf
    best: NDArray[np.int64] = products.argmax(axis=1)
    doubtful = np.arange(len(best))
    while len(doubtful):
        column = best[doubtful]
        own = (first[column][:, None] == questions[doubtful]).any(axis=1)
        own &= np.isfinite(products[doubtful, column])
        doubtful = doubtful[own]
        products[doubtful, best[doubtful]] = -np.inf
        best[doubtful] = products[doubtful].argmax(axis=1)
    return best


def _units(vectors: WordVectors, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the vectors of `rows` at length 1, and zeros for those without a direction."""
    norms = vectors.norms[rows]
    units = vectors.embeddings[rows]
    units /= np.where(norms == 0, np.float32(1), norms)[:, None]
    units[norms == 0] = 0
    return units


def _sum(name: str, sections: list[AnalogySection] | tuple[AnalogySection, ...]) -> AnalogySection:
    return AnalogySection(
        name,
        sum(section.correct for section in sections),
        sum(section.answered for section in sections),
        sum(section.asked for section in sections),
    )
