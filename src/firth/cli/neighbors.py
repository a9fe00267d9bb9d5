"""``firth neighbors``: the words nearest to a word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json, table
from firth.errors import InputError


@app.command()
def neighbors(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="A saved model, or a file of vectors.")],
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="One word or several.")],
    *,
    k: Annotated[int, typer.Option("-k", help="How many neighbors of each word.")] = 10,
    restrict: Annotated[
        int | None, typer.Option(help="Look only among so many words, the most frequent ones.")
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Seek by this index, which firth index has written; not exact."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list instead of tables.")] = False,
) -> None:
    """List the words whose vectors point most nearly the same way.

    Scores are cosines, at most 1. Equal ones come in the order of the
    vocabulary. With n-grams (fastText's files, and models of firth's that
    learned them) a WORD may be one that training never met.

    --json prints a list with an object for each WORD: "word" and
    "neighbors", a list of objects with "word" and "score", best first.

    [bold]Examples[/bold]

    firth neighbors vectors/ king

    firth neighbors vectors.bin king queen -k 5 --json

    firth neighbors vectors/ king --index vectors.index
    """
    from firth.vectors import NeighborIndex, load

    model = load(vectors)
    if index is None:
        found = model.neighbors(words, k, restrict=restrict)
    elif restrict is not None:
        raise InputError(f"--restrict is {restrict}, but an index holds all words: leave it out, or --index")
    else:
        found = NeighborIndex.load(index, model).neighbors(words, k)
    if as_json:
        print_json(
            [
                {"word": word, "neighbors": [neighbor._asdict() for neighbor in near]}
                for word, near in zip(words, found, strict=True)
            ]
        )
        return
    out = console()
    for place, (word, near) in enumerate(zip(words, found, strict=True)):
        if place:
            out.print()
        out.print(table("neighbor", "score", rows=near, title=word if len(words) > 1 else None))
