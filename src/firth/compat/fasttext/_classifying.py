"""What a model of fastText's says of the labels of texts."""

from __future__ import annotations

import abc
import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from firth.classifier.features import split
from firth.classifier.lines import check_line
from firth.classifier.model import Classifier
from firth.classifier.scores import Evaluation, Meter
from firth.compat.fasttext._quality import _Meter
from firth.errors import InputError
from firth.formats.fasttext_model import FastTextModel

if TYPE_CHECKING:
    from firth.training.progress import Epoch

# fastText adds it to each probability before it takes the logarithm.
_EPSILON = 1e-5


class Classifying(abc.ABC):
    """The methods of a model that are for labels; `_FastText` has the others."""

    _model: FastTextModel
    _label: str
    _history: tuple[Epoch, ...]

    @abc.abstractmethod
    def _take(self, model: FastTextModel) -> None:
        """Become `model`."""

    def predict(
        self, text: str | list[str], k: int = 1, threshold: float = 0.0, on_unicode_error: str = "strict"
    ) -> tuple[Any, Any]:
        """Return the most probable labels of a line of text and their probabilities.

        Parameters
        ----------
        text : str or list of str
        k : int
            How many labels at the most; -1 for all.
        threshold : float
            Labels of lower probability are left out.

        Returns
        -------
        labels : tuple of str, or list of lists of str where several texts are given
        probabilities : ndarray of float64, or list of ndarray of float32

        Raises
        ------
        ValueError
            The model has no labels, a text holds a newline, or `k` is 0.
        """
        if isinstance(text, list):
            found = list(self.predicted([split(check_line(one)) for one in text], k, threshold))
            labels = [[label for label, _ in said] for said in found]
            return labels, [np.array([number for _, number in said], np.float32) for said in found]
        _check_k(k)
        asked = self._asked
        one = asked.predicted_text(text, k, threshold, _EPSILON)
        names = asked.labels
        return tuple([names[label] for label, _ in one]), np.array([number for _, number in one], np.float64)

    def quantize(
        self,
        input: str | os.PathLike[str] | None = None,
        qout: bool = False,
        cutoff: int = 0,
        retrain: bool = False,
        epoch: int | None = None,
        lr: float | None = None,
        thread: int | None = None,
        verbose: int | None = None,
        dsub: int = 2,
        qnorm: bool = False,
    ) -> None:
        """Store the rows as codes, which takes a small part of the space; the model becomes the smaller one.

        Parameters
        ----------
        input : path, optional
            Labelled text, for `retrain`.
        qout : bool
            Whether the rows of labels are coded, too.
        cutoff : int
            Keep so many rows of words and n-grams, the longest ones; 0 for all that training has met.
        retrain : bool
            Train again after rows were dropped, with `epoch` and `lr`, or as the model was trained.
        thread, verbose
            For that.
        dsub : int
            How many columns share a byte.
        qnorm : bool
            Whether the length of each row gets a byte of its own.

        Raises
        ------
        ValueError
            The model has no labels, is quantised already or has fewer than 256 rows, or there is no text to retrain on.
        """
        if retrain and not input:
            raise InputError(
                "retrain needs input, the path of a file of labelled text: give it, or leave retrain out"
            )
        from firth.classifier.quantizing import quantize

        given: dict[str, Any] = {
            "epochs": epoch or getattr(self, "epoch", None),
            "threads": thread or getattr(self, "thread", None),
        }
        rate = lr or getattr(self, "lr", None)
        if rate is not None:
            given["learning_rate"] = rate
        smaller = quantize(
            self._asked, outputs=qout, cutoff=cutoff or None, retrain_on=input if retrain else None, columns=dsub,
            norms=qnorm, **given,
        )  # fmt: skip
        self._take(smaller.model)

    def test(
        self, path: str | os.PathLike[str], k: int = 1, threshold: float = 0.0
    ) -> tuple[int, float, float]:
        """Return the number of labelled lines in a file, and precision and recall at `k`.

        Raises
        ------
        ValueError
            The model has no labels, or the file cannot be read.
        """
        judged = self._judged(path, k, threshold).evaluation()
        return judged.n_texts, judged.precision, judged.recall

    def test_label(
        self, path: str | os.PathLike[str], k: int = 1, threshold: float = 0.0
    ) -> dict[str, dict[str, float]]:
        """Return precision, recall and F1 of each label that occurs or is predicted."""
        judged = self._judged(path, k, threshold).evaluation()
        return {
            label: {"precision": score.precision, "recall": score.recall, "f1score": score.f1}
            for label, score in judged.by_label.items()
        }

    def get_meter(self, path: str | os.PathLike[str], k: int = -1) -> _Meter:
        """Return what draws curves of precision and recall."""
        return _Meter(self, self._judged(path, k, 0.0))

    def judge(self, path: str | os.PathLike[str], k: int = 1, threshold: float = 0.0) -> Evaluation:
        """Return all that `test` and `test_label` tell, as firth does."""
        return self._judged(path, k, threshold).evaluation()

    def predicted(
        self, lines: Iterable[list[str]], k: int = 1, threshold: float = 0.0
    ) -> Iterator[list[tuple[str, float]]]:
        """Yield the best labels of each tokenized line with their probabilities, as `predict` finds them.

        Raises
        ------
        ValueError
            The model has no labels, or `k` is 0.
        """
        _check_k(k)
        names = self._asked.labels
        for _, batch in self._asked.predicted_lines(lines, k, threshold, _EPSILON):
            for said in batch:
                yield [(names[label], probability) for label, probability in said]

    @cached_property
    def _asked(self) -> Classifier:
        if not self._model.is_supervised:
            raise InputError(
                "the model has no labels: use one that train_supervised made, to predict or test"
            )
        return Classifier(self._model, label_prefix=self._label, history=self._history)

    def _judged(self, path: str | os.PathLike[str], k: int, threshold: float) -> Meter:
        return self._asked.meter(path, k, threshold=threshold, epsilon=_EPSILON)


def _check_k(k: int) -> None:
    if k == 0:
        raise InputError("k is 0, but needs to be 1 or higher, or -1 for all labels")
