"""Making a classifier small: the rows that matter, each a handful of bytes (Joulin et al. 2016, "FastText.zip")."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firth.classifier.model import Classifier
from firth.classifier.product_quantizing import ROWS_OF_A_SAMPLE, quantize_matrix
from firth.config import ClassifierSettings
from firth.errors import InputError
from firth.formats.fasttext_model import FastTextModel, quantized_sizes
from firth.formats.product_quantized import CENTROIDS
from firth.subwords import END_OF_SENTENCE

if TYPE_CHECKING:
    from firth.training.callbacks import Callback

_OUTPUT_COLUMNS = 2


def quantize(
    classifier: Classifier,
    *,
    outputs: bool = False,
    cutoff: int | None = None,
    retrain_on: str | os.PathLike[str] | None = None,
    epochs: int | None = None,
    learning_rate: float = ClassifierSettings.learning_rate,
    columns: int = 2,
    norms: bool = False,
    threads: int | None = None,
    seed: int = 1,
    sample: int = ROWS_OF_A_SAMPLE,
    callbacks: Sequence[Callback] = (),
) -> Classifier:
    """Return a classifier whose rows are stored as codes, which takes a small part of the space.

    Parameters
    ----------
    classifier : Classifier
        Not quantised yet.
    outputs : bool
        Whether the rows of labels are coded, too; there must be at least 256 of them.
    cutoff : int, optional
        Keep so many rows of words and n-grams, those of greatest length, and ``</s>``. All are kept where it is not
        given, but for buckets that training never met, which then do not count any more in unseen text.
    retrain_on : path, optional
        Labelled text to train on again after rows were dropped, before the rest is coded.
    epochs, learning_rate
        How; `epochs` is the classifier's own where it is not given.
    columns : int
        How many columns of a row share a byte.
    norms : bool
        Whether the length of each row gets a byte of its own.
    threads : int, optional
        For training again.
    seed : int
        Chooses where centroids start, and the order of texts.
    sample : int
        How many rows the centroids are found from, at least 256: fewer take less time, and fit a little worse.
    callbacks : sequence of Callback
        Told how training again goes.

    Raises
    ------
    InputError
        The classifier is quantised already, there are fewer than 256 rows, or a value is out of its range.
    CorpusError
        The text to train on again cannot be used.
    """
    model = classifier.model
    if classifier.is_quantized:
        raise InputError("the classifier is quantised already: quantise the one that it was made of")
    if cutoff is not None and cutoff < 1:
        raise InputError(f"cutoff is {cutoff}, but must be at least 1, or left out to keep all rows")
    if cutoff is not None and cutoff < len(model.rows):
        model = pruned(model, cutoff)
    if retrain_on is not None:
        from firth.classifier.training import retrain

        config = _settings(classifier, epochs or model.settings.epochs, learning_rate, seed)
        model = retrain(model, retrain_on, config, threads=threads, callbacks=callbacks)
    if not model.pruned and model.bucket_ids is not None:
        model = dataclasses.replace(model, pruned=True)
    code = functools.partial(quantize_matrix, norms=norms, seed=seed, sample=sample)
    rows = code(model.rows, columns=columns, what="the matrix of words and n-grams")
    coded = None
    if outputs:
        coded = code(model.outputs, columns=_OUTPUT_COLUMNS, what="the matrix of labels")
    model = dataclasses.replace(
        model,
        rows=rows.dense(),
        quantized_rows=rows,
        outputs=model.outputs if coded is None else coded.dense(),
        quantized_outputs=coded,
    )
    return Classifier(model, label_prefix=classifier.label_prefix, history=classifier.history)


def pruned(model: FastTextModel, cutoff: int) -> FastTextModel:
    """Return a model with its `cutoff` longest rows, that of ``</s>`` among them, in their order."""
    n_words = len(model.words)
    kept = np.sort(_longest_first(model)[:cutoff])
    words, buckets = kept[kept < n_words], kept[kept >= n_words] - n_words
    ids: NDArray[np.integer] = buckets if model.bucket_ids is None else model.bucket_ids[buckets]
    return dataclasses.replace(
        model,
        words=model.words.take(words),
        word_counts=model.word_counts[words],
        rows=model.rows[kept],
        bucket_ids=ids.astype(np.int32),
        pruned=True,
    )


def rows_that_fit(model: FastTextModel, n_bytes: int, columns: int) -> int:
    """Return how many rows can be kept, as `cutoff` has it, for the quantised file to take no more than some bytes.

    Parameters
    ----------
    model : FastTextModel
        Not quantised.
    n_bytes : int
    columns : int
        How many columns of a row share a byte; the length of each row gets a byte of its own.

    Raises
    ------
    InputError
        Those that quantisation needs, 256 rows, do not fit.
    """
    rest, of_rows = quantized_sizes(model, columns)
    sizes = rest + np.cumsum(of_rows[_longest_first(model)])
    fitting = int(np.searchsorted(sizes, n_bytes, "right"))
    if fitting < min(CENTROIDS, len(sizes)):
        least = int(sizes[min(CENTROIDS, len(sizes)) - 1])
        raise InputError(
            f"a size of {n_bytes:,} bytes is asked for, but with vectors of {model.settings.dim} and "
            f"{len(model.labels):,} labels a quantised classifier takes {least:,} or more: ask for more, or set a "
            "smaller dim"
        )
    return fitting


def _longest_first(model: FastTextModel) -> NDArray[np.int64]:
    """Return the rows by their length, that of ``</s>`` before all others."""
    lengths = np.linalg.norm(model.rows, axis=1)
    end = model.words.find(END_OF_SENTENCE)
    if end >= 0:
        lengths[end] = np.inf
    return np.argsort(-lengths, kind="stable")


def _settings(classifier: Classifier, epochs: int, learning_rate: float, seed: int) -> ClassifierSettings:
    """Return the settings by which a classifier was trained, as far as they matter for training again."""
    told = classifier.model.settings
    loss = classifier.model.loss
    return ClassifierSettings(
        dim=told.dim,
        epochs=epochs,
        learning_rate=learning_rate,
        seed=seed,
        loss=loss,  # type: ignore[arg-type]
        negatives=max(told.negatives, 1),
        word_ngrams=max(told.word_ngrams, 1) if told.buckets else 1,
        min_n=told.min_n if told.has_ngrams and told.buckets else 0,
        max_n=told.max_n if told.has_ngrams and told.buckets else 0,
        buckets=told.buckets or ClassifierSettings.buckets,
        label_prefix=classifier.label_prefix,
    )
