"""What training returns."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.config import Settings, TextOptions
from firth.errors import InputError
from firth.formats import VectorTable, write
from firth.training.progress import Epoch
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class TrainedModel:
    """A trained model, or one whose training was interrupted; immutable.

    Parameters
    ----------
    config : SkipGram, CBOW, FastText or GloVe
        The settings it was trained with.
    text : TextOptions
        How text became tokens.
    table : VectorTable
        Words, counts and weights.
    history : tuple of Epoch
        Loss, pairs and speed of each finished epoch.
    finished : bool
        Whether all epochs were trained; if not, `firth.train` with ``resume=True`` goes on.
    state : mapping
        Where training stands, as plain JSON values.
    """

    config: Settings
    text: TextOptions
    table: VectorTable
    history: tuple[Epoch, ...]
    finished: bool
    state: Mapping[str, Any]

    @property
    def vocabulary(self) -> Vocabulary:
        """Words and counts."""
        return self.table.vocabulary

    @property
    def input_embeddings(self) -> NDArray[np.float32]:
        """The rows of words, shape (len(vocabulary), dim), read-only; with n-grams, the vectors composed of them."""
        return self.table.embeddings

    @property
    def output_embeddings(self) -> NDArray[np.float32]:
        """The rows of words as targets, shape (len(vocabulary), dim), read-only.

        Raises
        ------
        InputError
            The model has none: hierarchical softmax alone has rows of inner nodes, GloVe sums both sides up.
        """
        if self.table.output_embeddings is None:
            raise InputError(
                "this model keeps no output embeddings of words; train with negative sampling or the softmax for them"
            )
        return self.table.output_embeddings

    @property
    def vectors(self) -> WordVectors:
        """The vectors of the words: the input embeddings, with the output embeddings at hand."""
        return WordVectors(self._table())

    @property
    def output_vectors(self) -> WordVectors:
        """The words as targets: the output embeddings. What goes with an item, where `vectors` has what is like it.

        Raises
        ------
        InputError
            The model has none; see `output_embeddings`.
        """
        return WordVectors(
            dataclasses.replace(
                self._table(),
                embeddings=self.output_embeddings,
                output_embeddings=None,
                subwords=None,
                state={},
            )
        )

    def save(
        self, path: str | os.PathLike[str], *, format: str | None = None, overwrite: bool = False
    ) -> None:
        """Write the model; see `firth.formats.write`. Only the native format, a folder, keeps all of it.

        Raises
        ------
        InputError
            The extension or `format` is not known, or the format cannot hold one of the words.
        OutputError
            `path` exists and `overwrite` is false, or it cannot be written.
        """
        write(self._table(), path, format=format, overwrite=overwrite)

    def __repr__(self) -> str:
        loss = f", loss {self.history[-1].loss:.4f}" if self.history else ""
        unfinished = "" if self.finished else ", not finished"
        return (
            f"<TrainedModel: {len(self.vocabulary):,} words, {self.config.dim} dimensions{loss}{unfinished}>"
        )

    def _table(self) -> VectorTable:
        metadata = {
            "settings": self.config.as_dict(),
            "text": self.text.as_dict(),
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
            "training": dict(self.state),
        }
        return dataclasses.replace(self.table, metadata=metadata)
