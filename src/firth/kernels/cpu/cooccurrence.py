"""Counting which words stand near which: the compiled part.

A part of the corpus is sorted by word, so that all places of a word are known. Then one word after another is counted:
its neighbours at all of its places are added up in one array that has a number for each word. That array fits into a
cache, nothing is hashed, and no pair is ever sorted.

Weights are whole numbers, in units of 2**-30: whole numbers give the same sum in any order, so that counts depend
neither on the number of threads nor on how the corpus was divided.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.intrinsics import prefetch
from firth.kernels.cpu.random import HALF, LOW, below, draw

UNIT = 1 << 30
"""A weight of one. Sums up to 2**34 such fit."""

NEIGHBOR = np.dtype([("column", np.int32), ("sum", np.uint64)])
"""What one word counts as another's neighbour, in units."""

RECORD = np.dtype([("row", np.int32), ("column", np.int32), ("weight", np.float32)])
"""A pair of words, a center and a context, and what it counts."""

_LOOK_AHEAD = 12
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_PER_UNIT = 1.0 / UNIT


@kernel()
def take_tokens(ids, start, stop, lookup, tokens, n):
    """Append the rows of the corpus positions `start` to `stop` to the `n` first `tokens`.

    Tokens that the vocabulary does not hold are left out, so that the words beside them become neighbours.

    Parameters
    ----------
    ids : ndarray of int32, shape (n_positions,)
        The corpus: type ids, and -1 after each document.
    start, stop : int
    lookup : ndarray of int32, shape (n_types,)
        Row of each type, or -1.
    tokens : ndarray of int32, shape (>= n + stop - start,)
        Mutated. Rows, and -1 after each document.
    n : int

    Returns
    -------
    int
        How many tokens there are now.
    """
    for position in range(start, stop):
        kind = ids[position]
        row = np.int32(-1)
        if kind >= 0:
            row = lookup[kind]
            if row < 0:
                continue
        tokens[n] = row
        n += 1
    return n


@kernel()
def find_places(tokens, starts, places):
    """Sort the places of all tokens by word.

    Parameters
    ----------
    tokens : ndarray of int32, shape (n_tokens,)
        Rows, and -1 after each document.
    starts : ndarray of int64, shape (vocab_size + 1,)
        Mutated. The places of word w are ``places[starts[w]:starts[w + 1]]``, ascending.
    places : ndarray of uint32, shape (>= n_tokens,)
        Mutated.
    """
    starts[:] = 0
    for row in tokens:
        if row >= 0:
            starts[row + 1] += 1
    for row in range(1, len(starts)):
        starts[row] += starts[row - 1]
    # Each start moves to the next word's as its places are written, and back afterwards.
    for place in range(len(tokens)):
        row = tokens[place]
        if row >= 0:
            places[starts[row]] = place
            starts[row] += 1
    for row in range(len(starts) - 1, 0, -1):
        starts[row] = starts[row - 1]
    starts[0] = 0


@kernel()
def count_rows(
    first, last, tokens, begin, starts, places, weights, symmetric, sums, touched, counts, neighbors
):
    """Count the neighbours of the words `first` to `last`.

    Parameters
    ----------
    first, last : int
        Rows, the last one excluded.
    tokens : ndarray of int32, shape (n_tokens,)
    begin : int
        The tokens before it belong to an earlier part, which counted their pairs with each other; no document ends
        among them.
    starts, places
        See `find_places`.
    weights : ndarray of uint64, shape (window + 1,)
        What a neighbour counts at each distance, in units.
    symmetric : bool
        Whether neighbours on the right count too.
    sums : ndarray of uint64, shape (vocab_size,)
        All zero, and zero again afterwards.
    touched : ndarray of int32, shape (vocab_size + 1,)
        Mutated.
    counts : ndarray of int64, shape (last - first,)
        Mutated. How many different neighbours each word has.
    neighbors : ndarray of NEIGHBOR, shape (n,)
        Mutated. Those of the first word, of the second, ..., in no particular order.

    Returns
    -------
    int
        How many neighbours there are in all.
    """
    n = np.int64(0)
    beyond, n_tokens = len(weights), len(tokens)
    for row in range(first, last):
        met = np.int64(0)
        stop = starts[row + 1]
        for i in range(starts[row], stop):
            if i + _LOOK_AHEAD < stop:
                prefetch(tokens, np.int64(places[i + _LOOK_AHEAD]))
            place = np.int64(places[i])
            if place >= begin:
                farther = place + 1 if place + 1 < beyond else beyond
                for distance in range(1, farther):
                    column = tokens[place - distance]
                    if column < 0:
                        break
                    met = _add(sums, touched, met, column, weights[distance])
            if symmetric:
                nearest = begin - place if place < begin else 1
                farther = n_tokens - place if n_tokens - place < beyond else beyond
                for distance in range(nearest, farther):
                    column = tokens[place + distance]
                    if column < 0:
                        break
                    met = _add(sums, touched, met, column, weights[distance])
        counts[row - first] = met
        n = put_sums(sums, touched, met, neighbors, n)
    return n


@kernel(inline="always")
def _add(sums, touched, met, column, weight):
    """Add a weight to a word's sum; the word is noted when it is met for the first time."""
    at = np.uint64(column)
    before = sums[at]
    sums[at] = before + weight
    touched[met] = column
    return met + np.int64(before == _ZERO)


@kernel()
def add_sums(neighbors, start, stop, sums, touched, met):
    """Add the sums of one word from one part to those that were met before, and return how many there are now."""
    for i in range(start, stop):
        neighbor = neighbors[i]
        met = _add(sums, touched, met, neighbor["column"], neighbor["sum"])
    return met


@kernel()
def put_sums(sums, touched, met, neighbors, n):
    """Append the sums of all words that were met to the `n` first `neighbors`, set them to zero, return the new n."""
    for i in range(met):
        column = np.uint64(touched[i])
        neighbor = neighbors[n]
        neighbor["column"] = touched[i]
        neighbor["sum"] = sums[column]
        sums[column] = _ZERO
        n += 1
    return n


@kernel()
def merge_rows(starts, counts, neighbors, sums, touched, merged_counts, merged):
    """Add up what several parts counted for some words.

    Parameters
    ----------
    starts, counts : ndarray of int64, shape (n_parts, n_rows)
        Where in `neighbors` those of each word from each part begin, and how many there are.
    neighbors : ndarray of NEIGHBOR, shape (n,)
    sums, touched
        As in `count_rows`.
    merged_counts : ndarray of int64, shape (n_rows,)
        Mutated.
    merged : ndarray of NEIGHBOR, shape (n,)
        Mutated.

    Returns
    -------
    int
        How many neighbours there are in all.
    """
    n = np.int64(0)
    for row in range(counts.shape[1]):
        met = np.int64(0)
        for part in range(counts.shape[0]):
            start = starts[part, row]
            met = add_sums(neighbors, start, start + counts[part, row], sums, touched, met)
        merged_counts[row] = met
        n = put_sums(sums, touched, met, merged, n)
    return n


@kernel()
def make_records(first, counts, neighbors, n_strips, starts, records):
    """Turn sums into records, block by block.

    Parameters
    ----------
    first : int
        The word that `counts` begins with.
    counts, neighbors
        As `count_rows` gives them.
    n_strips : int
        Word w lies in strip ``w % n_strips``, as a row and as a column; two strips cross in a block.
    starts : ndarray of int64, shape (n_strips**2 + 1,)
        Mutated. The records of block b are ``records[starts[b]:starts[b + 1]]``.
    records : ndarray of RECORD, shape (>= counts.sum(),)
        Mutated.
    """
    starts[:] = 0
    n = np.int64(0)
    for row in range(len(counts)):
        line = (first + row) % n_strips * n_strips
        for _ in range(counts[row]):
            starts[line + neighbors[n]["column"] % n_strips + 1] += 1
            n += 1
    for block in range(1, len(starts)):
        starts[block] += starts[block - 1]
    # Each start moves to the next block's as its records are written, and back afterwards.
    n = np.int64(0)
    for row in range(len(counts)):
        line = (first + row) % n_strips * n_strips
        for _ in range(counts[row]):
            neighbor = neighbors[n]
            block = line + neighbor["column"] % n_strips
            record = records[starts[block]]
            record["row"] = first + row
            record["column"] = neighbor["column"]
            record["weight"] = np.float32(np.float64(neighbor["sum"]) * _PER_UNIT)
            starts[block] += 1
            n += 1
    for block in range(len(starts) - 1, 0, -1):
        starts[block] = starts[block - 1]
    starts[0] = 0


@kernel()
def choose_records(records, key, vocab_size, part, n_parts, chosen, keys, n):
    """Append the records of one of `n_parts` random parts to the `n` first of `chosen`, and draw their sorting keys.

    The key of a record is a function of its words. No two keys are equal, as the mixing of a counter can be undone: to
    sort by them is the same random permutation in whatever order the records come.

    Parameters
    ----------
    records : ndarray of RECORD, shape (n_records,)
    key : uint64
        The stream of draws.
    vocab_size, part, n_parts : int
        A later part has the larger keys.
    chosen : ndarray of RECORD, shape (m,)
        Mutated.
    keys : ndarray of uint64, shape (m,)
        Mutated.
    n : int

    Returns
    -------
    int
        How many are chosen now.
    """
    for i in range(len(records)):
        record = records[i]
        bits = draw(key, np.uint64(np.int64(record["row"]) * vocab_size + record["column"]))
        if below(bits >> HALF, np.uint64(n_parts)) == np.uint64(part):
            chosen[n] = record
            keys[n] = bits
            n += 1
    return n


@kernel()
def sort_records(chosen, keys, n_parts, starts, sorted_keys, records):
    """Sort the records of one of `n_parts` parts by their keys, in linear time, as keys are spread evenly.

    Parameters
    ----------
    chosen : ndarray of RECORD, shape (n,)
    keys : ndarray of uint64, shape (n,)
    n_parts : int
    starts : ndarray of int64, shape (>= n + 1,)
        Mutated.
    sorted_keys : ndarray of uint64, shape (>= n,)
        Mutated.
    records : ndarray of RECORD, shape (>= n,)
        Mutated.
    """
    n = len(keys)
    size = np.uint64(n)
    starts[: n + 1] = 0
    for i in range(n):
        starts[_bucket(keys[i], n_parts, size) + _ONE] += 1
    for i in range(n):
        starts[i + 1] += starts[i]
    for i in range(n):
        bucket = _bucket(keys[i], n_parts, size)
        place = starts[bucket]
        starts[bucket] = place + 1
        sorted_keys[place] = keys[i]
        records[place] = chosen[i]
    # A bucket holds one record on average: what is out of order is so by a place or two.
    for i in range(1, n):
        key = sorted_keys[i]
        if sorted_keys[i - 1] < key:
            continue
        row, column, weight = records[i]["row"], records[i]["column"], records[i]["weight"]
        place = i
        while place > 0 and sorted_keys[place - 1] > key:
            sorted_keys[place] = sorted_keys[place - 1]
            records[place] = records[place - 1]
            place -= 1
        sorted_keys[place] = key
        moved = records[place]
        moved["row"], moved["column"], moved["weight"] = row, column, weight


@kernel(inline="always")
def _bucket(key, n_parts, size):
    """Return where among `size` buckets a key lies that is spread evenly over one of `n_parts` parts."""
    return below(((key >> HALF) * np.uint64(n_parts)) & LOW, size)
