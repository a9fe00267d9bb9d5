"""The few machine instructions that Numba does not offer: prefetch, atomics, yielding, bits."""

from __future__ import annotations

import sys
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils

from firth.kernels.compile import instruction, kernel
from firth.kernels.cpu import plain

_INT32, _POINTER = ir.IntType(32), ir.IntType(8).as_pointer()
_READ, _LOW_LOCALITY, _DATA = 0, 2, 1

if sys.platform == "win32":
    llvmlite.binding.load_library_permanently("kernel32.dll")
_YIELD = "SwitchToThread" if sys.platform == "win32" else "sched_yield"


def _element(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Return the address of element ``arguments[1]`` of the one-dimensional array ``arguments[0]``."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.gep(array.data, [arguments[1]])


@instruction(plain.prefetch)
def prefetch(_typing: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of ``array[index]``; never faults."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.bitcast(_element(context, builder, signature, arguments), _POINTER)
        kind = ir.FunctionType(ir.VoidType(), [_POINTER, _INT32, _INT32, _INT32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [pointer, _INT32(_READ), _INT32(_LOW_LOCALITY), _INT32(_DATA)])
        return context.get_dummy_value()

    return types.void(array, index), generate


@instruction(plain.atomic_load)
def atomic_load(_typing: Any, array: Any, index: Any) -> Any:
    """Return ``array[index]`` (int64) and see all that was written before it was stored."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_element(context, builder, signature, arguments), "acquire", 8)

    return types.int64(array, index), generate


@instruction(plain.atomic_add)
def atomic_add(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Add `value` to ``array[index]`` (int64) and return what was there before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _element(context, builder, signature, arguments)
        return builder.atomic_rmw("add", pointer, arguments[2], "acq_rel")

    return types.int64(array, index, value), generate


@instruction(plain.yield_processor)
def yield_processor(_typing: Any) -> Any:
    """Let another thread run, where one waits for this core."""

    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_INT32, []), _YIELD)
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), generate


@instruction(plain.float_of_bits)
def float_of_bits(_typing: Any, bits: Any) -> Any:
    """Return the float32 whose bits are those of an int32."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


ARRIVALS, TICKETS, ABANDONED, N_COUNTERS = 0, 16, 32, 48
"""Where the counters lie in the array that threads share, each in a cache line of its own, and its size."""


@kernel()
def wait_for_all(counters, threads, meeting):
    """Return when all threads have come to a meeting.

    Parameters
    ----------
    counters : ndarray of int64, shape (N_COUNTERS,)
        Shared; zero before the first meeting. Mutated. Whoever sets ``counters[ABANDONED]`` sends all home.
    threads : int
        How many take part. Alone, a thread does not wait.
    meeting : int
        Its number: 1, 2, ...

    Returns
    -------
    bool
        Whether to go on; false when a thread has failed, and the others shall return.
    """
    if threads == 1:
        return True
    atomic_add(counters, ARRIVALS, 1)
    goal = meeting * threads
    spins = 0
    while atomic_load(counters, ARRIVALS) < goal:
        if atomic_load(counters, ABANDONED) != 0:
            return False
        spins += 1
        if spins & 1023 == 0:  # another process may hold the core that the others need
            yield_processor()
    return True
