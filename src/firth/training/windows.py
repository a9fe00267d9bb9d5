"""The learner of the models that slide a window over the text, around their kernels."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.config import WindowSettings
from firth.corpus import TokenCorpus
from firth.errors import CorpusError
from firth.formats import VectorTable
from firth.kernels.cpu import state
from firth.kernels.cpu.hogwild import train_hogwild
from firth.kernels.cpu.random import stream_key
from firth.kernels.cpu.synchronous import train_synchronous
from firth.training.crew import crew
from firth.training.loop import Part, Work
from firth.training.pace import Pace
from firth.training.plan import Plan, make_plan
from firth.training.weights import initialise, make_weights, restore, to_table
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

_TEXT_STREAM, _NOISE_STREAM, _HELD_OUT_STREAM, _HELD_OUT_NOISE_STREAM = range(4)

_TrainOne = Callable[[int, Any], None]


class WindowLearner:
    """A model over windows in training; see `firth.training.loop.Learner`.

    Parameters
    ----------
    plan : Plan
    text : Text
        The corpus as the kernels see it.
    corpus : TokenCorpus, optional
        Where the ids of `text` come from, told what is not needed any more.
    held_out : Text, optional
        Documents that are not trained on, by which the weights are judged.
    """

    def __init__(
        self,
        plan: Plan,
        text: state.Text,
        corpus: TokenCorpus | None = None,
        held_out: state.Text | None = None,
    ) -> None:
        self.plan = plan
        self._model = make_weights(plan)
        self._text = text
        self._corpus = corpus
        self._held_out = held_out
        known = text.lookup >= 0
        self._n_words = (
            (plan.vocabulary.total or 0) if corpus is None else int(corpus.type_counts[known].sum())
        )

    @classmethod
    def of(
        cls,
        corpus: TokenCorpus,
        config: WindowSettings,
        vocabulary: Vocabulary,
        held_out: TokenCorpus | None = None,
    ) -> WindowLearner:
        """Return a learner of `vocabulary` over a corpus, judged by documents that are held out.

        Raises
        ------
        TrainingError
            The weights do not fit into the memory of this machine.
        """
        plan = make_plan(config, vocabulary, len(corpus.ids))
        lookup = corpus.lookup_table(vocabulary)  # of both, whose types are the same
        text, other = (text_of(plan, part.ids, lookup, part.weights) for part in (corpus, held_out or corpus))
        return cls(plan, text, corpus, None if held_out is None else other)

    def initialise(self, start: WordVectors | None) -> None:
        """Fill the weights of a new run, at random or from given vectors."""
        initialise(self._model, self.plan, start)

    def restore(self, table: VectorTable) -> None:
        """Fill the weights from what `finish` has returned."""
        restore(self._model, self.plan, table)

    def snapshot(self) -> VectorTable:
        """Return the words with their vectors as they stand between two rounds; the weights stay."""
        return to_table(list(self._model), self.plan)

    def finish(self) -> VectorTable:
        """Return the words with their vectors, and give the weights up for it."""
        weights = list(self._model)
        del self._model
        return to_table(weights, self.plan)

    @property
    def settings(self) -> WindowSettings:
        """What to learn and how."""
        return self.plan.config

    @property
    def n_positions(self) -> int:
        """The length of the corpus: its tokens, and one for the end of each document."""
        return self.plan.n_positions

    @property
    def n_words(self) -> int:
        """How many tokens of the corpus the vocabulary holds."""
        return self._n_words

    @property
    def weights(self) -> Mapping[str, NDArray[np.float32]]:
        """The matrices, those with no row left out."""
        outputs = "output rows" if self.plan.n_output_words else "node rows"
        named = zip(("input rows", outputs, "position weights"), self._model, strict=True)
        return {name: matrix for name, matrix in named if matrix.size}

    def row_name(self, name: str, row: int) -> str:
        """Return the word of a row, or its number where it is not a word's."""
        words = self.plan.vocabulary.words
        if name in ("input rows", "output rows"):
            others = "n-gram" if name == "input rows" else "node"
            return repr(words[row]) if row < len(words) else f"{others} {row - len(words):,}"
        return f"number {row:,}"

    def round_length(self, threads: int) -> int:
        """Return the positions of a round: without a common step, each thread needs blocks of its own."""
        if self.settings.deterministic:
            return self.plan.round_length
        return max(self.plan.round_length, 2 * threads * self.plan.options.block_length)

    def learning_rate(self, epoch: int, position: int) -> float:
        """Return the rate at a position of an epoch."""
        return self.plan.learning_rate(epoch, position)

    def release(self, start: int, stop: int) -> None:
        """Let go of the pages of the corpus that are done, and make sure that they were what they should be."""
        if self._corpus is not None:
            self._corpus.release(start, stop)
            self._corpus.check_unchanged()

    def nothing_to_learn(self) -> str:
        """Say why a whole epoch had no pair, and what to do."""
        return (
            "no pair to train on: after dropping rare words and thinning out frequent ones "
            f"(subsample={self.settings.subsample}), no word has another beside it in its document; give "
            "more text, set subsample=0, or split the text by another rule"
        )

    @contextlib.contextmanager
    def workers(self, threads: int) -> Iterator[Work]:
        """Yield a function that trains on a part of an epoch with all threads."""
        with self._workers(threads, self._text, self._stretch) as work:
            yield work

    def held_out_loss(self, threads: int, stopped: Callable[[], bool]) -> float | None:
        """Return the mean loss per pair over the documents held out, or None if `stopped` says to stop.

        The kernel that trains does it at a rate of 0, with the same draws after each epoch.

        Raises
        ------
        CorpusError
            They have no pair.
        """
        if self._held_out is None:
            return None
        length, sums = len(self._held_out.ids), np.zeros(2)
        with self._workers(threads, self._held_out, self._stretch_held_out) as work:
            step = self.round_length(threads)
            for start in range(0, length, step):
                if stopped():
                    return None
                sums += work(0, start, min(start + step, length))[:2]
        if not sums[1]:
            raise CorpusError(
                f"the documents held out have no pair: held_out is {self.settings.held_out}; raise it, set "
                "subsample=0, or give more text"
            )
        return float(sums[0] / sums[1])

    @contextlib.contextmanager
    def _workers(
        self, threads: int, text: state.Text, stretch_of: Callable[[int, int, int], state.Stretch]
    ) -> Iterator[Work]:
        """Yield a function that sets all threads to work on a part of a text."""
        settings, plan = self.settings, self.plan
        alone = not settings.deterministic and settings.loss != "softmax"
        options = plan.options._replace(n_chunks=2) if alone else plan.options
        blocks = state.make_blocks(
            options, self.round_length(threads) // options.block_length, weighted=len(text.weights) > 0
        )
        totals = np.zeros((threads, 3))
        train = _softmax if settings.loss == "softmax" else _hogwild if alone else _synchronous
        for_threads = functools.cache(functools.partial(train, self._model, options, totals))
        pace = Pace(threads)

        def work(thread: int, counters: NDArray[np.int64], task: tuple[state.Stretch, int]) -> None:
            stretch, wanted = task
            if thread < wanted:
                shared = (counters, stretch, text, plan.tables, self._model, options, blocks)
                for_threads(wanted)(thread, shared)

        with crew(threads, work) as on_all:

            def on_part(epoch: int, start: int, stop: int) -> Part:
                totals[:] = 0
                for_threads(pace.threads)  # made here, as all threads would make it at once
                begun, used = time.perf_counter(), time.process_time()
                on_all((stretch_of(epoch, start, stop), pace.threads))
                if not alone:
                    pace.note(
                        positions=stop - start,
                        seconds=time.perf_counter() - begun,
                        cpu_seconds=time.process_time() - used,
                    )
                loss, pairs, _ = totals.sum(axis=0)
                wild = totals[totals[:, 2] > 0, 2]
                if len(wild):
                    return Part(math.nan, float(pairs), int(wild.min()) - 1)
                return Part(float(loss), float(pairs), stop)

            yield on_part

    def _stretch(self, epoch: int, start: int, stop: int) -> state.Stretch:
        """Return a part of the corpus with its draws and rates."""
        seed, rate = self.settings.seed, self.plan.learning_rate(epoch, start)
        return state.Stretch(
            start=start,
            stop=stop,
            text_key=stream_key(seed, epoch, _TEXT_STREAM),
            noise_key=stream_key(seed, epoch, _NOISE_STREAM),
            rate=rate,
            rate_slope=(self.plan.learning_rate(epoch, stop) - rate) / (stop - start),
        )

    def _stretch_held_out(self, epoch: int, start: int, stop: int) -> state.Stretch:
        """Return a part of the documents held out, with draws of their own."""
        seed = self.settings.seed
        return state.Stretch(
            start=start,
            stop=stop,
            text_key=stream_key(seed, epoch, _HELD_OUT_STREAM),
            noise_key=stream_key(seed, epoch, _HELD_OUT_NOISE_STREAM),
            rate=0.0,
            rate_slope=0.0,
        )


def _synchronous(
    model: state.Model, options: state.Options, totals: NDArray[np.float64], threads: int
) -> _TrainOne:
    """Return what calls the block-synchronous kernel for one thread, with room for all."""
    groups, width = state.n_groups(threads), model.inputs.shape[2]
    exchange = state.make_exchange(options)
    steps = state.make_super_steps(options, width=width, groups=groups)
    scratch = [state.make_workspace(options, model, threads=threads) for _ in range(threads)]

    def train_one(thread: int, shared: Any) -> None:
        own: Any = (*shared, exchange, *steps[thread % groups], scratch[thread], totals[thread])
        train_synchronous(thread, threads, *own)

    return train_one


def _hogwild(
    model: state.Model, options: state.Options, totals: NDArray[np.float64], threads: int
) -> _TrainOne:
    """Return what calls the lock-free kernel for one thread, with room for each."""
    width = model.inputs.shape[2]
    exchanges = [state.make_exchange(options) for _ in range(threads)]
    steps = [state.make_super_step(options, width=width) for _ in range(threads)]
    scratch = [state.make_workspace(options, model, threads=1) for _ in range(threads)]

    def train_one(thread: int, shared: Any) -> None:
        own: Any = (*shared, exchanges[thread], steps[thread], scratch[thread], totals[thread])
        train_hogwild(thread, *own)

    return train_one


def _softmax(
    model: state.Model, options: state.Options, totals: NDArray[np.float64], threads: int
) -> _TrainOne:
    """Return what calls the kernel of the full softmax for one thread, with room for all."""
    from firth.kernels.cpu.softmax import make_softmax, train_softmax

    _, vocab_size, width = model.outputs.shape
    step = state.make_super_step(options, width=width)
    room = make_softmax(options, vocab_size=vocab_size, width=width, threads=threads)
    scratch = [state.make_workspace(options, model, threads=threads, groups=1) for _ in range(threads)]

    def train_one(thread: int, shared: Any) -> None:
        own: Any = (*shared, room, step, scratch[thread], totals[thread])
        train_softmax(thread, threads, *own)

    return train_one


def text_of(
    plan: Plan,
    ids: NDArray[np.int32],
    lookup: NDArray[np.int32],
    weights: NDArray[np.float32] | None = None,
) -> state.Text:
    """Return the corpus as the kernels see it; of `ids` the plain type, for which they are compiled."""
    if weights is None:
        weights = np.empty(0, np.float32)
        weights.flags.writeable = False
    return state.Text(np.asarray(ids).view(np.ndarray), weights, lookup, plan.keep)


def warm_up(config: WindowSettings) -> None:
    """Compile the kernel that `config` needs, or fetch it from the cache, by training on four tokens."""
    small = dataclasses.replace(config, dim=1)
    plan = make_plan(small, Vocabulary(["a", "b"], np.array([2, 2])), 5)
    ids = np.array([0, 1, 0, 1, -1], np.int32)
    ids.flags.writeable = False
    learner = WindowLearner(plan, text_of(plan, ids, np.array([0, 1], np.int32)))
    with learner.workers(1) as work:
        work(0, 0, len(ids))
