"""Vectors in other tools' hands: saved to files, and turned into PyTorch's and spaCy's own objects and back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firth import formats
from firth.errors import InputError
from firth.formats import VectorTable
from firth.formats.extras import needed
from firth.formats.hub import parsed, push
from firth.vocabulary import Vocabulary


class Exchange:
    """What `WordVectors` can become and come from."""

    def __init__(self, table: VectorTable) -> None:
        self._table = table

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        overwrite: bool = False,
        dtype: Literal["float32", "float16", "int8"] = "float32",
    ) -> None:
        """Write the vectors to a folder or file, whole or not at all.

        Parameters
        ----------
        path : path
            A folder (no extension) is native, ``.bin`` word2vec's binary, ``.txt`` and ``.vec`` its text, ``.parquet``,
            ``.arrow``, ``.npz`` and ``.npy`` are tables. ``hf://OWNER/NAME`` is a private repository of the Hub.
        format : str, optional
            One of `firth.formats.NAMES`; decides against the extension.
        overwrite : bool
            Replace what is there.
        dtype : {"float32", "float16", "int8"}
            How a folder stores the numbers: in half the room, or, with a scale for each row, in a quarter. They are
            float32 again when they are loaded.

        Raises
        ------
        InputError
            The format is not known, cannot hold one of the words, or not as `dtype`.
        OutputError
            `path` exists and `overwrite` is false, or it cannot be written.
        MissingExtraError
            The format needs a package that is not installed.
        """
        formats.write(self._table, path, format=format, overwrite=overwrite, dtype=dtype)

    def push_to_hub(
        self,
        repository: str,
        *,
        private: bool = True,
        overwrite: bool = False,
        dtype: Literal["float32", "float16", "int8"] = "float32",
        token: str | None = None,
    ) -> None:
        """Put the vectors on the Hugging Face Hub, whence ``firth.load("hf://OWNER/NAME")`` gets them.

        model2vec and sentence-transformers load the repository by its name, too.

        Parameters
        ----------
        repository : str
            ``OWNER/NAME``; with ``@BRANCH`` a branch that exists.
        private : bool
            Whether a new repository is for its owner only.
        overwrite : bool
            Make a new state of a repository that exists; its page and other files stay.
        dtype : {"float32", "float16", "int8"}
            As for `save`.
        token : str, optional
            Instead of the one of ``hf auth login`` or ``HF_TOKEN``.

        Raises
        ------
        MissingExtraError
            The Hub's client is not installed.
        InputError
            `repository` is no name of one.
        OutputError
            It exists and `overwrite` is false, or cannot be written.
        """
        address = parsed(f"hf://{repository.removeprefix('hf://')}")
        push(self._table, address, overwrite=overwrite, dtype=dtype, private=private, token=token)

    def ids(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return the rows of words in `to_torch`'s embedding, shape (len(words),); of unknown ones, the last row."""
        if isinstance(words, str):
            raise InputError(f"{words!r:.60} is given, but must be a sequence of words (str)")
        rows = self._table.vocabulary.words.find_all(words)
        rows[rows < 0] = len(self._table.vocabulary)
        return rows

    def to_torch(
        self,
        kind: Literal["embedding", "bag"] = "embedding",
        *,
        freeze: bool = True,
        mode: Literal["mean", "sum", "max"] = "mean",
    ) -> Any:
        """Return a PyTorch module with these vectors.

        It has one more row than there are words: the last, zeros, stands for unknown words and for padding, and is
        never trained. `ids` turns words into rows.

        Parameters
        ----------
        kind : {"embedding", "bag"}
            A ``torch.nn.Embedding``, or a ``torch.nn.EmbeddingBag``, which gives one vector for several words and
            leaves unknown ones out.
        freeze : bool
            Whether training leaves the vectors as they are.
        mode : {"mean", "sum", "max"}
            What a bag makes of the vectors of its words.

        Returns
        -------
        torch.nn.Embedding or torch.nn.EmbeddingBag
            Its weights are a copy, float32, shape (len(self) + 1, dim).

        Raises
        ------
        MissingExtraError
            PyTorch is not installed.
        InputError
            `kind` or `mode` is none of these.

        Examples
        --------
        ::

            embedding = vectors.to_torch(freeze=False)
            embedding(torch.from_numpy(vectors.ids(["to", "be"])))  # shape (2, dim)
        """
        torch = needed("torch", "torch", "an embedding of PyTorch's")
        if kind not in ("embedding", "bag") or mode not in ("mean", "sum", "max"):
            raise InputError(
                f"kind is {kind!r:.60} and mode {mode!r:.60}, but must be 'embedding' or 'bag', and 'mean', 'sum' "
                "or 'max'"
            )
        n_words, dim = self._table.embeddings.shape
        weights = torch.zeros(n_words + 1, dim)
        weights.numpy()[:-1] = self._table.embeddings
        if kind == "bag":
            return torch.nn.EmbeddingBag.from_pretrained(
                weights, freeze=freeze, mode=mode, padding_idx=n_words
            )
        return torch.nn.Embedding.from_pretrained(weights, freeze=freeze, padding_idx=n_words)

    @classmethod
    def from_torch(cls, module: Any, words: Iterable[str], counts: ArrayLike | None = None) -> Self:
        """Return the vectors of a PyTorch module.

        Parameters
        ----------
        module : torch.nn.Embedding, torch.nn.EmbeddingBag or tensor, shape (len(words), dim) or (len(words) + 1, dim)
            Where it has a row more than there are words, that is left out: `to_torch` has put it there.
        words : iterable of str
            The words of the rows.
        counts : array_like of int64, shape (len(words),), optional
            How often each word occurs.

        Raises
        ------
        InputError
            The rows and the words do not fit together.
        """
        weights = getattr(module, "weight", module).detach().cpu().float().numpy()
        vocabulary = Vocabulary(words, counts)
        if weights.ndim != 2 or len(weights) not in (len(vocabulary), len(vocabulary) + 1):
            raise InputError(
                f"weights of shape {tuple(weights.shape)} and {len(vocabulary)} words do not fit together: give a word "
                "for each row, in their order"
            )
        return cls(VectorTable(vocabulary, np.array(weights[: len(vocabulary)], np.float32)))

    def to_spacy(self, nlp: Any) -> None:
        """Give these vectors to a pipeline of spaCy, in the place of those that it has.

        Parameters
        ----------
        nlp : spacy.Language or spacy.Vocab
            ``token.vector`` and ``doc.similarity`` use them from then on, and ``nlp.to_disk`` saves them.

        Raises
        ------
        MissingExtraError
            spaCy is not installed.
        """
        spacy = needed("spacy.vectors", "spacy", "a table of spaCy's")
        vocab = getattr(nlp, "vocab", nlp)
        # The table itself keeps hashes; words that the pipeline does not hold would be lost when it is saved.
        keys = [vocab.strings.add(word) for word in self._table.vocabulary]
        rows = np.array(self._table.embeddings)
        vocab.vectors = spacy.Vectors(strings=vocab.strings, data=rows, keys=keys, name="firth")
        if hasattr(nlp, "meta"):
            nlp.meta["vectors"]["name"] = vocab.vectors.name

    @classmethod
    def from_spacy(cls, nlp: Any) -> Self:
        """Return the vectors of a pipeline of spaCy.

        Parameters
        ----------
        nlp : spacy.Language or spacy.Vocab
            With a table of words; spaCy's pruned tables, where several words share a row, are fine.

        Raises
        ------
        InputError
            It has no vectors, or composes them (floret).
        """
        vocab = getattr(nlp, "vocab", nlp)
        table = vocab.vectors
        rows = sorted((row, key) for key, row in getattr(table, "key2row", {}).items())
        if not rows or str(getattr(table, "mode", "default")).endswith("floret"):
            raise InputError(
                "the pipeline has no table of words with vectors: load one that has, such as en_core_web_md"
            )
        data = table.data.get() if hasattr(table.data, "get") else table.data  # on a GPU
        words = [vocab.strings[key] for _, key in rows]
        return cls(VectorTable(Vocabulary(words), np.array(data[[row for row, _ in rows]], np.float32)))
