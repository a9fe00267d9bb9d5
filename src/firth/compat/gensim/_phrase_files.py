"""Phrases in files: lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firth.compat.gensim._phrase_scores import SCORINGS
from firth.compat.gensim._vector_files import existing, path_of
from firth.errors import ConfigError, FormatError
from firth.files import read_whole, replacing

_KIND = "firth gensim phrases"
_LARGEST = 2**63 - 1
_OPTIONS: dict[str, type | tuple[type, ...]] = {
    "min_count": (int, float),
    "threshold": (int, float),
    "max_vocab_size": int,
    "delimiter": str,
    "scoring": str,
    "connector_words": list,
}


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

    Returns
    -------
    head : dict
        With ``options`` for the constructor of `Phrases` and, of a `Phrases`, the ``corpus_word_count``.
    rows : dict
        Words and phrases with their counts or scores.

    Raises
    ------
    FormatError
        The file cannot be read, or is no such file.
    """
    source: Path = existing(path)
    try:
        lines = read_whole(source).decode().split("\n")
        head = json.loads(lines[0])
        if head["kind"] != _KIND or head["class"] != kind:
            raise FormatError(f"{source} holds {head['class']!s:.60}, not {kind}: load it with that class")
        rows = dict(json.loads(line) for line in lines[1:] if line)
        _check(head, rows)
    except OSError as error:
        raise FormatError(f"cannot read {source}: {error.strerror or error}; check the path") from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, FormatError):
            raise
        told = " ".join(f"{error!s:.200}".split())
        raise FormatError(f"{source} is no file of phrases that was saved here: {told}") from error
    return head, rows


def _check(head: dict[str, Any], rows: dict[str, Any]) -> None:
    """Refuse with a ValueError or TypeError what `write_phrases` would not have written."""
    head["options"] = options = dict(head["options"])
    unknown = options.keys() - _OPTIONS.keys()
    if unknown:
        raise ValueError(f"it has an option {min(unknown)!r:.60}")
    for name, value in options.items():
        if not isinstance(value, _OPTIONS[name]) or isinstance(value, bool):
            raise TypeError(f"{name} is {value!r:.60}")
        if isinstance(value, (int, float)):
            float(value)
    words = options.get("connector_words", [])
    if not all(isinstance(word, str) for word in (*words, *rows)):
        raise ValueError("a word in it is no string")
    if "corpus_word_count" in head or head["class"] == "Phrases":
        total = head["corpus_word_count"]
        if type(total) is not int or not 0 <= total <= _LARGEST:
            raise ValueError(f"corpus_word_count is {total!r:.60}")
        if not all(type(count) is int and 0 <= count <= total for count in rows.values()):
            raise ValueError(f"a count in it is no whole number from 0 to corpus_word_count, {total}")
    elif not all(type(score) in (int, float) for score in rows.values()):
        raise ValueError("a score in it is no number")
