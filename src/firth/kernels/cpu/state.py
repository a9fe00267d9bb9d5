"""What the kernels are given: tuples of arrays, made once before the start and reused for the whole run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LANES = 8
"""The kernels compute with so many numbers at a time; rows are padded with zeros to a multiple of it."""

SLICES = 2
"""The matrices lie in so many slices, each with a part of every row. Two threads that work on different slices share
no memory but logits. The number is fixed, so that logits are summed in the same order on any number of threads."""

CACHE_LINE = 16
"""So many float32 come from memory at once."""


class Text(NamedTuple):
    """The corpus as the kernels see it."""

    ids: NDArray[np.int32]  # (n_positions,) type ids, -1 after each document
    lookup: NDArray[np.int32]  # (n_types,) row of each type, -1 where the vocabulary does not hold it
    keep: NDArray[np.uint32]  # (vocab_size,) probability of keeping a token, in units of 2**-32
    noise: NDArray[np.uint32]  # (vocab_size, 2) alias table of the noise distribution


class Model(NamedTuple):
    """The weights; only these are what a run is about."""

    inputs: NDArray[np.float32]  # (SLICES, vocab_size, width) input embeddings
    outputs: NDArray[np.float32]  # (SLICES, vocab_size, width) output embeddings


class Options(NamedTuple):
    """What stays the same over a run."""

    window: int
    dynamic: bool
    negatives: int
    n_centers: int  # B, centers of a chunk
    n_noise: int  # S, noise words that they share
    n_chunks: int  # M, chunks of a super-step
    cap: float  # c: a row's step is damped when it sums up more terms of the loss than this
    block_length: int  # corpus positions of a block


class Stretch(NamedTuple):
    """What one call of a kernel trains on: some whole blocks of one epoch."""

    start: int  # first corpus position
    stop: int  # one more than the last
    text_key: np.uint64  # draws of subsampling and radius
    noise_key: np.uint64  # draws of the noise words
    rate: float  # learning rate at `start`
    rate_slope: float  # change of the learning rate from one position to the next


class Workspace(NamedTuple):
    """What one thread computes errors in, and which rows it applies."""

    logits: NDArray[np.float32]  # (S, B)
    errors: NDArray[np.float32]  # (S, B)
    pair_errors: NDArray[np.float32]  # (B * 2 * window,)
    noise_weights: NDArray[np.float32]  # (B,)
    owned: NDArray[np.int64]  # (M * slots,) the rows that this thread applies, as slots of the super-step
    row_masses: NDArray[np.float32]  # (2, rows of this thread) summed masses; zero between super-steps


class Blocks(NamedTuple):
    """Prepared blocks: one line each."""

    tokens: NDArray[np.int32]  # (n_blocks, block_length + 2 * window)
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    centers: NDArray[np.int64]  # (n_blocks, 2) index of the first center, and behind the last


class SuperStep(NamedTuple):
    """The chunks of a super-step, as a group of threads holds them that work on the same slices."""

    rows: NDArray[np.uint32]  # (M, slots)
    n_rows: NDArray[np.int64]  # (M,)
    low: NDArray[np.int64]  # (M,)
    centers: NDArray[np.float32]  # (M, SLICES, B, width) copies of the centers' rows
    noise: NDArray[np.float32]  # (M, SLICES, S, width) copies of the noise words' rows
    steps: NDArray[np.float32]  # (M, SLICES, slots, width)
    masses: NDArray[np.float32]  # (M, slots)
    losses: NDArray[np.float64]  # (M,) summed over the pairs of a chunk
    pairs: NDArray[np.int64]  # (M,)


class Exchange(NamedTuple):
    """The part of each logit that each slice makes, for two super-steps: while one is read, the next is written."""

    noise_logits: NDArray[np.float32]  # (2, M, SLICES, S, B)
    pair_logits: NDArray[np.float32]  # (2, M, SLICES, B * 2 * window)


def slice_width(dim: int) -> int:
    """Return how many numbers a row of `dim` numbers takes in one slice."""
    return -(-dim // (SLICES * LANES)) * LANES


def n_groups(threads: int) -> int:
    """Return how many groups of threads divide the slices between them."""
    return SLICES if threads % SLICES == 0 else 1


def aligned(*shape: int) -> NDArray[np.float32]:
    """Return zeros whose first number begins a cache line."""
    size = int(np.prod(shape, dtype=np.int64))
    raw = np.zeros(size + CACHE_LINE, np.float32)
    shift = -(raw.ctypes.data // raw.itemsize) % CACHE_LINE
    return raw[shift : shift + size].reshape(shape)


def slots(options: Options) -> int:
    """Return how many rows a chunk touches at the most: centers, noise, and the band of context tokens."""
    return 2 * options.n_centers + 2 * options.window + options.n_noise


def make_matrix(n_rows: int, dim: int) -> NDArray[np.float32]:
    """Return zeros for `n_rows` rows of `dim` numbers, shape (SLICES, n_rows, width)."""
    return aligned(SLICES, n_rows, slice_width(dim))


def put_rows(matrix: NDArray[np.float32], at: slice | NDArray[np.integer], rows: NDArray[np.float32]) -> None:
    """Write dense `rows`, shape (n, dim), into the rows `at` of `matrix`."""
    width = matrix.shape[2]
    for part in range(SLICES):
        columns = rows[:, part * width : (part + 1) * width]
        matrix[part, at, : columns.shape[1]] = columns


def dense_rows(matrix: NDArray[np.float32], dim: int) -> NDArray[np.float32]:
    """Return the rows of `matrix` as a new array of shape (n_rows, dim)."""
    width = matrix.shape[2]
    rows = np.empty((matrix.shape[1], dim), np.float32)
    for part in range(SLICES):
        columns = rows[:, part * width : (part + 1) * width]
        columns[:] = matrix[part, :, : columns.shape[1]]
    return rows


def make_workspace(options: Options, *, vocab_size: int, threads: int) -> Workspace:
    """Return the scratch arrays of one of `threads` threads."""
    owners = threads // n_groups(threads)
    return Workspace(
        logits=aligned(options.n_noise, options.n_centers),
        errors=aligned(options.n_noise, options.n_centers),
        pair_errors=aligned(options.n_centers * 2 * options.window),
        noise_weights=aligned(options.n_centers),
        owned=np.zeros(options.n_chunks * slots(options), np.int64),
        row_masses=np.zeros((2, -(-vocab_size // owners)), np.float32),
    )


def make_blocks(options: Options, n_blocks: int) -> Blocks:
    """Return room for `n_blocks` prepared blocks."""
    shape = (n_blocks, options.block_length + 2 * options.window)
    return Blocks(
        tokens=np.zeros(shape, np.int32),
        first=np.zeros(shape, np.int32),
        last=np.zeros(shape, np.int32),
        centers=np.zeros((n_blocks, 2), np.int64),
    )


def make_super_step(options: Options, *, width: int) -> SuperStep:
    """Return room for the chunks of a super-step, whose slices are `width` numbers wide."""
    size, chunks = slots(options), options.n_chunks
    return SuperStep(
        rows=np.zeros((chunks, size), np.uint32),
        n_rows=np.zeros(chunks, np.int64),
        low=np.zeros(chunks, np.int64),
        centers=aligned(chunks, SLICES, options.n_centers, width),
        noise=aligned(chunks, SLICES, options.n_noise, width),
        steps=aligned(chunks, SLICES, size, width),
        masses=aligned(chunks, size),
        losses=np.zeros(chunks, np.float64),
        pairs=np.zeros(chunks, np.int64),
    )


def make_exchange(options: Options) -> Exchange:
    """Return room for the logits of two super-steps."""
    chunks = options.n_chunks
    return Exchange(
        noise_logits=aligned(2, chunks, SLICES, options.n_noise, options.n_centers),
        pair_logits=aligned(2, chunks, SLICES, options.n_centers * 2 * options.window),
    )
