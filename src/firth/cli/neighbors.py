"""``firth neighbors``: the words nearest to a word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json, table


@app.command()
def neighbors(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="A saved model, or a file of vectors.")],
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="One word or several.")],
    *,
    k: Annotated[int, typer.Option("-k", help="How many neighbors of each word.")] = 10,
    restrict: Annotated[
        int | None, typer.Option(help="Look only among so many words, the most frequent ones.")
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
    """
    from firth.vectors import load

    found = load(vectors).neighbors(words, k, restrict=restrict)
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
