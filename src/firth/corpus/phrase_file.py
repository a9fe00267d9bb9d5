"""Phrases as a file: lines of JSON, first the options, then the phrases."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from typing import Any

from firth.config.phrases import PhraseOptions
from firth.errors import ConfigError, FormatError
from firth.files import read_whole, replacing

_KIND, _VERSION = "firth phrases", 1

Row = tuple[str, tuple[str, ...], int, float, int]
"""Token, parts, count, score, and the pass that found it."""


def write_phrases(path: str | os.PathLike[str], options: PhraseOptions, rows: Iterable[Row]) -> None:
    """Write a file of phrases, whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_line({"kind": _KIND, "version": _VERSION, **options.as_dict()}))
        for token, parts, count, score, found_in in rows:
            row = {"phrase": token, "parts": parts, "count": count, "score": score, "pass": found_in}
            file.write(_line(row))


def read_phrases(path: str | os.PathLike[str]) -> tuple[PhraseOptions, list[Row]]:
    """Read a file of phrases.

    Raises
    ------
    FormatError
        The file cannot be read, or is no file of phrases; the message gives the line.
    """
    lines = _lines(path)
    options = PhraseOptions()
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        try:
            values = json.loads(line)
            if number == 1:
                options = _options(values)
            elif line.strip():
                rows.append(_row(values, options))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else error
            raise FormatError(
                f"{path}, line {number:,}, is not what a file of phrases holds: {reason!s:.300}"
            ) from error
    return options, rows


def _lines(path: str | os.PathLike[str]) -> Iterator[str]:
    try:
        text = read_whole(path).decode("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"cannot read the phrases {path}: {reason}; check the path") from error
    yield from text.removesuffix("\n").split("\n")


def _options(values: Any) -> PhraseOptions:
    if values.pop("kind") != _KIND or values.pop("version") != _VERSION:
        raise ValueError(f"it must begin with the kind {_KIND!r} and the version {_VERSION}")
    try:
        return PhraseOptions(**values)
    except ConfigError as error:
        raise ValueError(str(error)) from error


def _row(values: Any, options: PhraseOptions) -> Row:
    parts = tuple(values["parts"])
    token, count, score, found_in = values["phrase"], values["count"], values["score"], values["pass"]
    if len(parts) < 2 or options.delimiter.join(parts) != token:
        raise ValueError(f"the parts {parts!r:.60} do not join to {token!r:.60}")
    if type(count) is not int or type(found_in) is not int or not 1 <= found_in <= options.passes:
        raise ValueError(f"count and pass must be whole numbers, the pass at most {options.passes}")
    if not math.isfinite(score):
        raise ValueError(f"the score is {score!r}, but must be a finite number")
    return token, parts, count, float(score), found_in


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"
