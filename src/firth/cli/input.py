"""Small text files that options name: words or numbers, one a line."""

from __future__ import annotations

from pathlib import Path

from firth.errors import InputError
from firth.files import read_whole


def read_words(path: Path) -> list[str]:
    """Return what stands on the lines of a file; empty ones are left out.

    Raises
    ------
    InputError
        It cannot be read.
    """
    return [word for _, word in _numbered_words(path)]


def read_numbers(path: Path) -> list[float]:
    """Return the numbers that stand on the lines of a file; empty ones are left out.

    Raises
    ------
    InputError
        It cannot be read, or a line is no number.
    """
    numbers = []
    for line, word in _numbered_words(path):
        try:
            numbers.append(float(word))
        except ValueError:
            raise InputError(
                f"{path}, line {line:,}: {word!r:.60} is no number; give one number a line"
            ) from None
    return numbers


def _numbered_words(path: Path) -> list[tuple[int, str]]:
    try:
        text = read_whole(path).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}; give a text file with one word a line") from error
    return [(number, word) for number, line in enumerate(text.split("\n"), 1) if (word := line.strip())]
