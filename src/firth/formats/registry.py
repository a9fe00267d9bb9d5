"""Which formats there are, and how one is chosen."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from firth.errors import FormatError, InputError
from firth.formats import (
    columns,
    fasttext_reading,
    fasttext_writing,
    gensim_pickle,
    glove,
    hub,
    native,
    numpy_archive,
    numpy_matrix,
    projector,
    static_model,
    stream,
    word2vec_binary,
    word2vec_text,
)
from firth.formats.compact import check_dtype
from firth.formats.table import VectorTable


class _Read(Protocol):
    def __call__(self, path: Path, *, memory_map: bool = True) -> VectorTable: ...


class _Write(Protocol):
    def __call__(self, table: VectorTable, path: Path, *, overwrite: bool = False) -> None: ...


_PICKLE = "a pickle, which can run any code: save it as word2vec text or binary with the tool that made it"


@dataclasses.dataclass(frozen=True)
class Format:
    """One format: how to recognise, read and write it.

    Parameters
    ----------
    name : str
        What the user calls it.
    extensions : tuple of str
        A path that ends so is written in this format; ``""`` is a folder.
    recognises : callable
        Takes a path that exists and tells whether its content is of this format.
    read, write : callable
        As `read` and `write` of this module, with the format settled.
    keeps : frozenset of str
        What it keeps beside words and vectors: "counts", "output embeddings", "n-grams", "settings and history".
    """

    name: str
    extensions: tuple[str, ...]
    recognises: Callable[[Path], bool]
    read: _Read
    write: _Write
    keeps: frozenset[str] = frozenset()


_FORMATS = {
    format.name: format
    for format in (
        Format(
            "native",
            ("",),
            native.is_native,
            native.read,
            native.write,
            frozenset({"counts", "output embeddings", "n-grams", "settings and history"}),
        ),
        Format(
            fasttext_reading.NAME,
            (),
            fasttext_reading.recognises,
            fasttext_reading.read,
            fasttext_writing.write,
            frozenset({"counts", "output embeddings", "n-grams"}),
        ),
        Format(
            word2vec_binary.NAME,
            (".bin",),
            word2vec_binary.recognises,
            word2vec_binary.read,
            word2vec_binary.write,
        ),
        Format(
            word2vec_text.NAME,
            (".txt", ".vec"),
            word2vec_text.recognises,
            word2vec_text.read,
            word2vec_text.write,
        ),
        Format(glove.NAME, (), glove.recognises, glove.read, glove.write),
        Format(
            columns.PARQUET,
            (".parquet",),
            columns.recognises_parquet,
            columns.read_parquet,
            columns.write_parquet,
            frozenset({"counts"}),
        ),
        Format(
            columns.ARROW,
            (".arrow", ".feather"),
            columns.recognises_arrow,
            columns.read_arrow,
            columns.write_arrow,
            frozenset({"counts"}),
        ),
        Format(
            numpy_archive.NAME,
            (".npz",),
            numpy_archive.recognises,
            numpy_archive.read,
            numpy_archive.write,
            frozenset({"counts"}),
        ),
        Format(
            numpy_matrix.NAME,
            (".npy",),
            numpy_matrix.recognises,
            numpy_matrix.read,
            numpy_matrix.write,
        ),
        Format(
            projector.NAME,
            (),
            projector.recognises,
            projector.read,
            projector.write,
            frozenset({"counts"}),
        ),
        Format(
            gensim_pickle.NAME,
            (),
            gensim_pickle.recognises,
            gensim_pickle.read,
            gensim_pickle.write,
        ),
        Format(static_model.NAME, (), static_model.recognises, static_model.read, static_model.write),
    )
}
NAMES = tuple(_FORMATS)

_KNOWN = (
    "firth's folders, word2vec's binary and text, GloVe's text, fastText's .bin and .ftz, these files gzipped or not, "
    "Parquet, Arrow, NumPy's .npz and .npy, the embedding projector's folders, model2vec's, and gensim's .kv and .model"
)
# What people try, by the first bytes.
_STRANGERS = {
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"\x80\x02": _PICKLE,
    b"\x80\x03": _PICKLE,
    b"\x80\x04": _PICKLE,
    b"\x80\x05": _PICKLE,
    b"\xfd7zXZ": "compressed with xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: unpack it first",
    b"BZh": "compressed with bzip2: unpack it first",
}


def read(path: str | os.PathLike[str], *, format: str | None = None, memory_map: bool = True) -> VectorTable:
    """Read vectors from a file or folder.

    Parameters
    ----------
    path : path
        What to read, or ``hf://OWNER/NAME`` for a repository of the Hugging Face Hub.
    format : str, optional
        One of `NAMES`; without it the content decides.
    memory_map : bool
        Map the matrix where the format allows it (native), instead of reading all of it.

    Raises
    ------
    FormatError
        There is nothing at `path`, or it is truncated, contradicts itself or is of no known format.
    InputError
        `format` is not one of `NAMES`.
    """
    source = local(path)
    name = detect(source) if format is None else format
    return _named(name).read(source, memory_map=memory_map)


def local(path: str | os.PathLike[str]) -> Path:
    """Return a path of this machine: what lies on the Hub (``hf://OWNER/NAME``) is fetched."""
    address = hub.address_of(path)
    return Path(path) if address is None else hub.fetched(address)


def write(
    table: VectorTable,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    overwrite: bool = False,
    dtype: str = "float32",
) -> None:
    """Write vectors to a file or folder, whole or not at all.

    Parameters
    ----------
    table : VectorTable
        What to write.
    path : path
        Where to; its extension chooses the format. To ``hf://OWNER/NAME`` the native format goes, privately.
    format : str, optional
        One of `NAMES`; decides against the extension.
    overwrite : bool
        Replace what is there.
    dtype : {"float32", "float16", "int8"}
        How the native format stores matrices; the others hold float32.

    Raises
    ------
    InputError
        The extension or `format` is not known, the format cannot hold one of the words, or not as `dtype`.
    OutputError
        `path` exists and `overwrite` is false, or it cannot be written.
    """
    chosen = _named(format or format_for(path))
    address = hub.address_of(path)
    if address is not None:
        if chosen.name != "native":
            raise InputError(f"cannot write {address} as {chosen.name}: the Hub takes the native format")
        hub.push(table, address, overwrite=overwrite, dtype=dtype)
        return
    if dtype == "float32":
        chosen.write(table, Path(path), overwrite=overwrite)
        return
    check_dtype(dtype)
    if chosen.name != "native":
        raise InputError(
            f"dtype is {dtype!r:.60}, but {chosen.name} holds float32: use the native format, a folder"
        )
    native.write(table, Path(path), overwrite=overwrite, dtype=dtype)


def dropped(table: VectorTable, format: str) -> list[str]:
    """Return what of `table` has no place in `format`.

    Raises
    ------
    InputError
        `format` is not one of `NAMES`.
    """
    has = {
        "counts": table.vocabulary.counts is not None,
        "output embeddings": table.output_embeddings is not None,
        "n-grams": table.subwords is not None,
        "settings and history": bool(table.metadata.keys() - ({"fasttext"} & {format})),
    }
    keeps = _named(format).keeps
    return [name for name, there in has.items() if there and name not in keeps]


def format_for(path: str | os.PathLike[str]) -> str:
    """Return the name of the format in which `path` is written, by its extension.

    Raises
    ------
    InputError
        The extension is not known, or belongs to a format that is read only.
    """
    if hub.address_of(path) is not None:
        return "native"
    target = Path(path)
    fasttext_writing.refuse_quantized(target)
    format = next((f.name for f in _FORMATS.values() if target.suffix in f.extensions), None)
    if format is None:
        known = ", ".join(
            f"{end or 'a folder'} ({f.name})" for f in _FORMATS.values() for end in f.extensions
        )
        raise InputError(
            f"the extension {target.suffix!r} of {target} names no format: use {known}, or name the format"
        )
    return format


def detect(path: str | os.PathLike[str]) -> str:
    """Return the name of the format of a file or folder, by its content.

    Raises
    ------
    FormatError
        There is nothing at `path`, or it is of no known format.
    """
    source = local(path)
    try:
        source.stat()
        for format in _FORMATS.values():
            if format.recognises(source):
                return format.name
    except OSError as error:
        raise FormatError(f"cannot read {source}: {error.strerror or error}") from error
    raise FormatError(
        f"{source} holds no vectors that firth knows: it is {_seen(source)}; known are {_KNOWN}"
    )


def _seen(path: Path) -> str:
    """Return in words what there is at `path`."""
    if path.is_dir():
        return "a folder without firth/metadata.json"
    head = stream.head(path)
    if not head:
        return "an empty file"
    for start, kind in _STRANGERS.items():
        if head.startswith(start):
            return kind
    return f"a file that starts with {head[:24]!r}"


def _named(name: str) -> Format:
    if name not in _FORMATS:
        raise InputError(f"format is {name!r}, but must be one of {', '.join(NAMES)}")
    return _FORMATS[name]
