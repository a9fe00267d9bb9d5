"""``firth word2vec`` and ``firth fasttext``: the flags, files and output of the programs of that name."""

from __future__ import annotations

import io
import random
import subprocess
import sys

import numpy as np
import pytest

import firth
from firth.cli import run

TOPICS = {"pet": "cat dog bird fish", "food": "soup bread cheese apple"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Labelled text, and the same without labels, in the current folder."""
    monkeypatch.chdir(tmp_path)
    draws = random.Random(1)
    lines = []
    for _ in range(120):
        label = draws.choice(sorted(TOPICS))
        words = draws.choices(TOPICS[label].split(), k=4) + draws.choices(["the", "a"], k=2)
        lines.append(f"__label__{label} {' '.join(words)}")
    (tmp_path / "labelled.txt").write_text("\n".join(lines) + "\n", "utf-8")
    plain = [line.partition(" ")[2] for line in lines]
    (tmp_path / "plain.txt").write_text("\r\n".join(plain) + "\n\nend", "utf-8")
    return tmp_path


def typed(text, monkeypatch):
    """Let standard input hold `text`."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))


def lines_of(capsys):
    out, err = capsys.readouterr()
    assert err == ""
    return out.split("\n")[:-1]


CLASSIFY = [
    *("fasttext", "supervised", "-input", "labelled.txt", "-output", "model", "-dim", "8", "-lr", "0.5"),
    *("-epoch", "10", "-thread", "1", "-verbose", "0"),
]


def test_a_classifier_is_trained_and_asked(capsys, monkeypatch, folder):
    assert run([*CLASSIFY, "-wordNgrams", "2", "-bucket", "500", "-saveOutput"]) == 0
    assert lines_of(capsys) == []
    assert {"model.bin", "model.vec", "model.output"} <= {path.name for path in folder.iterdir()}
    assert firth.load("model.output").dim == 8
    assert run(["fasttext", "test", "model.bin", "labelled.txt"]) == 0
    assert lines_of(capsys) == ["N\t120", "P@1\t1", "R@1\t1"]
    assert run(["fasttext", "test-label", "model.bin", "labelled.txt", "2"]) == 0
    first, *_, pair, half, whole = lines_of(capsys)
    assert first.startswith("F1-Score : 0.")
    assert "  Recall : 1.000000   __label__" in first
    assert (pair, half, whole) == ("N\t120", "P@2\t0.5", "R@2\t1")
    typed("the cat\nsoup\n\n", monkeypatch)
    assert run(["fasttext", "predict", "model.bin", "-"]) == 0
    assert lines_of(capsys)[:2] == ["__label__pet", "__label__food"]
    assert run(["fasttext", "predict-prob", "model.bin", "labelled.txt", "2", "0.5"]) == 0
    label, probability = lines_of(capsys)[0].split()
    assert label in ("__label__pet", "__label__food")
    assert 0.5 < float(probability) < 1.001
    typed("the cat\n", monkeypatch)
    assert run(["fasttext", "print-sentence-vectors", "model.bin"]) == 0
    assert len(lines_of(capsys)[0].split()) == 8


def test_what_a_model_holds_is_shown(capsys):
    assert run(CLASSIFY) == 0
    assert run(["fasttext", "dump", "model.bin", "args"]) == 0
    told = dict(line.split() for line in lines_of(capsys))
    assert told["model"] == "sup"
    assert (told["loss"], told["dim"], told["epoch"], told["minCount"]) == ("softmax", "8", "10", "1")
    assert run(["fasttext", "dump", "model.bin", "dict"]) == 0
    size, *entries = lines_of(capsys)
    assert int(size) == len(entries)
    assert "</s> 120 word" in entries
    assert entries[-1].split()[0].startswith("__label__")
    assert entries[-1].endswith("label")
    for what, rows in (("input", int(size) - 2), ("output", 2)):
        assert run(["fasttext", "dump", "model.bin", what]) == 0
        head, *lines = lines_of(capsys)
        assert head == f"{rows} 8"
        assert len(lines) == rows


def test_vectors_are_trained_and_asked(capsys, monkeypatch):
    train = "-input plain.txt -output words -dim 6 -epoch 2 -minCount 1 -minn 2 -maxn 3 -bucket 90 -thread 1"
    for model in ("cbow", "skipgram"):
        assert run(["fasttext", model, *train.split()]) == 0
    vectors = firth.load("words.bin")
    assert vectors.count("</s>") == 121
    assert list(firth.load("words.vec")) == list(vectors)
    typed("cat unheard\n", monkeypatch)
    assert run(["fasttext", "print-word-vectors", "words.bin"]) == 0
    known, unheard = lines_of(capsys)
    assert known.startswith("cat ")
    np.testing.assert_allclose([float(x) for x in unheard.split()[1:]], vectors["unheard"], rtol=1e-4)
    assert run(["fasttext", "print-ngrams", "words.bin", "cat"]) == 0
    assert [line.split()[0] for line in lines_of(capsys)] == [
        "cat",
        "<c",
        "<ca",
        "ca",
        "cat",
        "at",
        "at>",
        "t>",
    ]
    typed("cat\n", monkeypatch)
    assert run(["fasttext", "nn", "words.bin", "3"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Query word? ")
    assert shown.count("\n") == 3
    typed("cat dog bird\n", monkeypatch)
    assert run(["fasttext", "analogies", "words.bin", "2"]) == 0
    assert capsys.readouterr().out.count("\n") == 2


def test_a_classifier_becomes_small(capsys, folder):
    many = " ".join(f"w{number}" for number in range(400))
    with (folder / "labelled.txt").open("a", encoding="utf-8") as file:
        file.write(f"__label__pet {many}\n")
    assert run(CLASSIFY) == 0
    assert (
        run(
            [
                "fasttext",
                "quantize",
                "-output",
                "model",
                "-input",
                "labelled.txt",
                "-cutoff",
                "300",
                "-retrain",
                "-epoch",
                "2",
                "-qnorm",
            ]
        )
        == 0
    )
    assert (folder / "model.ftz").stat().st_size < (folder / "model.bin").stat().st_size
    assert run(["fasttext", "test", "model.ftz", "labelled.txt"]) == 0
    assert lines_of(capsys)[1] == "P@1\t1"


def test_autotune_takes_its_flags(capsys, folder):
    many = " ".join(f"w{number}" for number in range(400))
    with (folder / "labelled.txt").open("a", encoding="utf-8") as file:
        file.write(f"__label__pet {many}\n")
    # All is fixed but the number of columns that share a byte, so that the search comes to an end of its own.
    fixed = [*CLASSIFY, "-wordNgrams", "1", "-minn", "0", "-maxn", "0", "-bucket", "10"]
    search = ["-autotune-validation", "labelled.txt", "-autotune-metric", "precisionAtRecall:50:__label__pet"]
    assert run([*fixed, *search, "-autotune-predictions", "2"]) == 0
    assert run(["fasttext", "dump", "model.bin", "args"]) == 0
    told = lines_of(capsys)
    assert {"dim 8", "epoch 10", "wordNgrams 1", "bucket 0", "model sup"} <= set(told)
    assert run([*fixed, "-output", "small", *search, "-autotune-modelsize", "16k"]) == 0
    assert 15_000 < (folder / "small.ftz").stat().st_size <= 16_000
    assert not (folder / "small.bin").exists()
    assert run(["fasttext", "test", "small.ftz", "labelled.txt"]) == 0
    assert lines_of(capsys)[0] == "N\t121"


@pytest.mark.parametrize("binary", ["0", "1"])
@pytest.mark.parametrize("flags", ["", "-cbow 0", "-cbow 0 -hs 1", "-cbow 0 -hs 1 -negative 0"])
def test_word2vec_takes_its_flags(binary, flags, folder, capsys):
    common = f"-train plain.txt -size 6 -iter 1 -min-count 2 -binary {binary} {flags}".split()
    assert run(["word2vec", *common, "-output", "out", "-save-vocab", "vocabulary"]) == 0
    assert capsys.readouterr() == ("", "")
    vectors = firth.load("out")
    assert next(iter(vectors)) == "</s>"
    assert "end" not in vectors
    assert "cat" in vectors
    assert vectors.dim == 6
    listed = (folder / "vocabulary").read_text("utf-8").split("\n")
    assert listed[0] == "</s> 121"
    assert (folder / "out").read_bytes().startswith(b"11 6\n")
    assert run(["word2vec", *common, "-output", "again", "-read-vocab", "vocabulary"]) == 0
    assert (folder / "again").read_bytes() == (folder / "out").read_bytes()


def test_defaults_are_those_of_word2vec():
    from firth.cli.word2vec import _FLAGS
    from firth.compat.word2vec import settings_of

    bag, gram = settings_of(_FLAGS), settings_of(_FLAGS | {"cbow": 0})
    for settings, rate in ((bag, 0.05), (gram, 0.025)):
        assert (settings.dim, settings.window, settings.epochs, settings.min_count) == (100, 5, 5, 5)
        assert (settings.negatives, settings.subsample) == (5, 1e-3)
        assert (settings.learning_rate, settings.min_learning_rate) == (rate, pytest.approx(rate * 1e-4))
        assert settings.loss == "negative-sampling"
    both, tree = (settings_of(_FLAGS | {"hs": 1, "negative": negative}) for negative in (7, 0))
    assert (both.loss, both.negatives) == ("hierarchical-softmax+negative-sampling", 7)
    assert tree.loss == "hierarchical-softmax"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("word2vec -train plain.txt -output x -negative 0", "leave nothing to learn"),
        ("word2vec -train plain.txt", "-output is missing"),
        ("word2vec -output x", "-train is missing"),
        ("word2vec -train plain.txt -output x -sise 3", "did you mean -size?"),
        ("word2vec -train plain.txt -output x -size three", "-size is 'three', but must be a whole number"),
        ("word2vec -train plain.txt -output", "needs a value"),
        ("word2vec -train nowhere.txt -output x", "nowhere.txt"),
        ("fasttext walk", "no command 'walk'"),
        ("fasttext skipgram -input plain.txt", "-output is missing"),
        ("fasttext skipgram -output x", "-input is missing"),
        ("fasttext cbow -input plain.txt -output x -loss hinge", "loss is 'hinge'"),
        ("fasttext supervised -input plain.txt -output x", "no token begins with '__label__'"),
        (
            "fasttext supervised -input labelled.txt -output x -autotune-validatio y",
            "did you mean -autotune-validation?",
        ),
        ("fasttext supervised -input labelled.txt -output x -autotune-validation nowhere.txt", "nowhere.txt"),
        (
            "fasttext supervised -input labelled.txt -output x -autotune-validation plain.txt",
            "plain.txt has no line with a label",
        ),
        (
            "fasttext supervised -input labelled.txt -output x -autotune-validation labelled.txt -autotune-metric f2",
            "the metric is 'f2', but must be f1",
        ),
        ("fasttext cbow -input plain.txt -output x -autotune-validation y", "no flag '-autotune-validation'"),
        ("fasttext quantize -output nowhere", "nowhere.bin"),
        ("fasttext quantize -output x -retrain", "-input is missing"),
        ("fasttext test", "0 arguments are given"),
        ("fasttext test nowhere.bin labelled.txt", "nowhere.bin"),
        ("fasttext predict plain.txt labelled.txt", "plain.txt is not fasttext"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, message, capsys):
    assert run(arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.startswith("firth: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["word2vec", "fasttext"])
def test_help_comes_without_a_compiler(name):
    code = f"""
import sys
from firth.cli import run
assert run([{name!r}]) == 0
assert run([{name!r}, "-h"]) == 0
assert not {{"numba", "llvmlite"}} & set(sys.modules)
"""
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.count(f"Usage: firth {name}") == 2


def test_asking_a_model_needs_no_compiler():
    assert run(CLASSIFY) == 0
    code = """
import sys
from firth.cli import run
assert run(["fasttext", "predict", "model.bin", "labelled.txt"]) == 0
assert not {"numba", "llvmlite"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
