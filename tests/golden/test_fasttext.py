"""Files that fastText wrote (see `make_fasttext.py`), read here with the same words, counts and vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from firth import formats

FOLDER = Path(__file__).parent / "formats"
EXPECTED = json.loads((FOLDER / "fasttext.json").read_text("utf-8"))
DENSE = ["fasttext_skipgram.bin", "fasttext_cbow.bin", "fasttext_supervised.bin", "fasttext_version_11.bin"]


def matrix(rows, dim):
    return np.array([np.frombuffer(bytes.fromhex(row), "<f4") for row in rows]).reshape(len(rows), dim)


def same(found, rows, name):
    """Compare to the bit, except that compilers may join the products and sums of quantised rows."""
    expected = matrix(rows, found.shape[1])
    if name in DENSE:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


@pytest.fixture(params=EXPECTED)
def case(request, tmp_path):
    name = request.param
    path = FOLDER / name
    if name == "fasttext_version_11.bin":
        content = (FOLDER / "fasttext_supervised.bin").read_bytes()
        path = tmp_path / name
        path.write_bytes(content[:4] + (11).to_bytes(4, "little") + content[8:])
    return name, path, EXPECTED[name]


def test_words_and_vectors_are_those_of_fasttext(case):
    name, path, expected = case
    assert formats.detect(path) == "fasttext"
    table = formats.read(path)
    assert list(table.vocabulary) == expected["words"]
    assert table.vocabulary.counts.tolist() == expected["counts"]
    same(table.embeddings, expected["vectors"], name)
    assert table.metadata["fasttext"]["labels"] == expected["labels"]


def test_unseen_words_have_the_vectors_of_fasttext(case):
    name, path, expected = case
    table = formats.read(path)
    if not expected["unseen"]:
        assert table.subwords is None
        return
    vectors, n_found = table.subwords.unseen(expected["unseen"])
    same(vectors, expected["unseen_vectors"], name)
    assert n_found.min() > 0


def test_output_embeddings_are_those_of_fasttext_where_they_belong_to_words(case):
    name, path, expected = case
    table = formats.read(path)
    if "outputs" in expected:
        same(table.output_embeddings, expected["outputs"], name)
    else:
        assert table.output_embeddings is None


@pytest.mark.parametrize("name", ["fasttext_skipgram.bin", "fasttext_cbow.bin"])
def test_files_are_written_as_fasttext_writes_them(name, tmp_path):
    formats.write(formats.read(FOLDER / name), tmp_path / "again.bin", format="fasttext")
    assert (tmp_path / "again.bin").read_bytes() == (FOLDER / name).read_bytes()


def test_what_the_settings_say_is_kept():
    told = formats.read(FOLDER / "fasttext_norms.ftz").metadata["fasttext"]
    assert {name: told[name] for name in ("model", "loss", "version", "quantized", "min_n", "max_n")} == {
        "model": "supervised",
        "loss": "softmax",
        "version": 12,
        "quantized": True,
        "min_n": 2,
        "max_n": 3,
    }


def test_pruned_ngrams_do_not_count():
    parts = formats.read(FOLDER / "fasttext_pruned.ftz").subwords
    assert parts.pruned
    assert 0 < len(parts.bucket_ids) < parts.buckets
