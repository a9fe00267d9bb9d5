"""Subwords in firth's own folder: what goes in comes out, mapped, and nothing damaged is taken for a model."""

from __future__ import annotations

import json
import mmap

import numpy as np
import pytest

from firth import formats
from firth.errors import FormatError
from firth.formats import VectorTable
from firth.formats.tensors import read_tensors, write_tensors
from firth.subwords import Subwords
from firth.vocabulary import Vocabulary

WORDS = ["king", "naïve", "</s>", "日本"]
IDS = np.array([0, 3, 4, 11, 40], np.int32)


def make(*, used=IDS, pruned=False, dim=3):
    draws = np.random.default_rng(5)
    vocabulary = Vocabulary(WORDS, [9, 5, 5, 1])
    parts = Subwords(
        min_n=2,
        max_n=4,
        buckets=50,
        word_rows=draws.standard_normal((len(WORDS), dim), dtype=np.float32),
        bucket_rows=draws.standard_normal((50 if used is None else len(used), dim), dtype=np.float32),
        bucket_ids=used,
        pruned=pruned,
    )
    return VectorTable(vocabulary, parts.known(vocabulary.words), metadata={"note": 1}, subwords=parts)


@pytest.fixture
def folder(tmp_path):
    formats.write(make(), tmp_path / "vectors")
    return tmp_path / "vectors"


def _root(array):
    """Return what an array lies in at last."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array.obj if isinstance(array, memoryview) else array


def settings_of(folder):
    path = folder / "firth" / "metadata.json"
    return path, json.loads(path.read_text())


@pytest.mark.parametrize("memory_map", [True, False])
@pytest.mark.parametrize("pruned", [True, False])
@pytest.mark.parametrize("used", [IDS, IDS[:0], None])
def test_what_is_written_is_read_bit_by_bit(used, pruned, memory_map, tmp_path):
    table = make(used=used, pruned=pruned)
    formats.write(table, tmp_path / "vectors")
    back = formats.read(tmp_path / "vectors", memory_map=memory_map)
    for name in ("min_n", "max_n", "buckets", "pruned"):
        assert getattr(back.subwords, name) == getattr(table.subwords, name)
    for name in ("word_rows", "bucket_rows", "bucket_ids"):
        np.testing.assert_array_equal(getattr(back.subwords, name), getattr(table.subwords, name))
    assert back.metadata == {"note": 1}
    np.testing.assert_array_equal(back.embeddings, table.embeddings)


def test_rows_are_mapped(folder):
    parts = formats.read(folder).subwords
    for rows in (parts.word_rows, parts.bucket_rows):
        assert not rows.flags.writeable
        assert isinstance(_root(rows), mmap.mmap)


def test_a_folder_without_subwords_has_none(tmp_path):
    formats.write(VectorTable(Vocabulary(WORDS), np.ones((4, 2), np.float32)), tmp_path / "vectors")
    assert "subwords" not in settings_of(tmp_path / "vectors")[1]
    assert not (tmp_path / "vectors" / "firth" / "subwords.safetensors").exists()
    assert formats.read(tmp_path / "vectors").subwords is None


def test_settings_may_be_numbers_of_numpy(tmp_path):
    table = make()
    object.__setattr__(table.subwords, "buckets", np.int64(50))
    formats.write(table, tmp_path / "vectors")
    assert formats.read(tmp_path / "vectors").subwords.buckets == 50


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_n": "2"}, "of subwords it must say min_n, max_n, buckets, pruned"),
        ({"pruned": 1}, "of subwords it must say"),
        ({"max_n": 0}, "max_n is 0, but must be from 1"),
        ({"buckets": 40}, "bucket_ids must rise within 0 to 39"),
    ],
)
def test_damaged_settings_are_refused(change, message, folder):
    path, content = settings_of(folder)
    content["subwords"] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(FormatError, match=message):
        formats.read(folder)


def test_settings_that_are_no_object_are_refused(folder):
    path, content = settings_of(folder)
    path.write_text(json.dumps(content | {"subwords": [2, 4, 50]}))
    with pytest.raises(FormatError, match="of subwords it must say"):
        formats.read(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"word_rows": None}, "it holds no word_rows"),
        ({"word_rows": None, "bucket_rows": None}, "it holds no bucket_rows and no word_rows"),
        ({"bucket_ids": None}, "50 buckets need as many rows, not 5"),
        ({"bucket_ids": IDS[::-1].copy()}, "bucket_ids must rise"),
        ({"bucket_ids": IDS.astype(np.int64)}, "bucket_ids must be int32"),
        ({"bucket_rows": np.zeros((5, 4), np.float32)}, "3 columns, but rows of buckets 4"),
        ({"word_rows": np.zeros((3, 3), np.float32)}, r"of shape \(3, 3\), but the embeddings .* \(4, 3\)"),
        ({"word_rows": np.zeros(12, np.float32)}, "word_rows must be a matrix"),
    ],
)
def test_damaged_tensors_are_refused(change, message, folder):
    path = folder / "firth" / "subwords.safetensors"
    tensors = read_tensors(path, memory_map=False) | change
    write_tensors(path, {name: [values] for name, values in tensors.items() if values is not None})
    with pytest.raises(FormatError, match=message):
        formats.read(folder)


def test_a_missing_file_is_named(folder):
    (folder / "firth" / "subwords.safetensors").unlink()
    with pytest.raises(FormatError, match=r"subwords\.safetensors"):
        formats.read(folder)
