"""Eight bytes at a time, and the hash that is made of them."""

from __future__ import annotations

import collections

import numba
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.corpus.type_table import TypeTable
from firth.kernels.cpu import encoding
from firth.kernels.cpu.byte_words import same_bytes, short_word_at, trailing_zeros, word_at
from firth.words import Words

_FACTOR = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


def as_array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), np.uint8)


def hash_of(data: bytes) -> int:
    return int(encoding.hash_pieces(as_array(data), np.array([0]), np.array([len(data)]))[0])


@numba.njit
def intrinsics(data, index):
    word = word_at(data, index)
    return word, trailing_zeros(word)


@settings(deadline=None, max_examples=200)
@given(st.binary(min_size=16, max_size=40), st.integers(0, 8), st.integers(1, 8))
def test_words_are_little_endian_wherever_they_lie(data, index, length):
    array = as_array(data)
    number = int.from_bytes(data[index : index + 8], "little")
    zeros = (number & -number).bit_length() - 1 if number else 64
    assert intrinsics(array, index) == (number, zeros)
    assert short_word_at(array, index, length) == int.from_bytes(data[index : index + length], "little")
    at_end = len(data) - length
    assert short_word_at(array, at_end, length) == int.from_bytes(data[at_end:], "little")


@pytest.mark.parametrize("length", [1, 7, 8, 9, 16, 23])
def test_comparing_sees_every_byte_and_no_other(length):
    first = as_array(bytes(range(length)) + b"x")
    assert same_bytes(first, 0, as_array(bytes(range(length)) + b"y"), 0, length)
    for k in range(length):
        second = first.copy()
        second[k] ^= 1
        assert not same_bytes(first, 0, second, 0, length)
    assert same_bytes(first, 0, as_array(b"y" * 30), 0, 0)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 15, 16, 17, 63, 64, 65])
def test_pieces_of_any_length_are_found_again_at_any_place(length):
    word = bytes(97 + i % 26 for i in range(length))
    for before in range(9):
        ids, starts, ends, _, valid = encoding.split_pieces(as_array(b" " * before + word + b" " + word))
        assert (ids.tolist(), starts.tolist(), ends.tolist()) == ([0, 0], [before], [before + length])
        assert valid == before + 2 * length + 1


def test_words_that_do_share_a_hash_stay_apart():
    first, second = collision()
    assert first != second
    assert hash_of(first) == hash_of(second)
    ids, starts, *_ = encoding.split_pieces(as_array(b" ".join([first, second, first, second])))
    assert ids.tolist() == [0, 1, 0, 1]
    assert starts.tolist() == [0, 17]
    table = TypeTable()
    assert table.add_words(Words.of([first.decode(), second.decode()])).tolist() == [0, 1]
    assert table.find_words(Words.of([second.decode(), first.decode(), "other"])).tolist() == [1, 0, -1]


def collision() -> tuple[bytes, bytes]:
    """Return two words of 16 printable bytes with the same hash, made by undoing its first round."""

    def after_first_round(word: bytes) -> int:
        mixed = ((len(first) ^ int.from_bytes(word, "little")) * _FACTOR) & _MASK
        return mixed ^ (mixed >> 32)

    first = b"collidesabcdefgh"
    state = after_first_round(first[:8]) ^ int.from_bytes(first[8:], "little")
    for number in range(10**7, 10**7 + 10**6):
        start = str(number)[::-1].encode()
        end = (after_first_round(start) ^ state).to_bytes(8, "little")
        if all(0x21 <= byte < 0x7F for byte in end):
            return first, start + end
    raise AssertionError("none found: the hash is another one")


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(max_size=12), max_size=60), st.sampled_from([0, _MASK]))
def test_a_hash_that_tells_nothing_apart_does_no_harm(pieces, constant):
    table, known = TypeTable(), {}
    half = len(pieces) // 2
    for batch in (pieces[:half], pieces[half:], pieces):
        lengths = np.array([len(piece) for piece in batch], np.int64)
        ends = np.cumsum(lengths)
        hashes = np.full(len(batch), constant, np.uint64)
        found = table.add(as_array(b"".join(batch)), ends - lengths, ends, hashes)
        assert found.tolist() == [known.setdefault(piece, len(known)) for piece in batch]
    assert table.n_types == len(known)
    assert table.words().text.tobytes() == b"".join(known)


@pytest.mark.parametrize(
    "form", ["{}", "number{}", "{}number", "word{:04d}", "a longer one {}", "{:04d}more again"]
)
def test_words_that_differ_anywhere_spread_over_a_small_table(form):
    slots = collections.Counter(hash_of(form.format(i).encode()) & 0x3FFF for i in range(4_000))
    assert max(slots.values()) <= 6
    assert len(slots) > 3_300  # 3,550 would be chance


def test_counts_go_beyond_32_bits():
    counts = np.full(1, 2**32 - 1, np.int64)
    encoding.renumber(np.zeros(3, np.int32), np.zeros(1, np.int32), counts, False)
    assert counts[0] == 2**32 + 2
