"""A crew of threads that do one thing together, again and again, and end at once when one of them fails."""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from firth.kernels.cpu.intrinsics import ABANDONED, N_COUNTERS

_PATIENCE = 0.1

Task = TypeVar("Task")


@contextlib.contextmanager
def crew(
    threads: int, work: Callable[[int, NDArray[np.int64], Task], None]
) -> Iterator[Callable[[Task], None]]:
    """Yield a function that hands a task to all threads and returns when all have done it.

    The BLAS keeps to one thread meanwhile: the products are small, and the threads are ours.

    Parameters
    ----------
    threads : int
        How many.
    work : callable
        Takes the number of the thread, the counters that all threads share (see `firth.kernels.cpu.intrinsics`, zero
        at the start of a task) and the task. What it raises is raised in the thread that handed out the task.
    """
    counters = np.zeros(N_COUNTERS, np.int64)

    def guarded(thread: int, task: Task) -> None:
        try:
            work(thread, counters, task)
        except BaseException:
            counters[ABANDONED] = 1  # the others must not wait for this thread
            raise

    with (
        threadpool_limits(limits=1, user_api="blas"),
        concurrent.futures.ThreadPoolExecutor(threads, "firth-training") as pool,
    ):

        def on_all(task: Task) -> None:
            counters[:] = 0
            futures = [pool.submit(guarded, thread, task) for thread in range(threads)]
            # Waiting in short turns lets signals arrive on every platform.
            while concurrent.futures.wait(futures, _PATIENCE).not_done:
                pass
            for future in futures:
                future.result()

        yield on_all
