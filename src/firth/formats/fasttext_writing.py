"""Writing fastText's own format: a model without labels, which fastText loads and goes on asking."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.formats import stream
from firth.formats.fasttext_reading import LOSSES, MAGIC, MODELS, NAME, SETTINGS, VERSIONS, FastTextSettings
from firth.formats.table import VectorTable
from firth.subwords import Subwords

_ROWS_AT_ONCE = 1 << 14
_MODEL_IDS = {name: number for number, name in MODELS.items()}
_LOSS_IDS = {name: number for number, name in LOSSES.items()}
_WORD = 0
_QUANTIZED = ".ftz"


def write(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:
    """Write words, counts, the rows of words and n-grams, and the output embeddings, not quantised.

    fastText needs all buckets: those that training never met are zeros. Where there are no subwords, the vectors are
    the rows of words, and fastText knows no unseen ones. Output embeddings that are not there are zeros. Counts that
    are not known are ones, of no tokens: gensim drops a word with the count 0. Of the settings, those are written
    that fastText has.

    Raises
    ------
    InputError
        A word is empty or holds a NUL, a number is not finite, n-grams are pruned, or `path` asks for quantisation.
    OutputError
        `path` exists and `overwrite` is false, or it cannot be written.
    """
    refuse_quantized(path)
    parts = table.subwords
    if parts is not None and parts.pruned:
        raise InputError(
            f"{NAME} cannot hold these vectors: their n-grams were pruned when they were quantised, and fastText can "
            "only do without all rows or none; use the native format, or word2vec's for the known words"
        )
    n_words, dim = table.embeddings.shape
    with stream.writing(path, table, NAME, overwrite, end_of_word=(b"\0", "a NUL")) as file:
        settings = _settings(table)
        file.write(struct.pack("<ii", MAGIC, max(VERSIONS)))
        file.write(struct.pack("<" + SETTINGS, *vars(settings).values()))
        _write_dictionary(file, table)
        file.write(struct.pack("<?qq", False, n_words + settings.buckets, dim))
        _write_rows(
            file, _slices(table.embeddings if parts is None else parts.word_rows), "the rows of words"
        )
        if parts is not None:
            _write_rows(file, _all_buckets(parts), "the rows of n-grams")
        file.write(struct.pack("<?qq", False, n_words, dim))
        outputs = table.output_embeddings
        if outputs is None:
            outputs = np.broadcast_to(np.float32(0), table.embeddings.shape)
        _write_rows(file, _slices(outputs), "the output embeddings")


def refuse_quantized(path: Path) -> None:
    """Refuse a name that says that the file is quantised.

    Raises
    ------
    InputError
        `path` ends in ``.ftz``.
    """
    if path.suffix == _QUANTIZED:
        raise InputError(
            f"{path} would be a quantised model of fastText, which firth reads but does not write: name it .bin and "
            f"ask for the format {NAME}, which is not quantised"
        )


def _settings(table: VectorTable) -> FastTextSettings:
    """Return what is known of the settings, as fastText takes them, and its defaults for the others."""
    told: Any = table.metadata.get("settings", table.metadata.get("fasttext"))
    told = told if isinstance(told, Mapping) else {}

    def number(name: str, default: int) -> int:
        value = told.get(name)
        return value if type(value) is int and 0 <= value < 2**31 else default

    parts = table.subwords
    subsample = told.get("subsample")
    is_cbow = "cbow" in (told.get("model"), told.get("architecture"))
    is_softmax = told.get("loss") == "softmax" and table.output_embeddings is not None
    return FastTextSettings(
        dim=table.embeddings.shape[1],
        window=number("window", 5),
        epochs=number("epochs", 5),
        min_count=number("min_count", 5),
        negatives=number("negatives", 5),
        word_ngrams=1,
        loss=_LOSS_IDS["softmax" if is_softmax else "negative-sampling"],
        model=_MODEL_IDS["cbow" if is_cbow else "skipgram"],
        buckets=0 if parts is None else parts.buckets,
        min_n=0 if parts is None else parts.min_n,
        max_n=0 if parts is None else parts.max_n,
        update_rate=number("update_rate", 100),
        subsample=float(subsample) if isinstance(subsample, (int, float)) else 1e-4,
    )


def _write_dictionary(file: BinaryIO, table: VectorTable) -> None:
    words, counts = table.vocabulary.words, table.vocabulary.counts
    told = table.metadata.get("fasttext")
    tokens = told.get("tokens") if isinstance(told, Mapping) else None
    total = table.vocabulary.total or 0
    if type(tokens) is not int or not total <= tokens < 2**63:
        tokens = total
    file.write(struct.pack("<iiiqq", len(words), len(words), 0, tokens, -1))
    for start in range(0, len(words), _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, len(words))
        numbers = [1] * (stop - start) if counts is None else counts[start:stop].tolist()
        file.writelines(
            word + struct.pack("<xqb", count, _WORD)
            for word, count in zip(stream.encoded(words, start, stop), numbers, strict=True)
        )


def _slices(rows: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


def _all_buckets(parts: Subwords) -> Iterator[NDArray[np.float32]]:
    """Yield the rows of all buckets in order, zeros for those without one."""
    ids = parts.bucket_ids
    if ids is None:
        yield from _slices(parts.bucket_rows)
        return
    for start in range(0, parts.buckets, _ROWS_AT_ONCE):
        rows = np.zeros((min(_ROWS_AT_ONCE, parts.buckets - start), parts.dim), np.float32)
        low, high = np.searchsorted(ids, [start, start + len(rows)])
        rows[ids[low:high] - start] = parts.bucket_rows[low:high]
        yield rows


def _write_rows(file: BinaryIO, blocks: Iterator[NDArray[np.float32]], what: str) -> None:
    for rows in blocks:
        if not np.isfinite(rows).all():
            raise InputError(f"{what} hold NaN or infinity, which {NAME} does not take")
        file.write(np.ascontiguousarray(rows, "<f4").data)
