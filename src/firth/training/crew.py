"""A crew of threads that do one thing together, again and again, and end at once when one of them fails."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from firth.kernels.cpu.intrinsics import ABANDONED, N_COUNTERS

_PATIENCE = 0.1

Task = TypeVar("Task")


class _Blas:
    """Keeps the BLAS to one thread while any training of this process goes on.

    If each did so for itself, the first to end would let it loose under the others, and the last one would leave it
    with the one thread that it has found. A thread of its own holds the limit, because threadpoolctl lets only the
    thread that has set a limit take it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_users = 0

    @contextlib.contextmanager
    def on_one_thread(self) -> Iterator[None]:
        """Enter to begin a training, leave to end it."""
        with self._lock:
            if self._n_users == 0:
                self._begin()
            self._n_users += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_users -= 1
                if self._n_users == 0:
                    self._over.set()
                    self._holder.join()

    def _begin(self) -> None:
        begun, over = threading.Event(), threading.Event()

        def hold() -> None:
            try:
                with threadpool_limits(limits=1, user_api="blas"):
                    begun.set()
                    over.wait()
            finally:
                begun.set()

        self._over, self._holder = over, threading.Thread(target=hold, name="firth-blas", daemon=True)
        self._holder.start()
        begun.wait()


_blas = _Blas()
if hasattr(os, "register_at_fork"):
    # The thread that holds the limit does not live on in a forked process.
    os.register_at_fork(after_in_child=lambda: _Blas.__init__(_blas))


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
        _blas.on_one_thread(),
        concurrent.futures.ThreadPoolExecutor(threads, "firth-training") as pool,
    ):

        def on_all(task: Task) -> None:
            counters[:] = 0
            futures: list[concurrent.futures.Future[None]] = []
            try:
                for thread in range(threads):
                    futures.append(pool.submit(guarded, thread, task))
                # Waiting in short turns lets signals arrive on every platform.
                while concurrent.futures.wait(futures, _PATIENCE).not_done:
                    pass
            except (
                BaseException
            ):  # a second Ctrl-C: those who have begun must not wait for those who have not
                counters[ABANDONED] = 1
                raise
            for future in futures:
                future.result()

        yield on_all
