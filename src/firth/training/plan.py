"""What a run will do, settled before it starts: sizes, tables, memory. Nothing here depends on the threads."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
from numpy.typing import NDArray

from firth.config import SkipGram
from firth.errors import TrainingError
from firth.kernels.cpu import state
from firth.kernels.cpu.noise import alias_table
from firth.objectives.sampling import keep_probabilities, noise_distribution
from firth.vocabulary import Vocabulary

BLOCK_LENGTH = 65_536
"""Corpus positions of a block: chunks are cut from fixed blocks, so that nobody's share of the work changes them."""

_CENTERS = 32
_MOST_CHUNKS = 8
_CAP = 128.0
_SLACK = 4.0
_NUMBERS_OF_A_ROUND = 1 << 27
_KEPT_ALWAYS = 2.0**32 - 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """The settled facts of a run.

    Parameters
    ----------
    config : SkipGram
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

    config: SkipGram
    vocabulary: Vocabulary
    options: state.Options
    keep: NDArray[np.uint32]
    noise: NDArray[np.uint32]
    n_positions: int

    @property
    def width(self) -> int:
        """How many numbers a row takes in the kernels."""
        return state.padded_width(self.config.dim)

    @property
    def round_length(self) -> int:
        """Corpus positions between two looks at the clock, about a quarter of a second: whole blocks."""
        blocks = _NUMBERS_OF_A_ROUND // (BLOCK_LENGTH * self.width)
        return BLOCK_LENGTH * max(1, blocks)

    @property
    def memory(self) -> int:
        """Bytes that both matrices and the tables take."""
        rows = len(self.vocabulary)
        return rows * (2 * 4 * self.width + 4 + 8 + 8 + 8)

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


def make_plan(config: SkipGram, vocabulary: Vocabulary, n_positions: int) -> Plan:
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
    plan = Plan(
        config=config,
        vocabulary=vocabulary,
        options=state.Options(
            window=config.window,
            dynamic=config.dynamic_window,
            negatives=config.negatives,
            n_centers=_CENTERS,
            n_noise=config.shared_negatives,
            n_chunks=_chunks_of_a_super_step(config, counts, keep, noise),
            cap=_CAP,
            block_length=BLOCK_LENGTH,
        ),
        keep=np.minimum(keep * 2.0**32, _KEPT_ALWAYS).astype(np.uint32),
        noise=alias_table(noise),
        n_positions=n_positions,
    )
    _refuse_what_does_not_fit(plan)
    return plan


def _chunks_of_a_super_step(
    config: SkipGram,
    counts: NDArray[np.int64],
    keep: NDArray[np.float64],
    noise: NDArray[np.float64],
) -> int:
    """Return M: as many chunks as a super-step may have before its hottest row loses most of its step to damping.

    Small vocabularies put much on each row, so they take small super-steps.
    """
    kept = counts * keep
    share = kept / kept.sum()
    pairs = config.window + 1 if config.dynamic_window else 2 * config.window
    by_center = share.max() * pairs * (1 + config.negatives)
    by_output = (share + noise * config.negatives).max() * pairs
    hottest = _CENTERS * max(by_center, by_output)
    return int(np.clip(_SLACK * _CAP / hottest, 1, _MOST_CHUNKS))


def _refuse_what_does_not_fit(plan: Plan) -> None:
    """Compare the plan with the memory of the machine, where the system tells it."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return
    if plan.memory > memory:
        raise TrainingError(
            f"{len(plan.vocabulary):,} words of dim {plan.config.dim} need {plan.memory / 2**30:.1f} GiB, but this "
            f"machine has {memory / 2**30:.1f} GiB: raise min_count, set max_vocab or lower dim"
        )
