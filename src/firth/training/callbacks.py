"""Who is told how a run goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firth.training.progress import Epoch, Progress
from firth.vocabulary import Vocabulary

if TYPE_CHECKING:
    from firth.training.model import TrainedModel


class Callback:
    """Is told how a run goes; override what is of interest.

    The methods are called in the thread that called `firth.train`, between two rounds of the kernel. Whatever
    one raises ends the run at once and reaches the caller, after a checkpoint is written where the run writes any.
    """

    def on_read(self, done: int, total: int | None) -> None:
        """So many bytes of the corpus are read, of how many; None where that is not known."""

    def on_count(self, share: float) -> None:
        """So much of the counting is done that a model may need before it is trained, from 0 to 1."""

    def on_start(self, vocabulary: Vocabulary) -> None:
        """Training is about to begin; `vocabulary` holds the words that are learned, with their counts."""

    def on_progress(self, progress: Progress) -> None:
        """About a quarter of a second of training has passed."""

    def on_epoch_end(self, epoch: Epoch) -> None:
        """A pass over the corpus is done."""

    def on_checkpoint(self, path: Path) -> None:
        """A checkpoint is written, to this folder."""

    def on_end(self, model: TrainedModel) -> None:
        """Training is over, or was interrupted: see ``model.finished``. Nothing is written yet."""
