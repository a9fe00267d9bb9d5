"""word2vec.c's run: its flags, its reading of text, its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from firth import formats
from firth.compat._progress import bars, reading
from firth.config import CBOW, SkipGram, WindowSettings
from firth.corpus import TokenCorpus
from firth.corpus.line_ends import WORD2VEC_TOKEN, count_line_ends, encode_lines
from firth.errors import ConfigError, MissingExtraError
from firth.files import replacing
from firth.formats import VectorTable
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

_END = "</s>"
_SEED = 1


def train(values: Mapping[str, Any]) -> None:
    """Do what word2vec.c does when it is called with these flags.

    Parameters
    ----------
    values : mapping
        Every flag by its name without the dash. ``alpha`` and ``threads`` are 0 where they are not given.

    Raises
    ------
    ConfigError
        A value is out of its range, or no loss is asked for.
    CorpusError
        The text cannot be read, or fewer than two words are left.
    OutputError
        A file cannot be written.
    """
    config = settings_of(values)
    if values["classes"] > 0:
        _k_means()  # before hours are spent
    with (
        bars(values["debug"]) as bar,
        encode_lines(
            [values["train"]], token=WORD2VEC_TOKEN, end_of_line=None, without="\r", progress=reading(bar)
        ) as corpus,
    ):
        n_lines = count_line_ends([values["train"]])
        vocabulary = _choose(corpus, values, config)
        if values["save-vocab"]:
            _save_vocabulary(vocabulary, n_lines, Path(values["save-vocab"]))
        if not values["output"]:
            return
        from firth.training import train as run

        trained = run(corpus, config, vocabulary=vocabulary, threads=values["threads"] or None, callbacks=bar)
    if not trained.finished:
        raise KeyboardInterrupt
    table = _with_line_ends(trained.table, n_lines)
    if values["classes"] > 0:
        _write_classes(table, values["classes"], Path(values["output"]))
        return
    name = "word2vec-binary" if values["binary"] else "word2vec-text"
    formats.write(table, values["output"], format=name, overwrite=True)


def settings_of(values: Mapping[str, Any]) -> WindowSettings:
    """Return word2vec.c's flags as firth's settings; the rate falls to a ten-thousandth.

    Raises
    ------
    ConfigError
        A value is out of its range, or no loss is asked for.
    """
    if not values["hs"] and values["negative"] <= 0:
        raise ConfigError("-hs 0 and -negative 0 leave nothing to learn: give one of them another value")
    rate = values["alpha"] or (0.05 if values["cbow"] else 0.025)
    loss: dict[str, Any] = {"negatives": values["negative"]} if values["negative"] > 0 else {}
    if values["hs"]:
        loss["loss"] = "hierarchical-softmax+negative-sampling" if loss else "hierarchical-softmax"
    kind = CBOW if values["cbow"] else SkipGram
    return kind(
        dim=values["size"],
        window=values["window"],
        subsample=values["sample"],
        epochs=values["iter"],
        min_count=max(values["min-count"], 1),
        learning_rate=rate,
        min_learning_rate=rate * 1e-4,
        seed=_SEED,
        **loss,
    )


def _choose(corpus: TokenCorpus, values: Mapping[str, Any], config: WindowSettings) -> Vocabulary:
    """Return the words to learn: those of the text that are frequent enough, or those of a list that are."""
    if not values["read-vocab"]:
        return Vocabulary.from_counts(
            (corpus.types, corpus.type_counts), min_count=config.min_count, stop_words=[_END]
        )
    listed = Vocabulary.load(values["read-vocab"])
    if listed.counts is None:
        raise ConfigError(
            f"{values['read-vocab']} has no counts, but -read-vocab needs a word and its count in each line, as "
            "-save-vocab writes them"
        )
    return Vocabulary.from_counts(
        (listed.words, listed.counts), min_count=config.min_count, stop_words=[_END]
    )


def _save_vocabulary(vocabulary: Vocabulary, n_lines: int, path: Path) -> None:
    counts = [] if vocabulary.counts is None else vocabulary.counts.tolist()
    lines = [f"{_END} {n_lines}\n"]
    lines += [f"{word} {count}\n" for word, count in zip(vocabulary, counts, strict=True)]
    with replacing(path) as temporary:
        temporary.write_text("".join(lines), "utf-8")


def _with_line_ends(table: VectorTable, n_lines: int) -> VectorTable:
    """Return the table with the row of chance before all others that word2vec.c has for the ends of lines."""
    dim = table.embeddings.shape[1]
    row = (np.random.default_rng(_SEED).random((1, dim)) - 0.5) / dim
    counts = np.zeros(0, np.int64) if table.vocabulary.counts is None else table.vocabulary.counts
    return VectorTable(
        Vocabulary([_END, *table.vocabulary], [n_lines, *counts.tolist()]),
        np.concatenate([row.astype(np.float32), table.embeddings]),
    )


def _k_means() -> Any:
    try:
        from sklearn.cluster import KMeans
    except ImportError as error:
        raise MissingExtraError(
            "-classes needs scikit-learn: pip install 'firth[sklearn]', or leave -classes out"
        ) from error
    return KMeans


def _write_classes(table: VectorTable, n_classes: int, path: Path) -> None:
    """Write each word and the number of its class, of words whose vectors point the same way."""
    if n_classes > len(table.vocabulary):
        raise ConfigError(
            f"-classes is {n_classes}, but there are {len(table.vocabulary)} words: ask for fewer classes"
        )
    vectors = WordVectors(table)
    units = table.embeddings / np.maximum(vectors.norms, 1e-12)[:, None]
    found = _k_means()(n_clusters=n_classes, n_init=1, max_iter=10, random_state=_SEED).fit_predict(units)
    lines = [f"{word} {number}\n" for word, number in zip(table.vocabulary, found.tolist(), strict=True)]
    with replacing(path) as temporary:
        temporary.write_text("".join(lines), "utf-8")
