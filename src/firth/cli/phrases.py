"""``firth phrases``: text in, the same text with phrases joined out."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from firth.cli.app import app
from firth.cli.input import read_words
from firth.cli.text_options import PANEL, Column, Corpus, Lowercase
from firth.config import TextOptions
from firth.config.phrases import THRESHOLDS, PhraseOptions, PhraseScore
from firth.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from firth.corpus import Phrases, TokenCorpus
    from firth.corpus.phrases import Progress

_DEFAULT, _TEXT_DEFAULT = PhraseOptions(), TextOptions()
_WHAT, _RUN = "What is a phrase", "How to run"
_STDOUT = Path("-")
_SHOWN = 20
# What `--from-list` settles already.
_SETTLED = ("min_count", "threshold", "score", "passes", "connector_words", "delimiter")


@app.command()
def phrases(  # noqa: PLR0917 (typer makes options of parameters)
    context: typer.Context,
    corpus: Corpus,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write the joined text: one document a line; - for standard output.",
            show_default=False,
        ),
    ],
    min_count: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="Pairs that occur less often are no phrases; one number, or one for each pass: 10,5.",
            rich_help_panel=_WHAT,
        ),
    ] = str(_DEFAULT.min_count),
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="X",
            help="A pair with a score above it is a phrase; one number, or one for each pass: 200,100. By default "
            + ", ".join(f"{value:g} for {score}" for score, value in THRESHOLDS.items())
            + ".",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    score: Annotated[
        PhraseScore, typer.Option(help="How a pair is judged.", rich_help_panel=_WHAT)
    ] = _DEFAULT.score,
    passes: Annotated[
        int,
        typer.Option(help="Seek again in what was joined, for longer phrases.", rich_help_panel=_WHAT),
    ] = _DEFAULT.passes,
    connector_words: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Words that may stand inside a phrase, such as of: one a line.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    delimiter: Annotated[
        str, typer.Option(help="What stands between the words of a phrase.", rich_help_panel=_WHAT)
    ] = _DEFAULT.delimiter,
    from_list: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Join these phrases instead, which --list has written.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    column: Column = None,
    tokenize: Annotated[
        str,
        typer.Option(
            metavar="RULE", help="whitespace, words, or a regular expression.", rich_help_panel=PANEL
        ),
    ] = "whitespace",
    lowercase: Lowercase = False,
    decode_errors: Annotated[
        Literal["strict", "replace"],
        typer.Option(help="What to do with bytes that are not UTF-8.", rich_help_panel=PANEL),
    ] = "strict",
    max_types: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Different tokens to tell apart while counting, in 50 bytes of memory each.",
            rich_help_panel=PANEL,
        ),
    ] = _TEXT_DEFAULT.max_types,
    list_to: Annotated[
        Path | None,
        typer.Option(
            "--list", metavar="FILE", help="Write the phrases too, as lines of JSON.", rich_help_panel=_RUN
        ),
    ] = None,
    memory_limit: Annotated[
        int, typer.Option(help="Bytes that counts may take at a time.", rich_help_panel=_RUN)
    ] = 2 << 30,
    threads: Annotated[
        int | None, typer.Option(help="How many; all cores by default.", rich_help_panel=_RUN)
    ] = None,
    cache: Annotated[
        bool,
        typer.Option(
            "--cache/--no-cache", help="Keep the encoded corpus for the next run.", rich_help_panel=_RUN
        ),
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace FILE if it exists.", rich_help_panel=_RUN)
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object instead of a table.", rich_help_panel=_RUN),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Write nothing but errors.", rich_help_panel=_RUN)
    ] = False,
) -> None:
    """Join neighbouring words that belong together: new york becomes new_york.

    The joined text is tokenized: train on it with the default --tokenize whitespace.

    --json prints one object: "output", "documents", "tokens", "joined_tokens" (how many are left), "phrases" (how many
    were found) and "best", a list of up to 20 objects with "token", "parts", "count", "score" and "found_in" (the
    pass), highest score first. --list writes all of them.

    [bold]Examples[/bold]

    firth phrases corpus.txt --output joined.txt

    firth phrases corpus.txt -o joined.txt --passes 2 --threshold 200,100 --list phrases.jsonl

    firth phrases more.txt -o more-joined.txt --from-list phrases.jsonl

    firth phrases reviews.csv --column review --tokenize words -o joined.txt
    """
    text = TextOptions(
        tokenize=tokenize, lowercase=lowercase, decode_errors=decode_errors, max_types=max_types
    )
    _check_outputs(output, list_to, overwrite=overwrite, as_json=as_json)
    if from_list is not None:
        _refuse_settled(context)
    options = PhraseOptions(
        min_count=_numbers("min-count", min_count, int),
        threshold=None if threshold is None else _numbers("threshold", threshold, float),
        score=score,
        passes=passes,
        connector_words=() if connector_words is None else read_words(connector_words),
        delimiter=delimiter,
    )
    from firth.corpus import Phrases, encode

    listed = None if from_list is None else Phrases.load(from_list)
    _check_delimiter(options.delimiter if listed is None else listed.options.delimiter)
    with (
        _progress(quiet) as told,
        encode(
            corpus,
            text,
            column=column,
            threads=threads,
            cache=cache,
            progress=lambda done, total: told("reading", done, total),
        ) as encoded,
    ):
        found = _find(encoded, options, memory_limit, threads, told) if listed is None else listed
        with found.join(encoded, progress=told) as joined:
            _write(joined, output)
            facts = _facts(encoded, joined)
    if list_to is not None:
        found.save(list_to)
    if not quiet and output != _STDOUT:
        _show(found, {"output": str(output), **facts}, as_json)


def _find(
    corpus: TokenCorpus, options: PhraseOptions, memory_limit: int, threads: int | None, progress: Progress
) -> Phrases:
    from firth.corpus import find_phrases

    return find_phrases(
        corpus,
        min_count=options.min_counts,
        threshold=options.thresholds,
        score=options.score,
        passes=options.passes,
        connector_words=options.connector_words,
        delimiter=options.delimiter,
        memory_limit=memory_limit,
        threads=threads,
        progress=progress,
    )


def _facts(corpus: TokenCorpus, joined: TokenCorpus) -> dict[str, Any]:
    return {
        "documents": corpus.n_documents,
        "tokens": corpus.n_tokens,
        "joined_tokens": joined.n_tokens,
    }


def _show(found: Phrases, facts: dict[str, Any], as_json: bool) -> None:
    from firth.cli.output import console, print_json, table

    best = sorted(found, key=lambda phrase: -phrase.score)[:_SHOWN]
    if as_json:
        print_json({**facts, "phrases": len(found), "best": [dataclasses.asdict(phrase) for phrase in best]})
        return
    out = console()
    if best:
        columns = ("phrase", "count", "score", "pass")
        rows = [(phrase.token, phrase.count, phrase.score, phrase.found_in) for phrase in best]
        out.print(table(*columns, rows=rows))
        out.print()
    what = f"{len(found):,} phrase{'s' * (len(found) != 1)}"
    if not best:
        what += " (a lower threshold or min-count finds more)"
    out.print(
        f"{what}: {facts['tokens']:,} tokens became {facts['joined_tokens']:,} in {facts['output']}",
        markup=False,
        soft_wrap=True,
    )


def _write(joined: TokenCorpus, output: Path) -> None:
    """Write the text to a file, whole or not at all, or to standard output."""
    from firth.corpus.plain_text import text_blocks
    from firth.files import replacing

    if output == _STDOUT:
        for block in text_blocks(joined):
            sys.stdout.buffer.write(block)
        return
    with replacing(output) as temporary, temporary.open("wb") as file:
        for block in text_blocks(joined):
            file.write(block)


def _check_outputs(output: Path, list_to: Path | None, *, overwrite: bool, as_json: bool) -> None:
    """Refuse what could not be written, before the text is read."""
    if output == _STDOUT and as_json:
        raise ConfigError(
            "--json and --output - both write to standard output: choose a file for one of them"
        )
    for path in (output, list_to):
        if path is None or (path == _STDOUT and path is output):
            continue
        if path.exists() and not overwrite:
            raise OutputError(f"the output {path} exists already: choose another place, or give --overwrite")
        if not path.absolute().parent.is_dir():
            raise OutputError(
                f"cannot write {path}: there is no folder {path.parent}; make it, or choose another"
            )


def _refuse_settled(context: typer.Context) -> None:
    """Refuse options that say what a phrase is, beside a list that has it settled."""
    for name in _SETTLED:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = name.replace("_", "-")
            raise ConfigError(
                f"--{option} has no use beside --from-list, whose phrases are found already: leave it out"
            )


def _numbers(name: str, text: str, kind: Callable[[str], Any]) -> Any:
    """Return the number that an option gives, or the several, separated by commas."""
    try:
        values = tuple(kind(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(
            f"--{name} is {text!r:.60}, but must be a number, or one for each pass, separated by commas"
        ) from error
    return values[0] if len(values) == 1 else values


def _check_delimiter(delimiter: str) -> None:
    if delimiter.split() != [delimiter]:
        raise ConfigError(
            f"delimiter is {delimiter!r}, but in the text that is written whitespace separates tokens: choose another"
        )


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[Progress]:
    """Yield what shows how far the work is: a bar on standard error if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
