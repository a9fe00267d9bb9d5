"""Counter-based random numbers: a draw is a pure function of a key and a counter.

So the pairs and the draws are the same whatever thread makes them, and a resumed run needs no state. The
mixing function is SplitMix64's (Steele, Lea and Flood 2014).
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
GOLDEN = np.uint64(_GOLDEN)
_MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
_27, _30, _31, HALF = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


def stream_key(seed: int, epoch: int, stream: int) -> np.uint64:
    """Return the key of one stream of draws; streams of another seed, epoch or number are unrelated."""
    key = seed
    for part in (epoch, stream):
        key = _mix_integer((key + _GOLDEN) & _MASK) + part
    return np.uint64(_mix_integer((key + _GOLDEN) & _MASK))


def _mix_integer(value: int) -> int:
    value = ((value ^ (value >> 30)) * int(_MULTIPLIER_1)) & _MASK
    value = ((value ^ (value >> 27)) * int(_MULTIPLIER_2)) & _MASK
    return value ^ (value >> 31)


@kernel(inline="always")
def draw(key, counter):
    """Return 64 random bits: draw number `counter` of the stream `key` (both uint64)."""
    value = key + counter * GOLDEN
    value = (value ^ (value >> _30)) * _MULTIPLIER_1
    value = (value ^ (value >> _27)) * _MULTIPLIER_2
    return value ^ (value >> _31)


@kernel(inline="always")
def below(bits, limit):
    """Return a number from 0 to `limit` - 1 (uint64) from 32 random bits, without a division."""
    return (bits * limit) >> HALF
