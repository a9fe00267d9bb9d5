"""Hidden vectors: from rows of the input embeddings to the vector that is set against targets, and back.

Equations, for the center i with hidden vector h, its tokens t (skip-gram: the center; CBOW: its context), their
vectors x and the scales a and b of `firth.kernels.cpu.examples`::

    h_i = a_i Σ_t x_t                  the gradient of x_t is b_i times that of h_i
    h_i = a_i Σ_t d_p(t) * x_t         with position weights d: b_i d_p(t) times it; that of d_p(t) is a_i x_t times it

A token's vector x is its row, or with n-grams the sum of its rows, each of which receives the gradient of x.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.lanes import load_block, multiply_add_block, store_block, zeros_block
from firth.kernels.cpu.rows import add_product, add_row, clear_row, clear_rows, copy_row
from firth.kernels.cpu.state import LANES

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel(inner=True, fastmath=True)
def hidden_vectors(part, place, line, center, n, model, tables, options, blocks, step, work):
    """Compute one slice of the hidden vectors of a chunk.

    Parameters
    ----------
    part : int
        The slice.
    place, line : int
        Lines of `step` and of `blocks`.
    center, n : int
        The first center as an index in the block, and how many there are.
    model : Model
        Only read. Other threads may write to it (Hogwild).
    tables : Tables
    options : Options
    blocks : Blocks
    step : SuperStep
        As `prepare_chunk` left it. Mutated: ``hidden``, with zeros behind the last center.
    work : Workspace
        Mutated: ``features``.
    """
    inputs, rows, scales = model.inputs[part], step.rows[place], step.scales[place, 0]
    hidden, subwords = step.hidden[place, part], tables.subword_offsets
    for i in range(n, options.n_centers):
        clear_row(hidden[i])
    if not options.predicts_center:
        for i in range(n):
            if len(subwords) == 0:
                copy_row(inputs[np.uint64(rows[i])], hidden[i])
            else:
                clear_row(hidden[i])
                for at in range(subwords[np.int64(rows[i])], subwords[np.int64(rows[i]) + 1]):
                    add_row(hidden[i], inputs[np.uint64(tables.subwords[at])], scales[i])
        return
    _token_vectors(inputs, step.n_inputs[place], rows, tables, work.features)
    first, last, low = blocks.first[line], blocks.last[line], step.low[place]
    for i in range(n):
        own = center + i
        if options.n_places == 0:
            start, stop = np.int64(first[own]) - low, np.int64(last[own]) - low
            _sum_of_others(work.features, start, own - low, stop, scales[i], hidden[i])
            continue
        clear_row(hidden[i])
        for token in range(first[own], last[own] + 1):
            if token != own:
                weights = model.places[part, _place(token, own, options)]
                add_product(hidden[i], work.features[token - low], weights, scales[i])


@kernel(inner=True, fastmath=True)
def spread_steps(part, place, line, center, n, model, tables, options, blocks, step, work):
    """CBOW: pass on what the hidden vectors of a chunk change by to their tokens, and to the position weights.

    Parameters
    ----------
    part, place, line, center, n, model, tables, options, blocks
        As for `hidden_vectors`.
    step : SuperStep
        Mutated: ``steps`` of the tokens and of the position weights.
    work : Workspace
        ``hidden_steps`` are what the hidden vectors change by. Mutated: ``features``.
    """
    first, last, low = blocks.first[line], blocks.last[line], step.low[place]
    steps, scales = step.steps[place, part], step.scales[place]
    clear_rows(steps[: step.n_inputs[place]])
    base = steps.shape[0] - options.n_places
    if options.n_places > 0:
        _token_vectors(model.inputs[part], step.n_inputs[place], step.rows[place], tables, work.features)
        clear_rows(steps[base:])
    for i in range(n):
        own, change = center + i, work.hidden_steps[i]
        if options.n_places == 0:
            start, stop = np.int64(first[own]) - low, np.int64(last[own]) - low
            _add_to_others(steps, start, own - low, stop, scales[1, i], change)
            continue
        for token in range(first[own], last[own] + 1):
            if token != own:
                slot, which = token - low, _place(token, own, options)
                add_product(steps[slot], change, model.places[part, which], scales[1, i])
                add_product(steps[base + which], change, work.features[slot], scales[0, i])


@kernel(inner=True, fastmath=True)
def input_masses(place, line, center, n, options, blocks, step, own_masses):
    """Sum up how many terms of the loss each token's step, and each position weight's, sums up.

    Parameters
    ----------
    place, line, center, n, options, blocks
        As for `hidden_vectors`.
    step : SuperStep
        Mutated: ``masses`` of the tokens and of the position weights.
    own_masses : ndarray of float32, shape (B,)
        How many terms each center has.
    """
    masses, scales = step.masses[place], step.scales[place]
    if not options.predicts_center:
        for i in range(n):
            masses[i] = own_masses[i]
        return
    first, last, low = blocks.first[line], blocks.last[line], step.low[place]
    base = len(masses) - options.n_places
    for slot in range(step.n_inputs[place]):
        masses[slot] = _ZERO
    for slot in range(base, len(masses)):
        masses[slot] = _ZERO
    for i in range(n):
        own = center + i
        for token in range(first[own], last[own] + 1):
            if token == own:
                continue
            masses[token - low] += scales[1, i] * own_masses[i]
            if options.n_places > 0:
                masses[base + _place(token, own, options)] += scales[0, i] * own_masses[i]


def _in_lanes(n):
    """Make what `_sum_of_others` and `_add_to_others` do in `n` lanes."""

    @kernel(inner=True, fastmath=True, variant=n)
    def sum_in_lanes(lane, rows, first, own, last, scale, out):
        sums = zeros_block(n)
        for row in range(first, own):
            sums = multiply_add_block(scale, load_block(rows[np.uint64(row)], lane, n), sums)
        for row in range(own + 1, last + 1):
            sums = multiply_add_block(scale, load_block(rows[np.uint64(row)], lane, n), sums)
        store_block(out, lane, sums)

    @kernel(inner=True, fastmath=True, variant=n)
    def add_in_lanes(lane, rows, first, own, last, scale, change):
        part = load_block(change, lane, n)
        for row in range(first, last + 1):
            if row != own:
                line = rows[np.uint64(row)]
                store_block(line, lane, multiply_add_block(scale, part, load_block(line, lane, n)))

    return sum_in_lanes, add_in_lanes


# So much of a row that the sixteen registers of most processors hold it and its sum: half of a row at dim 100.
(_sum_seven, _add_seven), (_sum_four, _add_four), (_sum_two, _add_two), (_sum_one, _add_one) = (
    _in_lanes(n) for n in (7, 4, 2, 1)
)


@kernel(inner=True, fastmath=True)
def _sum_of_others(rows, first, own, last, scale, out):
    """Write to `out` the sum of the rows from `first` to `last` but `own`, each times `scale`."""
    width = len(out)
    lane = 0
    while lane + 7 * LANES <= width:
        _sum_seven(lane, rows, first, own, last, scale, out)
        lane += 7 * LANES
    if lane + 4 * LANES <= width:
        _sum_four(lane, rows, first, own, last, scale, out)
        lane += 4 * LANES
    if lane + 2 * LANES <= width:
        _sum_two(lane, rows, first, own, last, scale, out)
        lane += 2 * LANES
    if lane + LANES <= width:
        _sum_one(lane, rows, first, own, last, scale, out)


@kernel(inner=True, fastmath=True)
def _add_to_others(rows, first, own, last, scale, change):
    """Add `scale` times `change` to the rows from `first` to `last` but `own`."""
    width = len(change)
    lane = 0
    while lane + 7 * LANES <= width:
        _add_seven(lane, rows, first, own, last, scale, change)
        lane += 7 * LANES
    if lane + 4 * LANES <= width:
        _add_four(lane, rows, first, own, last, scale, change)
        lane += 4 * LANES
    if lane + 2 * LANES <= width:
        _add_two(lane, rows, first, own, last, scale, change)
        lane += 2 * LANES
    if lane + LANES <= width:
        _add_one(lane, rows, first, own, last, scale, change)


@kernel(inline="always")
def _place(token, center, options):
    """Return the number of the position weight of a context token: 0 is farthest to the left."""
    at = token - center + options.window
    return at - 1 if token > center else at


@kernel(inner=True, fastmath=True)
def _token_vectors(inputs, n_inputs, rows, tables, features):
    """Fill `features` with the vectors of the tokens of a chunk."""
    subwords = tables.subword_offsets
    for slot in range(n_inputs):
        word = np.int64(rows[slot])
        if len(subwords) == 0:
            copy_row(inputs[np.uint64(word)], features[slot])
            continue
        clear_row(features[slot])
        for at in range(subwords[word], subwords[word + 1]):
            add_row(features[slot], inputs[np.uint64(tables.subwords[at])], _ONE)
