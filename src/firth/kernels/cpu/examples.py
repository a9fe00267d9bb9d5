"""What a chunk of centers consists of: tokens that make hidden vectors, noise words, and terms of the loss.

A term sets the hidden vector of one center against one target, a row of the output embeddings. Skip-gram has a term
for each word of the context, CBOW one for the center itself; hierarchical softmax has instead of each such word the
inner nodes on the path to it, and where negative sampling is added to it, paths end in the word's own row. Everything
after this works with tokens, terms and noise alike.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.noise import draw_noise
from firth.kernels.cpu.paths import fill_paths
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
        Mutated: all but ``hidden``, ``noise``, ``steps`` and ``totals`` of line `place`; of ``masses`` those of nodes.
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
    if options.predicts_center:
        _fill_centers(place, base, center, n, tokens, step)
    else:
        _fill_contexts(place, base, center, n, low, high, tokens, first, last, step)
    if options.labelled:
        words = tokens[center if options.predicts_center else low :]
        fill_paths(place, base, center, words, blocks.weights[line], tables, step, work)
    elif len(blocks.weights[line]) > 0:
        _weigh_terms(place, center, blocks.weights[line], step)


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
    """Skip-gram: the band of tokens are the targets, and each has a term with each center whose context it is."""
    rows, begin, centers = step.rows[place], step.begin[place], step.term_centers[place]
    n_targets = high - low + 1
    step.n_words[place] = n_targets
    step.n_rows[place] = base + n_targets
    for target in range(n_targets):
        rows[base + target] = tokens[low + target]
    for target in range(n_targets + 2):
        begin[target] = 0
    for i in range(
        center, center + n
    ):  # one more center from the first token of its window on, one less behind it
        begin[first[i] - low + 1] += 1
        begin[last[i] - low + 2] -= 1
    around, term = 0, 0
    for target in range(n_targets):
        around += begin[target + 1]
        begin[target + 1] = term
        term += around - (center <= low + target < center + n)
    # Each entry now says where the target before it begins, and moves on to where that one ends.
    for i in range(n):
        own = center + i
        for target in range(first[own] - low, own - low):
            centers[begin[target + 1]] = i
            begin[target + 1] += 1
        for target in range(own - low + 1, last[own] - low + 1):
            centers[begin[target + 1]] = i
            begin[target + 1] += 1
    step.n_terms[place] = term


@kernel(inner=True, fastmath=True)
def _weigh_terms(place, center, weights, step):
    """Give each term the weight of its center; without weights they stay at 1."""
    term_weights, centers = step.weights[place], step.term_centers[place]
    for term in range(step.n_terms[place]):
        term_weights[term] = weights[center + centers[term]]


@kernel(inner=True, fastmath=True)
def _fill_centers(place, base, center, n, tokens, step):
    """CBOW: each center is a target, and a term where it has a context."""
    rows, begin, centers = step.rows[place], step.begin[place], step.term_centers[place]
    pairs = step.pairs[place]
    step.n_words[place] = n
    step.n_rows[place] = base + n
    term = 0
    for i in range(n):
        rows[base + i] = tokens[center + i]
        begin[i] = term
        if pairs[i] > _ZERO:
            centers[term] = i
            term += 1
    begin[n] = term
    step.n_terms[place] = term


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
