"""Which settings of a classifier are tried, and in which order, when somebody asks for the best.

Three stages, of which each is as plain as it can be. First the settings as they were given, so that a search never ends
worse than no search. Then the four kinds of rows, which matter most, at a rate that suits most texts: words, pairs of
words, n-grams of characters, both. From then on random steps from the best so far (Rastrigin 1963), which become
shorter with each trial: some settings change at a time, numbers that act by their ratio in their logarithm. No step
depends on the time, so that the same seed and number of trials give the same search on any machine.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from firth.config import ClassifierSettings
from firth.errors import ConfigError

SEARCHED = ("epochs", "learning_rate", "dim", "word_ngrams", "min_n", "max_n", "buckets")
"""The settings that are searched for where they are not fixed."""

LEAST_DIM = 10

# Numbers of which the ratio matters: their limits, and the standard deviation of the logarithm of a first step.
_RANGES: dict[str, tuple[float, float]] = {
    "epochs": (1, 100),
    "learning_rate": (0.01, 5.0),
    "dim": (LEAST_DIM, 300),
    "buckets": (10_000, 2_000_000),
}
_STEPS = {"epochs": 1.0, "learning_rate": 1.0, "dim": 0.5, "buckets": 1.0}
_MOST_WORD_NGRAMS = 5
_NGRAMS = ((0, 0), (2, 5), (3, 6))
_SPAN = 3
_COLUMNS = (1, 2, 4, 8)
_CHANGING = 0.5
_GOOD_RATE, _MORE_EPOCHS = 0.5, 2
_SHRINKING, _SHORTEST = 0.93, 0.3
_DRAWS = 1_000
_STREAM = 300


class Candidate(NamedTuple):
    """What a trial tries."""

    settings: ClassifierSettings
    columns: int | None
    """How many columns share a byte, where the classifier is quantised."""


class Proposals:
    """What to try next, nothing twice.

    Parameters
    ----------
    start : ClassifierSettings
        Where the search starts; its seed decides all draws.
    fixed : collection of str
        Settings that stay as they are in `start`.
    quantized : bool
        Whether the classifier is quantised, by columns that are searched for as well.
    most_dim : int, optional
        The longest vector that is tried where `dim` is not fixed.

    Raises
    ------
    ConfigError
        A fixed setting does not exist.
    """

    def __init__(
        self,
        start: ClassifierSettings,
        fixed: Collection[str] = (),
        *,
        quantized: bool = False,
        most_dim: int | None = None,
    ) -> None:
        known = {field.name for field in dataclasses.fields(start)}
        if unknown := sorted(set(fixed) - known):
            raise ConfigError(
                f"fixed names {unknown[0]!r:.60}, which is no setting: those that are searched for are "
                f"{', '.join(SEARCHED)}"
            )
        self._limits = {
            name: _limits(name, getattr(start, name), most_dim) for name in _RANGES if name not in fixed
        }
        self._word_ngrams = range(1, max(_MOST_WORD_NGRAMS, start.word_ngrams) + 1)
        if "word_ngrams" in fixed:
            self._word_ngrams = range(start.word_ngrams, start.word_ngrams + 1)
        self._ngrams = _kinds_of_ngrams(start, fixed)
        self._columns = _COLUMNS if quantized else (None,)
        self._draws = np.random.default_rng((start.seed, _STREAM))
        self._tried: set[Candidate] = set()
        self._steps = 0
        self._to_begin_with = self._first(start)[::-1]

    def next(self, best: Candidate | None) -> Candidate | None:
        """Return what to try next, `best` being the best of what was returned before; None if nothing is left."""
        while self._to_begin_with:
            if (candidate := self._to_begin_with.pop()) not in self._tried:
                self._tried.add(candidate)
                return candidate
        start = best or next(iter(self._tried))
        self._steps += 1
        step = max(_SHRINKING**self._steps, _SHORTEST)
        for _ in range(_DRAWS):
            if (candidate := self._near(start, step)) not in self._tried:
                self._tried.add(candidate)
                return candidate
        return None

    def _first(self, start: ClassifierSettings) -> list[Candidate]:
        """Return the settings as given, as far as the limits allow, and each kind of rows, cheap ones first."""
        columns = self._columns[len(self._columns) // 2 - 1]
        begun = {name: self._within(name, getattr(start, name)) for name in self._limits}
        if (start.min_n, start.max_n) not in self._ngrams:
            begun |= _named(self._ngrams[0])
        start = dataclasses.replace(start, **begun)
        usual = {"learning_rate": _GOOD_RATE, "epochs": start.epochs * _MORE_EPOCHS}
        better = {name: self._within(name, value) for name, value in usual.items() if name in self._limits}
        kinds: list[dict[str, Any]] = [
            {"word_ngrams": n, **_named(ngrams)}
            for ngrams in (self._ngrams[0], self._ngrams[-1])
            for n in self._word_ngrams[:2]
        ]
        return [Candidate(start, columns)] + [
            Candidate(dataclasses.replace(start, **better, **kind), columns) for kind in kinds
        ]

    def _near(self, best: Candidate, step: float) -> Candidate:
        """Return the best so far with some settings changed; which step that is long depends on the setting."""
        settings, draws = best.settings, self._draws
        changed: dict[str, Any] = {}
        for name in self._limits:
            if draws.random() < _CHANGING:
                ratio = math.exp(step * _STEPS[name] * draws.standard_normal())
                changed[name] = self._within(name, getattr(settings, name) * ratio)
        if draws.random() < _CHANGING:
            n = settings.word_ngrams + int(draws.choice([-1, 1]))
            changed["word_ngrams"] = min(max(n, self._word_ngrams[0]), self._word_ngrams[-1])
        if draws.random() < _CHANGING:
            changed |= _named(self._ngrams[draws.integers(len(self._ngrams))])
        columns = best.columns
        if columns is not None and draws.random() < _CHANGING:
            place = _COLUMNS.index(columns) + int(draws.choice([-1, 1]))
            columns = _COLUMNS[min(max(place, 0), len(_COLUMNS) - 1)]
        candidate = dataclasses.replace(settings, **changed)
        if not candidate.has_buckets:  # their number changes nothing then
            candidate = dataclasses.replace(candidate, buckets=settings.buckets)
        return Candidate(candidate, columns)

    def _within(self, name: str, value: float) -> Any:
        low, high = self._limits[name]
        inside = min(max(value, low), high)
        return float(f"{inside:.3g}") if name == "learning_rate" else round(inside)


def _limits(name: str, given: float, most_dim: int | None) -> tuple[float, float]:
    """Return between which numbers a setting is searched, the given one included if that is possible."""
    low, high = _RANGES[name]
    low, high = min(low, given), max(high, given)
    if name == "dim" and most_dim is not None:
        return min(low, most_dim), min(high, most_dim)
    return low, high


def _kinds_of_ngrams(start: ClassifierSettings, fixed: Collection[str]) -> list[tuple[int, int]]:
    """Return which shortest and longest n-grams of characters are tried; where one is fixed, those that fit it."""
    shortest, longest = start.min_n, start.max_n
    if "min_n" in fixed and "max_n" in fixed:
        return [(shortest, longest)]
    if "min_n" in fixed:
        return [(shortest, max(longest, shortest + _SPAN))] if shortest else [(0, longest)]
    if "max_n" in fixed:
        return [(low, longest) for low, _ in _NGRAMS if 0 < low <= longest] or [(shortest, longest)]
    return sorted({*_NGRAMS, (shortest, longest)})


def _named(ngrams: tuple[int, int]) -> dict[str, int]:
    return dict(zip(("min_n", "max_n"), ngrams, strict=True))
