"""Joining words to phrases, and spelling ids as text, compiled.

What joins is a table of *steps*: from a left, which is a word or a word with connector words behind it, and the next
word, to a longer left or, at the end of a phrase, to the phrase. Steps lie in a hash table, an array of int64 of shape
(slots, 2), its length a power of two, at most half full: ``left << 32 | word``, plus 1 so that 0 is an empty slot, and
where the step leads. Everything here holds no GIL and accepts no races: the arrays that a kernel changes belong to its
caller alone.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel

# The golden ratio in 64 bits, made odd.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

_SPACE, _NEWLINE = np.uint8(0x20), np.uint8(0x0A)


@kernel()
def _place_of(left, word, steps):
    """Return the slot of a step, or the empty one where it would be."""
    step = ((np.int64(left) << 32) | np.int64(word)) + 1
    hashed = np.uint64(step) * _FACTOR
    hashed = (hashed ^ (hashed >> np.uint64(32))) * _FACTOR
    mask = np.int64(len(steps) - 1)
    at = np.int64(hashed >> np.uint64(32)) & mask
    while steps[at, 0] != 0 and steps[at, 0] != step:
        at = (at + 1) & mask
    return at


@kernel()
def fill_steps(parts, offsets, phrases, n_words, steps):
    """Enter the steps of phrases.

    Parameters
    ----------
    parts : ndarray of int32
        The words of all phrases: phrase ``i`` consists of ``parts[offsets[i]:offsets[i + 1]]``, two or more. One that
        holds -1 is passed over.
    offsets : ndarray of int64, shape (n_phrases + 1,)
    phrases : ndarray of int32, shape (n_phrases,)
        What each is joined to: a word.
    n_words : int
        Lefts that are no words are numbered from here.
    steps : ndarray of int64, shape (slots, 2)
        Changed; was empty, and has more than twice as many slots as there are parts.
    """
    n_lefts = n_words
    for phrase in range(len(phrases)):
        start, last = offsets[phrase], offsets[phrase + 1] - 1
        known = True
        for k in range(start, last + 1):
            known = known and parts[k] >= 0
        if not known:
            continue
        left = np.int64(parts[start])
        for k in range(start + 1, last + 1):
            at = _place_of(left, parts[k], steps)
            if steps[at, 0] == 0:
                steps[at, 0] = ((left << 32) | np.int64(parts[k])) + 1
                if k < last:
                    steps[at, 1] = n_lefts
                    n_lefts += 1
            if k == last:
                steps[at, 1] = phrases[phrase]
            left = steps[at, 1]


@kernel(allocates=True)
def join_phrases(ids, connector, begins, steps):
    """Join phrases from left to right; a word that ends one begins no other.

    A word that is no connector word begins a phrase. At the next word that is none, it either ends there and becomes
    one word, with the connector words between, or that word begins another one.

    Parameters
    ----------
    ids : ndarray of int32
        Words; -1 ends a document.
    connector, begins : ndarray of bool, shape (n_words,)
        Which words are connector words, and which begin any phrase.
    steps : ndarray of int64, shape (slots, 2)

    Returns
    -------
    joined : ndarray of int32
        Words; -1 ends a document.
    position : int
        Less than ``len(ids)`` where a phrase may have begun there that what follows decides.
    """
    joined = np.empty(len(ids), np.int32)
    n, begin, place, left = 0, 0, 0, np.int64(-1)
    for i in range(len(ids)):
        word = ids[i]
        if word >= 0 and left >= 0:
            at = _place_of(left, word, steps)
            if connector[word]:
                left = steps[at, 1] if steps[at, 0] != 0 else np.int64(-1)
            elif steps[at, 0] != 0:
                joined[place] = steps[at, 1]
                n, left = place + 1, np.int64(-1)
                continue
        if word < 0 or not connector[word]:
            begin, place = i, n
            left = np.int64(word) if word >= 0 and begins[word] else np.int64(-1)
        joined[n] = word
        n += 1
    if left >= 0:
        return joined[:place], begin
    return joined[:n], len(ids)


@kernel()
def number_as_seen(ids, numbers, seen, n_seen, counts):
    """Number words in the order in which they are first seen, and count them.

    Parameters
    ----------
    ids : ndarray of int32
        Words, or -1. Changed: they become their numbers.
    numbers : ndarray of int32, shape (n_words,)
        The number of each word, -1 before it is seen. Changed.
    seen : ndarray of int32, shape (n_words,)
        The words in that order. Changed.
    n_seen : int
        How many were seen before.
    counts : ndarray of int64, shape (n_words,)
        By number. Changed.

    Returns
    -------
    n_seen, n_documents : int
        How many words were seen by now, and documents in `ids` ended.
    """
    n_documents = 0
    for i in range(len(ids)):
        word = ids[i]
        if word < 0:
            n_documents += 1
            continue
        if numbers[word] < 0:
            numbers[word] = n_seen
            seen[n_seen] = word
            n_seen += 1
        ids[i] = numbers[word]
        counts[ids[i]] += 1
    return n_seen, n_documents


@kernel(allocates=True)
def spell(ids, next_id, text, offsets):
    """Return the bytes of words: a space between them, a newline at the end of each document.

    Parameters
    ----------
    ids : ndarray of int32
        Words; -1 ends a document.
    next_id : int
        What follows them, -1 if nothing does.
    text : ndarray of uint8
    offsets : ndarray of int64, shape (n_words + 1,)
        Word ``i`` is ``text[offsets[i]:offsets[i + 1]]``.
    """
    length = 0
    for i in range(len(ids)):
        if ids[i] >= 0:
            length += offsets[ids[i] + 1] - offsets[ids[i]] + 1
    spelled = np.empty(length, np.uint8)
    n = 0
    for i in range(len(ids)):
        if ids[i] < 0:
            continue
        for k in range(offsets[ids[i]], offsets[ids[i] + 1]):
            spelled[n] = text[k]
            n += 1
        following = ids[i + 1] if i + 1 < len(ids) else next_id
        spelled[n] = _SPACE if following >= 0 else _NEWLINE
        n += 1
    return spelled
