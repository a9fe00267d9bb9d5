"""Random walks over a graph, compiled: each walk is a pure function of the seed, its number and its first node.

The next node is drawn in proportion to the weights of the edges, in constant time: each node has an alias table over
its neighbors (8 bytes an edge), or none where all weights are alike. The bias of node2vec, which depends on the node
before, comes by rejection as in KnightKing (Yang et al. 2019): propose a neighbor as if there were no bias, and accept
it as often as the bias says. So nothing is prepared for pairs of edges.

Walking is waiting for memory. So walkers go in groups: while one waits for its row, the others move on. That changes no
walk, for each has a stream of random draws of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.kernels.compile import kernel
from firth.kernels.cpu.intrinsics import prefetch
from firth.kernels.cpu.noise import pair_up
from firth.kernels.cpu.random import HALF, LOW, below, draw

_NOBODY, _END_OF_WALK = -1, -1
_GROUP = 32
_SHORT_ROW = 16
_PATIENCE = 16
_11 = np.uint64(11)
_UNIT = 2.0**-53


class Rows(NamedTuple):
    """A graph as the kernels take it.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_nodes + 1,)
        The row of node ``v`` is ``offsets[v]:offsets[v + 1]``.
    neighbors : ndarray of int32, shape (n_arcs,)
        Rising within each row.
    weights : ndarray of float64, shape (n_arcs,) or (0,)
        Empty where all are alike; then `totals` and `table` are empty too.
    totals : ndarray of float64, shape (n_nodes,) or (0,)
        The sum of each row's weights.
    table : ndarray of uint32, shape (n_arcs, 2) or (0, 2)
        Each row's alias table (see `firth.kernels.cpu.noise`), numbered within the row.
    symmetric : bool
        Whether each edge is there in both directions, with one weight.
    """

    offsets: NDArray[np.int64]
    neighbors: NDArray[np.int32]
    weights: NDArray[np.float64]
    totals: NDArray[np.float64]
    table: NDArray[np.uint32]
    symmetric: bool


# What is known of a walker, a line of int64: which walk it is on (_NOBODY when all are taken) and how many nodes that
# has so far, its stream of draws and the number of the next one, the node where it is with that node's row, the same
# of the node before, how many proposals it has turned down here, and the place in `Rows.neighbors` of the next one.
_WALK, _STEPS, _KEY, _COUNTER, _NODE, _BEGIN, _END, _CAME_FROM, _CAME_BEGIN, _CAME_END, _TRIES, _PROPOSAL = (
    range(12)
)
_FIELDS = 12


@kernel(allocates=True)
def fill_tables(offsets, weights, totals, table):
    """Fill `totals` and `table` of `Rows`, which are changed, from its offsets and weights."""
    for node in range(len(offsets) - 1):
        begin, end = offsets[node], offsets[node + 1]
        total = 0.0
        for i in range(begin, end):
            total += weights[i]
        totals[node] = total
        if begin < end:
            pair_up(weights[begin:end] * ((end - begin) / total), table[begin:end])


@kernel(allocates=True)
def shuffled(n, key):
    """Return the numbers from 0 to `n` - 1, int32, in an order that `key` chooses (Fisher and Yates's)."""
    order = np.arange(n).astype(np.int32)
    for i in range(n - 1, 0, -1):
        j = np.int64(below(draw(key, np.uint64(i)) >> HALF, np.uint64(i + 1)))
        order[i], order[j] = order[j], order[i]
    return order


@kernel(allocates=True)
def walk_by_weight(starts, length, key, rows, out, lengths):
    """Walk from each of `starts`, choosing each next node in proportion to the weights of the edges (DeepWalk).

    Parameters
    ----------
    starts : ndarray of int32, shape (n_walks,)
        The first nodes.
    length : int
        Nodes of a walk, at least 1; fewer where it meets a node that no edge leaves.
    key : uint64
        Stream of random draws; a walk has the part of it that belongs to its first node.
    rows : Rows
        The graph.
    out : ndarray of int32, shape (n_walks * (length + 1),)
        Mutated. Walk ``i`` begins at ``i * (length + 1)``.
    lengths : ndarray of int64, shape (n_walks,)
        Mutated. How many nodes each walk has.
    """
    offsets, neighbors, stride = rows.offsets, rows.neighbors, length + 1
    walkers, keys = np.empty(_GROUP, np.int64), np.empty(_GROUP, np.uint64)
    begins, ends = np.empty(_GROUP, np.int64), np.empty(_GROUP, np.int64)
    for first in range(0, len(starts), _GROUP):
        n = min(_GROUP, len(starts) - first)
        for k in range(n):
            node = starts[first + k]
            walkers[k], keys[k] = k, draw(key, np.uint64(node))
            begins[k], ends[k] = offsets[node], offsets[node + 1]
            out[(first + k) * stride], lengths[first + k] = node, length
        for step in range(1, length):
            i = 0
            while i < n:
                k = walkers[i]
                if begins[k] == ends[k]:
                    lengths[first + k] = step
                    n -= 1
                    walkers[i] = walkers[n]
                    continue
                node = neighbors[_proposal(begins[k], ends[k], draw(keys[k], np.uint64(step)), rows.table)]
                out[(first + k) * stride + step] = node
                begins[k], ends[k] = offsets[node], offsets[node + 1]
                i += 1


@kernel(allocates=True)
def walk_with_bias(starts, length, key, rows, back, away, out, lengths):
    """Walk as `walk_by_weight` does, with node2vec's bias (Grover and Leskovec 2016, section 3.2).

    Parameters
    ----------
    starts, length, key, rows, out, lengths
        As `walk_by_weight` has them.
    back : float
        1/p, the bias of an edge back to the node before.
    away : float
        1/q, the bias of an edge to a node to which no edge leads from the node before; all others have 1.
    """
    offsets, neighbors, weights, table = rows.offsets, rows.neighbors, rows.weights, rows.table
    walkers, came_by = np.empty((_GROUP, _FIELDS), np.int64), np.ones(_GROUP)
    following, walking = 0, 0
    for k in range(_GROUP):
        following, found = _set_out(k, following, starts, length, key, offsets, out, lengths, walkers)
        walking += found
    while walking > 0:
        for k in range(_GROUP):
            if walkers[k, _WALK] == _NOBODY:
                continue
            place = _proposal(walkers[k, _BEGIN], walkers[k, _END], _draw(k, walkers), table)
            walkers[k, _PROPOSAL] = place
            prefetch(offsets, np.int64(neighbors[place]))
        for k in range(_GROUP):
            if walkers[k, _WALK] == _NOBODY:
                continue
            place = _judge(
                k, rows.symmetric, back, away, offsets, neighbors, weights, rows.totals, walkers, came_by
            )
            if place < 0:
                walkers[k, _TRIES] += 1
                continue
            if place == len(neighbors):
                node = walkers[k, _CAME_FROM]
            else:
                node = np.int64(neighbors[place])
                if len(weights) > 0:
                    came_by[k] = weights[place]
            if _arrive(k, node, length, offsets, out, lengths, walkers):
                following, found = _set_out(k, following, starts, length, key, offsets, out, lengths, walkers)
                walking -= 1 - found


@kernel(forceinline=True)
def _draw(k, walkers):
    """Return 64 random bits from the stream of walker `k`."""
    counter = walkers[k, _COUNTER]
    walkers[k, _COUNTER] = counter + 1
    return draw(np.uint64(walkers[k, _KEY]), np.uint64(counter))


@kernel(forceinline=True)
def _set_out(k, following, starts, length, key, offsets, out, lengths, walkers):
    """Give walker `k` the next walk that has more than one node, if there is one.

    Returns
    -------
    tuple of (int, int)
        The number of the walk to follow, and whether there was one (1 or 0).
    """
    walkers[k, _WALK] = _NOBODY
    while following < len(starts):
        walk, node = following, starts[following]
        following += 1
        begin, end = offsets[node], offsets[node + 1]
        out[walk * (length + 1)], lengths[walk] = node, 1
        if begin < end and length > 1:
            walkers[k, _WALK], walkers[k, _STEPS] = walk, 1
            walkers[k, _KEY], walkers[k, _COUNTER] = np.int64(draw(key, np.uint64(node))), 1
            walkers[k, _NODE], walkers[k, _BEGIN], walkers[k, _END] = node, begin, end
            walkers[k, _CAME_FROM], walkers[k, _TRIES] = _NOBODY, 0
            return following, 1
    return following, 0


@kernel(forceinline=True)
def _judge(k, symmetric, back, away, offsets, neighbors, weights, totals, walkers, came_by):
    """Return where in `neighbors` walker `k` goes, -1 where it turns its proposal down, ``len(neighbors)`` for back.

    A lot decides: biases up to the larger of 1 and `away` share the lots up to that, and what the way back weighs
    beyond has lots of its own, so that a small p costs no rejections. After as many rejections as it would cost to look
    at all neighbors, they are looked at.
    """
    place, previous = walkers[k, _PROPOSAL], walkers[k, _CAME_FROM]
    degree = walkers[k, _END] - walkers[k, _BEGIN]
    if previous == _NOBODY or degree == 1:
        return place
    least, most = min(1.0, away), max(1.0, away)
    lot = _unit(_draw(k, walkers)) * most
    if back > most:
        extra = (back - most) * _weight_back(k, symmetric, neighbors, weights, walkers, came_by)
        total = totals[walkers[k, _NODE]] if len(totals) > 0 else np.float64(degree)
        lot *= 1.0 + extra / (most * total)
        if lot >= most:
            return len(neighbors)
    node = np.int64(neighbors[place])
    if node == previous:
        accepted = lot < back
    else:
        accepted = lot < least or _is_near(k, node, symmetric, offsets, neighbors, walkers) == (away < 1.0)
    if accepted:
        return place
    if walkers[k, _TRIES] > _PATIENCE + 2 * degree:
        return _exact(
            k, _unit(_draw(k, walkers)), symmetric, back, away, offsets, neighbors, weights, walkers
        )
    return -1


@kernel(forceinline=True)
def _arrive(k, node, length, offsets, out, lengths, walkers):
    """Move walker `k` to `node`; return whether its walk ends there."""
    walk, steps = walkers[k, _WALK], walkers[k, _STEPS]
    out[walk * (length + 1) + steps] = node
    walkers[k, _STEPS] = steps + 1
    walkers[k, _CAME_FROM] = walkers[k, _NODE]
    walkers[k, _CAME_BEGIN], walkers[k, _CAME_END] = walkers[k, _BEGIN], walkers[k, _END]
    begin, end = offsets[node], offsets[node + 1]
    walkers[k, _NODE], walkers[k, _BEGIN], walkers[k, _END], walkers[k, _TRIES] = node, begin, end, 0
    if steps + 1 == length or begin == end:
        lengths[walk] = steps + 1
        return True
    return False


@kernel()
def _exact(k, lot, symmetric, back, away, offsets, neighbors, weights, walkers):
    """Return the place where `lot`, from 0 to 1, falls when biased weights of all neighbors lie side by side."""
    begin, end = walkers[k, _BEGIN], walkers[k, _END]
    goal = 0.0
    for turn in range(2):  # first their sum, then the place
        total = 0.0
        for place in range(begin, end):
            node = np.int64(neighbors[place])
            if node == walkers[k, _CAME_FROM]:
                bias = back
            else:
                bias = 1.0 if _is_near(k, node, symmetric, offsets, neighbors, walkers) else away
            total += bias * (weights[place] if len(weights) > 0 else 1.0)
            if turn == 1 and total > goal:
                return place
        goal = lot * total
    return end - 1  # by rounding


@kernel(forceinline=True)
def _weight_back(k, symmetric, neighbors, weights, walkers, came_by):
    """Return the weight of the edge from walker `k` back to the node before, 0 where there is none."""
    if symmetric:
        return came_by[k]
    previous = walkers[k, _CAME_FROM]
    place = _last_up_to(neighbors, walkers[k, _BEGIN], walkers[k, _END], previous)
    if neighbors[place] != previous:
        return 0.0
    return weights[place] if len(weights) > 0 else 1.0


@kernel(forceinline=True)
def _is_near(k, node, symmetric, offsets, neighbors, walkers):
    """Return whether an edge leads to `node` from the node that walker `k` came from."""
    begin, end, wanted = walkers[k, _CAME_BEGIN], walkers[k, _CAME_END], node
    if symmetric and end - begin > _SHORT_ROW:  # then the shorter of both rows will do
        other_begin, other_end = offsets[node], offsets[node + 1]
        if other_end - other_begin < end - begin:
            begin, end, wanted = other_begin, other_end, walkers[k, _CAME_FROM]
    return neighbors[_last_up_to(neighbors, begin, end, wanted)] == wanted


@kernel(forceinline=True)
def _last_up_to(neighbors, begin, end, wanted):
    """Return the place of the last neighbor up to `wanted` in a row that is not empty, or of its first one."""
    n = end - begin
    while n > 1:  # without a branch that depends on what is found
        half = n >> 1
        begin = begin + half if neighbors[begin + half] <= wanted else begin
        n -= half
    return begin


@kernel(inline="always")
def _proposal(begin, end, bits, table):
    """Return a place in the row from `begin` to `end` drawn by weight, from 64 random bits."""
    place = begin + np.int64(below(bits >> HALF, np.uint64(end - begin)))
    if len(table) > 0 and (bits & LOW) >= np.uint64(table[place, 0]):
        place = begin + np.int64(table[place, 1])
    return place


@kernel(inline="always")
def _unit(bits):
    """Return a number from 0 to 1, without 1, from 64 random bits."""
    return np.float64(bits >> _11) * _UNIT


@kernel()
def close_walks(out, lengths, length):
    """Put -1 behind each walk and move the walks together.

    Parameters
    ----------
    out : ndarray of int32, shape (n_walks * (length + 1),)
        As walking has filled it. Mutated.
    lengths : ndarray of int64, shape (n_walks,)
        How many nodes each walk has.
    length : int
        How many it can have.

    Returns
    -------
    int
        How much of `out` is filled now.
    """
    n = 0
    for i in range(len(lengths)):
        begin = i * (length + 1)
        for k in range(lengths[i]):
            out[n + k] = out[begin + k]
        n += lengths[i]
        out[n] = _END_OF_WALK
        n += 1
    return n
