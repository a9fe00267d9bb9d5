"""Lock-free training (Hogwild, Niu et al. 2011): threads add to shared rows and do not wait for each other.

Which pairs and which noise words are trained on is the same for any number of threads; the order of the additions
is not, and now and then one thread's addition to a row is lost to another's. That is accepted.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.apply import apply_steps
from firth.kernels.cpu.chunk import chunk_errors, chunk_logits, chunk_masses, chunk_steps
from firth.kernels.cpu.examples import ask_for_chunk, prepare_chunk
from firth.kernels.cpu.intrinsics import TICKETS, atomic_add
from firth.kernels.cpu.state import SLICES
from firth.kernels.cpu.synchronous import done_before, fill_block, first_wild, rate_at


@kernel(fastmath=True)
def train_hogwild(
    thread, counters, stretch, text, tables, model, options, blocks, exchange, step, work, totals
):
    """Train on blocks of a stretch, while there are any; every thread calls this with its own scratch arrays.

    Parameters
    ----------
    thread : int
        Which one this is.
    counters : ndarray of int64, shape (N_COUNTERS,)
        Shared, zero at the start of each call. Mutated.
    stretch : Stretch
    text : Text
    tables : Tables
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
        This thread's own, with room for the masses of all rows. Mutated.
    totals : ndarray of float64, shape (3,)
        This thread's own. Mutated: the summed loss and the number of pairs. If the loss of a chunk is not finite, the
        thread returns, without adding its steps; the third number is 1 plus the position of the chunk, roughly.
    """
    n_blocks = (stretch.stop - stretch.start + options.block_length - 1) // options.block_length
    block = atomic_add(counters, TICKETS, 1)
    while block < n_blocks:
        fill_block(block, stretch, text, options, blocks)
        position = stretch.start + block * options.block_length
        begin, end = blocks.centers[block, 0], blocks.centers[block, 1]
        place = 0
        # One chunk ahead: its rows are on their way to the cache while the one before is computed.
        for following in range(begin, end + options.n_centers, options.n_centers):
            if following < end:
                prepare_chunk(
                    place, following, end, begin, position, block, stretch, text, tables, options, blocks, step, work
                )  # fmt: skip
                ask_for_chunk(0, 1, place, model, tables, options, step)
            place = 1 - place
            center = following - options.n_centers
            if center >= begin:
                rate = np.float32(rate_at(center, block, stretch, options, blocks))
                n = min(options.n_centers, end - center)
                wild = _train_chunk(
                    place, block, center, n, rate, model, tables, options, blocks, exchange, step, work
                )
                if wild:
                    totals[2] = 1.0 + stretch.start + done_before(center, block, stretch, options, blocks)
                    return
                totals[0] += step.totals[place, 0]
                totals[1] += step.totals[place, 1]
        block = atomic_add(counters, TICKETS, 1)


@kernel(inner=True, fastmath=True)
def _train_chunk(place, line, center, n, rate, model, tables, options, blocks, exchange, step, work):
    """Compute the chunk in line `place` of `step` and add its steps at once; return whether its loss is not finite.

    Damped like those of a super-step: within the chunk, too, the steps of a row do not see each other, and a word
    that is several of the centers, or is drawn as noise for all of them, can sum up more than its row survives.
    """
    noise_logits, term_logits = exchange.noise_logits[0], exchange.term_logits[0]
    for part in range(SLICES):
        chunk_logits(
            part, place, line, center, n, model, tables, options, blocks, noise_logits[part], term_logits[part], step,
            work,
        )  # fmt: skip
    chunk_masses(place, line, center, n, options, blocks, step, work)
    chunk_errors(place, line, center, n, rate, options, blocks, noise_logits, term_logits, step, work)
    if first_wild(step.totals[place : place + 1]) >= 0:
        return True
    for part in range(SLICES):
        chunk_steps(part, place, line, center, n, model, tables, options, blocks, step, work)
    apply_steps(0, 1, 0, 1, place, place + 1, model, tables, options, step, work)
    return False
