"""The plain table that every format reads into and is written from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.subwords import Subwords
from firth.vocabulary import Vocabulary


@dataclasses.dataclass(frozen=True, eq=False)
class VectorTable:
    """Words with their vectors, as a file holds them.

    Parameters
    ----------
    vocabulary : Vocabulary
        The words, in the order of the rows, with counts where the format has them.
    embeddings : ndarray of float32, shape (len(vocabulary), dim), C-contiguous
        One row a word: the input embeddings of a trained model. May be a read-only memory map. Where there are
        subwords, the vectors that are composed of them.
    output_embeddings : ndarray of float32, same shape, optional
        The context side of a trained model, where the format keeps it.
    metadata : mapping
        What the format knows beyond that, as plain JSON values (settings, history).
    subwords : Subwords, optional
        What the embeddings are composed of, and the vectors of unseen words can be.
    state : mapping of str to ndarray
        What else training needs to go on (inner nodes, position weights, sums of squares); only the native format
        keeps it.

    Raises
    ------
    InputError
        The shapes do not fit together.
    """

    vocabulary: Vocabulary
    embeddings: NDArray[np.float32]
    output_embeddings: NDArray[np.float32] | None = None
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    subwords: Subwords | None = None
    state: Mapping[str, NDArray[Any]] = dataclasses.field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name in ("embeddings", "output_embeddings"):
            rows = getattr(self, name)
            if rows is None:
                continue
            if rows.dtype != np.float32 or rows.ndim != 2 or len(rows) != len(self.vocabulary):
                raise InputError(
                    f"{name} of {len(self.vocabulary)} words must be float32 of shape "
                    f"({len(self.vocabulary)}, dim), not {rows.dtype} of shape {rows.shape}"
                )
        parts = self.subwords
        if parts is not None and parts.word_rows.shape != self.embeddings.shape:
            raise InputError(
                f"the rows of words in subwords must be as the embeddings, of shape {self.embeddings.shape}, not of "
                f"shape {parts.word_rows.shape}"
            )
