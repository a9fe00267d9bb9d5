"""``firth explain``: one training step, shown the way the lecture shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firth.cli.app import app
from firth.cli.output import console, print_json
from firth.errors import ConfigError

if TYPE_CHECKING:
    from firth.explain import Example, Step
    from firth.objectives.descent import Floats

_CENTER, _POSITIVE, _NEGATIVE = "cyan", "green", "magenta"
_MOST_STEPS = 100_000
_SHOW_ALL_STEPS_TO = 20


@app.command()
def explain(
    *,
    pair: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=2,
            help="Which of the lecture's two pairs: 1 (ned, stark), 2 (ned, is). 1 when not given.",
        ),
    ] = None,
    vectors: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Take the rows of a saved model, not the lecture's.")
    ] = None,
    center: Annotated[str | None, typer.Option(metavar="WORD", help="The center, with --vectors.")] = None,
    context: Annotated[
        str | None, typer.Option(metavar="WORD", help="The observed word of its context, with --vectors.")
    ] = None,
    negatives: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,C",
            help="The noise words, with --vectors; may be repeated. Drawn from counts^0.75 when not given.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the negatives that are drawn.")] = 1,
    learning_rate: Annotated[float, typer.Option(help="How far to go against the gradient.")] = 0.05,
    steps: Annotated[
        int,
        typer.Option(min=1, max=_MOST_STEPS, help="Repeat the update, and show the errors going to zero."),
    ] = 1,
    decimals: Annotated[int, typer.Option(min=1, max=12, help="How many to show.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Show one training step of skip-gram with negative sampling, number by number.

    The tables follow the computation: the hidden layer h, the logits u·h
    and their sigmoid, the prediction errors, the gradients of both
    matrices, their rows before and after the update. Without --vectors
    it is the worked example of a lecture: 13 words in 3 dimensions.

    --json prints one object. "step" is the first step: "learning_rate",
    "loss", "center" (with "word", "old", "gradient", "new") and "outputs",
    a list with the context word first (each with "word", "label",
    "weight", "logit", "probability", "error", "old", "gradient", "new").
    "history" is a list of "step", "loss" and "errors", as each began;
    of more than 20 steps it holds 1, 2, 5, 10, 20, 50, ... and the last.

    [bold]Examples[/bold]

    firth explain --pair 2 --steps 1000

    firth explain --vectors vectors/ --center king --context queen

    firth explain --vectors vectors/ --center king --context queen --negatives the,of,in
    """
    from firth.explain import explain_steps, lecture_example

    if vectors is None:
        _refuse(
            "is for a saved model: add --vectors DIR", center=center, context=context, negatives=negatives
        )
        example = lecture_example(pair or 1)
        source = f"the lecture's worked example, pair {pair or 1} of 2"
    else:
        _refuse("is for the lecture's example: leave out --vectors, or --pair", pair=pair)
        example = _from_model(vectors, center, context, negatives, seed)
        source = f"rows of {vectors}"
    wanted = _thinned(steps)
    history = {}
    for number, step in enumerate(explain_steps(example, steps=steps, learning_rate=learning_rate), start=1):
        if number in wanted:
            history[number] = step
    if as_json:
        print_json(
            {"step": history[1].as_dict(), "history": [_moment(n, step) for n, step in history.items()]}
        )
        return
    page = _Page(console(), history[1], source=source, decimals=decimals)
    page.show()
    if steps > 1:
        page.show_history(history)


def _refuse(reason: str, **options: object) -> None:
    """Refuse an option that was given and would not be used."""
    for name, value in options.items():
        if value is not None:
            raise ConfigError(f"--{name} {reason}")


def _from_model(
    path: Path, center: str | None, context: str | None, negatives: Sequence[str] | None, seed: int
) -> Example:
    """Return the rows of the model at `path` that the pair and its negatives need."""
    from firth.explain import draw_negatives, model_example
    from firth.vectors import load

    if center is None or context is None:
        missing = "--center" if center is None else "--context"
        raise ConfigError(f"{missing} is not given, but with --vectors a pair is needed: add {missing} WORD")
    model = load(path)
    if negatives is None:
        chosen = draw_negatives(model.vocabulary, seed=seed)
    else:
        # A word may itself hold a comma.
        split = ([given] if given in model.vocabulary else given.split(",") for given in negatives)
        chosen = tuple(word for words in split for word in words if word)
    return model_example(model, center=center, context=context, negatives=chosen)


def _thinned(steps: int) -> set[int]:
    """Return the steps to show: all when they are few, otherwise 1, 2, 5, 10, 20, 50, ... and the last."""
    if steps <= _SHOW_ALL_STEPS_TO:
        return set(range(1, steps + 1))
    series = {factor * 10**power for power in range(6) for factor in (1, 2, 5)}
    return {number for number in series if number <= steps} | {steps}


def _moment(number: int, step: Step) -> dict[str, Any]:
    return {"step": number, "loss": step.loss, "errors": step.errors.tolist()}


class _Page:
    """Writes steps to a console, with as many components of a vector as its width can hold.

    Parameters
    ----------
    out : Console
        Where to write.
    step : Step
        The step to show.
    source : str
        Where its rows come from.
    decimals : int
        How many decimals a number has.
    """

    def __init__(self, out: Console, step: Step, *, source: str, decimals: int) -> None:
        self.out = out
        self.step = step
        self.source = source
        self.decimals = decimals
        self.dim = len(step.hidden)
        self.shown = self._fitting()

    def _fitting(self) -> int:
        """Return how many components fit: the widest tables have a word and three vectors a row."""
        step = self.step
        rows = [step.hidden, step.input_gradient, *step.old_output_rows, *step.output_gradients]
        number = max(len(self._number(value)) for row in rows for value in row) + 1
        word = max(cell_len(word) for word in (step.center, *step.words))
        room = (self.out.width - word - 2) // 3 - 3
        whole = (room + 1) // number
        return self.dim if self.dim <= whole else max(1, (room - 1) // number)

    def show(self) -> None:
        """Write all tables of the step."""
        step = self.step
        self._headline()
        self._hidden()
        self._sigmoid_layer()
        self._input_gradient()
        self._output_gradients()
        self._heading("5  Update of the input embeddings", f"new = old − {step.learning_rate:g} × gradient")
        center = [Text(step.center, _CENTER)]
        self._update(center, [step.hidden], [step.input_gradient], [step.new_hidden])
        self._heading("6  Update of the output embeddings", f"new = old − {step.learning_rate:g} × gradient")
        self._update(_named(step.words), step.old_output_rows, step.output_gradients, step.new_output_rows)
        self._footnotes()

    def show_history(self, history: dict[int, Step]) -> None:
        """Write the prediction errors at the start of the steps in `history`."""
        self._heading("7  Prediction errors, step by step", "the same pair and the same negatives each time")
        table = _table()
        table.add_column("step", justify="right")
        table.add_column("loss", justify="right")
        columns: list[tuple[str, str]] = [(word, _color(row)) for row, word in enumerate(self.step.words)]
        needed = 16 + sum(max(len(word), self.decimals + 3) + 2 for word, _ in columns)
        narrow = needed > self.out.width
        if narrow:
            columns = [columns[0], ("largest of the negatives", _NEGATIVE)]
        for name, color in columns:
            table.add_column(Text(name, style=color), justify="right")
        for number, step in history.items():
            errors = [step.errors[0], step.errors[1:].max()] if narrow else step.errors
            table.add_row(f"{number:,}", self._number(step.loss), *map(self._number, errors))
        self.out.print(table)

    def _headline(self) -> None:
        step = self.step
        line = Text("One training step: ", style="bold")
        line.append(step.center, f"bold {_CENTER}").append(" with ").append(
            step.words[0], f"bold {_POSITIVE}"
        )
        line.append(", against ").append(", ".join(step.words[1:]), f"bold {_NEGATIVE}")
        self.out.print(line, soft_wrap=True)
        self.out.print(Text(f"{self.source}; learning rate η = {step.learning_rate:g}", style="dim"))
        if self.shown < self.dim:
            note = (
                f"vectors: the first {self.shown} of {self.dim} components (all of them when piped to a file)"
            )
            self.out.print(Text(note, style="dim"))

    def _hidden(self) -> None:
        step = self.step
        self._heading("1  Hidden layer", "h is the center's row of the input embeddings")
        table = _table()
        table.add_column("center")
        table.add_column("h", justify="center")
        table.add_row(Text(step.center, _CENTER), *self._vectors([step.hidden]))
        self.out.print(table)

    def _sigmoid_layer(self) -> None:
        step = self.step
        self._heading(
            "2  Sigmoid layer and prediction errors",
            "t is 1 for the observed pair",
        )
        table = _table()
        table.add_column("word")
        table.add_column("u", justify="center")
        for name in ("u·h", "σ(u·h)", "t", "σ(u·h) − t"):
            table.add_column(name, justify="right")
        for row, (word, u) in enumerate(
            zip(_named(step.words), self._vectors(step.old_output_rows), strict=True)
        ):
            table.add_row(
                word,
                u,
                self._number(step.logits[row]),
                self._number(step.probabilities[row]),
                f"{step.labels[row]:.0f}",
                Text(self._number(step.errors[row]), "bold"),
            )
        self.out.print(table)
        self.out.print(Text(f"   loss  −log σ(u·h) − Σ log σ(−u·h) = {self._number(step.loss)}"))

    def _input_gradient(self) -> None:
        step = self.step
        self._heading("3  Gradient of the input embeddings", "the errors times the rows u, added up")
        *lines, total = self._vectors([*step.contributions, step.input_gradient])
        table = _table(footer=True)
        table.add_column("word", footer=Text(step.center, _CENTER))
        table.add_column("error", justify="right", footer="sum")
        table.add_column("error × u", justify="center", footer=Text(total, "bold"))
        for word, error, contribution in zip(_named(step.words), step.errors, lines, strict=True):
            table.add_row(word, self._number(error), contribution)
        self.out.print(table)

    def _output_gradients(self) -> None:
        step = self.step
        self._heading("4  Gradient of the output embeddings", "the errors times h; no other row has one")
        table = _table()
        table.add_column("word")
        table.add_column("error", justify="right")
        table.add_column("error × h", justify="center")
        rows = zip(_named(step.words), step.errors, self._vectors(step.output_gradients), strict=True)
        for word, error, gradient in rows:
            table.add_row(word, self._number(error), Text(gradient, "bold"))
        self.out.print(table)

    def _update(
        self, names: Sequence[Text], old: Iterable[Floats], gradient: Iterable[Floats], new: Iterable[Floats]
    ) -> None:
        table = _table()
        table.add_column("word")
        for heading in ("old", "gradient", "new"):
            table.add_column(heading, justify="center")
        columns = (self._vectors(old), self._vectors(gradient), self._vectors(new))
        for name, before, change, after in zip(names, *columns, strict=True):
            table.add_row(name, before, change, Text(after, "bold"))
        self.out.print(table)

    def _footnotes(self) -> None:
        step = self.step
        drawn = step.words[1:]
        if step.words[0] in drawn:
            self.out.print(
                Text(
                    f"   A draw of {step.words[0]}, which is the context word itself, counts nothing.", "dim"
                )
            )
        twice = sorted({word for word in drawn if drawn.count(word) > 1 and word != step.words[0]})
        if twice:
            self.out.print(Text(f"   Drawn more than once, moved by the sum: {', '.join(twice)}.", "dim"))

    def _heading(self, title: str, remark: str) -> None:
        self.out.print()
        self.out.print(Text(title, style="bold").append(f"   {remark}", "not bold dim"), soft_wrap=True)

    def _number(self, value: float) -> str:
        return f"{value:z.{self.decimals}f}"

    def _vectors(self, rows: Iterable[Floats]) -> list[str]:
        """Return vectors as text, their numbers below each other."""
        numbers = [[self._number(value) for value in row[: self.shown]] for row in rows]
        width = max(len(number) for row in numbers for number in row)
        rest = " …" if self.shown < self.dim else ""
        return [" ".join(number.rjust(width) for number in row) + rest for row in numbers]


def _table(*, footer: bool = False) -> Table:
    """Return an empty table in the style of this page."""
    return Table(box=box.SIMPLE, show_edge=False, header_style="dim", show_footer=footer, footer_style="")


def _color(row: int) -> str:
    return _NEGATIVE if row else _POSITIVE


def _named(words: Sequence[str]) -> list[Text]:
    """Return the positive word and the negatives in their colors."""
    return [Text(word, _color(row)) for row, word in enumerate(words)]
