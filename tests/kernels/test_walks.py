"""Random walks against their probabilities, and what becomes of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse, stats

from firth.corpus.graph import Graph
from firth.kernels.cpu import walks
from firth.kernels.cpu.random import stream_key
from firth.objectives.walks import transition_probabilities
from kernels.test_training import or_compiled

_LENGTH = 40
_N_WALKS = 3_000


def walked(graph, starts, *, length=_LENGTH, p=1.0, q=1.0, seed=1):
    """Return the walks as lists."""
    starts = np.array(starts, np.int32)
    out, lengths = np.empty(len(starts) * (length + 1), np.int32), np.empty(len(starts), np.int64)
    key = stream_key(seed, 0, 0)
    if p == q == 1:
        walks.walk_by_weight(starts, length, key, graph.rows, out, lengths)
    else:
        walks.walk_with_bias(starts, length, key, graph.rows, 1 / p, 1 / q, out, lengths)
    lines = out.reshape(len(starts), length + 1)
    return [line[:n].tolist() for line, n in zip(lines, lengths, strict=True)]


def disjoint_copies(matrix, n):
    """Return `n` copies of a graph: each walk of a node is the same, but copies have draws of their own."""
    return sparse.block_diag([sparse.coo_array(matrix)] * n, format="csr")


def random_matrix(n, *, directed, weighted, seed, share=0.4):
    rng = np.random.default_rng(seed)
    matrix = (rng.random((n, n)) < share).astype(float)
    if weighted:
        matrix *= rng.integers(1, 20, (n, n)) / 4
    return matrix if directed else np.triu(matrix) + np.triu(matrix, 1).T


def chi_square(matrix, steps, p, q):
    """Return the p-value of steps, counted as (previous or -1, current, next)."""
    statistic = freedom = 0.0
    for previous, current in np.argwhere(steps.sum(axis=2)):
        observed = steps[previous, current]
        before = int(previous) if previous < len(matrix) else None
        likely = transition_probabilities(matrix, int(current), before, p=p, q=q)
        assert not observed[likely == 0].any()
        expected = likely * observed.sum()
        if expected[likely > 0].min() >= 5:
            statistic += ((observed - expected)[likely > 0] ** 2 / expected[likely > 0]).sum()
            freedom += (likely > 0).sum() - 1
    assert freedom > 20
    return stats.chi2.sf(statistic, freedom)


def steps_of(lines, n):
    """Count the steps of walks over copies of a graph of `n` nodes, by node before (the last: none), node and next."""
    nodes = np.concatenate([[n, *(np.array(line) % n), -1] for line in lines])
    before, here, following = nodes[:-2], nodes[1:-1], nodes[2:]
    inside = (before >= 0) & (here >= 0) & (here < n) & (following >= 0) & (following < n)
    counts = np.zeros((n + 1, n, n), np.int64)
    np.add.at(counts, (before[inside], here[inside], following[inside]), 1)
    return counts


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize(
    ("p", "q"), or_compiled((1, 1), (0.25, 4), (4, 0.25), (0.05, 0.5), (1, 2), (3, 1), (0.5, 1), (50, 20))
)
def test_steps_come_as_likely_as_they_are(p, q, directed, weighted):
    n = 9
    matrix = random_matrix(n, directed=directed, weighted=weighted, seed=5)
    assert np.trace(matrix) > 0  # loops
    graph = Graph.of(disjoint_copies(matrix, _N_WALKS // n), directed=directed)
    assert (graph.weights is not None) == weighted
    lines = walked(graph, range(graph.n_nodes), p=p, q=q)
    assert chi_square(matrix, steps_of(lines, n), p, q) > 1e-4


@pytest.mark.compiled
@pytest.mark.parametrize("directed", [False, True])
def test_long_rows_are_searched_as_rightly(directed):
    n = 32
    matrix = random_matrix(n, directed=directed, weighted=False, seed=6, share=0.7)
    graph = Graph.of(disjoint_copies(matrix, 150), directed=directed)
    lines = walked(graph, range(graph.n_nodes), length=80, p=2.0, q=4.0)
    assert chi_square(matrix, steps_of(lines, n), 2.0, 4.0) > 1e-4


def test_the_test_of_likelihoods_can_fail():
    matrix = random_matrix(9, directed=False, weighted=True, seed=5)
    graph = Graph.of(disjoint_copies(matrix, _N_WALKS // 9))
    found = steps_of(walked(graph, range(graph.n_nodes), p=1.0, q=1.1), 9)
    assert chi_square(matrix, found, 1.0, 1.1) > 1e-4
    assert chi_square(matrix, found, 1.0, 1.2) < 1e-4
    assert chi_square(matrix, found, 1.1, 1.1) < 1e-4


@pytest.mark.parametrize("weighted", or_compiled(False, True))
def test_where_nearly_all_proposals_are_turned_down_all_neighbors_are_looked_at(weighted):
    # Node 0 has many leaves; from one of them to another node weighs a millionth of the few that are near.
    n = 60
    matrix = np.zeros((n, n))
    matrix[0, 1:] = matrix[1:, 0] = np.where(np.arange(1, n) % 2, 1, 3) if weighted else 1
    matrix[1, 2] = matrix[2, 1] = 1
    p, q = 1e7, 1e6
    graph = Graph.of(disjoint_copies(matrix, 2_000))
    lines = walked(graph, range(0, graph.n_nodes, n), length=5, p=p, q=q)
    found = steps_of(lines, n)[:n, 0]  # through node 0, by the leaf before and the leaf that follows
    assert found[1].sum() == found[1, 2] > 0
    assert found[2].sum() == found[2, 1] > 0
    observed = found[3:].sum(axis=0)
    assert observed.sum() > 1000
    assert np.trace(found) <= 20
    likely = [transition_probabilities(matrix, 0, leaf, p=p, q=q) for leaf in range(3, n)]
    expected = found[3:].sum(axis=1) @ np.array(likely)
    used = expected >= 5
    assert stats.chi2.sf((((observed - expected) ** 2)[used] / expected[used]).sum(), used.sum()) > 1e-4


@pytest.mark.parametrize(("p", "q"), [(1, 1), (0.5, 2)])
def test_a_walk_depends_on_its_seed_and_its_first_node_alone(p, q):
    matrix = random_matrix(200, directed=True, weighted=True, seed=3, share=0.02)
    graph = Graph.of(sparse.csr_array(matrix), directed=True)
    together = walked(graph, range(200), p=p, q=q)
    order = np.random.default_rng(1).permutation(200)
    assert [together[i] for i in order] == walked(graph, order, p=p, q=q)
    assert [together[7]] == walked(graph, [7], p=p, q=q)
    assert together != walked(graph, range(200), p=p, q=q, seed=2)
    shorter = walked(graph, range(200), length=9, p=p, q=q)
    assert shorter == [line[:9] for line in together]


@pytest.mark.parametrize(("p", "q"), [(1, 1), (0.5, 2)])
def test_walks_end_where_no_edge_leads_on(p, q):
    edges = sparse.coo_array((np.ones(3), ([0, 1, 3], [1, 2, 3])), shape=(5, 5))
    graph = Graph.of(edges, directed=True)
    lines = walked(graph, [0, 1, 2, 3, 4, 0], length=6, p=p, q=q)
    assert lines == [[0, 1, 2], [1, 2], [2], [3] * 6, [4], [0, 1, 2]]


@pytest.mark.parametrize("n", [1, 2, 3, 1000])
def test_shuffling_orders_all_numbers_as_the_key_says(n):
    order = walks.shuffled(n, stream_key(1, 0, 0))
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == list(range(n))
    np.testing.assert_array_equal(order, walks.shuffled(n, stream_key(1, 0, 0)))


def test_all_orders_are_as_likely():
    orders = [tuple(walks.shuffled(4, stream_key(seed, 0, 0)).tolist()) for seed in range(4_000)]
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-4


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 4), max_size=20))
def test_closing_moves_walks_together(lengths):
    length = 4
    out = np.arange(len(lengths) * (length + 1), dtype=np.int32)
    expected = [x for i, n in enumerate(lengths) for x in [*range(5 * i, 5 * i + n), -1]]
    n = walks.close_walks(out, np.array(lengths, np.int64), length)
    assert out[:n].tolist() == expected
