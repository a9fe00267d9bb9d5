"""Rows of matrices, eight numbers at a time; their length is a multiple of `LANES`."""

from __future__ import annotations

from firth.kernels.compile import kernel
from firth.kernels.cpu.intrinsics import prefetch
from firth.kernels.cpu.lanes import load, multiply_add, multiply_lanes, store, zeros
from firth.kernels.cpu.state import CACHE_LINE, LANES


@kernel(inner=True, fastmath=True)
def add_row(row, step, factor):
    """Add `factor` times `step` to `row`."""
    for d in range(0, len(row), LANES):
        store(row, d, multiply_add(factor, load(step, d), load(row, d)))


@kernel(inner=True, fastmath=True)
def add_product(row, a, b, factor):
    """Add `factor` times `a` times `b`, number by number, to `row`."""
    for d in range(0, len(row), LANES):
        store(row, d, multiply_add(factor, multiply_lanes(load(a, d), load(b, d)), load(row, d)))


@kernel(inner=True, fastmath=True)
def copy_row(source, target):
    """Copy `source` to `target`."""
    for d in range(0, len(target), LANES):
        store(target, d, load(source, d))


@kernel(inner=True, fastmath=True)
def clear_row(row):
    """Fill `row` with zeros."""
    for d in range(0, len(row), LANES):
        store(row, d, zeros())


@kernel(inner=True, fastmath=True)
def clear_rows(rows):
    """Fill rows that lie side by side with zeros, at once: it becomes a call, for which one row is too short."""
    numbers = rows.reshape(rows.size)
    for d in range(0, len(numbers), LANES):
        store(numbers, d, zeros())


@kernel(inner=True, fastmath=True)
def ask_for_row(row):
    """Ask for all cache lines of `row`, which need not begin one."""
    for d in range(0, len(row), CACHE_LINE):
        prefetch(row, d)
    prefetch(row, len(row) - 1)


@kernel(inner=True, fastmath=True)
def ask_for_numbers(numbers, n):
    """Ask for the first `n` of some numbers."""
    for d in range(0, n, CACHE_LINE):
        prefetch(numbers, d)
