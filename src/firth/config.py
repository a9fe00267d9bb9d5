"""What a user can choose: frozen dataclasses, the only home of defaults, each value checked as it is made."""

from __future__ import annotations

import dataclasses
import math
import numbers
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal

from firth.errors import ConfigError

Tokenizer = Callable[[str], Iterable[str]]
"""Takes one document, returns its tokens."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextOptions:
    r"""How text becomes tokens.

    Parameters
    ----------
    tokenize : {"whitespace", "words"}, regular expression or callable
        ``"whitespace"`` splits at Unicode whitespace; ``"words"`` finds Unicode words in raw prose, so
        that ``king,`` is ``king``; any other string, or a compiled pattern, is a regular expression whose
        matches are the tokens; a callable takes a document and returns its tokens.
    lowercase : bool
        Lower the text, by Unicode's rules, before it is split.
    decode_errors : {"strict", "replace"}
        What to do with bytes that are not UTF-8: stop with the file and the byte offset, or put U+FFFD.

    Raises
    ------
    ConfigError
        A value out of its range, or a regular expression that does not compile.
    """

    tokenize: str | re.Pattern[str] | Tokenizer = "whitespace"
    lowercase: bool = False
    decode_errors: Literal["strict", "replace"] = "strict"

    def __post_init__(self) -> None:
        if self.decode_errors not in ("strict", "replace"):
            raise ConfigError(f"decode_errors is {self.decode_errors!r}, but must be 'strict' or 'replace'")
        if isinstance(self.tokenize, str) and self.tokenize not in ("whitespace", "words"):
            try:
                re.compile(self.tokenize)
            except re.error as error:
                raise ConfigError(
                    f"tokenize is {self.tokenize!r}, which is neither 'whitespace' nor 'words' nor a regular "
                    f"expression: {error}"
                ) from error

    def as_dict(self) -> dict[str, Any]:
        """Return what tells how to split text like this, as plain values; a callable is called ``"custom"``."""
        rule = self.tokenize.pattern if isinstance(self.tokenize, re.Pattern) else self.tokenize
        return {"tokenize": rule if isinstance(rule, str) else "custom", "lowercase": self.lowercase}


@dataclasses.dataclass(frozen=True, kw_only=True)
class SkipGram:
    """Skip-gram with negative sampling (Mikolov et al. 2013; seed 003, eq. 7 to 29).

    Parameters
    ----------
    dim : int
        Length of a vector, 1 to 65,536.
    window : int
        Largest radius: how many tokens to each side of the center count as its context, 1 to 1,000.
    dynamic_window : bool
        Draw each center's radius uniformly from 1 to `window`, as word2vec.c does, so that near words
        weigh more; otherwise every radius is `window`.
    negatives : int
        K, the noise words for each positive pair, 1 to 1,000.
    noise_exponent : float
        Noise words are drawn in proportion to count to this power, -10 to 10.
    shared_negatives : int
        S, the draws that a chunk of centers shares, each weighted K/S. More of them come nearer to
        drawing anew for each pair and cost more time; 1 to 1,024.
    subsample : float
        Threshold t of word2vec.c: a token of relative frequency f is kept with probability
        sqrt(t/f) + t/f. 0 keeps everything.
    epochs : int
        How often the corpus is passed over, at least 1.
    learning_rate, min_learning_rate : float
        The rate falls linearly, token by token, from the first to the second over all epochs.
    min_count : int
        Words that occur less often are dropped before windows are cut.
    max_vocab : int, optional
        At most so many words are kept, the most frequent ones.
    stop_words : tuple of str
        Words that are dropped however often they occur.
    seed : int
        Chooses all random draws, 0 to 2**63 - 1.
    deterministic : bool
        The same seed gives the same bits on any number of threads. Otherwise threads update without
        waiting for each other (Hogwild), which is faster.

    Raises
    ------
    ConfigError
        A value out of its range; the message gives the value, the range and the remedy.
    """

    dim: int = 100
    window: int = 5
    dynamic_window: bool = True
    negatives: int = 5
    noise_exponent: float = 0.75
    shared_negatives: int = 32
    subsample: float = 1e-4
    epochs: int = 5
    learning_rate: float = 0.025
    min_learning_rate: float = 2.5e-6
    min_count: int = 5
    max_vocab: int | None = None
    stop_words: tuple[str, ...] = ()
    seed: int = 1
    deterministic: bool = True

    def __post_init__(self) -> None:
        limits: tuple[tuple[str, int, int], ...] = (
            ("dim", 1, 65_536),
            ("window", 1, 1_000),
            ("negatives", 1, 1_000),
            ("shared_negatives", 1, 1_024),
            ("epochs", 1, 1_000_000),
            ("min_count", 1, 2**62),
            ("seed", 0, 2**63 - 1),
        )
        if self.max_vocab is not None:
            limits += (("max_vocab", 2, 2**31 - 1),)
        # Numbers of NumPy become Python's own, which JSON can hold.
        for name, low, high in limits:
            object.__setattr__(self, name, _whole(name, getattr(self, name), low, high))
        for name, lowest, highest, above in (
            ("noise_exponent", -10.0, 10.0, False),
            ("subsample", 0.0, 1.0, False),
            ("learning_rate", 0.0, 10.0, True),
            ("min_learning_rate", 0.0, 10.0, False),
        ):
            value = _real(name, getattr(self, name), lowest, highest, above=above)
            object.__setattr__(self, name, value)
        if self.min_learning_rate > self.learning_rate:
            raise ConfigError(
                f"min_learning_rate is {self.min_learning_rate}, but must not be above learning_rate, which "
                f"is {self.learning_rate}: lower the first or raise the second"
            )
        for name in ("dynamic_window", "deterministic"):
            if getattr(self, name) is not True and getattr(self, name) is not False:
                raise ConfigError(f"{name} is {getattr(self, name)!r}, but must be True or False")
        if isinstance(self.stop_words, str):
            raise ConfigError(
                f"stop_words is the string {self.stop_words!r}, but must be several words: a tuple"
            )
        object.__setattr__(self, "stop_words", tuple(self.stop_words))
        for word in self.stop_words:
            if not isinstance(word, str):
                raise ConfigError(f"a stop word is {word!r}, but must be text: tokens are compared as text")

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values that JSON can hold, with the name of the model."""
        return {"model": "skipgram", **dataclasses.asdict(self), "stop_words": list(self.stop_words)}


def _whole(name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number from `low` to `high` as an int; refuse anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not low <= int(value) <= high:
        raise ConfigError(f"{name} is {value!r}, but must be a whole number from {low:,} to {high:,}")
    return int(value)


def _real(name: str, value: Any, low: float, high: float, *, above: bool = False) -> float:
    """Return a finite number from `low` (or above it) to `high` as a float; refuse anything else."""
    valid = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if not valid or not low <= value <= high or (above and value == low):
        start = f"above {low:g}, up to" if above else f"from {low:g} to"
        raise ConfigError(f"{name} is {value!r}, but must be a number {start} {high:g}")
    return float(value)
