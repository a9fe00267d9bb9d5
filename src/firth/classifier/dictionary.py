"""From a corpus of labelled lines to what a classifier learns: words, labels, and the rows of each text."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from firth.classifier.features import word_hashes
from firth.config import ClassifierSettings
from firth.corpus import TokenCorpus
from firth.errors import CorpusError
from firth.kernels.cpu.subwords import ngram_buckets
from firth.kernels.cpu.text_rows import TypeTable, count_rows, mark_runs
from firth.vocabulary import most_frequent
from firth.words import Words

_AT_ONCE = 1 << 22


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Dictionary:
    """The words and labels that are learned, most frequent first.

    Parameters
    ----------
    words, labels : Words
    word_counts, label_counts : ndarray of int64
    """

    words: Words
    word_counts: NDArray[np.int64]
    labels: Words
    label_counts: NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LabelledTexts:
    """The lines of a corpus that have a label and a row; the kernels read them.

    Parameters
    ----------
    ids : ndarray of int32
        The corpus.
    starts : ndarray of int64, shape (n_lines + 1,)
        Where each of its lines begins.
    lines : ndarray of int64, shape (n_texts,)
        Which lines they are.
    counts : ndarray of int64, shape (n_lines,)
        How many rows each line has.
    label_offsets : ndarray of int64, shape (n_lines + 1,)
        Where the labels of each line begin in `labels`.
    labels : ndarray of int32
    table : TypeTable
        What each type gives, in rows of the input matrix.
    bucket_ids : ndarray of int32, shape (n_used,)
        The buckets that are used, rising; their rows stand behind those of the words.
    row_of : ndarray of int32, shape (buckets,)
        The row of each of them, -1 for others.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    lines: NDArray[np.int64]
    counts: NDArray[np.int64]
    label_offsets: NDArray[np.int64]
    labels: NDArray[np.int32]
    table: TypeTable
    bucket_ids: NDArray[np.int32]
    row_of: NDArray[np.int32]


def choose(corpus: TokenCorpus, settings: ClassifierSettings, known: Words | None = None) -> Dictionary:
    """Return the words and labels of a corpus that are frequent enough.

    Parameters
    ----------
    corpus : TokenCorpus
    settings : ClassifierSettings
    known : Words, optional
        Words that are kept however rare they are, or absent; each counts once more.

    Raises
    ------
    CorpusError
        There are no labels, or no words.
    """
    types, counts, prefix = corpus.types, corpus.type_counts, settings.label_prefix
    is_label = np.fromiter((kind.startswith(prefix) for kind in types), bool, len(types))
    if not is_label.any():
        raise CorpusError(
            f"the text has no labels: no token begins with {prefix!r:.60}, as __label__sports does; say what labels "
            "begin with, or put labels into the lines"
        )
    label_types = np.flatnonzero(is_label)
    labels, label_counts = _frequent(
        types.take(label_types), counts[label_types], settings.min_label_count, ()
    )
    word_types = np.flatnonzero(~is_label)
    words, word_counts = types.take(word_types), counts[word_types]
    kept, kept_counts = _frequent(words, word_counts, settings.min_count, settings.stop_words)
    kept, kept_counts = (
        kept.take(np.arange(len(kept))[: settings.max_vocab]),
        kept_counts[: settings.max_vocab],
    )
    if known is not None:
        kept, kept_counts = _with_known(kept, kept_counts, known)
    for what, found, least in (("label", labels, "min_label_count"), ("word", kept, "min_count")):
        if not len(found):
            raise CorpusError(
                f"no {what} occurs {getattr(settings, least)} times, as {least} asks for: lower it or give more text"
            )
    return Dictionary(words=kept, word_counts=kept_counts, labels=labels, label_counts=label_counts)


def labelled_texts(
    corpus: TokenCorpus,
    dictionary: Dictionary,
    settings: ClassifierSettings,
    *,
    only: NDArray[np.int32] | None = None,
) -> LabelledTexts:
    """Return the texts of a corpus as rows of the words and labels of a dictionary.

    Parameters
    ----------
    corpus : TokenCorpus
    dictionary : Dictionary
    settings : ClassifierSettings
    only : ndarray of int32, optional
        The buckets that have rows, rising, where that is settled; others do not count.

    Raises
    ------
    CorpusError
        No line has both a known label and anything known.
    """
    types, ids = corpus.types, corpus.ids
    ends = np.flatnonzero(ids < 0)
    starts = np.concatenate([[0], ends + 1])
    prefix = settings.label_prefix
    is_label = np.fromiter((kind.startswith(prefix) for kind in types), bool, len(types))
    label_of = _places(dictionary.labels, types, is_label)
    label_offsets, labels = _labels_of_lines(ids, ends, label_of)
    table, n_max = _table_of_buckets(types, ~is_label, settings), settings.word_ngrams
    used = np.zeros(settings.buckets if settings.has_buckets else 1, np.bool_)
    if settings.has_buckets:
        used[table.rows] = True
        if n_max > 1:
            mark_runs(ids, starts, table, n_max, used)
    bucket_ids = np.flatnonzero(used).astype(np.int32) if only is None else only
    row_of = np.full(len(used), -1, np.int32)
    row_of[bucket_ids] = np.arange(len(bucket_ids)) + len(dictionary.words)
    table = _with_words(table, _places(dictionary.words, types, ~is_label), row_of)
    counts = np.empty(len(ends), np.int64)
    count_rows(ids, starts, table, n_max, row_of, counts)
    lines = np.flatnonzero((counts > 0) & (np.diff(label_offsets) > 0))
    if not len(lines):
        raise CorpusError(
            "no line has both a known label and a known word: labels and words stand in the same line, separated by "
            "blanks"
        )
    return LabelledTexts(
        ids=ids, starts=starts, lines=lines, counts=counts, label_offsets=label_offsets, labels=labels, table=table,
        bucket_ids=bucket_ids, row_of=row_of,
    )  # fmt: skip


def _frequent(
    words: Words, counts: NDArray[np.int64], least: int, stop_words: tuple[str, ...]
) -> tuple[Words, NDArray[np.int64]]:
    chosen = most_frequent(words, counts, least, stop_words)
    return words.take(chosen), counts[chosen]


def _with_known(words: Words, counts: NDArray[np.int64], known: Words) -> tuple[Words, NDArray[np.int64]]:
    places = words.find_all(list(known))
    counts = counts.copy()
    np.add.at(counts, places[places >= 0], 1)
    added = Words.of(dict.fromkeys(word for word, place in zip(known, places, strict=True) if place < 0))
    return _frequent(words.followed_by(added), np.append(counts, np.ones(len(added), np.int64)), 1, ())


def _places(words: Words, types: Words, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the place of each type in `words`, or -1; only those `wanted` are looked for."""
    places = np.full(len(types), -1, np.int64)
    some = np.flatnonzero(wanted)
    places[some] = words.find_all(list(types.take(some)))
    return places


def _labels_of_lines(
    ids: NDArray[np.int32], ends: NDArray[np.int64], label_of: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return where the labels of each line begin, and the labels."""
    number = np.append(label_of, -1)  # the last one is for -1
    found, places = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    for start in range(0, len(ids), _AT_ONCE):
        labels = number[ids[start : start + _AT_ONCE]]
        there = np.flatnonzero(labels >= 0)
        found.append(labels[there].astype(np.int32))
        places.append(there + start)
    where = np.concatenate(places)
    offsets = np.concatenate([[0], np.searchsorted(where, ends)])
    return offsets, np.concatenate(found)


def _table_of_buckets(types: Words, is_word: NDArray[np.bool_], settings: ClassifierSettings) -> TypeTable:
    """Return what each type gives but for the row of its own, in buckets."""
    some = np.flatnonzero(is_word)
    words = types.take(some)
    lengths, buckets = np.zeros(len(types), np.int64), np.empty(0, np.int32)
    if settings.max_n >= max(settings.min_n, 1):
        offsets, buckets = ngram_buckets(words, settings.min_n, settings.max_n, settings.buckets)
        lengths[some] = np.diff(offsets)
    hashes = np.zeros(len(types), np.int64)
    hashes[some] = word_hashes(words).view(np.int32)
    return TypeTable(np.concatenate([[0], np.cumsum(lengths)]), buckets, hashes, is_word)


def _with_words(table: TypeTable, word_of: NDArray[np.int64], row_of: NDArray[np.int32]) -> TypeTable:
    """Return the same in rows, the row of each known word before those of its n-grams."""
    known, found = word_of >= 0, row_of[table.rows]
    there = found >= 0
    starts = np.concatenate([[0], np.cumsum(there)])[table.offsets]
    lengths = np.diff(starts)
    offsets = np.concatenate([[0], np.cumsum(lengths + known)])
    rows = np.empty(offsets[-1], np.int32)
    rows[offsets[:-1][known]] = word_of[known]
    shift = np.repeat(offsets[:-1] + known - starts[:-1], lengths)
    rows[np.arange(starts[-1]) + shift] = found[there]
    return table._replace(offsets=offsets, rows=rows)
