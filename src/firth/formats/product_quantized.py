"""Product-quantised matrices: a byte for every few columns of a row (Jégou et al. 2011; Joulin et al. 2016).

Columns are cut into parts; for each part a row keeps which of 256 centroids stands for its numbers. With norms, rows
were brought to length 1 before, and a further byte says which of 256 lengths they had.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

CENTROIDS = 256
"""How many centroids each part has."""

Centroids = tuple[NDArray[np.float32], ...]
"""For each part its centroids, float32 of shape (256, columns of the part)."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class QuantizedMatrix:
    """A matrix of which each row is some bytes; immutable.

    Parameters
    ----------
    codes : ndarray of uint8, shape (n_rows, n_parts)
        Which centroid stands for each part of a row.
    centroids : tuple of ndarray of float32, shapes (256, columns of the part)
        All parts have the same number of columns but the last, which may have fewer.
    norm_codes : ndarray of uint8, shape (n_rows,), optional
        Which length each row had.
    norm_centroids : ndarray of float32, shape (256,), optional
        The lengths.
    """

    codes: NDArray[np.uint8]
    centroids: Centroids
    norm_codes: NDArray[np.uint8] | None = None
    norm_centroids: NDArray[np.float32] | None = None

    @property
    def dim(self) -> int:
        """The number of columns."""
        return sum(part.shape[1] for part in self.centroids)

    def take(self, rows: NDArray[np.integer]) -> QuantizedMatrix:
        """Return the same for the rows at `rows`, in that order."""
        norms = None if self.norm_codes is None else self.norm_codes[rows]
        return dataclasses.replace(self, codes=self.codes[rows], norm_codes=norms)

    def dense(self) -> NDArray[np.float32]:
        """Return the matrix, float32 of shape (n_rows, dim)."""
        matrix = np.empty((len(self.codes), self.dim), np.float32)
        column = 0
        for code, part in zip(
            self.codes.T, self.centroids, strict=False
        ):  # an empty matrix has codes of no width
            matrix[:, column : column + part.shape[1]] = part[code]
            column += part.shape[1]
        if self.norm_codes is not None and self.norm_centroids is not None:
            with np.errstate(invalid="ignore", over="ignore"):  # whoever reads a file looks for it
                matrix *= self.norm_centroids[self.norm_codes][:, None]
        return matrix
