"""One training as gensim's users ask for it: weights in, weights out, and who is told in between.

Here, and nowhere else under gensim's names, stands what compiles.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from firth.config import WindowSettings
from firth.corpus import TokenCorpus
from firth.errors import TrainingError
from firth.formats import VectorTable
from firth.training.callbacks import Callback
from firth.training.loop import Part, Work, run
from firth.training.plan import make_plan
from firth.training.progress import Epoch
from firth.training.standing import Standing
from firth.training.weights import initialise, make_weights, to_table
from firth.training.windows import WindowLearner, warm_up
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

TakeWeights = Callable[[VectorTable], None]


def new_weights(
    config: WindowSettings, vocabulary: Vocabulary, start: VectorTable | None = None
) -> VectorTable:
    """Return weights as a run begins with them: those of `start` for its words, and random ones.

    Raises
    ------
    TrainingError
        They do not fit into the memory of this machine.
    """
    plan = make_plan(config, vocabulary, 1)
    weights = make_weights(plan)
    initialise(weights, plan, None if start is None else WordVectors(start))
    return to_table([*weights], plan)


def learn(
    corpus: TokenCorpus,
    config: WindowSettings,
    table: VectorTable,
    *,
    threads: int,
    on_epoch: Callable[[Epoch], None],
    take: TakeWeights,
    live: bool,
) -> bool:
    """Train weights further on a corpus, and return whether all epochs are done.

    Parameters
    ----------
    corpus : TokenCorpus
    config : WindowSettings
    table : VectorTable
        The words with their counts and weights.
    threads : int
    on_epoch : callable
        Told about each epoch.
    take : callable
        Given the weights at the end, also if a callback fails, and after each epoch if `live` says so.
    live : bool

    Raises
    ------
    TrainingError
        The weights overflow.
    """
    warm_up(config)
    learner = _Patient.of(corpus, config, table.vocabulary)
    learner.restore(table)
    epochs = _Epochs(on_epoch, (lambda: take(learner.snapshot())) if live else None)
    try:
        standing = run(learner, threads=threads, standing=Standing(), callbacks=[epochs])
    except TrainingError:  # the weights are worth nothing any more
        raise
    except BaseException:
        take(learner.finish())
        raise
    take(learner.finish())
    return standing.ended(config)


class _Patient(WindowLearner):
    """Goes on where an epoch has no pair at all, as gensim does: in a handful of sentences that comes about."""

    @contextlib.contextmanager
    def workers(self, threads: int) -> Iterator[Work]:
        """Yield a function that trains on a part of an epoch, and never says that there was nothing."""
        with super().workers(threads) as work:

            def on_part(epoch: int, start: int, stop: int) -> Part:
                part = work(epoch, start, stop)
                # Lost in any sum with a real number of pairs.
                return part._replace(pairs=part.pairs or sys.float_info.min)

            yield on_part


class _Epochs(Callback):
    """Hands the weights over after each epoch, and then tells."""

    def __init__(self, told: Callable[[Epoch], None], hand_over: Callable[[], None] | None) -> None:
        self._told = told
        self._hand_over = hand_over

    def on_epoch_end(self, epoch: Epoch) -> None:
        """A pass over the corpus is done."""
        if self._hand_over is not None:
            self._hand_over()
        self._told(epoch)
