"""Adding the steps of a super-step to the weights: in the order of the text, each row by the thread that owns it."""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.rows import add_row, ask_for_row
from firth.kernels.cpu.state import SLICES

_LOOK_AHEAD = 4
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel(inner=True, fastmath=True)
def apply_steps(group, groups, member, members, n_chunks, model, tables, options, step, work):
    """Add the steps of a super-step to the rows that this member of a group owns.

    Parameters
    ----------
    group, groups, member, members : int
        Which slices, and which of their rows: those whose number is `member` modulo `members`.
    n_chunks : int
        Chunks of the super-step.
    model : Model
        Mutated.
    tables : Tables
    options : Options
    step : SuperStep
    work : Workspace
        Mutated: ``owned_slots``, ``owned_rows``; ``row_masses`` are zero before and after.
    """
    cap = np.float32(options.cap)
    n_slots = step.rows.shape[1]
    owners = np.uint32(members)
    n_owned = _list_owned(member, members, n_chunks, tables, options, step, work)
    for part in range(group, SLICES, groups):
        for i in range(n_owned):
            if i + _LOOK_AHEAD < n_owned:
                chunk, slot = divmod(work.owned_slots[i + _LOOK_AHEAD], n_slots)
                ask_for_row(_line(part, slot, work.owned_rows[i + _LOOK_AHEAD], model, options))
                ask_for_row(step.steps[chunk, part, slot])
            chunk, slot = divmod(work.owned_slots[i], n_slots)
            row = work.owned_rows[i]
            side = 0 if slot < options.n_inputs else 1
            mass = work.row_masses[side, row // owners]
            add_row(
                _line(part, slot, row, model, options), step.steps[chunk, part, slot], min(_ONE, cap / mass)
            )
    for i in range(n_owned):
        side = 0 if work.owned_slots[i] % n_slots < options.n_inputs else 1
        work.row_masses[side, work.owned_rows[i] // owners] = _ZERO
    for place in range(member, options.n_places, members):
        _apply_place(place, group, groups, n_chunks, cap, model, step)


@kernel(inner=True, fastmath=True)
def _list_owned(member, members, n_chunks, tables, options, step, work):
    """List the slots whose rows this member owns, sum up the mass of each row, and return how many there are."""
    subwords = tables.subword_offsets
    n_slots = step.rows.shape[1]
    owners, own = np.uint32(members), np.uint32(member)
    n_owned = 0
    for chunk in range(n_chunks):
        rows, masses = step.rows[chunk], step.masses[chunk]
        for slot in range(step.n_rows[chunk]):
            mass = masses[slot]
            is_input = slot < options.n_inputs
            if (is_input and slot >= step.n_inputs[chunk]) or not mass > _ZERO:
                continue
            word = np.int64(rows[slot])
            split = is_input and len(subwords) > 0
            begin, end = (subwords[word], subwords[word + 1]) if split else (word, word + 1)
            for at in range(begin, end):
                row = np.uint32(tables.subwords[at]) if split else np.uint32(at)
                if members == 1 or row % owners == own:
                    work.owned_slots[n_owned] = chunk * n_slots + slot
                    work.owned_rows[n_owned] = row
                    n_owned += 1
                    work.row_masses[0 if is_input else 1, row // owners] += mass
    return n_owned


@kernel(inline="always")
def _line(part, slot, row, model, options):
    """Return a slice of the row that a slot is about."""
    return (
        model.inputs[part, np.uint64(row)] if slot < options.n_inputs else model.outputs[part, np.uint64(row)]
    )


@kernel(inner=True, fastmath=True)
def _apply_place(place, group, groups, n_chunks, cap, model, step):
    """Add the steps of one position weight, which every chunk has."""
    slot = step.rows.shape[1] + place
    mass = _ZERO
    for chunk in range(n_chunks):
        mass += step.masses[chunk, slot]
    if mass > _ZERO:
        for part in range(group, SLICES, groups):
            for chunk in range(n_chunks):
                add_row(model.places[part, place], step.steps[chunk, part, slot], min(_ONE, cap / mass))
