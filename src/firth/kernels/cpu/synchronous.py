"""The block-synchronous step: the same seed gives the same bits on any number of threads.

A super-step of chunks computes what it adds to each row from the weights as they stood at its start. Then the
additions are made in the order of the text, each row by one thread. So the result does not depend on who computed
what. Rows that sum up much in one super-step are damped: such a sum was computed from weights that an immediate
update would have moved meanwhile.

Threads share as little memory as can be, because a cache line that one core has written costs another core more than
computing with it. An even number of threads forms two groups, one for each slice of the matrices: both compute their
part of all logits, meet, list half of the chunks of the next super-step, turn the sums of half of this one's logits
into errors, meet, and go on alone with all errors. Only logits, errors and lists cross over, a tenth of what the rows
would be, and are asked for while something else is computed. Within a group, chunks and rows are dealt out in turn.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.apply import apply_steps
from firth.kernels.cpu.blocks import prepare_block
from firth.kernels.cpu.chunk import chunk_errors, chunk_logits, chunk_masses, chunk_steps
from firth.kernels.cpu.examples import ask_for_chunk, prepare_chunk
from firth.kernels.cpu.intrinsics import wait_for_all
from firth.kernels.cpu.rows import ask_for_numbers
from firth.kernels.cpu.state import SLICES


@kernel(fastmath=True)
def train_synchronous(
    thread, threads, counters, stretch, text, tables, model, options, blocks, exchange, step, following, work, totals
):  # fmt: skip
    """Train on a stretch of the corpus; every thread calls this with its own `thread` and `work`.

    Parameters
    ----------
    thread, threads : int
        Which of how many. Thread ``t`` belongs to group ``t % n_groups(threads)``.
    counters : ndarray of int64, shape (N_COUNTERS,)
        Shared, zero at the start of each call. Mutated.
    stretch : Stretch
    text : Text
    tables : Tables
    model : Model
        Shared. Mutated; each slice of a row by the one thread that owns it, between two meetings.
    options : Options
    blocks : Blocks
        Shared. Mutated.
    exchange : Exchange
        Shared. Mutated.
    step, following : SuperStep
        A pair of `firth.kernels.cpu.state.make_super_steps`, the thread's group's. Mutated.
    work : Workspace
        This thread's own. Mutated.
    totals : ndarray of float64, shape (3,)
        Mutated, by thread 0: the summed loss and the number of pairs, added up in the order of the text. If the loss of
        a chunk is not finite, all threads return before the steps of its super-step are applied, and the third number
        is 1 plus the position of the chunk, roughly.
    """
    groups = SLICES if threads % SLICES == 0 else 1
    group, member, members = thread % groups, thread // groups, threads // groups
    n_blocks = (stretch.stop - stretch.start + options.block_length - 1) // options.block_length
    size = options.n_centers * options.n_chunks
    for block in range(thread, n_blocks, threads):
        fill_block(block, stretch, text, options, blocks)
    meeting = np.int64(1)
    if not wait_for_all(counters, threads, meeting):
        return
    block, start = _seek(0, blocks.centers[0, 0], n_blocks, blocks)
    if block < n_blocks:
        _list_chunks(thread, threads, block, start, size, stretch, text, tables, options, blocks, step, work)
    meeting += 1
    if not wait_for_all(counters, threads, meeting):
        return
    while block < n_blocks:
        stop = min(start + size, blocks.centers[block, 1])
        n_chunks = (stop - start + options.n_centers - 1) // options.n_centers
        _compute_logits(
            group, groups, member, members, block, start, stop, n_chunks, tables, model, options, blocks, exchange,
            step, work,
        )  # fmt: skip
        meeting += 1
        if not wait_for_all(counters, threads, meeting):
            return
        for chunk in range(thread, n_chunks, threads):
            _ask_for_logits(chunk, group, groups, options, exchange, step)
        next_block, next_start = _seek(block, start + size, n_blocks, blocks)
        if next_block < n_blocks:
            _list_chunks(
                thread, threads, next_block, next_start, size, stretch, text, tables, options, blocks, following, work
            )  # fmt: skip
        _compute_errors(
            thread, threads, block, start, stop, n_chunks, stretch, options, blocks, exchange, step, work
        )
        meeting += 1
        if not wait_for_all(counters, threads, meeting):
            return
        if not add_up(thread, block, start, n_chunks, stretch, options, blocks, step, totals):
            return
        _compute_steps(
            group, groups, member, members, block, start, stop, n_chunks, tables, model, options, blocks, step, work
        )  # fmt: skip
        if members > 1:
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return
        if next_block < n_blocks:
            _ask_for_lists(group, groups, options, following)
        apply_steps(group, groups, member, members, 0, n_chunks, model, tables, options, step, work)
        if members > 1:
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return
        # A group may now be ahead of the other: up to the next logits, which that one does not read any more.
        block, start = next_block, next_start
        step, following = following, step


@kernel(inner=True, inline="always")
def _seek(block, start, n_blocks, blocks):
    """Return the block and the first center of the super-step from `start` on, or of the next block that has any."""
    while block < n_blocks and start >= blocks.centers[block, 1]:
        block += 1
        if block < n_blocks:
            start = blocks.centers[block, 0]
    return block, start


@kernel(inner=True, fastmath=True, inline="always")
def fill_block(block, stretch, text, options, blocks):
    """Prepare the block of a stretch that stands in line `block` of `blocks`."""
    start = stretch.start + block * options.block_length
    stop = min(start + options.block_length, stretch.stop)
    # Element by element: giving both to a row at once would compile the printing of shapes.
    blocks.centers[block, 0], blocks.centers[block, 1] = prepare_block(
        text, start, stop, stretch.text_key, options.window, options.dynamic, blocks.tokens[block],
        blocks.first[block], blocks.last[block], blocks.weights[block],
    )  # fmt: skip


@kernel(inner=True, fastmath=True, inline="always")
def add_up(thread, block, start, n_chunks, stretch, options, blocks, step, totals):
    """Add the losses of a super-step to `totals`, or note there which one is not finite; return whether all are."""
    wild = first_wild(step.totals[:n_chunks])
    if thread == 0:
        if wild >= 0:
            center = start + wild * options.n_centers
            totals[2] = 1.0 + stretch.start + done_before(center, block, stretch, options, blocks)
        else:
            for chunk in range(n_chunks):
                totals[0] += step.totals[chunk, 0]
                totals[1] += step.totals[chunk, 1]
    return wild < 0


@kernel()
def first_wild(totals):
    """Return the first chunk whose loss is not finite, or -1; compiled without the licence to assume that all are.

    Parameters
    ----------
    totals : ndarray of float64, shape (n_chunks, 2)
        The loss of each chunk, and its pairs.
    """
    for chunk in range(len(totals)):
        if not np.isfinite(totals[chunk, 0]):
            return chunk
    return -1


@kernel(inner=True, fastmath=True)
def rate_at(center, line, stretch, options, blocks):
    """Return the learning rate of the chunk that begins at `center` in the block that stands in line `line`."""
    return stretch.rate + stretch.rate_slope * done_before(center, line, stretch, options, blocks)


@kernel(inner=True, fastmath=True)
def done_before(center, line, stretch, options, blocks):
    """Return how many positions of the stretch lie before a chunk, if its block's centers lay at equal distances."""
    begin, end = blocks.centers[line, 0], blocks.centers[line, 1]
    done = line * options.block_length
    length = min(options.block_length, stretch.stop - stretch.start - done)
    return done + length * ((center - begin) / (end - begin))


@kernel(inner=True, fastmath=True, inline="always")
def _list_chunks(thread, threads, block, start, size, stretch, text, tables, options, blocks, step, work):
    """List what the chunks of a super-step consist of that fall to this thread."""
    position, begin = stretch.start + block * options.block_length, blocks.centers[block, 0]
    stop = min(start + size, blocks.centers[block, 1])
    n_chunks = (stop - start + options.n_centers - 1) // options.n_centers
    for chunk in range(thread, n_chunks, threads):
        center = start + chunk * options.n_centers
        n = min(options.n_centers, stop - center)
        prepare_chunk(
            chunk, center, stop, begin, position, block, stretch, text, tables, options, blocks, step, work
        )
        chunk_masses(chunk, block, center, n, options, blocks, step, work)


@kernel(inner=True, fastmath=True, inline="always")
def _compute_logits(
    group, groups, member, members, block, start, stop, n_chunks, tables, model, options, blocks, exchange, step, work
):  # fmt: skip
    """Compute this group's part of the logits of the chunks of a super-step that fall to this member."""
    # One chunk ahead: its rows are on their way to the cache while the one before is computed.
    for following in range(member, n_chunks + members, members):
        if following < n_chunks:
            ask_for_chunk(group, groups, following, model, tables, options, step)
        chunk = following - members
        if chunk < 0:
            continue
        center = start + chunk * options.n_centers
        n = min(options.n_centers, stop - center)
        for part in range(group, SLICES, groups):
            chunk_logits(
                part, chunk, block, center, n, model, tables, options, blocks, exchange.noise_logits[chunk, part],
                exchange.term_logits[chunk, part], step, work,
            )  # fmt: skip


@kernel(inner=True, fastmath=True, inline="always")
def _compute_errors(
    thread, threads, block, start, stop, n_chunks, stretch, options, blocks, exchange, step, work
):
    """Compute the errors of the chunks of a super-step that fall to this thread."""
    for chunk in range(thread, n_chunks, threads):
        center = start + chunk * options.n_centers
        n = min(options.n_centers, stop - center)
        rate = np.float32(rate_at(center, block, stretch, options, blocks))
        chunk_errors(
            chunk, block, center, n, rate, options, blocks, exchange.noise_logits[chunk],
            exchange.term_logits[chunk], step, work,
        )  # fmt: skip


@kernel(inner=True, fastmath=True, inline="always")
def _compute_steps(
    group, groups, member, members, block, start, stop, n_chunks, tables, model, options, blocks, step, work
):
    """Compute what the chunks of a super-step that fall to this member add to this group's slices."""
    # First those whose errors this group has computed, while the others' are on their way.
    for chunk in range(member, n_chunks, members):
        if chunk % groups != group:
            _ask_for_errors(chunk, options, step)
    for turn in range(groups):
        for chunk in range(member, n_chunks, members):
            if chunk % groups == (group + turn) % groups:
                center = start + chunk * options.n_centers
                n = min(options.n_centers, stop - center)
                for part in range(group, SLICES, groups):
                    chunk_steps(part, chunk, block, center, n, model, tables, options, blocks, step, work)


@kernel(inner=True)
def _ask_for_logits(chunk, group, groups, options, exchange, step):
    """Ask for the parts of a chunk's logits that other groups have computed."""
    for part in range(SLICES):
        if part % groups != group:
            ask_for_numbers(exchange.term_logits[chunk, part], step.n_terms[chunk])
            for k in range(options.n_noise):
                ask_for_numbers(exchange.noise_logits[chunk, part, k], options.n_centers)


@kernel(inner=True)
def _ask_for_lists(group, groups, options, step):
    """Ask for what other groups have listed of a super-step."""
    for chunk in range(options.n_chunks):
        if chunk % groups != group:
            n_rows, n_words = step.n_rows[chunk], step.n_words[chunk]
            ask_for_numbers(step.rows[chunk], n_rows)
            ask_for_numbers(step.masses[chunk], n_rows)
            ask_for_numbers(step.begin[chunk], n_words + 1)
            ask_for_numbers(step.term_centers[chunk], np.int64(step.begin[chunk, n_words]))
            if options.labelled:
                n_turns = np.int64(step.path_begin[chunk, n_words])
                ask_for_numbers(step.path_begin[chunk], n_words + 1)
                ask_for_numbers(step.path_rows[chunk], n_turns)
                ask_for_numbers(step.path_slots[chunk], n_turns)


@kernel(inner=True)
def _ask_for_errors(chunk, options, step):
    """Ask for a chunk's errors, which another group has computed."""
    ask_for_numbers(step.term_errors[chunk], step.n_terms[chunk])
    for k in range(options.n_noise):
        ask_for_numbers(step.errors[chunk, k], options.n_centers)
