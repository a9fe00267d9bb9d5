"""Vectors of words and lines out of the rows of a model of fastText's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firth.classifier.features import TOKEN
from firth.formats import VectorTable
from firth.formats.fasttext_model import FastTextModel
from firth.subwords import Subwords, ngram_buckets, ngrams
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary
from firth.words import Words


def encodable(text: str) -> str:
    """Return a text without lone surrogates, which UTF-8 cannot say."""
    return text.encode("utf-8", "replace").decode()


def subwords_of(model: FastTextModel, word: str) -> tuple[list[str], NDArray[np.int64]]:
    """Return a word's parts, itself first if it is known, and their rows in fastText's numbering.

    Pruned n-grams have no rows, so that there may be fewer of these.
    """
    word = encodable(word)
    settings, own = model.settings, model.words.find(word)
    parts, ids = ([word], [own]) if own >= 0 else ([], [])
    if settings.has_ngrams and settings.buckets:
        parts += ngrams(word, settings.min_n, settings.max_n)
        buckets = buckets_of(model, word)
        rows = model.bucket_rows(buckets)
        ids += rows[rows >= 0].tolist() if model.pruned else (buckets + len(model.words)).tolist()
    return parts, np.array(ids, np.int64)


def buckets_of(model: FastTextModel, word: str) -> NDArray[np.int64]:
    """Return the buckets of the n-grams of a word."""
    settings = model.settings
    _, buckets = ngram_buckets(Words.of([word]), settings.min_n, settings.max_n, settings.buckets)
    return buckets.astype(np.int64)


def word_vector(model: FastTextModel, word: str) -> NDArray[np.float32]:
    """Return the mean of the rows of a word and its n-grams, float32, shape (dim,); zeros if there are none."""
    word = encodable(word)
    own = model.words.find(word)
    rows = [own] if own >= 0 else []
    count = len(rows)
    if model.settings.has_ngrams and model.settings.buckets:
        found = model.bucket_rows(buckets_of(model, word))
        kept = found[found >= 0].tolist()
        rows += kept
        count += len(kept) if model.pruned else len(found)
    vector = np.zeros(model.settings.dim, np.float32)
    for row in rows:  # in fastText's order, so that the bits are its
        vector += model.rows[row]
    return vector * np.float32(1.0 / max(count, 1))


def mean_direction(model: FastTextModel, line: str) -> NDArray[np.float32]:
    """Return the mean of the directions of a line's words, float32, shape (dim,); zeros if none has one."""
    total, count = np.zeros(model.settings.dim, np.float32), 0
    for word in TOKEN.findall(line):
        vector = word_vector(model, word)
        norm = np.float32(np.linalg.norm(vector))
        if norm > 0:
            total += vector * (np.float32(1) / norm)
            count += 1
    return total * np.float32(1.0 / max(count, 1))


def input_matrix(model: FastTextModel) -> NDArray[np.float32]:
    """Return the rows of all words and buckets, zeros for those that training never met."""
    ids, n_words = model.bucket_ids, len(model.words)
    if ids is None or model.pruned:
        return model.rows.copy()
    matrix = np.zeros((n_words + model.settings.buckets, model.settings.dim), np.float32)
    matrix[:n_words] = model.rows[:n_words]
    matrix[n_words + ids] = model.rows[n_words:]
    return matrix


def as_vectors(model: FastTextModel) -> WordVectors:
    """Return the vectors of all words, as firth knows them."""
    settings, n_words = model.settings, len(model.words)
    own = model.rows[:n_words]
    vocabulary = Vocabulary(model.words, model.word_counts)
    if not (settings.has_ngrams and settings.buckets):
        return WordVectors(VectorTable(vocabulary, own))
    parts = Subwords(
        min_n=settings.min_n, max_n=settings.max_n, buckets=settings.buckets, word_rows=own,
        bucket_rows=model.rows[n_words:], bucket_ids=model.bucket_ids, pruned=model.pruned,
    )  # fmt: skip
    return WordVectors(VectorTable(vocabulary, parts.known(model.words), subwords=parts))
