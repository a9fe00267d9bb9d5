"""Retrieval: whether the last item of a session is near to the items before it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.evaluation.questions import read_sessions
from firth.vectors import WordVectors
from firth.vectors.search import search


@dataclasses.dataclass(frozen=True)
class RetrievalResult:
    """What came out of sessions whose last items were sought.

    Parameters
    ----------
    k : int
        How many items were recommended for each session.
    hit_rate : float
        The share of the answered sessions whose last item is among the `k`, 0 to 1; NaN where none was answered.
    ndcg : float
        Normalised discounted cumulative gain: the mean of 1 / log2(1 + rank) over the answered sessions, where a last
        item that is not among the `k` counts 0; NaN where none was answered.
    answered : int
        Sessions whose last item is known, and one of those before it; the others are left out.
    asked : int
        All sessions of two items or more.
    """

    k: int
    hit_rate: float
    ndcg: float
    answered: int
    asked: int

    @property
    def coverage(self) -> float:
        """The share of the sessions that were answered, 0 to 1."""
        return self.answered / self.asked


def evaluate_retrieval(
    vectors: WordVectors,
    sessions: str | os.PathLike[str] | Iterable[Sequence[str]],
    *,
    k: int = 10,
    context: int | None = None,
    outputs: bool = False,
) -> RetrievalResult:
    """Seek the last item of each session by the items before it, and count how often it is found.

    What is asked for is the mean direction of the items before the last (their vectors at length 1), what is
    recommended are the `k` items of largest cosine with it, none of them among those asked with. A session whose last
    item is one of these has no answer, and is left out. The task, with ``context=1``, is the next-event prediction of
    Caselles-Dupré, Lesaint and Royo-Letelier (2018); with one item to find, the ideal gain is 1, so that NDCG (Järvelin
    and Kekäläinen 2002) is the discount of its rank.

    Training must not have seen the last items: train on ``session[:-1]``, or on other sessions.

    Parameters
    ----------
    vectors : WordVectors
        Of items.
    sessions : path or iterable of sequences of str
        A file with a session a line, whose items are separated by tabs or spaces; or the sessions themselves.
    k : int
        How many items are recommended, at least 1.
    context : int, optional
        How many items right before the last are asked with, at least 1; None for all of them, as for baskets, which
        have no order.
    outputs : bool
        Seek among the output vectors: what is likely around the items, instead of what is like them.

    Returns
    -------
    RetrievalResult
        Hit rate and NDCG at `k`.

    Raises
    ------
    InputError
        The file cannot be read, no session has two items, `k` or `context` is below 1, or there are no output vectors.
    """
    for name, value in (("k", k), ("context", context)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}, but must be at least 1")
    answers = vectors.output_vectors if outputs else vectors
    if answers is None:
        raise InputError("these vectors came without output vectors: seek among the vectors themselves")
    read = read_sessions(sessions) if isinstance(sessions, (str, os.PathLike)) else sessions
    listed = [list(session) for session in read]
    asked = [session for session in listed if len(session) > 1]
    if not asked:
        raise InputError(
            f"none of the {len(listed):,} sessions has two items: one to find and one to ask with"
        )
    questions, targets = _questions(vectors, asked, context)
    ranks = _ranks(vectors, answers, questions, targets, k)
    gains = np.where(ranks > 0, 1 / np.log2(1 + np.maximum(ranks, 1)), 0.0)
    return RetrievalResult(k, _mean(ranks > 0), _mean(gains), len(ranks), len(asked))


def _questions(
    vectors: WordVectors, sessions: list[list[str]], context: int | None
) -> tuple[list[NDArray[np.int64]], list[int]]:
    """Return of each session that can be answered the rows of the known items to ask with, and the row to find."""
    words = [item for session in sessions for item in session]
    rows = vectors.vocabulary.words.find_all(words)
    questions, targets = [], []
    end = 0
    for session in sessions:
        start, end = end, end + len(session)
        first = start if context is None else max(start, end - 1 - context)
        before = np.unique(rows[first : end - 1])
        before = before[before >= 0]
        target = int(rows[end - 1])
        if target >= 0 and len(before) and target not in before:
            questions.append(before)
            targets.append(target)
    return questions, targets


def _ranks(
    vectors: WordVectors,
    answers: WordVectors,
    questions: list[NDArray[np.int64]],
    targets: list[int],
    k: int,
) -> NDArray[np.int64]:
    """Return the rank of each target among the `k` that are recommended, from 1 on; 0 where it is not among them."""
    directions = np.array([_direction(vectors, rows) for rows in questions]).reshape(-1, vectors.dim)
    ranks = np.zeros(len(targets), np.int64)
    able = np.flatnonzero(directions.any(axis=1))
    found = search(
        answers.embeddings,
        answers.norms,
        directions[able],
        k,
        excluded=[questions[i].tolist() for i in able],
    )
    for i, best in zip(able.tolist(), found, strict=True):
        places = [place for place, (row, _) in enumerate(best, 1) if row == targets[i]]
        ranks[i] = places[0] if places else 0
    return ranks


def _direction(vectors: WordVectors, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of some vectors at length 1; those without a direction count as zeros."""
    norms = vectors.norms[rows].astype(np.float64)
    some = rows[norms > 0]
    units = vectors.embeddings[some].astype(np.float64) / norms[norms > 0, None]
    mean: NDArray[np.float64] = units.sum(axis=0) / len(rows)
    return mean


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")
