"""What each instruction of ours means, in plain Python: what runs in its place where nothing is compiled.

With ``NUMBA_DISABLE_JIT=1`` kernels run as the Python they are written in, one step after the other, so that a debugger
can follow them and their coverage can be measured. Only the instructions that Numba does not know have no Python
to run; here it is. Rows, blocks of rows and what a register holds are arrays of float32. Tests hold the compiled
instructions to these.
"""

from __future__ import annotations

import threading
import time
from typing import Any, SupportsIndex, SupportsInt

import numpy as np
from numpy.typing import NDArray

from firth.kernels.cpu.state import LANES

Lanes = NDArray[np.float32]
_one_at_a_time = threading.Lock()


def prefetch(array: NDArray[Any], index: SupportsIndex) -> None:
    """Do nothing: memory comes when it is read."""


def atomic_load(array: NDArray[np.int64], index: SupportsIndex) -> int:
    """Return ``array[index]``; let other threads run first, because who asks waits for them to change it."""
    yield_processor()
    return int(array[index])


def atomic_add(array: NDArray[np.int64], index: SupportsIndex, value: int) -> int:
    """Add `value` to ``array[index]`` and return what was there before."""
    with _one_at_a_time:
        before = int(array[index])
        array[index] += value
    return before


def yield_processor() -> None:
    """Let another thread run."""
    time.sleep(0)


def float_of_bits(bits: np.int32) -> np.float32:
    """Return the float32 whose bits are those of an int32."""
    return np.int32(bits).view(np.float32)


def trailing_zeros(word: SupportsInt) -> int:
    """Return how many zero bits lie below the lowest one that is set; 64 where none is."""
    bits = int(word)
    return (bits & -bits).bit_length() - 1 if bits else 64


def word_at(data: NDArray[np.uint8], index: int) -> np.uint64:
    """Return ``data[index:index + 8]`` as one number, the first byte lowest."""
    return np.uint64(int.from_bytes(data[index : index + 8].tobytes(), "little"))


def load(row: NDArray[np.float32], index: SupportsIndex) -> Lanes:
    """Return eight numbers of `row` from `index` on."""
    return load_block(row, index, 1)


def store(row: NDArray[np.float32], index: SupportsIndex, value: Lanes) -> None:
    """Put eight numbers into `row`, from `index` on."""
    row[int(index) : int(index) + len(value)] = value


def zeros() -> Lanes:
    """Return eight zeros."""
    return zeros_block(1)


def zeros_block(n: int) -> Lanes:
    """Return `n` times eight zeros."""
    return np.zeros(n * LANES, np.float32)


def load_block(row: NDArray[np.float32], index: SupportsIndex, n: int) -> Lanes:
    """Return `n` times eight numbers of `row` from `index` on."""
    return row[int(index) : int(index) + n * LANES].copy()


def multiply_add(a: Lanes | np.float32, b: Lanes, c: Lanes) -> Lanes:
    """Return ``a * b + c``, rounded once or twice."""
    return a * b + c


def multiply_lanes(a: Lanes, b: Lanes) -> Lanes:
    """Return ``a * b``."""
    return a * b


def divide_by_root(a: Lanes, b: Lanes) -> Lanes:
    """Return ``a / sqrt(b)``."""
    return (a / np.sqrt(b)).astype(np.float32)


def total(value: Lanes) -> np.float32:
    """Return the sum, added up in any order."""
    return value.sum()


def store_totals(
    row: NDArray[np.float32], index: SupportsIndex, a: Lanes, b: Lanes, c: Lanes, d: Lanes
) -> None:
    """Put the sums of `a`, `b`, `c` and `d` into `row`, from `index` on, each added up in any order."""
    store(row, index, np.array([total(a), total(b), total(c), total(d)]))
