"""Folders of model2vec's, as far as no other tool is needed: what does not fit is refused with the reason."""

from __future__ import annotations

import json

import numpy as np
import pytest

import firth
from firth import formats
from firth.errors import FormatError, InputError
from firth.formats.tensors import write_tensors

ROWS = np.arange(9, dtype=np.float32).reshape(3, 3)


def make(folder, tokenizer=None, **tensors):
    folder.mkdir(exist_ok=True)
    model = {"model": {"type": "WordLevel", "vocab": {"to": 1, "be": 0, "[UNK]": 2}, "unk_token": "[UNK]"}}
    text = tokenizer if isinstance(tokenizer, str) else json.dumps(tokenizer or model)
    (folder / "tokenizer.json").write_text(text, "utf-8")
    write_tensors(
        folder / "model.safetensors",
        {name: [each] for name, each in (tensors or {"embeddings": ROWS}).items()},
    )
    return folder


@pytest.mark.parametrize("part", ["", "0_StaticEmbedding"])
def test_tokens_come_in_the_order_of_their_rows(part, tmp_path):
    make(tmp_path / part, **{"embedding.weight": ROWS})
    assert formats.detect(tmp_path) == "model2vec"
    found = firth.load(tmp_path)
    assert list(found) == ["be", "to", "[UNK]"]
    np.testing.assert_array_equal(found.embeddings, ROWS)


def test_a_row_of_zeros_for_the_unknown_token_is_left_out(tmp_path):
    rows = ROWS.copy()
    rows[2] = 0
    found = firth.load(make(tmp_path / "folder", embeddings=rows))
    assert list(found) == ["be", "to"]
    np.testing.assert_array_equal(found.embeddings, rows[:2])


def test_rows_that_tokens_share_are_multiplied_by_the_weights_of_the_tokens(tmp_path):
    mapping, weights = np.array([1, 0, 1]), np.array([2, 3, 0.5], np.float32)
    found = firth.load(make(tmp_path / "folder", embeddings=ROWS[:2], mapping=mapping, weights=weights))
    np.testing.assert_array_equal(found.embeddings, ROWS[mapping] * weights[:, None])


def test_a_folder_of_firths_own_stays_native(tmp_path):
    firth.load(make(tmp_path / "theirs")).save(tmp_path / "ours")
    assert formats.detect(tmp_path / "ours") == "native"
    with pytest.raises(InputError, match="write the native format"):
        firth.load(tmp_path / "ours").save(tmp_path / "again", format="model2vec")


@pytest.mark.parametrize(
    ("tokenizer", "tensors", "reason"),
    [
        ("{", {}, "no tokenizer"),
        ("[" * 100_000, {}, "no tokenizer"),
        ({"model": {"vocab": 3}}, {}, "no tokenizer"),
        ({"model": {"vocab": {}}}, {}, "no tokens"),
        ({"model": {"vocab": {"a": "b"}}}, {}, "no number"),
        ({"model": {"vocab": {"a": -1}}}, {}, "no number"),
        ({"model": {"vocab": {"a": 7}}}, {}, "not of one model"),
        ({"model": {"vocab": {"a": 3}}}, {}, "not of one model"),
        ({"model": {"vocab": {"\ud800": 0}}}, {}, "no text"),
        (None, {"other": ROWS}, "holds no embeddings and no"),
        (None, {"embeddings": ROWS[0]}, "must be a matrix"),
        (None, {"embeddings": np.full((3, 2), np.nan, np.float16)}, "NaN or infinity"),
        (None, {"embeddings": ROWS, "weights": ROWS}, "weights are no list"),
        (None, {"embeddings": ROWS, "mapping": np.array([0, 1, 3])}, "names rows that are not there"),
        (None, {"embeddings": ROWS, "mapping": np.array([0, 1, -1])}, "names rows that are not there"),
        (None, {"embeddings": ROWS, "mapping": ROWS}, "no list of numbers"),
        (None, {"embeddings": ROWS, "weights": ROWS[0][:2]}, "no list of 3 numbers"),
        (
            None,
            {"embeddings": np.ones((2, 20_000), np.float32), "mapping": np.zeros(2_000_000, np.int32)},
            "2,000,000 tokens share 2 rows",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(tokenizer, tensors, reason, tmp_path):
    with pytest.raises(FormatError, match=reason):
        formats.read(make(tmp_path / "folder", tokenizer, **tensors))
