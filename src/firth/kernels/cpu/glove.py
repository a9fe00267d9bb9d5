"""Training on co-occurrence records: the compiled twin of `firth.objectives.glove`.

Threads do not wait for each other at every record, and yet the result is that of one thread: stratified descent
(Gemulla et al. 2011). Words are dealt to strips, as rows and as columns; two strips cross in a block of records. The
blocks ``(p, (p + s) % n_strips)`` of a *stratum* s share no word, so any threads may train them at once. Between strata
all threads meet. A block is trained in pieces, and all strata come before the next piece, so that no word waits long
for its turn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.kernels.compile import kernel
from firth.kernels.cpu.intrinsics import TICKETS, atomic_add, wait_for_all
from firth.kernels.cpu.lanes import divide_by_root, load, multiply_add, store, total, zeros
from firth.kernels.cpu.rows import ask_for_row
from firth.kernels.cpu.state import LANES, aligned
from firth.kernels.cpu.wild import any_wild

_LOOK_AHEAD = 4
_MINUS_ONE = np.float32(-1.0)
_HALF = np.float32(0.5)


class Model(NamedTuple):
    """The weights with their sums of squares. A row holds all of a word: one place in memory for each side of a record.

    A row has `width` weights, as many sums of squares, the bias, its sum of squares, and zeros.
    """

    inputs: NDArray[np.float32]  # (vocab_size, 2 * width + LANES) words as centers
    outputs: NDArray[np.float32]  # (vocab_size, 2 * width + LANES) words as contexts


class Parts(NamedTuple):
    """The parts of one side of a model, as views."""

    weights: NDArray[np.float32]  # (vocab_size, dim)
    squares: NDArray[np.float32]  # (vocab_size, dim)
    biases: NDArray[np.float32]  # (vocab_size,)
    bias_squares: NDArray[np.float32]  # (vocab_size,)


class Options(NamedTuple):
    """What stays the same over a run."""

    width: int
    n_strips: int
    n_pieces: int
    log_x_max: np.float32
    exponent: np.float32
    rate: np.float32


def row_width(dim: int) -> int:
    """Return how many numbers the weights of a row of `dim` take."""
    return -(-dim // LANES) * LANES


def make_side(vocab_size: int, dim: int) -> NDArray[np.float32]:
    """Return one side of a model: weights of 0 and sums of squares of 1, for the lanes beyond `dim` too."""
    width = row_width(dim)
    rows = aligned(vocab_size, 2 * width + LANES)
    rows[:, width : 2 * width] = 1.0
    rows[:, 2 * width + 1] = 1.0
    return rows


def parts_of(side: NDArray[np.float32], dim: int) -> Parts:
    """Return views of what one side of a model holds."""
    width = row_width(dim)
    return Parts(
        weights=side[:, :dim],
        squares=side[:, width : width + dim],
        biases=side[:, 2 * width],
        bias_squares=side[:, 2 * width + 1],
    )


@kernel(fastmath=True)
def train_glove(thread, threads, counters, first, last, records, starts, model, options, losses):
    """Train on some positions of an epoch; every thread calls this with its own `thread`.

    Position i is stratum ``i % n_strips`` of piece ``i // n_strips`` of all blocks.

    Parameters
    ----------
    thread, threads : int
        Which of how many.
    counters : ndarray of int64, shape (N_COUNTERS,)
        Shared, zero at the start of each call. Mutated.
    first, last : int
        Positions, the last one excluded.
    records : ndarray of RECORD, shape (n_records,)
    starts : ndarray of int64, shape (n_strips**2 + 1,)
        See `firth.corpus.cooccurrence.Cooccurrences`.
    model : Model
        Shared. Mutated; in a stratum each row by one thread.
    options : Options
    losses : ndarray of float64, shape (last - first, n_strips)
        Mutated. The summed loss of each block, whoever trained it. After a position with one that is not finite, all
        threads return.
    """
    n_strips, n_pieces = options.n_strips, options.n_pieces
    drawn = 0  # tickets of the strata before: one for each block, and one for each thread to find none left
    for position in range(first, last):
        piece, stratum = divmod(position, n_strips)
        strip = atomic_add(counters, TICKETS, 1) - drawn
        while strip < n_strips:
            block = strip * n_strips + (strip + stratum) % n_strips
            start, length = starts[block], starts[block + 1] - starts[block]
            losses[position - first, strip] = train_records(
                records, start + length * piece // n_pieces, start + length * (piece + 1) // n_pieces, model, options
            )  # fmt: skip
            strip = atomic_add(counters, TICKETS, 1) - drawn
        drawn += n_strips + threads
        if not wait_for_all(counters, threads, position - first + 1) or any_wild(losses[position - first]):
            return


@kernel(inner=True, fastmath=True)
def train_records(records, start, stop, model, options):
    """Take one step for each of the records from `start` to `stop`, in their order.

    Source: see `firth.objectives.glove`, whose `descend_records` this computes.

    Parameters
    ----------
    records : ndarray of RECORD, shape (n_records,)
    start, stop : int
    model : Model
        Mutated.
    options : Options

    Returns
    -------
    float
        The sum of the losses, each before its step.
    """
    inputs, outputs, width = model.inputs, model.outputs, options.width
    bias, bias_square = 2 * width, 2 * width + 1
    loss = 0.0
    for i in range(start, stop):
        if i + _LOOK_AHEAD < stop:
            following = records[i + _LOOK_AHEAD]
            ask_for_row(inputs[np.uint64(following["row"])])
            ask_for_row(outputs[np.uint64(following["column"])])
        record = records[i]
        center, context = inputs[np.uint64(record["row"])], outputs[np.uint64(record["column"])]
        products = zeros()
        for d in range(0, width, LANES):
            products = multiply_add(load(center, d), load(context, d), products)
        target = np.log(record["weight"])
        difference = total(products) + center[bias] + context[bias] - target
        error = difference
        if target < options.log_x_max:
            error *= np.exp(options.exponent * (target - options.log_x_max))
        loss += _HALF * error * difference
        _step(center, context, width, options.rate * error)
        _step_bias(center, bias, bias_square, options.rate * error)
        _step_bias(context, bias, bias_square, options.rate * error)
    return loss


@kernel(inner=True, fastmath=True)
def _step(center, context, width, scaled):
    """Move both rows of a record against their gradients times the rate, `scaled` times the other's old row."""
    for d in range(0, width, LANES):
        v, u = load(center, d), load(context, d)
        v_squares, u_squares = load(center, width + d), load(context, width + d)
        by_v, by_u = multiply_add(scaled, u, zeros()), multiply_add(scaled, v, zeros())
        store(center, d, multiply_add(_MINUS_ONE, divide_by_root(by_v, v_squares), v))
        store(context, d, multiply_add(_MINUS_ONE, divide_by_root(by_u, u_squares), u))
        store(center, width + d, multiply_add(by_v, by_v, v_squares))
        store(context, width + d, multiply_add(by_u, by_u, u_squares))


@kernel(inner=True, fastmath=True)
def _step_bias(row, bias, bias_square, scaled):
    """Move a bias against its gradient times the rate, which is `scaled`."""
    row[bias] -= scaled / np.sqrt(row[bias_square])
    row[bias_square] += scaled * scaled
