"""Phrases in files: lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firth.compat.gensim._phrase_scores import SCORINGS
from firth.compat.gensim._vector_files import path_of
from firth.errors import ConfigError, FormatError
from firth.files import read_whole, replacing

_KIND = "firth gensim phrases"


def write_phrases(path: object, phrases: Any, head: dict[str, Any], rows: Mapping[str, float]) -> None:
    """Write a text file of JSON: what `phrases` were found with, then the rows.

    Raises
    ------
    ConfigError
        They were scored by a function, which is not saved.
    OutputError
        The file cannot be written.
    """
    name = next((name for name, scoring in SCORINGS.items() if scoring is phrases.scoring), None)
    if name is None:
        raise ConfigError(
            "scoring is a function, which cannot be saved: set it to 'default' or 'npmi' before"
        )
    options = {
        "min_count": phrases.min_count,
        "threshold": phrases.threshold,
        "delimiter": phrases.delimiter,
        "scoring": name,
        "connector_words": sorted(phrases.connector_words),
    }
    if hasattr(phrases, "max_vocab_size"):
        options["max_vocab_size"] = phrases.max_vocab_size
    first = {"kind": _KIND, "class": type(phrases).__name__, "options": options, **head}
    with replacing(path_of(path)) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(first, ensure_ascii=False) + "\n")
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows.items())


def read_phrases(path: object, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what `write_phrases` has written for an object of the class `kind`.

    Raises
    ------
    FormatError
        The file cannot be read, or is no such file.
    """
    source: Path = path_of(path)
    try:
        lines = read_whole(source).decode().split("\n")
        head = json.loads(lines[0])
        if head["kind"] != _KIND or head["class"] != kind:
            raise FormatError(f"{source} holds {head['class']}, not {kind}: load it with that class")
        return head, dict(json.loads(line) for line in lines[1:] if line)
    except OSError as error:
        raise FormatError(f"cannot read {source}: {error.strerror or error}; check the path") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{source} is no file of phrases that was saved here: {error!s:.200}") from error
