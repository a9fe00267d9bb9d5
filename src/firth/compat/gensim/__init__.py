"""gensim 4's names for training, vectors and phrases, with firth underneath.

``from firth.compat.gensim import Word2Vec`` stands where ``from gensim.models import Word2Vec`` stood, and
``from firth.compat import gensim`` where ``import gensim`` stood: the modules are called alike. Names, defaults and
answers follow gensim's documentation; what differs and what is not offered stands in the guide "Coming from gensim".

Names are loaded on first use: vectors can be asked without waiting for a compiler.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firth.compat.gensim import models as models, utils as utils
    from firth.compat.gensim.models.callbacks import CallbackAny2Vec as CallbackAny2Vec
    from firth.compat.gensim.models.fasttext import (
        FastText as FastText,
        load_facebook_model as load_facebook_model,
        load_facebook_vectors as load_facebook_vectors,
        save_facebook_model as save_facebook_model,
    )
    from firth.compat.gensim.models.keyedvectors import (
        FastTextKeyedVectors as FastTextKeyedVectors,
        KeyedVectors as KeyedVectors,
    )
    from firth.compat.gensim.models.phrases import (
        ENGLISH_CONNECTOR_WORDS as ENGLISH_CONNECTOR_WORDS,
        FrozenPhrases as FrozenPhrases,
        Phraser as Phraser,
        Phrases as Phrases,
    )
    from firth.compat.gensim.models.word2vec import (
        LineSentence as LineSentence,
        PathLineSentences as PathLineSentences,
        Text8Corpus as Text8Corpus,
        Word2Vec as Word2Vec,
    )

_MODELS = "firth.compat.gensim.models"
__version__ = "4.4.0"
"""Of gensim: the release whose names and answers these are."""

_HOMES = {
    "CallbackAny2Vec": f"{_MODELS}.callbacks",
    "ENGLISH_CONNECTOR_WORDS": f"{_MODELS}.phrases",
    "FastText": f"{_MODELS}.fasttext",
    "FastTextKeyedVectors": f"{_MODELS}.keyedvectors",
    "FrozenPhrases": f"{_MODELS}.phrases",
    "KeyedVectors": f"{_MODELS}.keyedvectors",
    "LineSentence": f"{_MODELS}.word2vec",
    "PathLineSentences": f"{_MODELS}.word2vec",
    "Phraser": f"{_MODELS}.phrases",
    "Phrases": f"{_MODELS}.phrases",
    "Text8Corpus": f"{_MODELS}.word2vec",
    "Word2Vec": f"{_MODELS}.word2vec",
    "load_facebook_model": f"{_MODELS}.fasttext",
    "load_facebook_vectors": f"{_MODELS}.fasttext",
    "save_facebook_model": f"{_MODELS}.fasttext",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 (all of them are strings)


def __getattr__(name: str) -> Any:
    if name in ("models", "utils"):
        return importlib.import_module(f"firth.compat.gensim.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(
        f"firth.compat.gensim has no {name!r}: it offers {', '.join(__all__)}, models and utils"
    )


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, "models", "utils"])
