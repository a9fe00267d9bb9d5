"""Models in folders of firth's own format: with gensim's parameters beside firth's settings."""

from __future__ import annotations

import dataclasses
from types import NoneType
from typing import Any, Self

import numpy as np

from firth import formats
from firth.compat.gensim._model import Model
from firth.compat.gensim._settings import parameters_of
from firth.compat.gensim._vector_files import PathLike, existing, save_folder
from firth.config import TextOptions, WindowSettings
from firth.config.models import settings_from_dict
from firth.errors import FirthError, FormatError
from firth.formats import VectorTable

_PARAMETERS = (
    "vector_size",
    "alpha",
    "window",
    "min_count",
    "max_vocab_size",
    "sample",
    "seed",
    "workers",
    "min_alpha",
    "sg",
    "hs",
    "negative",
    "ns_exponent",
    "cbow_mean",
    "epochs",
    "sorted_vocab",
    "comment",
    "max_final_vocab",
    "shrink_windows",
)
_OF_FASTTEXT = ("min_n", "max_n", "bucket")
_FACTS = ("corpus_count", "corpus_total_words", "effective_min_count", "train_count", "total_train_time")

_KEPT = {"parameters": (*_PARAMETERS, *_OF_FASTTEXT), "facts": _FACTS}


class ModelFiles(Model):
    """Saving and loading of ``Word2Vec`` and ``FastText``."""

    def save(self, fname_or_handle: PathLike, **options: Any) -> None:
        """Write a folder in firth's own format; what was saved there is replaced.

        `firth.load` and the command line read it, too, and `firth.train` can train it further.

        Parameters
        ----------
        fname_or_handle : path
            Of the folder, whatever its extension.
        **options
            gensim's options for its pickles (``separately``, ``sep_limit``, ``ignore``, ``pickle_protocol``), which
            mean nothing here.

        Raises
        ------
        InputError
            The model has no vocabulary yet.
        OutputError
            The folder cannot be written, or something else is there.
        """
        save_folder(self.to_table(), fname_or_handle)

    def to_table(self) -> VectorTable:
        """Return words, weights and parameters as a table of `firth.formats`."""
        return dataclasses.replace(self._table(), metadata=self._metadata())

    @classmethod
    def load(cls, fname: PathLike, mmap: str | None = None, rethrow: bool = False, **options: Any) -> Self:
        """Read a model that `save`, or ``firth train``, has written; it can be trained further.

        Parameters
        ----------
        fname : path
            Of the folder.
        mmap, rethrow
            Without effect.

        Raises
        ------
        FormatError
            There is no model; of gensim's own files, which are pickles, ``KeyedVectors.load`` reads words and vectors.
        """
        path = existing(fname)
        table = formats.read(path, memory_map=False)
        try:
            settings = settings_from_dict(table.metadata["settings"])
        except KeyError as error:
            raise FormatError(
                f"{path} holds vectors but no model that could be trained: use KeyedVectors.load or "
                "load_word2vec_format"
            ) from error
        if not isinstance(settings, WindowSettings):
            raise FormatError(f"{path} holds a model of {settings.NAME}, which gensim lacks: use firth.load")
        return cls._of_table(table, settings)

    @classmethod
    def _of_table(cls, table: VectorTable, settings: WindowSettings) -> Self:
        """Return the model in a table, of the class that suits it."""
        from firth.compat.gensim.models.fasttext import FastText
        from firth.compat.gensim.models.word2vec import Word2Vec

        kept = {name: _known(table, name, names) for name, names in _KEPT.items()}
        kind: Any = FastText if settings.NAME == "fasttext" else Word2Vec
        kind = cls if issubclass(cls, kind) else kind
        try:
            model = kind(**{**parameters_of(settings), **kept["parameters"]})
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, FirthError):
                raise
            raise FormatError(f"the parameters of the model cannot be used: {error!s:.200}") from error
        model._take_all(table)
        for name, value in kept["facts"].items():
            setattr(model, name, value)
        history = table.metadata.get("gensim", {}).get("history")
        model.history = list(history) if isinstance(history, list) else []
        return model  # type: ignore[no-any-return]

    def _take_all(self, table: VectorTable) -> None:
        """Take over words, counts, attributes and weights."""
        self.wv = type(self.wv).of_table(table)
        if table.vocabulary.counts is None:
            self.wv.expandos["count"] = np.ones(len(self.wv), np.int64)
        self.corpus_total_words = int(self.wv.expandos["count"].sum())
        self._take(table)

    def _metadata(self) -> dict[str, Any]:
        names = [*_PARAMETERS, *(name for name in _OF_FASTTEXT if name in vars(self))]
        config = self._config()
        return {
            "settings": config.as_dict(),
            "text": TextOptions().as_dict(),
            "history": [],
            "training": {
                "epoch": config.epochs,
                "position": 0,
                "loss": 0.0,
                "pairs": 0.0,
                "corpus": "",
                "run": "",
            },
            "gensim": {
                "numbers": self.wv._has_numbers(),
                "parameters": {name: _plain(getattr(self, name)) for name in names},
                "facts": {name: _plain(getattr(self, name)) for name in _FACTS},
                "history": self.history,
            },
        }


def _known(table: VectorTable, part: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Return those values of a part of the metadata that `ModelFiles.save` writes there.

    Raises
    ------
    FormatError
        The metadata are of another kind, or a value is.
    """
    kept = table.metadata.get("gensim", {})
    values = kept.get(part, {}) if isinstance(kept, dict) else None
    if not isinstance(values, dict):
        raise FormatError(f"the model's {part} are {values!r:.60}, but must be names with values")
    for name in values.keys() & {*names}:
        value = values[name]
        if name != "comment" and not isinstance(value, (int, float, NoneType)):
            raise FormatError(f"the model's {name} is {value!r:.60}, but must be a number")
    return {name: values[name] for name in names if name in values}


def _plain(value: Any) -> Any:
    """Return a number of NumPy as Python's own, which JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value
