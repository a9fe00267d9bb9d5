"""Where a random walk over a graph goes next."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firth.objectives.descent import Floats


def transition_probabilities(
    weights: ArrayLike, current: int, previous: int | None = None, *, p: float = 1.0, q: float = 1.0
) -> Floats:
    """Return how likely each node is to be the next one.

    The unnormalised probability of the edge from the current node v to x is alpha_pq(t, x) times its weight. With t the
    node before and d_tx the length of the shortest path from t to x, alpha is 1/p for d_tx = 0 (x is t), 1 for
    d_tx = 1 (an edge leads from t to x), and 1/q for d_tx = 2.
    Source: Grover and Leskovec, "node2vec: Scalable Feature Learning for Networks", 2016, §3.2.2. Without a node
    before, and for p = q = 1, the weight alone decides: Perozzi, Al-Rfou and Skiena, "DeepWalk: Online Learning of
    Social Representations", 2014, §4.2. The paper has no directed graphs; here paths follow the edges.

    Parameters
    ----------
    weights : array_like, shape (n_nodes, n_nodes)
        Row v, column x: the weight of the edge from v to x, 0 where there is none.
    current, previous : int
        v and t. None at the start of a walk.
    p, q : float
        Return and in-out parameter, above 0.

    Returns
    -------
    ndarray of float64, shape (n_nodes,)
        1 in sum; all 0 where no edge leaves the current node, so that the walk ends.

    Examples
    --------
    A triangle of 0, 1, 2, and 3 beside 1. Coming from 0 to 1:

    >>> graph = [[0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 0]]
    >>> transition_probabilities(graph, 1, 0, p=0.5, q=4).round(3).tolist()
    [0.615, 0.0, 0.308, 0.077]
    """
    matrix = np.asarray(weights, np.float64)
    likely: Floats = matrix[current].copy()
    if previous is not None:
        alpha = np.where(matrix[previous] > 0, 1.0, 1 / q)
        alpha[previous] = 1 / p
        likely *= alpha
    total = float(likely.sum())
    return likely / total if total else likely
