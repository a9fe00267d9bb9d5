"""fastText's names: what is trained, answered and refused. `tests/interop` sets them beside fastText itself."""

from __future__ import annotations

import contextlib
import io
import math
import os
import random
import re
import signal
import sys

import numpy as np
import pytest

from firth.classifier import ClassifierSettings, Trial
from firth.compat import fasttext
from firth.compat.fasttext import _training, _tuning
from firth.compat.fasttext._arguments import read_arguments
from firth.compat.fasttext._tuning import tune_labels
from firth.training.callbacks import Callback

TOPICS = {"pet": "cat dog bird fish", "food": "soup bread cheese apple"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    draws = random.Random(1)
    lines = []
    for _ in range(150):
        label = draws.choice(sorted(TOPICS))
        words = draws.choices(TOPICS[label].split(), k=4) + draws.choices(["the", "a", "my"], k=2)
        lines.append(f"__label__{label} {' '.join(words)}")
    path = tmp_path_factory.mktemp("text") / "labelled.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def words(file):
    return fasttext.train_unsupervised(
        file, "skipgram", dim=8, epoch=2, min_count=1, minn=2, maxn=3, bucket=200, thread=1, verbose=0
    )


@pytest.fixture(scope="module")
def labels(file):
    return fasttext.train_supervised(input=file, dim=8, lr=0.5, epoch=10, wordNgrams=2, bucket=500, thread=1)


def test_vectors_of_words(words):
    assert words.words[0] == "</s>"
    assert words.labels == words.words
    assert not any(word.startswith("__label__") for word in words.words)
    assert (words.dim, words.epoch, words.minCount, words.loss, words.label) == (8, 2, 1, "ns", "__label__")
    names, counts = words.get_words(include_freq=True)
    assert dict(zip(names, counts.tolist(), strict=True))["</s>"] == 150
    assert words["cat"].dtype == np.float32
    np.testing.assert_array_equal(words["cat"], words.get_word_vector("cat"))
    assert "cat" in words
    assert "unheard" not in words
    assert words.get_word_id("unheard") == -1
    parts, rows = words.get_subwords("cat")
    assert parts == ["cat", "<c", "<ca", "ca", "cat", "at", "at>", "t>"]
    assert rows[1] == words.get_subword_id("<c")
    mean = np.mean([words.get_input_vector(row) for row in rows], axis=0)
    np.testing.assert_allclose(words["cat"], mean, atol=1e-6)
    found = words.get_nearest_neighbors("cat", k=3)
    assert len(found) == 3
    assert found[0][0] >= found[1][0]
    assert "cat" not in [word for _, word in found]
    answers = words.get_analogies("cat", "dog", "bird", k=3)
    assert not {"cat", "dog", "bird"} & {word for _, word in answers}
    with pytest.raises(IndexError):
        words.get_input_vector(10_000)
    with pytest.raises(ValueError, match="no labels"):
        words.predict("cat")


def test_a_line_of_nothing_has_a_vector_of_zeros(words):
    assert not words.get_sentence_vector("").any()
    direction = words["cat"] / np.linalg.norm(words["cat"])
    np.testing.assert_allclose(words.get_sentence_vector("cat"), direction, atol=1e-6)


def test_labels_of_texts(labels, file):
    assert labels.labels == [label for label, _ in zip(*labels.get_labels(include_freq=True), strict=True)]
    assert labels.test(file) == (150, 1.0, 1.0)
    assert labels.test_label(file)["__label__pet"] == {"precision": 1.0, "recall": 1.0, "f1score": 1.0}
    names, probabilities = labels.predict("the cat", k=2)
    assert names == ("__label__pet", "__label__food")
    assert probabilities.dtype == np.float64
    many, numbers = labels.predict(["the cat", "my soup"])
    assert many == [["__label__pet"], ["__label__food"]]
    assert numbers[0].dtype == np.float32
    assert labels.predict("the cat", k=-1, threshold=0.5)[0] == ("__label__pet",)
    assert labels.get_line("__label__pet a zz __label__no") == (["a", "zz", "</s>"], ["__label__pet"])
    assert labels.get_label_id("__label__none") == -1
    precision, recall = labels.get_meter(file).precision_recall_curve("__label__pet")
    assert precision[-2:].tolist() == [1.0, 1.0] or recall[-1] == 0.0
    with pytest.raises(ValueError, match="no label of the model"):
        labels.get_meter(file).score_vs_true("nothing")
    with pytest.raises(ValueError, match="newline"):
        labels.predict("a\nb")


def test_what_is_saved_is_loaded(words, labels, tmp_path):
    for model in (words, labels):
        path = str(tmp_path / "model.bin")
        model.save_model(path)
        again = fasttext.load_model(path)
        np.testing.assert_array_equal(again.get_input_matrix(), model.get_input_matrix())
        np.testing.assert_array_equal(again.get_output_matrix(), model.get_output_matrix())
        assert again.words == model.words
        assert again.dim == 8


def test_matrices_can_be_replaced(labels, tmp_path):
    labels.save_model(str(tmp_path / "model.bin"))
    model = fasttext.load_model(str(tmp_path / "model.bin"))
    inputs, outputs = model.get_input_matrix(), model.get_output_matrix()
    model.set_matrices(inputs * 0, outputs)
    assert model.predict("the cat", k=-1)[1] == pytest.approx([0.5, 0.5], abs=1e-4)
    with pytest.raises(ValueError, match="must have"):
        model.set_matrices(inputs[1:], outputs)


def test_start_from_vectors(file, tmp_path):
    path = tmp_path / "start.vec"
    path.write_text("2 8\ncat 1 1 1 1 1 1 1 1\nkitten 2 2 2 2 2 2 2 2\n", "utf-8")
    model = fasttext.train_supervised(
        file, dim=8, lr=1e-6, epoch=1, pretrainedVectors=str(path), thread=1, verbose=0
    )
    np.testing.assert_allclose(model["kitten"], 2.0)
    np.testing.assert_allclose(model["cat"], 1.0, atol=1e-4)


def test_arguments_come_by_place_by_name_and_by_their_older_names():
    told = read_arguments(("text", 0.3), {"word_ngrams": 2, "label_prefix": "#"}, supervised=True)
    assert (told["input"], told["lr"], told["wordNgrams"], told["label"]) == ("text", 0.3, 2, "#")
    assert told["loss"] == "softmax"
    assert read_arguments(("text", "cbow"), {}, supervised=False)["model"] == "cbow"
    for wrong in ({"nonsense": 1}, {"input": "x"}):
        with pytest.raises(TypeError):
            read_arguments(("text",), wrong, supervised=True)
    with pytest.raises(TypeError, match="'input' is missing"):
        read_arguments((), {}, supervised=True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'autotuneValidationFile'"):
        read_arguments(("text",), {"autotuneValidationFile": "valid"}, supervised=False)
    with pytest.raises(ValueError, match="loss is 'ova'"):
        fasttext.train_unsupervised("text", loss="ova")


def test_autotune_searches_for_what_is_not_given(file, capsys):
    given = {"dim": 8, "bucket": 500, "maxn": 0, "seed": 3}
    values = read_arguments((file,), {**given, "autotuneValidationFile": file, "verbose": 3}, supervised=True)
    model = tune_labels(values, given, trials=4)
    assert (model.dim, model.get_dimension(), model.minn, model.maxn) == (8, 8, 0, 0)
    assert model.bucket == (500 if model.wordNgrams > 1 else 0)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Trial 1: score ")
    assert lines[0].endswith(" lr 0.1 dim 8 epoch 5 wordNgrams 1 minn 0 maxn 0 bucket 500")
    scores = [float(line.split()[3]) for line in lines]
    assert len(scores) == 4
    assert model.test(file)[1] == pytest.approx(max(scores))
    best = lines[scores.index(max(scores))]
    assert f" lr {model.lr} dim 8 epoch {model.epoch} wordNgrams {model.wordNgrams} " in best
    plain = fasttext.train_supervised(
        file, **given, lr=model.lr, epoch=model.epoch, wordNgrams=model.wordNgrams, thread=1, verbose=0
    )
    np.testing.assert_array_equal(plain.get_output_matrix(), model.get_output_matrix())


def test_autotune_under_its_name(file):
    told = {"autotuneValidationFile": file, "autotuneDuration": 1e-9, "autotuneMetric": "f1:__label__pet"}
    model = fasttext.train_supervised(file, epoch=3, dim=8, verbose=0, **told)
    assert (model.epoch, model.dim, model.lr) == (3, 8, 0.1)
    assert not any(name.startswith("autotune") for name in vars(model))
    for wrong, message in (
        ({"autotuneMetric": "f2"}, "the metric is 'f2'"),
        ({"autotuneMetric": "f1:__label__x"}, "asks for the label '__label__x'"),
        ({"autotuneDuration": 0}, "the duration is 0 seconds"),
        ({"autotunePredictions": 0}, "k is 0"),
        ({"autotuneModelSize": "2Q"}, "size of the model is '2Q'"),
        ({"autotuneModelSize": 2}, "autotuneModelSize is 2"),
        ({"autotuneModelSize": "1k"}, "a size of 1,000 bytes is asked for"),
        ({"autotuneValidationFile": 7}, "must be the path"),
    ):
        with pytest.raises(ValueError, match=message):
            fasttext.train_supervised(file, verbose=0, **told | wrong)


def test_autotune_shows_a_line_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with _tuning._shown(100.0, 2) as told:
        told.on_trial(
            Trial(settings=ClassifierSettings(), columns=None, score=math.nan, seconds=1.0, failure="no")
        )
        told.on_trial(Trial(settings=ClassifierSettings(), columns=2, score=0.5, seconds=1.0))
        told.on_trial(Trial(settings=ClassifierSettings(), columns=2, score=0.25, seconds=1.0))
        told.on_progress(None)
    shown = sys.stderr.getvalue()
    assert re.fullmatch(
        r"\rProgress: +\d+\.\d% Trials:    3 Best score:  0.500000 ETA:   0h [01]m[ \d]\ds\n", shown
    )


def test_names_that_went_are_told_of():
    for name in ("cbow", "skipgram", "supervised"):
        with pytest.raises(AttributeError, match="use train_"):
            getattr(fasttext, name)
    with pytest.raises(AttributeError, match="it offers"):
        fasttext.load  # noqa: B018
    assert fasttext.FastText.train_supervised is fasttext.train_supervised
    assert set(fasttext.__all__) <= set(dir(fasttext))
    with pytest.raises(ValueError, match="no model is given"):
        fasttext.FastText._FastText()


@pytest.mark.parametrize("train", [fasttext.train_supervised, fasttext.train_unsupervised])
def test_ctrl_c_reaches_the_script(train, file, monkeypatch):
    class Stop(Callback):
        def on_epoch_end(self, epoch):
            os.kill(os.getpid(), signal.SIGINT)

    @contextlib.contextmanager
    def bars(verbose):
        yield [Stop()]

    monkeypatch.setattr(_training, "bars", bars)
    with pytest.raises(KeyboardInterrupt):
        train(file, dim=4, bucket=50, minCount=1, epoch=5, thread=1)
