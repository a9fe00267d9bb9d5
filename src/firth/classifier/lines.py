"""Labelled text from files and from memory, in batches of tokenized lines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from firth.classifier.features import TOKEN, split
from firth.errors import InputError

_LINES_AT_ONCE = 1_024
_PIECE = 1 << 20


def tokenized_lines(path: str | os.PathLike[str]) -> Iterator[list[str]]:
    """Yield the tokens of each line of a file; bytes that are not UTF-8 become U+FFFD.

    ``</s>`` ends each line but one at the end of the file that has no newline, as in fastText.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            rest = b""
            while piece := file.read(_PIECE):
                *lines, rest = (rest + piece).split(b"\n")
                yield from (split(line.decode("utf-8", "replace")) for line in lines)
            if rest:
                yield TOKEN.findall(rest.decode("utf-8", "replace"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}; give a text file") from error


def batches(lines: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    """Yield the lines in lists of about a thousand."""
    batch: list[list[str]] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _LINES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def check_line(text: object) -> str:
    """Return a text that is one line.

    Raises
    ------
    InputError
        It is no string, or holds a newline.
    """
    if not isinstance(text, str):
        raise InputError(f"{text!r:.60} is given, but must be a string")
    if "\n" in text:
        raise InputError(f"{text!r:.60} has a newline, but a text is one line here: remove '\\n'")
    return text
