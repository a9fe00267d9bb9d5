"""Showing how far a run is, as the tools of other names do: a bar, where there is a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence

from firth.training.callbacks import Callback


@contextlib.contextmanager
def bars(verbose: int) -> Iterator[list[Callback]]:
    """Yield what shows the progress: a bar on a terminal, or nothing."""
    if verbose <= 0 or sys.stderr is None or not sys.stderr.isatty():
        yield []
        return
    from firth.training import ProgressBar

    bar = ProgressBar()
    try:
        yield [bar]
    finally:
        bar.close()


def reading(told: Sequence[Callback]) -> Callable[[int, int | None], None]:
    """Return what tells `told` how much text is read."""

    def on_read(done: int, total: int | None) -> None:
        for each in told:
            each.on_read(done, total)

    return on_read
