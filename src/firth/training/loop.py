"""The loop: epochs of rounds, each a call of one kernel on all threads; between rounds it looks up."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from firth.config import Settings
from firth.errors import CorpusError, FirthError
from firth.formats import VectorTable
from firth.training.callbacks import Callback
from firth.training.interruption import Interruption
from firth.training.keeper import Keeper
from firth.training.overflow import check_weights, overflow
from firth.training.progress import Epoch, Progress
from firth.training.standing import Standing
from firth.vectors import WordVectors

_log = logging.getLogger(__name__)


class Part(NamedTuple):
    """What training on some positions of an epoch has come to."""

    loss: float
    """Summed up; NaN or infinite where it was so for a chunk."""
    pairs: float
    """The number of its terms."""
    reached: int
    """The position behind the last one; where the loss was not finite, that of the chunk at which this was noticed."""


Work = Callable[[int, int, int], Part]
"""Trains on the positions from the second to the third number of an epoch."""


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

    @property
    def weights(self) -> Mapping[str, NDArray[np.float32]]:
        """All that is learned, as it lies in memory, C-contiguous, by name: rows stand in the last axis but one."""
        ...

    def row_name(self, name: str, row: int) -> str:
        """Return what a row of the weights called `name` stands for, for messages."""
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

    def held_out_loss(self, threads: int, stopped: Callable[[], bool]) -> float | None:
        """Return the mean loss per pair of the documents held out; None if there are none, or if `stopped` says so."""
        ...

    def release(self, start: int, stop: int) -> None:
        """Let go of what the positions from `start` to `stop` have brought into memory, which must be unchanged."""
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


def run(
    learner: Learner,
    *,
    threads: int,
    standing: Standing,
    callbacks: Sequence[Callback] = (),
    keeper: Keeper | None = None,
) -> Standing:
    """Train in place from `standing` to the end, or until Ctrl-C, and return where training stands then.

    Raises
    ------
    CorpusError
        A whole epoch has no pair to train on.
    TrainingError
        The loss or the weights are not finite any more.
    OutputError
        A checkpoint cannot be written.
    """
    return _Run(learner, threads, standing, callbacks, keeper).go()


class _Run:
    """A run of the loop: where it stands, and whom it tells."""

    def __init__(
        self,
        learner: Learner,
        threads: int,
        standing: Standing,
        callbacks: Sequence[Callback],
        keeper: Keeper | None,
    ) -> None:
        self._learner = learner
        self._threads = threads
        self._standing = standing
        self._callbacks = callbacks
        self._keeper = keeper
        self._clock = _Clock(learner, standing)
        if keeper is not None:
            keeper.begin(self._clock.words(standing))

    def go(self) -> Standing:
        learner = self._learner
        with Interruption() as interruption, learner.workers(self._threads) as work:
            while not self._standing.ended(learner.settings) and not interruption.requested:
                if self._standing.position < learner.n_positions:
                    self._round(work)
                if self._standing.position == learner.n_positions:
                    self._end_epoch(lambda: interruption.requested)
                ended = self._standing.ended(learner.settings)
                if (
                    self._keeper is not None
                    and self._keeper.due(self._clock.words(self._standing))
                    and not ended
                ):
                    self._keep(self._keeper)
        if not self._standing.ended(learner.settings):
            check_weights(learner, self._standing, all_rows=True)
        return self._standing

    def _round(self, work: Work) -> None:
        before = self._standing
        stop = min(before.position + self._learner.round_length(self._threads), self._learner.n_positions)
        loss, pairs, reached = work(before.epoch, before.position, stop)
        self._learner.release(before.position, stop)
        self._standing = dataclasses.replace(
            before, position=reached, loss=before.loss + loss, pairs=before.pairs + pairs
        )
        if not math.isfinite(self._standing.loss):
            raise overflow(self._learner, self._standing, f"the loss is {self._standing.loss}")
        check_weights(self._learner, self._standing, all_rows=stop == self._learner.n_positions)
        progress = self._clock.progress(self._standing)
        self._tell(lambda callback: callback.on_progress(progress))

    def _end_epoch(self, stopped: Callable[[], bool]) -> None:
        """Record the epoch that is done; if the run shall stop while it is judged, that is left for later."""
        settings, standing = self._learner.settings, self._standing
        if not standing.pairs:
            raise CorpusError(self._learner.nothing_to_learn())
        progress = self._clock.progress(standing)
        held_out_loss = None
        if settings.held_out:
            held_out_loss = self._learner.held_out_loss(self._threads, stopped)
            if held_out_loss is None:
                return
        epoch = self._clock.epoch(standing, progress, held_out_loss)
        self._standing = Standing(epoch=standing.epoch + 1, history=(*standing.history, epoch))
        _log.info("epoch %d: loss %.4f, %.0f words/s", epoch.epoch, epoch.loss, epoch.words_per_second)
        if settings.patience is not None and self._standing.best_epoch() == epoch.epoch and self._keeper:
            self._keep(self._keeper)
        self._tell(lambda callback: callback.on_epoch_end(epoch))

    def _keep(self, keeper: Keeper) -> None:
        check_weights(self._learner, self._standing, all_rows=True)
        keeper.keep(self._standing, self._clock.words(self._standing))

    def _tell(self, tell: Callable[[Callback], None]) -> None:
        """Tell all callbacks. The weights are whole meanwhile, so what one raises need not cost what is learned."""
        try:
            for callback in self._callbacks:
                tell(callback)
        except Exception:
            self._rescue()
            raise

    def _rescue(self) -> None:
        """Write a checkpoint after a failure; if that fails too, the first failure is what is told."""
        if self._keeper is None:
            return
        try:
            self._keep(self._keeper)
        except FirthError as error:
            _log.warning("no checkpoint could be written after the failure: %s", error)


class _Clock:
    """Turns corpus positions into words, and words into rates."""

    def __init__(self, learner: Learner, standing: Standing) -> None:
        self._learner = learner
        self._words = learner.n_words
        self._begin, self._epoch_begin = time.perf_counter(), 0.0
        self._begin_words = self._epoch_begin_words = self.words(standing)

    def words(self, standing: Standing) -> int:
        """Return how many words are done."""
        return round(self._words * (standing.epoch + standing.position / self._learner.n_positions))

    def progress(self, standing: Standing) -> Progress:
        """Return what to tell about `standing`, now."""
        seconds = max(time.perf_counter() - self._begin, 1e-9)
        words, total = self.words(standing), self._words * self._learner.settings.epochs
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

    def epoch(self, standing: Standing, progress: Progress, held_out_loss: float | None) -> Epoch:
        """Return the record of the epoch that ends at `standing`, and begin the next one."""
        seconds = max(progress.seconds - self._epoch_begin, 1e-9)
        record = Epoch(
            epoch=progress.epoch,
            loss=progress.loss,
            pairs=int(standing.pairs),
            seconds=seconds,
            words_per_second=(progress.words - self._epoch_begin_words) / seconds,
            learning_rate=progress.learning_rate,
            held_out_loss=held_out_loss,
        )
        self._epoch_begin, self._epoch_begin_words = time.perf_counter() - self._begin, progress.words
        return record
