"""fastText's autotune: its arguments, what it shows, and the model that comes of it."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Collection, Iterator
from typing import Any

from firth.classifier.model import Classifier
from firth.classifier.tuning import Trial, tune_classifier
from firth.compat.fasttext._arguments import attributes, check_arguments
from firth.compat.fasttext._model import _FastText
from firth.compat.fasttext._training import classifier_settings, path_of, settings_of
from firth.config import ClassifierSettings
from firth.errors import ConfigError
from firth.training.callbacks import Callback
from firth.training.progress import Progress

_SETTINGS = {
    "lr": "learning_rate",
    "dim": "dim",
    "epoch": "epochs",
    "wordNgrams": "word_ngrams",
    "minn": "min_n",
    "maxn": "max_n",
    "bucket": "buckets",
}
"""fastText's names of what is searched for, and ours."""

_UNITS = {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_TRIALS_ARE_TOLD = 3


def tune_labels(values: dict[str, Any], given: Collection[str], *, trials: int | None = None) -> _FastText:
    """Search for the best arguments of a classifier, and return its model.

    Parameters
    ----------
    values : dict
        All of fastText's arguments, as `read_arguments` gives them.
    given : collection of str
        Those that the user gave, which stay as they are.
    trials : int, optional
        At most so many.

    Raises
    ------
    ConfigError, InputError
        See `tune_classifier`.
    """
    duration, verbose = values["autotuneDuration"], values["verbose"]
    with _shown(duration, verbose) as told:
        tuned = tune_classifier(
            path_of(values["input"]),
            path_of(values["autotuneValidationFile"]),
            classifier_settings(values),
            metric=values["autotuneMetric"],
            predictions=values["autotunePredictions"],
            duration=duration,
            trials=trials,
            size=size_of(values["autotuneModelSize"]),
            fixed={ours for name, ours in _SETTINGS.items() if name in given},
            init=values["pretrainedVectors"] or None,
            threads=values["thread"],
            callbacks=[told],
            on_trial=told.on_trial,
        )
    if not tuned.classifier.finished:
        raise KeyboardInterrupt
    best = check_arguments(values | arguments_of(tuned.best.settings) | {"autotuneValidationFile": ""})
    model = dataclasses.replace(tuned.classifier.model, settings=settings_of(best))
    classifier = Classifier(model, label_prefix=values["label"], history=tuned.classifier.history)
    return _FastText(classifier=classifier, args=attributes(best))


def arguments_of(settings: ClassifierSettings) -> dict[str, Any]:
    """Return the settings that are searched for by fastText's names."""
    return {name: getattr(settings, ours) for name, ours in _SETTINGS.items()}


def size_of(text: str) -> int | None:
    """Return the bytes that a size such as ``2M`` stands for, None for an empty one.

    Raises
    ------
    ConfigError
        It is none.

    Examples
    --------
    >>> size_of("2M"), size_of("1500k"), size_of("70000"), size_of("")
    (2000000, 1500000, 70000, None)
    """
    if not isinstance(text, str):
        raise ConfigError(f"autotuneModelSize is {text!r:.60}, but must be text, such as '2M'")
    if not text:
        return None
    unit = _UNITS.get(text[-1].lower())
    digits = text if unit is None else text[:-1]
    if not digits.isascii() or not digits.isdigit() or not int(digits):
        raise ConfigError(
            f"the size of the model is {text!r:.60}, but must be a whole number of bytes, or one with k, M or G "
            "behind it, such as 2M"
        )
    return int(digits) * (unit or 1)


class _Told(Callback):
    """Shows how far a search is, as fastText does: a line on a terminal; with enough `verbose` also each trial."""

    def __init__(self, duration: float, verbose: int) -> None:
        self._duration, self._began = duration, time.monotonic()
        self._file = sys.stderr
        self._line = verbose > 0 and self._file is not None and self._file.isatty()
        self._each = verbose >= _TRIALS_ARE_TOLD and self._file is not None
        self._trials, self._best = 0, "unknown"

    def on_progress(self, progress: Progress) -> None:
        """Show the line anew."""
        if self._line:
            done = time.monotonic() - self._began
            left = max(round(self._duration - done), 0)
            share = min(done / self._duration, 1.0)
            self._file.write(
                f"\rProgress: {share:6.1%} Trials: {self._trials:4} Best score: {self._best:>9} "
                f"ETA: {left // 3600:3}h{left // 60 % 60:2}m{left % 60:2}s"
            )
            self._file.flush()

    def on_trial(self, trial: Trial) -> None:
        """Remember the score, and show what was tried where that is wanted."""
        self._trials += 1
        if self._best == "unknown" or trial.score > float(self._best):
            self._best = "unknown" if trial.failure else f"{trial.score:.6f}"
        if self._each:
            told = " ".join(f"{name} {value}" for name, value in arguments_of(trial.settings).items())
            dsub = "" if trial.columns is None else f" dsub {trial.columns}"
            self.end()
            self._file.write(
                f"Trial {self._trials}: score {trial.score:.6f} {told}{dsub} {trial.failure}".rstrip()
            )
            self._file.write("\n")

    def end(self) -> None:
        """Leave the line."""
        if self._line:
            self._file.write("\n")


@contextlib.contextmanager
def _shown(duration: float, verbose: int) -> Iterator[_Told]:
    """Yield what shows how far a search is."""
    told = _Told(duration, verbose)
    try:
        yield told
    finally:
        told.end()
