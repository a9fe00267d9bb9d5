"""What a text consists of for a classifier: rows of its words, of their n-grams, and of n-grams of words.

A line of text ends with the token ``</s>``. Each token of the vocabulary gives its row, each token but ``</s>`` the
rows of its character n-grams, known or not (see `firth.subwords`). A run of 2 to `word_ngrams` words gives one more
row: the hashes of the words are joined, and the result modulo the number of buckets says which (Joulin et al. 2017,
section 2.2). Labels are no words. Everything is as fastText has it, so that its models can be asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.formats.fasttext_model import FastTextModel
from firth.subwords import END_OF_SENTENCE, ngram_buckets
from firth.words import Words

LABEL_PREFIX = "__label__"
"""What labels begin with, where nothing else is said."""

WORD_NGRAM_FACTOR = 116_049_371
"""What joins the hashes of words, modulo 2**64."""

TOKEN = re.compile("[^ \t\n\v\f\r\0]+")
"""What stands between the white space of ASCII; other white space is part of a word, as in fastText."""

_OFFSET_BASIS, _PRIME = np.uint32(2_166_136_261), np.uint32(16_777_619)


class Features(NamedTuple):
    """The rows that texts consist of, and their labels.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_texts + 1,)
        The rows of text ``i`` are those from ``offsets[i]`` to ``offsets[i + 1]``.
    rows : ndarray of int64, shape (offsets[-1],)
        Rows of the input matrix.
    labels : list of list of int
        The known labels in each text.
    """

    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]
    labels: list[list[int]]


def word_hashes(words: Words) -> NDArray[np.uint32]:
    """Return the hash of each word, uint32, shape (len(words),): FNV-1a as in `firth.subwords.bucket`.

    Examples
    --------
    >>> word_hashes(Words.of(["a", "</s>"])).tolist()
    [3826002220, 3617362777]
    """
    signed = words.text.view(np.int8).astype(np.int32).view(np.uint32)
    starts, lengths = words.offsets[:-1], np.diff(words.offsets)
    hashes = np.full(len(words), _OFFSET_BASIS)
    longest_first = np.argsort(-lengths, kind="stable")
    falling = -lengths[longest_first]
    for place in range(int(lengths.max(initial=0))):
        some = longest_first[: np.searchsorted(falling, -place)]
        hashes[some] = (hashes[some] ^ signed[starts[some] + place]) * _PRIME
    return hashes


def ngrams_of_words(
    hashes: NDArray[np.uint32], offsets: NDArray[np.int64], n_max: int, buckets: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the buckets of runs of 2 to `n_max` words.

    Parameters
    ----------
    hashes : ndarray of uint32, shape (n_words,)
        Of the words of all texts, in their order.
    offsets : ndarray of int64, shape (n_texts + 1,)
        Where the words of each text begin.
    n_max : int
        How many words the longest runs have.
    buckets : int
        At least 1.

    Returns
    -------
    texts : ndarray of int64, shape (n_runs,)
        In which text each run is.
    bucket_ids : ndarray of int64, shape (n_runs,)
        Its bucket.
    """
    signed = hashes.view(np.int32).astype(np.int64).view(np.uint64)
    text_of = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    joined, texts, ids = signed, [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for n in range(2, n_max + 1):
        if n > len(signed):
            break
        joined = joined[: len(signed) - n + 1] * np.uint64(WORD_NGRAM_FACTOR) + signed[n - 1 :]
        inside = np.flatnonzero(text_of[: len(joined)] == text_of[n - 1 :])
        texts.append(text_of[inside])
        ids.append((joined[inside] % np.uint64(buckets)).astype(np.int64))
    return np.concatenate(texts), np.concatenate(ids)


def split(text: str) -> list[str]:
    """Return the tokens of a line, ``</s>`` at the end; the line may end with a newline."""
    return [*TOKEN.findall(text), END_OF_SENTENCE]


def features(model: FastTextModel, lines: Sequence[Sequence[str]], prefix: str = LABEL_PREFIX) -> Features:
    """Return the rows and labels of tokenized lines.

    Parameters
    ----------
    model : FastTextModel
        What knows words and labels.
    lines : sequence of sequences of str
        As `split` gives them.
    prefix : str
        Tokens that begin with it and are neither known words nor known labels are left out.
    """
    numbers: dict[str, int] = {}
    ids = np.fromiter(
        (numbers.setdefault(token, len(numbers)) for line in lines for token in line),
        np.int64,
        sum(map(len, lines)),
    )
    types = list(numbers)
    word_rows, label_rows = model.words.find_all(types), model.labels.find_all(types)
    is_word = (word_rows >= 0) | ((label_rows < 0) & ~np.array([t.startswith(prefix) for t in types], bool))
    line_of = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    labels: list[list[int]] = [[] for _ in lines]
    for place in np.flatnonzero(~is_word[ids] & (label_rows[ids] >= 0)).tolist():
        labels[line_of[place]].append(int(label_rows[ids[place]]))
    kept = is_word[ids]
    ids, line_of = ids[kept], line_of[kept]
    # Lone surrogates, which no file can hold, are no part of any n-gram that was met.
    words = Words.of(word.encode("utf-8", "replace").decode() for word in types)
    places, rows = _rows_of_types(model, words, word_rows)
    lengths = np.diff(places)[ids]
    owners = [np.repeat(line_of, lengths)]
    starts = np.cumsum(lengths) - lengths
    found = [rows[np.repeat(places[:-1][ids] - starts, lengths) + np.arange(lengths.sum())]]
    if model.settings.word_ngrams > 1 and model.settings.buckets > 0:
        offsets = np.searchsorted(line_of, np.arange(len(lines) + 1))
        texts, buckets = ngrams_of_words(
            word_hashes(words)[ids], offsets, model.settings.word_ngrams, model.settings.buckets
        )
        chosen, texts = _counting(model, buckets, texts)
        owners.append(texts)
        found.append(chosen)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return Features(
        np.searchsorted(owner[order], np.arange(len(lines) + 1)), np.concatenate(found)[order], labels
    )


def _rows_of_types(
    model: FastTextModel, words: Words, word_rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the rows of each type begin, and the rows: of the word itself and of its n-grams."""
    settings = model.settings
    own = np.flatnonzero(word_rows >= 0)
    owners, rows = [own], [word_rows[own]]
    if settings.has_ngrams and settings.buckets > 0:
        offsets, buckets = ngram_buckets(words, settings.min_n, settings.max_n, settings.buckets)
        chosen, texts = _counting(model, buckets, np.repeat(np.arange(len(words)), np.diff(offsets)))
        owners.append(texts)
        rows.append(chosen)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return np.searchsorted(owner[order], np.arange(len(words) + 1)), np.concatenate(rows)[order]


def _counting(
    model: FastTextModel, buckets: NDArray[np.integer], owners: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of those buckets that count, and their owners; the row of zeros is the one behind all others."""
    rows = model.bucket_rows(buckets)
    if model.pruned:
        kept = rows >= 0
        return rows[kept], owners[kept]
    return np.where(rows >= 0, rows, len(model.rows)), owners
