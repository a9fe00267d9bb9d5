"""What the kernels are given: tuples of arrays, made once before the start and reused for the whole run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LANES = 16
"""Rows are padded with zeros to a multiple of so many numbers: one cache line, one wide vector register."""


class Text(NamedTuple):
    """The corpus as the kernels see it."""

    ids: NDArray[np.int32]  # (n_positions,) type ids, -1 after each document
    lookup: NDArray[np.int32]  # (n_types,) row of each type, -1 where the vocabulary does not hold it
    keep: NDArray[np.uint32]  # (vocab_size,) probability of keeping a token, in units of 2**-32
    noise: NDArray[np.uint32]  # (vocab_size, 2) alias table of the noise distribution


class Model(NamedTuple):
    """The weights; only these are what a run is about."""

    inputs: NDArray[np.float32]  # (vocab_size, width) input embeddings
    outputs: NDArray[np.float32]  # (vocab_size, width) output embeddings


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
    """What one thread computes a chunk in."""

    centers: NDArray[np.float32]  # (B, width)
    noise: NDArray[np.float32]  # (S, width)
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
    """The chunks of a super-step between their computation and their application."""

    rows: NDArray[np.uint32]  # (M, slots)
    n_rows: NDArray[np.int64]  # (M,)
    low: NDArray[np.int64]  # (M,)
    steps: NDArray[np.float32]  # (M, slots, width)
    masses: NDArray[np.float32]  # (M, slots)
    losses: NDArray[np.float64]  # (M,) summed over the pairs of a chunk
    pairs: NDArray[np.int64]  # (M,)


def padded_width(dim: int) -> int:
    """Return how many numbers a row of `dim` numbers takes in the kernels' matrices."""
    return -(-dim // LANES) * LANES


def aligned(*shape: int) -> NDArray[np.float32]:
    """Return zeros whose first number, and so each row of a padded width, begins a cache line."""
    size = int(np.prod(shape, dtype=np.int64))
    raw = np.zeros(size + LANES, np.float32)
    shift = -(raw.ctypes.data // raw.itemsize) % LANES
    return raw[shift : shift + size].reshape(shape)


def slots(options: Options) -> int:
    """Return how many rows a chunk touches at the most: centers, noise, and the band of context tokens."""
    return 2 * options.n_centers + 2 * options.window + options.n_noise


def make_workspace(options: Options, *, width: int, vocab_size: int, threads: int) -> Workspace:
    """Return one thread's scratch arrays for rows of `width` numbers."""
    return Workspace(
        centers=aligned(options.n_centers, width),
        noise=aligned(options.n_noise, width),
        logits=aligned(options.n_noise, options.n_centers),
        errors=aligned(options.n_noise, options.n_centers),
        pair_errors=aligned(options.n_centers * 2 * options.window),
        noise_weights=aligned(options.n_centers),
        owned=np.zeros(options.n_chunks * slots(options), np.int64),
        row_masses=np.zeros((2, -(-vocab_size // threads)), np.float32),
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
    """Return room for the chunks of a super-step."""
    size = slots(options)
    return SuperStep(
        rows=np.zeros((options.n_chunks, size), np.uint32),
        n_rows=np.zeros(options.n_chunks, np.int64),
        low=np.zeros(options.n_chunks, np.int64),
        steps=aligned(options.n_chunks, size, width),
        masses=aligned(options.n_chunks, size),
        losses=np.zeros(options.n_chunks, np.float64),
        pairs=np.zeros(options.n_chunks, np.int64),
    )
