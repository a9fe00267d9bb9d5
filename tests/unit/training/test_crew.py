"""A crew goes home when something goes wrong, whatever its members are waiting for."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest

from firth.kernels.cpu.intrinsics import wait_for_all
from firth.training.crew import crew

THREADS = 3


def test_an_interruption_while_work_is_handed_out_leaves_nobody_waiting(monkeypatch):
    """A second Ctrl-C comes at any moment, such as when some have begun and wait for the others."""
    submit, begun = concurrent.futures.ThreadPoolExecutor.submit, threading.Event()
    handed_out = []

    def interrupted(pool, work, *arguments):
        if len(handed_out) == THREADS - 1:
            begun.wait()
            raise KeyboardInterrupt
        handed_out.append(arguments)
        return submit(pool, work, *arguments)

    def work(thread, counters, task):
        begun.set()
        outcomes.append(wait_for_all(counters, THREADS, 1))

    def run():
        with pytest.raises(KeyboardInterrupt), crew(THREADS, work) as on_all:
            on_all(None)

    outcomes: list[bool] = []
    monkeypatch.setattr(concurrent.futures.ThreadPoolExecutor, "submit", interrupted)
    caller = threading.Thread(target=run, daemon=True)
    caller.start()
    caller.join(60)
    assert not caller.is_alive()
    assert outcomes == [False] * (THREADS - 1)
