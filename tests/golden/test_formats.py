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
# What `make_exchange.py` wrote; Parquet and Arrow need a library, and are read by tests/interop.
EXCHANGED = json.loads((FOLDER / "exchange.json").read_text("utf-8"))
HERE = [name for name in EXCHANGED if not name.endswith((".parquet", ".arrow"))]


def numbers(rows):
    return np.array([[float.fromhex(x) for x in row] for row in rows], np.float32)


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


@pytest.mark.parametrize("name", HERE)
def test_a_file_of_a_tool_that_exchanges_vectors_holds_what_the_tool_says(name):
    vectors = firth.load(FOLDER / name)
    wanted = EXCHANGED[name]
    assert list(vectors) == wanted["words"]
    if "counts" in wanted:
        assert vectors.vocabulary.counts.tolist() == wanted["counts"]
    # Text with six digits is what PyTorch writes; composed vectors are added up in another order than gensim's.
    exact = name not in ("torch_projector", "gensim_fasttext.model")
    np.testing.assert_allclose(
        vectors.embeddings, numbers(wanted["vectors"]), rtol=0, atol=0 if exact else 1e-7
    )


def test_unseen_words_of_gensims_fasttext_have_its_vectors():
    vectors = firth.load(FOLDER / "gensim_fasttext.model")
    for word, row in EXCHANGED["gensim_fasttext.model"]["unseen"].items():
        assert word not in vectors
        np.testing.assert_allclose(vectors[word], numbers([row])[0], atol=1e-7)


def test_the_format_of_exchanged_files_is_recognised():
    formats_of = {name: formats.detect(FOLDER / name) for name in EXCHANGED}
    assert {name for name, format in formats_of.items() if format == "gensim"} == {
        name for name in EXCHANGED if name.startswith("gensim")
    }
    assert formats_of["numpy.npz"] == "npz"
    assert formats_of["numpy.npy"] == "npy"
    assert formats_of["polars.arrow"] == "arrow"
    assert formats_of["pandas.parquet"] == formats_of["duckdb.parquet"] == "parquet"
    assert formats_of["torch_projector"] == "projector"
