"""``firth word2vec``: the flags of word2vec.c."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from firth.cli.app import app
from firth.cli.flags import FOREIGN, parse_flags, wants_help
from firth.errors import ConfigError

_FLAGS: dict[str, Any] = {
    "train": "",
    "output": "",
    "size": 100,
    "window": 5,
    "sample": 1e-3,
    "hs": 0,
    "negative": 5,
    "threads": 0,
    "iter": 5,
    "min-count": 5,
    "alpha": 0.0,
    "classes": 0,
    "debug": 2,
    "binary": 0,
    "save-vocab": "",
    "read-vocab": "",
    "cbow": 1,
}


@app.command("word2vec", context_settings=FOREIGN)
def word2vec(
    context: typer.Context,
    flags: Annotated[
        list[str] | None,
        typer.Argument(metavar="-FLAG VALUE...", help="word2vec.c's flags.", show_default=False),
    ] = None,
) -> None:
    """Learn vectors with the flags of word2vec.c, and write the file that it writes.

    Example: [bold]firth word2vec -train corpus.txt -output vectors.bin -size 200 -binary 1[/bold]

    -train FILE, -output FILE, -size 100, -window 5, -sample 1e-3, -hs 0, -negative 5, -threads (all cores), -iter 5,
    -min-count 5, -alpha 0.025 (0.05 with -cbow 1), -classes 0, -debug 2, -binary 0, -save-vocab FILE, -read-vocab FILE,
    -cbow 1. As in word2vec.c, the output is replaced if it exists, and its first word is </s>, which is no word of the
    text and has a vector of chance. What differs: the result does not depend on -threads; -classes needs scikit-learn.
    """
    arguments = flags or []
    if wants_help(arguments):
        sys.stdout.write(context.get_help() + "\n")
        return
    values = parse_flags(arguments, _FLAGS, program="word2vec")
    if not values["train"]:
        raise ConfigError("the flag -train is missing: give the text to learn from")
    if not (values["output"] or values["save-vocab"]):
        raise ConfigError(
            "the flag -output is missing: give the file to write the vectors to, or -save-vocab"
        )
    from firth.compat.word2vec import train

    train(values)
