"""What a chunk of centers consists of: tokens that make hidden vectors, noise words, and terms of the loss.

A term sets the hidden vector of one center against one target, a row of the output embeddings. Skip-gram has a term
for each word of the context, CBOW one for the center itself; hierarchical softmax has instead of each such word the
inner nodes on the path to it. Everything after this works with tokens, terms and noise alike.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.noise import draw_noise
from firth.kernels.cpu.rows import ask_for_row
from firth.kernels.cpu.state import SLICES

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel(inner=True, fastmath=True)
def prepare_chunk(
    place, center, stop, begin, position, line, stretch, text, tables, options, blocks, step, work
):
    """Fill in what the chunk that begins at `center` consists of, and draw its noise.

    Parameters
    ----------
    place : int
        Line of `step`.
    center, stop : int
        The first center, and behind the last that may belong to the chunk, as indices in the block.
    begin, position : int
        The first center of the block, and the corpus position of the block: draws are counted from there.
    line : int
        Line of `blocks`.
    stretch : Stretch
    text : Text
    tables : Tables
    options : Options
    blocks : Blocks
    step : SuperStep
        Mutated: all but ``hidden``, ``noise``, ``steps``, ``masses`` and ``totals`` of line `place`.
    work : Workspace
        Mutated.
    """
    tokens, first, last = blocks.tokens[line], blocks.first[line], blocks.last[line]
    behind = min(center + options.n_centers, stop)
    n = behind - center
    low, high = first[center], last[center]
    for i in range(center, behind):
        low = min(low, first[i])
        high = max(high, last[i])
    step.low[place] = low
    _fill_inputs(place, center, n, low, high, tokens, first, last, tables, options, step)
    _fill_pairs(place, center, n, first, last, blocks.weights[line], options, step)
    rows = step.rows[place]
    base = options.n_inputs
    if options.n_noise > 0:
        counter = np.uint64(position + center - begin) * np.uint64(options.n_noise)
        draw_noise(stretch.noise_key, counter, tables.noise, rows[base : base + options.n_noise])
        base += options.n_noise
    if len(tables.path_offsets) > 0:
        _fill_paths(place, base, center, n, tokens, first, last, tables, options, step, work)
    elif options.predicts_center:
        _fill_centers(place, base, center, n, tokens, step)
    else:
        _fill_contexts(place, base, center, n, low, high, tokens, first, last, step)
    if len(blocks.weights[line]) > 0 and len(tables.path_offsets) == 0:
        _weigh_terms(place, n, step)


@kernel(inner=True, fastmath=True)
def _fill_inputs(place, center, n, low, high, tokens, first, last, tables, options, step):
    """Fill in the tokens that hidden vectors are made of, and the scales."""
    rows, scales = step.rows[place], step.scales[place]
    subwords = tables.subword_offsets
    begin, behind = (low, high + 1) if options.predicts_center else (center, center + n)
    step.n_inputs[place] = behind - begin
    for token in range(begin, behind):
        rows[token - begin] = tokens[token]
    for i in range(options.n_centers):
        scales[0, i] = scales[1, i] = _ZERO
    for i in range(n):
        own = center + i
        start, end = np.int64(own), np.int64(own)
        if options.predicts_center:
            start, end = np.int64(first[own]), np.int64(last[own])
        n_rows = np.int64(0)
        for token in range(start, end + 1):
            if options.predicts_center and token == own:
                continue
            word = tokens[token]
            n_rows += subwords[word + 1] - subwords[word] if len(subwords) > 0 else 1
        if n_rows > 0:
            share = _ONE / np.float32(n_rows) if options.mean else _ONE
            scales[0, i] = share
            scales[1, i] = share if options.exact else _ONE


@kernel(inner=True, fastmath=True)
def _fill_pairs(place, center, n, first, last, weights, options, step):
    """Count the positive pairs of each center, each by its weight."""
    pairs = step.pairs[place]
    for i in range(options.n_centers):
        pairs[i] = _ZERO
    for i in range(n):
        n_contexts = last[center + i] - first[center + i]
        if options.predicts_center:
            n_contexts = min(n_contexts, 1)
        pairs[i] = np.float32(n_contexts)
        if len(weights) > 0:
            pairs[i] *= weights[center + i]


@kernel(inner=True, fastmath=True)
def _fill_contexts(place, base, center, n, low, high, tokens, first, last, step):
    """Skip-gram: the band of tokens are the targets, and each context word is a term."""
    rows, begin, slots = step.rows[place], step.begin[place], step.term_slots[place]
    at = base
    for token in range(low, high + 1):
        rows[at] = tokens[token]
        at += 1
    step.n_rows[place] = at
    shift = base - low
    term = 0
    for i in range(n):
        begin[i] = term
        own = center + i
        for token in range(first[own], own):
            slots[term] = token + shift
            term += 1
        for token in range(own + 1, last[own] + 1):
            slots[term] = token + shift
            term += 1
    _end_terms(begin, n, term)


@kernel(inner=True, fastmath=True)
def _weigh_terms(place, n, step):
    """Share the weight of each center's pairs out among its terms; without weights they stay at 1."""
    begin, pairs = step.begin[place], step.pairs[place]
    positives, counts = step.positives[place], step.counts[place]
    for i in range(n):
        for term in range(begin[i], begin[i + 1]):
            positives[term] = counts[term] = pairs[i] / np.float32(begin[i + 1] - begin[i])


@kernel(inner=True, fastmath=True)
def _fill_centers(place, base, center, n, tokens, step):
    """CBOW: each center is a target, and a term where it has a context."""
    rows, begin, slots = step.rows[place], step.begin[place], step.term_slots[place]
    pairs = step.pairs[place]
    step.n_rows[place] = base + n
    term = 0
    for i in range(n):
        rows[base + i] = tokens[center + i]
        begin[i] = term
        if pairs[i] > _ZERO:
            slots[term] = base + i
            term += 1
    _end_terms(begin, n, term)


@kernel(inner=True, fastmath=True)
def _fill_paths(place, base, center, n, tokens, first, last, tables, options, step, work):
    """Hierarchical softmax: the nodes on the paths are the targets; of one center each of them is one term."""
    begin, pairs = step.begin[place], step.pairs[place]
    at, term = base, 0
    for i in range(n):
        begin[i] = term
        if pairs[i] == _ZERO:
            continue
        own, start, end = center + i, first[center + i], last[center + i]
        if options.predicts_center:
            at, term = _follow_path(
                place, base, at, begin[i], term, tokens[own], pairs[i], tables, step, work
            )
        else:
            weight = pairs[i] / np.float32(end - start)
            for token in range(start, end + 1):
                if token != own:
                    at, term = _follow_path(
                        place, base, at, begin[i], term, tokens[token], weight, tables, step, work
                    )
    step.n_rows[place] = at
    _end_terms(begin, n, term)


@kernel(inner=True, fastmath=True)
def _follow_path(place, base, at, begin, term, word, weight, tables, step, work):
    """Add the path to `word` to the terms from `begin` on; return the next slot and the next term.

    Where a node stands is looked up in arrays that are never cleared: an entry counts only if what it points at
    says the same (Briggs and Torczon 1993).
    """
    rows, slots = step.rows[place], step.term_slots[place]
    positives, counts = step.positives[place], step.counts[place]
    for step_down in range(tables.path_offsets[word], tables.path_offsets[word + 1]):
        node = tables.paths[step_down] >> 1
        slot = np.int64(work.slot_of_node[node])
        if not (base <= slot < at and rows[slot] == np.uint32(node)):
            slot = at
            work.slot_of_node[node] = slot
            rows[slot] = node
            at += 1
        found = np.int64(work.term_of_slot[slot])
        if not (begin <= found < term and np.int64(slots[found]) == slot):
            found = term
            work.term_of_slot[slot] = found
            slots[found] = slot
            positives[found] = counts[found] = _ZERO
            term += 1
        positives[found] += weight * np.float32(tables.paths[step_down] & 1)
        counts[found] += weight
    return at, term


@kernel(inner=True, fastmath=True)
def _end_terms(begin, n, term):
    for i in range(n, len(begin)):
        begin[i] = term


@kernel(inner=True, fastmath=True)
def ask_for_chunk(group, groups, place, model, tables, options, step):
    """Ask for a group's slices of the rows of a chunk before they are needed."""
    rows = step.rows[place]
    subwords = tables.subword_offsets
    for slot in range(step.n_inputs[place]):
        word = np.int64(rows[slot])
        for part in range(group, SLICES, groups):
            if len(subwords) == 0:
                ask_for_row(model.inputs[part, np.uint64(word)])
            else:
                for at in range(subwords[word], subwords[word + 1]):
                    ask_for_row(model.inputs[part, np.uint64(tables.subwords[at])])
    for slot in range(options.n_inputs, step.n_rows[place]):
        for part in range(group, SLICES, groups):
            ask_for_row(model.outputs[part, np.uint64(rows[slot])])
