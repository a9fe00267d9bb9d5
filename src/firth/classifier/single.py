"""The rows of one text, quickly: what each token gives is remembered from one text to the next.

A text alone is a handful of tokens, so that each array made for it costs more than what is computed with it: rows are
gathered in a list, and only those of words once seen are looked for again.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.classifier.features import WORD_NGRAM_FACTOR, features
from firth.formats.fasttext_model import FastTextModel
from firth.subwords import bucket

_MOST_TOKENS = 1 << 17
_MASK = (1 << 64) - 1
_MOST_IN_A_TABLE = 1 << 21


class _Known(NamedTuple):
    """What a token gives: its rows, and its hash if it is a word."""

    rows: tuple[int, ...]
    hash: int | None


class SingleTexts:
    """Finds the rows that `firth.classifier.features.features` finds, for one text after the other.

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

    def rows(self, tokens: list[str]) -> list[int]:
        """Return the rows of a tokenized line; the one behind all others stands for zeros, which count."""
        rows: list[int] = []
        hashes: list[int] = []
        known_tokens = self._tokens
        for token in tokens:
            known = known_tokens.get(token) or self._learn(token)
            rows += known.rows
            if known.hash is not None:
                hashes.append(known.hash)
        if self._runs > 1:
            rows += self._rows_of_runs(hashes)
        return rows

    def _rows_of_runs(self, hashes: list[int]) -> list[int]:
        found: list[int] = []
        buckets, n_max = self._model.settings.buckets, self._runs
        for first, joined in enumerate(hashes):
            for following in hashes[first + 1 : first + n_max]:
                joined = joined * WORD_NGRAM_FACTOR + following & _MASK  # noqa: PLW2901
                found.append(joined % buckets)
        if not found:
            return []
        # A damaged or pruned file may speak of more buckets than it has rows: no table for these.
        rows = (
            self._row_of_bucket.take(found) if buckets <= _MOST_IN_A_TABLE else self._rows_of(np.array(found))
        )
        chosen: list[int] = rows.tolist()
        return [row for row in chosen if row >= 0] if self._model.pruned else chosen

    @cached_property
    def _row_of_bucket(self) -> NDArray[np.int64]:
        return self._rows_of(np.arange(self._model.settings.buckets))

    def _rows_of(self, buckets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of buckets; where there is none, -1 if it was pruned, or else the row behind all others."""
        rows = self._model.bucket_rows(buckets)
        if not self._model.pruned:
            rows[rows < 0] = len(self._model.rows)
        return rows

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
        known = _Known(tuple(given.rows.tolist()), hashed)
        if len(self._tokens) >= _MOST_TOKENS:
            self._tokens.clear()
        self._tokens[token] = known
        return known
