"""How good predicted labels are: precision, recall, F1, for all labels together and for each of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from firth.errors import ConfigError, InputError

_AT_A_LEVEL = ("precisionAtRecall", "recallAtPrecision")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelScore:
    """How good the predictions of one label are, or those of all together.

    Parameters
    ----------
    gold : int
        How often it was right to predict it.
    predicted : int
        How often it was predicted.
    correct : int
        How often both.
    """

    gold: int
    predicted: int
    correct: int

    @property
    def precision(self) -> float:
        """The share of predictions that are right; NaN where nothing was predicted."""
        return self.correct / self.predicted if self.predicted else math.nan

    @property
    def recall(self) -> float:
        """The share of right labels that were predicted; NaN where there are none."""
        return self.correct / self.gold if self.gold else math.nan

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; NaN where there is nothing of either."""
        both = self.predicted + self.gold
        return 2 * self.correct / both if both else math.nan


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How good a classifier is on labelled texts.

    Parameters
    ----------
    n_texts : int
        Texts with a label that the classifier knows.
    total : LabelScore
        All labels together. With one label a text and ``k=1`` its precision is the accuracy.
    by_label : mapping of str to LabelScore
        Each label that is right, or was predicted, at least once.
    """

    n_texts: int
    total: LabelScore
    by_label: Mapping[str, LabelScore]

    @property
    def precision(self) -> float:
        """The share of predicted labels that are right."""
        return self.total.precision

    @property
    def recall(self) -> float:
        """The share of right labels that were predicted."""
        return self.total.recall


class Meter:
    """Counts predictions against the right labels.

    Parameters
    ----------
    labels : sequence of str
        The labels, by number.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        n = len(labels)
        self._gold, self._predicted, self._correct = (np.zeros(n, np.int64) for _ in range(3))
        self._said: list[tuple[int, float, bool]] = []
        self._missed: list[int] = []
        self._n_texts = 0

    def log(self, right: Sequence[int], predictions: Sequence[tuple[int, float]]) -> None:
        """Take the predictions for one text: labels with probabilities, and the right labels, at least one."""
        self._n_texts += 1
        wanted = set(right)
        for label in right:
            self._gold[label] += 1
        for label, probability in predictions:
            self._predicted[label] += 1
            self._correct[label] += label in wanted
            self._said.append((label, min(probability, 1.0), label in wanted))
        said = {label for label, _ in predictions}
        self._missed += [label for label in right if label not in said]

    def evaluation(self) -> Evaluation:
        """Return the counts so far."""
        rows = zip(self._gold.tolist(), self._predicted.tolist(), self._correct.tolist(), strict=True)
        scores = [
            LabelScore(gold=gold, predicted=predicted, correct=correct) for gold, predicted, correct in rows
        ]
        seen = {
            name: score
            for name, score in zip(self._labels, scores, strict=True)
            if score.gold or score.predicted
        }
        return Evaluation(n_texts=self._n_texts, total=self.total(), by_label=seen)

    def total(self, label: int | None = None) -> LabelScore:
        """Return the counts so far of a label, or of all together."""
        which = slice(None) if label is None else slice(label, label + 1)
        return LabelScore(
            gold=int(self._gold[which].sum()),
            predicted=int(self._predicted[which].sum()),
            correct=int(self._correct[which].sum()),
        )

    def place(self, label: str) -> int:
        """Return the number of a label.

        Raises
        ------
        InputError
            There is no such label.
        """
        if label not in self._labels:
            raise InputError(f"{label!r:.60} is no label of the classifier: give one that its text has")
        return self._labels.index(label)

    def scores(self, label: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the predicted probabilities of a label, or of all, rising, and whether each was right (1) or not (0).

        A right label that was not predicted has the probability -1.
        """
        said = [(p, float(right)) for which, p, right in self._said if label in (None, which)]
        missed = [(-1.0, 1.0) for which in self._missed if label in (None, which)]
        pairs = np.array(sorted(said + missed), np.float64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def curve(self, label: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return precision and recall for each threshold on the probability, from the highest to that of full recall.

        The last point is precision 1 and recall 0.
        """
        scores, right = self.scores(label)
        reachable = scores >= 0
        scores, right = scores[reachable][::-1], right[reachable][::-1]
        gold = int(self._gold.sum() if label is None else self._gold[label])
        if not len(scores):
            return np.empty(0), np.empty(0)
        ends = np.append(
            np.flatnonzero(np.diff(scores)), len(scores) - 1
        )  # equal probabilities are one point
        correct, predicted = np.cumsum(right)[ends], ends + 1.0
        upto = min(int(np.searchsorted(correct, gold)) + 1, len(correct))
        precision = correct[:upto] / predicted[:upto]
        recall = correct[:upto] / gold if gold else np.full(upto, np.nan)
        return np.append(precision, 1.0), np.append(recall, 0.0)

    def precision_at_recall(self, recall: float, label: int | None = None) -> float:
        """Return the best precision among the thresholds whose recall is at least `recall`; 0 where there is none."""
        precisions, recalls = self.curve(label)
        return float(precisions[recalls >= recall].max(initial=0.0))

    def recall_at_precision(self, precision: float, label: int | None = None) -> float:
        """Return the best recall among the thresholds whose precision is at least `precision`; 0 for none."""
        precisions, recalls = self.curve(label)
        return float(recalls[precisions >= precision].max(initial=0.0))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric:
    """What classifiers are compared by, under the names that fastText has for it.

    Parameters
    ----------
    name : {"f1", "precisionAtRecall", "recallAtPrecision"}
        The F1 score; the best precision among the thresholds that reach a recall, or the other way round.
    level : float
        That recall, or that precision, 0 to 1.
    label : str, optional
        Judge the predictions of this label alone.
    """

    name: str
    level: float = 0.0
    label: str | None = None

    @classmethod
    def parse(cls, text: str) -> Metric:
        """Return what ``f1``, ``f1:LABEL``, ``precisionAtRecall:PERCENT`` or ``recallAtPrecision:PERCENT:LABEL`` says.

        Raises
        ------
        ConfigError
            It is none of these.

        Examples
        --------
        >>> Metric.parse("precisionAtRecall:30:__label__pet")
        Metric(name='precisionAtRecall', level=0.3, label='__label__pet')
        """
        name, *rest = (
            text.split(":", 2 if text.startswith(_AT_A_LEVEL) else 1) if isinstance(text, str) else ("",)
        )
        if name == "f1" and rest != [""]:
            return cls(name=name, label=rest[0] if rest else None)
        if name not in _AT_A_LEVEL or not rest:
            raise ConfigError(
                f"the metric is {text!r:.80}, but must be f1, f1:LABEL, precisionAtRecall:PERCENT or "
                "recallAtPrecision:PERCENT, the last two with or without :LABEL behind them"
            )
        try:
            percent = float(rest[0])
        except ValueError:
            percent = math.nan
        if not 0 <= percent <= 100:
            raise ConfigError(f"the metric is {text!r:.80}, but a number from 0 to 100 must follow {name}:")
        return cls(name=name, level=percent / 100, label=rest[1] if rest[1:] not in ([], [""]) else None)

    def score(self, meter: Meter) -> float:
        """Return how good what a meter has counted is, from 0 to 1.

        Raises
        ------
        InputError
            The classifier has no such label.
        """
        place = None if self.label is None else meter.place(self.label)
        if self.name == "f1":
            found = meter.total(place).f1
            return 0.0 if math.isnan(found) else found
        at = meter.precision_at_recall if self.name == "precisionAtRecall" else meter.recall_at_precision
        return at(self.level, place)
