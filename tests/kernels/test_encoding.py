"""The compiled splitter against ``str.split``, its validation against Python's decoder, its tables against a dict."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from firth.kernels.cpu import encoding

_WHITESPACE = [chr(point) for point in range(sys.maxunicode + 1) if chr(point).isspace()]
_ODD = [
    "\0",
    "\x08",
    "\x7f",
    "\ufeff",
    "\u200b",
    "\u180e",
    "\u2060",
    "é",
    "ß",
    "字",
    "😀",
    "\U0010ffff",
    "\ud7ff",
    "\ue000",
]
_TEXT = st.text(
    st.one_of(st.sampled_from(_WHITESPACE), st.sampled_from(_ODD), st.sampled_from("abAB12")), max_size=60
)
# What UTF-8 decoders trip over: bare and missing continuations, overlong forms, surrogates, beyond U+10FFFF.
_BYTES = st.lists(
    st.sampled_from(
        [
            bytes.fromhex(code)
            for code in (  # noqa: SIM905 (one to a line would be longer)
                "61 20 0a 80 bf c0 c1 c2 c285 e0 e080 e0a080 e19a e19a80 e280 e280a8 eda080 ed9fbf efbfbf "
                "f0808080 f0908080 f48fbfbf f4908080 f5 ff 6162636465666768"
            ).split()
        ]
    ),
    max_size=20,
).map(b"".join)


def _array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), np.uint8)


def _split(data: bytes):
    ids, starts, ends, hashes, valid = encoding.split_pieces(_array(data))
    pieces = [data[start:end].decode() for start, end in zip(starts, ends, strict=True)]
    return ids, pieces, hashes, starts, ends, valid


def test_every_character_splits_where_str_split_does():
    for point in [
        *range(0xD800),
        *range(0xE000, 0x3100),
        *range(0xFE00, 0x10000),
        0x10000,
        0x1F600,
        0x10FFFF,
    ]:
        text = f"x{chr(point)}y"
        _, pieces, *_ = _split(text.encode())
        assert pieces == list(dict.fromkeys(text.split())), hex(point)


@settings(max_examples=300, deadline=None)
@given(_TEXT)
@example("")
@example("\n")
@example("one")
@example("a b\u2028c\x85d\x1ce\n\nf \r\n g")
@example("abcdefgh abcdefgh abcdefg abcdefghi")
def test_pieces_are_those_of_str_split_with_a_mark_for_each_newline(text):
    ids, pieces, _, _, _, valid = _split(text.encode())
    assert valid == len(text.encode())
    expected = []
    for i, line in enumerate(text.split("\n")):
        expected += (["\n"] if i else []) + line.split()
    assert ["\n" if number < 0 else pieces[number] for number in ids] == expected
    assert pieces == list(dict.fromkeys(text.split()))


@settings(max_examples=500, deadline=None)
@given(_BYTES)
def test_what_is_no_utf8_is_found_where_python_finds_it(data):
    *_, valid = encoding.split_pieces(_array(data))
    assert valid == _first_invalid(data)


def _first_invalid(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(data)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=20), unique=True, max_size=50), st.data())
def test_hashes_do_not_depend_on_where_a_piece_stands(pieces, data):
    before = data.draw(st.binary(max_size=9))
    alone = np.array(
        [encoding.hash_pieces(_array(piece), *_bounds([piece]))[0] for piece in pieces], np.uint64
    )
    together = b"".join(pieces)
    starts, ends = _bounds(pieces)
    there = encoding.hash_pieces(_array(before + together), starts + len(before), ends + len(before))
    np.testing.assert_array_equal(alone, there)
    short = [
        (len(piece), hashed) for piece, hashed in zip(pieces, alone.tolist(), strict=True) if len(piece) <= 8
    ]
    assert len(set(short)) == len(short)  # the splitter compares no bytes of those


def _bounds(pieces: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    return ends - np.array([len(piece) for piece in pieces], np.int64), ends


def _table(room: int):
    return (
        np.zeros(4 * room, np.int32),
        np.empty(64 * room, np.uint8),
        np.zeros(room + 1, np.int64),
        np.empty(room, np.uint64),
    )


def test_pieces_with_one_hash_stay_apart():
    pieces = [b"one", b"two", b"a long piece", b"a long piecE", b"one"]
    starts, ends = _bounds(pieces)
    data, hashes = _array(b"".join(pieces)), np.full(5, 7, np.uint64)
    table = _table(8)
    ids, n_types = encoding.add_types(data, starts, ends, hashes, *table, 0)
    assert ids.tolist() == [0, 1, 2, 3, 0]
    assert n_types == 4
    assert encoding.find_types(data, starts, ends, hashes, *table).tolist() == [0, 1, 2, 3, 0]
    unknown = _array(b"three")
    assert encoding.find_types(unknown, *_bounds([b"three"]), hashes[:1], *table).tolist() == [-1]


def test_many_pieces_in_one_chunk_outgrow_the_first_table():
    words = [f"word{i}" for i in range(40_000)]
    ids, pieces, hashes, starts, ends, _ = _split(" ".join(words + words[::-1]).encode())
    assert pieces == words
    np.testing.assert_array_equal(ids, [*range(40_000), *range(39_999, -1, -1)])
    data = " ".join(words).encode()
    np.testing.assert_array_equal(hashes, encoding.hash_pieces(_array(data), starts, ends))


@pytest.mark.parametrize("within", [False, True])
def test_renumbering_counts_tokens_and_drops_empty_documents(within):
    counts = np.zeros(10, np.int64)
    ids = np.array([-1, -1, 0, 1, -1, -1, 1], np.int32)
    encoded, n_documents, still = encoding.renumber(ids, np.array([7, 3], np.int32), counts, within)
    assert encoded.tolist() == [-1] * within + [7, 3, -1, 3]
    assert n_documents == 1 + within
    assert still
    assert counts.tolist() == [0, 0, 0, 2, 0, 0, 0, 1, 0, 0]


def test_renumbering_pieces_that_stand_for_none_or_several_types():
    counts = np.zeros(3, np.int64)
    ids = np.array([0, -1, 1, -1, 2, 1, 2], np.int32)
    pieces = np.array([2, 0, 1], np.int32)  # piece 0 is two types, 1 is one, 2 is none
    offsets, types = np.array([0, 2, 3, 3], np.int64), np.array([0, 1, 2, 99], np.int32)
    encoded, n_documents, within = encoding.renumber_split(ids, pieces, offsets, types, counts, False)
    assert encoded.tolist() == [0, 1, -1, 2, 0, 1, 2]
    assert (n_documents, within) == (1, True)
    assert counts.tolist() == [2, 2, 2]


@settings(max_examples=200, deadline=None)
@given(_TEXT, st.integers(0, 200))
def test_the_last_cut_is_behind_the_last_whitespace(text, first):
    data = text.encode()
    first = min(first, len(data))
    cut = encoding.last_cut(_array(data), first)
    ends = [len(text[: i + 1].encode()) for i, character in enumerate(text) if character.isspace()]
    assert cut == max((end for end in ends if end > first), default=0)
