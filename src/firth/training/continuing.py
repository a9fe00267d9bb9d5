"""Training a model further on new text: its words keep their rows, and new ones come behind them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from firth.config import CBOW, GloVe, Settings, TextOptions, WindowSettings
from firth.corpus import TokenCorpus
from firth.errors import ConfigError, CorpusError, InputError
from firth.training.model import TrainedModel
from firth.training.resume import read_model
from firth.vocabulary import Vocabulary, most_frequent

_MUST_BE_EQUAL = (
    "model",
    "dim",
    "loss",
    "combine",
    "position_weights",
    "architecture",
    "min_n",
    "max_n",
    "buckets",
)


def model_to_continue(source: TrainedModel | str | os.PathLike[str]) -> TrainedModel:
    """Return a model that `firth.train` has returned or saved.

    Raises
    ------
    InputError
        There is none.
    """
    if isinstance(source, TrainedModel):
        return source
    if not isinstance(source, (str, os.PathLike)):
        raise ConfigError(f"continue_from is {source!r:.60}, but must be a TrainedModel or the folder of one")
    path = Path(source)
    model = read_model(path) if path.is_dir() else None
    if model is None:
        raise InputError(
            f"cannot continue from {path}: it is no folder that firth has trained; give vectors from elsewhere as init"
        )
    return model


def text_of(model: TrainedModel) -> TextOptions:
    """Return how the text of a model became tokens.

    Raises
    ------
    ConfigError
        A function has split it, which is not saved.
    """
    recorded = model.table.metadata.get("text", {})
    if recorded.get("tokenize") == "custom" and not callable(model.text.tokenize):
        raise ConfigError(
            "the text of the model to continue was split by a function, which is not saved: give the same one as text"
        )
    return model.text


def check_continuation(
    model: TrainedModel, config: Settings, *, vocabulary: object = None, init: object = None
) -> None:
    """Refuse what cannot be continued, or not with a vocabulary or vectors to start from that are given too.

    Raises
    ------
    ConfigError
        The message says why.
    """
    old = model.config
    for name, value in (("vocabulary", vocabulary), ("init", init)):
        if value is not None:
            raise ConfigError(
                f"{name} and continue_from exclude each other: a model that is continued has its own; choose one"
            )
    if isinstance(old, GloVe) or isinstance(config, GloVe):
        raise ConfigError(
            "GloVe cannot be continued: it fits the counts of all text at once, and those of the old text are not "
            "kept; train on both texts together, with init if you like"
        )
    saved, wanted = old.as_dict(), config.as_dict()
    names = list(_MUST_BE_EQUAL)
    if isinstance(old, CBOW) and old.position_weights:
        names.append("window")
    differences = [
        f"{name} was {saved[name]!r} and is {wanted[name]!r}"
        for name in names
        if name in saved and name in wanted and saved[name] != wanted[name]
    ]
    if differences:
        raise ConfigError(
            f"cannot continue: {'; '.join(differences)}; use the same, or start another model from these vectors with "
            "init"
        )
    if isinstance(old, WindowSettings) and old.follows_paths:
        raise ConfigError(
            "hierarchical softmax cannot be continued: its tree follows from the counts, and with new text another one "
            "would grow, in which the old rows of inner nodes mean nothing; start another model with init"
        )


def grown_vocabulary(vocabulary: Vocabulary, corpus: TokenCorpus, config: Settings) -> Vocabulary:
    """Return the words of a model with their counts in the old and the new text, and behind them the new words.

    New words are those that occur `min_count` times in the new text, the most frequent first, as long as `max_vocab`
    leaves room.

    Raises
    ------
    CorpusError
        The new text has no word that could be learned.
    """
    rows = corpus.lookup_table(vocabulary)
    known = rows >= 0
    new = np.flatnonzero(~known)
    words, numbers = corpus.types.take(new), corpus.type_counts[new]
    chosen = most_frequent(words, numbers, config.min_count, config.stop_words)
    if config.max_vocab is not None:
        chosen = chosen[: max(0, config.max_vocab - len(vocabulary))]
    if not known.any() and not len(chosen):
        raise CorpusError(
            f"none of the {len(vocabulary):,} words of the model occurs in the new text, and no other at least "
            f"{config.min_count} times: check that both are lowercased and tokenized alike"
        )
    counts = np.zeros(len(vocabulary), np.int64) if vocabulary.counts is None else vocabulary.counts.copy()
    counts[rows[known]] += corpus.type_counts[known]
    return Vocabulary(
        vocabulary.words.followed_by(words.take(chosen)), np.concatenate([counts, numbers[chosen]])
    )
