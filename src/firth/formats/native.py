"""firth's own format: a folder that model2vec and sentence-transformers load as it is.

::

    model.safetensors           "embeddings", V + 1 rows: the words, then the unknown token
    tokenizer.json              one token for each word, split at whitespace
    config.json, modules.json   what the two libraries ask for
    firth/metadata.json         format version, settings, history
    firth/vocabulary.safetensors             text, offsets, order, counts: mapped, never parsed
    firth/output_embeddings.safetensors      the context side, where there is one
    firth/subwords.safetensors               rows of words and n-grams, where vectors are composed of them
    firth/state.safetensors                  what else training needs to go on

The unknown token is there because model2vec wants one. Its row is zero: sentence-transformers counts it
into the mean of a sentence, where zero changes the length of the result and never its direction. firth
itself never shows it. It is called ``[UNK]``, unless a word of the corpus has that name; then it gets more
brackets.

Matrices are float32, which is mapped, or float16 or int8, which take less room on the disk and are unpacked when they
are read; the scales of the rows in int8 are "weights" in model.safetensors, as model2vec calls them, and elsewhere the
name of the matrix with "_scales".

Where ``metadata["text"]`` says how the text was read (``lowercase``, and ``tokenize`` as "whitespace" or
"words"), tokenizer.json reads text so, too; otherwise it splits at whitespace, because a regular expression
of the user's may mean something else there. A word that holds whitespace keeps its row and its entry in
tokenizer.json, but the foreign libraries split text and so never ask for it; firth finds it by its own
vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError, OutputError
from firth.files import output_error, read_whole, replacing_folder
from firth.formats.compact import check_dtype, packed, unpacked
from firth.formats.table import VectorTable
from firth.formats.tensors import read_tensors, write_tensors
from firth.subwords import Subwords
from firth.vocabulary import Vocabulary
from firth.words import Words

FORMAT_VERSION = 1

_MODULES = [{"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"}]
# "words" as firth.corpus finds them.
_FIND_WORDS = {
    "type": "Split",
    "pattern": {"Regex": "\\w+(?:['’\u200c\u200d]\\w+)*"},
    "behavior": "Removed",
    "invert": True,
}
_MAX_METADATA_BYTES = 1 << 28
_SCALES = "_scales"
_SUBWORD_SETTINGS = {"min_n": int, "max_n": int, "buckets": int, "pruned": bool}


def is_native(path: Path) -> bool:
    """Return whether `path` is a folder in firth's own format."""
    return (path / "firth" / "metadata.json").is_file()


def write(table: VectorTable, path: Path, *, overwrite: bool = False, dtype: str = "float32") -> None:
    """Write `table` to the folder `path`, all of it or nothing.

    Parameters
    ----------
    dtype : {"float32", "float16", "int8"}
        How matrices are stored; state, which training needs, stays as it is.

    Raises
    ------
    InputError
        The metadata hold something that JSON cannot say, `dtype` is none of these, or a number does not fit it.
    OutputError
        The folder exists and `overwrite` is false, or it holds something else than vectors, or it
        cannot be written.
    """
    if overwrite and _holds_something_else(path):
        raise OutputError(
            f"cannot overwrite {path}: it holds something else than vectors; choose another place"
        )
    check_dtype(dtype)
    unknown = _unknown_token(table.vocabulary)
    try:
        metadata = json.dumps(_own_metadata(table), indent=1)
    except (TypeError, ValueError) as error:
        raise InputError(f"metadata must be plain JSON values: {error}") from error
    with replacing_folder(path, overwrite=overwrite) as folder:
        own = folder / "firth"
        own.mkdir()
        write_tensors(folder / "model.safetensors", _model_tensors(table.embeddings, dtype))
        if table.output_embeddings is not None:
            tensors = _packed("output_embeddings", table.output_embeddings, dtype)
            write_tensors(own / "output_embeddings.safetensors", tensors)
        if table.subwords is not None:
            write_tensors(own / "subwords.safetensors", _subword_tensors(table.subwords, dtype))
        if table.state:
            write_tensors(own / "state.safetensors", {name: [table.state[name]] for name in table.state})
        write_tensors(own / "vocabulary.safetensors", _vocabulary_tensors(table.vocabulary))
        with (folder / "tokenizer.json").open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_tokenizer(table.vocabulary.words, unknown, table.metadata))
        (folder / "config.json").write_text(
            json.dumps(_config(table.embeddings.shape[1], dtype), indent=1), "utf-8"
        )
        (folder / "modules.json").write_text(json.dumps(_MODULES, indent=1), "utf-8")
        (own / "metadata.json").write_text(metadata, "utf-8")


def read(path: Path, *, memory_map: bool = True) -> VectorTable:
    """Read the folder `path`; the matrices are mapped, so that only the rows in use are loaded.

    Raises
    ------
    FormatError
        A file is missing, truncated or damaged, or the files do not fit together.
    """
    own = path / "firth"
    content = _read_metadata(own / "metadata.json")
    vocabulary = _read_vocabulary(own / "vocabulary.safetensors", memory_map)
    embeddings = _matrix(path / "model.safetensors", "embeddings", len(vocabulary) + 1, memory_map)[:-1]
    output_embeddings = None
    output_path = own / "output_embeddings.safetensors"
    if output_path.exists():
        output_embeddings = _matrix(output_path, "output_embeddings", len(vocabulary), memory_map)
        if output_embeddings.shape != embeddings.shape:
            raise FormatError(
                f"{output_path} has {output_embeddings.shape[1]} columns where the input embeddings have "
                f"{embeddings.shape[1]}: the files are not of one model"
            )
    subwords = None
    if content.get("subwords") is not None:
        subwords = _read_subwords(
            own / "subwords.safetensors", content["subwords"], embeddings.shape, memory_map
        )
    state_path = own / "state.safetensors"
    state = read_tensors(state_path, memory_map=memory_map) if state_path.exists() else {}
    return VectorTable(vocabulary, embeddings, output_embeddings, content["metadata"], subwords, state)


def _own_metadata(table: VectorTable) -> dict[str, Any]:
    content = {"format_version": FORMAT_VERSION, "metadata": dict(table.metadata)}
    if table.subwords is not None:
        # An older firth passes over this and still has the vectors of the known words.
        content["subwords"] = {
            name: kind(getattr(table.subwords, name)) for name, kind in _SUBWORD_SETTINGS.items()
        }
    return content


def _model_tensors(embeddings: NDArray[np.float32], dtype: str) -> dict[str, list[NDArray[Any]]]:
    """Return the embeddings as model2vec reads them: with a row of zeros for the unknown token."""
    stored, scales = packed(embeddings, dtype)
    tensors: dict[str, list[NDArray[Any]]] = {
        "embeddings": [stored, np.zeros_like(stored, shape=(1, stored.shape[1]))]
    }
    if scales is not None:
        tensors["weights"] = [scales, np.zeros(1, np.float32)]
    return tensors


def _packed(name: str, rows: NDArray[np.float32], dtype: str) -> dict[str, list[NDArray[Any]]]:
    stored, scales = packed(rows, dtype)
    return {name: [stored]} if scales is None else {name: [stored], name + _SCALES: [scales]}


def _subword_tensors(subwords: Subwords, dtype: str) -> dict[str, list[NDArray[Any]]]:
    tensors = _packed("word_rows", subwords.word_rows, dtype)
    tensors |= _packed("bucket_rows", subwords.bucket_rows, dtype)
    if subwords.bucket_ids is not None:
        tensors["bucket_ids"] = [subwords.bucket_ids]
    return tensors


def _holds_something_else(path: Path) -> bool:
    try:
        return path.exists() and not is_native(path) and not (path.is_dir() and not any(path.iterdir()))
    except OSError as error:
        raise output_error(path, error) from error


def _unknown_token(vocabulary: Vocabulary) -> str:
    name = "[UNK]"
    while name in vocabulary:
        name = f"[{name}]"
    return name


def _vocabulary_tensors(vocabulary: Vocabulary) -> dict[str, list[NDArray[Any]]]:
    words = vocabulary.words
    tensors: dict[str, list[NDArray[Any]]] = {
        "text": [words.text],
        "offsets": [words.offsets],
        "order": [words.order],
    }
    if vocabulary.counts is not None:
        tensors["counts"] = [vocabulary.counts]
    return tensors


def _tokenizer(words: Words, unknown: str, metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield tokenizer.json in pieces: of a large vocabulary it is the largest text."""
    text = metadata.get("text")
    options = text if isinstance(text, Mapping) else {}
    frame: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"} if options.get("lowercase") else None,
        "pre_tokenizer": _FIND_WORDS if options.get("tokenize") == "words" else {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
    }
    yield json.dumps(frame)[:-1]
    yield ', "model": {"type": "WordLevel", "vocab": {\n'
    for row, word in enumerate(words):
        yield f"{json.dumps(word, ensure_ascii=False)}: {row},\n"
    yield f'{json.dumps(unknown)}: {len(words)}\n}}, "unk_token": {json.dumps(unknown)}}}}}\n'


def _config(dim: int, dtype: str) -> dict[str, Any]:
    # Without "max_length": null, model2vec cuts every text after 512 tokens.
    return {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "hidden_dim": dim,
        "max_length": None,
        "normalize": False,
        "embedding_dtype": dtype,
    }


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_whole(path, _MAX_METADATA_BYTES))
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is truncated or damaged: {error!s:.200}") from error
    if not isinstance(content, dict) or not isinstance(content.get("metadata"), dict):
        raise FormatError(f"{path} is damaged: it must hold an object with a format_version and metadata")
    version = content.get("format_version")
    if not isinstance(version, int) or not 1 <= version <= FORMAT_VERSION:
        raise FormatError(
            f"{path} says format version {version!r:.40}, but this firth knows 1 to {FORMAT_VERSION}: "
            "use a newer firth"
        )
    return content


def _read_subwords(path: Path, settings: Any, shape: tuple[int, ...], memory_map: bool) -> Subwords:
    if not isinstance(settings, Mapping) or not all(
        type(settings.get(name)) is kind for name, kind in _SUBWORD_SETTINGS.items()
    ):
        raise FormatError(
            f"{path.with_name('metadata.json')} is damaged: of subwords it must say {', '.join(_SUBWORD_SETTINGS)}"
        )
    tensors = read_tensors(path, memory_map=memory_map)
    missing = {"word_rows", "bucket_rows"} - tensors.keys()
    if missing:
        raise FormatError(f"{path} is damaged: it holds no {' and no '.join(sorted(missing))}")
    word_rows, bucket_rows = (
        unpacked(tensors[name], tensors.get(name + _SCALES), path, name)
        for name in ("word_rows", "bucket_rows")
    )
    try:
        subwords = Subwords(
            **{name: settings[name] for name in _SUBWORD_SETTINGS},
            word_rows=word_rows,
            bucket_rows=bucket_rows,
            bucket_ids=tensors.get("bucket_ids"),
        )
    except InputError as error:
        raise FormatError(f"{path} is damaged: {error}") from error
    if subwords.word_rows.shape != shape:
        raise FormatError(
            f"{path} has rows of words of shape {subwords.word_rows.shape}, but the embeddings are of shape {shape}: "
            "the files are not of one model"
        )
    return subwords


def _read_vocabulary(path: Path, memory_map: bool) -> Vocabulary:
    tensors = read_tensors(path, memory_map=memory_map)
    for name, dtype in {"text": "u1", "offsets": "<i8", "order": "<i4", "counts": "<i8"}.items():
        tensor = tensors.get(name)
        if tensor is None and name != "counts":
            raise FormatError(f"{path} is damaged: it holds no {name!r}")
        if tensor is not None and (tensor.dtype != dtype or tensor.ndim != 1):
            raise FormatError(f"{path} is damaged: {name!r} is {tensor.dtype} of shape {tensor.shape}")
    text, offsets, order = tensors["text"], tensors["offsets"], tensors["order"]
    try:
        words = Words(text, offsets, order)
        words.check_text()
        if len(order) and not 0 <= order.min() <= order.max() < len(words):
            raise FormatError("the order names words that are not there")
        return Vocabulary(words, tensors.get("counts"))
    except InputError as error:
        raise FormatError(f"{path} is damaged: {error}") from error


def _matrix(path: Path, name: str, rows: int, memory_map: bool) -> NDArray[np.float32]:
    tensors = read_tensors(path, memory_map=memory_map)
    if name not in tensors:
        raise FormatError(f"{path} is of another kind: it holds no {name!r}")
    scales = tensors.get("weights" if name == "embeddings" else name + _SCALES)
    matrix = unpacked(tensors[name], scales, path, name)
    if matrix.ndim != 2 or len(matrix) != rows or matrix.shape[1] == 0:
        raise FormatError(
            f"{path} holds {name!r} as {matrix.dtype} of shape {matrix.shape}, but the vocabulary needs "
            f"float32 of shape ({rows}, dim): the files are not of one model"
        )
    return matrix
