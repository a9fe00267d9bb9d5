"""fastText's own files: settings, dictionary, and the rows of words, n-grams and contexts.

::

    magic number, version       int32 each; version 12, or 11, which the same layout has
    settings                    twelve int32, one double
    sizes of the dictionary     entries, words, labels (int32), tokens, pruned n-grams (int64; -1: not pruned)
    entries                     word, NUL, count (int64), kind (int8: 0 word, 1 label); words first
    pruned n-grams              pairs of bucket and row (int32 each)
    input matrix                quantised? (1 byte), then the rows of words and of buckets
    output matrix               quantised? (1 byte), then the rows of contexts, labels or nodes of a tree

A model of labelled texts holds labels among its entries; they are no words, and neither they nor their rows are
read. The nodes of hierarchical softmax are no words either.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError
from firth.formats import stream
from firth.formats.fasttext_matrices import read_matrix
from firth.formats.fasttext_source import Source
from firth.formats.table import VectorTable
from firth.subwords import LONGEST_NGRAM, Subwords
from firth.vocabulary import Vocabulary

NAME = "fasttext"
MAGIC = 793_712_314
VERSIONS = (11, 12)
MODELS = {1: "cbow", 2: "skipgram", 3: "supervised"}
LOSSES = {1: "hierarchical-softmax", 2: "negative-sampling", 3: "softmax", 4: "one-vs-all"}
SETTINGS = "iiiiiiiiiiiid"
"""How the fields of `FastTextSettings` are laid out."""

_WORD, _LABEL = 0, 1
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class FastTextSettings:
    """The settings in a file of fastText, in its order, by the names that firth has for them."""

    dim: int
    window: int
    epochs: int
    min_count: int
    negatives: int
    word_ngrams: int
    loss: int
    model: int
    buckets: int
    min_n: int
    max_n: int
    update_rate: int
    subsample: float

    @property
    def has_ngrams(self) -> bool:
        """Whether words have character n-grams."""
        return self.max_n >= max(self.min_n, 1)


@dataclasses.dataclass(frozen=True)
class _Dictionary:
    """Words and their counts; `pruned` holds pairs of bucket and row, or is None where all buckets have rows."""

    words: list[bytes]
    counts: NDArray[np.int64]
    n_labels: int
    tokens: int
    pruned: NDArray[np.int32] | None


def recognises(path: Path) -> bool:
    """Return whether `path` starts with fastText's magic number."""
    return not path.is_dir() and stream.head(path).startswith(MAGIC.to_bytes(4, "little"))


def read(path: Path, *, memory_map: bool = True) -> VectorTable:  # noqa: ARG001 (rows are not aligned)
    """Read all of a file, ``.bin`` or ``.ftz``.

    Words that are not UTF-8 are dealt with as everywhere: U+FFFD stands for what is damaged. Their vectors are made
    of the n-grams that fastText found in their bytes.

    Raises
    ------
    FormatError
        The file is truncated, longer than it promises, damaged, or of another version.
    """
    with stream.reading(path) as file:
        source = Source(path, file)
        version, settings = read_settings(source)
        dictionary = _read_dictionary(source, settings)
        n_words = len(dictionary.words)
        quantized = source.flag("the sign of a quantised input matrix")
        if dictionary.pruned is not None and not quantized:
            raise source.damaged("its n-grams are pruned, but its input matrix is not quantised")
        pruned = dictionary.pruned
        n_buckets = settings.buckets if pruned is None else len(pruned)
        rows = read_matrix(
            source,
            "the input matrix",
            dim=settings.dim,
            rows=n_words + (n_buckets if settings.has_ngrams else 0),
            quantized=quantized,
        )
        outputs = _read_outputs(source, settings, dictionary, quantized)
        source.end()
    return _table(
        path, dictionary, rows, outputs, _metadata(version, settings, dictionary, quantized), settings
    )


def read_settings(source: Source) -> tuple[int, FastTextSettings]:
    """Return the version of the file and the settings in it.

    Raises
    ------
    FormatError
        It is no file of fastText's, of another version, or a setting is out of its range.
    """
    magic, version = source.numbers("ii", "its first numbers")
    if magic != MAGIC:
        raise FormatError(f"{source.path} is not {NAME}: it must start with the number {MAGIC}, not {magic}")
    if version not in VERSIONS:
        raise FormatError(
            f"{source.path} is of fastText's version {version}, but must be of {' or '.join(map(str, VERSIONS))}: "
            "load and save it with a newer fastText"
        )
    settings = FastTextSettings(*source.numbers(SETTINGS, "its settings"))
    limits: dict[str, tuple[int, int]] = {
        "dim": (1, 2**31 - 1),
        "loss": (min(LOSSES), max(LOSSES)),
        "model": (min(MODELS), max(MODELS)),
        "min_n": (0, 2**31 - 1),
        "max_n": (0, LONGEST_NGRAM),
        "buckets": (1 if settings.has_ngrams else 0, 2**31 - 1),
    }
    for name, (low, high) in limits.items():
        value = getattr(settings, name)
        if not low <= value <= high:
            raise source.damaged(f"its setting {name} is {value:,}, but must be from {low:,} to {high:,}")
    if not math.isfinite(settings.subsample):
        raise source.damaged(f"its setting subsample is {settings.subsample}")
    if version == 11 and MODELS[settings.model] == "supervised":
        # Such models had no n-grams yet, whatever their settings say; fastText does the same.
        settings = dataclasses.replace(settings, max_n=0)
    return version, settings


def _read_dictionary(source: Source, settings: FastTextSettings) -> _Dictionary:
    n_entries, n_words, n_labels, tokens, n_pruned = source.numbers("iiiqq", "the sizes of its dictionary")
    if n_words < 1 or n_labels < 0 or n_entries != n_words + n_labels or n_pruned < -1 or tokens < 0:
        raise source.damaged(
            f"its dictionary promises {n_entries:,} entries, {n_words:,} words, {n_labels:,} labels, {tokens:,} tokens "
            f"and {n_pruned:,} pruned n-grams"
        )
    entries = source.entries(n_entries)  # if that many are there, there is memory for their counts
    words: list[bytes] = []
    counts = np.empty(n_words, np.int64)
    for place, (word, count, kind) in enumerate(entries):
        if kind != (_WORD if place < n_words else _LABEL) or not word or count < 0:
            raise source.damaged(
                f"entry {place + 1:,} of its dictionary is {word.decode('utf-8', 'replace')!r:.80} of kind {kind} with "
                f"count {count:,}, where {n_words:,} words must come before {n_labels:,} labels"
            )
        if place < n_words:
            words.append(word)
            counts[place] = count
    pruned = None
    if n_pruned >= 0:
        pruned = check_pruned(
            source, source.array((n_pruned, 2), "<i4", "the pruned n-grams"), settings.buckets
        )
    return _Dictionary(words, counts, n_labels, tokens, pruned)


def check_pruned(source: Source, pairs: NDArray[np.int32], n_buckets: int) -> NDArray[np.int32]:
    """Return the pairs of bucket and row that pruning has left.

    Raises
    ------
    FormatError
        They are not different buckets, or not all of the rows.
    """
    buckets, rows = np.sort(pairs, axis=0).T
    rise = not len(buckets) or (
        buckets[0] >= 0 and buckets[-1] < n_buckets and np.all(buckets[1:] > buckets[:-1])
    )
    if not rise or not np.array_equal(rows, np.arange(len(rows))):
        raise source.damaged(
            f"its pruned n-grams are not {len(pairs):,} different ones of {n_buckets:,} buckets"
        )
    return pairs.astype(np.int32, copy=False)


def _read_outputs(
    source: Source, settings: FastTextSettings, dictionary: _Dictionary, quantized: bool
) -> NDArray[np.float32] | None:
    """Return the rows of words as contexts, or None where the output matrix holds something else."""
    of_words = MODELS[settings.model] != "supervised"
    kept = of_words and LOSSES[settings.loss] != "hierarchical-softmax"
    outputs = read_matrix(
        source,
        "the output matrix",
        dim=settings.dim,
        rows=len(dictionary.words) if kept else 0,
        # fastText looks at this sign only where the input matrix is quantised.
        quantized=source.flag("the sign of a quantised output matrix") and quantized,
    )
    return outputs if kept else None


def _table(
    path: Path,
    dictionary: _Dictionary,
    rows: NDArray[np.float32],
    outputs: NDArray[np.float32] | None,
    metadata: dict[str, Any],
    settings: FastTextSettings,
) -> VectorTable:
    n_words = len(dictionary.words)
    embeddings, subwords = rows[:n_words], None
    if settings.has_ngrams:
        subwords = _subwords(settings, rows, n_words, dictionary.pruned)
        embeddings = subwords.known(stream.packed(dictionary.words))
        if not np.isfinite(embeddings).all():
            row = int(np.argmin(np.isfinite(embeddings).all(axis=1)))
            word = dictionary.words[row].decode("utf-8", "replace")
            raise FormatError(
                f"{path} is damaged: the rows of {word!r:.60} and its n-grams add up to more than float32 can hold"
            )
    words, kept = stream.unique_words(path, dictionary.words)
    counts = dictionary.counts
    if kept is not None:
        embeddings, counts = embeddings[kept], counts[kept]
        outputs = None if outputs is None else outputs[kept]
        subwords = None if subwords is None else subwords.take(kept)
    for matrix in (embeddings, outputs):
        if matrix is not None:
            matrix.flags.writeable = False
    # Words of no tokens: the file was written without knowing how often they occur.
    known = counts if dictionary.tokens else None
    try:
        vocabulary = Vocabulary(words, known)
    except InputError as error:
        raise FormatError(f"{path} is damaged: {error}") from error
    return VectorTable(vocabulary, embeddings, outputs, metadata, subwords)


def _subwords(
    settings: FastTextSettings, rows: NDArray[np.float32], n_words: int, pruned: NDArray[np.int32] | None
) -> Subwords:
    bucket_ids, bucket_rows = None, rows[n_words:]
    if pruned is not None:
        pairs = pruned[np.argsort(pruned[:, 0])]
        bucket_ids, bucket_rows = pairs[:, 0].copy(), bucket_rows[pairs[:, 1]]
    return Subwords(
        min_n=settings.min_n,
        max_n=settings.max_n,
        buckets=settings.buckets,
        word_rows=rows[:n_words],
        bucket_rows=bucket_rows,
        bucket_ids=bucket_ids,
        pruned=pruned is not None,
    )


def _metadata(
    version: int, settings: FastTextSettings, dictionary: _Dictionary, quantized: bool
) -> dict[str, Any]:
    told = dataclasses.asdict(settings) | {
        "model": MODELS[settings.model],
        "loss": LOSSES[settings.loss],
        "version": version,
        "tokens": dictionary.tokens,
        "labels": dictionary.n_labels,
        "quantized": quantized,
    }
    return {"fasttext": told}
