"""Lock-free training (Hogwild, Niu et al. 2011): threads add to shared rows and do not wait for each other.

Which pairs and which noise words are trained on is the same for any number of threads; the order of the additions
is not, and now and then one thread's addition to a row is lost to another's. That is accepted.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.blocks import prepare_block
from firth.kernels.cpu.intrinsics import TICKETS, atomic_add
from firth.kernels.cpu.skipgram import add_row, chunk_step
from firth.kernels.cpu.synchronous import prepare_chunk, touch

_ONE = np.float32(1.0)


@kernel(fastmath=True)
def train_hogwild(thread, counters, stretch, text, model, options, blocks, step, work, totals):
    """Train on blocks of a stretch, while there are any; every thread calls this with its own scratch arrays.

    Parameters
    ----------
    thread : int
        Which line of `blocks` is this thread's own.
    counters : ndarray of int64, shape (N_COUNTERS,)
        Shared, zero at the start of each call. Mutated.
    stretch : Stretch
    text : Text
    model : Model
        Shared. Mutated by all threads at once.
    options : Options
    blocks : Blocks
        Shared; this thread mutates line `thread`.
    step : SuperStep
        This thread's own, for two chunks. Mutated.
    work : Workspace
        This thread's own. Mutated.
    totals : ndarray of float64, shape (2,)
        This thread's own. Mutated: the summed loss and the number of pairs.
    """
    tokens, first, last = blocks.tokens[thread], blocks.first[thread], blocks.last[thread]
    n_blocks = (stretch.stop - stretch.start + options.block_length - 1) // options.block_length
    block = atomic_add(counters, TICKETS, 1)
    while block < n_blocks:
        position = stretch.start + block * options.block_length
        length = min(options.block_length, stretch.stop - position)
        begin, end = prepare_block(
            text.ids, position, position + length, text.lookup, text.keep, stretch.text_key, options.window,
            options.dynamic, tokens, first, last,
        )  # fmt: skip
        chunk = 0
        if begin < end:
            prepare_chunk(
                chunk, begin, end, begin, position, stretch, text, options, tokens, first, last, step
            )
        for center in range(begin, end, options.n_centers):
            following = center + options.n_centers
            if following < end:
                # The other of two places; its rows are on their way while this chunk is computed.
                prepare_chunk(
                    1 - chunk,
                    following,
                    end,
                    begin,
                    position,
                    stretch,
                    text,
                    options,
                    tokens,
                    first,
                    last,
                    step,
                )
                touch(step.rows[1 - chunk], step.n_rows[1 - chunk], model, options)
            done = np.float64(position - stretch.start) + np.float64(length) * (center - begin) / (
                end - begin
            )
            rows, n_rows, steps = step.rows[chunk], step.n_rows[chunk], step.steps[chunk]
            loss, pairs = chunk_step(
                tokens, first, last, center, min(following, end), step.low[chunk], rows, n_rows, model.inputs,
                model.outputs, np.float32(stretch.rate + stretch.rate_slope * done), options.negatives, work,
                steps, step.masses[chunk],
            )  # fmt: skip
            totals[0] += loss
            totals[1] += pairs
            for slot in range(min(following, end) - center):
                add_row(model.inputs[np.uint64(rows[slot])], steps[slot], _ONE)
            for slot in range(options.n_centers, n_rows):
                add_row(model.outputs[np.uint64(rows[slot])], steps[slot], _ONE)
            chunk = 1 - chunk
        block = atomic_add(counters, TICKETS, 1)
