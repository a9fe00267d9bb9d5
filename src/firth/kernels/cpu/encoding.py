"""Text to ids, compiled: split bytes at whitespace, number the pieces, look them up in a table.

A *piece* is what stands between whitespace. Pieces are told apart by their bytes; the hash only says
where to look first. Everything here takes and returns plain arrays, holds no GIL and accepts no races: the
arrays that a kernel changes belong to its caller alone.

A hash table is an array ``slots`` of int32, its length a power of two, at most half full: 0 is empty, ``i + 1``
stands for type ``i``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firth.kernels.compile import kernel

_ORDINARY, _SPACE, _NEWLINE, _WIDE = 0, 1, 2, 3


def _kinds() -> NDArray[np.uint8]:
    """Return what each byte can be at the start of a character."""
    kinds = np.full(256, _ORDINARY, np.uint8)
    for byte in range(0x80):
        if chr(byte).isspace():
            kinds[byte] = _SPACE
    kinds[ord("\n")] = _NEWLINE
    kinds[0x80:] = _WIDE
    return kinds


_KINDS = _kinds()

# FNV-1a, 64 bits (Fowler, Noll and Vo; RFC 9923).
_HASH_START = np.uint64(0xCBF29CE484222325)
_HASH_PRIME = np.uint64(0x100000001B3)


@kernel()
def _wide_space(data, i):
    """Return the length of the whitespace character that starts at `i` and is not ASCII, or 0.

    These are the code points above U+007F for which ``str.isspace`` holds, as UTF-8.
    """
    left = len(data) - i
    first = data[i]
    if first == 0xC2 and left >= 2:
        return 2 if data[i + 1] == 0x85 or data[i + 1] == 0xA0 else 0
    if left < 3:
        return 0
    second, third = data[i + 1], data[i + 2]
    if first == 0xE2 and second == 0x80:
        return 3 if 0x80 <= third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF else 0
    if first == 0xE1:
        return 3 if second == 0x9A and third == 0x80 else 0
    if first == 0xE2:
        return 3 if second == 0x81 and third == 0x9F else 0
    if first == 0xE3:
        return 3 if second == 0x80 and third == 0x80 else 0
    return 0


@kernel()
def _character_length(data, i):
    """Return the length in bytes of the non-ASCII character at `i`, or 0 where the bytes are not UTF-8."""
    left = len(data) - i
    first = data[i]
    low, high = np.uint8(0x80), np.uint8(0xBF)
    if first < 0xC2 or first > 0xF4:
        return 0
    if first < 0xE0:
        length = 2
    elif first < 0xF0:
        length = 3
        if first == 0xE0:
            low = np.uint8(0xA0)
        elif first == 0xED:
            high = np.uint8(0x9F)
    else:
        length = 4
        if first == 0xF0:
            low = np.uint8(0x90)
        elif first == 0xF4:
            high = np.uint8(0x8F)
    if left < length or not low <= data[i + 1] <= high:
        return 0
    for k in range(2, length):
        if data[i + k] & 0xC0 != 0x80:
            return 0
    return length


@kernel()
def _same(first, first_start, second, second_start, length):
    for k in range(length):  # noqa: SIM110 (a generator does not compile)
        if first[first_start + k] != second[second_start + k]:
            return False
    return True


@kernel()
def _larger(array, length):
    grown = np.empty(length, array.dtype)
    grown[: len(array)] = array
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


@kernel()
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
    n = len(data)
    ids = np.empty(n + 1, np.int32)
    n_ids = 0
    room = 1 << 13
    starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    hashes = np.empty(room, np.uint64)
    slots = np.zeros(2 * room, np.int32)
    mask = np.uint64(len(slots) - 1)
    n_pieces = 0
    i = 0
    while i < n:
        kind = _KINDS[data[i]]
        if kind == _SPACE:
            i += 1
            continue
        if kind == _NEWLINE:
            ids[n_ids] = -1
            n_ids += 1
            i += 1
            continue
        start = i
        hashed = _HASH_START
        while i < n:
            byte = data[i]
            kind = _KINDS[byte]
            if kind == _ORDINARY:
                hashed = (hashed ^ np.uint64(byte)) * _HASH_PRIME
                i += 1
                continue
            if kind != _WIDE or _wide_space(data, i) > 0:
                break
            length = _character_length(data, i)
            if length == 0:
                return ids[:0], starts[:0], ends[:0], hashes[:0], i
            for k in range(length):
                hashed = (hashed ^ np.uint64(data[i + k])) * _HASH_PRIME
            i += length
        if i == start:
            i += _wide_space(data, i)
            continue
        length = i - start
        at = hashed & mask
        while True:
            piece = slots[at] - 1
            if piece < 0:
                break
            if (
                hashes[piece] == hashed
                and ends[piece] - starts[piece] == length
                and _same(data, starts[piece], data, start, length)
            ):
                break
            at = (at + np.uint64(1)) & mask
        if piece < 0:
            piece = n_pieces
            n_pieces += 1
            starts[piece], ends[piece], hashes[piece] = start, i, hashed
            slots[at] = n_pieces
            if n_pieces == room:
                room *= 2
                starts, ends, hashes = _larger(starts, room), _larger(ends, room), _larger(hashes, room)
                slots = np.zeros(2 * room, np.int32)
                mask = np.uint64(len(slots) - 1)
                fill_slots(slots, hashes, n_pieces)
        ids[n_ids] = piece
        n_ids += 1
    return ids[:n_ids], starts[:n_pieces], ends[:n_pieces], hashes[:n_pieces], n


@kernel()
def hash_pieces(text, starts, ends):
    """Return the hash of each piece ``text[starts[i]:ends[i]]``, uint64, shape (n_pieces,)."""
    hashes = np.empty(len(starts), np.uint64)
    for i in range(len(starts)):
        hashed = _HASH_START
        for k in range(starts[i], ends[i]):
            hashed = (hashed ^ np.uint64(text[k])) * _HASH_PRIME
        hashes[i] = hashed
    return hashes


@kernel()
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
                and _same(type_text, type_offsets[known], data, starts[i], length)
            ):
                break
            at = (at + np.uint64(1)) & mask
        found[i] = known
    return found


@kernel()
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
                and _same(type_text, type_offsets[known], data, starts[i], length)
            ):
                break
            at = (at + np.uint64(1)) & mask
        if known < 0:
            known = n_types
            n_types += 1
            slots[at] = n_types
            type_hashes[known] = hashes[i]
            end = type_offsets[known] + length
            type_offsets[n_types] = end
            type_text[type_offsets[known] : end] = data[starts[i] : ends[i]]
        ids[i] = known
    return ids, n_types


@kernel()
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


@kernel()
def renumber_split(ids, offsets, types, counts, within):
    """Do as `renumber` where local id ``i`` stands for several types: ``types[offsets[i]:offsets[i + 1]]``."""
    room = 0
    for i in range(len(ids)):
        room += offsets[ids[i] + 1] - offsets[ids[i]] if ids[i] >= 0 else 1
    encoded = np.empty(room, np.int32)
    n, n_documents = 0, 0
    for i in range(len(ids)):
        local = ids[i]
        if local >= 0:
            for k in range(offsets[local], offsets[local + 1]):
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
        kind = _KINDS[data[i]]
        if kind == _SPACE or kind == _NEWLINE:
            return i + 1
        if kind == _WIDE:
            if i >= 1 and _wide_space(data, i - 1) == 2:
                return i + 1
            if i >= 2 and _wide_space(data, i - 2) == 3:
                return i + 1
    return 0
