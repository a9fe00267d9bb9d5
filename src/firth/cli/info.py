"""``firth info``: what a saved model or a file of vectors holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json, printable, table

if TYPE_CHECKING:
    from firth.subwords import Subwords

_SHOWN = 10


@app.command()
def info(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="A saved model, or a file of vectors.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of a table.")
    ] = False,
) -> None:
    """Show what a saved model or a file of vectors holds.

    --json prints one object: "path", "format", "words", "dim", "tokens"
    (how many the words stand for; null where counts are not known),
    "output_embeddings" (whether they are there), "subwords" (null, or an
    object with "min_n", "max_n", "buckets", "used_buckets" and "pruned"),
    "first_words" (up to ten) and "metadata", which for a model that firth
    trained holds its settings and history.

    [bold]Examples[/bold]

    firth info vectors/

    firth info GoogleNews-vectors-negative300.bin --json
    """
    from firth import formats

    format = formats.detect(vectors)
    held = formats.read(vectors, format=format)
    n_words, dim = held.embeddings.shape
    first = held.vocabulary.words[:_SHOWN]
    if as_json:
        print_json(
            {
                "path": str(vectors),
                "format": format,
                "words": n_words,
                "dim": dim,
                "tokens": held.vocabulary.total,
                "output_embeddings": held.output_embeddings is not None,
                "subwords": _subwords(held.subwords),
                "first_words": first,
                "metadata": held.metadata,
            }
        )
        return
    total = held.vocabulary.total
    rows = [
        ("path", str(vectors)),
        ("format", format),
        ("words", f"{n_words:,}"),
        ("dimensions", str(dim)),
        ("tokens", "not known" if total is None else f"{total:,}"),
        ("output embeddings", "no" if held.output_embeddings is None else "yes"),
        ("n-grams", _ngrams(held.subwords)),
        ("first words", " ".join(map(printable, first))),
    ]
    rows += [(str(name), _short(value)) for name, value in held.metadata.items() if name != "training"]
    if "training" in held.metadata and "settings" in held.metadata:
        rows.append(("training", _standing(held.metadata)))
    shown = table("", "", rows=rows)
    shown.show_header = False
    console().print(shown)


def _subwords(parts: Subwords | None) -> dict[str, Any] | None:
    if parts is None:
        return None
    return {
        "min_n": parts.min_n,
        "max_n": parts.max_n,
        "buckets": parts.buckets,
        "used_buckets": len(parts.bucket_rows),
        "pruned": parts.pruned,
    }


def _ngrams(parts: Subwords | None) -> str:
    if parts is None:
        return "no"
    used, kind = f"{len(parts.bucket_rows):,}", "kept" if parts.pruned else "used"
    return f"{parts.min_n} to {parts.max_n} characters, {parts.buckets:,} buckets, {used} of them {kind}"


def _standing(metadata: Mapping[str, Any]) -> str:
    """Say whether a run is finished; what is odd is shown as it is."""
    try:
        done, wanted = int(metadata["training"]["epoch"]), int(metadata["settings"]["epochs"])
    except (KeyError, TypeError, ValueError):
        return _short(metadata["training"])
    if done >= wanted:
        return "finished"
    return f"interrupted in epoch {done + 1} of {wanted}: firth train goes on with --resume"


def _short(value: object) -> str:
    if (
        isinstance(value, list) and value and isinstance(value[-1], dict)
    ):  # such as the history: its last entry
        return f"{len(value)}, the last: {_short(value[-1])}"
    if isinstance(value, dict):
        return ", ".join(f"{key}={_short(item)}" for key, item in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
