"""Static models as model2vec and sentence-transformers save them, read for their tokens: a folder, or one of its parts.

::

    model.safetensors   "embeddings" or "embedding.weight"; perhaps "weights" and "mapping", from tokens to rows
    tokenizer.json      the tokens and their numbers

sentence-transformers puts both into ``0_StaticEmbedding``. Tokens are words or, where the tokenizer cuts words, pieces
of them. A row of zeros for the unknown token is left out. firth's own folders are such models with more in them, so
that nothing else is written.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError
from firth.files import read_whole
from firth.formats import stream
from firth.formats.table import VectorTable
from firth.formats.tensors import read_tensors

NAME = "model2vec"

_MODEL, _TOKENIZER, _PART = "model.safetensors", "tokenizer.json", "0_StaticEmbedding"
_MOST_BYTES = 1 << 30
_MATRICES = ("embeddings", "embedding.weight")


def recognises(path: Path) -> bool:
    """Return whether `path` is a folder with a matrix and a tokenizer."""
    folder = _folder(path)
    own = os.path.lexists(path / "firth")  # a folder of firth's that is damaged
    return not own and (folder / _MODEL).is_file() and (folder / _TOKENIZER).is_file()


def write(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:  # noqa: ARG001 (as all do)
    """Refuse to write less than firth's own format, which model2vec loads.

    Raises
    ------
    InputError
        Always.
    """
    raise InputError(
        f"cannot write {path} as {NAME}: write the native format, a folder, which model2vec loads"
    )


def read(path: Path, *, memory_map: bool = True) -> VectorTable:
    """Read tokens and vectors; with weights, the products that the two libraries compute with.

    Raises
    ------
    FormatError
        A file is missing, truncated or damaged, or they do not fit together.
    """
    folder = _folder(path)
    names, unknown = _tokens(folder / _TOKENIZER)
    tensors = read_tensors(folder / _MODEL, memory_map=memory_map)
    rows, direct = _rows(tensors, folder / _MODEL)
    if len(rows) <= max(names.values()):
        raise FormatError(
            f"{folder / _TOKENIZER} numbers its tokens up to {max(names.values()):,}, but {_MODEL} has {len(rows):,} "
            "rows: the files are not of one model"
        )
    if unknown in names and len(names) > 1 and not rows[names[unknown]].any():
        del names[unknown]
    numbers = np.fromiter(names.values(), np.int64, len(names))
    order = np.argsort(numbers, kind="stable")
    listed = list(names)
    try:
        words = [listed[i].encode() for i in order.tolist()]
    except UnicodeEncodeError as error:
        raise FormatError(f"{folder / _TOKENIZER} has a token that is no text: {error.reason}") from error
    wanted = numbers[order]
    if np.array_equal(wanted, np.arange(len(wanted))):
        chosen = rows[: len(wanted)]
    else:
        chosen, direct = rows[wanted], False
    return stream.table(path, words, chosen, finite=direct and memory_map)


def _folder(path: Path) -> Path:
    return path / _PART if (path / _PART).is_dir() else path


def _tokens(path: Path) -> tuple[dict[str, int], str | None]:
    """Return the number of each token, and the name of the unknown one."""
    try:
        content = json.loads(read_whole(path, _MOST_BYTES))
        model = content["model"]
        if isinstance(model["vocab"], dict):
            pairs = list(model["vocab"].items())
        else:  # a unigram model's tokens with their scores, in order
            pairs = [(entry[0], number) for number, entry in enumerate(model["vocab"])]
        pairs += [(added["content"], added["id"]) for added in content.get("added_tokens") or ()]
        unknown = model.get("unk_token")
        names = dict(pairs)
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise FormatError(
            f"{path} is damaged, or no tokenizer: {type(error).__name__} where its tokens must be"
        ) from error
    if not all(
        type(name) is str and type(number) is int and 0 <= number < 2**31 for name, number in names.items()
    ):
        raise FormatError(f"{path} is damaged: a token has no number")
    if not names:
        raise FormatError(f"{path} has no tokens: there is nothing in it")
    return names, unknown if isinstance(unknown, str) else None


def _rows(tensors: dict[str, NDArray[Any]], path: Path) -> tuple[NDArray[np.float32], bool]:
    """Return the vector of each token in float32, and whether it is the file's own array."""
    name = next((name for name in _MATRICES if name in tensors), None)
    if name is None:
        raise FormatError(f"{path} is of another kind: it holds no {' and no '.join(_MATRICES)}")
    rows, mapping, weights = tensors[name], tensors.get("mapping"), tensors.get("weights")
    if rows.ndim != 2 or rows.dtype.kind not in "fi" or 0 in rows.shape:
        raise FormatError(
            f"{path} holds {name!r} as {rows.dtype} of shape {rows.shape}, but it must be a matrix"
        )
    if mapping is None and weights is None and rows.dtype == np.float32:
        return rows, True
    n_rows = len(rows) if mapping is None else mapping.size
    if mapping is not None:
        if mapping.ndim != 1 or mapping.dtype.kind not in "iu" or not len(mapping):
            raise FormatError(f"{path} is damaged: the mapping is no list of numbers")
        if not 0 <= mapping.min() <= mapping.max() < len(rows):
            raise FormatError(f"{path} is damaged: the mapping names rows that are not there")
        if n_rows * rows.shape[1] > 64 * (rows.size + (1 << 20)):
            raise FormatError(f"{path} cannot be true: {n_rows:,} tokens share {len(rows):,} rows")
        rows = rows[mapping]
    found = rows.astype(np.float32)
    if weights is not None:
        if weights.shape != (n_rows,) or weights.dtype.kind not in "f":
            raise FormatError(f"{path} is damaged: the weights are no list of {n_rows:,} numbers")
        with np.errstate(all="ignore"):
            found *= weights.astype(np.float32)[:, None]
    return found, False
