"""``firth similarity``: the cosine of two words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json


@app.command()
def similarity(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="A saved model, or a file of vectors.")],
    a: Annotated[str, typer.Argument(metavar="A", help="One word.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the cosine of two words' vectors, -1 to 1.

    --json prints one object: "a", "b" and "similarity", which is null
    where a vector is all zeros and so has no direction.

    [bold]Examples[/bold]

    firth similarity vectors/ king queen

    firth similarity vectors.bin king queen --json
    """
    from firth.vectors import load

    cosine = load(vectors).similarity(a, b)
    if as_json:
        print_json({"a": a, "b": b, "similarity": cosine})
        return
    console().print(f"{cosine:.4f}")
