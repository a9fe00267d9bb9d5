"""What fastText's program writes of a model beside the model itself."""

from __future__ import annotations

import os
from typing import Any

from firth.compat.fasttext._model import _FastText, known_arguments
from firth.compat.fasttext._rows import as_vectors
from firth.formats import VectorTable
from firth.formats.fasttext_reading import MODELS
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

_KINDS = {"skipgram": "sg", "cbow": "cbow", "supervised": "sup"}
_BEFORE = ("dim", "ws", "epoch", "minCount", "neg", "wordNgrams", "loss")
_BEHIND = ("bucket", "minn", "maxn", "lrUpdateRate", "t")


def save_vectors(model: _FastText, path: str | os.PathLike[str]) -> None:
    """Write the vectors of the words as text; what is there is replaced.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    as_vectors(model.content).save(path, format="word2vec-text", overwrite=True)


def save_output(model: _FastText, path: str | os.PathLike[str]) -> None:
    """Write the rows of labels, or of words as contexts, as text; what is there is replaced.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    content = model.content
    names = content.labels if content.is_supervised else content.words
    table = VectorTable(Vocabulary(names), content.outputs)
    WordVectors(table).save(path, format="word2vec-text", overwrite=True)


def file_arguments(model: _FastText) -> dict[str, Any]:
    """Return the arguments that its file holds, by fastText's names and in its order."""
    settings = model.content.settings
    known = known_arguments(settings)
    told: dict[str, Any] = {name: known[name] for name in _BEFORE}
    if told["loss"] == "ova":
        told["loss"] = "one-vs-all"
    told["model"] = _KINDS[MODELS[settings.model]]
    return told | {name: known[name] for name in _BEHIND}
