"""Transport at the least cost, as a linear program."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError


def cheapest_transport(
    costs: NDArray[np.float64], shares: NDArray[np.float64], others: NDArray[np.float64]
) -> float:
    """Return the least cost of moving masses from some places to others.

    Parameters
    ----------
    costs : ndarray of float64, shape (n, m)
        Of moving a mass of 1 from each place to each other, at least 0.
    shares, others : ndarray of float64, shapes (n,) and (m,)
        The masses before and after; each adds up to 1.

    Raises
    ------
    InputError
        The program has no solution: the costs are not finite.

    Examples
    --------
    >>> cheapest_transport(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0.5, 0.5]), np.array([0.75, 0.25]))
    0.25
    """
    n, m = costs.shape
    if 1 in (n, m):  # there is but one way
        return float(np.outer(shares, others).ravel() @ costs.ravel())
    # Half a second that only those wait for who ask for it.
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron, vstack

    rows = kron(eye_array(n), np.ones((1, m)))
    columns = kron(np.ones((1, n)), eye_array(m))
    # The last equation follows from the others, and rounding could make it contradict them.
    constraints: Any = vstack([rows, columns]).tocsr()[:-1]
    solution = linprog(
        costs.ravel(), A_eq=constraints, b_eq=np.concatenate([shares, others])[:-1], method="highs"
    )
    if not solution.success or solution.fun is None:
        raise InputError(
            f"the distance cannot be computed: {solution.message}; check that vectors are finite"
        )
    return float(solution.fun)
