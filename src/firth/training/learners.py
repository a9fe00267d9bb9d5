"""Which learner trains which model."""

from __future__ import annotations

from firth.config import Settings, WindowSettings
from firth.corpus import TokenCorpus
from firth.errors import ConfigError
from firth.training import windows
from firth.training.loop import Learner
from firth.vocabulary import Vocabulary


def make_learner(corpus: TokenCorpus, config: Settings, vocabulary: Vocabulary) -> Learner:
    """Return what trains the model of `config` on a corpus.

    Raises
    ------
    TrainingError
        The weights do not fit into the memory of this machine.
    """
    if isinstance(config, WindowSettings):
        return windows.WindowLearner.of(corpus, config, vocabulary)
    raise ConfigError(f"there is no training of {config.NAME!r}")


def warm_up(config: Settings) -> None:
    """Compile the kernels that `config` needs, or fetch them from the cache."""
    if isinstance(config, WindowSettings):
        windows.warm_up(config)
