"""Options of all commands that read a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

PANEL = "How to read the text"

Corpus: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="CORPUS...", help="Files, folders, globs; - for standard input.", show_default=False
    ),
]
Column: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Read this column of files that are tables: Parquet, Arrow, CSV or JSON Lines.",
        rich_help_panel=PANEL,
    ),
]
Lowercase: TypeAlias = Annotated[
    bool, typer.Option("--lowercase", help="Lower the text first.", rich_help_panel=PANEL)
]
