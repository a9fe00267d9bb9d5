"""What a run tells while it goes on, and to whom."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from firth.vocabulary import Vocabulary

if TYPE_CHECKING:
    from firth.training.model import TrainedModel


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands.

    Parameters
    ----------
    epoch, epochs : int
        The running epoch, counted from 1, of how many.
    words, total_words : int
        Tokens of the vocabulary that were passed, before subsampling, over all epochs, of how many.
    words_per_second : float
        Since the start or the resumption of training.
    loss : float
        Mean per positive pair since the beginning of the epoch; NaN before the first pair.
    learning_rate : float
        Now.
    seconds, seconds_left : float
        Since the start of training, and until its end at the present rate.
    """

    epoch: int
    epochs: int
    words: int
    total_words: int
    words_per_second: float
    loss: float
    learning_rate: float
    seconds: float
    seconds_left: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one pass over the corpus came to.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    loss : float
        Mean of the objective per positive pair, with K noise words each, over the whole epoch.
    pairs : int
        Positive pairs that were trained on.
    seconds : float
        Spent training, in this process, since the epoch began or was resumed.
    words_per_second : float
        Tokens of the vocabulary, before subsampling, per second of that time.
    learning_rate : float
        At the end of the epoch.
    """

    epoch: int
    loss: float
    pairs: int
    seconds: float
    words_per_second: float
    learning_rate: float


class Callback:
    """Is told how a run goes; override what is of interest.

    The methods are called in the thread that called `firth.train`, between two rounds of the kernel. Whatever
    one raises ends the run at once and reaches the caller.
    """

    def on_read(self, done: int, total: int | None) -> None:
        """So many bytes of the corpus are read, of how many; None where that is not known."""

    def on_start(self, vocabulary: Vocabulary) -> None:
        """Training is about to begin; `vocabulary` holds the words that are learned, with their counts."""

    def on_progress(self, progress: Progress) -> None:
        """About a quarter of a second of training has passed."""

    def on_epoch_end(self, epoch: Epoch) -> None:
        """A pass over the corpus is done."""

    def on_end(self, model: TrainedModel) -> None:
        """Training is over, or was interrupted: see ``model.finished``. Nothing is written yet."""
