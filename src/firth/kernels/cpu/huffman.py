"""Huffman's tree over the words: the paths that hierarchical softmax follows (Mikolov et al. 2013; Huffman 1952).

The compiled twin of what `firth.objectives.hierarchical_softmax` defines, ties included: they are broken as
word2vec.c breaks them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firth.kernels.compile import kernel


def huffman_paths(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the path from the root to each word.

    Parameters
    ----------
    counts : ndarray of int64, shape (vocab_size,)
        How often each word occurs; at least two words. Words of equal count keep their order.

    Returns
    -------
    offsets : ndarray of int64, shape (vocab_size + 1,)
        Where the path of each word begins.
    paths : ndarray of int32, shape (offsets[-1],)
        Twice the number of each inner node, which is below vocab_size - 1, plus the label there: 1 where the path
        goes to the child with code 0.
    """
    size = len(counts)
    order = np.argsort(-counts, kind="stable")
    parents, codes = np.empty(2 * size - 1, np.int64), np.zeros(2 * size - 1, np.int8)
    _join(counts[order], parents, codes)
    lengths = np.empty(size, np.int64)
    _measure(parents, order, lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    paths = np.empty(offsets[-1], np.int32)
    _walk(parents, codes, order, offsets, paths)
    return offsets, paths


@kernel(allocates=True)
def _join(counts, parents, codes):
    """Join the two rarest trees until one is left; the leaves are in falling order of their counts."""
    size = len(counts)
    weights = np.empty(2 * size - 1, np.int64)
    weights[:size] = counts
    leaf, inner = size - 1, size
    for made in range(size, 2 * size - 1):
        weights[made] = 0
        for code in range(2):
            # An inner node that is not made yet is heavier than all.
            if leaf >= 0 and (inner >= made or weights[leaf] < weights[inner]):
                chosen = leaf
                leaf -= 1
            else:
                chosen = inner
                inner += 1
            weights[made] += weights[chosen]
            parents[chosen] = made
            codes[chosen] = code
    parents[2 * size - 2] = -1


@kernel()
def _measure(parents, order, lengths):
    for leaf in range(len(order)):
        length, node = 0, parents[leaf]
        while node >= 0:
            length += 1
            node = parents[node]
        lengths[order[leaf]] = length


@kernel()
def _walk(parents, codes, order, offsets, paths):
    size = len(order)
    for leaf in range(size):
        at = offsets[order[leaf] + 1] - 1
        child, node = leaf, parents[leaf]
        while node >= 0:
            paths[at] = ((node - size) << 1) | (1 - codes[child])
            at -= 1
            child, node = node, parents[node]
