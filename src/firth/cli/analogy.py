"""``firth analogy``: what C is to, as A is to B."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json, table


@app.command()
def analogy(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="A saved model, or a file of vectors.")],
    a: Annotated[str, typer.Argument(metavar="A", help="A word,")],
    b: Annotated[str, typer.Argument(metavar="B", help="the word that it is to,")],
    c: Annotated[str, typer.Argument(metavar="C", help="and the word whose counterpart is wanted.")],
    *,
    k: Annotated[int, typer.Option("-k", help="How many answers.")] = 5,
    method: Annotated[
        str,
        typer.Option(
            metavar="3cosadd|3cosmul",
            help="Add the three cosines, or multiply them, so that no large one decides alone.",
        ),
    ] = "3cosadd",
    restrict: Annotated[
        int | None, typer.Option(help="Look only among so many words, the most frequent ones.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of a table.")
    ] = False,
) -> None:
    """Complete an analogy: A is to B as C is to ...

    None of the three words is an answer.

    --json prints one object: "a", "b", "c", "method" and "answers", a list
    of objects with "word" and "score", best first.

    [bold]Examples[/bold]

    firth analogy vectors/ man king woman

    firth analogy vectors/ paris france berlin -k 1 --method 3cosmul --json
    """
    from firth.vectors import load

    chosen = cast(Literal["3cosadd", "3cosmul"], method)
    found = load(vectors).analogy(a, b, c, k, method=chosen, restrict=restrict)
    if as_json:
        answers = [answer._asdict() for answer in found]
        print_json({"a": a, "b": b, "c": c, "method": method, "answers": answers})
        return
    console().print(table("answer", "score", rows=found))
