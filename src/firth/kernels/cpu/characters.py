"""What begins at a byte of UTF-8: an ordinary character, whitespace, or one of several bytes, and how long that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firth.kernels.compile import kernel

ORDINARY, SPACE, NEWLINE, WIDE = 0, 1, 2, 3


def _kinds() -> NDArray[np.uint8]:
    """Return what each byte can be at the start of a character."""
    kinds = np.full(256, ORDINARY, np.uint8)
    for byte in range(0x80):
        if chr(byte).isspace():
            kinds[byte] = SPACE
    kinds[ord("\n")] = NEWLINE
    kinds[0x80:] = WIDE
    return kinds


KINDS = _kinds()


@kernel()
def wide_space(data, i):
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
def character_length(data, i):
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
