"""The way in: files become vectors."""

from __future__ import annotations

import os

from firth import formats
from firth.vectors.word_vectors import WordVectors


def load(path: str | os.PathLike[str], *, format: str | None = None, memory_map: bool = True) -> WordVectors:
    """Load vectors from a folder or file; its content tells the format.

    Parameters
    ----------
    path : path
        A folder that firth wrote, or a file of word2vec (binary or text), GloVe or fastText (``.vec``, ``.bin``,
        ``.ftz``), gzipped or not, of Parquet, Arrow, NumPy or gensim. Of fastText's own files, unseen words have
        vectors, too. ``hf://OWNER/NAME`` is a repository of the Hugging Face Hub.
    format : str, optional
        One of `firth.formats.NAMES`, where the content shall not decide.
    memory_map : bool
        Of a folder, load only what is looked at. Otherwise all of it is read now.

    Raises
    ------
    FormatError
        There is nothing at `path`, or it is truncated, contradicts itself or is of no known format.
    InputError
        `format` is not a known name.
    """
    return WordVectors(formats.read(path, format=format, memory_map=memory_map))
