"""From fastText's arguments to a trained model. Here, and nowhere else under fastText's names, stands what compiles."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.classifier.model import Classifier
from firth.classifier.training import train_classifier
from firth.compat._progress import bars, reading
from firth.compat.fasttext._arguments import LOSSES, attributes
from firth.compat.fasttext._model import _FastText
from firth.config import ClassifierSettings, FastText
from firth.corpus.line_ends import encode_lines
from firth.errors import ConfigError, InputError
from firth.formats import fasttext_reading, read
from firth.formats.fasttext_model import FastTextModel
from firth.formats.fasttext_reading import FastTextSettings
from firth.training import TrainedModel, train
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary
from firth.words import Words

_NODES = "node_embeddings"


def train_words(values: dict[str, Any]) -> _FastText:
    """Train vectors of words with all of fastText's arguments, as `read_arguments` gives them."""
    if values["loss"] in ("ova", "one-vs-all"):
        raise ConfigError(
            f"loss is {values['loss']!r}, but must be 'ns', 'hs' or 'softmax': one-vs-all is for classifiers here"
        )
    path, config = path_of(values["input"]), _config(values)
    start = None if not values["pretrainedVectors"] else WordVectors(read(values["pretrainedVectors"]))
    with bars(values["verbose"]) as told, encode_lines([path], progress=reading(told)) as corpus:
        labels = [word for word in corpus.types if word.startswith(values["label"])]
        vocabulary = Vocabulary.from_counts(
            (corpus.types, corpus.type_counts), min_count=config.min_count, stop_words=labels
        )
        trained = train(
            corpus, config, vocabulary=vocabulary, init=start, threads=values["thread"], callbacks=told
        )
        tokens = corpus.n_tokens
    if not trained.finished:
        raise KeyboardInterrupt
    model = _as_model(trained, values, tokens)
    return _FastText(model=model, args=attributes(values))


def train_labels(values: dict[str, Any]) -> _FastText:
    """Train a classifier with all of fastText's arguments, as `read_arguments` gives them."""
    with bars(values["verbose"]) as told:
        classifier = train_classifier(
            path_of(values["input"]),
            classifier_settings(values),
            init=values["pretrainedVectors"] or None,
            threads=values["thread"],
            callbacks=told,
        )
    if not classifier.finished:
        raise KeyboardInterrupt
    # A file of fastText's says what was asked for, also where nothing came of it.
    model = dataclasses.replace(classifier.model, settings=settings_of(values))
    trained = Classifier(model, label_prefix=values["label"], history=classifier.history)
    return _FastText(classifier=trained, args=attributes(values))


def classifier_settings(values: dict[str, Any]) -> ClassifierSettings:
    """Return fastText's arguments as firth's settings."""
    has_ngrams = values["maxn"] > 0 and values["minn"] <= values["maxn"]
    loss: Any = LOSSES[values["loss"]]
    return ClassifierSettings(
        dim=values["dim"], epochs=values["epoch"], learning_rate=values["lr"], seed=values["seed"], loss=loss,
        min_count=max(values["minCount"], 1), min_label_count=max(values["minCountLabel"], 1),
        negatives=values["neg"], word_ngrams=max(values["wordNgrams"], 1), label_prefix=values["label"],
        min_n=values["minn"] if has_ngrams else 0, max_n=values["maxn"] if has_ngrams else 0,
        buckets=values["bucket"] or ClassifierSettings.buckets,
    )  # fmt: skip


def path_of(value: Any) -> str | os.PathLike[str]:
    """Return the path of the text.

    Raises
    ------
    InputError
        It is none.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise InputError(f"input is {value!r:.60}, but must be the path of a text file")
    return value


def _config(values: dict[str, Any]) -> FastText:
    """Return firth's settings; fastText falls to a rate of 0 and draws noise by the square root of the counts."""
    has_ngrams = values["maxn"] > 0 and values["minn"] <= values["maxn"] and values["bucket"] > 0
    loss: Any = LOSSES[values["loss"]]
    noise = {"negatives": values["neg"], "noise_exponent": 0.5} if loss == "negative-sampling" else {}
    grams = {"min_n": values["minn"], "max_n": values["maxn"], "buckets": values["bucket"]}
    return FastText(
        architecture=values["model"], dim=values["dim"], window=values["ws"], epochs=values["epoch"],
        learning_rate=values["lr"], min_learning_rate=0.0, min_count=max(values["minCount"], 1),
        subsample=values["t"], loss=loss, seed=values["seed"], **noise,
        **(grams if has_ngrams else {"max_n": 0}),
    )  # fmt: skip


def _as_model(trained: TrainedModel, values: dict[str, Any], tokens: int) -> FastTextModel:
    table = trained.table
    parts = table.subwords
    rows = table.embeddings
    bucket_ids: NDArray[np.int32] | None = np.empty(0, np.int32)
    if parts is not None:
        rows, bucket_ids = np.concatenate([parts.word_rows, parts.bucket_rows]), parts.bucket_ids
    counts = table.vocabulary.counts
    return FastTextModel(
        settings=settings_of(values),
        words=table.vocabulary.words,
        word_counts=np.zeros(0, np.int64) if counts is None else counts,
        labels=Words.of([]),
        label_counts=np.empty(0, np.int64),
        tokens=tokens,
        rows=rows,
        bucket_ids=bucket_ids,
        outputs=_outputs(trained),
    )


def _outputs(trained: TrainedModel) -> NDArray[np.float32]:
    """Return the rows of words as contexts, or of the inner nodes, whose sign fastText has the other way round."""
    table = trained.table
    if table.output_embeddings is not None:
        return table.output_embeddings
    outputs = np.zeros_like(table.embeddings)
    nodes = table.state[_NODES]
    outputs[: len(nodes)] = -nodes
    return outputs


def settings_of(values: dict[str, Any]) -> FastTextSettings:
    """Return the arguments as a file of fastText's holds them."""
    losses = {name: number for number, name in fasttext_reading.LOSSES.items()}
    models = {name: number for number, name in fasttext_reading.MODELS.items()}
    return FastTextSettings(
        dim=values["dim"], window=values["ws"], epochs=values["epoch"], min_count=values["minCount"],
        negatives=values["neg"], word_ngrams=values["wordNgrams"], loss=losses[LOSSES[values["loss"]]],
        model=models[values["model"]], buckets=values["bucket"], min_n=values["minn"], max_n=values["maxn"],
        update_rate=values["lrUpdateRate"], subsample=values["t"],
    )  # fmt: skip
