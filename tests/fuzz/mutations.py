# ruff: noqa: E501
"""Damaging valid files in ways that hurt: what a disk, a network, a careless tool or an enemy would do to them."""

from __future__ import annotations

import functools
import gzip
import re
import struct
import zlib
from collections.abc import Callable, Sequence

Pick = Callable[[int, int], int]
"""Takes the limits of a whole number, both included, and returns one: from a generator, or drawn by hypothesis."""

_LENGTHS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    255,
    65_536,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63 - 1,
    -(2**63),
    -(2**31),
)
_FLOATS = tuple(
    struct.pack("<f", value) for value in (float("nan"), float("inf"), -float("inf"), 3.4e38, 1e-45, -0.0)
)
_NUMBERS = (
    b"0", b"-1", b"1", b"3", b"00", b"+2", b"2147483647", b"2147483648", b"4294967296", b"9223372036854775807",
    b"9223372036854775808", b"99999999999999999999", b"9" * 5_000, b"1e5", b"1e400", b"-1e400", b"1e-400", b"nan",
    b"-nan", b"inf", b"-Infinity", b"0x10", b"1_000", b".", b"-", b"1.5", "\u0663".encode(), "\u00b2".encode(),
)  # fmt: skip
_BYTES = (
    b"\0", b"\n", b"\r\n", b"\r", b"\t", b" ", b"\x0b", b"\x1f", b"\x7f", b"\x80", b"\xff", b"\xfe\xff", b"\xc3", b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xe2\x80\xa8", b"\xc2\xa0", b"\xef\xbb\xbf", b"\xe3\x80\x80", b"\x1f\x8b\x08", b"BZh91AY&SY",
    b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"#", b",", b":", b"</s>", b"\xf0\x9f\x98\x80", b"../x", b"a" * 70_000,
)  # fmt: skip
_JSON = (
    b"null", b"true", b"[]", b"{}", b'""', b"-1", b"1e400", b"NaN", b"Infinity", b"9" * 5_000, b'"../../x"', b'"\\ud800"', b'"\\u0000"',
    b"[" * 3_000, b'{"a":' * 3_000, b'["a", 1]', b"0", b"18446744073709551616", b"0.5", b'"F32"', b'"F16"', b"[0, 0]", b"[3, -1]",
)  # fmt: skip
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|true|false|null|[-+]?\d[\d.eE+-]*|\[[^\[\]]*\]')


def mutate(pick: Pick, content: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Return `content` with one to four damages; `others` are valid files that parts may come from."""
    if content[:2] == b"\x1f\x8b" and pick(0, 3):
        return _inside_gzip(pick, content, others)
    for _ in range(pick(1, 4)):
        content = _DAMAGES[pick(0, len(_DAMAGES) - 1)](pick, content, others)
    return content


def _inside_gzip(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    """Damage what was compressed, and compress it again."""
    unpacker = zlib.decompressobj(31)
    try:
        text = unpacker.decompress(content, 1 << 20)
    except zlib.error:
        return content
    return gzip.compress(mutate(pick, text, others), 1, mtime=0)


def _place(pick: Pick, content: bytes) -> int:
    # Often near the start, where the promises stand.
    return pick(0, min(len(content), (24, 96, len(content))[pick(0, 2)]))


def _truncate(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    return content[: _place(pick, content)]


def _flip(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    if not content:
        return content
    place = min(_place(pick, content), len(content) - 1)
    return content[:place] + bytes([content[place] ^ 1 << pick(0, 7)]) + content[place + 1 :]


def _lie(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    """Put a length or a count that cannot be true."""
    place, size = _place(pick, content), (1, 4, 8)[pick(0, 2)]
    value = _LENGTHS[pick(0, len(_LENGTHS) - 1)] % (1 << 8 * size)
    return content[:place] + value.to_bytes(size, "little") + content[place + size :]


def _shift(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change a number of four or eight bytes by a little."""
    place, size = _place(pick, content), (4, 8)[pick(0, 1)]
    value = int.from_bytes(content[place : place + size], "little") + pick(-3, 3)
    return content[:place] + (value % (1 << 8 * size)).to_bytes(size, "little") + content[place + size :]


def _odd_float(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    place = _place(pick, content)
    return content[:place] + _FLOATS[pick(0, len(_FLOATS) - 1)] + content[place + 4 :]


def _replace(pick: Pick, content: bytes, pattern: re.Pattern[bytes], values: Sequence[bytes]) -> bytes:
    found = _spans(content[:20_000], pattern)
    if not found:
        return content
    start, end = found[pick(0, min(len(found) - 1, (3, len(found) - 1)[pick(0, 1)]))]
    return content[:start] + values[pick(0, len(values) - 1)] + content[end:]


@functools.lru_cache(64)
def _spans(content: bytes, pattern: re.Pattern[bytes]) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(content)]


def _odd_number(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    return _replace(pick, content, _NUMBER, _NUMBERS)


def _odd_json(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    return _replace(pick, content, _VALUE, _JSON)


def _insert(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    place, value = _place(pick, content), _BYTES[pick(0, len(_BYTES) - 1)]
    return content[:place] + value + content[place + (len(value) if pick(0, 1) else 0) :]


def _lines(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    """Repeat, drop or move a line: duplicate words, too many rows, too few."""
    lines = content.split(b"\n")
    i, j = pick(0, len(lines) - 1), pick(0, len(lines) - 1)
    match pick(0, 3):
        case 0:
            lines.insert(j, lines[i])
        case 1:
            del lines[i]
        case 2:
            lines[i], lines[j] = lines[j], lines[i]
        case _:
            lines[i] += lines[j]
    return b"\n".join(lines)


def _stretch(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    """Repeat or drop a stretch of bytes."""
    start, end = sorted((_place(pick, content), _place(pick, content)))
    return content[:end] + content[start:] if pick(0, 1) else content[:start] + content[end:]


def _splice(pick: Pick, content: bytes, others: Sequence[bytes]) -> bytes:
    """Go on with another file."""
    other = others[pick(0, len(others) - 1)] if others else content
    return content[: _place(pick, content)] + other[_place(pick, other) :]


_DAMAGES = (
    _truncate, _flip, _flip, _lie, _lie, _shift, _odd_float, _odd_number, _odd_number, _odd_json, _odd_json, _insert, _insert,
    _lines, _stretch, _splice,
)  # fmt: skip
