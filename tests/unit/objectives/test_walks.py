"""The probabilities of a walk's next step, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from firth.objectives.walks import transition_probabilities

# A triangle of 0, 1, 2, whose edge from 1 to 2 weighs 3, and 3 beside 1; no edge leaves 4.
GRAPH = np.array([[0, 1, 1, 0, 0], [1, 0, 3, 2, 0], [1, 3, 0, 0, 0], [0, 2, 0, 0, 0], [0, 0, 0, 0, 0]])


def test_a_first_step_goes_by_weight_alone():
    np.testing.assert_allclose(transition_probabilities(GRAPH, 1, p=0.5, q=4), [1 / 6, 0, 3 / 6, 2 / 6, 0])


def test_a_later_step_goes_by_where_the_walk_has_come_from():
    # From 0: back to it 1/p, to its neighbor 2 as it is, to 3, which is none, 1/q.
    expected = np.array([1 / 0.5, 0, 3, 2 / 4, 0])
    found = transition_probabilities(GRAPH, 1, 0, p=0.5, q=4)
    np.testing.assert_allclose(found, expected / expected.sum())


def test_by_default_the_weight_alone_decides():
    np.testing.assert_allclose(transition_probabilities(GRAPH, 1, 0), [1 / 6, 0, 3 / 6, 2 / 6, 0])


@pytest.mark.parametrize("previous", [None, 3])
def test_a_walk_ends_where_no_edge_leaves(previous):
    np.testing.assert_array_equal(transition_probabilities(GRAPH, 4, previous, p=1, q=1), np.zeros(5))
