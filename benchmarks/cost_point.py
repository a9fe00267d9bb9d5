"""The time of firth's kernel for each positive pair, at one size of the vocabulary: a process of its own.

The text is drawn word by word from Zipf's law, as ids; only the kernel is timed, on one thread, after a first call
that warms it up.

``python -m benchmarks.cost_point LOSS WORDS SECONDS REPEATS`` prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import firth
from firth.training.plan import make_plan
from firth.training.windows import WindowLearner, text_of, warm_up

DIM = 100
DOCUMENT = 1_000
_TOKENS = 4_000_000
_FIRST_TOKENS = 512
_CORPUS_OF_COUNTS = 1e9

Epoch = Callable[[int, int], tuple[float, float]]
"""Trains on the first tokens of the text, with the draws of an epoch; returns seconds and pairs."""


def cost(loss: str, words: int, seconds: float, repeats: int) -> dict[str, object]:
    """Return the microseconds a pair, one for each repeat, and the pairs of a repeat.

    The text is doubled until a repeat takes as long as `seconds`.
    """
    learner, n_tokens = _learner(loss, words), _FIRST_TOKENS
    with learner.workers(1) as work:

        def epoch(number: int, tokens: int) -> tuple[float, float]:
            length, spent, pairs = learner.round_length(1), 0.0, 0.0
            for start in range(0, tokens, length):
                began = time.perf_counter()
                pairs += work(number, start, min(start + length, tokens))[1]
                spent += time.perf_counter() - began
            return spent, pairs

        epoch(0, n_tokens)
        # Twice, as a stall of the machine would make a text look long that is far too short.
        while n_tokens < learner.n_positions and any(epoch(0, n_tokens)[0] < seconds for _ in range(2)):
            n_tokens = min(2 * n_tokens, learner.n_positions)
        runs = [epoch(0, n_tokens) for _ in range(repeats)]
    return {
        "microseconds": [1e6 * spent / pairs for spent, pairs in runs],
        "pairs": runs[-1][1],
        "tokens": n_tokens,
        "super_step": learner.plan.options.n_chunks * learner.plan.options.n_centers,
    }


def _learner(loss: str, words: int) -> WindowLearner:
    """Return skip-gram with firth's defaults and this loss, ready to train on drawn text."""
    config = firth.SkipGram(dim=DIM, loss=loss)  # type: ignore[arg-type]
    # As `firth.train` does: a BLAS that the kernel loads only within `workers` would keep all its threads.
    warm_up(config)
    counts = zipf_counts(words)
    vocabulary = firth.Vocabulary([str(rank) for rank in range(words)], counts)
    ids = drawn_ids(counts, _TOKENS)
    plan = make_plan(config, vocabulary, len(ids))
    learner = WindowLearner(plan, text_of(plan, ids, np.arange(words, dtype=np.int32)))
    learner.initialise(None)
    return learner


def zipf_counts(words: int) -> NDArray[np.int64]:
    """Return the counts of words whose frequency falls as 1 / rank, int64, shape (words,)."""
    shares = 1.0 / np.arange(1, words + 1)
    counts: NDArray[np.float64] = np.maximum(_CORPUS_OF_COUNTS * shares / shares.sum(), 1.0)
    return counts.astype(np.int64)


def drawn_ids(counts: NDArray[np.int64], n_tokens: int) -> NDArray[np.int32]:
    """Return so many places of a text drawn from the counts, read-only int32: ids, and -1 after each document."""
    ends = np.cumsum(counts)
    draws = np.random.default_rng(1).integers(0, ends[-1], n_tokens)
    ids = np.searchsorted(ends, draws, side="right").astype(np.int32)
    ids[DOCUMENT :: DOCUMENT + 1] = -1
    ids[-1] = -1
    ids.flags.writeable = False
    return ids


if __name__ == "__main__":
    print(json.dumps(cost(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))))
