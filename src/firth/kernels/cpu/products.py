"""Products of matrices."""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel


@kernel(inner=True, fastmath=True, allocates=True)
def product(a, b, out):
    """Write the matrix product of `a` and `b` into `out`; Numba's returns that array, too, and so counts references."""
    np.dot(a, b, out)
