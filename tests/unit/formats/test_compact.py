"""Matrices in float16 and int8: what is lost is what must be, and what lies is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

import firth
from firth import formats
from firth.errors import FormatError, InputError
from firth.formats import VectorTable
from firth.formats.compact import packed, unpacked
from firth.formats.tensors import read_tensors, write_tensors
from firth.subwords import Subwords
from firth.vocabulary import Vocabulary
from firth.words import Words

WORDS = ["to", "be", "or"]
numbers = st.floats(-1e4, 1e4, width=32)


def make(rows=None):
    rows = np.random.default_rng(1).normal(size=(3, 8)).astype(np.float32) if rows is None else rows
    return VectorTable(Vocabulary(WORDS, [3, 2, 1]), rows, rows[::-1].copy())


@settings(max_examples=60, deadline=None)
@given(rows=arrays(np.float32, (5, 3), elements=numbers))
def test_int8_is_off_by_half_a_scale_at_most(rows, tmp_path_factory):
    stored, scales = packed(rows, "int8")
    assert stored.dtype == np.int8
    assert stored.min() >= -127
    back = unpacked(stored, scales, None, "it")
    largest = np.abs(rows).max(axis=1, keepdims=True)
    assert np.all(np.abs(back - rows) <= largest / 127 * 0.5001 + 1e-38)


@settings(max_examples=60, deadline=None)
@given(rows=arrays(np.float32, (5, 3), elements=numbers))
def test_float16_is_what_numpy_makes_of_it(rows):
    stored, scales = packed(rows, "float16")
    assert scales is None
    np.testing.assert_array_equal(
        unpacked(stored, None, None, "it"), rows.astype(np.float16).astype(np.float32)
    )


@pytest.mark.parametrize(("dtype", "part", "error"), [("float16", 0.5, 1e-3), ("int8", 0.25, 1e-2)])
def test_a_folder_takes_less_room_and_keeps_everything_else(dtype, part, error, tmp_path):
    rows = np.random.default_rng(2).normal(size=(3, 4_000)).astype(np.float32)
    vectors = firth.WordVectors(make(rows))
    vectors.save(tmp_path / "whole")
    vectors.save(tmp_path / "small", dtype=dtype)
    small = firth.load(tmp_path / "small")
    size = (tmp_path / "small" / "model.safetensors").stat().st_size
    assert size == pytest.approx(part * (tmp_path / "whole" / "model.safetensors").stat().st_size, rel=0.02)
    assert small.embeddings.dtype == np.float32
    assert list(small) == WORDS
    assert small.count("to") == 3
    for found, wanted in (
        (small.embeddings, vectors.embeddings),
        (small.output_vectors.embeddings, vectors.output_vectors.embeddings),
    ):
        assert 0 < np.abs(found - wanted).max() < 4 * error
    config = json.loads((tmp_path / "small" / "config.json").read_text())
    assert config["embedding_dtype"] == dtype
    again = tmp_path / "again"
    small.save(again, dtype=dtype)  # nothing more is lost
    np.testing.assert_allclose(firth.load(again).embeddings, small.embeddings, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_ngrams_are_stored_so_too(dtype, tmp_path):
    draws = np.random.default_rng(3)
    parts = Subwords(
        min_n=2,
        max_n=3,
        buckets=40,
        word_rows=draws.normal(size=(3, 8)).astype(np.float32),
        bucket_rows=draws.normal(size=(40, 8)).astype(np.float32),
    )
    table = dataclasses.replace(make(parts.known(Words.of(WORDS))), subwords=parts)
    formats.write(table, tmp_path / "small", dtype=dtype)
    small, whole = firth.load(tmp_path / "small"), firth.WordVectors(table)
    np.testing.assert_allclose(small["toe"], whole["toe"], atol=0.02)
    np.testing.assert_allclose(small["to"], whole["to"], atol=0.02)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e5])
def test_numbers_that_do_not_fit_are_refused_before_anything_is_there(value, tmp_path):
    rows = np.ones((3, 2), np.float32)
    rows[1, 1] = value
    with pytest.raises(InputError, match=r"row 1 holds .*, but float16 takes"):
        formats.write(make(rows), tmp_path / "small", dtype="float16")
    assert not list(tmp_path.iterdir())
    if value != 1e5:
        with pytest.raises(InputError, match=r"row 1 holds .*, but int8 takes"):
            formats.write(make(rows), tmp_path / "small", dtype="int8")


def test_rows_of_zeros_and_the_smallest_numbers_stay_finite(tmp_path):
    rows = np.array([[0, 0], [1e-45, -1e-45], [3e38, -3e38]], np.float32)
    formats.write(make(rows), tmp_path / "small", dtype="int8")
    found = formats.read(tmp_path / "small").embeddings
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, rows, rtol=1e-6, atol=1e-44)


def test_other_formats_and_other_types_are_refused(tmp_path):
    with pytest.raises(InputError, match="word2vec-binary holds float32: use the native format"):
        formats.write(make(), tmp_path / "a.bin", dtype="int8")
    with pytest.raises(InputError, match="must be one of float32, float16, int8"):
        formats.write(make(), tmp_path / "a", dtype="int4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"weights": None}, "no scale for each row"),
        ({"weights": np.ones(3, np.float32)}, "no scale for each row"),
        ({"weights": np.ones((4, 1), np.float32)}, "no scale for each row"),
        ({"weights": np.full(4, np.nan, np.float32)}, "not a number up to"),
        ({"embeddings": np.ones(4, np.int8)}, "must hold a matrix"),
        ({"embeddings": np.ones((4, 8), np.int32)}, "must hold a matrix"),
        ({"embeddings": np.ones((5, 8), np.int8), "weights": np.ones(5, np.float32)}, "not of one model"),
    ],
)
def test_what_does_not_fit_is_refused(change, reason, tmp_path):
    formats.write(make(), tmp_path / "small", dtype="int8")
    path = tmp_path / "small" / "model.safetensors"
    tensors = {**read_tensors(path, memory_map=False), **change}
    write_tensors(path, {name: [tensor] for name, tensor in tensors.items() if tensor is not None})
    with pytest.raises(FormatError, match=reason):
        formats.read(tmp_path / "small")
