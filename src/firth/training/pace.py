"""How many threads a round gets: fewer than were given where the machine does not have the cores for them.

Threads that wait for each other at every super-step are as slow as the one that gets least of a core. With other
processes on the cores, or a container that may use fewer of them than it sees, two threads can take longer than one,
several times so. The vectors do not depend on the threads, so their number may change between two rounds.
"""

from __future__ import annotations

import logging

_log = logging.getLogger(__name__)

_ENOUGH = 0.75
"""Processor time that threads have had, as a share of what they could have had: on free cores it is all but 1, as
threads that wait for each other spin."""
_BETTER = 1.1
"""How much faster another number of threads must be to be kept: a quarter of a second measures no better."""
_SHORTEST_ROUND = 0.05
"""Seconds below which a round says nothing."""
_FIRST_PAUSE, _LONGEST_PAUSE = 8, 64
"""Rounds between two trials, more and more where they fail."""


class Pace:
    """The number of threads of the next round, settled by trial: half of them where cores are short, and back.

    Parameters
    ----------
    threads : int
        The most, and what it begins with.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._most = threads
        self._before: tuple[int, float] | None = None
        self._rounds = -1  # the first one may have had to load what it needs
        self._pause_down, self._pause_up = 0, _FIRST_PAUSE

    def note(self, *, positions: int, seconds: float, cpu_seconds: float) -> None:
        """Take note of a round that was made with `threads` threads, and settle those of the next.

        Parameters
        ----------
        positions : int
            How much was done.
        seconds, cpu_seconds : float
            The time that it took, and the processor time of all threads.
        """
        if seconds < _SHORTEST_ROUND:
            return
        self._rounds += 1
        rate = positions / seconds
        short = cpu_seconds < _ENOUGH * seconds * self.threads
        if self._before is not None:
            self._end_trial(*self._before, rate)
        elif self.threads > 1 and short and self._rounds > self._pause_down:
            self._before = self.threads, rate
            self.threads = max(1, self.threads // 2)
        elif self.threads < self._most and self._rounds > self._pause_up:
            self._before = self.threads, rate
            self.threads = min(self._most, 2 * self.threads)

    def _end_trial(self, threads: int, rate_before: float, rate: float) -> None:
        self._before = None
        self._rounds = 0
        down = self.threads < threads
        if rate > _BETTER * rate_before:
            _log.info(
                "training goes on with %d threads, which are faster here than %d", self.threads, threads
            )
            pause = 0 if down else _FIRST_PAUSE
        else:
            self.threads = threads
            pause = min(max(_FIRST_PAUSE, 2 * (self._pause_down if down else self._pause_up)), _LONGEST_PAUSE)
        if down:
            self._pause_down = pause
        else:
            self._pause_up = pause
