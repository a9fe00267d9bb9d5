"""Eight float32 at once, held in registers: what the compiler cannot find in loops over rows that may overlap.

Some of them together are a block: a tuple, which keeps a part of a row in registers over a whole loop.

Rows come from matrices that are read and written in the same loop, so a compiler must check at run time, for each
pair of rows, that they do not overlap, which costs more than the arithmetic on rows this short. Loading,
computing and storing eight numbers at a time says what is meant. LLVM turns it into the registers that the
processor has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import models, register_model

from firth.kernels.compile import instruction
from firth.kernels.cpu import plain
from firth.kernels.cpu.state import LANES

_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_ALIGNMENT = 4  # of a single number: a row of a matrix from elsewhere may begin anywhere


class Lanes(types.Type):  # type: ignore[misc]
    """The type of eight float32 in a register."""

    def __init__(self) -> None:
        super().__init__(f"float32x{LANES}")


lanes = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _place(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Return the address of eight numbers of the row ``arguments[0]`` from index ``arguments[1]`` on."""
    row = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.bitcast(builder.gep(row.data, [arguments[1]]), _VECTOR.as_pointer())


def _spread(builder: Any, number: Any) -> Any:
    """Return a vector of eight times `number`."""
    first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
    return builder.shuffle_vector(first, ir.Constant(_VECTOR, ir.Undefined), zeros)


def _integers(values: Iterable[int]) -> Any:
    listed = list(values)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(listed)), listed)


@instruction(plain.load)
def load(_typing: Any, row: Any, index: Any) -> Any:
    """Return ``row[index:index + 8]``; the row, of float32, must reach so far."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_place(context, builder, signature, arguments), align=_ALIGNMENT)

    return lanes(row, index), generate


@instruction(plain.store)
def store(_typing: Any, row: Any, index: Any, value: Any) -> Any:
    """Put eight numbers at ``row[index:index + 8]``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _place(context, builder, signature, arguments), align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(row, index, value), generate


@instruction(plain.zeros)
def zeros(_typing: Any) -> Any:
    """Return eight zeros."""

    def generate(_context: Any, _builder: Any, _signature: Any, _arguments: Any) -> Any:
        return ir.Constant(_VECTOR, None)

    return lanes(), generate


@instruction(plain.multiply_add)
def multiply_add(_typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c``; `a` is eight numbers, or one that stands for eight."""
    one = isinstance(a, types.Float)

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
        factor = _spread(builder, arguments[0]) if one else arguments[0]
        return builder.call(function, [factor, arguments[1], arguments[2]])

    return lanes(types.float32 if one else lanes, lanes, lanes), generate


@instruction(plain.multiply_lanes)
def multiply_lanes(_typing: Any, a: Any, b: Any) -> Any:
    """Return ``a * b``, number by number."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fmul(arguments[0], arguments[1])

    return lanes(a, b), generate


@instruction(plain.divide_by_root)
def divide_by_root(_typing: Any, a: Any, b: Any) -> Any:
    """Return ``a / sqrt(b)``, number by number."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{LANES}f32")
        return builder.fdiv(arguments[0], builder.call(function, [arguments[1]]))

    return lanes(a, b), generate


@instruction(plain.total)
def total(_typing: Any, value: Any) -> Any:
    """Return the sum of eight numbers as a float32."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_FLOAT, [_FLOAT, _VECTOR])
        function = cgutils.get_or_insert_function(
            builder.module, kind, f"llvm.vector.reduce.fadd.v{LANES}f32"
        )
        return builder.call(function, [ir.Constant(_FLOAT, -0.0), arguments[0]], fastmath=("reassoc",))

    return types.float32(lanes), generate


@instruction(plain.store_totals)
def store_totals(_typing: Any, row: Any, index: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Put the sums of four times eight numbers at ``row[index:index + 4]``: cheaper than one sum after the other."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def neighbours(x: Any, y: Any) -> Any:
            """Add each number of two vectors to its neighbour: two sums of x's, two of y's, and again."""
            even = (0, 2, 8, 10, 4, 6, 12, 14)
            left, right = (builder.shuffle_vector(x, y, _integers(i + odd for i in even)) for odd in (0, 1))
            return builder.fadd(left, right)

        sums = neighbours(neighbours(*arguments[2:4]), neighbours(*arguments[4:6]))
        low, high = (
            builder.shuffle_vector(sums, sums, _integers(range(first, first + 4))) for first in (0, 4)
        )
        place = builder.bitcast(
            _place(context, builder, signature, arguments), ir.VectorType(_FLOAT, 4).as_pointer()
        )
        builder.store(builder.fadd(low, high), place, align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(row, index, a, b, c, d), generate


@instruction(plain.zeros_block, prefer_literal=True)
def zeros_block(_typing: Any, n: Any) -> Any:
    """Return `n` times eight zeros; `n` is a constant."""

    def generate(context: Any, builder: Any, signature: Any, _arguments: Any) -> Any:
        zero = ir.Constant(_VECTOR, None)
        return context.make_tuple(builder, signature.return_type, [zero] * n.literal_value)

    return types.UniTuple(lanes, n.literal_value)(n), generate


@instruction(plain.load_block, prefer_literal=True)
def load_block(_typing: Any, row: Any, index: Any, n: Any) -> Any:
    """Return ``row[index:index + 8 * n]``; `n` is a constant."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first = _place(context, builder, signature, arguments)
        parts = [
            builder.load(builder.gep(first, [ir.IntType(64)(i)]), align=_ALIGNMENT)
            for i in range(n.literal_value)
        ]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(lanes, n.literal_value)(row, types.intp, n), generate


@instruction(plain.store)
def store_block(_typing: Any, row: Any, index: Any, block: Any) -> Any:
    """Put a block at ``row[index:]``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first = _place(context, builder, signature, arguments)
        for i, part in enumerate(cgutils.unpack_tuple(builder, arguments[2], len(block))):
            builder.store(part, builder.gep(first, [ir.IntType(64)(i)]), align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(row, types.intp, block), generate


@instruction(plain.multiply_add)
def multiply_add_block(_typing: Any, factor: Any, b: Any, c: Any) -> Any:
    """Return ``factor * b + c`` of two blocks; `factor` is one number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
        spread = _spread(builder, arguments[0])
        pairs = zip(*(cgutils.unpack_tuple(builder, block, len(b)) for block in arguments[1:]), strict=True)
        parts = [builder.call(function, [spread, left, right]) for left, right in pairs]
        return context.make_tuple(builder, signature.return_type, parts)

    return c(types.float32, b, c), generate
