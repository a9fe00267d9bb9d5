"""``firth demo``: from nothing to vectors in under a minute, on text that every Python has."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firth.cli.app import app
from firth.config import SkipGram, TextOptions

if TYPE_CHECKING:
    from firth.vectors import WordVectors

_WORDS = ("socket", "thread", "lock", "directory", "exception", "yield", "class", "json")
_AMONG = 3_000  # the most frequent words: rare names are near each other for reasons of their own


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to save the vectors in.")
    ] = Path("demo-vectors"),
    threads: Annotated[int | None, typer.Option(help="How many; all cores by default.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write progress and neighbours as JSON, one object a line.")
    ] = False,
) -> None:
    """Train on the documentation of your own Python and show what was learned.

    Example: [bold]firth demo[/bold]

    With --json the lines of [bold]firth train --json[/bold] come first, then one {"event": "neighbors", "word": ...,
    "neighbors": ...} for each word, its neighbors being pairs of word and similarity. Vectors
    from an earlier demo are replaced.
    """
    from firth.cli.output import console, print_json
    from firth.cli.train import make_reporter, report
    from firth.corpus import standard_library_documents
    from firth.training import train

    began = time.perf_counter()
    out = console()
    if not as_json:
        out.print("Learning from the documentation and docstrings of this Python's standard library ...")
    reporter = make_reporter(as_json=as_json, quiet=False)
    config = SkipGram(window=6, min_count=8, epochs=20, subsample=3e-4, learning_rate=0.05)
    try:
        model = train(
            standard_library_documents(),
            config,
            output=output,
            text=TextOptions(tokenize="words", lowercase=True),
            threads=threads,
            overwrite=True,
            callbacks=reporter,
        )
    finally:
        for callback in reporter:
            callback.close()
    report(model, output, as_json=as_json, quiet=False)
    vectors = model.vectors
    known = [word for word in _WORDS if word in vectors]
    if as_json:
        for word in known:
            print_json(
                {
                    "event": "neighbors",
                    "word": word,
                    "neighbors": vectors.neighbors(word, k=6, restrict=_AMONG),
                }
            )
    else:
        _show_neighbors(vectors, known)
        out.print(
            f"\nDone in {time.perf_counter() - began:.0f} s. Now ask yourself:\n"
            f"  firth neighbors {output} generator\n"
            f"  firth similarity {output} tuple list"
        )


def _show_neighbors(vectors: WordVectors, words: list[str]) -> None:
    from rich.table import Table

    from firth.cli.output import console

    out = console()
    out.print(f"\n[bold]Nearest neighbors[/bold] among the {_AMONG:,} most frequent words")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for word in words:
        table.add_row(word, ", ".join(near.word for near in vectors.neighbors(word, k=6, restrict=_AMONG)))
    out.print(table)
