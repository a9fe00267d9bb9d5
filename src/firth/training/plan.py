"""What a run will do, settled before it starts: sizes, tables, memory. Nothing here depends on the threads."""

from __future__ import annotations

import bisect
import dataclasses
import os

import numpy as np
from numpy.typing import NDArray

from firth.config import WindowSettings
from firth.errors import TrainingError
from firth.kernels.cpu import state
from firth.kernels.cpu.noise import alias_table
from firth.objectives.sampling import keep_probabilities, noise_distribution
from firth.vocabulary import Vocabulary

BLOCK_LENGTH = 65_536
"""Corpus positions of a block, at the most: chunks are cut from fixed blocks, so that nobody's share of the work
changes them."""

_CENTERS_OF_A_CHUNK = 32
_MOST_CHUNKS = 8
_BOLDNESS = 3.2
"""Learning rate times cap: how far a row may move in one super-step, in units of its terms' gradients."""
_STALENESS = 0.4
"""Learning rate times the number of terms that a term, on average, may be computed without having seen."""
_NUMBERS_OF_A_ROUND = 1 << 27
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
    keep : ndarray of uint32, shape (vocab_size,)
        Probability of keeping a token, in units of 2**-32.
    noise : ndarray of uint32, shape (vocab_size, 2)
        Alias table of the noise distribution.
    n_positions : int
        Length of the corpus: its tokens, and one for the end of each document.
    """

    config: WindowSettings
    vocabulary: Vocabulary
    options: state.Options
    keep: NDArray[np.uint32]
    noise: NDArray[np.uint32]
    n_positions: int

    @property
    def width(self) -> int:
        """How many numbers a row takes in the kernels."""
        return state.SLICES * state.slice_width(self.config.dim)

    @property
    def round_length(self) -> int:
        """Corpus positions between two looks at the clock, about a quarter of a second: whole blocks."""
        blocks = _NUMBERS_OF_A_ROUND // (self.options.block_length * self.width)
        return self.options.block_length * max(1, blocks)

    @property
    def memory(self) -> int:
        """Bytes that the matrices and the tables take: at the end both matrices are there, and a copy of one."""
        rows = len(self.vocabulary)
        return rows * (3 * 4 * self.width + 4 + 8 + 8 + 8)

    def learning_rate(self, epoch: int, position: int) -> float:
        """Return the rate at a corpus position of an epoch: a straight line over all epochs."""
        share = (epoch + position / self.n_positions) / self.config.epochs
        return self.config.learning_rate + (self.config.min_learning_rate - self.config.learning_rate) * share

    @property
    def learning_rate_slope(self) -> float:
        """How the rate changes from one position to the next."""
        return (self.config.min_learning_rate - self.config.learning_rate) / (
            self.config.epochs * self.n_positions
        )


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
    cap = _BOLDNESS / config.learning_rate
    centers = _centers_of_a_super_step(config, counts * keep, noise, cap)
    plan = Plan(
        config=config,
        vocabulary=vocabulary,
        options=state.Options(
            window=config.window,
            dynamic=config.dynamic_window,
            negatives=config.negatives,
            n_centers=min(_CENTERS_OF_A_CHUNK, centers),
            n_noise=config.shared_negatives,
            n_chunks=max(1, centers // _CENTERS_OF_A_CHUNK),
            cap=cap,
            block_length=_block_length(config.dim),
        ),
        keep=np.minimum(keep * 2.0**32, _KEPT_ALWAYS).astype(np.uint32),
        noise=alias_table(noise),
        n_positions=n_positions,
    )
    _refuse_what_does_not_fit(plan)
    return plan


def _block_length(dim: int) -> int:
    """Return the positions of a block: fewer where rows are so long that a block would take seconds."""
    most = _NUMBERS_OF_A_ROUND // (state.SLICES * state.slice_width(dim))
    return min(BLOCK_LENGTH, 1 << (most.bit_length() - 1))


def _centers_of_a_super_step(
    config: WindowSettings, kept: NDArray[np.float64], noise: NDArray[np.float64], cap: float
) -> int:
    """Return how many centers may be computed from the same weights.

    A term of the loss is stale by as many terms as its row sums up in the super-step, after damping. The learning
    rate times that number, averaged over the terms, is kept below `_STALENESS`: measured on a large corpus, where it
    lets super-steps of 256 centers pass, and on vocabularies of 2 to 1,000 words, which learn worse, and at last
    diverge, beyond it.
    """
    limit = _STALENESS / config.learning_rate
    pairs = config.window + 1 if config.dynamic_window else 2 * config.window
    terms = pairs * (1 + config.negatives)
    as_center = kept / kept.sum()
    as_output = (as_center + noise * config.negatives) / (1 + config.negatives)

    def too_stale(centers: int) -> bool:
        return any(
            float(share @ np.minimum(share * (centers * terms), cap)) > limit
            for share in (as_center, as_output)
        )

    return max(1, bisect.bisect_left(range(1, _CENTERS_OF_A_CHUNK * _MOST_CHUNKS + 1), True, key=too_stale))


def _refuse_what_does_not_fit(plan: Plan) -> None:
    """Compare the plan with the memory of the machine, where the system tells it."""
    memory = _physical_memory()
    if memory is not None and plan.memory > memory:
        raise TrainingError(
            f"{len(plan.vocabulary):,} words of dim {plan.config.dim} need {plan.memory / 2**30:.1f} GiB, but this "
            f"machine has {memory / 2**30:.1f} GiB: raise min_count, set max_vocab or lower dim"
        )


def _physical_memory() -> int | None:
    """Return the bytes of memory that this machine has, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
