"""What a run over windows will do, settled before it starts: sizes, tables, memory. Nothing depends on the threads."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from firth.config import CBOW, FastText, WindowSettings
from firth.errors import TrainingError
from firth.kernels.cpu import state
from firth.kernels.cpu.huffman import huffman_paths
from firth.kernels.cpu.noise import alias_table
from firth.kernels.cpu.subwords import ngram_rows
from firth.objectives.sampling import keep_probabilities, noise_distribution
from firth.training.memory import refuse_what_does_not_fit
from firth.training.schedule import learning_rate
from firth.training.staleness import Loads, largest_super_step
from firth.vocabulary import Vocabulary

BLOCK_LENGTH = 65_536
"""Corpus positions of a block, at the most: chunks are cut from fixed blocks, so that nobody's share of the work
changes them."""

CENTERS_OF_A_CHUNK = 32
_MOST_CHUNKS = 4
"""With more, what a super-step changes outgrows the cache of a core: 8 took 3 to 7 % longer, at the same quality."""
_MOST_CHUNKS_OF_PATHS = 2
"""A chunk of paths changes ten times as many rows as one of words: 4 took 5 % longer on one thread."""
_MOST_CHUNKS_OF_MEANS = 8
"""Where hidden vectors are means of rows: 4 gave a point of analogies more, and a MEN that was lower by .007."""
_MOST_CHUNKS_OF_MEANS_WITH_BOTH_LOSSES = 2
"""Each pair has the terms of both losses then: 8 took 2 points of analogies, .02 of WordSim-353 and .01 of MEN."""
_BOLDNESS = 3.2
"""Learning rate times cap: how far a row may move in one super-step, in units of its terms' gradients."""
_BOLDNESS_OF_MEANS = 6.4
"""The same where hidden vectors are means of rows, each of which moves them only by its share."""
_NUMBERS_OF_A_ROUND = 1 << 27
_ROUNDS_OF_A_CURVE = 64
"""The rate falls on a straight line from the start of a round to its end, so a cosine takes so many rounds: in one it
would be that line itself."""
_KEPT_ALWAYS = 2.0**32 - 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """The settled facts of a run.

    Parameters
    ----------
    config : WindowSettings
    vocabulary : Vocabulary
        With counts.
    options : Options
        Sizes of chunks and super-steps, as the kernels take them.
    tables : Tables
        What belongs to each word: noise, n-grams, path.
    keep : ndarray of uint32, shape (vocab_size,)
        Probability of keeping a token, in units of 2**-32.
    bucket_ids : ndarray of int32, shape (n_buckets,)
        The buckets of n-grams that words use, whose rows stand behind those of the words.
    n_positions : int
        Length of the corpus: its tokens, and one for the end of each document.
    """

    config: WindowSettings
    vocabulary: Vocabulary
    options: state.Options
    tables: state.Tables
    keep: NDArray[np.uint32]
    bucket_ids: NDArray[np.int32]
    n_positions: int

    @property
    def n_inputs(self) -> int:
        """Rows of the input embeddings: words, then buckets of n-grams."""
        return len(self.vocabulary) + len(self.bucket_ids)

    @property
    def n_outputs(self) -> int:
        """Rows of the output embeddings: words, then inner nodes of the tree."""
        return self.n_output_words + self.n_nodes

    @property
    def n_output_words(self) -> int:
        """Words that have a row of the output embeddings: all, or with hierarchical softmax alone none."""
        return 0 if self.config.loss == "hierarchical-softmax" else len(self.vocabulary)

    @property
    def n_nodes(self) -> int:
        """Inner nodes of the tree, if there is one."""
        return len(self.vocabulary) - 1 if self.config.follows_paths else 0

    @property
    def width(self) -> int:
        """How many numbers a row takes in the kernels."""
        return state.SLICES * state.slice_width(self.config.dim)

    @property
    def round_length(self) -> int:
        """Corpus positions between two looks at the clock, about a quarter of a second or less: whole blocks."""
        positions = _NUMBERS_OF_A_ROUND // self.width
        if self.config.schedule == "cosine":
            positions = min(positions, self.n_positions * self.config.epochs // _ROUNDS_OF_A_CURVE)
        return self.options.block_length * max(1, positions // self.options.block_length)

    @property
    def memory(self) -> int:
        """Bytes that the matrices and the tables take: at the end both matrices are there, and a copy of one."""
        rows = self.n_inputs + self.n_outputs + max(self.n_inputs, self.n_outputs)
        tables = sum(table.nbytes for table in self.tables)
        return rows * 4 * self.width + tables + len(self.vocabulary) * (4 + 8 + 8)

    def learning_rate(self, epoch: int, position: int) -> float:
        """Return the rate at a corpus position of an epoch."""
        return learning_rate(self.config, (epoch + position / self.n_positions) / self.config.epochs)


def make_plan(config: WindowSettings, vocabulary: Vocabulary, n_positions: int) -> Plan:
    """Settle a run over a corpus of `n_positions` ids with the counted `vocabulary`.

    Raises
    ------
    TrainingError
        The matrices do not fit into the memory of this machine.
    """
    counts = vocabulary.counts
    if counts is None:
        raise TrainingError("a vocabulary without counts cannot be trained on: count it in the corpus first")
    keep = keep_probabilities(counts, config.subsample)
    noise = noise_distribution(counts, config.noise_exponent)
    bucket_ids, tables = make_tables(config, vocabulary, counts, noise)
    loads = Loads.of(config, tables, kept=counts * keep, noise=noise)
    boldness, chunks = _BOLDNESS, _MOST_CHUNKS_OF_PATHS if config.follows_paths else _MOST_CHUNKS
    if isinstance(config, CBOW):
        boldness, chunks = _BOLDNESS_OF_MEANS, _MOST_CHUNKS_OF_MEANS
        if config.draws_noise and config.follows_paths:
            chunks = _MOST_CHUNKS_OF_MEANS_WITH_BOTH_LOSSES
    cap = boldness / config.learning_rate
    # All centers of a softmax pull at the same rows, in much the same direction; its products are large anyway. After
    # 240,000 pairs of 10,000 words the loss was 7.186 with 32 centers, 7.152 with 16 and 7.141 with 8, in 4.1, 4.3
    # and 6.9 s; 7.117 is what steps taken one by one reach.
    most = CENTERS_OF_A_CHUNK // 2 if config.loss == "softmax" else CENTERS_OF_A_CHUNK * chunks
    centers = largest_super_step(loads, config.learning_rate, cap, most=most)
    plan = Plan(
        config=config,
        vocabulary=vocabulary,
        options=make_options(config, tables, vocab_size=len(vocabulary), centers=centers, cap=cap),
        tables=tables,
        keep=np.minimum(keep * 2.0**32, _KEPT_ALWAYS).astype(np.uint32),
        bucket_ids=bucket_ids,
        n_positions=n_positions,
    )
    rows = f"{plan.n_inputs:,} words{' and n-grams' if len(bucket_ids) else ''}"
    refuse_what_does_not_fit(plan.memory, rows, config.dim)
    return plan


def make_options(
    config: WindowSettings, tables: state.Tables, *, vocab_size: int, centers: int, cap: float
) -> state.Options:
    """Return the kernels' options for super-steps of up to `centers` centers."""
    n_centers = min(CENTERS_OF_A_CHUNK, centers)
    band = n_centers + 2 * config.window
    words_of_a_center = 1 if config.predicts_center else 2 * config.window
    n_words = n_targets = n_centers if config.predicts_center else band
    n_terms, n_turns = n_centers * words_of_a_center, 0
    if len(tables.path_offsets):
        depth = int(np.diff(tables.path_offsets).max())
        n_outputs = vocab_size - 1 + (vocab_size if config.draws_noise else 0)
        n_turns = n_words * depth
        n_targets = max(
            n_words, min(n_turns, n_outputs)
        )  # words stand in the slots until their paths are followed
        n_terms *= depth
    return state.Options(
        window=config.window,
        dynamic=config.dynamic_window,
        predicts_center=config.predicts_center,
        mean=not isinstance(config, CBOW) or config.combine == "mean",
        exact=isinstance(config, CBOW) and config.cbow_gradient == "exact",
        exclude=config.exclude_window_negatives,
        labelled=len(tables.path_offsets) > 0,
        negatives=config.negatives,
        cap=cap,
        block_length=_block_length(config.dim),
        n_chunks=max(1, centers // CENTERS_OF_A_CHUNK),
        n_centers=n_centers,
        n_noise=config.shared_negatives if config.draws_noise else 0,
        n_inputs=band if config.predicts_center else n_centers,
        n_words=n_words,
        n_targets=n_targets,
        n_terms=n_terms,
        n_turns=n_turns,
        n_places=2 * config.window if isinstance(config, CBOW) and config.position_weights else 0,
        most_subwords=int(np.diff(tables.subword_offsets).max()) if len(tables.subword_offsets) else 1,
    )


def make_tables(
    config: WindowSettings, vocabulary: Vocabulary, counts: NDArray[np.int64], noise: NDArray[np.float64]
) -> tuple[NDArray[np.int32], state.Tables]:
    """Return the buckets of n-grams in use, and what the kernels need to know of each word."""
    bucket_ids = np.empty(0, np.int32)
    tables = state.Tables(
        noise=np.empty((0, 2), np.uint32),
        subword_offsets=np.empty(0, np.int64),
        subwords=np.empty(0, np.int32),
        path_offsets=np.empty(0, np.int64),
        paths=np.empty(0, np.int32),
    )
    if config.draws_noise:
        tables = tables._replace(noise=alias_table(noise))
    if config.follows_paths:
        offsets, paths = huffman_paths(counts)
        if config.draws_noise:
            offsets, paths = _ending_in_words(offsets, paths)
        tables = tables._replace(path_offsets=offsets, paths=paths)
    if isinstance(config, FastText) and config.max_n > 0:
        bucket_ids, offsets, rows = ngram_rows(vocabulary.words, config.min_n, config.max_n, config.buckets)
        own = np.arange(len(vocabulary), dtype=np.int32)
        subwords = np.insert(rows + np.int32(len(vocabulary)), offsets[:-1], own)  # the word's own row first
        tables = tables._replace(
            subword_offsets=offsets + np.arange(len(offsets)), subwords=subwords.astype(np.int32, copy=False)
        )
    return bucket_ids, tables


def _ending_in_words(
    offsets: NDArray[np.int64], paths: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the paths with each word's own row behind its nodes, with the label 1; nodes come behind all words.

    A pair of negative sampling is a term like those of the nodes. So the two losses are one over such paths, and their
    noise words, which no path holds as nodes, are drawn and weighed as without a tree.
    """
    n_words = len(offsets) - 1
    words = np.arange(n_words, dtype=np.int32)
    with_words = np.insert(paths + np.int32(2 * n_words), offsets[1:], 2 * words + 1)
    return offsets + np.arange(n_words + 1), with_words


def _block_length(dim: int) -> int:
    """Return the positions of a block: fewer where rows are so long that a block would take seconds."""
    most = _NUMBERS_OF_A_ROUND // (state.SLICES * state.slice_width(dim))
    return min(BLOCK_LENGTH, 1 << (most.bit_length() - 1))
