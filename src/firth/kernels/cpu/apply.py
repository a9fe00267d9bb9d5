"""Adding the steps of chunks to the weights: in the order of the text, each row by the thread that owns it."""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.rows import add_row, ask_for_row
from firth.kernels.cpu.state import SLICES

_LOOK_AHEAD = 4
_BITS_OF_A_SLOT = 32
_SLOT = (1 << _BITS_OF_A_SLOT) - 1
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel(inner=True, fastmath=True, inline="always")
def apply_steps(group, groups, member, members, begin, end, model, tables, options, step, work):
    """Add the steps of some chunks to the rows that this member of a group owns, damped where they sum up too much.

    Parameters
    ----------
    group, groups, member, members : int
        Which slices, and which of their rows: those whose number is `member` modulo `members`.
    begin, end : int
        The chunks: lines of `step`, and behind the last.
    model : Model
        Mutated.
    tables : Tables
    options : Options
    step : SuperStep
    work : Workspace
        Mutated: ``owned_slots``, ``owned_rows``; ``row_masses`` are zero before and after.
    """
    cap = np.float32(options.cap)
    owners, own = np.uint32(members), np.uint32(member)
    n_owned = _list_owned(member, members, begin, end, tables, options, step, work)
    for part in range(group, SLICES, groups):
        for i in range(n_owned):
            # The rows of a single chunk have only just been read.
            if i + _LOOK_AHEAD < n_owned and end - begin > 1:
                chunk, slot = _unpack(work.owned_slots[i + _LOOK_AHEAD])
                row = work.owned_rows[i + _LOOK_AHEAD] * owners + own
                ask_for_row(_line(part, slot, row, model, options))
                ask_for_row(step.steps[chunk, part, slot])
            chunk, slot = _unpack(work.owned_slots[i])
            share = work.owned_rows[i]
            mass = work.row_masses[0 if slot < options.n_inputs else 1, np.uint64(share)]
            line = _line(part, slot, share * owners + own, model, options)
            add_row(line, step.steps[chunk, part, slot], min(_ONE, cap / mass))
    for i in range(n_owned):
        _, slot = _unpack(work.owned_slots[i])
        work.row_masses[0 if slot < options.n_inputs else 1, np.uint64(work.owned_rows[i])] = _ZERO
    for place in range(member, options.n_places, members):
        _apply_place(place, group, groups, begin, end, cap, model, step)


@kernel(inner=True, fastmath=True)
def _list_owned(member, members, first_chunk, end_chunk, tables, options, step, work):
    """List the slots whose rows this member owns, sum up the mass of each row, and return how many there are.

    A slot is listed with its chunk in the upper bits, a row by its number among those of this member: a division for
    each row would take as long as adding to it.
    """
    subwords = tables.subword_offsets
    owners, own = np.uint32(members), np.uint32(member)
    n_owned = 0
    for chunk in range(first_chunk, end_chunk):
        rows, masses = step.rows[chunk], step.masses[chunk]
        for slot in range(step.n_rows[chunk]):
            mass = masses[slot]
            is_input = slot < options.n_inputs
            if (is_input and slot >= step.n_inputs[chunk]) or not mass > _ZERO:
                continue
            side = 0 if is_input else 1
            word = np.int64(rows[slot])
            split = is_input and len(subwords) > 0
            begin, end = (subwords[word], subwords[word + 1]) if split else (word, word + 1)
            for at in range(begin, end):
                row = np.uint32(tables.subwords[at]) if split else np.uint32(at)
                if members > 1:
                    if row % owners != own:
                        continue
                    row //= owners
                work.owned_slots[n_owned] = (chunk << _BITS_OF_A_SLOT) | slot
                work.owned_rows[n_owned] = row
                n_owned += 1
                work.row_masses[side, np.uint64(row)] += mass
    return n_owned


@kernel(inline="always")
def _unpack(owned_slot):
    """Return the chunk and the slot in it."""
    return owned_slot >> _BITS_OF_A_SLOT, owned_slot & _SLOT


@kernel(inline="always")
def _line(part, slot, row, model, options):
    """Return a slice of the row that a slot is about."""
    return (
        model.inputs[part, np.uint64(row)] if slot < options.n_inputs else model.outputs[part, np.uint64(row)]
    )


@kernel(inner=True, fastmath=True)
def _apply_place(place, group, groups, begin, end, cap, model, step):
    """Add the steps of one position weight, which every chunk has."""
    slot = step.rows.shape[1] + place
    mass = _ZERO
    for chunk in range(begin, end):
        mass += step.masses[chunk, slot]
    if mass > _ZERO:
        for part in range(group, SLICES, groups):
            for chunk in range(begin, end):
                add_row(model.places[part, place], step.steps[chunk, part, slot], min(_ONE, cap / mass))
