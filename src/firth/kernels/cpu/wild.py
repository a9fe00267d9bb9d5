"""Numbers that are not finite, in kernels that are compiled with the licence to assume that all are."""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel


@kernel()
def any_wild(numbers):
    """Return whether one of the numbers, ndarray of float64, is not finite; compiled without that licence."""
    wild = False
    for i in range(len(numbers)):
        wild |= not np.isfinite(numbers[i])
    return wild
