"""What fastText tells of the quality of a classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.classifier.scores import Meter
from firth.errors import InputError


class _Meter:
    """Curves of precision and recall of a classifier, for all labels or for one.

    Parameters
    ----------
    model : _FastText
    meter : Meter
        Has seen the predictions for a file.
    """

    def __init__(self, model: Any, meter: Meter) -> None:
        self.f = model
        self.m = meter

    def score_vs_true(self, label: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the probabilities that were predicted for a label, and whether it was right, 1 or 0."""
        return self.m.scores(self._id(label))

    def precision_recall_curve(
        self, label: str | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return precision and recall at each threshold, from the highest on."""
        return self.m.curve(self._id(label))

    def precision_at_recall(self, recall: float, label: str | None = None) -> float:
        """Return the best precision where recall is at least `recall`."""
        return self.m.precision_at_recall(recall, self._id(label))

    def recall_at_precision(self, precision: float, label: str | None = None) -> float:
        """Return the best recall where precision is at least `precision`."""
        return self.m.recall_at_precision(precision, self._id(label))

    def _id(self, label: str | None) -> int | None:
        if label is None:
            return None
        found = self.f.get_label_id(label)
        if found < 0:
            raise InputError(f"{label!r:.60} is no label of the model: give one of model.labels")
        return int(found)
