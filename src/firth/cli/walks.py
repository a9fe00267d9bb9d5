"""``firth walks``: a graph in, random walks as text out."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Annotated

import typer

from firth.cli.app import app
from firth.config.walks import WalkOptions
from firth.errors import ConfigError, OutputError

_DEFAULT = WalkOptions()
_GRAPH, _WALKS, _RUN = "How to read the graph", "Where to walk", "How to run"
_STDOUT = Path("-")


@app.command()
def walks(  # noqa: PLR0917 (typer makes options of parameters)
    edges: Annotated[
        Path,
        typer.Argument(
            metavar="EDGES",
            help="An edge list: two nodes a line, and perhaps a weight; - for standard input.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write the walks: one a line; - for standard output.",
            show_default=False,
        ),
    ],
    directed: Annotated[
        bool, typer.Option("--directed", help="Edges lead one way only.", rich_help_panel=_GRAPH)
    ] = False,
    separator: Annotated[
        str | None,
        typer.Option(
            metavar="C",
            help=r"What stands between columns, \t for a tab; by default whitespace, or a comma where that fits.",
            rich_help_panel=_GRAPH,
        ),
    ] = None,
    number: Annotated[
        int, typer.Option("--walks", help="Walks that begin at each node.", rich_help_panel=_WALKS)
    ] = _DEFAULT.walks,
    length: Annotated[int, typer.Option(help="Nodes of a walk.", rich_help_panel=_WALKS)] = _DEFAULT.length,
    p: Annotated[
        float, typer.Option("-p", help="A step back weighs 1/p.", rich_help_panel=_WALKS)
    ] = _DEFAULT.p,
    q: Annotated[
        float, typer.Option("-q", help="A step away weighs 1/q.", rich_help_panel=_WALKS)
    ] = _DEFAULT.q,
    seed: Annotated[
        int, typer.Option(help="Chooses all random draws.", rich_help_panel=_WALKS)
    ] = _DEFAULT.seed,
    threads: Annotated[
        int | None, typer.Option(help="How many; all cores by default.", rich_help_panel=_RUN)
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace FILE if it exists.", rich_help_panel=_RUN)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of a line.", rich_help_panel=_RUN)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Write nothing but errors.", rich_help_panel=_RUN)
    ] = False,
) -> None:
    """Walk over a graph at random, so that nodes can be trained on like words.

    With p and q other than 1 the walks are those of node2vec, otherwise those of DeepWalk.

    --json prints one object: "output", "nodes", "edges", "directed", "weighted", "walks", "tokens" and "seconds".

    [bold]Examples[/bold]

    firth walks graph.edgelist --output walks.txt -p 1 -q 0.5

    firth walks graph.edgelist --output - | firth train - --output nodes --min-count 1 --subsample 0 --window 10
    """
    options = WalkOptions(walks=number, length=length, p=p, q=q, seed=seed)
    _check_output(output, overwrite=overwrite, as_json=as_json)
    began = time.perf_counter()
    from firth.corpus.graph import Graph
    from firth.corpus.walks import walk_text

    graph = Graph.of(edges, directed=directed, separator="\t" if separator == r"\t" else separator)
    tokens = 0
    with _progress(quiet or output == _STDOUT) as told:
        lines = walk_text(graph, options, threads=threads, progress=told)
        with contextlib.closing(lines), _opened(output) as file:
            for block in lines:
                file.write(block)
                tokens += block.count(b" ") + block.count(b"\n")
    if quiet or output == _STDOUT:
        return
    facts = {
        "output": str(output),
        "nodes": graph.n_nodes,
        "edges": graph.n_edges,
        "directed": graph.directed,
        "weighted": graph.weights is not None,
        "walks": options.walks * graph.n_nodes,
        "tokens": tokens,
        "seconds": time.perf_counter() - began,
    }
    _show(facts, as_json=as_json)


def _show(facts: dict[str, object], *, as_json: bool) -> None:
    from firth.cli.output import console, print_json

    if as_json:
        print_json(facts)
        return
    console().print(
        "{walks:,} walks over {nodes:,} nodes and {edges:,} edges, {tokens:,} tokens, in {output}".format(
            **facts
        ),
        markup=False,
        soft_wrap=True,
    )


@contextlib.contextmanager
def _opened(output: Path) -> Iterator[IO[bytes]]:
    """Open the output: a file, which is there when it is whole, or standard output."""
    from firth.files import replacing

    if output == _STDOUT:
        yield sys.stdout.buffer
        return
    with replacing(output) as temporary, temporary.open("wb") as file:
        yield file


def _check_output(output: Path, *, overwrite: bool, as_json: bool) -> None:
    """Refuse what could not be written, before the graph is read."""
    if output == _STDOUT:
        if as_json:
            raise ConfigError(
                "--json and --output - both write to standard output: choose a file for the walks"
            )
        return
    if output.exists() and not overwrite:
        raise OutputError(f"the output {output} exists already: choose another place, or give --overwrite")
    if not output.absolute().parent.is_dir():
        raise OutputError(
            f"cannot write {output}: there is no folder {output.parent}; make it, or choose another"
        )


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield what shows how far the walks are: a bar on standard error if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("walking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
