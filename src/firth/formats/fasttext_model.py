"""All that a file of fastText holds: settings, words, labels, rows of words and n-grams, outputs; dense or quantised.

`firth.formats.fasttext_reading` makes a table of vectors of such a file, for which labels, rows of pruned n-grams and
codes are lost. Here they stay, so that a classifier can be asked, and written back as it was.
"""

from __future__ import annotations

import dataclasses
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError, OutputError
from firth.files import replacing
from firth.formats import stream
from firth.formats.fasttext_matrices import check_finite, read_matrix, read_quantized
from firth.formats.fasttext_reading import (
    LOSSES,
    MAGIC,
    MODELS,
    NAME,
    SETTINGS,
    VERSIONS,
    FastTextSettings,
    check_pruned,
    read_settings,
)
from firth.formats.fasttext_source import Source
from firth.formats.product_quantized import CENTROIDS, QuantizedMatrix
from firth.words import Words

_WORD, _LABEL = 0, 1
_ROWS_AT_ONCE = 1 << 14


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FastTextModel:
    """What a file of fastText holds; immutable.

    Parameters
    ----------
    settings : FastTextSettings
    words, labels : Words
        The entries of its dictionary. Models for words have no labels.
    word_counts, label_counts : ndarray of int64
        How often each occurred.
    tokens : int
        Of how many tokens the text consisted, labels and ends of lines included.
    rows : ndarray of float32, shape (len(words) + n_buckets, dim)
        The input matrix: a row for each word, behind them those of the buckets of n-grams.
    bucket_ids : ndarray of int32, shape (n_buckets,), optional
        Which buckets have a row, rising; all of them where it is not given.
    pruned : bool
        What a bucket without a row means: that it was dropped, and does not count; or else that it is zeros.
    outputs : ndarray of float32, shape (n_outputs, dim)
        The output matrix: a row for each label, or word; with hierarchical softmax the inner nodes, and one that is
        not used.
    quantized_rows, quantized_outputs : QuantizedMatrix, optional
        The same matrices as they are stored, where they are quantised.
    """

    settings: FastTextSettings
    words: Words
    word_counts: NDArray[np.int64]
    labels: Words
    label_counts: NDArray[np.int64]
    tokens: int
    rows: NDArray[np.float32]
    outputs: NDArray[np.float32]
    bucket_ids: NDArray[np.int32] | None = None
    pruned: bool = False
    quantized_rows: QuantizedMatrix | None = None
    quantized_outputs: QuantizedMatrix | None = None

    @property
    def is_supervised(self) -> bool:
        """Whether it is a classifier."""
        return MODELS[self.settings.model] == "supervised"

    @property
    def loss(self) -> str:
        """What was minimised, by firth's name of it."""
        return LOSSES[self.settings.loss]

    def bucket_rows(self, buckets: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the row of each bucket in `rows`; -1 where it has none."""
        n_words = len(self.words)
        if self.bucket_ids is None:
            return buckets.astype(np.int64) + n_words
        if not len(self.bucket_ids):
            return np.full(len(buckets), -1, np.int64)
        places = np.minimum(np.searchsorted(self.bucket_ids, buckets), len(self.bucket_ids) - 1)
        return np.where(self.bucket_ids[places] == buckets, places + n_words, -1)


def read_model(path: Path) -> FastTextModel:
    """Read all of a file, ``.bin`` or ``.ftz``.

    U+FFFD stands for what is not UTF-8 in words and labels.

    Raises
    ------
    FormatError
        The file is truncated, longer than it promises, damaged, or of another version.
    """
    with stream.reading(path) as file:
        source = Source(path, file)
        _, settings = read_settings(source)
        n_entries, n_words, n_labels, tokens, n_pruned = source.numbers(
            "iiiqq", "the sizes of its dictionary"
        )
        if min(n_words, n_labels, tokens, n_pruned + 1) < 0 or n_entries != n_words + n_labels:
            raise source.damaged(
                f"its dictionary promises {n_entries:,} entries, {n_words:,} words, {n_labels:,} labels, {tokens:,} "
                f"tokens and {n_pruned:,} pruned n-grams"
            )
        words, labels = _read_entries(source, n_words, n_labels)
        pruned = None
        if n_pruned >= 0:
            pairs = source.array((n_pruned, 2), "<i4", "the pruned n-grams")
            pairs = check_pruned(source, pairs, settings.buckets)
            pruned = pairs[np.argsort(pairs[:, 0])]
        rows, codes = _read_rows(source, settings.dim, n_words, settings.buckets, pruned)
        is_label_row = MODELS[settings.model] == "supervised"
        outputs, output_codes = _read_outputs(
            source, settings.dim, n_labels if is_label_row else n_words, codes is not None
        )
        source.end()
    return FastTextModel(
        settings=settings, words=words[0], word_counts=words[1], labels=labels[0], label_counts=labels[1],
        tokens=tokens, rows=rows, bucket_ids=None if pruned is None else pruned[:, 0].copy(),
        pruned=pruned is not None, outputs=outputs, quantized_rows=codes, quantized_outputs=output_codes,
    )  # fmt: skip


def write_model(model: FastTextModel, path: Path, *, overwrite: bool = False) -> None:
    """Write a model as fastText does; buckets that have no row, and are not pruned, are zeros there.

    Raises
    ------
    InputError
        An entry is empty or holds a NUL, a number is not finite, or n-grams are pruned from what is not quantised.
    OutputError
        `path` exists and `overwrite` is false, or it cannot be written.
    """
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a name is too long)
        raise OutputError(f"cannot write {path}: it is a folder, but {NAME} is a file; name a file")
    if os.path.exists(path) and not (overwrite and path.is_file()):  # noqa: PTH110
        raise OutputError(f"cannot write {path}: it exists already; choose another place or overwrite it")
    if model.pruned and model.quantized_rows is None:
        raise InputError(f"{NAME} cannot hold pruned n-grams in a matrix that is not quantised: quantise it")
    for matrix, what in ((model.rows, "the input matrix"), (model.outputs, "the output matrix")):
        for block in _blocks(matrix):
            if not np.isfinite(block).all():
                raise InputError(f"{what} holds NaN or infinity, which {NAME} does not take")
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<ii", MAGIC, max(VERSIONS)))
        file.write(struct.pack("<" + SETTINGS, *vars(model.settings).values()))
        _write_dictionary(file, model)
        if model.quantized_rows is not None:
            file.write(b"\1")
            _write_quantized(file, model.quantized_rows)
        else:
            n_rows = len(model.words) + model.settings.buckets
            file.write(struct.pack("<?qq", False, n_rows, model.settings.dim))
            for block in _dense_rows(model):
                file.write(np.ascontiguousarray(block, "<f4").data)
        if model.quantized_outputs is not None:
            file.write(b"\1")
            _write_quantized(file, model.quantized_outputs)
        else:
            file.write(struct.pack("<?qq", False, *model.outputs.shape))
            for block in _blocks(model.outputs):
                file.write(np.ascontiguousarray(block, "<f4").data)


def quantized_sizes(model: FastTextModel, columns: int) -> tuple[int, NDArray[np.int64]]:
    """Return how many bytes a file takes of which the rows are codes and norms: without its rows, and for each row.

    Parameters
    ----------
    model : FastTextModel
        Not quantised; its matrix of labels stays as it is.
    columns : int
        How many columns of a row share a byte.

    Returns
    -------
    rest : int
    of_rows : ndarray of int64, shape (len(model.rows),)
        Codes, a norm, and the entry of the word or of the bucket.
    """
    dim, n_words = model.settings.dim, len(model.words)
    heads = struct.calcsize("<ii") + struct.calcsize("<" + SETTINGS) + struct.calcsize("<iiiqq")
    heads += 1 + struct.calcsize("<?qqi") + 2 * struct.calcsize("<iiii") + struct.calcsize("<?qq")
    entry = struct.calcsize("<xqb")
    labels = len(model.labels.text) + entry * len(model.labels)
    rest = heads + labels + 4 * (CENTROIDS * (dim + 1) + model.outputs.size)
    of_rows = np.full(len(model.rows), -(-dim // columns) + 1, np.int64)
    of_rows[:n_words] += np.diff(model.words.offsets) + entry
    of_rows[n_words:] += struct.calcsize("<ii")
    return rest, of_rows


_Entries = tuple[Words, NDArray[np.int64]]


def _read_entries(source: Source, n_words: int, n_labels: int) -> tuple[_Entries, _Entries]:
    """Return words and labels with their counts."""
    entries = source.entries(n_words + n_labels)
    for place, (word, count, kind) in enumerate(entries):
        if kind != (_WORD if place < n_words else _LABEL) or not word or count < 0:
            raise source.damaged(
                f"entry {place + 1:,} of its dictionary is {word.decode('utf-8', 'replace')!r:.80} of kind {kind} with "
                f"count {count:,}, where {n_words:,} words must come before {n_labels:,} labels"
            )

    def packed(some: list[tuple[bytes, int, int]]) -> _Entries:
        words = Words.of(word.decode("utf-8", "replace") for word, _, _ in some)
        return words, np.array([count for _, count, _ in some], np.int64)

    return packed(entries[:n_words]), packed(entries[n_words:])


def _read_rows(
    source: Source, dim: int, n_words: int, buckets: int, pruned: NDArray[np.int32] | None
) -> tuple[NDArray[np.float32], QuantizedMatrix | None]:
    """Return the input matrix, dense and as it is stored; pruned buckets in their order."""
    what = "the input matrix"
    n_rows = n_words + (buckets if pruned is None else len(pruned))
    if not source.flag("the sign of a quantised input matrix"):
        if pruned is not None:
            raise source.damaged("its n-grams are pruned, but its input matrix is not quantised")
        return read_matrix(source, what, dim=dim, rows=n_rows, quantized=False), None
    codes = read_quantized(source, what, dim=dim, rows=n_rows)
    if pruned is not None:
        codes = codes.take(np.concatenate([np.arange(n_words), pruned[:, 1].astype(np.int64) + n_words]))
    rows = codes.dense()
    check_finite(source, what, rows)
    return rows, codes


def _read_outputs(
    source: Source, dim: int, n_rows: int, quantized: bool
) -> tuple[NDArray[np.float32], QuantizedMatrix | None]:
    what = "the output matrix"
    # fastText looks at this sign only where the input matrix is quantised.
    if source.flag("the sign of a quantised output matrix") and quantized:
        codes = read_quantized(source, what, dim=dim, rows=n_rows)
        rows = codes.dense()
        check_finite(source, what, rows)
        return rows, codes
    return read_matrix(source, what, dim=dim, rows=n_rows, quantized=False), None


def _write_dictionary(file: BinaryIO, model: FastTextModel) -> None:
    n_words, n_labels = len(model.words), len(model.labels)
    n_pruned = len(model.bucket_ids) if model.pruned and model.bucket_ids is not None else -1
    file.write(struct.pack("<iiiqq", n_words + n_labels, n_words, n_labels, model.tokens, n_pruned))
    for words, counts, kind in (
        (model.words, model.word_counts, _WORD),
        (model.labels, model.label_counts, _LABEL),
    ):
        for word, count in zip(stream.encoded(words, 0, len(words)), counts.tolist(), strict=True):
            if not word or b"\0" in word:
                raise InputError(
                    f"{NAME} cannot hold the entry {word.decode()!r:.60}: it ends a word at a NUL"
                )
            file.write(word + struct.pack("<xqb", count, kind))
    if n_pruned >= 0 and model.bucket_ids is not None:
        pairs = np.stack([model.bucket_ids, np.arange(n_pruned, dtype=np.int32)], axis=1)
        file.write(np.ascontiguousarray(pairs, "<i4").data)


def _blocks(rows: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


def _dense_rows(model: FastTextModel) -> Iterator[NDArray[np.float32]]:
    """Yield the rows of the words and of all buckets in order, zeros for those without one."""
    ids, n_words = model.bucket_ids, len(model.words)
    if ids is None:
        yield from _blocks(model.rows)
        return
    yield from _blocks(model.rows[:n_words])
    for start in range(0, model.settings.buckets, _ROWS_AT_ONCE):
        rows = np.zeros((min(_ROWS_AT_ONCE, model.settings.buckets - start), model.settings.dim), np.float32)
        low, high = np.searchsorted(ids, [start, start + len(rows)])
        rows[ids[low:high] - start] = model.rows[n_words + low : n_words + high]
        yield rows


def _write_quantized(file: BinaryIO, matrix: QuantizedMatrix) -> None:
    has_norms = matrix.norm_codes is not None
    file.write(struct.pack("<?qqi", has_norms, len(matrix.codes), matrix.dim, matrix.codes.size))
    file.write(np.ascontiguousarray(matrix.codes).data)
    _write_centroids(file, matrix.centroids)
    if matrix.norm_codes is not None and matrix.norm_centroids is not None:
        file.write(np.ascontiguousarray(matrix.norm_codes).data)
        _write_centroids(file, (matrix.norm_centroids[:, None],))


def _write_centroids(file: BinaryIO, centroids: tuple[NDArray[np.float32], ...]) -> None:
    widths = [part.shape[1] for part in centroids]
    file.write(struct.pack("<iiii", sum(widths), len(widths), widths[0], widths[-1]))
    for part in centroids:
        file.write(np.ascontiguousarray(part, "<f4").data)
