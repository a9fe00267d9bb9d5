"""Exact nearest neighbours by blocked matrix products, in bounded memory.

Each block of rows is multiplied with a block of queries in float32, and only the rows that may still be
among the best are kept. The finalists are weighed again in float64, so that the answer does not depend on
where in a block a row lies or on how many queries are asked at once: equal rows get equal scores, and
equal scores are ordered by row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

_Real = TypeVar("_Real", np.float32, np.float64)

Combine = Callable[[NDArray[_Real]], NDArray[_Real]]
"""Takes cosines, shape (directions, rows), returns the scores that are searched, shape (queries, rows)."""

_BLOCK_ROWS = 16_384
_BLOCK_QUERIES = 256
# How far a score in float32 may be off, relative to 1 + its size; generous for thousands of dimensions.
_MARGIN = 2e-5
_SMALLEST_SQUARE = float(np.finfo(np.float32).tiny) * 1e6


class Neighbor(NamedTuple):
    """A word that was found, with its score."""

    word: str
    score: float


def row_norms(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the length of each row, shape (rows,); 0 for one without a direction (zeros, NaN, infinity)."""
    norms = np.empty(len(matrix), np.float32)
    for start in range(0, len(matrix), _BLOCK_ROWS):
        rows = matrix[start : start + _BLOCK_ROWS]
        with np.errstate(all="ignore"):
            squares = np.einsum("ij,ij->i", rows, rows).astype(np.float64)
            # Squares may leave the range of float32 where the length does not.
            odd = np.flatnonzero(~np.isfinite(squares) | (squares < _SMALLEST_SQUARE))
            squares[odd] = np.square(rows[odd], dtype=np.float64).sum(axis=1)
            norms[start : start + len(rows)] = np.sqrt(squares)
    norms[~np.isfinite(norms)] = 0.0
    return norms


def cosines(rows: NDArray[np.float64], query: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosine of each row with `query`, shape (len(rows),); NaN where one has no direction.

    Sums of products row by row, whose result does not depend on the place of the row, as that of BLAS does;
    divided by one root, so that equal directions have the cosine 1 exactly.
    """
    with np.errstate(all="ignore"):
        products = (rows * query).sum(axis=1)
        result = products / np.sqrt(np.square(rows).sum(axis=1) * np.square(query).sum())
    clipped: NDArray[np.float64] = result.clip(-1.0, 1.0)
    return clipped


def search(
    matrix: NDArray[np.float32],
    norms: NDArray[np.float32],
    queries: NDArray[np.float64],
    k: int,
    *,
    excluded: Sequence[Sequence[int]],
) -> list[list[tuple[int, float]]]:
    """Return for each query the `k` rows of largest cosine, best first; equal ones in the order of rows.

    Parameters
    ----------
    matrix : ndarray of float32, shape (rows, dim)
        What is searched; may be a memory map, which is never copied as a whole.
    norms : ndarray of float32, shape (rows,)
        As from `row_norms`. Rows of norm 0 are never found.
    queries : ndarray of float64, shape (queries, dim)
        Vectors of any length, each with a direction.
    k : int
        How many rows are wanted, at least 1.
    excluded : sequence of sequences of int
        For each query the rows that must not be found.

    Returns
    -------
    list of list of (row, score)
        One list for each query; shorter than `k` where there are not as many rows.
    """
    found = []
    for start in range(0, len(queries), _BLOCK_QUERIES):
        block = slice(start, start + _BLOCK_QUERIES)
        found += search_combined(matrix, norms, queries[block], k, excluded=excluded[block], combine=_same)
    return found


def search_combined(
    matrix: NDArray[np.float32],
    norms: NDArray[np.float32],
    directions: NDArray[np.float64],
    k: int,
    *,
    excluded: Sequence[Sequence[int]],
    combine: Combine[Any],
) -> list[list[tuple[int, float]]]:
    """Do as `search`, for scores that `combine` makes from the cosines with several directions.

    The number of directions bounds the memory: 64 KiB each.
    """
    lengths = np.sqrt(np.square(directions).sum(axis=1, keepdims=True))
    singles = (directions / lengths).astype(np.float32)
    pools = [_Pool(k, rows) for rows in excluded]
    for start in range(0, len(norms), _BLOCK_ROWS):
        block = slice(start, min(start + _BLOCK_ROWS, len(norms)))
        with np.errstate(all="ignore"):
            scores = combine(singles @ matrix[block].T / norms[block])
        scores[:, norms[block] == 0] = -np.inf
        for pool, row_scores in zip(pools, scores, strict=True):
            pool.add(row_scores, start)
    return [_finalists(pool, matrix, directions, combine, query) for query, pool in enumerate(pools)]


class _Pool:
    """The rows that may still be among the `k` best for one query, as blocks go by."""

    def __init__(self, k: int, excluded: Sequence[int]) -> None:
        self.k = k
        self.excluded = np.asarray(excluded, np.int64)
        self.rows = np.empty(0, np.int64)
        self.scores = np.empty(0, np.float32)
        self.threshold = -np.inf

    def add(self, scores: NDArray[np.float32], start: int) -> None:
        """Take in the scores of the rows from `start`; overwrites those of excluded rows."""
        inside = self.excluded[(self.excluded >= start) & (self.excluded < start + len(scores))]
        scores[inside - start] = -np.inf
        candidates = np.flatnonzero(scores > self.threshold)
        if len(candidates) == 0:
            return
        self.rows = np.concatenate([self.rows, candidates + start])
        self.scores = np.concatenate([self.scores, scores[candidates]])
        if len(self.rows) <= self.k:
            return
        kth = float(np.partition(self.scores, -self.k)[-self.k])
        self.threshold = kth - _MARGIN * (1 + abs(kth))
        kept = np.flatnonzero(self.scores > self.threshold)
        if len(kept) > 4 * self.k + 1_000:
            # Thousands of rows as good as equal: keep the first of them.
            best = np.lexsort((kept, -self.scores[kept]))[: 4 * self.k + 1_000]
            kept = np.sort(kept[best])
        self.rows, self.scores = self.rows[kept], self.scores[kept]


def _finalists(
    pool: _Pool,
    matrix: NDArray[np.float32],
    directions: NDArray[np.float64],
    combine: Combine[Any],
    query: int,
) -> list[tuple[int, float]]:
    """Weigh what is left in a pool again in float64 and return its best."""
    rows = matrix[pool.rows].astype(np.float64)
    mine = directions if combine is not _same else directions[query : query + 1]
    scores = combine(np.stack([cosines(rows, direction) for direction in mine]))
    scores = scores[0 if combine is _same else query]
    best = np.lexsort((pool.rows, -scores))[: pool.k]
    return [(int(pool.rows[i]), float(scores[i])) for i in best]


def _same(cosines: NDArray[_Real]) -> NDArray[_Real]:
    return cosines
