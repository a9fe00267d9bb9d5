"""``firth fasttext``: fastText's sub-commands with its flags."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firth.cli.app import app
from firth.cli.flags import FOREIGN, given_flags, needed, parse_flags, wants_help
from firth.errors import ConfigError

if TYPE_CHECKING:
    from firth.compat.fasttext._model import _FastText

_SWITCHES = ("saveOutput", "retrain", "qnorm", "qout")
_QUANTIZE: dict[str, Any] = {
    "input": "",
    "output": "",
    "cutoff": 0,
    "retrain": False,
    "qnorm": False,
    "qout": False,
    "dsub": 2,
    "epoch": 5,
    "lr": 0.1,
    "thread": 0,
    "verbose": 2,
}
_AUTOTUNE = {
    "autotune-validation": "autotuneValidationFile",
    "autotune-metric": "autotuneMetric",
    "autotune-predictions": "autotunePredictions",
    "autotune-duration": "autotuneDuration",
    "autotune-modelsize": "autotuneModelSize",
}
_TRAINING = ("skipgram", "cbow", "supervised")


@app.command("fasttext", context_settings=FOREIGN)
def fasttext(
    context: typer.Context,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND ARGUMENTS...", help="fastText's.", show_default=False),
    ] = None,
) -> None:
    """Do what fastText's program does, with its flags and files.

    Examples
    --------
    firth fasttext skipgram -input corpus.txt -output model

    firth fasttext supervised -input labelled.txt -output model -wordNgrams 2 -epoch 25 -lr 0.5

    firth fasttext test model.bin test.txt 1

    Commands: skipgram, cbow, supervised, quantize, test, test-label, predict, predict-prob, print-word-vectors,
    print-sentence-vectors, print-ngrams, nn, analogies, dump. Flags of the first three: -input FILE, -output PREFIX,
    -lr, -dim, -ws, -epoch, -minCount, -minCountLabel, -minn, -maxn, -neg, -wordNgrams, -loss (ns, hs, softmax,
    one-vs-all), -bucket, -thread (all cores), -t, -label, -verbose, -pretrainedVectors, -seed, -lrUpdateRate,
    -saveOutput, with fastText's defaults. Of quantize: -input, -output, -cutoff, -retrain, -epoch, -lr, -thread, -dsub,
    -qnorm, -qout. Of supervised: -autotune-validation FILE searches for the best settings, with -autotune-metric,
    -autotune-predictions, -autotune-duration, -autotune-modelsize. As in fastText, outputs are replaced if they exist.
    """
    given = arguments or []
    if wants_help(given):
        sys.stdout.write(context.get_help() + "\n")
        return
    name, *rest = given
    if name in _TRAINING:
        _train(name, rest)
    elif name == "quantize":
        _quantize(rest)
    elif name in _queries():
        _queries()[name](rest)
    else:
        known = ", ".join([*_TRAINING, "quantize", *_queries()])
        raise ConfigError(f"fasttext has no command {name!r:.60}: it has {known}")


def _queries() -> dict[str, Callable[[Sequence[str]], None]]:
    from firth.cli.fasttext_queries import QUERIES

    return QUERIES


def _train(model: str, arguments: Sequence[str]) -> None:
    from firth.compat.fasttext._arguments import SUPERVISED, UNSUPERVISED, check_arguments

    defaults = SUPERVISED if model == "supervised" else UNSUPERVISED
    flags = {name: value for name, value in defaults.items() if not name.startswith("autotune")}
    if model == "supervised":
        flags |= {flag: defaults[name] for flag, name in _AUTOTUNE.items()}
    flags |= {"model": model, "input": "", "output": "", "saveOutput": False, "thread": 0}
    given = given_flags(arguments, flags, switches=_SWITCHES, program=f"fasttext {model}")
    values = {_AUTOTUNE.get(name, name): value for name, value in (flags | given).items()}
    needed(values, "input", "the text to learn from")
    output = needed(values, "output", "the prefix of the files to write, to which .bin and .vec are added")
    values["model"], values["thread"] = model, values["thread"] or None
    from firth.compat.fasttext._program import save_output, save_vectors

    trained = _trained(check_arguments(values), given)
    trained.save_model(output + (".ftz" if trained.is_quantized() else ".bin"))
    save_vectors(trained, output + ".vec")
    if values["saveOutput"]:
        save_output(trained, output + ".output")


def _trained(values: dict[str, Any], given: Collection[str]) -> _FastText:
    """Return the model that fastText's arguments ask for."""
    if values["model"] != "supervised":
        from firth.compat.fasttext._training import train_words

        return train_words(values)
    if values["autotuneValidationFile"]:
        from firth.compat.fasttext._tuning import tune_labels

        return tune_labels(values, given)
    from firth.compat.fasttext._training import train_labels

    return train_labels(values)


def _quantize(arguments: Sequence[str]) -> None:
    values = parse_flags(arguments, _QUANTIZE, switches=_SWITCHES, program="fasttext quantize")
    output = needed(
        values, "output", "the prefix of the model, PREFIX.bin, and of the file to write, PREFIX.ftz"
    )
    if values["retrain"]:
        needed(values, "input", "the labelled text that -retrain trains on")
    from firth.compat.fasttext import load_model

    model = load_model(output + ".bin")
    model.quantize(
        input=values["input"] or None,
        qout=values["qout"],
        cutoff=values["cutoff"],
        retrain=values["retrain"],
        epoch=values["epoch"],
        lr=values["lr"],
        thread=values["thread"] or None,
        verbose=values["verbose"],
        dsub=values["dsub"],
        qnorm=values["qnorm"],
    )
    model.save_model(output + ".ftz")
