"""The arguments of fastText's functions: names, defaults, and older spellings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from firth.errors import ConfigError

UNSUPERVISED: dict[str, Any] = {
    "model": "skipgram",
    "lr": 0.05,
    "dim": 100,
    "ws": 5,
    "epoch": 5,
    "minCount": 5,
    "minCountLabel": 0,
    "minn": 3,
    "maxn": 6,
    "neg": 5,
    "wordNgrams": 1,
    "loss": "ns",
    "bucket": 2_000_000,
    "thread": max((os.cpu_count() or 2) - 1, 1),
    "lrUpdateRate": 100,
    "t": 1e-4,
    "label": "__label__",
    "verbose": 2,
    "pretrainedVectors": "",
    "seed": 0,
    "autotuneValidationFile": "",
    "autotuneMetric": "f1",
    "autotunePredictions": 1,
    "autotuneDuration": 300,
    "autotuneModelSize": "",
}
"""What fastText takes where nothing is said, for vectors of words."""

SUPERVISED: dict[str, Any] = UNSUPERVISED | {
    "model": "supervised",
    "lr": 0.1,
    "minCount": 1,
    "minn": 0,
    "maxn": 0,
    "loss": "softmax",
}
"""The same for classifiers."""

LOSSES = {
    "ns": "negative-sampling",
    "hs": "hierarchical-softmax",
    "softmax": "softmax",
    "ova": "one-vs-all",
    "one-vs-all": "one-vs-all",
}
"""fastText's names of losses, and ours."""

_OLDER = {
    "min_count": "minCount",
    "word_ngrams": "wordNgrams",
    "lr_update_rate": "lrUpdateRate",
    "label_prefix": "label",
    "pretrained_vectors": "pretrainedVectors",
}
_NOT_OF_MODELS = ("input", "model")


def read_arguments(given: Sequence[Any], named: Mapping[str, Any], *, supervised: bool) -> dict[str, Any]:
    """Return the value of every argument, the defaults included.

    Parameters
    ----------
    given : sequence
        Arguments by position, in fastText's order.
    named : mapping
        Arguments by name, older names included.
    supervised : bool
        For which of the two functions.

    Raises
    ------
    TypeError
        An argument is not known, stands there twice, or `input` is missing.
    ConfigError
        A value is not one of fastText's.
    """
    return check_arguments(
        (SUPERVISED if supervised else UNSUPERVISED) | given_arguments(given, named, supervised)
    )


def given_arguments(given: Sequence[Any], named: Mapping[str, Any], supervised: bool) -> dict[str, Any]:
    """Return the value of every argument that is given, by its newest name; see `read_arguments`."""
    names = ["input", *(SUPERVISED if supervised else UNSUPERVISED)]
    names = [name for name in names if not (name == "model" if supervised else name.startswith("autotune"))]
    if len(given) > len(names):
        raise TypeError(f"{len(given)} arguments are given, but there are {len(names)}")
    values: dict[str, Any] = {}
    for name, value in [*zip(names, given, strict=False), *named.items()]:
        known = _OLDER.get(name, name)
        if known not in names:
            raise TypeError(f"unexpected keyword argument {name!r}")
        if known in values:
            raise TypeError(f"multiple values for argument {known!r}")
        values[known] = value
    if "input" not in values:
        raise TypeError("the argument 'input' is missing: the path of a text file")
    return values


def check_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments after making sure that model and loss are known ones.

    Raises
    ------
    ConfigError
        They are not.
    """
    if values["model"] not in ("skipgram", "cbow", "supervised"):
        raise ConfigError(f"model is {values['model']!r:.60}, but must be 'skipgram' or 'cbow'")
    if values["loss"] not in LOSSES:
        raise ConfigError(f"loss is {values['loss']!r:.60}, but must be one of {', '.join(LOSSES)}")
    searched = values.get("autotuneValidationFile")  # then n-grams may come in
    if values["maxn"] == 0 and values["wordNgrams"] <= 1 and not searched:
        values["bucket"] = 0
    return values


def attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a trained model shows of its arguments."""
    return {
        name: value
        for name, value in values.items()
        if name not in _NOT_OF_MODELS and not name.startswith("autotune")
    }
