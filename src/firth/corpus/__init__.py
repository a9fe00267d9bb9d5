"""Corpora: whatever text the user has, as ids on disk."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from firth.corpus.encode import encode
from firth.corpus.phrase_search import find_phrases
from firth.corpus.phrases import Phrase, Phrases
from firth.corpus.standard_library import standard_library_documents
from firth.corpus.token_corpus import TokenCorpus

if TYPE_CHECKING:
    from firth.corpus.graph import Graph as Graph
    from firth.corpus.walks import random_walks as random_walks

__all__ = [
    "Graph",
    "Phrase",
    "Phrases",
    "TokenCorpus",
    "encode",
    "find_phrases",
    "random_walks",
    "standard_library_documents",
]

# Loaded on first use: text needs nothing of graphs.
_HOMES = {"Graph": "firth.corpus.graph", "random_walks": "firth.corpus.walks"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'firth.corpus' has no attribute {name!r}")
