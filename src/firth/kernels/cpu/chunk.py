"""Logits, errors and steps of one chunk of centers: the compiled twin of `firth.objectives.chunk`.

The S noise words of a chunk are shared by all of its centers, each weighted K/S for each positive pair, so that
logits and gradients against noise are three small matrix products. The other terms are computed exactly, one by one:
of the products of all centers with all targets only a part would be used.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.activation import exp_minus_abs, sigmoid_of, softplus_of
from firth.kernels.cpu.hidden import hidden_vectors, input_masses, spread_steps
from firth.kernels.cpu.lanes import (
    load,
    load_block,
    multiply_add,
    multiply_add_block,
    store_block,
    total,
    zeros,
    zeros_block,
)  # fmt: skip
from firth.kernels.cpu.paths import path_logits, path_steps
from firth.kernels.cpu.products import product
from firth.kernels.cpu.rows import clear_row, copy_row
from firth.kernels.cpu.state import LANES

_ZERO = np.float32(0.0)


@kernel(inner=True, fastmath=True, inline="always")
def chunk_logits(
    part, place, line, center, n, model, tables, options, blocks, noise_logits, term_logits, step, work
):
    """Compute one slice's part of all logits of a chunk.

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
    noise_logits : ndarray of float32, shape (S, B)
        Mutated: products of noise words and hidden vectors.
    term_logits : ndarray of float32, shape (>= number of terms,)
        Mutated: products of hidden vectors and targets, in the order of the terms.
    step : SuperStep
        As `prepare_chunk` left it. Mutated: ``hidden`` and ``noise``.
    work : Workspace
        Mutated.
    """
    outputs, rows = model.outputs[part], step.rows[place]
    hidden, noise = step.hidden[place, part], step.noise[place, part]
    hidden_vectors(part, place, line, center, n, model, tables, options, blocks, step, work)
    if len(noise) > 0:
        for k in range(len(noise)):
            copy_row(outputs[np.uint64(rows[options.n_inputs + k])], noise[k])
        product(noise, hidden.T, noise_logits)
    if options.labelled:
        path_logits(place, hidden, outputs, step, term_logits)
    else:
        targets = rows[options.n_inputs + options.n_noise : step.n_rows[place]]
        _term_logits(targets, step.begin[place], step.term_centers[place], hidden, outputs, term_logits)


@kernel(inner=True, fastmath=True, inline="always")
def chunk_masses(place, line, center, n, options, blocks, step, work):
    """Say how many terms of the loss the step of each row of a chunk sums up, a noise word's term counting K/S.

    Parameters
    ----------
    place, line, center, n, options, blocks
        As for `chunk_logits`.
    step : SuperStep
        As `prepare_chunk` left it. Mutated: ``masses``.
    work : Workspace
        Mutated: ``own_masses``.
    """
    begin, centers, pairs = step.begin[place], step.term_centers[place], step.pairs[place]
    weights, masses, own_masses = step.weights[place], step.masses[place], work.own_masses
    n_noise = options.n_noise
    base = options.n_inputs + n_noise
    n_pairs = _ZERO
    for i in range(n):
        n_pairs += pairs[i]
        own_masses[i] = np.float32(options.negatives) * pairs[i] if n_noise > 0 else _ZERO
        if options.labelled:
            own_masses[i] += step.n_labels[place, i]
    if not options.labelled:
        for target in range(step.n_words[place]):
            mass = _ZERO
            for term in range(begin[target], begin[target + 1]):
                mass += weights[term]
                own_masses[centers[term]] += weights[term]
            masses[base + target] = mass
    input_masses(place, line, center, n, options, blocks, step, own_masses)
    for k in range(n_noise):
        masses[options.n_inputs + k] = np.float32(options.negatives) / np.float32(n_noise) * n_pairs


@kernel(inner=True, fastmath=True, inline="always")
def chunk_errors(place, line, center, n, rate, options, blocks, noise_logits, term_logits, step, work):
    """Turn the logits of a chunk into errors: minus `rate` times the derivatives of the loss by the logits.

    Equations: seed 000 as corrected, seed 001, eq. 2 to 4 and seed 003, eq. 21, with K noise words for a pair
    estimated by S shared ones. A noise word that equals the positive word of a pair counts nothing for that pair.

    Parameters
    ----------
    place, line, center, n, options, blocks
        As for `chunk_logits`.
    rate : float32
        Learning rate.
    noise_logits : ndarray of float32, shape (SLICES, S, B)
        Summed here, slice after slice.
    term_logits : ndarray of float32, shape (SLICES, >= number of terms)
        The same. Mutated.
    step : SuperStep
        Mutated: ``errors``, ``term_errors`` and ``totals``.
    work : Workspace
        Mutated: ``logits``.
    """
    pairs = step.pairs[place]
    n_pairs = _ZERO
    for i in range(n):
        n_pairs += pairs[i]
    loss = 0.0
    if options.n_noise > 0:
        scale = np.float32(options.negatives) / np.float32(options.n_noise)
        loss += _noise_errors(noise_logits, scale, pairs, rate, work.logits, step.errors[place])
        if options.exclude:
            loss -= _leave_out_windows(place, line, center, n, scale, rate, options, blocks, step, work)
        else:
            loss -= _leave_out_positives(place, scale, rate, options, step, work)
    n_terms = step.n_terms[place]
    _term_errors(term_logits, step.weights[place], rate, step.term_errors[place, :n_terms])
    loss += _sum(term_logits[0, :n_terms])
    step.totals[place, 0] = loss
    step.totals[place, 1] = np.float64(n_pairs)


@kernel(inner=True, fastmath=True, inline="always")
def chunk_steps(part, place, line, center, n, model, tables, options, blocks, step, work):
    """Compute what one slice of each row of a chunk changes by.

    Equations: seed 001, eq. 2 to 7 and seed 003, eq. 22, 23 and 28, summed over the terms of the chunk.

    Parameters
    ----------
    part, place, line, center, n, model, tables, options, blocks
        As `chunk_logits` was given and left them.
    step : SuperStep
        As `chunk_errors` left it. Mutated: ``steps``, what is to be added to each row of ``rows``.
    work : Workspace
        Mutated.
    """
    steps, hidden, noise = step.steps[place, part], step.hidden[place, part], step.noise[place, part]
    hidden_steps = work.hidden_steps if options.predicts_center else steps[: options.n_centers]
    base = options.n_inputs + options.n_noise
    if options.n_noise > 0:
        product(step.errors[place].T, noise, hidden_steps)
        product(step.errors[place], hidden, steps[options.n_inputs : base])
    else:
        for i in range(n):
            clear_row(hidden_steps[i])
    if options.labelled:
        path_steps(place, hidden, model.outputs[part], step, hidden_steps, steps[base:])
    else:
        _term_steps(
            step.rows[place, base : step.n_rows[place]], step.begin[place], step.term_centers[place], hidden,
            model.outputs[part], step.term_errors[place], hidden_steps, steps[base:],
        )  # fmt: skip
    if options.predicts_center:
        spread_steps(part, place, line, center, n, model, tables, options, blocks, step, work)


@kernel(inner=True, fastmath=True)
def _noise_errors(parts, scale, pairs, rate, logits, errors):
    """Sum the parts of the logits, fill `errors` with -rate * weight * sigmoid(logit), return the weighted loss."""
    loss = 0.0
    for k in range(logits.shape[0]):
        part_a, part_b, line, out = parts[0, k], parts[1, k], logits[k], errors[k]
        weighted = _ZERO
        for i in range(len(line)):
            x = part_a[i] + part_b[i]
            line[i] = x
            e = exp_minus_abs(x)
            out[i] = -rate * scale * pairs[i] * sigmoid_of(x, e)
            weighted += pairs[i] * softplus_of(x, e)
        loss += np.float64(scale * weighted)
    return loss


@kernel(inner=True, fastmath=True)
def _leave_out_positives(place, scale, rate, options, step, work):
    """Take back the share of each pair whose positive word was drawn as noise; return the loss taken back."""
    begin, centers, path_begin = step.begin[place], step.term_centers[place], step.path_begin[place]
    first = options.n_inputs + options.n_noise
    words = step.path_ends[place] if options.labelled else step.rows[place, first:]
    words = words[: step.n_words[place]]
    loss = 0.0
    for k in range(options.n_noise):
        noise = step.rows[place, options.n_inputs + k]
        hits = 0
        for word in range(len(words)):
            hits += words[word] == noise
        if hits == 0:
            continue
        behind = np.int64(0)
        for word in range(len(words)):
            length = path_begin[word + 1] - path_begin[word] if options.labelled else 1
            for at in range(begin[word], begin[word + 1]):
                behind += length
                if words[word] == noise:  # its own term is the last on its path
                    i = centers[at]
                    weight = scale * step.weights[place, behind - 1]
                    logit = work.logits[k, i]
                    e = exp_minus_abs(logit)
                    step.errors[place, k, i] += rate * weight * sigmoid_of(logit, e)
                    loss += np.float64(weight * softplus_of(logit, e))
    return loss


@kernel(inner=True, fastmath=True)
def _leave_out_windows(place, line, center, n, scale, rate, options, blocks, step, work):
    """Take back what noise words count for centers whose window holds them; return the loss taken back."""
    tokens, first, last = blocks.tokens[line], blocks.first[line], blocks.last[line]
    loss = 0.0
    for k in range(options.n_noise):
        word = step.rows[place, options.n_inputs + k]
        for i in range(n):
            for token in range(first[center + i], last[center + i] + 1):
                if np.uint32(tokens[token]) == word:
                    weight = scale * step.pairs[place, i]
                    step.errors[place, k, i] = _ZERO
                    logit = work.logits[k, i]
                    loss += np.float64(weight * softplus_of(logit, exp_minus_abs(logit)))
                    break
    return loss


@kernel(inner=True, fastmath=True)
def _term_logits(targets, begin, centers, hidden, outputs, logits):
    """Fill `logits` with the products of targets and hidden vectors, in the order of the terms.

    Four terms at a time share what is loaded of their target. Indices are unsigned, which spares the compiler to look
    for those that count from the end.
    """
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    for target in range(np.uint64(len(targets))):
        u = outputs[np.uint64(targets[target])]
        term, end = np.uint64(begin[target]), np.uint64(begin[target + one])
        while term + four <= end:
            h_a, h_b = hidden[np.uint64(centers[term])], hidden[np.uint64(centers[term + one])]
            h_c, h_d = hidden[np.uint64(centers[term + two])], hidden[np.uint64(centers[term + three])]
            a, b, c, d = zeros(), zeros(), zeros(), zeros()
            for k in range(0, len(u), LANES):
                part = load(u, k)
                a = multiply_add(part, load(h_a, k), a)
                b = multiply_add(part, load(h_b, k), b)
                c = multiply_add(part, load(h_c, k), c)
                d = multiply_add(part, load(h_d, k), d)
            logits[term], logits[term + one] = total(a), total(b)
            logits[term + two], logits[term + three] = total(c), total(d)
            term += four
        while term < end:
            h = hidden[np.uint64(centers[term])]
            a = zeros()
            for k in range(0, len(u), LANES):
                a = multiply_add(load(u, k), load(h, k), a)
            logits[term] = total(a)
            term += one


# Nothing may be reordered here: LLVM makes one loop for arrays that lie far apart and another for others, and the two
# would round differently, so that bits depended on where memory was free. Losses are added up in a loop of their own.
@kernel(inner=True, fastmath={"nnan", "ninf", "nsz", "contract"})
def _term_errors(parts, weights, rate, errors):
    """Sum the parts of the logits x, and fill `errors` with rate * weight * (label - sigmoid(x)).

    A weight is negative where the label is 0: with its sign s, label - sigmoid(x) is s sigmoid(-s x), and the loss
    softplus(-s x), which takes the place of the first part.
    """
    part_a, part_b = parts[0], parts[1]
    for term in range(len(errors)):
        weight = weights[term]
        x = part_a[term] + part_b[term]
        x = -x if weight > _ZERO else x
        e = exp_minus_abs(x)
        errors[term] = rate * weight * sigmoid_of(x, e)
        part_a[term] = abs(weight) * softplus_of(x, e)


@kernel(inner=True, fastmath=True)
def _sum(losses):
    loss = _ZERO
    for term in range(len(losses)):
        loss += losses[term]
    return np.float64(loss)


def _steps_of_lanes(n):
    """Make what computes a target's step, and its part of the steps of hidden vectors, in `n` lanes from `at` on."""

    @kernel(inner=True, fastmath=True, variant=n)
    def steps_of_lanes(at, begin, end, centers, errors, u, hidden, hidden_steps, step):
        factor, sums = load_block(u, at, n), zeros_block(n)
        for term in range(begin, end):
            i, error = np.uint64(centers[term]), errors[term]
            sums = multiply_add_block(error, load_block(hidden[i], at, n), sums)
            change = load_block(hidden_steps[i], at, n)
            store_block(hidden_steps[i], at, multiply_add_block(error, factor, change))
        store_block(step, at, sums)

    return steps_of_lanes


# So much of a row and of its step that the sixteen registers of most processors hold both: half of a row at dim 100.
_seven_lanes, _four_lanes, _two_lanes, _one_lane = (_steps_of_lanes(n) for n in (7, 4, 2, 1))


@kernel(inner=True, fastmath=True)
def _term_steps(targets, begin, centers, hidden, outputs, errors, hidden_steps, steps):
    """Compute the steps of targets, and add the part of the terms to the steps of hidden vectors."""
    width = hidden.shape[1]
    for target in range(np.uint64(len(targets))):
        u, step = outputs[np.uint64(targets[target])], steps[target]
        start, end = np.uint64(begin[target]), np.uint64(begin[target + np.uint64(1)])
        at = 0
        while at + 7 * LANES <= width:
            _seven_lanes(at, start, end, centers, errors, u, hidden, hidden_steps, step)
            at += 7 * LANES
        if at + 4 * LANES <= width:
            _four_lanes(at, start, end, centers, errors, u, hidden, hidden_steps, step)
            at += 4 * LANES
        if at + 2 * LANES <= width:
            _two_lanes(at, start, end, centers, errors, u, hidden, hidden_steps, step)
            at += 2 * LANES
        if at + LANES <= width:
            _one_lane(at, start, end, centers, errors, u, hidden, hidden_steps, step)
