"""Skip-gram with negative sampling on one chunk of centers: the compiled twin of `firth.objectives.chunk`.

A chunk is up to B neighbouring centers. Its S noise words are shared by all of them, each weighted K/S for
each positive pair, so that logits and gradients against noise are three small matrix products. Positive pairs
are computed exactly, pair by pair: of the band of context rows only a quarter would be used in a product.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.activation import exp_minus_abs, sigmoid_of, softplus_of
from firth.kernels.cpu.lanes import load, multiply_add, store, total, zeros
from firth.kernels.cpu.state import LANES

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel(fastmath=True)
def chunk_rows(tokens, first, last, start, stop, n_centers, n_noise, rows):
    """Fill in the rows that a chunk touches, but for those of its noise words, which the caller draws.

    Parameters
    ----------
    tokens, first, last : ndarray of int32
        As `prepare_block` leaves them.
    start, stop : int
        The centers, as indices in `tokens`.
    rows : ndarray of uint32, shape (n_centers + n_noise + n_centers + 2 * window,)
        Mutated: rows of the input embeddings for the centers (row 0 behind the last), then `n_noise` rows of the
        output embeddings for the noise, then those of the band of context tokens.

    Returns
    -------
    tuple of (int, int)
        Index in `tokens` of the first token of the band, and the number of rows in use.
    """
    low, high = first[start], last[start]
    for center in range(start, stop):
        rows[center - start] = tokens[center]
        low = min(low, first[center])
        high = max(high, last[center])
    for slot in range(stop - start, n_centers):
        rows[slot] = 0
    at = n_centers + n_noise
    for token in range(low, high + 1):
        rows[at] = tokens[token]
        at += 1
    return low, at


@kernel(fastmath=True)
def chunk_logits(
    first, last, start, stop, low, rows, inputs, outputs, centers, noise, noise_logits, pair_logits
):
    """Compute one slice's part of all logits of a chunk.

    Parameters
    ----------
    first, last, start, stop
        As for `chunk_rows`.
    low : int
        What `chunk_rows` returned.
    rows : ndarray of uint32
        As `chunk_rows` left it, with the noise words filled in.
    inputs, outputs : ndarray of float32, shape (vocab_size, width)
        One slice of the embeddings; only read. Other threads may write to them (Hogwild).
    centers, noise : ndarray of float32, shape (B, width) and (S, width)
        Mutated: copies of the centers' and the noise words' rows, with zeros behind the last center.
    noise_logits : ndarray of float32, shape (S, B)
        Mutated: products of noise words and centers.
    pair_logits : ndarray of float32, shape (>= number of pairs,)
        Mutated: products of centers and their context words, in the order of the pairs.
    """
    n_centers, n_noise = len(centers), len(noise)
    n = stop - start
    for i in range(n):
        _copy(inputs[np.uint64(rows[i])], centers[i])
    for i in range(n, n_centers):
        _clear(centers[i])
    for k in range(n_noise):
        _copy(outputs[np.uint64(rows[n_centers + k])], noise[k])
    np.dot(noise, centers.T, noise_logits)
    _pair_logits(first, last, start, n, low, rows[n_centers + n_noise :], centers, outputs, pair_logits)


@kernel(fastmath=True)
def chunk_errors(
    first, last, start, stop, low, rows, n_rows, noise_logits, pair_logits, rate, negatives, work, masses
):
    """Turn the logits of a chunk into errors: minus `rate` times the derivatives of the loss by the logits.

    Equations: seed 000 as corrected, seed 001, eq. 2 to 4 and seed 003, eq. 21, with K noise words for a pair
    estimated by S shared ones. A noise word that equals the context word of a pair counts nothing for that pair.

    Parameters
    ----------
    first, last, start, stop, low, rows
        As for `chunk_logits`.
    n_rows : int
        What `chunk_rows` returned.
    noise_logits : ndarray of float32, shape (SLICES, S, B)
        Summed here, slice after slice.
    pair_logits : ndarray of float32, shape (SLICES, >= number of pairs)
        The same.
    rate : float32
        Learning rate.
    negatives : int
        K.
    work : Workspace
        Mutated: ``errors`` and ``pair_errors`` are the result.
    masses : ndarray of float32, shape (>= n_rows,)
        Mutated: how many terms of the loss each row's step sums up, a noise word's term counting K/S.

    Returns
    -------
    tuple of (float64, int)
        Loss summed over the pairs, and the number of pairs.
    """
    n_noise, n_centers = work.logits.shape
    n = stop - start
    scale = np.float32(negatives) / np.float32(n_noise)
    n_pairs = 0
    for i in range(n_centers):
        own = last[start + i] - first[start + i] if i < n else 0
        n_pairs += own
        work.noise_weights[i] = scale * np.float32(own)
        masses[i] = np.float32(own * (1 + negatives))
    for k in range(n_noise):
        masses[n_centers + k] = scale * np.float32(n_pairs)
    _count_contexts(first, last, start, n, low, masses[n_centers + n_noise : n_rows])

    loss = _noise_errors(noise_logits, work.noise_weights, rate, work.logits, work.errors)
    loss -= _leave_out_positives(first, last, start, n, low, rows, n_rows, scale, rate, work)
    loss += _pair_errors(pair_logits, rate, work.pair_errors[:n_pairs])
    return loss, n_pairs


@kernel(fastmath=True)
def chunk_steps(first, last, start, stop, low, rows, n_rows, outputs, centers, noise, work, steps):
    """Compute what one slice of each row of a chunk changes by.

    Equations: seed 001, eq. 2 to 7 and seed 003, eq. 22, 23 and 28, summed over the pairs of the chunk.

    Parameters
    ----------
    first, last, start, stop, low, rows, n_rows, outputs, centers, noise
        As `chunk_logits` was given and left them.
    work : Workspace
        As `chunk_errors` left it.
    steps : ndarray of float32, shape (>= n_rows, width)
        Mutated: what is to be added to each row of `rows`.
    """
    n_centers, n_noise = len(centers), len(noise)
    band = n_centers + n_noise
    np.dot(work.errors.T, noise, steps[:n_centers])
    np.dot(work.errors, centers, steps[n_centers:band])
    for slot in range(band, n_rows):
        _clear(steps[slot])
    _pair_steps(
        first,
        last,
        start,
        stop - start,
        low,
        rows[band:],
        centers,
        outputs,
        work.pair_errors,
        steps,
        steps[band:],
    )


@kernel(fastmath=True)
def _count_contexts(first, last, start, n, low, masses):
    """Count the pairs in which each token of the band is a context: the windows that hold it, less its own."""
    for q in range(len(masses)):
        masses[q] = _ZERO
    for center in range(start, start + n):  # where windows begin, and behind their ends
        masses[first[center] - low] += _ONE
        behind = last[center] + 1 - low
        if behind < len(masses):
            masses[behind] -= _ONE
    for q in range(1, len(masses)):
        masses[q] += masses[q - 1]
    for center in range(start, start + n):
        masses[center - low] -= _ONE


@kernel(fastmath=True)
def _noise_errors(parts, weights, rate, logits, errors):
    """Sum the parts of the logits, fill `errors` with -rate * weight * sigmoid(logit), return the weighted loss."""
    loss = 0.0
    for k in range(logits.shape[0]):
        part_a, part_b, line, out = parts[0, k], parts[1, k], logits[k], errors[k]
        total = _ZERO
        for i in range(len(line)):
            x = part_a[i] + part_b[i]
            line[i] = x
            e = exp_minus_abs(x)
            out[i] = -rate * weights[i] * sigmoid_of(x, e)
            total += weights[i] * softplus_of(x, e)
        loss += np.float64(total)
    return loss


@kernel(fastmath=True)
def _leave_out_positives(first, last, start, n, low, rows, n_rows, scale, rate, work):
    """Take back the share of each pair whose context word was drawn as noise; return the loss taken back."""
    n_noise, n_centers = work.logits.shape
    loss = 0.0
    band = rows[n_centers + n_noise : n_rows]
    for k in range(n_noise):
        word = rows[n_centers + k]
        hits = 0
        for q in range(len(band)):
            hits += band[q] == word
        if hits == 0:
            continue
        for q in range(len(band)):
            if band[q] != word:
                continue
            token = low + q
            for i in range(n):
                center = start + i
                if first[center] <= token <= last[center] and token != center:
                    logit = work.logits[k, i]
                    e = exp_minus_abs(logit)
                    work.errors[k, i] += rate * scale * sigmoid_of(logit, e)
                    loss += np.float64(scale * softplus_of(logit, e))
    return loss


@kernel(fastmath=True)
def _pair_logits(first, last, start, n, low, band, centers, outputs, logits):
    """Fill `logits` with the products of each center and each of its context rows, in the order of the pairs.

    Two contexts at a time share what is loaded of their center; an odd last one is computed twice.
    """
    at = 0
    for i in range(n):
        center = start + i
        h = centers[i]
        n_contexts = last[center] - first[center]
        for j in range(0, n_contexts, 2):
            u = outputs[np.uint64(band[_context(first[center], center, j) - low])]
            other = min(j + 1, n_contexts - 1)
            v = outputs[np.uint64(band[_context(first[center], center, other) - low])]
            with_u, with_v = zeros(), zeros()
            for d in range(0, len(h), LANES):
                part = load(h, d)
                with_u = multiply_add(part, load(u, d), with_u)
                with_v = multiply_add(part, load(v, d), with_v)
            logits[at + j] = total(with_u)
            logits[at + other] = total(with_v) if other > j else total(with_u)
        at += n_contexts


@kernel(fastmath=True)
def _pair_errors(parts, rate, errors):
    """Sum the parts of the logits x of positive pairs, fill `errors` with rate * (1 - sigmoid(x)), return the loss."""
    part_a, part_b = parts[0], parts[1]
    loss = _ZERO
    for i in range(len(errors)):
        x = -(part_a[i] + part_b[i])
        e = exp_minus_abs(x)
        errors[i] = rate * sigmoid_of(x, e)
        loss += softplus_of(x, e)
    return np.float64(loss)


@kernel(fastmath=True)
def _pair_steps(first, last, start, n, low, band, centers, outputs, errors, center_steps, band_steps):
    """Add the part of the positive pairs to the steps of the centers and of the band, two contexts at a time."""
    at = 0
    for i in range(n):
        center = start + i
        h, step = centers[i], center_steps[i]
        n_contexts = last[center] - first[center]
        for j in range(0, n_contexts - 1, 2):
            q, r = _context(first[center], center, j) - low, _context(first[center], center, j + 1) - low
            u, v, step_u, step_v = (
                outputs[np.uint64(band[q])],
                outputs[np.uint64(band[r])],
                band_steps[q],
                band_steps[r],
            )
            error_u, error_v = errors[at + j], errors[at + j + 1]
            for d in range(0, len(h), LANES):
                part = load(h, d)
                store(
                    step,
                    d,
                    multiply_add(error_v, load(v, d), multiply_add(error_u, load(u, d), load(step, d))),
                )
                store(step_u, d, multiply_add(error_u, part, load(step_u, d)))
                store(step_v, d, multiply_add(error_v, part, load(step_v, d)))
        if n_contexts % 2 == 1:
            q = _context(first[center], center, n_contexts - 1) - low
            error = errors[at + n_contexts - 1]
            add_row(step, outputs[np.uint64(band[q])], error)
            add_row(band_steps[q], h, error)
        at += n_contexts


@kernel(inline="always")
def _context(first, center, j):
    """Return the token that is number `j` of the context: the center itself is skipped."""
    token = first + j
    return token + 1 if token >= center else token


@kernel(fastmath=True)
def add_row(row, step, factor):
    """Add `factor` times `step` to `row`; their length is a multiple of `LANES`."""
    for d in range(0, len(row), LANES):
        store(row, d, multiply_add(factor, load(step, d), load(row, d)))


@kernel(fastmath=True)
def _copy(source, target):
    for d in range(0, len(target), LANES):
        store(target, d, load(source, d))


@kernel(fastmath=True)
def _clear(row):
    for d in range(0, len(row), LANES):
        store(row, d, zeros())
