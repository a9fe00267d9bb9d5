"""From a stretch of the corpus to the tokens that survive subsampling and the span of each one's window."""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.random import HALF, LOW, below, draw


@kernel(inner=True)
def prepare_block(text, start, stop, key, window, dynamic, tokens, first, last, weights):
    """Subsample the corpus positions `start` to `stop` and find the window of each token that stays.

    Whether a token stays and the radius of its window are functions of its position alone, so blocks can be
    prepared in any order. Windows reach into the neighbouring blocks: up to `window` tokens beyond either end
    are added, as context only. A window never crosses the end of a document.

    Parameters
    ----------
    text : Text
        The corpus.
    start, stop : int
        The positions whose tokens become centers.
    key : uint64
        Stream of random draws, counted by position.
    window : int
        Largest radius.
    dynamic : bool
        Draw the radius uniformly from 1 to `window`; otherwise it is `window`.
    tokens, first, last : ndarray of int32, shape (>= stop - start + 2 * window,)
        Mutated. Row of each token that stays and, for the centers, the indices in `tokens` of the first and the
        last token of the window, the center itself among them.
    weights : ndarray of float32, the same shape, or empty
        Mutated, unless it is empty: what the terms of each center count.

    Returns
    -------
    tuple of (int, int)
        Index of the first center, and one more than the index of the last.
    """
    begin = 0  # index of the first token of the document
    ids, lookup, keep = text.ids, text.lookup, text.keep
    first_center = n = _tokens_before(ids, start, lookup, keep, key, window, tokens)
    for position in range(start, stop):
        kind = ids[position]
        if kind < 0:
            begin = n
            continue
        row = lookup[kind]
        if row >= 0:
            bits = draw(key, np.uint64(position))
            if (bits >> HALF) <= np.uint64(keep[row]):
                tokens[n] = row
                first[n] = begin
                last[n] = np.int64(below(bits & LOW, np.uint64(window))) + 1 if dynamic else window
                if len(weights) > 0:
                    weights[n] = text.weights[position]
                n += 1
    if n == first_center:
        return first_center, n
    end = n - 1
    if begin < n:  # the document goes on behind this block
        end += _tokens_after(ids, stop, lookup, keep, key, window, tokens[n:])
    begin = first[n - 1]
    for center in range(n - 1, first_center - 1, -1):
        if first[center] != begin:
            begin, end = first[center], center
        radius = last[center]
        first[center] = max(begin, center - radius)
        last[center] = min(end, center + radius)
    return first_center, n


@kernel(inline="always")
def _row_if_kept(ids, position, lookup, keep, key):
    """Return the row of the token at `position`, or -1 where it is dropped."""
    row = lookup[ids[position]]
    if row >= 0 and (draw(key, np.uint64(position)) >> HALF) > np.uint64(keep[row]):
        row = -1
    return row


@kernel(inner=True)
def _tokens_before(ids, start, lookup, keep, key, window, tokens):
    """Put up to `window` tokens that stay, of the document that is open at `start`, and return how many."""
    n = 0
    position = start - 1
    while position >= 0 and ids[position] >= 0 and n < window:
        row = _row_if_kept(ids, position, lookup, keep, key)
        if row >= 0:
            tokens[n] = row
            n += 1
        position -= 1
    for i in range(n // 2):
        tokens[i], tokens[n - 1 - i] = tokens[n - 1 - i], tokens[i]
    return n


@kernel(inner=True)
def _tokens_after(ids, stop, lookup, keep, key, window, tokens):
    """Put up to `window` tokens that stay, of the document that is open at `stop`, and return how many."""
    n = 0
    position = stop
    while position < len(ids) and ids[position] >= 0 and n < window:
        row = _row_if_kept(ids, position, lookup, keep, key)
        if row >= 0:
            tokens[n] = row
            n += 1
        position += 1
    return n
