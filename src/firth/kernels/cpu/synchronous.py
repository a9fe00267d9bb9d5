"""The block-synchronous step: the same seed gives the same bits on any number of threads.

A super-step of chunks computes what it adds to each row from the weights as they stood at its start. Then the
additions are made in the order of the text, each row by one thread. So the result does not depend on who computed
what. Rows that sum up much in one super-step are damped: such a sum was computed from weights that an immediate
update would have moved meanwhile.

Threads share as little memory as can be, because a cache line that one core has written costs another core more than
computing with it. An even number of threads forms two groups, one for each slice of the matrices: both compute their
part of all logits, meet, and go on alone, each with the sum. Only logits cross over, a twentieth of what the rows
would be. Within a group, chunks and rows are dealt out in turn.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.blocks import prepare_block
from firth.kernels.cpu.intrinsics import prefetch, wait_for_all
from firth.kernels.cpu.noise import draw_noise
from firth.kernels.cpu.skipgram import add_row, chunk_errors, chunk_logits, chunk_rows, chunk_steps
from firth.kernels.cpu.state import CACHE_LINE, SLICES

_LOOK_AHEAD = 4
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel(fastmath=True)
def train_synchronous(
    thread, threads, counters, stretch, text, model, options, blocks, exchange, step, work, totals
):
    """Train on a stretch of the corpus; every thread calls this with its own `thread` and `work`.

    Parameters
    ----------
    thread, threads : int
        Which of how many. Thread ``t`` belongs to group ``t % n_groups(threads)``.
    counters : ndarray of int64, shape (N_COUNTERS,)
        Shared, zero at the start of each call. Mutated.
    stretch : Stretch
    text : Text
    model : Model
        Shared. Mutated; each slice of a row by the one thread that owns it, between two meetings.
    options : Options
    blocks : Blocks
        Shared. Mutated.
    exchange : Exchange
        Shared. Mutated.
    step : SuperStep
        Shared by the threads of a group. Mutated.
    work : Workspace
        This thread's own. Mutated.
    totals : ndarray of float64, shape (2,)
        Mutated, by thread 0: the summed loss and the number of pairs, added up in the order of the text.
    """
    groups = SLICES if threads % SLICES == 0 else 1
    group, member, members = thread % groups, thread // groups, threads // groups
    n_blocks = (stretch.stop - stretch.start + options.block_length - 1) // options.block_length
    for block in range(thread, n_blocks, threads):
        start = stretch.start + block * options.block_length
        stop = min(start + options.block_length, stretch.stop)
        # Element by element: giving both to a row at once would compile the printing of shapes.
        blocks.centers[block, 0], blocks.centers[block, 1] = prepare_block(
            text.ids, start, stop, text.lookup, text.keep, stretch.text_key, options.window, options.dynamic,
            blocks.tokens[block], blocks.first[block], blocks.last[block],
        )  # fmt: skip
    meeting, parity = np.int64(1), np.int64(0)
    if not wait_for_all(counters, threads, meeting):
        return
    for block in range(n_blocks):
        centers = options.n_centers * options.n_chunks
        for start in range(blocks.centers[block, 0], blocks.centers[block, 1], centers):
            stop = min(start + centers, blocks.centers[block, 1])
            n_chunks = (stop - start + options.n_centers - 1) // options.n_centers
            _compute_logits(
                group, groups, member, members, block, start, stop, n_chunks, stretch, text, model, options, blocks,
                exchange.noise_logits[parity], exchange.pair_logits[parity], step,
            )  # fmt: skip
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return
            _compute_steps(
                group, groups, member, members, block, start, stop, n_chunks, stretch, model, options, blocks,
                exchange.noise_logits[parity], exchange.pair_logits[parity], step, work,
            )  # fmt: skip
            if members > 1:
                meeting += 1
                if not wait_for_all(counters, threads, meeting):
                    return
            if thread == 0:
                for chunk in range(n_chunks):
                    totals[0] += step.losses[chunk]
                    totals[1] += step.pairs[chunk]
            _apply(group, groups, member, members, n_chunks, model, options, step, work)
            if members > 1:
                meeting += 1
                if not wait_for_all(counters, threads, meeting):
                    return
            # A group may now be one super-step ahead of the other, which still reads this one's logits.
            parity = 1 - parity


@kernel(fastmath=True)
def _compute_logits(
    group, groups, member, members, block, start, stop, n_chunks, stretch, text, model, options, blocks,
    noise_logits, pair_logits, step,
):  # fmt: skip
    """Compute this group's part of the logits of the chunks of a super-step that fall to this member."""
    tokens, first, last = blocks.tokens[block], blocks.first[block], blocks.last[block]
    position, begin = stretch.start + block * options.block_length, blocks.centers[block, 0]
    if member < n_chunks:
        center = start + member * options.n_centers
        prepare_chunk(
            member, center, stop, begin, position, stretch, text, options, tokens, first, last, step
        )
        touch(group, groups, step.rows[member], step.n_rows[member], model, options)
    for chunk in range(member, n_chunks, members):
        following = chunk + members
        center = start + following * options.n_centers
        if following < n_chunks:  # its rows are on their way to the cache while this chunk is computed
            prepare_chunk(
                following, center, stop, begin, position, stretch, text, options, tokens, first, last, step
            )
            touch(group, groups, step.rows[following], step.n_rows[following], model, options)
        center = start + chunk * options.n_centers
        behind = min(center + options.n_centers, stop)
        for part in range(group, SLICES, groups):
            chunk_logits(
                first, last, center, behind, step.low[chunk], step.rows[chunk], model.inputs[part],
                model.outputs[part], step.centers[chunk, part], step.noise[chunk, part], noise_logits[chunk, part],
                pair_logits[chunk, part],
            )  # fmt: skip


@kernel(fastmath=True)
def _compute_steps(
    group, groups, member, members, block, start, stop, n_chunks, stretch, model, options, blocks, noise_logits,
    pair_logits, step, work,
):  # fmt: skip
    """Compute what the chunks of a super-step that fall to this member add to this group's slices."""
    first, last = blocks.first[block], blocks.last[block]
    for chunk in range(member, n_chunks, members):
        center = start + chunk * options.n_centers
        behind = min(center + options.n_centers, stop)
        low, rows, n_rows = step.low[chunk], step.rows[chunk], step.n_rows[chunk]
        rate = np.float32(rate_at(center, block, stretch, options, blocks))
        step.losses[chunk], step.pairs[chunk] = chunk_errors(
            first, last, center, behind, low, rows, n_rows, noise_logits[chunk], pair_logits[chunk], rate,
            options.negatives, work, step.masses[chunk],
        )  # fmt: skip
        for part in range(group, SLICES, groups):
            chunk_steps(
                first, last, center, behind, low, rows, n_rows, model.outputs[part], step.centers[chunk, part],
                step.noise[chunk, part], work, step.steps[chunk, part],
            )  # fmt: skip


@kernel(fastmath=True)
def rate_at(center, line, stretch, options, blocks):
    """Return the learning rate of the chunk that begins at `center` in the block that stands in line `line`."""
    begin, end = blocks.centers[line, 0], blocks.centers[line, 1]
    done = line * options.block_length
    length = min(options.block_length, stretch.stop - stretch.start - done)
    return stretch.rate + stretch.rate_slope * (done + length * ((center - begin) / (end - begin)))


@kernel(fastmath=True)
def prepare_chunk(place, center, stop, begin, position, stretch, text, options, tokens, first, last, step):
    """List the rows of the chunk that begins at `center` in line `place` of `step`, and draw its noise.

    The draws are counted from the corpus `position` of the block, whose centers begin at `begin`.
    """
    rows = step.rows[place]
    step.low[place], step.n_rows[place] = chunk_rows(
        tokens, first, last, center, min(center + options.n_centers, stop), options.n_centers, options.n_noise, rows
    )  # fmt: skip
    counter = np.uint64(position + center - begin) * np.uint64(options.n_noise)
    noise = rows[options.n_centers : options.n_centers + options.n_noise]
    draw_noise(stretch.noise_key, counter, text.noise, noise)


@kernel(fastmath=True)
def touch(group, groups, rows, n_rows, model, options):
    """Ask for the rows of a chunk before they are needed."""
    for slot in range(n_rows):
        row = np.uint64(rows[slot])
        for part in range(group, SLICES, groups):
            line = model.inputs[part, row] if slot < options.n_centers else model.outputs[part, row]
            _ask_for(line)


@kernel(fastmath=True)
def _ask_for(line):
    for d in range(0, len(line), CACHE_LINE):
        prefetch(line, d)
    prefetch(line, len(line) - 1)  # a row need not begin a cache line


@kernel(fastmath=True)
def _apply(group, groups, member, members, n_chunks, model, options, step, work):
    """Add the steps of the super-step to the rows that this member owns, in the order of the text."""
    n_slots = step.rows.shape[1]
    cap = np.float32(options.cap)
    owners, own = np.uint32(members), np.uint32(member)
    n_owned = 0
    for chunk in range(n_chunks):
        rows, masses = step.rows[chunk], step.masses[chunk]
        for slot in range(step.n_rows[chunk]):
            row = rows[slot]
            if masses[slot] > _ZERO and (members == 1 or row % owners == own):
                work.owned[n_owned] = chunk * n_slots + slot
                n_owned += 1
                side = 0 if slot < options.n_centers else 1
                work.row_masses[side, row // owners] += masses[slot]
    for part in range(group, SLICES, groups):
        for i in range(n_owned):
            if i + _LOOK_AHEAD < n_owned:
                chunk, slot = divmod(work.owned[i + _LOOK_AHEAD], n_slots)
                row = np.uint64(step.rows[chunk, slot])
                _ask_for(model.inputs[part, row] if slot < options.n_centers else model.outputs[part, row])
                _ask_for(step.steps[chunk, part, slot])
            chunk, slot = divmod(work.owned[i], n_slots)
            row = step.rows[chunk, slot]
            side = 0 if slot < options.n_centers else 1
            mass = work.row_masses[side, row // owners]
            line = model.inputs[part, np.uint64(row)] if side == 0 else model.outputs[part, np.uint64(row)]
            add_row(line, step.steps[chunk, part, slot], min(_ONE, cap / mass))
    for i in range(n_owned):
        chunk, slot = divmod(work.owned[i], n_slots)
        side = 0 if slot < options.n_centers else 1
        work.row_masses[side, step.rows[chunk, slot] // owners] = _ZERO
