"""Small valid files of vectors, for the readers to start from."""

from __future__ import annotations

import functools
import gzip
import io
import tempfile
from pathlib import Path

import numpy as np

from firth import formats
from firth.formats import VectorTable
from firth.subwords import Subwords
from firth.vocabulary import Vocabulary
from firth.words import Words

GOLDEN = Path(__file__).parents[1] / "golden" / "formats"


def golden(*names: str) -> list[bytes]:
    """Return files that other tools wrote."""
    return [(GOLDEN / name).read_bytes() for name in names]


def zipped(seeds: list[bytes]) -> list[bytes]:
    """Return `seeds`, and the first of them gzipped."""
    return [*seeds, gzip.compress(seeds[0], mtime=0)]


def table(*, subwords: bool = False) -> VectorTable:
    """Return four words with counts, output embeddings, metadata and, where asked for, n-grams."""
    words = ["to", "be", "na\u00efve", "\U0001f600"]
    rows = np.arange(12, dtype=np.float32).reshape(4, 3) - 4
    parts = None
    if subwords:
        own = rows.copy()
        parts = Subwords(
            min_n=3, max_n=4, buckets=5, word_rows=own, bucket_rows=np.ones((5, 3), np.float32) / 3
        )
        rows = parts.known(Words.of(words))
    return VectorTable(Vocabulary(words, [5, 4, 2, 1]), rows, rows[::-1].copy(), {"a": [1, None]}, parts)


def written(format: str, **options: bool) -> bytes:
    """Return the table as a file of a format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        formats.write(table(**options), path, format=format)
        return path.read_bytes()


@functools.cache
def matrix_files() -> dict[str, bytes]:
    """Return NumPy's matrix and the words beside it."""
    with tempfile.TemporaryDirectory() as name:
        formats.write(table(), Path(name) / "vectors.npy")
        return _content(Path(name))


@functools.cache
def projector_files() -> dict[str, bytes]:
    """Return the tables of the embedding projector."""
    with tempfile.TemporaryDirectory() as name:
        formats.write(table(), Path(name) / "vectors", format="projector")
        return _content(Path(name) / "vectors")


@functools.cache
def int8_files() -> dict[str, bytes]:
    """Return what of firth's own format is read of a table stored in int8."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "vectors"
        formats.write(table(), folder, dtype="int8")
        wanted = ("firth/metadata.json", "firth/vocabulary.safetensors", "model.safetensors")
        return {name: (folder / name).read_bytes() for name in wanted}


@functools.cache
def static_model_files() -> dict[str, bytes]:
    """Return what model2vec reads of a table, and nothing of firth's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "vectors"
        formats.write(table(), folder, dtype="int8")
        return {name: (folder / name).read_bytes() for name in ("model.safetensors", "tokenizer.json")}


def archives() -> list[bytes]:
    """Return NumPy's archives, plain and packed, with words as text and as bytes."""
    packed = io.BytesIO()
    rows = np.arange(12, dtype=np.float64).reshape((4, 3), order="F")
    np.savez_compressed(packed, words=np.array([b"to", b"be", b"or", b"not"]), vectors=rows)
    return [written("npz"), packed.getvalue()]


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
