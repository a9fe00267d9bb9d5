"""``_FastText``: a model of fastText's and what one asks of it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.classifier.features import LABEL_PREFIX, features, split
from firth.classifier.lines import check_line
from firth.classifier.model import Classifier
from firth.compat.fasttext import _rows
from firth.compat.fasttext._classifying import Classifying
from firth.errors import InputError
from firth.formats.fasttext_model import FastTextModel, read_model, write_model
from firth.formats.fasttext_reading import LOSSES, FastTextSettings
from firth.subwords import END_OF_SENTENCE, bucket
from firth.vectors import WordVectors

_LOSSES = {"negative-sampling": "ns", "hierarchical-softmax": "hs", "softmax": "softmax", "one-vs-all": "ova"}


class _FastText(Classifying):
    """A model that fastText or firth has trained, with fastText's methods.

    Parameters
    ----------
    model_path : path, optional
        A file to load.
    args : mapping, optional
        Arguments of the training, which become attributes.
    model : FastTextModel, optional
        What is loaded already, in place of a file.
    classifier : Classifier, optional
        The same, for a model with labels.

    Raises
    ------
    InputError
        Neither a file nor a model is given, or the file cannot be used; a ``ValueError``.
    """

    def __init__(
        self,
        model_path: str | os.PathLike[str] | None = None,
        args: Mapping[str, Any] | None = None,
        *,
        model: FastTextModel | None = None,
        classifier: Classifier | None = None,
    ) -> None:
        if model_path is not None:
            model = read_model(Path(model_path))
        if classifier is not None:
            model = classifier.model
        if model is None:
            raise InputError("no model is given: load one with load_model, or train one")
        self._label = classifier.label_prefix if classifier is not None else LABEL_PREFIX
        self._history = () if classifier is None else classifier.history
        self._take(model)
        self.set_args(known_arguments(model.settings) if args is None else args)

    def set_args(self, args: Mapping[str, Any] | None = None) -> None:
        """Set arguments of the training as attributes: ``lr``, ``dim``, ..."""
        for name, value in (args or {}).items():
            setattr(self, name, value)

    def is_quantized(self) -> bool:
        """Return whether the rows are stored as codes."""
        return self._model.quantized_rows is not None

    def get_dimension(self) -> int:
        """Return the length of a vector."""
        return self._model.settings.dim

    def get_word_vector(self, word: str) -> NDArray[np.float32]:
        """Return the vector of a word, float32, shape (dim,), known or composed of n-grams; zeros if of neither."""
        return _rows.word_vector(self._model, word)

    def get_sentence_vector(self, text: str) -> NDArray[np.float32]:
        """Return a vector of a line of text, float32, shape (dim,).

        Of vectors of words it is the mean of the words' directions; of a classifier, the mean of all rows of the text.

        Raises
        ------
        ValueError
            The text holds a newline.
        """
        line = check_line(text)
        if self._model.is_supervised:
            vector: NDArray[np.float32] = self._asked.text_vectors([line])[0]
            return vector
        return _rows.mean_direction(self._model, line)

    def get_nearest_neighbors(
        self, word: str, k: int = 10, on_unicode_error: str = "strict"
    ) -> list[tuple[float, str]]:
        """Return the words whose vectors point most nearly the same way: pairs of cosine and word, best first.

        Raises
        ------
        ValueError
            The vector of the word has no direction.
        """
        return self._nearest(self.get_word_vector(word), {word}, k)

    def get_analogies(
        self,
        wordA: str,  # noqa: N803
        wordB: str,  # noqa: N803
        wordC: str,  # noqa: N803
        k: int = 10,
        on_unicode_error: str = "strict",
    ) -> list[tuple[float, str]]:
        """Return the words nearest to A - B + C, of the words' directions: pairs of cosine and word, best first."""
        query = np.zeros(self.get_dimension(), np.float32)
        for word, sign in ((wordA, 1.0), (wordB, -1.0), (wordC, 1.0)):
            vector = self.get_word_vector(word)
            query += vector * np.float32(sign / (float(np.linalg.norm(vector)) + 1e-8))
        return self._nearest(query, {wordA, wordB, wordC}, k)

    def get_word_id(self, word: str) -> int:
        """Return the row of a word, or -1."""
        return self._model.words.find(word)

    def get_label_id(self, label: str) -> int:
        """Return the number of a label, or -1."""
        return self._model.labels.find(label)

    def get_subword_id(self, subword: str) -> int:
        """Return the row of the input matrix into which an n-gram is hashed.

        Raises
        ------
        ValueError
            The model has no n-grams.
        """
        buckets = self._model.settings.buckets
        if not buckets:
            raise InputError(
                "the model has no n-grams, so that no subword has an id: train with maxn above 0"
            )
        return len(self._model.words) + bucket(_rows.encodable(subword), buckets)

    def get_subwords(
        self, word: str, on_unicode_error: str = "strict"
    ) -> tuple[list[str], NDArray[np.int64]]:
        """Return a word, if it is known, with its n-grams, and their rows of the input matrix."""
        return _rows.subwords_of(self._model, word)

    def get_input_vector(self, ind: int) -> NDArray[np.float32]:
        """Return a row of the input matrix, float32, shape (dim,).

        Raises
        ------
        IndexError
            There is no such row.
        """
        model, n_words = self._model, len(self._model.words)
        n_rows = len(model.rows) if model.pruned else n_words + model.settings.buckets
        if not 0 <= ind < n_rows:
            raise IndexError(f"row {ind} is asked for, but there are {n_rows:,}")
        row = ind
        if ind >= n_words and not model.pruned:
            row = int(model.bucket_rows(np.array([ind - n_words]))[0])
        return model.rows[row].copy() if row >= 0 else np.zeros(self.get_dimension(), np.float32)

    def get_input_matrix(self) -> NDArray[np.float32]:
        """Return the rows of words and of all buckets, float32; those that training never met are zeros.

        Raises
        ------
        ValueError
            The model is quantised.
        """
        self._refuse_quantized()
        return _rows.input_matrix(self._model)

    def get_output_matrix(self) -> NDArray[np.float32]:
        """Return the rows of labels, or of words as contexts, float32.

        Raises
        ------
        ValueError
            The model is quantised.
        """
        self._refuse_quantized()
        return self._model.outputs.copy()

    def set_matrices(self, input_matrix: NDArray[Any], output_matrix: NDArray[Any]) -> None:
        """Replace both matrices.

        Raises
        ------
        ValueError
            The model is quantised, or a matrix has not the shape of the one it replaces.
        """
        self._refuse_quantized()
        n_rows = len(self._model.words) + self._model.settings.buckets
        shapes = ((n_rows, self.get_dimension()), self._model.outputs.shape)
        rows, outputs = (np.array(matrix, np.float32, order="C") for matrix in (input_matrix, output_matrix))
        for matrix, shape, name in zip((rows, outputs), shapes, ("input", "output"), strict=True):
            if matrix.shape != shape:
                raise InputError(f"the {name} matrix has the shape {matrix.shape}, but must have {shape}")
        self._take(dataclasses.replace(self._model, rows=rows, outputs=outputs, bucket_ids=None))

    def get_words(self, include_freq: bool = False, on_unicode_error: str = "strict") -> Any:
        """Return all words; with `include_freq` also their counts, int64."""
        return _with_counts(self._model.words, self._model.word_counts, include_freq)

    def get_labels(self, include_freq: bool = False, on_unicode_error: str = "strict") -> Any:
        """Return all labels, or all words of a model without; with `include_freq` also their counts, int64."""
        if not self._model.is_supervised:
            return self.get_words(include_freq)
        return _with_counts(self._model.labels, self._model.label_counts, include_freq)

    def get_line(self, text: str | list[str], on_unicode_error: str = "strict") -> tuple[Any, Any]:
        """Return the words of a line of text, ``</s>`` among them, and the labels in it that the model knows.

        Raises
        ------
        ValueError
            The text holds a newline.
        """
        lines = [split(check_line(one)) for one in (text if isinstance(text, list) else [text])]
        labels = features(self._model, lines, self._label).labels
        names = [[self._model.labels[label] for label in line] for line in labels]
        words = [[token for token in line if self._is_word(token)] for line in lines]
        return (words, names) if isinstance(text, list) else (words[0], names[0])

    def save_model(self, path: str | os.PathLike[str]) -> None:
        """Write the model in fastText's format; what is there is replaced.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        write_model(self._model, Path(path), overwrite=True)

    @property
    def content(self) -> FastTextModel:
        """All that a file of it holds, as firth has it."""
        return self._model

    @property
    def words(self) -> list[str]:
        """All words."""
        return self._words

    @property
    def labels(self) -> list[str]:
        """All labels, or all words of a model without."""
        return self._labels

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        return self.get_word_vector(word)

    def __contains__(self, word: str) -> bool:
        return word in self._model.words

    @cached_property
    def _words(self) -> list[str]:
        return list(self._model.words)

    @cached_property
    def _labels(self) -> list[str]:
        names: list[str] = self.get_labels()
        return names

    @cached_property
    def _vectors(self) -> WordVectors:
        return _rows.as_vectors(self._model)

    def _take(self, model: FastTextModel) -> None:
        """Become `model`, and forget what was made of the one before."""
        self._model = model
        for made in ("_words", "_labels", "_asked", "_vectors"):
            self.__dict__.pop(made, None)

    def _nearest(self, query: NDArray[np.float32], without: set[str], k: int) -> list[tuple[float, str]]:
        found: Any = self._vectors.neighbors(query, k=k + len(without))
        pairs: list[tuple[float, str]] = [(score, word) for word, score in found if word not in without]
        return pairs[:k]

    def _is_word(self, token: str) -> bool:
        known = token == END_OF_SENTENCE or self._model.words.find(token) >= 0
        return known or not (self._model.labels.find(token) >= 0 or token.startswith(self._label))

    def _refuse_quantized(self) -> None:
        if self.is_quantized():
            raise InputError(
                "the model is quantised, so that it has no matrices: use the one before quantize"
            )


def known_arguments(settings: FastTextSettings) -> dict[str, Any]:
    """Return the arguments that a file tells of, by fastText's names."""
    return {
        "dim": settings.dim,
        "ws": settings.window,
        "epoch": settings.epochs,
        "minCount": settings.min_count,
        "neg": settings.negatives,
        "wordNgrams": settings.word_ngrams,
        "loss": _LOSSES[LOSSES[settings.loss]],
        "bucket": settings.buckets,
        "minn": settings.min_n,
        "maxn": settings.max_n,
        "lrUpdateRate": settings.update_rate,
        "t": settings.subsample,
    }


def _with_counts(words: Any, counts: NDArray[np.int64], wanted: bool) -> Any:
    return (list(words), counts.copy()) if wanted else list(words)
