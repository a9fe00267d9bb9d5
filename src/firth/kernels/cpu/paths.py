"""Hierarchical softmax: the terms of whole paths.

A word that some centers predict has a term for each of them at each node on its path. So its terms form a small
matrix, centers by nodes, and lie in this order, word after word. What is computed with them are products of that matrix
and rows that all its terms share, a tile of two or four rows at a time: a path and the hidden vectors of a word's
centers fit the nearest cache, where all nodes of a chunk would not. Where negative sampling is added to the loss, paths
end in the word's own row, whose label is 1.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.lanes import (
    load,
    load_block,
    multiply_add,
    multiply_add_block,
    store_block,
    store_totals,
    total,
    zeros,
    zeros_block,
)  # fmt: skip
from firth.kernels.cpu.rows import clear_row
from firth.kernels.cpu.state import LANES

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel(inner=True, fastmath=True)
def fill_paths(place, base, center, words, weights, tables, step, work):
    """Put the nodes on the paths in the place of the words that they lead to.

    Parameters
    ----------
    place : int
        Line of `step`.
    base : int
        The first slot of targets.
    center : int
        The first center as an index in the block.
    words : ndarray of int32
        The words that centers predict, as many as `step` says.
    weights : ndarray of float32
        What the terms of each token of the block count; empty where all count 1.
    tables : Tables
    step : SuperStep
        Mutated: ``rows`` and ``n_rows``, ``path_begin``, ``path_rows``, ``path_slots``, ``path_ends``, ``weights``,
        ``n_terms``, ``n_labels`` and of ``masses`` those of nodes.
    work : Workspace
        Mutated: ``slot_of_row``.
    """
    begin, centers, path_begin = step.begin[place], step.term_centers[place], step.path_begin[place]
    term_weights, n_labels = step.weights[place], step.n_labels[place]
    clear_row(n_labels)
    at, behind, term = np.int64(base), np.int64(0), np.uint64(0)
    for word in range(step.n_words[place]):
        path_begin[word] = behind
        if begin[word] == begin[word + 1]:
            continue
        start, stop = tables.path_offsets[words[word]], tables.path_offsets[words[word] + 1]
        mass = _ZERO
        for i in range(begin[word], begin[word + 1]):
            weight = weights[center + centers[i]] if len(weights) > 0 else _ONE
            mass += weight
            n_labels[centers[i]] += weight * np.float32(stop - start)
            for turn in range(stop - start):
                sign = np.float32(2 * (tables.paths[start + turn] & 1) - 1)
                term_weights[term + np.uint64(turn)] = sign * weight
            term += np.uint64(stop - start)
        if stop > start:
            step.path_ends[place, word] = tables.paths[stop - 1] >> 1
        at = _follow_path(place, base, at, behind, start, stop, mass, tables, step, work)
        behind += stop - start
    path_begin[step.n_words[place]] = behind
    step.n_terms[place] = term
    step.n_rows[place] = at


@kernel(inner=True, fastmath=True)
def _follow_path(place, base, at, behind, start, stop, mass, tables, step, work):
    """Note the rows on a path, find or make a slot for each, and return the next one that is free.

    Where a row stands is looked up in an array that is never cleared: an entry counts only if what it points at says
    the same (Briggs and Torczon 1993).
    """
    rows, masses = step.rows[place], step.masses[place]
    path_rows, path_slots = step.path_rows[place], step.path_slots[place]
    for turn in range(stop - start):
        row = np.uint32(tables.paths[start + turn] >> 1)
        slot = np.int64(work.slot_of_row[row])
        if not (base <= slot < at and rows[slot] == row):
            slot = at
            work.slot_of_row[row] = slot
            rows[slot] = row
            masses[slot] = _ZERO
            at += 1
        masses[slot] += mass
        path_rows[behind + turn] = row
        path_slots[behind + turn] = slot - base
    return at


@kernel(inner=True, fastmath=True)
def path_logits(place, hidden, outputs, step, logits):
    """Fill `logits` with the products of hidden vectors and nodes, in the order of the terms.

    Parameters
    ----------
    place : int
        Line of `step`.
    hidden, outputs : ndarray of float32, shapes (B, width) and (n_outputs, width)
        A slice of the hidden vectors and of the output embeddings.
    step : SuperStep
    logits : ndarray of float32, shape (>= number of terms,)
        Mutated.
    """
    begin, centers = step.begin[place], step.term_centers[place]
    path_begin, rows = step.path_begin[place], step.path_rows[place]
    one, two = np.uint64(1), np.uint64(2)
    term = np.uint64(0)
    for word in range(np.uint64(step.n_words[place])):
        start, stop = np.uint64(path_begin[word]), np.uint64(path_begin[word + one])
        i, last = np.uint64(begin[word]), np.uint64(begin[word + one])
        while i + two <= last:
            h_a, h_b = hidden[np.uint64(centers[i])], hidden[np.uint64(centers[i + one])]
            _two_products(h_a, h_b, outputs, rows, start, stop, logits, term, term + stop - start)
            term += two * (stop - start)
            i += two
        if i < last:
            _products(hidden[np.uint64(centers[i])], outputs, rows, start, stop, logits, term)
            term += stop - start


@kernel(inner=True, fastmath=True)
def _products(h, outputs, rows, start, stop, logits, term):
    """Fill `logits` from `term` on with the products of `h` and some rows of `outputs`, four at a time."""
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    while start + four <= stop:
        u_a, u_b = outputs[np.uint64(rows[start])], outputs[np.uint64(rows[start + one])]
        u_c, u_d = outputs[np.uint64(rows[start + two])], outputs[np.uint64(rows[start + three])]
        a, b, c, d = zeros(), zeros(), zeros(), zeros()
        for k in range(0, len(h), LANES):
            part = load(h, k)
            a = multiply_add(part, load(u_a, k), a)
            b = multiply_add(part, load(u_b, k), b)
            c = multiply_add(part, load(u_c, k), c)
            d = multiply_add(part, load(u_d, k), d)
        store_totals(logits, term, a, b, c, d)
        start += four
        term += four
    while start < stop:
        u, a = outputs[np.uint64(rows[start])], zeros()
        for k in range(0, len(h), LANES):
            a = multiply_add(load(u, k), load(h, k), a)
        logits[term] = total(a)
        start += one
        term += one


@kernel(inner=True, fastmath=True)
def _two_products(h, g, outputs, rows, start, stop, logits, h_term, g_term):
    """Do as `_products` for two hidden vectors, which share what is loaded of the rows.

    The last four rows may overlap the four before: some products twice is less work than one after the other.
    """
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    length = stop - start
    if length < four:
        _products(h, outputs, rows, start, stop, logits, h_term)
        _products(g, outputs, rows, start, stop, logits, g_term)
        return
    done = np.uint64(0)
    while done < length:
        at = min(done, length - four)
        row = start + at
        u_a, u_b = outputs[np.uint64(rows[row])], outputs[np.uint64(rows[row + one])]
        u_c, u_d = outputs[np.uint64(rows[row + two])], outputs[np.uint64(rows[row + three])]
        h_a, h_b, h_c, h_d = zeros(), zeros(), zeros(), zeros()
        g_a, g_b, g_c, g_d = zeros(), zeros(), zeros(), zeros()
        for k in range(0, len(h), LANES):
            of_h, of_g = load(h, k), load(g, k)
            a, b, c, d = load(u_a, k), load(u_b, k), load(u_c, k), load(u_d, k)
            h_a, g_a = multiply_add(of_h, a, h_a), multiply_add(of_g, a, g_a)
            h_b, g_b = multiply_add(of_h, b, h_b), multiply_add(of_g, b, g_b)
            h_c, g_c = multiply_add(of_h, c, h_c), multiply_add(of_g, c, g_c)
            h_d, g_d = multiply_add(of_h, d, h_d), multiply_add(of_g, d, g_d)
        store_totals(logits, h_term + at, h_a, h_b, h_c, h_d)
        store_totals(logits, g_term + at, g_a, g_b, g_c, g_d)
        done += four


@kernel(inner=True, fastmath=True)
def path_steps(place, hidden, outputs, step, hidden_steps, steps):
    """Compute the steps of nodes, and add the part of the terms to the steps of hidden vectors.

    Parameters
    ----------
    place, hidden, outputs
        As for `path_logits`.
    step : SuperStep
    hidden_steps, steps : ndarray of float32, shapes (B, width) and (n_targets, width)
        Mutated.
    """
    begin, centers, errors = step.begin[place], step.term_centers[place], step.term_errors[place]
    path_begin, rows, slots = step.path_begin[place], step.path_rows[place], step.path_slots[place]
    one, two = np.uint64(1), np.uint64(2)
    term, n_used = np.uint64(0), np.uint64(0)
    for word in range(np.uint64(step.n_words[place])):
        first, last = np.uint64(begin[word]), np.uint64(begin[word + one])
        start, stop = np.uint64(path_begin[word]), np.uint64(path_begin[word + one])
        length = stop - start
        node = start
        while node < stop:
            a, at = np.uint64(slots[node]), term + node - start
            new_a = a == n_used  # slots are numbered in this order
            n_used += np.uint64(new_a)
            if node + one < stop:
                b = np.uint64(slots[node + one])
                new_b = b == n_used
                n_used += np.uint64(new_b)
                _add_two_sums(
                    hidden, centers, first, last, errors, at, at + one, length, steps[a], steps[b], new_a, new_b
                )  # fmt: skip
            else:
                _add_sum(hidden, centers, first, last, errors, at, length, steps[a], new_a)
            node += two
        i = first
        while i + two <= last:
            _add_two_sums(
                outputs, rows, start, stop, errors, term, term + length, one,
                hidden_steps[np.uint64(centers[i])], hidden_steps[np.uint64(centers[i + one])], False, False,
            )  # fmt: skip
            term += two * length
            i += two
        if i < last:
            _add_sum(
                outputs, rows, start, stop, errors, term, one, hidden_steps[np.uint64(centers[i])], False
            )
            term += length


def _sums_in_lanes(n):
    """Make what `_add_sum` and `_add_two_sums` do in `n` lanes."""

    @kernel(inner=True, fastmath=True, variant=n)
    def sums_in_lanes(lane, source, rows, begin, end, factors, at, stride, out, new):
        sums = zeros_block(n)
        for i in range(begin, end):
            sums = multiply_add_block(factors[at], load_block(source[np.uint64(rows[i])], lane, n), sums)
            at += stride
        if not new:
            sums = multiply_add_block(_ONE, load_block(out, lane, n), sums)
        store_block(out, lane, sums)

    @kernel(inner=True, fastmath=True, variant=n)
    def two_sums_in_lanes(
        lane, source, rows, begin, end, factors, at_a, at_b, stride, out_a, out_b, new_a, new_b
    ):
        sums_a, sums_b = zeros_block(n), zeros_block(n)
        for i in range(begin, end):
            row = load_block(source[np.uint64(rows[i])], lane, n)
            sums_a = multiply_add_block(factors[at_a], row, sums_a)
            sums_b = multiply_add_block(factors[at_b], row, sums_b)
            at_a += stride
            at_b += stride
        if not new_a:
            sums_a = multiply_add_block(_ONE, load_block(out_a, lane, n), sums_a)
        if not new_b:
            sums_b = multiply_add_block(_ONE, load_block(out_b, lane, n), sums_b)
        store_block(out_a, lane, sums_a)
        store_block(out_b, lane, sums_b)

    return sums_in_lanes, two_sums_in_lanes


(
    (_seven_lanes, _two_of_seven), (_four_lanes, _two_of_four), (_two_lanes, _two_of_two), (_one_lane, _two_of_one),
) = (_sums_in_lanes(n) for n in (7, 4, 2, 1))  # fmt: skip


@kernel(inner=True, fastmath=True)
def _add_sum(source, rows, begin, end, factors, at, stride, out, new):
    """Add to `out` the sum of some rows of `source`, each times a factor: of those from `at` on, every `stride`-th."""
    width = source.shape[1]
    lane = 0
    while lane + 7 * LANES <= width:
        _seven_lanes(lane, source, rows, begin, end, factors, at, stride, out, new)
        lane += 7 * LANES
    if lane + 4 * LANES <= width:
        _four_lanes(lane, source, rows, begin, end, factors, at, stride, out, new)
        lane += 4 * LANES
    if lane + 2 * LANES <= width:
        _two_lanes(lane, source, rows, begin, end, factors, at, stride, out, new)
        lane += 2 * LANES
    if lane + LANES <= width:
        _one_lane(lane, source, rows, begin, end, factors, at, stride, out, new)


@kernel(inner=True, fastmath=True)
def _add_two_sums(source, rows, begin, end, factors, at_a, at_b, stride, out_a, out_b, new_a, new_b):
    """Do as `_add_sum` for two sums of the same rows."""
    width = source.shape[1]
    lane = 0
    while lane + 7 * LANES <= width:
        _two_of_seven(lane, source, rows, begin, end, factors, at_a, at_b, stride, out_a, out_b, new_a, new_b)
        lane += 7 * LANES
    if lane + 4 * LANES <= width:
        _two_of_four(lane, source, rows, begin, end, factors, at_a, at_b, stride, out_a, out_b, new_a, new_b)
        lane += 4 * LANES
    if lane + 2 * LANES <= width:
        _two_of_two(lane, source, rows, begin, end, factors, at_a, at_b, stride, out_a, out_b, new_a, new_b)
        lane += 2 * LANES
    if lane + LANES <= width:
        _two_of_one(lane, source, rows, begin, end, factors, at_a, at_b, stride, out_a, out_b, new_a, new_b)
