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
    weights: NDArray[
        np.float32
    ]  # (n_positions,) what the terms of each center count; empty where all count 1
    lookup: NDArray[np.int32]  # (n_types,) word of each type, -1 where the vocabulary does not hold it
    keep: NDArray[np.uint32]  # (vocab_size,) probability of keeping a token, in units of 2**-32


class Tables(NamedTuple):
    """What belongs to each word. A table that the model does not need is empty."""

    noise: NDArray[np.uint32]  # (vocab_size, 2) alias table of the noise distribution
    subword_offsets: NDArray[np.int64]  # (vocab_size + 1,) where the rows of each word begin in `subwords`
    subwords: NDArray[np.int32]  # rows of the input embeddings whose mean a word is; without them, its own
    path_offsets: NDArray[np.int64]  # (vocab_size + 1,) where the path to each word begins in `paths`
    paths: NDArray[
        np.int32
    ]  # inner nodes of the Huffman tree, root first: twice the row, plus the label there


class Model(NamedTuple):
    """The weights; only these are what a run is about."""

    inputs: NDArray[np.float32]  # (SLICES, n_inputs, width) input embeddings: of words, then of n-grams
    outputs: NDArray[
        np.float32
    ]  # (SLICES, n_outputs, width) output embeddings: of words, then of inner nodes
    places: NDArray[np.float32]  # (SLICES, 2 * window or 0, width) position weights


class Options(NamedTuple):
    """What stays the same over a run."""

    window: int
    dynamic: bool
    predicts_center: bool  # CBOW; otherwise skip-gram
    mean: bool  # CBOW: the hidden vector is the mean of the context's rows, otherwise their sum
    exact: bool  # CBOW: each row of a mean receives its share of the hidden gradient, otherwise all of it
    exclude: bool  # a noise word counts nothing for a center whose window holds it
    labelled: bool  # terms may have the label 0 (hierarchical softmax), otherwise all have 1
    negatives: int  # K
    cap: float  # c: a row's step is damped when it sums up more terms of the loss than this
    block_length: int  # corpus positions of a block
    n_chunks: int  # M, chunks of a super-step
    n_centers: int  # B, centers of a chunk, 32 at the most
    n_noise: int  # S, noise words that they share
    n_inputs: int  # tokens of a chunk that hidden vectors are made of, at the most
    n_words: int  # words that the centers of a chunk predict, at the most
    n_targets: int  # rows that the terms of a chunk are about, at the most, without the noise
    n_terms: int  # terms of a chunk, at the most, without the noise
    n_turns: int  # nodes on the paths of a chunk, at the most, each as often as a path leads over it
    n_places: int  # position weights
    most_subwords: int  # rows of the input embeddings that a word has, at the most


class Stretch(NamedTuple):
    """What one call of a kernel trains on: some whole blocks of one epoch."""

    start: int  # first corpus position
    stop: int  # one more than the last
    text_key: np.uint64  # draws of subsampling and radius
    noise_key: np.uint64  # draws of the noise words
    rate: float  # learning rate at `start`
    rate_slope: float  # change of the learning rate from one position to the next


class Workspace(NamedTuple):
    """What one thread computes in, and which rows it applies."""

    logits: NDArray[np.float32]  # (S, B)
    features: NDArray[np.float32]  # (n_inputs, width) a slice of the tokens' vectors
    hidden_steps: NDArray[np.float32]  # (B, width)
    own_masses: NDArray[np.float32]  # (B,) terms of each center
    slot_of_row: NDArray[np.int32]  # (n_outputs,) where a row of a path stands in the chunk, if it does
    owned_slots: NDArray[np.int64]  # the slots of the super-step that this thread applies,
    owned_rows: NDArray[np.uint32]  # and the row of each
    row_masses: NDArray[np.float32]  # (2, rows of this thread) summed masses; zero between super-steps


class Blocks(NamedTuple):
    """Prepared blocks: one line each."""

    tokens: NDArray[np.int32]  # (n_blocks, block_length + 2 * window)
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    weights: NDArray[np.float32]  # the same shape, or no columns where all tokens count 1
    centers: NDArray[np.int64]  # (n_blocks, 2) index of the first center, and behind the last


class SuperStep(NamedTuple):
    """The chunks of a super-step, as a group of threads holds them that work on the same slices.

    What they consist of, from ``rows`` to ``masses``, and their errors are the same for all groups. While the threads
    learn from one super-step they list the next, so there are two, with ``hidden`` to ``totals`` in common.

    A chunk has slots: first for the tokens that hidden vectors are made of, then for the noise words, then for the
    targets. A term sets the hidden vector of one center against one target.
    """

    rows: NDArray[np.uint32]  # (M, slots) words of the tokens; rows of the output embeddings
    n_inputs: NDArray[np.int64]  # (M,) tokens in use
    n_rows: NDArray[np.int64]  # (M,) behind the last slot in use
    low: NDArray[np.int64]  # (M,) CBOW: index in the block of the first token
    scales: NDArray[
        np.float32
    ]  # (M, 2, B) what the sum of rows is multiplied with, and what each row receives
    pairs: NDArray[np.float32]  # (M, B) how many positive pairs each center has, times its weight
    n_words: NDArray[np.int64]  # (M,) words that centers predict, each place in the text a word
    begin: NDArray[np.int32]  # (M, n_words + 2) where the centers of each word begin, and one number to spare
    term_centers: NDArray[np.uint32]  # (M, n_terms) the centers that predict each word, from 0 in each chunk
    path_begin: NDArray[np.int32]  # (M, n_words + 1) where the path to each word begins; only with a tree
    path_rows: NDArray[np.uint32]  # (M, n_turns) rows of the output embeddings on the paths,
    path_slots: NDArray[np.int32]  # (M, n_turns) and their slots, from 0 for the first target
    path_ends: NDArray[np.uint32]  # (M, n_words) the last row on each path
    n_labels: NDArray[np.float32]  # (M, B) labels of each center on its paths, by their weights
    n_terms: NDArray[np.int64]  # (M,) terms in use
    weights: NDArray[np.float32]  # (M, n_terms) what each counts, negative where its label is 0; once 1
    masses: NDArray[np.float32]  # (M, slots + n_places) how many terms of the loss each row's step sums up
    hidden: NDArray[np.float32]  # (M, SLICES, B, width)
    noise: NDArray[np.float32]  # (M, SLICES, S, width) copies of the noise words' rows
    steps: NDArray[np.float32]  # (M, SLICES, slots + n_places, width)
    errors: NDArray[np.float32]  # (M, S, B) against the noise
    term_errors: NDArray[np.float32]  # (M, n_terms)
    totals: NDArray[np.float64]  # (M, 2) loss, and number of pairs


class Exchange(NamedTuple):
    """The part of each logit that each slice makes."""

    noise_logits: NDArray[np.float32]  # (M, SLICES, S, B)
    term_logits: NDArray[np.float32]  # (M, SLICES, n_terms)


def slice_width(dim: int) -> int:
    """Return how many numbers a row of `dim` numbers takes in one slice."""
    return -(-dim // (SLICES * LANES)) * LANES


def n_groups(threads: int) -> int:
    """Return how many groups of threads divide the slices between them."""
    return SLICES if threads % SLICES == 0 else 1


def aligned(*shape: int, fill: float = 0.0) -> NDArray[np.float32]:
    """Return an array of one number, zero or another, that begins a cache line."""
    size = int(np.prod(shape, dtype=np.int64))
    raw = np.zeros(size + CACHE_LINE, np.float32)
    shift = -(raw.ctypes.data // raw.itemsize) % CACHE_LINE
    if fill:
        raw[:] = fill
    return raw[shift : shift + size].reshape(shape)


def slots(options: Options) -> int:
    """Return how many rows a chunk touches at the most: of tokens, of noise words, of targets."""
    return options.n_inputs + options.n_noise + options.n_targets


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


def make_workspace(options: Options, model: Model, *, threads: int, groups: int | None = None) -> Workspace:
    """Return the scratch arrays of one of `threads` threads that train `model`, in `groups` or as many as can be."""
    owners = threads // (groups or n_groups(threads))
    n_rows = max(model.inputs.shape[1], model.outputs.shape[1])
    width = model.inputs.shape[2]
    owned = options.n_chunks * (options.n_inputs * (options.most_subwords - 1) + slots(options))
    return Workspace(
        logits=aligned(options.n_noise, options.n_centers),
        features=aligned(options.n_inputs, width),
        hidden_steps=aligned(options.n_centers, width),
        own_masses=aligned(options.n_centers),
        slot_of_row=np.zeros(model.outputs.shape[1] if options.labelled else 0, np.int32),
        owned_slots=np.zeros(owned, np.int64),
        owned_rows=np.zeros(owned, np.uint32),
        row_masses=np.zeros((2, -(-n_rows // owners)), np.float32),
    )


def make_blocks(options: Options, n_blocks: int, *, weighted: bool) -> Blocks:
    """Return room for `n_blocks` prepared blocks."""
    length = options.block_length + 2 * options.window
    return Blocks(
        tokens=np.zeros((n_blocks, length), np.int32),
        first=np.zeros((n_blocks, length), np.int32),
        last=np.zeros((n_blocks, length), np.int32),
        weights=np.zeros((n_blocks, length if weighted else 0), np.float32),
        centers=np.zeros((n_blocks, 2), np.int64),
    )


def make_super_step(options: Options, *, width: int) -> SuperStep:
    """Return room for the chunks of a super-step, whose slices are `width` numbers wide."""
    size, chunks, centers = slots(options), options.n_chunks, options.n_centers
    return SuperStep(
        rows=np.zeros((chunks, size), np.uint32),
        n_inputs=np.zeros(chunks, np.int64),
        n_rows=np.zeros(chunks, np.int64),
        low=np.zeros(chunks, np.int64),
        scales=aligned(chunks, 2, centers),
        pairs=aligned(chunks, centers),
        n_words=np.zeros(chunks, np.int64),
        begin=np.zeros((chunks, options.n_words + 2), np.int32),
        term_centers=np.zeros((chunks, options.n_terms), np.uint32),
        path_begin=np.zeros((chunks, options.n_words + 1), np.int32),
        path_rows=np.zeros((chunks, options.n_turns), np.uint32),
        path_slots=np.zeros((chunks, options.n_turns), np.int32),
        path_ends=np.zeros((chunks, options.n_words), np.uint32),
        n_labels=aligned(chunks, -(-centers // LANES) * LANES),
        n_terms=np.zeros(chunks, np.int64),
        weights=aligned(chunks, options.n_terms, fill=1.0),
        masses=aligned(chunks, size + options.n_places),
        hidden=aligned(chunks, SLICES, centers, width),
        noise=aligned(chunks, SLICES, options.n_noise, width),
        steps=aligned(chunks, SLICES, size + options.n_places, width),
        errors=aligned(chunks, options.n_noise, centers),
        term_errors=aligned(chunks, options.n_terms),
        totals=np.zeros((chunks, 2), np.float64),
    )


def make_super_steps(options: Options, *, width: int, groups: int) -> list[tuple[SuperStep, SuperStep]]:
    """Return room for each of so many groups: for a super-step, and for listing the next."""
    now, following = (make_super_step(options, width=width) for _ in range(2))
    pairs = []
    for _ in range(groups):
        room = make_super_step(options, width=width)
        own = now._replace(hidden=room.hidden, noise=room.noise, steps=room.steps)
        own_following = following._replace(
            hidden=room.hidden, noise=room.noise, steps=room.steps,
            errors=now.errors, term_errors=now.term_errors, totals=now.totals,
        )  # fmt: skip
        pairs.append((own, own_following))
    return pairs


def make_exchange(options: Options) -> Exchange:
    """Return room for the logits of a super-step."""
    chunks = options.n_chunks
    return Exchange(
        noise_logits=aligned(chunks, SLICES, options.n_noise, options.n_centers),
        term_logits=aligned(chunks, SLICES, options.n_terms),
    )
