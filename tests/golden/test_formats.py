"""Files that word2vec.c and gensim wrote, read here with the same words and the same bits.

``expected.json`` holds what gensim itself read from them, numbers in hexadecimal. Words are ASCII, accented,
Japanese, and contain U+2028, a no-break space and brackets.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import firth
from firth import formats

FOLDER = Path(__file__).parent / "formats"
EXPECTED = json.loads((FOLDER / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_of_a_peer_is_read_to_the_bit(name):
    vectors = firth.load(FOLDER / name)
    rows = np.array([[float.fromhex(x) for x in row] for row in EXPECTED[name]["vectors"]], np.float32)
    assert list(vectors) == EXPECTED[name]["words"]
    np.testing.assert_array_equal(vectors.embeddings, rows)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("word2vec_c.bin", "word2vec-binary"),
        ("word2vec_c.txt", "word2vec-text"),
        ("gensim.bin", "word2vec-binary"),
        ("gensim.txt", "word2vec-text"),
        ("gensim.txt.gz", "word2vec-text"),
        ("gensim_no_header.txt", "glove"),
    ],
)
def test_its_format_is_recognised(name, format):
    assert formats.detect(FOLDER / name) == format


def test_binary_files_are_written_as_word2vec_c_writes_them(tmp_path):
    firth.load(FOLDER / "word2vec_c.bin").save(tmp_path / "again.bin")
    assert (tmp_path / "again.bin").read_bytes() == (FOLDER / "word2vec_c.bin").read_bytes()
