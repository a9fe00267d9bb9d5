"""The loop: epochs of rounds, each a call of one kernel on all threads; between rounds it looks up."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from firth.config import SkipGram
from firth.corpus import TokenCorpus
from firth.errors import CorpusError, TrainingError
from firth.kernels.cpu import intrinsics, state
from firth.kernels.cpu.hogwild import train_hogwild
from firth.kernels.cpu.random import stream_key
from firth.kernels.cpu.synchronous import train_synchronous
from firth.training.callbacks import Callback
from firth.training.interruption import Interruption
from firth.training.plan import Plan, make_plan
from firth.training.progress import Epoch, Progress
from firth.vocabulary import Vocabulary

_log = logging.getLogger(__name__)

_TEXT_STREAM, _NOISE_STREAM = 0, 1
_PATIENCE = 0.1


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
    plan: Plan,
    corpus: TokenCorpus,
    lookup: NDArray[np.int32],
    model: state.Model,
    *,
    threads: int,
    standing: Standing,
    callbacks: Sequence[Callback] = (),
) -> Standing:
    """Train `model` in place from `standing` to the end, or until Ctrl-C, and return where it stands then.

    Raises
    ------
    CorpusError
        A whole epoch has no pair to train on.
    TrainingError
        The loss is not finite any more.
    """
    ids = np.asarray(corpus.ids).view(np.ndarray)  # the plain type, for which the kernels are compiled
    text = state.Text(ids, lookup, plan.keep, plan.noise)
    clock = _Clock(plan, standing)
    length = _round_length(plan, threads)
    with Interruption() as interruption, _workers(plan, text, model, threads, length) as work:
        while standing.epoch < plan.config.epochs and not interruption.requested:
            stop = min(standing.position + length, plan.n_positions)
            loss, pairs = work(_stretch(plan, standing, stop))
            corpus.release(standing.position, stop)
            standing = dataclasses.replace(
                standing, position=stop, loss=standing.loss + loss, pairs=standing.pairs + pairs
            )
            if not math.isfinite(standing.loss):
                raise TrainingError(
                    f"the loss is {standing.loss} after {stop:,} of {plan.n_positions:,} positions of epoch "
                    f"{standing.epoch + 1}: the vectors have grown beyond all bounds; lower the learning rate, "
                    f"which is {plan.config.learning_rate}, or remove wild values from the initial vectors"
                )
            progress = clock.progress(standing)
            for callback in callbacks:
                callback.on_progress(progress)
            if stop == plan.n_positions:
                if not standing.pairs:
                    raise CorpusError(
                        "no pair to train on: after dropping rare words and thinning out frequent ones "
                        f"(subsample={plan.config.subsample}), no word has another beside it in its document; give "
                        "more text, set subsample=0, or split the text by another rule"
                    )
                epoch = clock.epoch(standing, progress)
                standing = Standing(epoch=standing.epoch + 1, history=(*standing.history, epoch))
                _log.info(
                    "epoch %d: loss %.4f, %.0f words/s", epoch.epoch, epoch.loss, epoch.words_per_second
                )
                for callback in callbacks:
                    callback.on_epoch_end(epoch)
    return standing


def warm_up(config: SkipGram) -> None:
    """Compile the kernel that `config` needs, or fetch it from the cache, by training on four tokens."""
    small = dataclasses.replace(config, dim=1)
    plan = make_plan(small, Vocabulary(["a", "b"], np.array([2, 2])), 5)
    ids = np.array([0, 1, 0, 1, -1], np.int32)
    ids.flags.writeable = False
    rows = state.Model(state.make_matrix(2, small.dim), state.make_matrix(2, small.dim))
    text = state.Text(ids, np.array([0, 1], np.int32), plan.keep, plan.noise)
    with _workers(plan, text, rows, 1, plan.round_length) as work:
        work(_stretch(plan, Standing(), len(ids)))


def _round_length(plan: Plan, threads: int) -> int:
    """Return the corpus positions of a round: without a common step, each thread needs blocks of its own."""
    if plan.config.deterministic:
        return plan.round_length
    return max(plan.round_length, 2 * threads * plan.options.block_length)


def _stretch(plan: Plan, standing: Standing, stop: int) -> state.Stretch:
    """Return the next round's part of the corpus with its draws and rates."""
    return state.Stretch(
        start=standing.position,
        stop=stop,
        text_key=stream_key(plan.config.seed, standing.epoch, _TEXT_STREAM),
        noise_key=stream_key(plan.config.seed, standing.epoch, _NOISE_STREAM),
        rate=plan.learning_rate(standing.epoch, standing.position),
        rate_slope=plan.learning_rate_slope,
    )


@contextlib.contextmanager
def _workers(
    plan: Plan, text: state.Text, model: state.Model, threads: int, length: int
) -> Iterator[Callable[[state.Stretch], tuple[float, float]]]:
    """Yield a function that trains on a stretch of up to `length` with all threads and returns its loss and pairs.

    The BLAS keeps to one thread meanwhile: the products are small, and the threads are ours.
    """
    deterministic = plan.config.deterministic
    options = plan.options if deterministic else plan.options._replace(n_chunks=2)
    groups = state.n_groups(threads) if deterministic else threads
    blocks = state.make_blocks(options, length // options.block_length)
    exchanges = [state.make_exchange(options) for _ in range(1 if deterministic else threads)]
    steps = [state.make_super_step(options, width=state.slice_width(plan.config.dim)) for _ in range(groups)]
    scratch = [
        state.make_workspace(options, vocab_size=len(plan.vocabulary), threads=threads)
        for _ in range(threads)
    ]
    counters = np.zeros(intrinsics.N_COUNTERS, np.int64)
    totals = np.zeros((threads, 2))

    def work(thread: int, stretch: state.Stretch) -> None:
        shared = (counters, stretch, text, model, options, blocks)
        own = (steps[thread % groups], scratch[thread], totals[thread])
        try:
            if deterministic:
                train_synchronous(thread, threads, *shared, exchanges[0], *own)
            else:
                train_hogwild(thread, *shared, exchanges[thread], *own)
        except BaseException:
            counters[intrinsics.ABANDONED] = 1  # the others must not wait for this thread
            raise

    with (
        threadpool_limits(limits=1, user_api="blas"),
        concurrent.futures.ThreadPoolExecutor(threads, "firth-training") as pool,
    ):

        def on_all(stretch: state.Stretch) -> tuple[float, float]:
            counters[:] = 0
            totals[:] = 0
            futures = [pool.submit(work, thread, stretch) for thread in range(threads)]
            # Waiting in short turns lets signals arrive on every platform.
            while concurrent.futures.wait(futures, _PATIENCE).not_done:
                pass
            for future in futures:
                future.result()
            loss, pairs = totals.sum(axis=0)
            return float(loss), float(pairs)

        yield on_all


class _Clock:
    """Turns corpus positions into words, and words into rates."""

    def __init__(self, plan: Plan, standing: Standing) -> None:
        self._plan = plan
        self._words = plan.vocabulary.total or 0
        self._begin = self._epoch_begin = time.perf_counter()
        self._begin_words = self._epoch_begin_words = self._done(standing)

    def _done(self, standing: Standing) -> int:
        return round(self._words * (standing.epoch + standing.position / self._plan.n_positions))

    def progress(self, standing: Standing) -> Progress:
        """Return what to tell about `standing`, now."""
        seconds = max(time.perf_counter() - self._begin, 1e-9)
        words, total = self._done(standing), self._words * self._plan.config.epochs
        rate = (words - self._begin_words) / seconds
        return Progress(
            epoch=standing.epoch + 1,
            epochs=self._plan.config.epochs,
            words=words,
            total_words=total,
            words_per_second=rate,
            loss=standing.loss / standing.pairs if standing.pairs else math.nan,
            learning_rate=self._plan.learning_rate(standing.epoch, standing.position),
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
