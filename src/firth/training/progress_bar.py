"""A progress bar for the terminal."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from firth.training.callbacks import Callback
from firth.training.progress import Epoch, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Display, TaskID

    from firth.training.model import TrainedModel
    from firth.vocabulary import Vocabulary


class ProgressBar(Callback):
    """Shows reading and training on standard error: words/s, loss, learning rate, time left.

    Silent where standard error is not a terminal.
    """

    def __init__(self) -> None:
        self._display: Display | None = None
        self._task: TaskID | None = None
        self._shown = ""

    def on_read(self, done: int, total: int | None) -> None:
        """Move the bar of reading."""
        if self._show("reading", total):
            self._move(done, "")

    def on_count(self, share: float) -> None:
        """Move the bar of counting."""
        if self._show("counting", 1.0):
            self._move(share, "")

    def on_start(self, vocabulary: Vocabulary) -> None:
        """Take the bar of reading or counting away."""
        self._hide()

    def on_progress(self, progress: Progress) -> None:
        """Move the bar of training."""
        if self._show("training", progress.total_words):
            loss = "" if math.isnan(progress.loss) else f"loss {progress.loss:.4f}  "
            self._move(
                progress.words,
                f"epoch {progress.epoch}/{progress.epochs}  {loss}rate {progress.learning_rate:.5f}  "
                f"{progress.words_per_second / 1e6:.2f} M words/s",
            )

    def on_epoch_end(self, epoch: Epoch) -> None:
        """Leave a line for the epoch."""
        if self._display is not None:
            held_out = "" if epoch.held_out_loss is None else f", held out {epoch.held_out_loss:.4f}"
            self._display.console.print(
                f"epoch {epoch.epoch}: loss {epoch.loss:.4f}{held_out}, {epoch.words_per_second / 1e6:.2f} M words/s, "
                f"{epoch.seconds:.1f} s",
                highlight=False,
            )

    def on_end(self, model: TrainedModel) -> None:
        """Take the bar away."""
        self._hide()

    def close(self) -> None:
        """Take the bar away, also after an error."""
        self._hide()

    def _show(self, what: str, total: float | None) -> bool:
        """Make the bar where there is none of that name; return whether there is one."""
        if what != self._shown:
            self._hide()
        if self._display is None and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            self._display = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[facts]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._shown = what
            self._task = self._display.add_task(what, total=total, facts="")
            self._display.start()
        return self._display is not None

    def _move(self, done: float, facts: str) -> None:
        if self._display is not None and self._task is not None:
            self._display.update(self._task, completed=done, facts=facts)

    def _hide(self) -> None:
        if self._display is not None:
            self._display.stop()
            self._display = None
