"""Searching for the settings of a classifier that do best on labelled texts of their own, as fastText's autotune does.

The text to learn from is read once, and each trial trains on it with other settings; `firth.classifier.searching` says
which. The same settings always give the same bits, so that the classifier of the best trial is kept, and nothing is
trained again when time is up.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from firth.classifier.lines import tokenized_lines
from firth.classifier.model import Classifier, check_k
from firth.classifier.product_quantizing import ROWS_OF_A_SAMPLE
from firth.classifier.quantizing import quantize, rows_that_fit
from firth.classifier.scores import Metric
from firth.classifier.searching import LEAST_DIM, Candidate, Proposals
from firth.classifier.training import LearningText, learn, learning_text
from firth.config import ClassifierSettings
from firth.errors import ConfigError, FirthError, InputError, TrainingError
from firth.formats.product_quantized import CENTROIDS
from firth.training.callbacks import Callback
from firth.training.checks import checked_threads
from firth.training.progress import Progress
from firth.vectors import WordVectors

_log = logging.getLogger(__name__)

_SHARE_WITHOUT_ROWS = 0.5
# From so many rows the centroids are found while settings are compared; a last time from more.
_ROWS_OF_A_TRIAL = 32 * CENTROIDS
_FAILURES_BEFORE_THE_FIRST_SUCCESS = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """Settings that were tried, and how good they are.

    Parameters
    ----------
    settings : ClassifierSettings
    columns : int, optional
        How many columns share a byte, where the classifier is quantised.
    score : float
        Of the metric, 0 to 1; NaN where nothing came of it.
    seconds : float
        That it took.
    failure : str
        Why nothing came of it.
    """

    settings: ClassifierSettings
    columns: int | None
    score: float
    seconds: float
    failure: str = ""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Tuned:
    """What a search has found.

    Parameters
    ----------
    classifier : Classifier
        Of the best trial.
    best : Trial
    trials : tuple of Trial
        All that came to an end, in their order.
    finished : bool
        Whether the search was not interrupted.
    """

    classifier: Classifier
    best: Trial
    trials: tuple[Trial, ...]
    finished: bool


def tune_classifier(
    corpus: str | os.PathLike[str] | Iterable[Any],
    validation: str | os.PathLike[str],
    config: ClassifierSettings | None = None,
    *,
    metric: str = "f1",
    predictions: int = 1,
    duration: float = 300.0,
    trials: int | None = None,
    size: int | None = None,
    fixed: Collection[str] = (),
    init: WordVectors | str | os.PathLike[str] | None = None,
    threads: int | None = None,
    callbacks: Sequence[Callback] = (),
    on_trial: Callable[[Trial], None] | None = None,
) -> Tuned:
    r"""Search for the settings of a classifier that do best on labelled texts that it does not learn from.

    Parameters
    ----------
    corpus
        See `train_classifier`.
    validation : path
        Labelled text in UTF-8, by which the settings are compared.
    config : ClassifierSettings, optional
        What the search starts from. Epochs, learning rate, dimensions, n-grams of words and of characters and the
        number of buckets are searched for; all other settings stay.
    metric : str
        ``f1``, ``f1:LABEL``, ``precisionAtRecall:PERCENT`` or ``recallAtPrecision:PERCENT``, the last two with or
        without ``:LABEL``.
    predictions : int
        How many labels are predicted for each text of `validation`; -1 for all.
    duration : float
        Seconds, from when the text is read. A trial that is not done by then is given up, but for the first.
    trials : int, optional
        At most so many. The same seed and number of trials give the same bits, which the same `duration` does not.
    size : int, optional
        Quantise the classifier, so that its file takes no more bytes than this; how many columns share a byte is
        searched for as well.
    fixed : collection of str
        Settings that are not searched for, by their names in `ClassifierSettings`.
    init, threads, callbacks
        See `train_classifier`; `callbacks` are told of each trial. Where vectors are given, ``dim`` is fixed.
    on_trial : callable, optional
        Called with each trial that has come to an end.

    Returns
    -------
    Tuned
        After Ctrl-C (SIGINT) or SIGTERM the best so far.

    Raises
    ------
    CorpusError
        A file cannot be read, or there are no labels.
    ConfigError
        A value is out of its range, or the metric or a fixed setting is not known.
    InputError
        `validation` has no line with a known label, or the size cannot be reached.
    TrainingError
        No trial could be trained.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> texts = ["__label__pet a cat sleeps", "__label__food a soup boils"] * 20
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     validation = pathlib.Path(folder, "validation.txt")
    ...     _ = validation.write_text("__label__pet my cat\n")
    ...     tuned = tune_classifier(texts, validation, ClassifierSettings(dim=8), fixed=["dim"], trials=3)
    >>> len(tuned.trials), tuned.best.settings.dim, tuned.best.score
    (3, 8, 1.0)
    """
    config = config or ClassifierSettings()
    if not isinstance(config, ClassifierSettings):
        raise ConfigError(f"config is {config!r:.80}, but must be ClassifierSettings")
    wanted = Metric.parse(metric)
    if not isinstance(duration, (int, float)) or not duration > 0:
        raise ConfigError(
            f"the duration is {duration!r} seconds, but must be above 0: 300 gives five minutes"
        )
    for name, value, least in (("trials", trials, 1), ("size", size, 1)):
        if value is not None and value < least:
            raise ConfigError(f"{name} is {value}, but must be at least {least}, or left out")
    check_k(predictions)
    lines = [
        line for line in tokenized_lines(validation) if any(t.startswith(config.label_prefix) for t in line)
    ]
    n_threads = checked_threads(threads)
    with learning_text(corpus, config, init=init, callbacks=callbacks) as text:
        _check_labels(text, lines, wanted, validation)
        fixed = fixed if text.init is None else {*fixed, "dim"}
        proposals = Proposals(
            config,
            fixed,
            quantized=size is not None,
            most_dim=None if size is None else _most_dim(size, text, config.dim if "dim" in fixed else None),
        )
        search = _Search(text, lines, wanted, predictions, size, n_threads, callbacks)
        return search.go(proposals, duration, trials, on_trial or (lambda _: None))


class _TimeIsUp(Exception):  # noqa: N818 (no error)
    """A trial is given up."""


class _Deadline(Callback):
    """Ends a trial that takes longer than the search may."""

    def __init__(self, until: float) -> None:
        self._until = until

    def on_progress(self, progress: Progress) -> None:
        """See whether time is up."""
        if time.perf_counter() >= self._until:
            raise _TimeIsUp


class _Search:
    """Trials so far, and the classifier of the best of them."""

    def __init__(
        self,
        text: LearningText,
        lines: list[list[str]],
        metric: Metric,
        predictions: int,
        size: int | None,
        threads: int,
        callbacks: Sequence[Callback],
    ) -> None:
        self._text, self._lines, self._metric, self._k = text, lines, metric, predictions
        self._size, self._threads, self._callbacks = size, threads, callbacks
        self._best: tuple[Candidate, Trial, Classifier] | None = None
        self._failure: FirthError | None = None
        self._trials: list[Trial] = []

    def go(
        self, proposals: Proposals, duration: float, most: int | None, on_trial: Callable[[Trial], None]
    ) -> Tuned:
        """Try one candidate after the other, until time is up or somebody interrupts it."""
        until, finished = time.perf_counter() + duration, True
        while most is None or len(self._trials) < most:
            candidate = proposals.next(None if self._best is None else self._best[0])
            if candidate is None or (self._trials and time.perf_counter() >= until) or self._hopeless():
                break
            try:
                finished = self._try(candidate, until)
            except _TimeIsUp:
                break
            except KeyboardInterrupt:
                if self._best is None:
                    raise
                finished = False
            if not finished:
                break
            on_trial(self._trials[-1])
        return self._result(finished)

    def _hopeless(self) -> bool:
        return self._best is None and len(self._trials) >= _FAILURES_BEFORE_THE_FIRST_SUCCESS

    def _try(self, candidate: Candidate, until: float) -> bool:
        """Make a trial; return whether it was not interrupted. One that is counts only where there is no other."""
        began, deadline = time.perf_counter(), [_Deadline(until)] if self._trials else []
        score, failure, whole = math.nan, "", None
        try:
            whole = learn(
                self._text,
                candidate.settings,
                threads=self._threads,
                callbacks=[*self._callbacks, *deadline],
            )
            if not whole.finished and self._best is not None:
                return False
            score = self._score(self._small(whole, candidate, _ROWS_OF_A_TRIAL))
        except (
            TrainingError,
            InputError,
        ) as error:  # weights overflow, or too few rows to quantise, for example
            self._failure, failure = error, str(error)
        seconds = time.perf_counter() - began
        trial = Trial(
            settings=candidate.settings,
            columns=candidate.columns,
            score=score,
            seconds=seconds,
            failure=failure,
        )
        self._trials.append(trial)
        if whole is not None and not failure and (self._best is None or score > self._best[1].score):
            self._best = candidate, trial, whole
        _log.info("trial %d: %s %.6f, %s", len(self._trials), self._metric.name, score, candidate)
        return whole is None or whole.finished

    def _small(self, classifier: Classifier, candidate: Candidate, sample: int) -> Classifier:
        """Return a classifier quantised, where a size is asked for."""
        if self._size is None or candidate.columns is None:
            return classifier
        cutoff = rows_that_fit(classifier.model, self._size, candidate.columns)
        return quantize(
            classifier,
            cutoff=cutoff,
            columns=candidate.columns,
            norms=True,
            seed=candidate.settings.seed,
            sample=sample,
        )

    def _score(self, classifier: Classifier) -> float:
        return self._metric.score(classifier.meter_of_lines(self._lines, self._k))

    def _result(self, finished: bool) -> Tuned:
        if self._best is None:
            raise self._failure or TrainingError("no trial came to an end: give the search more time")
        candidate, trial, whole = self._best
        classifier = self._small(whole, candidate, ROWS_OF_A_SAMPLE)
        if classifier is not whole:
            trial = dataclasses.replace(trial, score=self._score(classifier))
        return Tuned(classifier=classifier, best=trial, trials=tuple(self._trials), finished=finished)


def _check_labels(
    text: LearningText, lines: list[list[str]], metric: Metric, path: str | os.PathLike[str]
) -> None:
    """Refuse a search that nothing could decide."""
    labels = text.dictionary.labels
    met = set().union(*lines) if lines else set()
    if not any(token in labels for token in met):
        raise InputError(
            f"{path} has no line with a label of the text that is learned from: give labelled lines, such as "
            f"{labels[0]} and a text"
        )
    if metric.label is not None and (metric.label not in labels or metric.label not in met):
        where = f"{path}" if metric.label in labels else "the text that is learned from"
        raise InputError(
            f"the metric asks for the label {metric.label!r:.60}, which {where} does not have: name one of its labels"
        )


def _most_dim(size: int, text: LearningText, fixed: int | None) -> int:
    """Return up to which dimension the centroids and the rows of labels take no more than half of a file.

    Raises
    ------
    InputError
        No dimension is so low, or the one that is fixed is too high.
    """
    n_labels = len(text.dictionary.labels)
    of_a_column = 4 * (CENTROIDS + n_labels)
    most = int(size * _SHARE_WITHOUT_ROWS) // of_a_column
    if fixed is None and most < LEAST_DIM:
        needed = math.ceil(LEAST_DIM * of_a_column / _SHARE_WITHOUT_ROWS)
    elif fixed is not None and fixed * of_a_column > size:
        needed = fixed * of_a_column
    else:
        return most
    raise InputError(
        f"a size of {size:,} bytes is asked for, but with vectors of {fixed or LEAST_DIM} and {n_labels:,} labels a "
        f"quantised classifier takes {needed:,} or more: ask for more{', or for a smaller dim' if fixed else ''}"
    )
