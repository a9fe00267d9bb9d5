"""A classifier of texts: what it answers, and its files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from firth.classifier.features import LABEL_PREFIX, Features, features, split
from firth.classifier.lines import batches, check_line, tokenized_lines
from firth.classifier.prediction import Prediction, Predictor, best, best_of_one
from firth.classifier.scores import Evaluation, Meter
from firth.classifier.single import SingleTexts
from firth.errors import FormatError, InputError
from firth.formats.fasttext_model import FastTextModel, read_model, write_model

if TYPE_CHECKING:
    from firth.training.progress import Epoch


class Classifier:
    """Says which labels a text has; immutable.

    A text is one line, split at the white space of ASCII; the vector of a text is the mean of the rows of its words,
    of their character n-grams and of n-grams of words, and the labels are weighed against it (Joulin et al. 2017).

    Parameters
    ----------
    model : FastTextModel
        Words, labels and rows.
    label_prefix : str
        What labels begin with.
    history : sequence of Epoch
        Loss and speed of each epoch of training, where it was trained here.
    finished : bool
        Whether training was not interrupted.

    Raises
    ------
    InputError
        The model has no labels.
    """

    def __init__(
        self,
        model: FastTextModel,
        *,
        label_prefix: str = LABEL_PREFIX,
        history: Sequence[Epoch] = (),
        finished: bool = True,
    ) -> None:
        if not model.is_supervised or not len(model.labels):
            raise InputError(
                "the model has no labels: it was trained for vectors of words, use firth.load for it"
            )
        self._model = model
        self._predictor = Predictor(model)
        self._single = SingleTexts(model, label_prefix)
        self._prefix = label_prefix
        self._history = tuple(history)
        self._finished = finished

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, label_prefix: str = LABEL_PREFIX) -> Classifier:
        """Load a classifier from a file of fastText, ``.bin`` or ``.ftz``, whether firth or fastText wrote it.

        Parameters
        ----------
        path : path
        label_prefix : str
            What labels begin with, which the file does not say.

        Raises
        ------
        FormatError
            There is no such file, it is damaged, or it holds no classifier.
        """
        model = read_model(Path(path))
        if not model.is_supervised or not len(model.labels):
            raise FormatError(f"{path} holds no classifier, but vectors of words: use firth.load for it")
        return cls(model, label_prefix=label_prefix)

    @property
    def model(self) -> FastTextModel:
        """Words, labels and rows, as a file holds them."""
        return self._model

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """All labels, the most frequent one first, with what they begin with."""
        return tuple(self._model.labels)

    @property
    def label_prefix(self) -> str:
        """What labels begin with."""
        return self._prefix

    @property
    def dim(self) -> int:
        """The length of the vector of a text."""
        return self._model.settings.dim

    @property
    def is_quantized(self) -> bool:
        """Whether its rows are stored as codes."""
        return self._model.quantized_rows is not None

    @property
    def history(self) -> tuple[Epoch, ...]:
        """Loss and speed of each epoch; empty where it was loaded."""
        return self._history

    @property
    def finished(self) -> bool:
        """Whether training was not interrupted."""
        return self._finished

    def __repr__(self) -> str:
        model = self._model
        kind = ", quantised" if self.is_quantized else ""
        return (
            f"<Classifier: {len(model.labels):,} labels, {len(model.words):,} words, {self.dim} dimensions, "
            f"{model.loss}{kind}>"
        )

    @overload
    def predict(self, text: str, k: int = 1, *, threshold: float = 0.0) -> list[Prediction]: ...
    @overload
    def predict(
        self, text: list[str] | tuple[str, ...], k: int = 1, *, threshold: float = 0.0
    ) -> list[list[Prediction]]: ...
    def predict(
        self, text: str | list[str] | tuple[str, ...], k: int = 1, *, threshold: float = 0.0
    ) -> list[Prediction] | list[list[Prediction]]:
        """Return the most probable labels of a text, or of each of several.

        Parameters
        ----------
        text : str, or list or tuple of str
            Lines without a newline.
        k : int
            How many labels at the most, at least 1; -1 for all.
        threshold : float
            Labels of lower probability are left out.

        Returns
        -------
        list of Prediction, or list of such lists where several texts are given
            Labels with probabilities, the most probable first. Nothing for a text nothing of which is known.

        Raises
        ------
        InputError
            A text holds a newline or is no string, or `k` is 0.
        """
        check_k(k)
        names = self.labels
        if isinstance(text, str):
            return [Prediction(names[label], p) for label, p in self.predicted_text(text, k, threshold)]
        lines = (split(check_line(one)) for one in text)
        return [
            [Prediction(names[label], probability) for label, probability in line]
            for _, predictions in self.predicted_lines(lines, k, threshold)
            for line in predictions
        ]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the probability of each label for each text, float32, shape (n_texts, n_labels).

        Raises
        ------
        InputError
            A text holds a newline or is no string.
        """
        given = self._features([split(check_line(text)) for text in texts])
        return self._predictor.probabilities(self._predictor.hidden(given))

    def text_vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vector of each text, float32, shape (n_texts, dim); zeros where nothing of it is known.

        Raises
        ------
        InputError
            A text holds a newline or is no string.
        """
        return self._predictor.hidden(self._features([split(check_line(text)) for text in texts]))

    def evaluate(self, path: str | os.PathLike[str], k: int = 1, *, threshold: float = 0.0) -> Evaluation:
        """Judge the classifier by a file of labelled lines, as it was trained on.

        Parameters
        ----------
        path : path
            A line without a label that the classifier knows is left out.
        k, threshold
            What is predicted, see `predict`.

        Raises
        ------
        InputError
            The file cannot be read, or `k` is 0.
        """
        return self.meter(path, k, threshold=threshold).evaluation()

    def meter(
        self, path: str | os.PathLike[str], k: int = 1, *, threshold: float = 0.0, epsilon: float = 0.0
    ) -> Meter:
        """Return what `evaluate` counts, with each prediction, for curves of precision and recall."""
        return self.meter_of_lines(tokenized_lines(path), k, threshold=threshold, epsilon=epsilon)

    def meter_of_lines(
        self, lines: Iterable[list[str]], k: int = 1, *, threshold: float = 0.0, epsilon: float = 0.0
    ) -> Meter:
        """Return the same for tokenized lines."""
        check_k(k)
        meter = Meter(self.labels)
        for given, predictions in self.predicted_lines(lines, k, threshold, epsilon):
            for n_rows, right, said in zip(np.diff(given.offsets), given.labels, predictions, strict=True):
                if right and n_rows:
                    meter.log(right, said)
        return meter

    def predicted_text(
        self, text: str, k: int, threshold: float, epsilon: float = 0.0
    ) -> list[tuple[int, float]]:
        """Return what `predicted_lines` yields for a text alone, without what it takes to ask for many at once."""
        rows = self._single.rows(split(check_line(text)))
        if not rows:
            return []
        return best_of_one(self._predictor.of_one(rows, epsilon), k, threshold + epsilon)

    def predicted_lines(
        self, lines: Iterable[list[str]], k: int, threshold: float, epsilon: float = 0.0
    ) -> Iterator[tuple[Features, list[list[tuple[int, float]]]]]:
        """Yield batches of tokenized lines: what they consist of, and the numbers and probabilities of the best labels.

        Parameters
        ----------
        lines : iterable of list of str
        k, threshold
            See `predict`.
        epsilon : float
            See `Predictor.probabilities`.
        """
        for batch in batches(lines):
            given = self._features(batch)
            hidden = self._predictor.hidden(given)
            empty = np.diff(given.offsets) == 0
            found: list[list[tuple[int, float]]] = []
            step = self._predictor.texts_at_once()
            for start in range(0, len(hidden), step):
                table = self._predictor.probabilities(hidden[start : start + step], epsilon=epsilon)
                found += best(table, k, threshold + epsilon)
            yield given, [[] if nothing else one for nothing, one in zip(empty, found, strict=True)]

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the classifier in fastText's format, which fastText loads: ``.bin``, or ``.ftz`` if it is quantised.

        Raises
        ------
        OutputError
            `path` exists and `overwrite` is false, or it cannot be written.
        """
        write_model(self._model, Path(path), overwrite=overwrite)

    def _features(self, lines: Sequence[list[str]]) -> Features:
        return features(self._model, lines, self._prefix)


def check_k(k: int) -> None:
    """Refuse a number of labels that makes no sense.

    Raises
    ------
    InputError
        It is 0 or below -1.
    """
    if k == 0 or k < -1:
        raise InputError(f"k is {k}, but must be at least 1, or -1 for all labels")
