"""word2vec.c and fastText: their files here, ours in their hands.

Each test names its cell of the table in docs/guides/exchange.md.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import firth

pytestmark = pytest.mark.filterwarnings("ignore")
TEXT = "the king naïve 日本 the king the queen a b\n" * 50


def tool(name):
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def trained(folder, binary):
    """Train with word2vec.c, and return its file; names are short, as it copies them unchecked."""
    (folder / "text").write_text(TEXT, "utf-8")
    options = f"-binary {binary} -size 9 -min-count 1 -threads 1 -iter 1".split()
    command = [tool("word2vec"), "-train", "text", "-output", "out", *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "out"


@pytest.mark.exchange("word2vec-binary", "word2vec", "in")
@pytest.mark.exchange("word2vec-text", "word2vec", "in")
def test_both_files_of_word2vec_c_are_read(tmp_path):
    binary = firth.load(trained(tmp_path, 1))
    text = firth.load(trained(tmp_path, 0))
    assert list(binary) == list(text)
    assert set(TEXT.split()) < set(binary)
    np.testing.assert_allclose(text.embeddings, binary.embeddings, atol=1e-6)


@pytest.mark.exchange("word2vec-binary", "word2vec", "out")
def test_word2vec_c_finds_the_same_neighbors_in_our_file(tmp_path):
    vectors = firth.load(trained(tmp_path, 1))
    vectors.save(tmp_path / "ours.bin")
    distance = [tool("word2vec-distance"), os.path.relpath(tmp_path / "ours.bin", tmp_path)]
    told = subprocess.run(
        distance, cwd=tmp_path, input="king\nEXIT\n", capture_output=True, text=True, check=True
    )
    rows = [
        line.split() for line in told.stdout.splitlines() if line.count("\t") and line.strip()[-1:].isdigit()
    ]
    found = {row[0]: float(row[-1]) for row in rows if len(row) == 2}
    wanted = {near.word: near.score for near in vectors.neighbors("king", k=3)}
    assert len(found) >= 3
    for word, score in wanted.items():
        assert found[word] == pytest.approx(score, abs=1e-5)


@pytest.mark.exchange("word2vec-text", "fasttext", "out")
def test_fasttext_starts_from_our_text(one_word_each, tmp_path):
    fasttext = pytest.importorskip("fasttext")
    known = one_word_each.subset(["the", "king", "naïve", "日本"])
    known.save(tmp_path / "ours.vec")
    (tmp_path / "text").write_text(TEXT, "utf-8")
    options = {"dim": 7, "minCount": 1, "maxn": 0, "lr": 0.0, "epoch": 1, "thread": 1, "verbose": 0}
    model = fasttext.train_unsupervised(
        str(tmp_path / "text"), pretrainedVectors=str(tmp_path / "ours.vec"), **options
    )
    for word in known:
        np.testing.assert_allclose(model.get_word_vector(word), known[word], rtol=1e-6)
