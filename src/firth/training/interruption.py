"""Ctrl-C and SIGTERM end a run between two rounds, so that what there is can be saved."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_log = logging.getLogger(__name__)


class Interruption:
    """While entered, turns the first SIGINT or SIGTERM into a flag; the second one acts as it did before.

    In a thread other than the main one, where Python delivers no signals, it stays unset.

    Attributes
    ----------
    requested : bool
        Whether the run shall end.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if handler not in (None, signal.SIG_IGN):  # ignored on purpose, as under nohup
                    self._before[number] = signal.signal(number, self._request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()

    def _request(self, number: int, _frame: FrameType | None) -> None:
        self.requested = True
        self._restore()
        _log.info("%s: finishing the round that is running", signal.Signals(number).name)

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())
