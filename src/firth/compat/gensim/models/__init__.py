"""What stands in ``gensim.models``: the models of word vectors and phrases, loaded on first use."""

from __future__ import annotations

import importlib
from typing import Any

_ROOMS = ("callbacks", "fasttext", "keyedvectors", "phrases", "word2vec")


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"firth.compat.gensim.models.{name}")
    from firth.compat import gensim

    if name in gensim.__all__:
        return getattr(gensim, name)
    raise AttributeError(
        f"firth.compat.gensim.models has no {name!r}: it offers {', '.join([*gensim.__all__, *_ROOMS])}"
    )
