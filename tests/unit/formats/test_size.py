"""Matrices of more than 2**31 elements in files: mapped, looked up, written; the file is full of holes."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import firth
from firth import formats
from firth.formats import VectorTable
from firth.formats.tensors import read_tensors
from firth.vocabulary import Vocabulary

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="needs files with holes")
DIM = 65_536
N_WORDS = 2**31 // DIM + 2


def test_a_matrix_of_more_than_2_to_the_31_elements_is_mapped_and_looked_up(tmp_path):
    words = [f"w{i}" for i in range(N_WORDS)]
    folder = tmp_path / "vectors"
    formats.write(VectorTable(Vocabulary(words), np.ones((N_WORDS, 1), np.float32)), folder)
    size = 4 * (N_WORDS + 1) * DIM
    header = {"embeddings": {"dtype": "F32", "shape": [N_WORDS + 1, DIM], "data_offsets": [0, size]}}
    text = json.dumps(header).encode().ljust(120)
    last = np.arange(DIM, dtype=np.float32) - 7
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        begin = file.tell()
        file.seek(begin + 4 * (N_WORDS - 1) * DIM)
        file.write(last.tobytes())
        file.truncate(begin + size)
    vectors = firth.load(folder)
    assert vectors.embeddings.size > 2**31
    np.testing.assert_array_equal(vectors[words[-1]], last)
    np.testing.assert_array_equal(vectors[words[-2]], 0)
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(begin + size - 4)
    with pytest.raises(formats.registry.FormatError, match="damaged"):
        read_tensors(folder / "model.safetensors", memory_map=True)
