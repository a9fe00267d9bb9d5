"""Edge lists to compressed sparse rows, compiled: find the columns of lines, read weights, sort, add up.

Everything here takes and returns plain arrays, holds no GIL and accepts no races.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel

FINE, OTHER_COLUMNS, EMPTY_COLUMN = 0, 1, 2
"""What `split_edges` says of the lines that it has read."""

_NEWLINE, _HASH, _POINT, _ZERO, _NINE = 0x0A, 0x23, 0x2E, 0x30, 0x39
_MOST_COLUMNS = 3
# A number of so many digits, and a power of ten up to this one, are exact in float64, and so is their quotient but for
# one rounding (Clinger 1990, "How to read floating point numbers accurately").
_EXACT_DIGITS = 15
_POWERS_OF_TEN = np.array([float(f"1e{i}") for i in range(23)])


@kernel(inline="always")
def _is_space(byte):
    """Return whether a byte of ASCII is whitespace, as ``str.isspace`` has it; newlines among them."""
    return byte == 0x20 or 0x09 <= byte <= 0x0D or 0x1C <= byte <= 0x1F


@kernel()
def _column_end(data, start, stop, separator):
    """Return where the column that begins at `start` ends: at whitespace (0) or at the byte `separator`."""
    i = start
    if separator == 0:
        while i < stop and not _is_space(data[i]):
            i += 1
    else:
        while i < stop and data[i] != separator:
            i += 1
    return i


@kernel()
def _plain_number(data, start, stop):
    """Return a number of digits and perhaps a point, exactly rounded; NaN where it is longer or anything else."""
    mantissa, digits, decimals, behind_point = np.int64(0), 0, 0, False
    for i in range(start, stop):
        byte = data[i]
        if _ZERO <= byte <= _NINE:
            mantissa = mantissa * 10 + np.int64(byte - _ZERO)
            if mantissa > 0:
                digits += 1
            if behind_point:
                decimals += 1
            if digits > _EXACT_DIGITS:
                return np.nan
        elif byte == _POINT and not behind_point:
            behind_point = True
        else:
            return np.nan
    if digits == 0 or decimals >= len(_POWERS_OF_TEN):
        return np.nan
    return mantissa / _POWERS_OF_TEN[decimals]


@kernel()
def split_edges(data, separator, columns, starts, ends, weights):
    """Find the columns of all lines that are neither empty nor comments (``#``).

    Parameters
    ----------
    data : ndarray of uint8, shape (n_bytes,)
        Whole lines of text.
    separator : int
        The byte between columns, spaces around them not counting; 0 for whitespace.
    columns : int
        How many each line must have, 2 or 3; 0 where the first line shall tell.
    starts, ends : ndarray of int64, shape (>= n_lines, 3)
        Mutated. Column ``k`` of edge ``i`` is ``data[starts[i, k]:ends[i, k]]``.
    weights : ndarray of float64, shape (>= n_lines,)
        Mutated. The third column of each edge, if there is one, or NaN where that is no plain decimal number.

    Returns
    -------
    n_edges : int
        How many there are, up to the first fault.
    columns : int
        How many each has.
    fault : int
        `FINE`, or what is wrong with the line where reading has ended.
    place : int
        Where that line begins.
    found : int
        How many columns it has.
    """
    n, begin = 0, 0
    size = len(data)
    while begin < size:
        stop = begin
        while stop < size and data[stop] != _NEWLINE:
            stop += 1
        behind = stop + 1
        i = begin
        while i < stop and _is_space(data[i]):
            i += 1
        if i == stop or data[i] == _HASH:
            begin = behind
            continue
        while _is_space(data[stop - 1]) and data[stop - 1] != separator:
            stop -= 1
        if separator != 0:  # which may be a tab
            i = begin
        found, empty = 0, False
        while True:
            while i < stop and _is_space(data[i]) and data[i] != separator:
                i += 1
            end = _column_end(data, i, stop, separator)
            if found < _MOST_COLUMNS:
                last = end
                while last > i and _is_space(data[last - 1]):
                    last -= 1
                starts[n, found], ends[n, found] = i, last
                empty = empty or last == i
            found += 1
            if end == stop:
                break
            i = end + 1
        if found != columns:
            if columns != 0 or found < 2 or found > _MOST_COLUMNS:
                return n, columns, OTHER_COLUMNS, begin, found
            columns = found
        if empty:
            return n, columns, EMPTY_COLUMN, begin, found
        if columns == _MOST_COLUMNS:
            weights[n] = _plain_number(data, starts[n, 2], ends[n, 2])
        n += 1
        begin = behind
    return n, columns, FINE, 0, columns


@kernel(allocates=True)
def sorted_rows(sources, targets, weights, n_nodes, both_ways):
    """Return edges as compressed sparse rows, the neighbors of each node in rising order; parallel ones stay apart.

    They are dealt out by target first and then by source, which sorts them in time linear in their number.

    Parameters
    ----------
    sources, targets : ndarray of int32, shape (n_edges,)
        The nodes of each edge.
    weights : ndarray of float64, shape (n_edges,) or (0,)
        Empty where all are 1.
    n_nodes : int
    both_ways : bool
        Add each edge's other direction, but for loops.

    Returns
    -------
    offsets : ndarray of int64, shape (n_nodes + 1,)
        The row of node ``v`` is ``offsets[v]:offsets[v + 1]``.
    neighbors : ndarray of int32, shape (n_arcs,)
    weights : ndarray of float64, shape (n_arcs,) or (0,)
    """
    offsets, by_target = np.zeros(n_nodes + 1, np.int64), np.zeros(n_nodes + 1, np.int64)
    for i in range(len(sources)):
        source, target = sources[i], targets[i]
        offsets[source + 1] += 1
        by_target[target + 1] += 1
        if both_ways and source != target:
            offsets[target + 1] += 1
            by_target[source + 1] += 1
    for node in range(n_nodes):
        offsets[node + 1] += offsets[node]
        by_target[node + 1] += by_target[node]
    n_arcs = offsets[n_nodes]
    n_weights = n_arcs if len(weights) > 0 else 0
    dealt, dealt_weights = np.empty(n_arcs, np.int32), np.empty(n_weights)
    places = by_target[:-1].copy()
    for i in range(len(sources)):
        source, target = sources[i], targets[i]
        place = places[target]
        dealt[place] = source
        places[target] += 1
        if n_weights > 0:
            dealt_weights[place] = weights[i]
        if both_ways and source != target:
            place = places[source]
            dealt[place] = target
            places[source] += 1
            if n_weights > 0:
                dealt_weights[place] = weights[i]
    neighbors, row_weights = np.empty(n_arcs, np.int32), np.empty(n_weights)
    places[:] = offsets[:-1]
    for target in range(n_nodes):
        for i in range(by_target[target], by_target[target + 1]):
            source = dealt[i]
            place = places[source]
            neighbors[place] = target
            places[source] += 1
            if n_weights > 0:
                row_weights[place] = dealt_weights[i]
    return offsets, neighbors, row_weights


@kernel()
def count_parallel(offsets, neighbors):
    """Return how often a neighbor stands behind itself in the sorted rows."""
    n = 0
    for node in range(len(offsets) - 1):
        for i in range(offsets[node] + 1, offsets[node + 1]):
            if neighbors[i] == neighbors[i - 1]:
                n += 1
    return n


@kernel()
def merge_parallel(offsets, neighbors, weights):
    """Make one edge of parallel ones, adding up their weights; all three arrays are changed.

    Returns
    -------
    int
        How many edges are left: that much of `neighbors` and `weights` holds them.
    """
    n, begin = 0, 0
    for node in range(len(offsets) - 1):
        end = offsets[node + 1]
        first = n
        for i in range(begin, end):
            if n > first and neighbors[n - 1] == neighbors[i]:
                weights[n - 1] += weights[i]
            else:
                neighbors[n], weights[n] = neighbors[i], weights[i]
                n += 1
        begin = end
        offsets[node + 1] = n
    return n
