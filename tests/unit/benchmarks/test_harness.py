"""The parts of the benchmarks that decide whether a figure means anything: corpus, referee, checks."""

from __future__ import annotations

import importlib
import random
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(
    not (ROOT / "benchmarks").is_dir(), reason="a source distribution comes without the benchmarks"
)


def module(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module(f"benchmarks.{name}")


@pytest.fixture
def corpus(monkeypatch):
    return module("corpus", monkeypatch)


@pytest.fixture
def judge(monkeypatch):
    return module("judge", monkeypatch)


def write_vectors(path: Path, words: list[str], rows: np.ndarray, line_end: bytes) -> None:
    content = b"%d %d\n" % rows.shape
    for word, row in zip(words, rows.astype(np.float32), strict=True):
        content += word.encode() + b" " + row.tobytes() + line_end
    path.write_bytes(content)


@pytest.mark.parametrize("block", [7, 64, 1 << 20])
def test_folding_keeps_words_and_newlines_whatever_the_block(corpus, tmp_path, monkeypatch, block):
    monkeypatch.setattr(corpus, "_BLOCK", block)
    draw = random.Random(1)
    documents = [
        [draw.choice("abcdefg") * draw.randint(1, 9) for _ in range(n)] for n in (3, 1000, 1, 2500, 999)
    ]
    source, target = tmp_path / "source.txt", tmp_path / "folded.txt"
    source.write_text(" " + "\n".join(" ".join(words) for words in documents), encoding="utf-8")
    folded = corpus.fold(corpus.Recipe(source=str(source)), target)
    lines = [line.split(" ") for line in target.read_text(encoding="utf-8").rstrip("\n").split("\n")]
    assert [len(line) for line in lines] == [3, 1000, 1, 1000, 1000, 500, 999]
    assert [word for line in lines for word in line] == [word for words in documents for word in words]
    assert (folded.tokens, folded.lines) == (4503, 7)


def test_counts_follow_what_a_tool_counts(corpus, tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("a a a a a b b\nc a", encoding="utf-8")
    folded = corpus.fold(corpus.Recipe(source=str(source)), tmp_path / "folded.txt")
    counted = ("tokens", "tokens+lines", "vocabulary", "vocabulary+lines")
    assert [folded.expected(c, 5) for c in counted] == [9, 11, 6, 8]


def test_copies_keep_the_vocabulary_or_multiply_it(corpus, tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("a a a a a b b b b b c c", encoding="utf-8")
    one = corpus.fold(corpus.Recipe(source=str(source)), tmp_path / "one.txt")
    repeated = corpus.Recipe(source=str(source), copies=3, min_count=15)
    distinct = corpus.Recipe(source=str(source), copies=3, distinct=True)
    assert corpus.fold(repeated, tmp_path / "repeated.txt").vocabulary == one.vocabulary == 2
    assert corpus.fold(distinct, tmp_path / "distinct.txt").vocabulary == 6


def test_expected_pairs_agree_with_drawing_them(corpus, tmp_path):
    draw = np.random.default_rng(1)
    words = [f"w{i}" for i in (draw.pareto(1.0, 40_000) * 10).astype(int)]
    source = tmp_path / "source.txt"
    source.write_text(
        "\n".join(" ".join(words[i : i + 200]) for i in range(0, 40_000, 200)), encoding="utf-8"
    )
    folded = corpus.fold(corpus.Recipe(source=str(source)), tmp_path / "folded.txt")
    counts = {word: words.count(word) for word in set(words)}
    threshold, window = 1e-3, 5
    ratio = {w: threshold * folded.vocabulary_tokens / n for w, n in counts.items() if n >= 5}
    centers = pairs = 0
    for start in range(0, 40_000, 200):
        known = [w for w in words[start : start + 200] if w in ratio]
        kept = sum(draw.random() < ratio[w] ** 0.5 + ratio[w] for w in known)
        radius, place = draw.integers(1, window + 1, kept), np.arange(kept)
        centers += kept
        pairs += int(np.minimum(radius, place).sum() + np.minimum(radius, kept - 1 - place).sum())
    assert folded.expected_centers(threshold) == pytest.approx(centers, rel=0.02)
    assert folded.expected_pairs(threshold, window) == pytest.approx(pairs, rel=0.02)


@pytest.mark.parametrize("line_end", [b"", b"\n"])
def test_the_referee_reads_rows_with_and_without_line_ends(judge, tmp_path, line_end):
    # The first bytes of a row may themselves be a newline.
    rows = np.frombuffer(b"\n\n\n\n" * 4 + b"\x00\x00\x80\x3f" * 4, np.float32).reshape(2, 4)
    write_vectors(tmp_path / "v.bin", ["ä", "b"], rows, line_end)
    words, read = judge.read_vectors(tmp_path / "v.bin")
    assert words == ["ä", "b"]
    assert np.array_equal(read, rows)


def test_the_referee_counts_as_word2vec_does(judge, tmp_path):
    plane = {"man": (1, 0, 0), "king": (1, 0, 1), "woman": (0, 1, 0), "queen": (0, 1, 1), "far": (-1, -1, -1)}
    words = ["</s>", *plane]
    rows = np.array([(9, 9, 9), *plane.values()], float)
    write_vectors(tmp_path / "v.bin", words, rows, b"\n")
    (tmp_path / "questions-words.txt").write_text(
        ": gram\nMan King Woman Queen\nman king woman far\nman king woman unknown\n", encoding="utf-8"
    )
    for name in judge.SIMILARITY.values():
        (tmp_path / name).write_text(
            "man\tking\t9\nman\tfar\t1\nman woman 5\nman unknown 3\n", encoding="utf-8"
        )
    result = judge.judge(tmp_path / "v.bin", tmp_path)
    assert (result["analogies"], result["analogies_asked"]) == (0.5, 2)
    assert (result["men"], result["men_pairs"]) == (pytest.approx(1.0), 3)


def test_a_trainer_that_trains_a_part_is_stopped(tmp_path, monkeypatch):
    contest, corpus, measure = (module(name, monkeypatch) for name in ("contest", "corpus", "measure"))
    source = tmp_path / "source.txt"
    source.write_text("a b c d e f g h i j\n" * 200_000, encoding="utf-8")
    running = contest.Contest(corpus.Recipe(source=str(source)), tmp_path)
    report = {
        "trained_per_epoch": 40_000.0,
        "counted": "tokens",
        "slack": 0.001,
        "seconds": 1.0,
        "timing": "",
    }
    measured = measure.Measured(wall_seconds=2.0, cpu_seconds=2.0, peak_bytes=1, report=report)
    monkeypatch.setattr(contest.measure, "module", lambda *_, **__: measured)
    with pytest.raises(SystemExit, match=r"gensim trained 40,000 tokens an epoch, .* has 2,000,000"):
        running.run("gensim", contest.Settings())
    report["trained_per_epoch"] = 2_000_000.0
    assert running.run("gensim", contest.Settings())["words_per_second"] == 2_000_000
