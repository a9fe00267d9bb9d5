"""Product quantisation: 256 centroids for every few columns of a matrix, found by k-means (Jégou et al. 2011)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from firth.errors import InputError
from firth.formats.product_quantized import CENTROIDS, QuantizedMatrix

_ROUNDS = 25
ROWS_OF_A_SAMPLE = 256 * CENTROIDS
"""How many rows the centroids are found from, where nothing else is said."""

_SETTLED = 1e-4
_JITTER = 1e-7


def quantize_matrix(
    matrix: NDArray[np.float32],
    *,
    columns: int,
    norms: bool,
    seed: int = 1,
    sample: int = ROWS_OF_A_SAMPLE,
    what: str = "the matrix",
) -> QuantizedMatrix:
    """Return the codes of a matrix.

    Parameters
    ----------
    matrix : ndarray of float32, shape (n_rows, dim)
        At least 256 rows.
    columns : int
        How many columns share a byte, 1 to `dim`; the last byte may stand for fewer.
    norms : bool
        Whether the length of each row gets a byte of its own, so that the others need only say its direction.
    seed : int
        Chooses the rows from which the centroids start.
    sample : int
        How many rows the centroids are found from, at least 256: fewer take less time, and fit a little worse.
    what : str
        What the matrix is called in messages.

    Raises
    ------
    InputError
        There are fewer than 256 rows, or `columns` is out of its range.
    """
    n_rows, dim = matrix.shape
    if n_rows < CENTROIDS:
        raise InputError(
            f"{what} has {n_rows} rows, but must have at least {CENTROIDS} to be quantised: leave it as it is, or "
            "train on more text"
        )
    if not 1 <= columns <= dim:
        raise InputError(f"dsub is {columns}, but must be from 1 to {dim}, the length of a vector")
    draws = np.random.default_rng(seed)
    if not norms:
        return _coded(matrix, columns, draws, sample)
    lengths = np.linalg.norm(matrix, axis=1).astype(np.float32)[:, None]
    directions = (matrix / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    coded, of_norms = (
        _coded(directions, columns, draws, sample),
        _coded(lengths, 1, draws, sample),
    )
    return QuantizedMatrix(
        codes=coded.codes,
        centroids=coded.centroids,
        norm_codes=of_norms.codes[:, 0].copy(),
        norm_centroids=of_norms.centroids[0][:, 0].copy(),
    )


def _coded(
    matrix: NDArray[np.float32], columns: int, draws: np.random.Generator, sample: int
) -> QuantizedMatrix:
    n_rows, dim = matrix.shape
    starts = range(0, dim, columns)
    codes, centroids = np.empty((n_rows, len(starts)), np.uint8), []
    chosen = draws.permutation(n_rows)[:sample]
    for part, start in enumerate(starts):
        block = np.ascontiguousarray(matrix[:, start : start + columns], np.float64)
        found = k_means(block[chosen], draws).astype(np.float32)
        centroids.append(found)
        codes[:, part] = cKDTree(found).query(block, workers=-1)[1]
    return QuantizedMatrix(codes=codes, centroids=tuple(centroids))


def k_means(points: NDArray[np.float64], draws: np.random.Generator) -> NDArray[np.float64]:
    """Return 256 centroids of points, float64 of shape (256, n_columns), by Lloyd's rounds.

    Parameters
    ----------
    points : ndarray of float64, shape (n_points, n_columns)
        At least 256, in any order; the first ones are where the centroids start.
    draws : Generator
        Moves the halves of a split cluster apart.
    """
    centroids, before = points[:CENTROIDS].copy(), np.inf
    for _ in range(_ROUNDS):
        distances, nearest = cKDTree(centroids).query(points, workers=-1)
        error = float(np.square(distances).mean())
        counts = np.bincount(nearest, minlength=CENTROIDS)
        for column in range(points.shape[1]):
            sums = np.bincount(nearest, points[:, column], CENTROIDS)
            centroids[:, column] = np.where(counts > 0, sums / np.maximum(counts, 1), centroids[:, column])
        for empty in np.flatnonzero(counts == 0):
            # It takes half of the largest cluster.
            largest = int(np.argmax(counts))
            centroids[empty] = centroids[largest] * (1 + _JITTER * draws.choice([-1.0, 1.0], points.shape[1]))
            counts[empty] = counts[largest] // 2
            counts[largest] -= counts[empty]
        if error >= before * (1 - _SETTLED) and counts.all():
            break
        before = error
    return centroids
