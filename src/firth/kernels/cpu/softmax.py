"""Training by the full softmax: every word of the vocabulary is set against every hidden vector.

The compiled twin of `firth.objectives.chunk.softmax_loss_and_gradients`, in block-synchronous super-steps as in
`firth.kernels.cpu.synchronous`, so that the same seed gives the same bits on any number of threads. All centers of a
super-step meet the output embeddings in products of large matrices, a tile of the vocabulary at a time; of a center
the probabilities are computed once for all words of its context. A tile's rows are changed by the one thread that
computes it.

With logits x, hidden vectors h, rows u, and n pairs of a center, of which c with the word w (seed 002,
"Parameterization with Softmax")::

    loss = Σ_i (n_i log Σ_w exp(x_iw) - Σ_w c_iw x_iw)        error_iw = c_iw - n_i exp(x_iw) / Σ_w exp(x_iw)
    u_w changes by rate Σ_i error_iw h_i                        h_i changes by rate Σ_w error_iw u_w
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.kernels.compile import kernel
from firth.kernels.cpu.activation import exp_minus_abs
from firth.kernels.cpu.apply import apply_steps
from firth.kernels.cpu.examples import prepare_chunk
from firth.kernels.cpu.hidden import hidden_vectors, input_masses, spread_steps
from firth.kernels.cpu.intrinsics import wait_for_all
from firth.kernels.cpu.products import product
from firth.kernels.cpu.rows import add_row, clear_row, copy_row
from firth.kernels.cpu.state import SLICES, Options, aligned
from firth.kernels.cpu.synchronous import add_up, fill_block, rate_at

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
TILE = 256
"""Words of a tile."""
_CAUTION = np.float32(0.125)
"""A row of the output embeddings is damped earlier than elsewhere: all hidden vectors of a super-step, which have much
in common, pull at it at once, and beyond this frequent words overshoot and the loss runs away."""


class Softmax(NamedTuple):
    """What the threads share beside the super-step; the E columns are its centers."""

    hidden: NDArray[np.float32]  # (SLICES, E, width)
    rates: NDArray[np.float32]  # (E,) learning rate times pairs
    tops: NDArray[np.float32]  # (n_tiles, E) largest logit of each tile
    sums: NDArray[np.float32]  # (n_tiles, E) sum of the exponentials, over that of the largest
    log_sums: NDArray[np.float32]  # (E,) logarithm of the sum of all exponentials
    logits: NDArray[np.float32]  # (vocab_size * E,) tile after tile; then the errors, times the rate
    changes: NDArray[
        np.float32
    ]  # (n_tiles, SLICES, E, width) part of each tile in what hidden vectors change by
    scratch: NDArray[np.float32]  # (threads, TILE * (1 + max(E, width)))


def make_softmax(options: Options, *, vocab_size: int, width: int, threads: int) -> Softmax:
    """Return room for super-steps over a vocabulary, whose slices are `width` numbers wide."""
    columns, n_tiles = options.n_centers * options.n_chunks, -(-vocab_size // TILE)
    return Softmax(
        hidden=aligned(SLICES, columns, width),
        rates=aligned(columns),
        tops=aligned(n_tiles, columns),
        sums=aligned(n_tiles, columns),
        log_sums=aligned(columns),
        logits=aligned(vocab_size * columns),
        changes=aligned(n_tiles, SLICES, columns, width),
        scratch=aligned(threads, TILE * (1 + max(columns, width))),
    )


@kernel(fastmath=True)
def train_softmax(
    thread, threads, counters, stretch, text, tables, model, options, blocks, shared, step, work, totals
):
    """Train on a stretch of the corpus; every thread calls this with its own `thread` and `work`.

    Parameters
    ----------
    thread, threads, counters, stretch, text, tables, model, options, blocks, work, totals
        As `train_synchronous` takes them.
    shared : Softmax
        Shared by all threads. Mutated.
    step : SuperStep
        Shared by all threads. Mutated.
    """
    n_blocks = (stretch.stop - stretch.start + options.block_length - 1) // options.block_length
    for block in range(thread, n_blocks, threads):
        fill_block(block, stretch, text, options, blocks)
    meeting = np.int64(1)
    if not wait_for_all(counters, threads, meeting):
        return
    vocab_size = model.outputs.shape[1]
    for block in range(n_blocks):
        centers = options.n_centers * options.n_chunks
        for start in range(blocks.centers[block, 0], blocks.centers[block, 1], centers):
            stop = min(start + centers, blocks.centers[block, 1])
            n_chunks = (stop - start + options.n_centers - 1) // options.n_centers
            columns = n_chunks * options.n_centers
            for chunk in range(thread, n_chunks, threads):
                _compose(
                    chunk,
                    block,
                    start,
                    stop,
                    stretch,
                    text,
                    tables,
                    model,
                    options,
                    blocks,
                    shared,
                    step,
                    work,
                )
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return
            for first in range(thread * TILE, vocab_size, threads * TILE):
                _tile_logits(first, columns, model, shared, shared.scratch[thread])
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return
            for chunk in range(thread, n_chunks, threads):
                _chunk_loss(chunk, columns, options, shared, step)
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return
            if not add_up(thread, block, start, n_chunks, stretch, options, blocks, step, totals):
                return
            for first in range(thread * TILE, vocab_size, threads * TILE):
                _tile_steps(first, n_chunks, columns, model, options, shared, step, shared.scratch[thread])
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return
            for chunk in range(thread, n_chunks, threads):
                _input_steps(chunk, block, start, stop, tables, model, options, blocks, shared, step, work)
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return
            apply_steps(0, 1, thread, threads, 0, n_chunks, model, tables, options, step, work)
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return


@kernel(inner=True, fastmath=True)
def _compose(chunk, block, start, stop, stretch, text, tables, model, options, blocks, shared, step, work):
    """List what a chunk consists of, and compute its hidden vectors and rates."""
    position, begin = stretch.start + block * options.block_length, blocks.centers[block, 0]
    center = start + chunk * options.n_centers
    n = min(options.n_centers, stop - center)
    prepare_chunk(
        chunk, center, stop, begin, position, block, stretch, text, tables, options, blocks, step, work
    )
    column = chunk * options.n_centers
    for part in range(SLICES):
        hidden_vectors(part, chunk, block, center, n, model, tables, options, blocks, step, work)
        for i in range(options.n_centers):
            copy_row(step.hidden[chunk, part, i], shared.hidden[part, column + i])
    rate = np.float32(rate_at(center, block, stretch, options, blocks))
    for i in range(options.n_centers):
        shared.rates[column + i] = rate * step.pairs[chunk, i] if i < n else _ZERO


@kernel(inner=True, fastmath=True, allocates=True)
def _tile(first, columns, vocab_size, shared):
    """Return the logits, or errors, of the words from `first` on: a matrix of words and centers."""
    n = min(TILE, vocab_size - first)
    return shared.logits[first * columns : (first + n) * columns].reshape((n, columns))


@kernel(inner=True, fastmath=True, allocates=True)
def _tile_logits(first, columns, model, shared, scratch):
    """Compute the logits of a tile, and of each center the largest of them and the sum of their exponentials."""
    logits = _tile(first, columns, model.outputs.shape[1], shared)
    n = len(logits)
    product(model.outputs[0, first : first + n], shared.hidden[0, :columns].T, logits)
    other = scratch[: n * columns].reshape((n, columns))
    product(model.outputs[1, first : first + n], shared.hidden[1, :columns].T, other)
    top, total = shared.tops[first // TILE], shared.sums[first // TILE]
    for i in range(columns):
        top[i] = logits[0, i] + other[0, i]
        total[i] = _ZERO
    for w in range(n):
        line, more = logits[w], other[w]
        for i in range(columns):
            line[i] += more[i]
            top[i] = max(top[i], line[i])
    for w in range(n):
        line = logits[w]
        for i in range(columns):
            total[i] += exp_minus_abs(line[i] - top[i])


@kernel(inner=True, fastmath=True)
def _chunk_loss(chunk, columns, options, shared, step):
    """Sum up the exponentials of all tiles for the centers of a chunk, and its loss."""
    loss, n_pairs = 0.0, 0.0
    for i in range(options.n_centers):
        column = chunk * options.n_centers + i
        top = shared.tops[0, column]
        for tile in range(1, len(shared.tops)):
            top = max(top, shared.tops[tile, column])
        total = 0.0
        for tile in range(len(shared.tops)):
            total += np.float64(shared.sums[tile, column]) * np.exp(
                np.float64(shared.tops[tile, column] - top)
            )
        log_sum = np.float64(top) + np.log(total)
        shared.log_sums[column] = np.float32(log_sum)
        loss += np.float64(step.pairs[chunk, i]) * log_sum
        n_pairs += np.float64(step.pairs[chunk, i])
    begin, targets = step.begin[chunk], step.rows[chunk, options.n_inputs : step.n_rows[chunk]]
    for target in range(len(targets)):
        for term in range(begin[target], begin[target + 1]):
            column = chunk * options.n_centers + step.term_centers[chunk, term]
            logit = shared.logits[np.int64(targets[target]) * columns + column]
            loss -= np.float64(step.weights[chunk, term] * logit)
    step.totals[chunk, 0] = loss
    step.totals[chunk, 1] = n_pairs


@kernel(inner=True, fastmath=True, allocates=True)
def _tile_steps(first, n_chunks, columns, model, options, shared, step, scratch):
    """Turn the logits of a tile into errors, compute its part of the changes of hidden vectors, change its rows."""
    errors = _tile(first, columns, model.outputs.shape[1], shared)
    n = len(errors)
    rates, log_sums = shared.rates, shared.log_sums
    for w in range(n):
        line = errors[w]
        for i in range(columns):
            # Rounding may lift a probability of almost 1 above it by a bit, where exp(-|x|) is as good.
            line[i] = -rates[i] * exp_minus_abs(line[i] - log_sums[i])
    masses = scratch[:n]
    _count_masses(errors, rates, step, n_chunks, options, masses)
    for chunk in range(n_chunks):
        begin, targets = step.begin[chunk], step.rows[chunk, options.n_inputs : step.n_rows[chunk]]
        for target in range(len(targets)):
            w = np.int64(targets[target]) - first
            if not 0 <= w < n:
                continue
            for term in range(begin[target], begin[target + 1]):
                i = step.term_centers[chunk, term]
                column = chunk * options.n_centers + i
                share = step.weights[chunk, term] / step.pairs[chunk, i]
                errors[w, column] += rates[column] * share
                masses[w] += step.weights[chunk, term]
    cap = np.float32(options.cap) * _CAUTION
    width = model.outputs.shape[2]
    for w in range(n):  # the hidden vectors receive the whole errors, so that the damping comes behind
        masses[w] = min(_ONE, cap / max(masses[w], cap))
    for part in range(SLICES):
        rows_of_tile = model.outputs[part, first : first + n]
        product(errors.T, rows_of_tile, shared.changes[first // TILE, part, :columns])
        change = scratch[TILE : TILE + n * width].reshape((n, width))
        product(errors, shared.hidden[part, :columns], change)
        for w in range(n):
            add_row(rows_of_tile[w], change[w], masses[w])


@kernel(inner=True, fastmath=True)
def _count_masses(errors, rates, step, n_chunks, options, masses):
    """Sum up how often each word of a tile is predicted in the super-step."""
    for w in range(len(errors)):
        line, mass = errors[w], _ZERO
        for chunk in range(n_chunks):
            column = chunk * options.n_centers
            for i in range(options.n_centers):
                if rates[column + i] > _ZERO:
                    mass -= line[column + i] * (step.pairs[chunk, i] / rates[column + i])
        masses[w] = mass


@kernel(inner=True, fastmath=True)
def _input_steps(chunk, block, start, stop, tables, model, options, blocks, shared, step, work):
    """Sum up the changes of the hidden vectors of a chunk over all tiles, and pass them on to their tokens."""
    center = start + chunk * options.n_centers
    n = min(options.n_centers, stop - center)
    column = chunk * options.n_centers
    for part in range(SLICES):
        hidden_steps = (
            work.hidden_steps if options.predicts_center else step.steps[chunk, part, : options.n_centers]
        )
        for i in range(n):
            clear_row(hidden_steps[i])
        for tile in range(len(shared.tops)):
            for i in range(n):
                add_row(hidden_steps[i], shared.changes[tile, part, column + i], _ONE)
        if options.predicts_center:
            spread_steps(part, chunk, block, center, n, model, tables, options, blocks, step, work)
    for i in range(n):
        work.own_masses[i] = np.float32(2.0) * step.pairs[chunk, i]
    input_masses(chunk, block, center, n, options, blocks, step, work.own_masses)
    for slot in range(options.n_inputs, step.n_rows[chunk]):
        step.masses[chunk, slot] = _ZERO  # the rows of the output embeddings are changed already
