"""The matrices of a file of fastText, dense or product-quantised (see `firth.formats.product_quantized`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firth.formats.fasttext_source import Source
from firth.formats.product_quantized import CENTROIDS, Centroids, QuantizedMatrix

_ROWS_AT_ONCE = 1 << 16
# A byte of a code becomes so many bytes at most: fastText cuts rows into parts of two columns, unless it is told.
_MOST_EXPANDED = 4 * 64


def read_matrix(source: Source, what: str, *, dim: int, rows: int, quantized: bool) -> NDArray[np.float32]:
    """Return the first `rows` rows of the matrix that comes next, shape (rows, dim), and pass over the others.

    Raises
    ------
    FormatError
        The matrix has fewer rows or another number of columns, is truncated, or holds NaN or infinity.
    """
    matrix = _decoded(source, what, dim, rows) if quantized else _dense(source, what, dim, rows)
    check_finite(source, what, matrix)
    return matrix


def check_finite(source: Source, what: str, matrix: NDArray[np.float32]) -> None:
    """Make sure that a matrix holds numbers only.

    Raises
    ------
    FormatError
        It holds NaN or infinity.
    """
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        finite = np.isfinite(matrix[start : start + _ROWS_AT_ONCE]).all(axis=1)
        if not finite.all():
            raise source.damaged(
                f"row {start + int(np.argmin(finite)) + 1:,} of {what} holds NaN or infinity"
            )


def _dense(source: Source, what: str, dim: int, rows: int) -> NDArray[np.float32]:
    n_rows, n_columns = source.numbers("qq", what)
    _check_shape(source, what, (n_rows, n_columns), (rows, dim))
    source.promise(4, (n_rows, n_columns), what)
    matrix = source.array((rows, dim), "<f4", what)
    source.skip((n_rows - rows, dim), 4, what)
    return matrix.astype(np.float32, copy=False)


def _decoded(source: Source, what: str, dim: int, rows: int) -> NDArray[np.float32]:
    return read_quantized(source, what, dim=dim, rows=rows).dense()


def read_quantized(source: Source, what: str, *, dim: int, rows: int) -> QuantizedMatrix:
    """Return the first `rows` rows of the quantised matrix that comes next, as they are stored.

    Raises
    ------
    FormatError
        As `read_matrix`, but for numbers that are not finite.
    """
    has_norms = source.flag(f"the sign of norms in {what}")
    n_rows, n_columns, n_codes = source.numbers("qqi", what)
    _check_shape(source, what, (n_rows, n_columns), (rows, dim))
    # The width of a code is known from here, but stands only behind the codes.
    width, rest = divmod(n_codes, n_rows) if n_rows else (0, n_codes)
    if rest or not (1 <= width <= dim or n_rows == 0):
        raise source.damaged(f"{what} has {n_codes:,} codes for {n_rows:,} rows of {dim:,} columns")
    codes = _codes(source, (n_rows, width), rows, what)
    if 4 * dim > _MOST_EXPANDED * width:
        raise source.damaged(
            f"a row of {what} has {dim:,} columns in {width:,} bytes, where each byte stands for {_MOST_EXPANDED // 4} "
            "columns at most"
        )
    centroids = _quantizer(source, what, dim, width if n_rows else None)
    if not has_norms:
        return QuantizedMatrix(codes=codes, centroids=centroids)
    norm_codes = _codes(source, (n_rows, 1), rows, f"the norms of {what}")
    (norms,) = _quantizer(source, f"the norms of {what}", 1, 1)
    return QuantizedMatrix(
        codes=codes, centroids=centroids, norm_codes=norm_codes[:, 0], norm_centroids=norms[:, 0]
    )


def _check_shape(source: Source, what: str, shape: tuple[int, int], wanted: tuple[int, int]) -> None:
    (n_rows, n_columns), (rows, dim) = shape, wanted
    if n_columns != dim or n_rows < rows:
        raise source.damaged(
            f"{what} is {n_rows:,} x {n_columns:,}, but dictionary and settings need {rows:,} x {dim:,}"
        )


def _codes(source: Source, shape: tuple[int, int], rows: int, what: str) -> NDArray[np.uint8]:
    n_rows, width = shape
    source.promise(1, shape, what)
    codes = source.array((rows, width), "u1", what)
    source.skip((n_rows - rows, width), 1, what)
    return codes


def _quantizer(source: Source, what: str, dim: int, width: int | None) -> Centroids:
    """Return the centroids for each byte of a code, shapes (256, columns that it stands for).

    `width` is how many bytes a code has; None where there are no codes to tell.
    """
    its_dim, n_parts, columns, last_columns = source.numbers("iiii", f"the quantizer of {what}")
    fits = (
        its_dim == dim
        and columns >= 1
        and n_parts == -(-dim // columns)
        and last_columns == dim - (n_parts - 1) * columns
        and width in (None, n_parts)
    )
    if not fits:
        raise source.damaged(
            f"the quantizer of {what} cuts {its_dim:,} columns into {n_parts:,} parts of {columns:,}, the last of "
            f"{last_columns:,}, but there are {dim:,} columns"
        )
    values = source.array((dim * CENTROIDS,), "<f4", f"the centroids of {what}").astype(
        np.float32, copy=False
    )
    parts = np.split(values, range(columns * CENTROIDS, len(values), columns * CENTROIDS))
    return tuple(part.reshape(CENTROIDS, -1) for part in parts)
