"""fastText's Python names for training, vectors and text classification, with firth underneath.

``import firth.compat.fasttext as fasttext`` stands where ``import fasttext`` stood. Names, defaults, answers and files
follow fastText 0.9.3; what differs and what is not offered stands in the guide "Coming from gensim, fastText, ...".

Names are loaded on first use: a model can be asked without waiting for a compiler.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firth.compat.fasttext.FastText import (
        load_model as load_model,
        tokenize as tokenize,
        train_supervised as train_supervised,
        train_unsupervised as train_unsupervised,
    )

EOS = "</s>"
"""The token that ends a line."""

BOW = "<"
"""What stands before a word when its n-grams are cut."""

EOW = ">"
"""What stands behind it."""

_FUNCTIONS = ("load_model", "tokenize", "train_supervised", "train_unsupervised")
_OLD = ("cbow", "skipgram", "supervised")

__all__ = ["BOW", "EOS", "EOW", *_FUNCTIONS]  # noqa: PLE0604 (all of them are strings)


def __getattr__(name: str) -> Any:
    if name == "FastText" or name in _FUNCTIONS:
        module = importlib.import_module("firth.compat.fasttext.FastText")
        return module if name == "FastText" else getattr(module, name)
    if name in _OLD:
        now = "train_supervised" if name == "supervised" else f"train_unsupervised with model={name!r}"
        raise AttributeError(f"fasttext.{name} went long ago: use {now}")
    raise AttributeError(f"firth.compat.fasttext has no {name!r}: it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_FUNCTIONS, "FastText"])
