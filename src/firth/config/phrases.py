"""Which neighbouring words become a phrase."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from firth.config.settings import WHOLE_NUMBERS, whole_number
from firth.errors import ConfigError

PhraseScore = Literal["word2phrase", "gensim", "npmi"]

THRESHOLDS: dict[str, float] = {"word2phrase": 100.0, "gensim": 10.0, "npmi": 0.5}
"""The threshold of each score where none is given: those of the tools, and for NPMI one that suits text."""

_TOO_LARGE = 1e30
_MOST_PASSES = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class PhraseOptions:
    """Which neighbouring words become a phrase; see `firth.corpus.find_phrases`.

    Parameters
    ----------
    min_count : int, or several
        Pairs that occur less often are no phrases, at least 1. One number is for all passes, several are for one
        each.
    threshold : float, or several, optional
        A pair whose score is above it is a phrase: at least 0, for NPMI -1 to 1. Where it is not given, it is 100 for
        ``"word2phrase"``, 10 for ``"gensim"`` and 0.5 for ``"npmi"``.
    score : {"word2phrase", "gensim", "npmi"}
        How a pair is judged.
    passes : int
        How often pairs are sought, each time in what the last time has joined, 1 to 100.
    connector_words : iterable of str
        Words that neither begin nor end a phrase, but may stand inside it.
    delimiter : str
        What stands between the words of a phrase; no token may hold it.

    Raises
    ------
    ConfigError
        A value out of its range; the message gives the value, the range and the remedy.
    """

    min_count: int | Sequence[int] = 5
    threshold: float | Sequence[float] | None = None
    score: PhraseScore = "word2phrase"
    passes: int = 1
    connector_words: Iterable[str] = ()
    delimiter: str = "_"

    def __post_init__(self) -> None:
        if not isinstance(self.score, str) or self.score not in THRESHOLDS:
            raise ConfigError(f"score is {self.score!r:.60}, but must be 'word2phrase', 'gensim' or 'npmi'")
        self._set("passes", whole_number("passes", self.passes, 1, _MOST_PASSES))
        self._set(
            "min_count",
            _each(self.min_count, lambda one: whole_number("min_count", one, *WHOLE_NUMBERS["min_count"])),
        )
        if self.threshold is not None:
            self._set("threshold", _each(self.threshold, self._checked_threshold))
        for name in ("min_count", "threshold"):
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) != self.passes:
                raise ConfigError(
                    f"{name} has {len(value)} values, but passes is {self.passes}: give one for each pass, or one for "
                    "all"
                )
        if not isinstance(self.delimiter, str) or not self.delimiter or not _is_utf8(self.delimiter):
            raise ConfigError(
                f"delimiter is {self.delimiter!r:.60}, but must be text of one character or more"
            )
        self._set("connector_words", _connector_words(self.connector_words))

    @property
    def min_counts(self) -> tuple[int, ...]:
        """The `min_count` of each pass."""
        return (self.min_count,) * self.passes if isinstance(self.min_count, int) else tuple(self.min_count)

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The `threshold` of each pass."""
        threshold = THRESHOLDS[self.score] if self.threshold is None else self.threshold
        return (threshold,) * self.passes if isinstance(threshold, float) else tuple(threshold)

    def as_dict(self) -> dict[str, Any]:
        """Return the options as plain values that JSON can hold, with the thresholds that hold."""
        return {
            "score": self.score,
            "passes": self.passes,
            "min_count": list(self.min_counts),
            "threshold": list(self.thresholds),
            "connector_words": list(self.connector_words),
            "delimiter": self.delimiter,
        }

    def _checked_threshold(self, value: Any) -> float:
        low, high = (-1.0, 1.0) if self.score == "npmi" else (0.0, _TOO_LARGE)
        valid = isinstance(value, numbers.Real) and not isinstance(value, bool)
        # Compared as it is: a huge whole number cannot be a float.
        if not valid or not low <= value <= high:
            limit = "from -1 to 1 for npmi" if self.score == "npmi" else f"of at least 0 for {self.score}"
            raise ConfigError(f"threshold is {value!r:.60}, but must be a number {limit}")
        return float(value)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _each(value: Any, check: Any) -> Any:
    """Return `value` checked, or each of several."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(check(one) for one in value)
    return check(value)


def _connector_words(words: Any) -> tuple[str, ...]:
    """Return the words in an order of their own, each once: a set has none that can be relied on."""
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise ConfigError(f"connector_words is {words!r:.60}, but must be several words: a list or a set")
    given = list(words)
    for word in given:
        if not isinstance(word, str) or not _is_utf8(word):
            raise ConfigError(
                f"a connector word is {word!r:.60}, but must be text: tokens are compared as text"
            )
    return tuple(sorted(set(given)))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
