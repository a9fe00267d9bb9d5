"""What it takes to hand a cache line from core to core, and how fast two threads train meanwhile.

Virtual machines are moved about by their hosts: now both cores share a cache, now they lie on different parts of the
processor. So rounds of training take turns with a measurement of the time that two threads need to hand a counter
to each other and back, and the rates are told for each kind of round.

    python -m benchmarks.cores --corpus wiki100m.txt --seconds 60
"""

from __future__ import annotations

import argparse
import concurrent.futures
import itertools
import os
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np

import firth
from firth.kernels.cpu.intrinsics import atomic_add
from firth.training.windows import WindowLearner

_TURNS = 5_000
_EDGES = (0, 80, 120, np.inf)
"""Nanoseconds: up to the first, cores are near to each other; from the second on, they are not."""


@numba.njit(nogil=True)
def _take_turns(counter, thread, turns):  # type: ignore[no-untyped-def]
    for turn in range(turns):
        while atomic_add(counter, 0, 0) != 2 * turn + thread:
            pass
        atomic_add(counter, 0, 1)


def hand_over(pool: concurrent.futures.Executor) -> float:
    """Return the nanoseconds from one thread's change of a counter to the other's, on average."""
    counter = np.zeros(16, np.int64)
    began = time.perf_counter()
    for turns in [pool.submit(_take_turns, counter, thread, _TURNS) for thread in (0, 1)]:
        turns.result()
    return (time.perf_counter() - began) / (2 * _TURNS) * 1e9


def rounds(corpus: Path, seconds: float, *, deterministic: bool) -> np.ndarray[Any, Any]:
    """Return the rate of each round, in million words a second, and the time of a hand-over after it."""
    config = firth.SkipGram(dim=100, min_count=5, subsample=1e-4, deterministic=deterministic)
    found = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool, firth.corpus.encode(corpus) as text:
        hand_over(pool)  # compiles
        learner = WindowLearner.of(text, config, text.vocabulary(min_count=5))
        learner.initialise(None)
        length, end = learner.round_length(2), learner.n_positions
        with learner.workers(2) as work:
            work(0, 0, length)
            start, stop_at = length, time.perf_counter() + seconds
            while time.perf_counter() < stop_at:
                if start + length > end:
                    start = 0
                began = time.perf_counter()
                work(0, start, start + length)
                found.append((length / (time.perf_counter() - began) / 1e6, hand_over(pool)))
                start += length
    return np.array(found)


def main() -> None:
    """Measure, and print a line for each way to train and kind of round."""
    data = Path(os.environ.get("FIRTH_DATA", "."))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cores",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--corpus", type=Path, default=data / "wiki100m.txt.xz")
    parser.add_argument("--seconds", type=float, default=60, help="of each of the two ways to train")
    options = parser.parse_args()
    for name, deterministic in {"default": True, "Hogwild": False}.items():
        rates, hand_overs = rounds(options.corpus, options.seconds, deterministic=deterministic).T
        for low, high in itertools.pairwise(_EDGES):
            chosen = (low <= hand_overs) & (hand_overs < high)
            if chosen.any():
                print(
                    f"{name}: {chosen.sum()} rounds with {np.median(hand_overs[chosen]):.0f} ns a hand-over: "
                    f"{np.median(rates[chosen]):.2f} M words/s ({rates[chosen].min():.2f} to "
                    f"{rates[chosen].max():.2f})"
                )


if __name__ == "__main__":
    main()
