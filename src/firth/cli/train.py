"""``firth train``: text in, vectors out."""

from __future__ import annotations

import dataclasses
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from firth.cli.app import Interrupted, app
from firth.cli.input import read_numbers, read_words
from firth.cli.settings import make_settings, with_settings
from firth.cli.text_options import PANEL, Column, Corpus, Lowercase
from firth.config import TextOptions

if TYPE_CHECKING:
    from firth.training import Callback, Epoch, TrainedModel

_MODEL, _RUN = "What to learn", "How to run"


@app.command()
@with_settings
def train(  # noqa: PLR0917 (typer makes options of parameters)
    corpus: Corpus,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Folder to save the vectors in.", show_default=False
        ),
    ],
    model: Annotated[
        Literal["skipgram", "cbow", "fasttext", "glove"] | None,
        typer.Option(help="Which model. [dim](default skipgram)[/dim]", rich_help_panel=_MODEL),
    ] = None,
    init: Annotated[
        Path | None, typer.Option(metavar="VECTORS", help="Vectors to start from.", rich_help_panel=_MODEL)
    ] = None,
    continue_from: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="Train this model further, by its settings where no others are given; new words are added.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    column: Column = None,
    tokenize: Annotated[
        str | None,
        typer.Option(
            metavar="RULE",
            help="whitespace, words, or a regular expression. [dim](default whitespace)[/dim]",
            rich_help_panel=PANEL,
        ),
    ] = None,
    lowercase: Lowercase = False,
    decode_errors: Annotated[
        Literal["strict", "replace"] | None,
        typer.Option(
            help="What to do with bytes that are not UTF-8. [dim](default strict)[/dim]",
            rich_help_panel=PANEL,
        ),
    ] = None,
    max_types: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Different tokens to tell apart while counting, in 50 bytes of memory each. "
            "[dim](default 30,000,000)[/dim]",
            rich_help_panel=PANEL,
        ),
    ] = None,
    vocabulary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Learn these words: one a line.", rich_help_panel=PANEL),
    ] = None,
    stop_words: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Drop these words: one a line.", rich_help_panel=PANEL)
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What each document counts: one number a line.", rich_help_panel=PANEL
        ),
    ] = None,
    cache: Annotated[
        bool,
        typer.Option(
            "--cache/--no-cache", help="Keep the encoded corpus for the next run.", rich_help_panel=_RUN
        ),
    ] = True,
    threads: Annotated[
        int | None, typer.Option(help="How many; all cores by default.", rich_help_panel=_RUN)
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with a run that was interrupted or killed.", rich_help_panel=_RUN
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the vectors in DIR.", rich_help_panel=_RUN)
    ] = False,
    checkpoint_seconds: Annotated[
        float,
        typer.Option(
            help="Write a checkpoint beside DIR after so many seconds; 0 for none.", rich_help_panel=_RUN
        ),
    ] = 600.0,
    checkpoint_tokens: Annotated[
        int, typer.Option(help="Write one after so many tokens; 0 for none by tokens.", rich_help_panel=_RUN)
    ] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw the loss of each epoch into this picture.", rich_help_panel=_RUN
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Write progress, epochs and the result as JSON, one object a line.",
            rich_help_panel=_RUN,
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Write nothing but errors.", rich_help_panel=_RUN)
    ] = False,
    **settings: Any,
) -> None:
    """Learn vectors from text and save them in a folder.

    Example: [bold]firth train corpus.txt --output vectors --tokenize words --lowercase[/bold]

    With --json each line is an object with an "event": "progress" (epoch, words, words_per_second, loss,
    learning_rate, seconds, seconds_left, ...), "epoch" (epoch, loss, pairs, seconds, ...), "checkpoint" (path) or
    "saved" (output, words, dim, finished). Ctrl-C ends the run and saves what there is; --resume goes on from there, or
    from the last checkpoint of a run that was killed.
    """
    if stop_words is not None:
        settings["stop_words"] = tuple(read_words(stop_words))
    base = None if continue_from is None else _model_to_continue(continue_from)
    config = make_settings(model, settings, None if base is None else base.config)
    text = _text_options(
        base, tokenize=tokenize, lowercase=lowercase or None, decode_errors=decode_errors, max_types=max_types
    )

    from firth.training import plot_history, train as run
    from firth.training.plot import check_plot
    from firth.vocabulary import Vocabulary

    if plot is not None:
        check_plot(plot)
    reporter = make_reporter(as_json=as_json, quiet=quiet)
    try:
        trained = run(
            corpus, config, output=output, text=text, column=column, threads=threads, cache=cache,
            overwrite=overwrite, resume=resume,
            vocabulary=None if vocabulary is None else Vocabulary.load(vocabulary), init=init, callbacks=reporter,
            weights=None if weights is None else read_numbers(weights), checkpoint_seconds=checkpoint_seconds,
            checkpoint_tokens=checkpoint_tokens, continue_from=base,
        )  # fmt: skip
    finally:
        for callback in reporter:
            callback.close()
    if plot is not None and trained.history:
        plot_history(trained.history, plot)
    report(trained, output, as_json=as_json, quiet=quiet)


def _model_to_continue(path: Path) -> TrainedModel:
    from firth.training.continuing import model_to_continue

    return model_to_continue(path)


def _text_options(base: TrainedModel | None, **given: Any) -> TextOptions:
    """Return how to read the text: as is said, else as that of the model to continue, else by the defaults."""
    options = {name: value for name, value in given.items() if value is not None}
    if base is None or "tokenize" in options:
        return TextOptions(**options)
    from firth.training.continuing import text_of

    return dataclasses.replace(text_of(base), **options)


def make_reporter(*, as_json: bool, quiet: bool) -> list[Any]:
    """Return the callbacks that tell about a run: a bar, lines of JSON, or nothing; they have a ``close``."""
    _show_log()
    if quiet:
        return []
    if as_json:
        return [_lines_of_json()]
    from firth.training import ProgressBar

    return [ProgressBar()]


def report(trained: TrainedModel, output: Path, *, as_json: bool, quiet: bool) -> None:
    """Say what was saved, and how training went.

    Raises
    ------
    Interrupted
        The run is not finished.
    """
    if not quiet:
        _show_result(trained, output, as_json)
    if not trained.finished:
        raise Interrupted(f"saved what there is in {output}; go on with the same command and --resume")


def _show_result(trained: TrainedModel, output: Path, as_json: bool) -> None:
    from firth.cli.output import console, print_json

    if as_json:
        print_json(
            {
                "event": "saved",
                "output": str(output),
                "words": len(trained.vocabulary),
                "dim": trained.config.dim,
                "finished": trained.finished,
            }
        )
        return
    from rich.table import Table

    out = console()
    if trained.history:
        table = Table(box=None, pad_edge=False)
        held_out = any(e.held_out_loss is not None for e in trained.history)
        for name in ("epoch", "loss", *(["held out"] if held_out else []), "pairs", "words/s", "seconds"):
            table.add_column(name, justify="right")
        for e in _some(trained.history):
            table.add_row(
                str(e.epoch),
                f"{e.loss:.4f}",
                *([f"{e.held_out_loss:.4f}"] if e.held_out_loss is not None else []),
                f"{e.pairs:,}",
                f"{e.words_per_second:,.0f}",
                f"{e.seconds:.1f}",
            )
        out.print(table)
    out.print(f"Saved {len(trained.vocabulary):,} words x {trained.config.dim} dimensions in {output}")


def _some(history: tuple[Epoch, ...]) -> tuple[Epoch, ...]:
    """Return about ten epochs, evenly spaced, the last among them."""
    step = -(-len(history) // 10)
    return history[::-1][::step][::-1]


def _lines_of_json() -> Callback:
    """Return a callback that writes what it is told as JSON, one object a line."""
    from firth.cli.output import print_json
    from firth.training import Callback, Progress

    class JsonLines(Callback):
        def on_progress(self, progress: Progress) -> None:
            _write("progress", progress)

        def on_epoch_end(self, epoch: Epoch) -> None:
            _write("epoch", epoch)

        def on_checkpoint(self, path: Path) -> None:
            print_json({"event": "checkpoint", "path": str(path)})
            sys.stdout.flush()

        def close(self) -> None:
            sys.stdout.flush()

    def _write(event: str, facts: Progress | Epoch) -> None:
        print_json({"event": event, **dataclasses.asdict(facts)})
        sys.stdout.flush()

    return JsonLines()


def _show_log() -> None:
    """Let the library's warnings reach standard error as one line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("firth: %(message)s"))
    logger = logging.getLogger("firth")
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING)
