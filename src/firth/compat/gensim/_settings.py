"""gensim's parameters as settings of firth, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firth.compat.gensim.utils import RULE_DISCARD, RULE_KEEP
from firth.config import CBOW, FastText, SkipGram, WindowSettings
from firth.errors import ConfigError
from firth.vocabulary import most_frequent
from firth.words import Words

TrimRule = Callable[[Any, int, int], int]


class Parameters(Protocol):
    """What a model holds of gensim's parameters."""

    vector_size: int
    alpha: float
    min_alpha: float
    window: int
    min_count: int
    sample: float
    seed: int
    sg: int
    hs: int
    negative: int
    ns_exponent: float
    cbow_mean: int
    epochs: int
    shrink_windows: bool


def check_losses(hs: int, negative: int) -> None:
    """Refuse to learn by no loss at all.

    Raises
    ------
    ConfigError
        Both are off.
    """
    if not hs and negative <= 0:
        raise ConfigError(
            f"hs is {hs} and negative is {negative}, so that there is nothing to learn: set hs=1, or negative to 5"
        )


def settings_of(
    model: Parameters,
    *,
    epochs: int | None = None,
    alpha: float | None = None,
    min_alpha: float | None = None,
    subwords: tuple[int, int, int] | None = None,
) -> WindowSettings:
    """Return the settings of a model, with other epochs and rates if they are given.

    Parameters
    ----------
    model : Parameters
    epochs, alpha, min_alpha : optional
        For this training only.
    subwords : tuple of int, optional
        Of FastText: `min_n`, `max_n` and `bucket`.

    Raises
    ------
    ConfigError
        A value is out of its range.
    """
    start = model.alpha if alpha is None else alpha
    end = model.min_alpha if min_alpha is None else min_alpha
    if end > start:
        raise ConfigError(
            f"min_alpha (end_alpha) is {end}, but must not be above alpha (start_alpha), which is {start}: it falls"
        )
    options: dict[str, Any] = {
        "dim": model.vector_size,
        "window": model.window,
        "dynamic_window": bool(model.shrink_windows),
        "subsample": model.sample or 0.0,
        "epochs": model.epochs if epochs is None else epochs,
        "learning_rate": float(start),
        "min_learning_rate": float(end),
        "min_count": max(int(model.min_count or 0), 1),
        "seed": model.seed,
    }
    if model.hs:
        both = model.negative > 0
        options["loss"] = "hierarchical-softmax+negative-sampling" if both else "hierarchical-softmax"
    if model.negative > 0 or not model.hs:
        options |= {"negatives": model.negative, "noise_exponent": model.ns_exponent}
    if subwords is not None:
        if not model.sg and not model.cbow_mean:
            raise ConfigError("cbow_mean is 0, but FastText takes the mean: leave it at 1, or set sg=1")
        min_n, max_n, buckets = subwords
        if buckets <= 0 or max_n < min_n:
            min_n, max_n, buckets = 0, 0, 1
        options |= {"architecture": "skipgram" if model.sg else "cbow"}
        return FastText(**options, min_n=min_n, max_n=max_n, buckets=buckets)
    if model.sg:
        return SkipGram(**options)
    return CBOW(**options, combine="mean" if model.cbow_mean else "sum")


def parameters_of(settings: WindowSettings) -> dict[str, Any]:
    """Return gensim's parameters for settings: of a model that ``firth train`` has made.

    Raises
    ------
    ConfigError
        gensim has nothing of the kind.
    """
    if settings.loss == "softmax":
        raise ConfigError(
            "the model was trained with the full softmax, which gensim lacks: use firth's own names"
        )
    found: dict[str, Any] = {
        "vector_size": settings.dim,
        "alpha": settings.learning_rate,
        "min_alpha": settings.min_learning_rate,
        "window": settings.window,
        "min_count": settings.min_count,
        "sample": settings.subsample,
        "seed": settings.seed,
        "sg": 0 if settings.predicts_center else 1,
        "hs": int(settings.follows_paths),
        "negative": settings.negatives if settings.draws_noise else 0,
        "ns_exponent": settings.noise_exponent,
        "epochs": settings.epochs,
        "shrink_windows": settings.dynamic_window,
    }
    if isinstance(settings, CBOW):
        if settings.position_weights:
            raise ConfigError(
                "the model weighs places of the window, which gensim lacks: use firth's own names"
            )
        found["cbow_mean"] = int(settings.combine == "mean")
    if isinstance(settings, FastText):
        found |= {"min_n": settings.min_n, "max_n": settings.max_n, "bucket": settings.buckets}
    return found


def kept_words(
    words: Words,
    counts: NDArray[np.int64],
    *,
    min_count: int,
    most: int | None,
    trim_rule: TrimRule | None,
    by_count: bool = True,
) -> tuple[NDArray[np.int64], int]:
    """Return the places of the words that a model keeps, in its order, and the least count that holds.

    Parameters
    ----------
    words : Words
    counts : ndarray of int64, shape (len(words),)
    min_count : int
        Rarer words are dropped.
    most : int, optional
        gensim's `max_final_vocab`: the least count is raised until no more words are left. Words of equal count go
        together, so that there may be fewer.
    trim_rule : callable, optional
        Takes a word, its count and `min_count`, and says whether it is kept whatever its count, or dropped.
    by_count : bool
        The most frequent word first; otherwise as the text first shows them.
    """
    least = max(min_count, 1)
    if most is not None and most < int((counts >= least).sum()):
        least = int(np.sort(counts)[::-1][most]) + 1
    kept = counts >= least
    if trim_rule is not None:
        rules = np.fromiter(
            (trim_rule(word, int(count), least) for word, count in zip(words, counts, strict=True)), np.int64
        )
        kept = (kept | (rules == RULE_KEEP)) & (rules != RULE_DISCARD)
    chosen = np.flatnonzero(kept)
    if by_count:
        chosen = chosen[most_frequent(words.take(chosen), counts[chosen], 1)]
    return chosen, least
