"""The rows of one text, quickly: what each token gives is remembered from one text to the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.classifier.features import WORD_NGRAM_FACTOR, Features, features
from firth.formats.fasttext_model import FastTextModel
from firth.subwords import bucket

_MOST_TOKENS = 1 << 17
_MASK = (1 << 64) - 1


class _Known(NamedTuple):
    """What a token gives: its rows, its hash if it is a word, its label if it is one that is known."""

    rows: tuple[int, ...]
    hash: int | None
    labels: tuple[int, ...]


class SingleTexts:
    """Finds what `firth.classifier.features.features` finds, for one text after the other.

    Parameters
    ----------
    model : FastTextModel
    prefix : str
        What labels begin with.
    """

    def __init__(self, model: FastTextModel, prefix: str) -> None:
        self._model = model
        self._prefix = prefix
        self._tokens: dict[str, _Known] = {}
        self._runs = model.settings.word_ngrams if model.settings.buckets else 1

    def features(self, tokens: list[str]) -> Features:
        """Return the rows and labels of a tokenized line."""
        rows: list[int] = []
        hashes: list[int] = []
        labels: list[int] = []
        for token in tokens:
            known = self._tokens.get(token)
            if known is None:
                known = self._learn(token)
            rows += known.rows
            if known.hash is not None:
                hashes.append(known.hash)
            labels += known.labels
        if self._runs > 1:
            rows += self._rows_of_runs(hashes)
        return Features(np.array([0, len(rows)]), np.array(rows, np.int64), [labels])

    def _rows_of_runs(self, hashes: list[int]) -> list[int]:
        found, buckets, n_max = [], self._model.settings.buckets, self._runs
        for first, joined in enumerate(hashes):
            for following in hashes[first + 1 : first + n_max]:
                joined = joined * WORD_NGRAM_FACTOR + following & _MASK  # noqa: PLW2901
                found.append(joined % buckets)
        rows = self._model.bucket_rows(np.array(found, np.int64))
        if self._model.pruned:
            rows = rows[rows >= 0]
        rows[rows < 0] = len(self._model.rows)
        chosen: list[int] = rows.tolist()
        return chosen

    def _learn(self, token: str) -> _Known:
        """Return what a token gives, and remember it."""
        given = features(self._model, [[token]], self._prefix)
        is_label = bool(given.labels[0]) or (
            token.startswith(self._prefix) and self._model.words.find(token) < 0
        )
        hashed = None
        if not is_label:
            value = bucket(token.encode("utf-8", "replace").decode(), 1 << 32)
            hashed = value - (1 << 32) if value >> 31 else value
        known = _Known(tuple(given.rows.tolist()), hashed, tuple(given.labels[0]))
        if len(self._tokens) >= _MOST_TOKENS:
            self._tokens.clear()
        self._tokens[token] = known
        return known
