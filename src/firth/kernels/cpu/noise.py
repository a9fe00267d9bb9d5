"""Drawing noise words in proportion to a power of their counts, in constant time, from 8 bytes a word.

Walker's alias method, set up as Vose (1991) does: word ``i`` owns one slot of ``[0, vocab_size)``, keeps a share
of it and lends the rest to one other word.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firth.kernels.compile import kernel
from firth.kernels.cpu.random import HALF, LOW, below, draw

_SLOT = 2.0**32


def alias_table(weights: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return the table for drawing ``i`` with probability ``weights[i] / sum(weights)``.

    Parameters
    ----------
    weights : ndarray of float64, shape (vocab_size,)
        Not negative, not all zero.

    Returns
    -------
    ndarray of uint32, shape (vocab_size, 2)
        The share of its slot that a word keeps, in units of 2**-32, and the word that owns the rest.
    """
    shares = weights * (len(weights) / weights.sum())
    table = np.empty((len(weights), 2), np.uint32)
    pair_up(shares, table)
    return table


@kernel(allocates=True)
def pair_up(shares, table):
    """Fill `table` from `shares` (mean 1), which are used up."""
    size = len(shares)
    small, large = np.empty(size, np.int64), np.empty(size, np.int64)
    n_small = n_large = 0
    for word in range(size):
        table[word, 1] = word
        if shares[word] < 1.0:
            small[n_small] = word
            n_small += 1
        else:
            large[n_large] = word
            n_large += 1
    while n_small > 0 and n_large > 0:
        n_small -= 1
        borrower, lender = small[n_small], large[n_large - 1]
        table[borrower, 1] = lender
        shares[lender] -= 1.0 - shares[borrower]
        if shares[lender] < 1.0:
            n_large -= 1
            small[n_small] = lender
            n_small += 1
    # What rounding has left over keeps its whole slot: it is its own alias.
    for word in range(size):
        table[word, 0] = np.uint32(min(max(shares[word], 0.0) * _SLOT, _SLOT - 1.0))


@kernel(forceinline=True)
def draw_noise(key, counter, table, out):
    """Fill `out` (int of any width) with draws number `counter`, `counter` + 1, ... of the stream `key`."""
    size = np.uint64(len(table))
    for k in range(len(out)):
        bits = draw(key, counter + np.uint64(k))
        word = below(bits >> HALF, size)
        if (bits & LOW) >= np.uint64(table[word, 0]):
            word = np.uint64(table[word, 1])
        out[k] = word
