"""The block-synchronous step: the same seed gives the same bits on any number of threads.

A super-step of chunks computes what it adds to each row from the weights as they stood at its start, in any
order on any thread. Then the additions are made in a fixed order, each row by the one thread that owns it. So the
result does not depend on who computed what. Rows that sum up much in one super-step are damped: such a sum was
computed from weights that an immediate update would have moved meanwhile.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.blocks import prepare_block
from firth.kernels.cpu.intrinsics import TICKETS, atomic_add, prefetch, wait_for_all
from firth.kernels.cpu.noise import draw_noise
from firth.kernels.cpu.skipgram import add_row, chunk_rows, chunk_step
from firth.kernels.cpu.state import LANES

_LOOK_AHEAD = 4
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel(fastmath=True)
def train_synchronous(thread, threads, counters, stretch, text, model, options, blocks, step, work, totals):
    """Train on a stretch of the corpus; every thread calls this with its own `thread` and `work`.

    Parameters
    ----------
    thread, threads : int
        Which of how many.
    counters : ndarray of int64, shape (N_COUNTERS,)
        Shared, zero at the start of each call. Mutated.
    stretch : Stretch
    text : Text
    model : Model
        Shared. Mutated; each row by the thread that owns it (row modulo threads), between two meetings.
    options : Options
    blocks : Blocks
        Shared. Mutated.
    step : SuperStep
        Shared. Mutated.
    work : Workspace
        This thread's own. Mutated.
    totals : ndarray of float64, shape (2,)
        Mutated, by thread 0: the summed loss and the number of pairs, added up in the order of the text.
    """
    n_blocks = (stretch.stop - stretch.start + options.block_length - 1) // options.block_length
    for block in range(thread, n_blocks, threads):
        start = stretch.start + block * options.block_length
        stop = min(start + options.block_length, stretch.stop)
        # Element by element: giving both to a row at once would compile the printing of shapes.
        blocks.centers[block, 0], blocks.centers[block, 1] = prepare_block(
            text.ids, start, stop, text.lookup, text.keep, stretch.text_key, options.window, options.dynamic,
            blocks.tokens[block], blocks.first[block], blocks.last[block],
        )  # fmt: skip
    meetings, tickets = np.int64(1), np.int64(0)
    if not wait_for_all(counters, threads, meetings):
        return
    for block in range(n_blocks):
        centers = options.n_centers * options.n_chunks
        for start in range(blocks.centers[block, 0], blocks.centers[block, 1], centers):
            stop = min(start + centers, blocks.centers[block, 1])
            n_chunks = (stop - start + options.n_centers - 1) // options.n_centers
            _compute(
                block,
                start,
                stop,
                n_chunks,
                tickets,
                counters,
                stretch,
                text,
                model,
                options,
                blocks,
                step,
                work,
            )
            tickets += n_chunks + threads
            meetings += 1
            if not wait_for_all(counters, threads, meetings):
                return
            if thread == 0:
                for chunk in range(n_chunks):
                    totals[0] += step.losses[chunk]
                    totals[1] += step.pairs[chunk]
            _apply(thread, threads, n_chunks, model, options, step, work)
            meetings += 1
            if not wait_for_all(counters, threads, meetings):
                return


@kernel(fastmath=True)
def _compute(
    block, start, stop, n_chunks, tickets, counters, stretch, text, model, options, blocks, step, work
):
    """Take chunk after chunk of a super-step, while there are any, and compute what it adds."""
    tokens, first, last = blocks.tokens[block], blocks.first[block], blocks.last[block]
    position = stretch.start + block * options.block_length
    begin, end = blocks.centers[block]
    length = min(options.block_length, stretch.stop - position)
    chunk = atomic_add(counters, TICKETS, 1) - tickets
    if chunk < n_chunks:
        center = start + chunk * options.n_centers
        prepare_chunk(chunk, center, stop, begin, position, stretch, text, options, tokens, first, last, step)
        touch(step.rows[chunk], step.n_rows[chunk], model, options)
    while chunk < n_chunks:
        # The rows of the next chunk are on their way to the cache while this one is computed.
        following = atomic_add(counters, TICKETS, 1) - tickets
        if following < n_chunks:
            center = start + following * options.n_centers
            prepare_chunk(
                following, center, stop, begin, position, stretch, text, options, tokens, first, last, step
            )
            touch(step.rows[following], step.n_rows[following], model, options)
        center = start + chunk * options.n_centers
        done = np.float64(position - stretch.start) + np.float64(length) * (center - begin) / (end - begin)
        step.losses[chunk], step.pairs[chunk] = chunk_step(
            tokens, first, last, center, min(center + options.n_centers, stop), step.low[chunk],
            step.rows[chunk], step.n_rows[chunk], model.inputs, model.outputs,
            np.float32(stretch.rate + stretch.rate_slope * done), options.negatives, work,
            step.steps[chunk], step.masses[chunk],
        )  # fmt: skip
        chunk = following


@kernel(fastmath=True)
def prepare_chunk(place, center, stop, begin, position, stretch, text, options, tokens, first, last, step):
    """List the rows of the chunk that begins at `center` in line `place` of `step`, and draw its noise.

    The draws are counted from the corpus `position` of the block, whose centers begin at `begin`.
    """
    rows = step.rows[place]
    step.low[place], step.n_rows[place] = chunk_rows(
        tokens,
        first,
        last,
        center,
        min(center + options.n_centers, stop),
        options.n_centers,
        options.n_noise,
        rows,
    )
    counter = np.uint64(position + center - begin) * np.uint64(options.n_noise)
    noise = rows[options.n_centers : options.n_centers + options.n_noise]
    draw_noise(stretch.noise_key, counter, text.noise, noise)


@kernel(fastmath=True)
def touch(rows, n_rows, model, options):
    """Ask for the rows of a chunk before they are needed."""
    for slot in range(n_rows):
        row = np.uint64(rows[slot])
        line = model.inputs[row] if slot < options.n_centers else model.outputs[row]
        for d in range(0, len(line), LANES):
            prefetch(line, d)


@kernel(fastmath=True)
def _apply(thread, threads, n_chunks, model, options, step, work):
    """Add the steps of the super-step to the rows that this thread owns, in the order of the text."""
    n_slots = step.rows.shape[1]
    cap = np.float32(options.cap)
    n_owned = 0
    for chunk in range(n_chunks):
        rows, masses = step.rows[chunk], step.masses[chunk]
        for slot in range(step.n_rows[chunk]):
            row = rows[slot]
            if masses[slot] > _ZERO and (threads == 1 or row % np.uint32(threads) == np.uint32(thread)):
                work.owned[n_owned] = chunk * n_slots + slot
                n_owned += 1
                side = 0 if slot < options.n_centers else 1
                work.row_masses[side, row // np.uint32(threads)] += masses[slot]
    for i in range(n_owned):
        if i + _LOOK_AHEAD < n_owned:
            chunk, slot = divmod(work.owned[i + _LOOK_AHEAD], n_slots)
            row = np.uint64(step.rows[chunk, slot])
            ahead = model.inputs[row] if slot < options.n_centers else model.outputs[row]
            addend = step.steps[chunk, slot]
            for d in range(0, len(ahead), LANES):
                prefetch(ahead, d)
                prefetch(addend, d)
        chunk, slot = divmod(work.owned[i], n_slots)
        row = step.rows[chunk, slot]
        side = 0 if slot < options.n_centers else 1
        mass = work.row_masses[side, row // np.uint32(threads)]
        line = model.inputs[np.uint64(row)] if side == 0 else model.outputs[np.uint64(row)]
        add_row(line, step.steps[chunk, slot], min(_ONE, cap / mass))
    for i in range(n_owned):
        chunk, slot = divmod(work.owned[i], n_slots)
        side = 0 if slot < options.n_centers else 1
        work.row_masses[side, step.rows[chunk, slot] // np.uint32(threads)] = _ZERO
