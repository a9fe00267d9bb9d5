"""The models: skip-gram, CBOW, FastText, GloVe."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from firth.config.settings import Schedule, Settings
from firth.errors import ConfigError

Loss = Literal[
    "negative-sampling", "hierarchical-softmax", "hierarchical-softmax+negative-sampling", "softmax"
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class WindowSettings(Settings):
    """What the models share that slide a window over the text: skip-gram, CBOW and FastText.

    Parameters
    ----------
    window : int
        Largest radius: how many tokens to each side of the center count as its context, 1 to 1,000.
    dynamic_window : bool
        Draw each center's radius uniformly from 1 to `window`, as word2vec.c does, so that near words
        weigh more; otherwise every radius is `window`.
    loss : {"negative-sampling", "hierarchical-softmax", "hierarchical-softmax+negative-sampling", "softmax"}
        What is minimised. Hierarchical softmax follows the words' Huffman codes and draws no noise; it can be
        added up with negative sampling, as word2vec.c and gensim do where both are asked for; the full softmax
        computes a probability for every word of the vocabulary and is for small ones.
    negatives : int
        K, the noise words for each positive pair, 1 to 1,000.
    noise_exponent : float
        Noise words are drawn in proportion to count to this power, -10 to 10.
    shared_negatives : int
        S, the draws that a chunk of centers shares, each weighted K/S. More of them come nearer to
        drawing anew for each pair and cost more time; 1 to 1,024.
    exclude_window_negatives : bool
        A draw counts nothing for a center whose window holds that word; otherwise only for the pair whose
        positive word it equals.
    subsample : float
        Threshold t of word2vec.c: a token of relative frequency f is kept with probability
        sqrt(t/f) + t/f. 0 keeps everything.
    learning_rate, min_learning_rate : float
        The rate falls from the first to the second over all epochs, token by token.
    schedule : {"linear", "cosine", "constant"}
        The line on which it falls; a constant rate stays at `learning_rate`.
    dim, epochs, min_count, max_vocab, stop_words, seed, held_out, patience
        See `Settings`.
    deterministic : bool
        The same seed gives the same bits on any number of threads. Otherwise threads update without
        waiting for each other (Hogwild), which is faster.
    """

    window: int = 5
    dynamic_window: bool = True
    loss: Loss = "negative-sampling"
    negatives: int = 5
    noise_exponent: float = 0.75
    shared_negatives: int = 32
    exclude_window_negatives: bool = False
    subsample: float = 1e-4
    min_learning_rate: float = 2.5e-6
    schedule: Schedule = "linear"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_learning_rate > self.learning_rate:
            raise ConfigError(
                f"min_learning_rate is {self.min_learning_rate}, but must not be above learning_rate, which "
                f"is {self.learning_rate}: lower the first or raise the second"
            )
        if not self.draws_noise:
            self._refuse_unless_default(
                ("negatives", "noise_exponent", "shared_negatives", "exclude_window_negatives"),
                f"{self.loss} draws no noise words",
            )

    @property
    def draws_noise(self) -> bool:
        """Whether negative sampling is the loss, or a part of it."""
        return self.loss in ("negative-sampling", "hierarchical-softmax+negative-sampling")

    @property
    def follows_paths(self) -> bool:
        """Whether hierarchical softmax is the loss, or a part of it."""
        return self.loss in ("hierarchical-softmax", "hierarchical-softmax+negative-sampling")

    @property
    def predicts_center(self) -> bool:
        """Whether the context predicts the center (CBOW) and not the other way round."""
        return False


@dataclasses.dataclass(frozen=True, kw_only=True)
class SkipGram(WindowSettings):
    """Skip-gram: the center predicts each word of its context (Mikolov et al. 2013; seed 003, eq. 7 to 29).

    Parameters
    ----------
    dim, window, loss, negatives, epochs, ...
        See `WindowSettings`, whose settings these are.
    """

    NAME: ClassVar[str] = "skipgram"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CBOW(WindowSettings):
    """Continuous bag of words: the words of the context together predict the center (Mikolov et al. 2013).

    Parameters
    ----------
    combine : {"mean", "sum"}
        What the hidden vector is of the context's rows of the input embeddings.
    cbow_gradient : {"word2vec", "exact"}
        What each row of a mean receives: the whole gradient of the hidden vector, as word2vec.c and gensim
        do, or that divided by the number of context words, which is the derivative of the loss.
    position_weights : bool
        Learn a vector for each place of the window that the rows there are multiplied with, number by
        number, before they are combined (Mikolov et al. 2018, section 2.2).
    dim, window, loss, negatives, epochs, ...
        See `WindowSettings`. The learning rate starts at 0.05, as in word2vec.c.
    """

    NAME: ClassVar[str] = "cbow"

    learning_rate: float = 0.05
    combine: Literal["mean", "sum"] = "mean"
    cbow_gradient: Literal["word2vec", "exact"] = "word2vec"
    position_weights: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.combine == "sum":
            self._refuse_unless_default(
                ("cbow_gradient",), "of a sum each row receives the whole gradient anyway"
            )

    @property
    def predicts_center(self) -> bool:
        """Whether the context predicts the center (CBOW) and not the other way round."""
        return True


@dataclasses.dataclass(frozen=True, kw_only=True)
class FastText(WindowSettings):
    """Skip-gram or CBOW over character n-grams, with vectors for words never seen (Bojanowski et al. 2017).

    Parameters
    ----------
    architecture : {"skipgram", "cbow"}
        Whether the center predicts its context, or the context predicts the center.
    min_n, max_n : int
        Shortest and longest n-gram, in characters, of a word between the marks ``<`` and ``>``, 0 to 100. With
        ``max_n=0`` there are none, and vectors are those of whole words.
    buckets : int
        N-grams are hashed into so many rows, which they share.
    dim, window, loss, negatives, epochs, ...
        See `WindowSettings`. The learning rate starts at 0.05, as in fastText.
    """

    NAME: ClassVar[str] = "fasttext"

    learning_rate: float = 0.05
    architecture: Literal["skipgram", "cbow"] = "skipgram"
    min_n: int = 3
    max_n: int = 6
    buckets: int = 2_000_000

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_n > self.max_n and self.max_n > 0:
            raise ConfigError(
                f"min_n is {self.min_n}, but must not be above max_n, which is {self.max_n}: lower the first or "
                "raise the second, or set max_n=0 for no n-grams"
            )

    @property
    def predicts_center(self) -> bool:
        """Whether the context predicts the center (CBOW) and not the other way round."""
        return self.architecture == "cbow"


@dataclasses.dataclass(frozen=True, kw_only=True)
class GloVe(Settings):
    """Global vectors: weighted least squares on log co-occurrence counts, with AdaGrad (Pennington et al. 2014).

    Parameters
    ----------
    window : int
        How many tokens to each side count as context, 1 to 1,000.
    x_max : float
        Pairs that are counted so often, or more, weigh 1; rarer ones less.
    weighting_exponent : float
        A pair counted x times, below `x_max`, weighs (x / x_max) to this power.
    distance_weighting : bool
        A context word at distance d counts 1/d; otherwise 1.
    symmetric : bool
        Count context on both sides; otherwise only on the left.
    learning_rate : float
        Initial rate of AdaGrad.
    memory_limit : int
        Bytes that counting may take before it goes on on disk, at least 16 MiB.
    dim, epochs, min_count, max_vocab, stop_words, seed, deterministic
        See `Settings`. Training is exact and repeatable on any number of threads at no cost, so
        `deterministic` changes nothing; `held_out` and `patience` are refused, as pairs are summed up over all
        documents before they are trained on.
    """

    NAME: ClassVar[str] = "glove"

    learning_rate: float = 0.05
    epochs: int = 25
    window: int = 10
    x_max: float = 10.0
    weighting_exponent: float = 0.75
    distance_weighting: bool = True
    symmetric: bool = True
    memory_limit: int = 4 << 30

    def __post_init__(self) -> None:
        self._refuse_unless_default(
            ("held_out", "patience"),
            "GloVe sums up the pairs of all documents before it trains, so that none has a loss of its own",
        )
        super().__post_init__()


MODELS: dict[str, type[Settings]] = {kind.NAME: kind for kind in (SkipGram, CBOW, FastText, GloVe)}
"""The settings of each model by its name."""


def settings_from_dict(values: Mapping[str, Any]) -> Settings:
    """Return the settings that `Settings.as_dict` made `values` of.

    Raises
    ------
    ConfigError
        There is no such model, or it has no such setting, or a value is out of its range.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"settings are {values!r:.60}, but must be names with values")
    options = dict(values)
    name = options.pop("model", None)
    if not isinstance(name, str) or name not in MODELS:
        raise ConfigError(f"model is {name!r:.60}, but must be one of {', '.join(MODELS)}")
    unknown = set(options) - {field.name for field in dataclasses.fields(MODELS[name])}
    if unknown:
        raise ConfigError(f"{name} has no setting {sorted(unknown)[0]!r:.60}: use a newer firth")
    try:
        return MODELS[name](**options)
    except TypeError as error:  # such as stop words that are a number
        raise ConfigError(f"the settings of {name} cannot be used: {error}") from error
