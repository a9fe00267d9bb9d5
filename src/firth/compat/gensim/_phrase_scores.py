"""How closely neighbouring words belong together, as gensim's users name it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable

from firth.errors import ConfigError

_ARGUMENTS = ("worda_count", "wordb_count", "bigram_count", "len_vocab", "min_count", "corpus_word_count")

Scoring = Callable[..., float]


def original_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,
    min_count: float,
    corpus_word_count: float,
) -> float:
    """Return (count(ab) - min_count) / (count(a) count(b)) times the number of words and pairs.

    Mikolov et al. 2013, "Distributed Representations of Words and Phrases", equation 6, with gensim's scale.
    """
    return (bigram_count - min_count) / (worda_count * wordb_count) * len_vocab


def npmi_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,
    min_count: float,
    corpus_word_count: float,
) -> float:
    """Return the normalized pointwise mutual information, -1 to 1 (Bouma 2009); -inf for pairs that are too rare."""
    if bigram_count < min_count:
        return -math.inf
    pair, first, second = (count / corpus_word_count for count in (bigram_count, worda_count, wordb_count))
    if pair == 1:  # nothing else occurs, as where counts were put together by hand
        return 1.0
    return math.log(pair / (first * second)) / -math.log(pair)


SCORINGS: dict[str, Scoring] = {"default": original_scorer, "npmi": npmi_scorer}


def scoring_of(given: str | Scoring) -> Scoring:
    """Return how pairs are judged: by name, or as a function that takes the arguments of `original_scorer`.

    Raises
    ------
    ConfigError
        It is neither.
    """
    if isinstance(given, str):
        if given not in SCORINGS:
            raise ConfigError(f"scoring is {given!r:.60}, but must be 'default', 'npmi' or a function")
        return SCORINGS[given]
    if not callable(given):
        raise ConfigError(f"scoring is {given!r:.60}, but must be 'default', 'npmi' or a function")
    missing = [name for name in _ARGUMENTS if name not in inspect.signature(given).parameters]
    if missing:
        raise ConfigError(
            f"the scoring function lacks the parameter {missing[0]}: it must take {', '.join(_ARGUMENTS)}"
        )
    return given
