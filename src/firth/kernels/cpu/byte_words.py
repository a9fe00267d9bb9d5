"""Eight bytes at a time: what text is read by, where one by one would be slow."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from firth.kernels.compile import instruction, kernel
from firth.kernels.cpu import plain

_WORD, _BYTE_ALIGNED = ir.IntType(64), 1


@instruction(plain.word_at)
def word_at(_typing: Any, data: Any, index: Any) -> Any:
    """Return ``data[index:index + 8]`` as one uint64, the first byte lowest; the data must reach so far."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.bitcast(builder.gep(array.data, [arguments[1]]), _WORD.as_pointer())
        word = builder.load(place, align=_BYTE_ALIGNED)
        return word if sys.byteorder == "little" else builder.bswap(word)

    return types.uint64(data, index), generate


@instruction(plain.trailing_zeros)
def trailing_zeros(_typing: Any, word: Any) -> Any:
    """Return how many zero bits lie below the lowest one that is set; 64 where none is."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(0))

    return types.int64(types.uint64), generate


@kernel()
def short_word_at(data, index, length):
    """Return ``data[index:index + length]``, 1 to 8 bytes, as one uint64, the first byte lowest, zeros above."""
    if index + 8 <= len(data):
        return word_at(data, index) & (np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - 8 * length))
    word = np.uint64(0)
    for k in range(length):
        word |= np.uint64(data[index + k]) << np.uint64(8 * k)
    return word


@kernel()
def same_bytes(first, first_start, second, second_start, length):
    """Return whether ``first[first_start:]`` and ``second[second_start:]`` begin with the same `length` bytes."""
    whole = length & ~7
    for k in range(0, whole, 8):
        if word_at(first, first_start + k) != word_at(second, second_start + k):
            return False
    rest = length - whole
    return rest == 0 or (
        short_word_at(first, first_start + whole, rest) == short_word_at(second, second_start + whole, rest)
    )
