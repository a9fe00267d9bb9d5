"""word2vec.c, really run beside ``firth word2vec``: the same flags make files of the same words in the same layout."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import firth
from firth.cli import run

# Its package warns about itself, which is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


def program():
    """Return where the package has put word2vec.c's program."""
    package = pytest.importorskip("word2vec", reason="word2vec is not installed")
    found = shutil.which("word2vec") or shutil.which(
        "word2vec", path=str(Path(package.__file__).parent / "bin")
    )
    import sys

    return found or shutil.which("word2vec", path=str(Path(sys.executable).parent))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draws = random.Random(1)
    words = [f"w{number}" for number in range(60)] + ["naïve", "日本", "a\u00a0b"]
    lines = [" ".join(draws.choices(words, k=draws.randint(0, 20))) for _ in range(300)]
    (tmp_path / "corpus.txt").write_text("\r\n".join(lines) + "\n\n\tlast  line", "utf-8")
    return tmp_path


@pytest.mark.parametrize("binary", ["0", "1"])
def test_files_have_the_same_words_counts_and_layout(binary, folder):
    its = program()
    if its is None:
        pytest.skip("the package has no program")
    flags = f"-train corpus.txt -size 8 -min-count 3 -iter 1 -threads 1 -debug 0 -binary {binary}".split()
    for name in ("theirs", "ours"):
        both = [*flags, "-output", f"{name}.vectors", "-save-vocab", f"{name}.words"]
        if name == "theirs":
            subprocess.run([its, *both], check=True, capture_output=True)
        else:
            assert run(["word2vec", *both]) == 0
    theirs, ours = firth.load("theirs.vectors"), firth.load("ours.vectors")
    assert next(iter(theirs)) == next(iter(ours)) == "</s>"
    assert set(theirs) == set(ours)
    assert theirs.dim == ours.dim
    counts = [
        dict(line.rsplit(" ", 1) for line in (folder / name).read_text("utf-8").split("\n")[:-1])
        for name in ("theirs.words", "ours.words")
    ]
    assert counts[0] == counts[1]
    assert np.abs(ours["</s>"]).max() < 0.5 / 8 + 1e-6
    assert np.abs(theirs["</s>"]).max() < 0.5 / 8 + 1e-6


def test_classes_are_of_all_words(folder):
    pytest.importorskip("sklearn")
    assert (
        run(
            [
                "word2vec",
                "-train",
                "corpus.txt",
                "-output",
                "classes",
                "-size",
                "6",
                "-iter",
                "1",
                "-min-count",
                "3",
                "-classes",
                "4",
            ]
        )
        == 0
    )
    pairs = [line.rsplit(" ", 1) for line in (folder / "classes").read_text("utf-8").split("\n")[:-1]]
    assert {number for _, number in pairs} == {"0", "1", "2", "3"}
    assert pairs[0][0] == "</s>"
