"""The options of ``firth train`` that are settings of a model: one for each field of their dataclasses."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, get_type_hints

import typer

from firth.config import MODELS, Settings
from firth.errors import ConfigError

_PANEL = "What to learn"
_HELP = {
    "dim": "Length of a vector.",
    "window": "Largest radius of the context.",
    "dynamic_window": "Draw each center's radius from 1 to the window.",
    "loss": "Which objective.",
    "negatives": "Noise words for each pair.",
    "shared_negatives": "Noise draws that neighbouring centers share.",
    "noise_exponent": "Noise words are drawn by count to this power.",
    "exclude_window_negatives": "No word of a center's window is noise to it.",
    "subsample": "Thin out words above this relative frequency; 0 keeps all.",
    "epochs": "Passes over the corpus.",
    "learning_rate": "At the start.",
    "min_learning_rate": "At the end.",
    "schedule": "How the learning rate falls.",
    "min_count": "Drop words that occur less often.",
    "max_vocab": "Keep only so many words, the most frequent ones.",
    "seed": "Chooses all random draws.",
    "deterministic": "The same bits on any number of threads.",
    "held_out": "Share of the documents never trained on, whose loss is told after each epoch.",
    "patience": "End when that loss has not fallen for so many epochs, and keep the best.",
    "combine": "What the hidden vector is of the context's.",
    "cbow_gradient": "What each vector of a mean receives: all of the gradient, or its share.",
    "position_weights": "Learn a weight for each place of the window.",
    "architecture": "Who predicts whom.",
    "min_n": "Shortest n-gram, in characters.",
    "max_n": "Longest n-gram; 0 for none.",
    "buckets": "Rows that n-grams share.",
    "x_max": "Pairs counted so often weigh 1, rarer ones less.",
    "weighting_exponent": "The power by which rarer ones weigh less.",
    "distance_weighting": "A word at distance d counts 1/d.",
    "symmetric": "Count the context on both sides.",
    "memory_limit": "Bytes for counting before it goes on on disk.",
}
_ELSEWHERE = frozenset({"stop_words"})  # an option that names a file


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command whose last parameter is ``**settings`` an option for each setting of any model."""
    signature = inspect.signature(command)
    *own, _ = signature.parameters.values()
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _options()
    ]
    hints = get_type_hints(command, include_extras=True)
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*(p.replace(annotation=hints[p.name]) for p in own), *added]
    )
    command.__annotations__ = {
        **{p.name: hints[p.name] for p in own},
        **{p.name: p.annotation for p in added},
        "return": None,
    }
    return command


def make_settings(model: str | None, given: Mapping[str, Any], base: Settings | None = None) -> Settings:
    """Return the settings of a model, of skip-gram if none is named; those that are None as in `base`, or by default.

    Raises
    ------
    ConfigError
        The model has no such setting, or a value is out of its range.
    """
    if base is None or (model is not None and model != base.NAME):
        model, base = model or "skipgram", None
    else:
        model = base.NAME
    kind = MODELS[model]
    known = {field.name for field in dataclasses.fields(kind)}
    options = {name: value for name, value in given.items() if value is not None}
    for name, value in options.items():
        if name not in known:
            owners = ", ".join(other for other, fields in _fields().items() if name in fields)
            raise ConfigError(
                f"--{name.replace('_', '-')} is {value!r:.60}, but the model {model} has no such setting: leave it "
                f"out, or choose one of {owners}"
            )
    return kind(**options) if base is None else dataclasses.replace(base, **options)


def _fields() -> dict[str, dict[str, Any]]:
    """Return the defaults of each model's settings."""
    return {
        name: {field.name: field.default for field in dataclasses.fields(kind)}
        for name, kind in MODELS.items()
    }


def _options() -> Iterator[tuple[str, Any]]:
    """Yield the name and the annotation of each option."""
    models = _fields()
    types: dict[str, Any] = {}
    for kind in MODELS.values():
        types |= get_type_hints(kind)
    for name, text in _HELP.items():
        defaults = {model: fields[name] for model, fields in models.items() if name in fields}
        panel = _PANEL if len(defaults) > 1 else f"Only with --model {next(iter(defaults))}"
        told = _told(defaults, list(models))
        option = typer.Option(help=f"{text} {told}", rich_help_panel=panel)
        yield name, Annotated[types[name] | None, option]


def _told(defaults: Mapping[str, Any], models: list[str]) -> str:
    """Say which models lack a setting that others have, and its default where there is one."""
    values = {model: str(value) for model, value in defaults.items()}
    common = max(values.values(), key=list(values.values()).count)
    others = [f"{model} {value}" for model, value in values.items() if value != common]
    parts = [] if common == "None" else [f"default {', '.join([common.lower(), *others])}"]
    if len(values) > 1:
        parts += [f"not {model}" for model in models if model not in values]
    return f"[dim]({'; '.join(parts)})[/dim]" if parts else ""
