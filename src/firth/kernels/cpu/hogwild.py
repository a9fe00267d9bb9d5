"""Lock-free training (Hogwild, Niu et al. 2011): threads add to shared rows and do not wait for each other.

Which pairs and which noise words are trained on is the same for any number of threads; the order of the additions
is not, and now and then one thread's addition to a row is lost to another's. That is accepted.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.blocks import prepare_block
from firth.kernels.cpu.intrinsics import TICKETS, atomic_add
from firth.kernels.cpu.skipgram import add_row, chunk_errors, chunk_logits, chunk_steps
from firth.kernels.cpu.state import SLICES
from firth.kernels.cpu.synchronous import prepare_chunk, rate_at, touch

_ONE = np.float32(1.0)


@kernel(fastmath=True)
def train_hogwild(thread, counters, stretch, text, model, options, blocks, exchange, step, work, totals):
    """Train on blocks of a stretch, while there are any; every thread calls this with its own scratch arrays.

    Parameters
    ----------
    thread : int
        Which one this is.
    counters : ndarray of int64, shape (N_COUNTERS,)
        Shared, zero at the start of each call. Mutated.
    stretch : Stretch
    text : Text
    model : Model
        Shared. Mutated by all threads at once.
    options : Options
    blocks : Blocks
        Shared, with a line for each block of the stretch; each line is mutated by the thread that takes the block.
    exchange : Exchange
        This thread's own. Mutated.
    step : SuperStep
        This thread's own, for two chunks. Mutated.
    work : Workspace
        This thread's own. Mutated.
    totals : ndarray of float64, shape (2,)
        This thread's own. Mutated: the summed loss and the number of pairs.
    """
    n_blocks = (stretch.stop - stretch.start + options.block_length - 1) // options.block_length
    block = atomic_add(counters, TICKETS, 1)
    while block < n_blocks:
        tokens, first, last = blocks.tokens[block], blocks.first[block], blocks.last[block]
        position = stretch.start + block * options.block_length
        begin, end = prepare_block(
            text.ids, position, min(position + options.block_length, stretch.stop), text.lookup, text.keep,
            stretch.text_key, options.window, options.dynamic, tokens, first, last,
        )  # fmt: skip
        blocks.centers[block, 0], blocks.centers[block, 1] = begin, end
        place = 0
        if begin < end:
            prepare_chunk(
                place, begin, end, begin, position, stretch, text, options, tokens, first, last, step
            )
        for center in range(begin, end, options.n_centers):
            following = center + options.n_centers
            other = 1 - place
            if following < end:  # its rows are on their way to the cache while this chunk is computed
                prepare_chunk(
                    other, following, end, begin, position, stretch, text, options, tokens, first, last, step
                )
                touch(0, 1, step.rows[other], step.n_rows[other], model, options)
            rate = np.float32(rate_at(center, block, stretch, options, blocks))
            loss, pairs = _train_chunk(
                place, first, last, center, min(following, end), rate, model, options, exchange, step, work
            )
            totals[0] += loss
            totals[1] += pairs
            place = other
        block = atomic_add(counters, TICKETS, 1)


@kernel(fastmath=True)
def _train_chunk(place, first, last, center, behind, rate, model, options, exchange, step, work):
    """Compute the chunk in line `place` of `step`, add its steps at once, and return its loss and pairs."""
    low, rows, n_rows = step.low[place], step.rows[place], step.n_rows[place]
    noise_logits, pair_logits = exchange.noise_logits[0, 0], exchange.pair_logits[0, 0]
    for part in range(SLICES):
        chunk_logits(
            first, last, center, behind, low, rows, model.inputs[part], model.outputs[part],
            step.centers[place, part], step.noise[place, part], noise_logits[part], pair_logits[part],
        )  # fmt: skip
    loss, pairs = chunk_errors(
        first, last, center, behind, low, rows, n_rows, noise_logits, pair_logits, rate, options.negatives, work,
        step.masses[place],
    )  # fmt: skip
    for part in range(SLICES):
        steps = step.steps[place, part]
        chunk_steps(
            first, last, center, behind, low, rows, n_rows, model.outputs[part], step.centers[place, part],
            step.noise[place, part], work, steps,
        )  # fmt: skip
        for slot in range(behind - center):
            add_row(model.inputs[part, np.uint64(rows[slot])], steps[slot], _ONE)
        for slot in range(options.n_centers, n_rows):
            add_row(model.outputs[part, np.uint64(rows[slot])], steps[slot], _ONE)
    return loss, pairs
