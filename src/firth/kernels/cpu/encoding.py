"""Text to ids, compiled: split bytes at whitespace, number the pieces, look them up in a table.

A *piece* is what stands between whitespace. Pieces are told apart by their bytes; the hash only says
where to look first. Everything here takes and returns plain arrays, holds no GIL and accepts no races: the
arrays that a kernel changes belong to its caller alone.

A hash table is an array ``slots`` of int32, its length a power of two, at most half full: 0 is empty, ``i + 1``
stands for type ``i``.
"""

from __future__ import annotations

import numpy as np

from firth.kernels.compile import kernel
from firth.kernels.cpu.byte_words import same_bytes, short_word_at, trailing_zeros, word_at
from firth.kernels.cpu.characters import KINDS, NEWLINE, ORDINARY, SPACE, WIDE, character_length, wide_space

_EACH_BYTE = np.uint64(0x0101010101010101)
_HIGH_BITS = np.uint64(0x80) * _EACH_BYTE
_ABOVE_SPACE = np.uint64(0x21) * _EACH_BYTE

# The golden ratio in 64 bits, made odd: multiplying by it mixes upwards (Knuth, The Art of Computer Programming, 6.4).
_HASH_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@kernel()
def _piece_end(data, i):
    """Return the end of the piece that begins at `i`, and whether it is UTF-8; if not, where it stops being so."""
    n = len(data)
    while True:
        while i + 8 <= n:
            # The high bit of each byte that is beyond ASCII, a space or a control character; a carry can set more,
            # but only above the lowest.
            word = word_at(data, i)
            stops = (((word - _ABOVE_SPACE) & ~word) | word) & _HIGH_BITS
            if stops != 0:
                i += trailing_zeros(stops) >> 3
                break
            i += 8
        if i == n:
            return i, True
        kind = KINDS[data[i]]
        if kind == ORDINARY:
            i += 1
            continue
        while kind == WIDE:
            if wide_space(data, i) > 0:
                return i, True
            length = character_length(data, i)
            if length == 0:
                return i, False
            i += length
            if i == n:
                return i, True
            kind = KINDS[data[i]]
        if kind != ORDINARY:
            return i, True


@kernel()
def _hash(data, start, end):
    """Return a hash of ``data[start:end]``; among pieces of one length of up to 8 bytes no two have the same.

    Xor, multiplication by an odd number and xor with the own upper half can all be undone, so that a single word
    cannot meet another one.
    """
    hashed = np.uint64(end - start)
    if start == end:
        return hashed
    while end - start > 8:
        hashed = (hashed ^ word_at(data, start)) * _HASH_FACTOR
        hashed ^= hashed >> np.uint64(32)
        start += 8
    hashed = (hashed ^ short_word_at(data, start, end - start)) * _HASH_FACTOR
    # Once more: what the eighth byte has changed has only come down to bit 24, beyond the mask of small tables.
    hashed = (hashed ^ (hashed >> np.uint64(32))) * _HASH_FACTOR
    return hashed ^ (hashed >> np.uint64(32))


@kernel(inner=True, allocates=True)
def _larger(array, length):
    grown = np.empty(length, array.dtype)
    for i in range(len(array)):  # giving it a slice would compile the printing of shapes
        grown[i] = array[i]
    return grown


@kernel()
def fill_slots(slots, hashes, n_types):
    """Enter the types 0 to ``n_types - 1``, all different, into `slots`, which is changed and was empty."""
    mask = np.uint64(len(slots) - 1)
    for i in range(n_types):
        at = hashes[i] & mask
        while slots[at] != 0:
            at = (at + np.uint64(1)) & mask
        slots[at] = i + 1


@kernel(allocates=True)
def split_pieces(data):
    """Split UTF-8 at whitespace and number the pieces in the order in which they are first seen.

    Parameters
    ----------
    data : ndarray of uint8, shape (n_bytes,)
        Text whose first and last byte do not cut a piece.

    Returns
    -------
    ids : ndarray of int32, shape (n_ids,)
        The number of each piece; -1 for each newline.
    starts, ends : ndarray of int64, shape (n_pieces,)
        Different piece ``i`` is ``data[starts[i]:ends[i]]``.
    hashes : ndarray of uint64, shape (n_pieces,)
        As ``hash_pieces`` gives them.
    valid : int
        ``len(data)``, or where the first character begins that is not UTF-8; then the rest is meaningless.
    """
    ids = np.empty(len(data), np.int32)
    room = 1 << 13
    starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    hashes = np.empty(room, np.uint64)
    slots = np.zeros(2 * room, np.int32)
    done, n_ids, n_pieces, valid = 0, 0, 0, True
    while True:
        done, n_ids, n_pieces, valid = _split_some(
            data, done, ids, n_ids, starts, ends, hashes, slots, n_pieces
        )
        if done == len(data) or not valid:
            break
        room *= 2
        starts, ends, hashes = _larger(starts, room), _larger(ends, room), _larger(hashes, room)
        slots = np.zeros(2 * room, np.int32)
        fill_slots(slots, hashes, n_pieces)
    return ids[:n_ids], starts[:n_pieces], ends[:n_pieces], hashes[:n_pieces], done


@kernel(allocates=True)
def _split_some(data, i, ids, n_ids, starts, ends, hashes, slots, n_pieces):
    """Go on with ``split_pieces`` from `i` until the data ends, or is not UTF-8, or `starts` is full.

    Apart from ``split_pieces``, because a loop in which arrays are replaced keeps them out of the registers.
    """
    n, room = len(data), len(starts)
    mask = np.uint64(len(slots) - 1)
    while i < n and n_pieces < room:
        kind = KINDS[data[i]]
        if kind == SPACE:
            i += 1
            continue
        if kind == NEWLINE:
            ids[n_ids] = -1
            n_ids += 1
            i += 1
            continue
        start = i
        i, valid = _piece_end(data, i)
        if not valid:
            return i, n_ids, n_pieces, False
        length = i - start
        if length == 0:
            i += wide_space(data, i)
            continue
        hashed = _hash(data, start, i)
        at = hashed & mask
        while True:
            piece = slots[at] - 1
            if piece < 0:
                piece = n_pieces
                starts[piece], ends[piece], hashes[piece] = start, i, hashed
                n_pieces += 1
                slots[at] = n_pieces
                break
            if (
                hashes[piece] == hashed
                and ends[piece] - starts[piece] == length
                and (length <= 8 or same_bytes(data, starts[piece], data, start, length))
            ):
                break
            at = (at + np.uint64(1)) & mask
        ids[n_ids] = piece
        n_ids += 1
    return i, n_ids, n_pieces, True


@kernel(allocates=True)
def hash_pieces(text, starts, ends):
    """Return the hash of each piece ``text[starts[i]:ends[i]]``, uint64, shape (n_pieces,)."""
    hashes = np.empty(len(starts), np.uint64)
    for i in range(len(starts)):
        hashes[i] = _hash(text, starts[i], ends[i])
    return hashes


@kernel(allocates=True)
def find_types(data, starts, ends, hashes, slots, type_text, type_offsets, type_hashes):
    """Return the type of each piece, int32, shape (n_pieces,), or -1 for those that the table does not hold."""
    found = np.empty(len(starts), np.int32)
    mask = np.uint64(len(slots) - 1)
    for i in range(len(starts)):
        at = hashes[i] & mask
        length = ends[i] - starts[i]
        while True:
            known = slots[at] - 1
            if known < 0 or (
                type_hashes[known] == hashes[i]
                and type_offsets[known + 1] - type_offsets[known] == length
                and same_bytes(type_text, type_offsets[known], data, starts[i], length)
            ):
                break
            at = (at + np.uint64(1)) & mask
        found[i] = known
    return found


@kernel(allocates=True)
def add_types(data, starts, ends, hashes, slots, type_text, type_offsets, type_hashes, n_types):
    """Find each piece in the table of types, and enter the ones that it does not hold, in their order.

    Changes `slots` and, from `n_types` on, `type_text`, `type_offsets` and `type_hashes`, which must have room for
    all pieces.

    Returns
    -------
    ids : ndarray of int32, shape (n_pieces,)
        The type of each piece.
    n_types : int
        The number of types now.
    """
    ids = np.empty(len(starts), np.int32)
    mask = np.uint64(len(slots) - 1)
    for i in range(len(starts)):
        at = hashes[i] & mask
        length = ends[i] - starts[i]
        while True:
            known = slots[at] - 1
            if known < 0 or (
                type_hashes[known] == hashes[i]
                and type_offsets[known + 1] - type_offsets[known] == length
                and same_bytes(type_text, type_offsets[known], data, starts[i], length)
            ):
                break
            at = (at + np.uint64(1)) & mask
        if known < 0:
            known = n_types
            n_types += 1
            slots[at] = n_types
            type_hashes[known] = hashes[i]
            begin = type_offsets[known]
            type_offsets[n_types] = begin + length
            for byte in range(length):
                type_text[begin + byte] = data[starts[i] + byte]
        ids[i] = known
    return ids, n_types


@kernel(allocates=True)
def renumber(ids, types, counts, within):
    """Replace local ids by types, count them, and drop the ends of empty documents.

    Parameters
    ----------
    ids : ndarray of int32, shape (n_ids,)
        Indices into `types`; -1 ends a document.
    types : ndarray of int32
        The type of each local id.
    counts : ndarray of int64, shape (at least n_types,)
        How often each type was met; changed.
    within : bool
        Whether a document is open before the first id.

    Returns
    -------
    encoded : ndarray of int32
        The types, with -1 after each document that is not empty.
    n_documents : int
        How many documents have ended.
    within : bool
        Whether a document is still open.
    """
    encoded = np.empty(len(ids), np.int32)
    n, n_documents = 0, 0
    for i in range(len(ids)):
        local = ids[i]
        if local >= 0:
            encoded[n] = types[local]
            counts[types[local]] += 1
            n += 1
            within = True
        elif within:
            encoded[n] = -1
            n += 1
            n_documents += 1
            within = False
    return encoded[:n], n_documents, within


@kernel(allocates=True)
def renumber_split(ids, pieces, offsets, types, counts, within):
    """Do as `renumber` where local id ``i`` stands for several types.

    With ``piece = pieces[i]`` they are ``types[offsets[piece]:offsets[piece + 1]]``.
    """
    room = 0
    for i in range(len(ids)):
        if ids[i] >= 0:
            piece = pieces[ids[i]]
            room += offsets[piece + 1] - offsets[piece]
        else:
            room += 1
    encoded = np.empty(room, np.int32)
    n, n_documents = 0, 0
    for i in range(len(ids)):
        if ids[i] >= 0:
            piece = pieces[ids[i]]
            for k in range(offsets[piece], offsets[piece + 1]):
                encoded[n] = types[k]
                counts[types[k]] += 1
                n += 1
                within = True
        elif within:
            encoded[n] = -1
            n += 1
            n_documents += 1
            within = False
    return encoded[:n], n_documents, within


@kernel()
def last_cut(data, first):
    """Return the end of the last whitespace character that ends after `first`, or 0 where there is none."""
    for i in range(len(data) - 1, first - 1, -1):
        kind = KINDS[data[i]]
        if kind == SPACE or kind == NEWLINE:
            return i + 1
        if kind == WIDE:
            if i >= 1 and wide_space(data, i - 1) == 2:
                return i + 1
            if i >= 2 and wide_space(data, i - 2) == 3:
                return i + 1
    return 0
