"""Numbers that are not finite, in kernels that are compiled with the licence to assume that all are."""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel


@kernel()
def any_wild(numbers):
    """Return whether one of the numbers, ndarray of float64, is NaN or infinite; itself compiled without the licence."""
    for i in range(len(numbers)):
        if not np.isfinite(numbers[i]):
            return True
    return False
