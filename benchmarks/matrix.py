"""The machine's own rate at large matrix products.

``python -m benchmarks.matrix THREADS`` prints one line of JSON, in GFLOP/s. ``one``: float32 products of
2,048 × 2,048 matrices on one thread. ``independent``: THREADS such products at once, each on a thread and
matrices of its own; how far that is above ``one`` is what further cores are worth on this machine.
``together``: one product on THREADS threads.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

SIZE = 2048
_SECONDS = 1.0
_OPERATIONS = 2 * SIZE**3


def rates(threads: int) -> dict[str, float]:
    """Return the rates in GFLOP/s."""
    with threadpool_limits(1, "blas"):
        one = _independent(1)
        independent = _independent(threads)
    with threadpool_limits(threads, "blas"):
        together = _independent(1)
    return {"threads": threads, "one": one, "independent": independent, "together": together}


def _independent(threads: int) -> float:
    """Return the summed rate of so many products at once."""
    found: list[float] = []
    start = threading.Barrier(threads)
    workers = [threading.Thread(target=_multiply, args=(start.wait, found)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(found)


def _multiply(wait: Callable[[], object], found: list[float]) -> None:
    generator = np.random.default_rng(1)
    left, right = (generator.standard_normal((SIZE, SIZE), dtype=np.float32) for _ in range(2))
    out = np.empty((SIZE, SIZE), np.float32)
    np.dot(left, right, out=out)
    wait()
    times = []
    end = time.perf_counter() + _SECONDS
    while (now := time.perf_counter()) < end:
        np.dot(left, right, out=out)
        times.append(time.perf_counter() - now)
    found.append(_OPERATIONS / statistics.median(times) / 1e9)


if __name__ == "__main__":
    print(json.dumps(rates(int(sys.argv[1]))))
