"""From labelled text to a classifier."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from firth.classifier.dictionary import Dictionary, LabelledTexts, choose, labelled_texts
from firth.classifier.learner import ClassifierLearner
from firth.classifier.model import Classifier
from firth.config import ClassifierSettings
from firth.corpus import TokenCorpus
from firth.corpus.line_ends import encode_lines, encode_texts
from firth.errors import ConfigError
from firth.formats.fasttext_model import FastTextModel
from firth.formats.fasttext_reading import LOSSES, MODELS, FastTextSettings
from firth.training.callbacks import Callback
from firth.training.checks import checked_threads
from firth.training.loop import run
from firth.training.standing import Standing
from firth.vectors import WordVectors, load

_UPDATE_RATE, _WINDOW, _SUBSAMPLE = 100, 5, 1e-4


def train_classifier(
    corpus: str | os.PathLike[str] | Iterable[Any],
    config: ClassifierSettings | None = None,
    *,
    init: WordVectors | str | os.PathLike[str] | None = None,
    threads: int | None = None,
    callbacks: Sequence[Callback] = (),
) -> Classifier:
    """Learn to say which labels a text has.

    Parameters
    ----------
    corpus : path, iterable of paths, or iterable of str
        Labelled text in UTF-8, a text a line: tokens that begin with ``config.label_prefix`` are its labels. Strings
        in an iterable are texts, `Path` objects are files, which may be compressed.
    config : ClassifierSettings, optional
        What to learn and how.
    init : WordVectors or path, optional
        Vectors that their words start from. All of them become words of the classifier, so that it knows something
        of words that the labelled text lacks.
    threads : int, optional
        How many; all cores that this process may use where it is not given. The same seed gives the same bits on any
        number of them.
    callbacks : sequence of Callback
        Told about progress and epochs, in the calling thread.

    Returns
    -------
    Classifier
        After Ctrl-C (SIGINT) or SIGTERM, what there is by then: its `Classifier.history` is shorter than
        ``config.epochs``.

    Raises
    ------
    CorpusError
        A file cannot be read, or there are no labels.
    ConfigError
        The vectors to start from have another length than ``config.dim``.
    TrainingError
        The weights do not fit into memory, or overflow: lower the learning rate.

    Examples
    --------
    >>> texts = ["__label__pet a cat sleeps", "__label__food a soup boils"] * 20
    >>> classifier = train_classifier(texts, ClassifierSettings(dim=8, epochs=20, learning_rate=0.5))
    >>> classifier.predict("my cat sleeps")[0].label
    '__label__pet'
    """
    config = config or ClassifierSettings()
    if not isinstance(config, ClassifierSettings):
        raise ConfigError(f"config is {config!r:.80}, but must be ClassifierSettings")
    n_threads = checked_threads(threads)
    with learning_text(corpus, config, init=init, callbacks=callbacks) as text:
        return learn(text, config, threads=n_threads, callbacks=callbacks)


class LearningText(NamedTuple):
    """Labelled text that is read, for any number of trainings."""

    encoded: TokenCorpus
    dictionary: Dictionary
    init: WordVectors | None


@contextlib.contextmanager
def learning_text(
    corpus: str | os.PathLike[str] | Iterable[Any],
    config: ClassifierSettings,
    *,
    init: WordVectors | str | os.PathLike[str] | None = None,
    callbacks: Sequence[Callback] = (),
) -> Iterator[LearningText]:
    """Yield labelled text with its words and labels; meanwhile the kernels are compiled, or fetched from their cache.

    Parameters and errors are those of `train_classifier`.
    """
    start = init if init is None or isinstance(init, WordVectors) else load(init)
    if start is not None and start.dim != config.dim:
        raise ConfigError(
            f"the initial vectors have {start.dim} dimensions, but dim is {config.dim}: make them equal"
        )

    def on_read(done: int, total: int | None) -> None:
        for callback in callbacks:
            callback.on_read(done, total)

    with concurrent.futures.ThreadPoolExecutor(1, "firth-compile") as compiler:
        compiled = compiler.submit(_warm_up)
        with _encoded(corpus, on_read) as encoded:
            dictionary = choose(encoded, config, None if start is None else start.vocabulary.words)
            compiled.result()
            yield LearningText(encoded, dictionary, start)


def learn(
    text: LearningText, config: ClassifierSettings, *, threads: int, callbacks: Sequence[Callback] = ()
) -> Classifier:
    """Train on text that is read; what has to do with the choice of words and labels must be as it was then."""
    encoded, dictionary = text.encoded, text.dictionary
    texts = labelled_texts(encoded, dictionary, config)
    learner = ClassifierLearner(texts, dictionary, config, encoded.n_tokens)
    learner.initialise(text.init)
    standing = run(learner, threads=threads, standing=Standing(), callbacks=callbacks)
    model = _model(learner, dictionary, texts, config, encoded.n_tokens)
    return Classifier(
        model,
        label_prefix=config.label_prefix,
        history=standing.history,
        finished=standing.ended(config),
    )


def retrain(
    model: FastTextModel,
    corpus: str | os.PathLike[str],
    config: ClassifierSettings,
    *,
    threads: int | None = None,
    callbacks: Sequence[Callback] = (),
) -> FastTextModel:
    """Return a model after more training, with the words, labels and buckets that it has.

    Parameters
    ----------
    model : FastTextModel
        Not quantised.
    corpus : path
        Labelled text.
    config : ClassifierSettings
        What has to do with its words, labels and n-grams must be as it was when the model was trained.
    threads, callbacks
        See `train_classifier`.

    Raises
    ------
    CorpusError
        The file cannot be read, or none of its lines has a label of the model.
    """
    dictionary = Dictionary(
        words=model.words, word_counts=model.word_counts, labels=model.labels, label_counts=model.label_counts
    )
    buckets = model.settings.buckets
    only = np.arange(buckets, dtype=np.int32) if model.bucket_ids is None else model.bucket_ids
    n_threads = checked_threads(threads)
    with encode_lines([corpus]) as encoded:
        texts = labelled_texts(encoded, dictionary, config, only=only)
        learner = ClassifierLearner(texts, dictionary, config, encoded.n_tokens)
        learner.take_over(model.rows, model.outputs)
        run(learner, threads=n_threads, standing=Standing(), callbacks=callbacks)
    rows, outputs = learner.rows()
    return dataclasses.replace(model, rows=rows, outputs=outputs)


def _encoded(corpus: Any, on_read: Any) -> TokenCorpus:
    """Return labelled text as ids, with the ends of lines."""
    if isinstance(corpus, (str, os.PathLike)):
        return encode_lines([corpus], progress=on_read)
    items = list(corpus) if isinstance(corpus, (list, tuple)) else corpus
    if isinstance(items, list) and items and all(isinstance(item, os.PathLike) for item in items):
        return encode_lines(items, progress=on_read)
    return encode_texts(items)


def _model(
    learner: ClassifierLearner,
    dictionary: Dictionary,
    texts: LabelledTexts,
    config: ClassifierSettings,
    tokens: int,
) -> FastTextModel:
    losses = {name: number for number, name in LOSSES.items()}
    models = {name: number for number, name in MODELS.items()}
    settings = FastTextSettings(
        dim=config.dim, window=_WINDOW, epochs=config.epochs, min_count=config.min_count, negatives=config.negatives,
        word_ngrams=config.word_ngrams, loss=losses[config.loss], model=models["supervised"],
        buckets=config.buckets if config.has_buckets else 0, min_n=config.min_n, max_n=config.max_n,
        update_rate=_UPDATE_RATE, subsample=_SUBSAMPLE,
    )  # fmt: skip
    rows, outputs = learner.rows()
    return FastTextModel(
        settings=settings, words=dictionary.words, word_counts=dictionary.word_counts, labels=dictionary.labels,
        label_counts=dictionary.label_counts, tokens=tokens, rows=rows, outputs=outputs,
        bucket_ids=texts.bucket_ids if config.has_buckets else np.empty(0, np.int32),
    )  # fmt: skip


def _warm_up() -> None:
    """Compile the kernels, or fetch them from their cache, while text is read."""
    settings = ClassifierSettings(dim=8, epochs=1, word_ngrams=2, buckets=8)
    with encode_texts(["__label__a b c", "__label__d e f"]) as corpus:
        dictionary = choose(corpus, settings)
        learner = ClassifierLearner(labelled_texts(corpus, dictionary, settings), dictionary, settings, 8)
        with learner.workers(1) as train:
            train(0, 0, 2)
