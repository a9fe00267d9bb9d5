"""Which learner trains which model."""

from __future__ import annotations

from collections.abc import Sequence

from firth.config import GloVe, Settings, WindowSettings
from firth.corpus import TokenCorpus
from firth.errors import ConfigError
from firth.training import glove, windows
from firth.training.callbacks import Callback
from firth.training.loop import Learner
from firth.vocabulary import Vocabulary


def make_learner(
    corpus: TokenCorpus,
    config: Settings,
    vocabulary: Vocabulary,
    *,
    held_out: TokenCorpus | None = None,
    threads: int,
    callbacks: Sequence[Callback] = (),
) -> Learner:
    """Return what trains the model of `config` on a corpus; GloVe counts first, with `threads`, and tells `callbacks`.

    Raises
    ------
    TrainingError
        The weights do not fit into the memory of this machine.
    ConfigError
        The corpus has weights that the model cannot heed.
    InputError, OutputError
        What is to be counted has no pairs, or does not fit into memory or on the disk.
    """
    if isinstance(config, WindowSettings):
        return windows.WindowLearner.of(corpus, config, vocabulary, held_out)
    if isinstance(config, GloVe):
        if corpus.weights is not None:
            raise ConfigError(
                "the corpus has weights, but GloVe sums up pairs before it trains: repeat the documents that count "
                "more, or choose another model"
            )

        def counted(share: float) -> None:
            for callback in callbacks:
                callback.on_count(share)

        return glove.GloVeLearner.of(corpus, config, vocabulary, threads=threads, progress=counted)
    raise ConfigError(f"there is no training of {config.NAME!r}")


def warm_up(config: Settings) -> None:
    """Compile the kernels that `config` needs, or fetch them from the cache."""
    if isinstance(config, WindowSettings):
        windows.warm_up(config)
    elif isinstance(config, GloVe):
        glove.warm_up(config)
