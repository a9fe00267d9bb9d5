"""The command line: ``firth``. One file per command; each adds itself to the app."""

from __future__ import annotations

import importlib
import sys

from firth.cli.app import app, main as run

# In the order in which the help lists them.
_COMMANDS = (
    "demo",
    "train",
    "phrases",
    "walks",
    "neighbors",
    "index",
    "analogy",
    "similarity",
    "evaluate",
    "compare",
    "convert",
    "info",
    "explain",
    "word2vec",
    "fasttext",
)

for _name in _COMMANDS:
    importlib.import_module(f"firth.cli.{_name}")


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(run())


__all__ = ["app", "main", "run"]
