"""What becomes of walks: moved together, numbered in the order in which nodes are seen, or written as text."""

from __future__ import annotations

from firth.kernels.compile import kernel

_END_OF_WALK = -1
_SPACE, _NEWLINE = 0x20, 0x0A


@kernel()
def close_walks(out, lengths, length):
    """Put -1 behind each walk and move the walks together.

    Parameters
    ----------
    out : ndarray of int32, shape (n_walks * (length + 1),)
        As walking has filled it. Mutated.
    lengths : ndarray of int64, shape (n_walks,)
        How many nodes each walk has.
    length : int
        How many it can have.

    Returns
    -------
    int
        How much of `out` is filled now.
    """
    n = 0
    for i in range(len(lengths)):
        begin = i * (length + 1)
        for k in range(lengths[i]):
            out[n + k] = out[begin + k]
        n += lengths[i]
        out[n] = _END_OF_WALK
        n += 1
    return n


@kernel()
def number_by_sight(ids, numbers, counts, n_seen):
    """Replace nodes by numbers, given out in the order in which nodes are first seen, and count them.

    Parameters
    ----------
    ids : ndarray of int32
        Nodes, and -1 behind each walk. Mutated.
    numbers : ndarray of int32, shape (n_nodes,)
        The number of each node, or -1. Mutated.
    counts : ndarray of int64, shape (n_nodes,)
        How often each number was met. Mutated.
    n_seen : int
        How many nodes have a number.

    Returns
    -------
    int
        How many have one now.
    """
    for i in range(len(ids)):
        if ids[i] >= 0:
            number = numbers[ids[i]]
            if number < 0:
                number = numbers[ids[i]] = n_seen
                n_seen += 1
            ids[i] = number
            counts[number] += 1
    return n_seen


@kernel()
def text_length(ids, offsets):
    """Return the bytes that `write_text` needs."""
    n = 0
    for i in range(len(ids)):
        if ids[i] >= 0:
            n += offsets[ids[i] + 1] - offsets[ids[i]] + 1
    return n


@kernel()
def write_text(ids, text, offsets, out):
    """Fill `out` with the names of nodes, spaces between them and a newline for each -1 (behind at least one node).

    Parameters
    ----------
    ids : ndarray of int32
        Nodes, and -1 behind each walk.
    text : ndarray of uint8
        All names, one behind the other.
    offsets : ndarray of int64, shape (n_nodes + 1,)
        Where each begins.
    out : ndarray of uint8, shape (text_length,)
        Mutated.
    """
    n = 0
    for i in range(len(ids)):
        node = ids[i]
        if node < 0:
            out[n - 1] = _NEWLINE
            continue
        for k in range(offsets[node], offsets[node + 1]):
            out[n] = text[k]
            n += 1
        out[n] = _SPACE
        n += 1
