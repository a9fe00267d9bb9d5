"""``firth index``: an approximate index of neighbors, and how much it finds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json, table
from firth.errors import OutputError


@app.command()
def index(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="A saved model, or a file of vectors.")],
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write it.", show_default=False),
    ],
    connectivity: Annotated[
        int, typer.Option(help="How many neighbors each word is linked with; more find more.")
    ] = 16,
    expansion_add: Annotated[
        int, typer.Option(help="Candidates looked at for each word that is added; more find more.")
    ] = 128,
    expansion_search: Annotated[
        int, typer.Option(help="Candidates looked at for each question; more find more.")
    ] = 64,
    dtype: Annotated[
        Literal["float32", "float16", "int8"], typer.Option(help="In what numbers the index holds vectors.")
    ] = "float32",
    threads: Annotated[
        int, typer.Option(help="How many add words; with 1, the same vectors make the same index.")
    ] = 1,
    k: Annotated[int, typer.Option("-k", help="Recall is measured among so many neighbors.")] = 10,
    queries: Annotated[int, typer.Option(help="Of so many words, which are drawn.")] = 1_000,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE if it exists.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of a table.")
    ] = False,
) -> None:
    """Build an approximate index of neighbors, and measure its recall.

    Neighbors are sought exactly without one, which is fast enough for most
    vocabularies: some milliseconds for 100,000 words. An index pays for
    millions of words or for many questions. What it finds has exact scores;
    recall is the share of the true neighbors that it finds.

    --json prints one object: "output", "words", "seconds" (to build it),
    "bytes", "k", "queries" and "recall".

    [bold]Examples[/bold]

    firth index vectors/ --output vectors.index

    firth neighbors vectors/ king --index vectors.index
    """
    from firth.vectors import NeighborIndex, load

    model = load(vectors)
    if output.exists() and not overwrite:
        raise OutputError(f"the output {output} exists already: choose another place, or give --overwrite")
    start = time.perf_counter()
    built = NeighborIndex.build(
        model,
        connectivity=connectivity,
        expansion_add=expansion_add,
        expansion_search=expansion_search,
        dtype=dtype,
        threads=threads,
    )
    seconds = time.perf_counter() - start
    recall = built.recall(k, queries=queries)
    built.save(output, overwrite=overwrite)
    facts = {
        "output": str(output),
        "words": len(built),
        "seconds": round(seconds, 3),
        "bytes": output.stat().st_size,
        "k": k,
        "queries": min(queries, len(built)),
        "recall": recall,
    }
    if as_json:
        print_json(facts)
        return
    names = {"seconds": "seconds to build it", "recall": f"recall of {k} neighbors", "queries": "words asked"}
    rows = [(names.get(name, name), value) for name, value in facts.items() if name != "k"]
    console().print(table("", "", rows=rows))
