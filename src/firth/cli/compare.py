"""``firth compare``: what two models agree on, and the words that moved most."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json, table
from firth.errors import InputError

if TYPE_CHECKING:
    from firth.evaluation import OverlapResult
    from firth.vectors import Alignment, WordVectors


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A saved model, or a file of vectors.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    *,
    k: Annotated[int, typer.Option("-k", help="How many neighbors of each word.")] = 10,
    restrict: Annotated[
        int,
        typer.Option(help="Look only at so many common words, the most frequent ones of A; 0 for all."),
    ] = 10_000,
    show: Annotated[int, typer.Option(help="How many of the words that moved most to list.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Compare the words that two models have in common.

    Neighbor overlap is the share of a word's k nearest neighbors that both
    models name. Alignment rotates A onto B (orthogonal Procrustes) and tells
    the cosine of each word with itself, lowest for the words that moved
    most; it needs models of as many dimensions, and at least as many common
    words. Two trainings that differ by their seed alone show what chance does.

    --json prints one object: "common_words"; "overlap", an object with "k"
    and "mean"; and "alignment", an object with "mean_cosine" and "moved", a
    list of objects with "word", "cosine" and "overlap", or null where the
    models cannot be aligned; "not_aligned" then says why, and is null
    otherwise.

    [bold]Examples[/bold]

    firth compare news-1990/ news-2020/

    firth compare before.bin after.bin --restrict 0 -k 5 --json
    """
    from firth.evaluation import neighbor_overlap
    from firth.vectors import load

    if show < 1:
        raise InputError(f"--show is {show}, but must be at least 1")
    first, second = load(a), load(b)
    overlap = neighbor_overlap(first, second, k=k, restrict=restrict or None)
    alignment, why_not = _aligned(first, second, restrict or None)
    moved = [] if alignment is None else _moved(alignment, overlap, show)
    if as_json:
        names = ("word", "cosine", "overlap")
        aligned = alignment and {
            "mean_cosine": alignment.mean_cosine,
            "moved": [dict(zip(names, row, strict=True)) for row in moved],
        }
        print_json(
            {
                "common_words": len(overlap.words),
                "overlap": {"k": overlap.k, "mean": overlap.mean},
                "alignment": aligned,
                "not_aligned": why_not,
            }
        )
        return
    _show(overlap, alignment, why_not, moved)


def _aligned(a: WordVectors, b: WordVectors, restrict: int | None) -> tuple[Alignment | None, str | None]:
    """Return the alignment, or why there is none: the overlap is worth telling without it."""
    from firth.vectors import align

    try:
        return align(a, b, restrict=restrict), None
    except InputError as error:
        return None, str(error)


def _moved(alignment: Alignment, overlap: OverlapResult, show: int) -> list[tuple[str, float, float]]:
    shares = dict(zip(overlap.words, overlap.overlaps.tolist(), strict=True))
    return [(word, cosine, shares[word]) for word, cosine in alignment.moved(show)]


def _show(overlap: OverlapResult, alignment: Alignment | None, why_not: str | None, moved: list[Any]) -> None:
    out = console()
    rows: list[tuple[str, object]] = [
        ("common words", len(overlap.words)),
        (f"overlap of {overlap.k} neighbors", overlap.mean),
    ]
    if alignment is not None:
        rows.append(("mean cosine after alignment", alignment.mean_cosine))
    out.print(table("both models", "", rows=rows))
    out.print()
    if alignment is None:
        out.print(f"not aligned: {why_not}", markup=False, soft_wrap=True)
        return
    out.print(table("moved most", "cosine", "overlap", rows=moved))
