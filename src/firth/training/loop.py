"""The loop: epochs of rounds, each a call of one kernel on all threads; between rounds it looks up."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from firth.config import Settings
from firth.errors import CorpusError, TrainingError
from firth.formats import VectorTable
from firth.training.callbacks import Callback
from firth.training.interruption import Interruption
from firth.training.progress import Epoch, Progress
from firth.vectors import WordVectors

_log = logging.getLogger(__name__)

Work = Callable[[int, int, int], tuple[float, float]]
"""Trains on the positions from the second to the third number of an epoch; returns the loss and the number of terms."""


class Learner(Protocol):
    """A model in training: its weights, and how one round changes them. The loop does the rest."""

    @property
    def settings(self) -> Settings:
        """What to learn and how."""
        ...

    @property
    def n_positions(self) -> int:
        """How many positions an epoch has: places of the corpus, or whatever else the model goes through."""
        ...

    @property
    def n_words(self) -> int:
        """How many words of the corpus an epoch stands for, by which progress is told."""
        ...

    def round_length(self, threads: int) -> int:
        """Return the positions between two looks at the clock, about a quarter of a second."""
        ...

    def learning_rate(self, epoch: int, position: int) -> float:
        """Return the rate at a position of an epoch."""
        ...

    def workers(self, threads: int) -> AbstractContextManager[Work]:
        """Return a context in which all threads stand ready, and which yields what sets them to work."""
        ...

    def release(self, start: int, stop: int) -> None:
        """Let go of what the positions from `start` to `stop` have brought into memory."""
        ...

    def nothing_to_learn(self) -> str:
        """Say why a whole epoch had no term of the loss, and what to do."""
        ...

    def initialise(self, start: WordVectors | None) -> None:
        """Fill the weights of a new run, at random or from given vectors."""
        ...

    def restore(self, table: VectorTable) -> None:
        """Fill the weights from what `finish` has returned."""
        ...

    def finish(self) -> VectorTable:
        """Return the words with their vectors, and give the weights up for it."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a run stands between two rounds; with the matrices, all that it needs to go on.

    Parameters
    ----------
    epoch : int
        Finished epochs.
    position : int
        Corpus positions done of the next one.
    loss, pairs : float
        Sums over that part of the epoch.
    history : tuple of Epoch
        The finished epochs.
    """

    epoch: int = 0
    position: int = 0
    loss: float = 0.0
    pairs: float = 0.0
    history: tuple[Epoch, ...] = ()

    def as_dict(self) -> dict[str, float]:
        """Return the numbers, without the history, as plain values."""
        return {name: getattr(self, name) for name in ("epoch", "position", "loss", "pairs")}


def run(
    learner: Learner, *, threads: int, standing: Standing, callbacks: Sequence[Callback] = ()
) -> Standing:
    """Train in place from `standing` to the end, or until Ctrl-C, and return where training stands then.

    Raises
    ------
    CorpusError
        A whole epoch has no pair to train on.
    TrainingError
        The loss is not finite any more.
    """
    clock = _Clock(learner, standing)
    length = learner.round_length(threads)
    with Interruption() as interruption, learner.workers(threads) as work:
        while standing.epoch < learner.settings.epochs and not interruption.requested:
            stop = min(standing.position + length, learner.n_positions)
            loss, pairs = work(standing.epoch, standing.position, stop)
            learner.release(standing.position, stop)
            standing = dataclasses.replace(
                standing, position=stop, loss=standing.loss + loss, pairs=standing.pairs + pairs
            )
            _check_loss(learner, standing)
            progress = clock.progress(standing)
            for callback in callbacks:
                callback.on_progress(progress)
            if stop == learner.n_positions:
                if not standing.pairs:
                    raise CorpusError(learner.nothing_to_learn())
                epoch = clock.epoch(standing, progress)
                standing = Standing(epoch=standing.epoch + 1, history=(*standing.history, epoch))
                _log.info(
                    "epoch %d: loss %.4f, %.0f words/s", epoch.epoch, epoch.loss, epoch.words_per_second
                )
                for callback in callbacks:
                    callback.on_epoch_end(epoch)
    return standing


def _check_loss(learner: Learner, standing: Standing) -> None:
    if not math.isfinite(standing.loss):
        raise TrainingError(
            f"the loss is {standing.loss} after {standing.position:,} of {learner.n_positions:,} positions of epoch "
            f"{standing.epoch + 1}: the vectors have grown beyond all bounds; lower the learning rate, "
            f"which is {learner.settings.learning_rate}, or remove wild values from the initial vectors"
        )


class _Clock:
    """Turns corpus positions into words, and words into rates."""

    def __init__(self, learner: Learner, standing: Standing) -> None:
        self._learner = learner
        self._words = learner.n_words
        self._begin = self._epoch_begin = time.perf_counter()
        self._begin_words = self._epoch_begin_words = self._done(standing)

    def _done(self, standing: Standing) -> int:
        return round(self._words * (standing.epoch + standing.position / self._learner.n_positions))

    def progress(self, standing: Standing) -> Progress:
        """Return what to tell about `standing`, now."""
        seconds = max(time.perf_counter() - self._begin, 1e-9)
        words, total = self._done(standing), self._words * self._learner.settings.epochs
        rate = (words - self._begin_words) / seconds
        return Progress(
            epoch=standing.epoch + 1,
            epochs=self._learner.settings.epochs,
            words=words,
            total_words=total,
            words_per_second=rate,
            loss=standing.loss / standing.pairs if standing.pairs else math.nan,
            learning_rate=self._learner.learning_rate(standing.epoch, standing.position),
            seconds=seconds,
            seconds_left=(total - words) / rate if rate else math.inf,
        )

    def epoch(self, standing: Standing, progress: Progress) -> Epoch:
        """Return the record of the epoch that ends at `standing`, and begin the next one."""
        now = time.perf_counter()
        seconds = max(now - self._epoch_begin, 1e-9)
        record = Epoch(
            epoch=progress.epoch,
            loss=progress.loss,
            pairs=int(standing.pairs),
            seconds=seconds,
            words_per_second=(progress.words - self._epoch_begin_words) / seconds,
            learning_rate=progress.learning_rate,
        )
        self._epoch_begin, self._epoch_begin_words = now, progress.words
        return record
