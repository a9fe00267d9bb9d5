"""Classifiers of texts: what they learn, answer, save and refuse."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from firth.classifier import Classifier, ClassifierSettings, train_classifier
from firth.classifier.features import features, ngrams_of_words, split, word_hashes
from firth.classifier.scores import Meter
from firth.errors import ConfigError, CorpusError, FormatError, InputError, OutputError
from firth.formats import VectorTable
from firth.formats.fasttext_model import read_model
from firth.subwords import bucket
from firth.training.callbacks import Callback
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary
from firth.words import Words

LOSSES = ["softmax", "hierarchical-softmax", "one-vs-all", "negative-sampling"]
PETS = ["a cat sleeps", "the dog barks", "my cat purrs", "a dog sleeps"]
FOOD = ["a soup boils", "the bread bakes", "my soup cools", "a bread rises"]
CARS = ["the motor runs", "a wheel turns", "my motor stalls", "the wheel squeaks"]
TEXTS = [
    f"__label__{label} {text}"
    for pets, food, cars in zip(PETS, FOOD, CARS, strict=True)
    for label, text in (("pet", pets), ("food", food), ("car", cars))
] * 4
SMALL = {"dim": 8, "epochs": 25, "learning_rate": 0.5, "buckets": 500}


def trained(texts=TEXTS, **options):
    return train_classifier(texts, ClassifierSettings(**SMALL | options), threads=1)


@pytest.mark.parametrize("loss", LOSSES)
def test_each_loss_learns(loss, tmp_path):
    classifier = trained(loss=loss, word_ngrams=2, min_n=2, max_n=3)
    path = tmp_path / "test.txt"
    path.write_text("\n".join(TEXTS[:12]) + "\n__label__new a bird\nno label\n", "utf-8")
    judged = classifier.evaluate(path)
    assert (judged.n_texts, judged.precision, judged.recall) == (12, 1.0, 1.0)
    assert judged.by_label["__label__pet"].f1 == 1.0
    losses = [epoch.loss for epoch in classifier.history]
    assert len(losses) == 25
    assert losses[-1] < losses[0] / 2
    total = classifier.probabilities(["my dog runs"]).sum()
    assert loss in LOSSES[2:] or total == pytest.approx(1, abs=1e-6)


def test_labels_and_words_are_chosen_by_count():
    classifier = trained([*TEXTS, "__label__rare a b", "__label__rare a b c"], min_count=2, min_label_count=3)
    assert classifier.labels == ("__label__car", "__label__food", "__label__pet")
    words = list(classifier.model.words)
    assert words[0] == "</s>"
    assert "b" in words
    assert "c" not in words
    assert classifier.model.tokens == sum(len(text.split()) + 1 for text in TEXTS) + 9


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads():
    first, *others = (
        train_classifier(TEXTS, ClassifierSettings(**SMALL, word_ngrams=2, seed=seed), threads=threads).model
        for seed, threads in ((3, 1), (3, 2), (4, 1))
    )
    np.testing.assert_array_equal(first.rows, others[0].rows)
    np.testing.assert_array_equal(first.outputs, others[0].outputs)
    assert not np.array_equal(first.rows, others[1].rows)


def test_the_order_of_words_counts_with_pairs_only():
    texts = ["__label__ab a b", "__label__ba b a"] * 20
    pairs = trained(texts, word_ngrams=2)
    assert [found[0].label for found in pairs.predict(["a b", "b a"])] == ["__label__ab", "__label__ba"]
    single = trained(texts)
    np.testing.assert_allclose(*single.probabilities(["a b", "b a"]), atol=1e-6)


def test_one_vs_all_finds_several_labels_or_none():
    texts = ["__label__x __label__y both", "__label__x left", "__label__y right"] * 20
    classifier = trained(texts, loss="one-vs-all", epochs=60, learning_rate=1.0)
    both, left = classifier.predict(["both", "left"], k=-1, threshold=0.5)
    assert {label for label, _ in both} == {"__label__x", "__label__y"}
    assert [label for label, _ in left] == ["__label__x"]


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_saved_is_loaded(loss, tmp_path):
    classifier = trained(loss=loss, word_ngrams=2, min_n=1, max_n=2)
    path = tmp_path / "model.bin"
    classifier.save(path)
    again = Classifier.load(path)
    texts = [*PETS, "unheard-of words", "ça là 日本", "", "a \ud800 b"]
    np.testing.assert_array_equal(again.probabilities(texts), classifier.probabilities(texts))
    again.save(tmp_path / "again.bin")
    assert (tmp_path / "again.bin").read_bytes() == path.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        again.save(path)
    again.save(path, overwrite=True)
    assert again.history == ()


def test_one_text_is_answered_as_in_company():
    classifier = trained(word_ngrams=2, min_n=2, max_n=3)
    alone = [classifier.predict(text, k=-1) for text in PETS]
    together = classifier.predict(PETS, k=-1)
    for one, other in zip(alone, together, strict=True):
        assert [label for label, _ in one] == [label for label, _ in other]
        np.testing.assert_allclose([p for _, p in one], [p for _, p in other], rtol=1e-5)


def test_a_text_of_nothing_known_has_no_labels():
    model = trained(min_count=1).model
    words = [word for word in model.words if word != "</s>"]
    without_end = read_without_end(model, words)
    assert Classifier(without_end).predict("nothing known") == []
    assert not Classifier(without_end).text_vectors(["nothing"]).any()


def read_without_end(model, words):
    import dataclasses

    rows = model.words.find_all(words)
    return dataclasses.replace(
        model, words=model.words.take(rows), word_counts=model.word_counts[rows], rows=model.rows[rows]
    )


def test_known_vectors_are_started_from_and_their_words_known():
    vectors = WordVectors(
        VectorTable(Vocabulary(["cat", "kitten"]), np.array([[1.0] * 8, [0.9] * 8], np.float32))
    )
    classifier = train_classifier(
        TEXTS, ClassifierSettings(**SMALL | {"learning_rate": 1e-6}), init=vectors, threads=1
    )
    model = classifier.model
    np.testing.assert_allclose(model.rows[model.words.find("kitten")], 0.9)
    np.testing.assert_allclose(model.rows[model.words.find("cat")], 1.0, atol=1e-4)
    assert model.word_counts[model.words.find("kitten")] == 1
    with pytest.raises(ConfigError, match="8 dimensions, but dim is 9"):
        train_classifier(TEXTS, ClassifierSettings(dim=9), init=vectors)


def test_ctrl_c_leaves_what_there_is():
    class Stop(Callback):
        def on_epoch_end(self, epoch):
            if epoch.epoch == 2:
                os.kill(os.getpid(), signal.SIGINT)

    classifier = train_classifier(TEXTS, ClassifierSettings(**SMALL), callbacks=[Stop()], threads=1)
    assert not classifier.finished
    assert len(classifier.history) == 2
    assert classifier.predict("a cat")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "hinge"}, "loss is 'hinge', but must be 'softmax'"),
        ({"word_ngrams": 0}, "word_ngrams is 0"),
        ({"label_prefix": ""}, "label_prefix is ''"),
        ({"label_prefix": "a b"}, "label_prefix is 'a b'"),
        ({"held_out": 0.1}, "held_out"),
        ({"learning_rate": 0}, "learning_rate is 0"),
    ],
)
def test_settings_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        ClassifierSettings(**options)


def test_text_that_cannot_be_learned_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="no token begins with '__label__'"):
        trained(["a b", "c d"])
    with pytest.raises(CorpusError, match="no label occurs 5 times"):
        trained(["__label__a b", "__label__b c"], min_label_count=5)
    with pytest.raises(CorpusError, match="no line has both"):
        trained(["__label__a", "b c"], stop_words=("</s>",))
    with pytest.raises(CorpusError, match="text 1 is 7"):
        trained(["__label__a b", 7])
    with pytest.raises(CorpusError):
        train_classifier(tmp_path / "nowhere.txt")
    with pytest.raises(ConfigError, match="must be ClassifierSettings"):
        train_classifier(TEXTS, {"dim": 3})


def test_questions_that_cannot_be_answered_are_refused(tmp_path):
    classifier = trained()
    with pytest.raises(InputError, match="has a newline"):
        classifier.predict("a\nb")
    with pytest.raises(InputError, match="must be a string"):
        classifier.predict([3])
    with pytest.raises(InputError, match="k is 0"):
        classifier.predict("a", k=0)
    with pytest.raises(InputError, match="cannot read"):
        classifier.evaluate(tmp_path / "nowhere")
    with pytest.raises(FormatError):
        Classifier.load(tmp_path / "nowhere")


def test_files_and_texts_are_read_alike(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("\n".join(TEXTS) + "\n", "utf-8")
    settings = ClassifierSettings(**SMALL)
    from_file, from_files, from_texts = (
        train_classifier(source, settings, threads=1).model for source in (path, [path], TEXTS)
    )
    np.testing.assert_array_equal(from_file.rows, from_texts.rows)
    np.testing.assert_array_equal(from_file.rows, from_files.rows)


def test_words_are_split_at_the_white_space_of_ascii():
    assert split("a\u00a0b\tc\x0bd\x00e \u3000") == ["a\u00a0b", "c", "d", "e", "\u3000", "</s>"]


def test_hashes_of_words_are_those_of_ngrams():
    words = ["", "a", "</s>", "naïve", "日本", "x" * 50]
    assert word_hashes(Words.of(words)).tolist() == [bucket(word, 2**32) for word in words]


def test_runs_of_words_stay_within_their_text():
    hashes = word_hashes(Words.of(list("abcde")))
    texts, buckets = ngrams_of_words(hashes, np.array([0, 3, 3, 5]), 3, 1000)
    signed = [int(h) - 2**32 if h >= 2**31 else int(h) for h in hashes]

    def run(first, n):
        joined = signed[first]
        for h in signed[first + 1 : first + n]:
            joined = joined * 116_049_371 + h
        return joined % 2**64 % 1000

    wanted = [(0, run(0, 2)), (0, run(1, 2)), (2, run(3, 2)), (0, run(0, 3))]
    assert list(zip(texts.tolist(), buckets.tolist(), strict=True)) == wanted


def test_labels_are_no_words():
    classifier = trained()
    given = features(classifier.model, [split("__label__pet cat __label__unknown"), split("cat")])
    assert given.labels == [[classifier.labels.index("__label__pet")], []]
    first, second = itertools.pairwise(given.offsets)
    assert given.rows[slice(*first)].tolist() == given.rows[slice(*second)].tolist()


def test_curves_come_down_from_high_thresholds():
    meter = Meter(["x", "y"])
    meter.log([0], [(0, 0.9), (1, 0.2)])
    meter.log([1], [(1, 0.6), (0, 0.6)])
    meter.log([0], [(1, 0.8)])
    precision, recall = meter.curve(0)
    np.testing.assert_allclose(precision, [1.0, 0.5, 1.0])
    np.testing.assert_allclose(recall, [0.5, 0.5, 0.0])
    assert meter.precision_at_recall(0.5, 0) == 1.0
    assert meter.recall_at_precision(0.6) == pytest.approx(1 / 3)
    scores, right = meter.scores(0)
    assert (scores.tolist(), right.tolist()) == ([-1.0, 0.6, 0.9], [1.0, 0.0, 1.0])


def test_asking_needs_no_compiler(tmp_path):
    trained().save(tmp_path / "model.bin")
    code = f"""
import sys
from firth.classifier import Classifier
from firth.compat import fasttext
Classifier.load({str(tmp_path / "model.bin")!r}).predict("a cat")
fasttext.load_model({str(tmp_path / "model.bin")!r}).get_word_vector("cat")
assert not {{"numba", "llvmlite"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "model.bin"
    trained(word_ngrams=2).save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 997):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            read_model(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(FormatError, match="goes on"):
        read_model(path)
