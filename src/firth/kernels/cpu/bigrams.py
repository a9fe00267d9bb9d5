"""Counting pairs of neighbouring words, compiled: exact, in tables that hold a range of the hashes at a time.

A pair is a *left*, a word or a word with the connector words that follow it, and the word to its right.

A table is an array of uint64, shape (slots, 2), its length a power of two: a pair and its count. The pair is
``left << 32 | word``, plus 1 so that 0 is an empty slot. Everything here holds no GIL and accepts no races: the arrays
that a kernel changes belong to its caller alone.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.intrinsics import prefetch

_HALF, _LOW_HALF, _ONE = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(1)
_EMPTY = np.uint64(0)

# The golden ratio in 64 bits, made odd: multiplying by it mixes upwards (Knuth, The Art of Computer Programming, 6.4).
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

_AHEAD = 32  # pairs whose places in the table are asked for before the first of them is needed


@kernel()
def _pair(left, word):
    return ((np.uint64(left) << _HALF) | np.uint64(word)) + _ONE


@kernel()
def _hash(pair):
    """Return a number whose bits each depend on the whole pair: the highest choose the range, the lowest the slot.

    No two pairs have the same: each step can be undone.
    """
    hashed = pair * _FACTOR
    hashed = (hashed ^ (hashed >> _HALF)) * _FACTOR
    return hashed ^ (hashed >> _HALF)


@kernel()
def number_lefts(ids, start, connector, open_left, nodes, slots, words, n_lefts, lefts, n_out):
    """Replace words by lefts: what is a word with the connector words behind it gets a number of its own.

    Connector words themselves are left out. The left ``len(connector) + i`` is ``nodes[i]``: a left, and a connector
    word.

    Parameters
    ----------
    ids : ndarray of int32
        Words; -1 ends a document.
    start : int
        Where to begin.
    connector : ndarray of bool, shape (n_words,)
        Which words are connector words.
    open_left : int
        The left that was begun before `start`, or -1.
    nodes : ndarray of int32, shape (capacity, 2)
        Changed.
    slots : ndarray of int32
        A hash table of `nodes`, longer than these, a power of two: 0, or the node plus 1. Changed.
    words : ndarray of int32, shape (n_words + capacity,)
        The word that each left begins with. Changed.
    n_lefts : int
        How many lefts there are.
    lefts : ndarray of int32, shape (at least len(ids) + 1,)
        Changed.
    n_out : int
        How many of them there are.

    Returns
    -------
    position, open_left, n_lefts, n_out : int
        It ends early, before ``len(ids)``, where `nodes` is full.
    """
    n_words, mask = len(connector), np.uint64(len(slots) - 1)
    for i in range(start, len(ids)):
        word = ids[i]
        if word < 0 or not connector[word]:
            if open_left >= 0:
                lefts[n_out] = open_left
                n_out += 1
            if word < 0:
                lefts[n_out] = -1
                n_out += 1
            open_left = word
        elif open_left >= 0:
            at = _hash(_pair(open_left, word)) & mask
            node = slots[at] - 1
            while node >= 0 and (nodes[node, 0] != open_left or nodes[node, 1] != word):
                at = (at + _ONE) & mask
                node = slots[at] - 1
            if node < 0:
                node = n_lefts - n_words
                if node == len(nodes):
                    return i, open_left, n_lefts, n_out
                nodes[node, 0], nodes[node, 1] = open_left, word
                slots[at] = node + 1
                words[n_lefts] = words[open_left]
                n_lefts += 1
            open_left = n_words + node
    return len(ids), open_left, n_lefts, n_out


@kernel()
def fill_node_slots(nodes, n_nodes, slots):
    """Enter the first `n_nodes` of `nodes`, all different, into `slots`, which is changed and was empty."""
    mask = np.uint64(len(slots) - 1)
    for node in range(n_nodes):
        at = _hash(_pair(nodes[node, 0], nodes[node, 1])) & mask
        while slots[at] != 0:
            at = (at + _ONE) & mask
        slots[at] = node + 1


@kernel(allocates=True)
def count_pairs(lefts, start, stop, words, low, high, table, n_used, most):
    """Count the pairs of neighbouring lefts whose hashes are from `low` to `high`.

    Parameters
    ----------
    lefts : ndarray of int32
        -1 ends a document, and the last one is -1.
    start, stop : int
        The positions of the left sides; `stop` is less than ``len(lefts)``.
    words : ndarray of int32, shape (n_lefts,)
        The word that each left begins with.
    low, high : uint64
    table : ndarray of uint64, shape (slots, 2)
        Changed.
    n_used, most : int
        How many pairs the table holds, and may hold.

    Returns
    -------
    position, n_used : int
        It ends early, before `stop`, where one more pair would be too many.
    """
    mask = np.uint64(len(table) - 1)
    lines = table.reshape(-1)
    pairs, slots = np.empty(_AHEAD, np.uint64), np.empty(_AHEAD, np.uint64)
    places = np.empty(_AHEAD, np.int64)
    i = start
    left = lefts[i]
    while i < stop:
        n = 0
        while i < stop and n < _AHEAD:
            right = lefts[i + 1]
            if left >= 0 and right >= 0:
                pair = _pair(left, words[right])
                hashed = _hash(pair)
                if low <= hashed <= high:
                    pairs[n] = pair
                    slots[n] = hashed & mask
                    places[n] = i
                    prefetch(lines, np.int64(2 * slots[n]))
                    n += 1
            left = right
            i += 1
        for k in range(n):
            at = slots[k]
            while table[at, 0] != pairs[k]:
                if table[at, 0] == _EMPTY:
                    if n_used == most:
                        return places[k], n_used
                    table[at, 0] = pairs[k]
                    n_used += 1
                    break
                at = (at + _ONE) & mask
            table[at, 1] += _ONE
    return i, n_used


@kernel()
def move_pairs(table, high, larger):
    """Enter into `larger`, which was empty, what `table` holds of hashes up to `high`; return how many pairs it is."""
    mask = np.uint64(len(larger) - 1)
    n_used = 0
    for slot in range(len(table)):
        if table[slot, 0] == _EMPTY:
            continue
        hashed = _hash(table[slot, 0])
        if hashed > high:
            continue
        at = hashed & mask
        while larger[at, 0] != _EMPTY:
            at = (at + _ONE) & mask
        larger[at, 0] = table[slot, 0]
        larger[at, 1] = table[slot, 1]
        n_used += 1
    return n_used


@kernel(allocates=True)
def frequent_pairs(table, min_count):
    """Return the pairs of a table that were counted at least `min_count` times, and their counts.

    Returns
    -------
    pairs : ndarray of int32, shape (n, 2)
        Left and word, in no order.
    counts : ndarray of int64, shape (n,)
    """
    least = np.uint64(min_count)
    n = 0
    for slot in range(len(table)):
        if table[slot, 1] >= least:
            n += 1
    pairs, counts = np.empty((n, 2), np.int32), np.empty(n, np.int64)
    n = 0
    for slot in range(len(table)):
        if table[slot, 1] >= least:
            pair = table[slot, 0] - _ONE
            pairs[n, 0] = np.int32(pair >> _HALF)
            pairs[n, 1] = np.int32(pair & _LOW_HALF)
            counts[n] = np.int64(table[slot, 1])
            n += 1
    return pairs, counts
