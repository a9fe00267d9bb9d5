"""Learn vectors for words and any other tokens from your own sequences.

The names below are loaded on first use, so that ``import firth`` is quick and compiles nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firth.config import (
        CBOW as CBOW,
        FastText as FastText,
        GloVe as GloVe,
        SkipGram as SkipGram,
        TextOptions as TextOptions,
    )
    from firth.corpus import TokenCorpus as TokenCorpus
    from firth.errors import FirthError as FirthError
    from firth.training import TrainedModel as TrainedModel, train as train
    from firth.vectors import WordVectors as WordVectors, load as load
    from firth.vocabulary import Vocabulary as Vocabulary

_HOMES = {
    "CBOW": "firth.config",
    "FastText": "firth.config",
    "FirthError": "firth.errors",
    "GloVe": "firth.config",
    "SkipGram": "firth.config",
    "TextOptions": "firth.config",
    "TokenCorpus": "firth.corpus",
    "TrainedModel": "firth.training",
    "Vocabulary": "firth.vocabulary",
    "WordVectors": "firth.vectors",
    "load": "firth.vectors",
    "train": "firth.training",
}

__version__ = "0.1.0"
__all__ = [*sorted(_HOMES), "__version__"]  # noqa: PLE0604 (all of them are strings)


def __getattr__(name: str) -> Any:
    if name == "corpus":  # whose names are used with their room
        return importlib.import_module("firth.corpus")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'firth' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
