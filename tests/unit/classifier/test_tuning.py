"""Searching for the settings of a classifier."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import signal
import time

import numpy as np
import pytest

from firth.classifier import ClassifierSettings, train_classifier, tune_classifier
from firth.classifier.quantizing import rows_that_fit
from firth.classifier.scores import Meter, Metric
from firth.classifier.searching import Proposals
from firth.errors import ConfigError, CorpusError, InputError, TrainingError
from firth.training.callbacks import Callback

# Which of two words comes first is the label, which nothing but pairs can tell.
NOUNS = [f"w{n}" for n in range(12)]
TEXTS = [
    f"__label__{label} {words}"
    for number in range(160)
    for label, words in (
        ("ab", f"a b {NOUNS[number % 12]} {NOUNS[number * 5 % 12]}"),
        ("ba", f"b a {NOUNS[number % 12]} {NOUNS[number * 5 % 12]}"),
    )
]
START = ClassifierSettings(dim=10, buckets=10_000)
QUICK = ("dim", "buckets", "min_n", "max_n")


@pytest.fixture
def validation(tmp_path):
    path = tmp_path / "validation.txt"
    path.write_text(
        "\n".join(["__label__ab a b w3", "__label__ba b a w3", "no label", "__label__ab a b w7"] * 4) + "\n",
        "utf-8",
    )
    return path


def test_pairs_of_words_are_found_where_they_are_needed(validation):
    told = []
    tuned = tune_classifier(TEXTS, validation, START, fixed=QUICK, trials=8, threads=1, on_trial=told.append)
    assert tuned.finished
    assert tuned.trials == tuple(told)
    assert tuned.trials[0].settings == START
    assert tuned.trials[0].score < 0.9
    assert tuned.best.score == 1.0
    assert tuned.best.settings.word_ngrams > 1
    assert tuned.best.score == max(trial.score for trial in tuned.trials)
    assert tuned.classifier.evaluate(validation).total.f1 == 1.0


def test_what_is_kept_is_what_training_with_the_best_settings_gives(validation):
    tuned, again = (
        tune_classifier(TEXTS, validation, START, fixed=QUICK, trials=5, threads=threads)
        for threads in (1, 2)
    )
    assert [trial.settings for trial in tuned.trials] == [trial.settings for trial in again.trials]
    trained = train_classifier(TEXTS, tuned.best.settings, threads=1)
    for other in (again.classifier, trained):
        np.testing.assert_array_equal(tuned.classifier.model.rows, other.model.rows)
        np.testing.assert_array_equal(tuned.classifier.model.outputs, other.model.outputs)


def test_what_is_fixed_stays(validation):
    fixed = ("epochs", "learning_rate", *QUICK)
    start = dataclasses.replace(START, epochs=20, learning_rate=0.5)
    tuned = tune_classifier(TEXTS, validation, start, fixed=fixed, trials=50, threads=1)
    assert len(tuned.trials) == 3  # a step from 2, nothing twice
    assert {trial.settings.word_ngrams for trial in tuned.trials} == {1, 2, 3}
    for trial in tuned.trials:
        assert dataclasses.replace(trial.settings, word_ngrams=1) == start


def test_proposals_stay_within_limits_and_depend_on_the_seed():
    start = ClassifierSettings()
    drawn = {}
    for seed in (1, 1, 2):
        proposals = Proposals(dataclasses.replace(start, seed=seed), quantized=True, most_dim=64)
        best = proposals.next(None)
        found = [best, *(proposals.next(best) for _ in range(200))]
        assert len(set(found)) == len(found)
        for settings, columns in found:
            assert 10 <= settings.dim <= 64
            assert 1 <= settings.epochs <= 100
            assert 0.01 <= settings.learning_rate <= 5
            assert 1 <= settings.word_ngrams <= 5
            assert (settings.min_n, settings.max_n) in ((0, 0), (2, 5), (3, 6))
            assert columns in (1, 2, 4, 8)
        values = [(settings.learning_rate, settings.epochs) for settings, _ in found]
        assert drawn.setdefault(seed, values) == values
        assert len({settings.max_n for settings, _ in found}) == 3
    assert drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("given", "fixed", "expected"),
    [
        ({"min_n": 3}, ["min_n"], {(3, 6)}),
        ({"max_n": 4}, ["max_n"], {(2, 4), (3, 4)}),
        ({}, ["max_n"], {(0, 0)}),
        ({"min_n": 1, "max_n": 3}, ["min_n", "max_n"], {(1, 3)}),
        ({"min_n": 1, "max_n": 3}, [], {(0, 0), (1, 3), (2, 5), (3, 6)}),
    ],
)
def test_ngrams_fit_what_is_fixed(given, fixed, expected):
    proposals = Proposals(ClassifierSettings(**given), fixed)
    best = proposals.next(None)
    found = {(best.settings.min_n, best.settings.max_n)}
    for _ in range(60):
        settings = proposals.next(best).settings
        found.add((settings.min_n, settings.max_n))
    assert found == expected


def test_a_size_is_kept_to(validation, tmp_path):
    texts = [
        f"{text} {' '.join(f'x{(number * 7 + k) % 900}' for k in range(6))}"
        for number, text in enumerate(TEXTS)
    ]
    sizes = []
    for size in (26_000, 28_000):
        tuned = tune_classifier(texts, validation, START, fixed=QUICK, trials=2, size=size, threads=1)
        path = tmp_path / f"{size}.ftz"
        tuned.classifier.save(path)
        sizes.append(path.stat().st_size)
        assert size - 60 < sizes[-1] <= size
        assert tuned.classifier.is_quantized
        assert tuned.best.columns in (1, 2, 4, 8)
    assert tuned.best.score == Metric.parse("f1").score(tuned.classifier.meter(validation))
    with pytest.raises(
        InputError, match=r"a size of 5,000 bytes is asked for.* takes 20,640 or more: ask for more"
    ):
        tune_classifier(texts, validation, START, trials=1, size=5_000, threads=1)
    with pytest.raises(InputError, match="or for a smaller dim"):
        tune_classifier(texts, validation, START, fixed=QUICK, trials=1, size=5_000, threads=1)
    model = train_classifier(texts, START, threads=1).model
    with pytest.raises(InputError, match="set a smaller dim"):
        rows_that_fit(model, 12_000, 2)


def test_a_trial_that_fails_does_not_end_the_search(validation):
    class TooFast(Callback):
        calls = 0

        def on_progress(self, progress):
            self.calls += 1
            if self.calls == 1:
                raise TrainingError("the weights overflow")

    tuned = tune_classifier(TEXTS, validation, START, fixed=QUICK, trials=2, threads=1, callbacks=[TooFast()])
    assert tuned.trials[0].failure == "the weights overflow"
    assert math.isnan(tuned.trials[0].score)
    assert tuned.best == tuned.trials[1]
    with pytest.raises(InputError, match="must have at least 256 to be quantised"):
        tune_classifier(TEXTS, validation, START, fixed=("word_ngrams", *QUICK), size=30_000, threads=1)


@pytest.mark.parametrize("when", [1, 2])
def test_ctrl_c_keeps_the_best_so_far(when, validation):
    class Stop(Callback):
        epochs = 0

        def on_epoch_end(self, epoch):
            self.epochs += epoch.epoch == 1
            if self.epochs == when:
                os.kill(os.getpid(), signal.SIGINT)

    tuned = tune_classifier(TEXTS, validation, START, fixed=QUICK, threads=1, callbacks=[Stop()])
    assert not tuned.finished
    assert len(tuned.trials) == 1
    assert tuned.classifier.finished == (when == 2)
    assert tuned.classifier.predict("a b")


def test_the_first_trial_ends_however_short_the_time_is(validation):
    tuned = tune_classifier(TEXTS, validation, START, duration=1e-9, threads=1)
    assert len(tuned.trials) == 1
    assert tuned.classifier.finished


def test_a_trial_is_given_up_when_time_is_up(validation, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    tuned = tune_classifier(TEXTS, validation, START, fixed=QUICK, duration=8, threads=1)
    assert tuned.finished
    assert 1 <= len(tuned.trials) < 8


def meter():
    meter = Meter(["x", "y"])
    for right, said in (([0], [(0, 0.9)]), ([0], [(1, 0.8)]), ([1], [(1, 0.7)]), ([1], [(1, 0.6)])):
        meter.log(right, said)
    return meter


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("f1", 0.75),
        ("f1:x", 2 / 3),
        ("f1:y", 0.8),
        ("precisionAtRecall:25", 1.0),
        ("precisionAtRecall:70", 0.75),
        ("recallAtPrecision:75", 0.75),
        ("recallAtPrecision:100:x", 0.5),
        ("precisionAtRecall:50:y", 2 / 3),
    ],
)
def test_metrics(text, score):
    assert Metric.parse(text).score(meter()) == pytest.approx(score)


@pytest.mark.parametrize(
    "text", ["", "f2", "f1:", "precisionAtRecall", "recallAtPrecision:many", "precisionAtRecall:101", None]
)
def test_metrics_that_do_not_exist_are_refused(text):
    with pytest.raises(ConfigError, match="the metric is"):
        Metric.parse(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "f2"}, "the metric is 'f2', but must be f1"),
        (
            {"metric": "f1:__label__no"},
            "asks for the label '__label__no', which the text that is learned from",
        ),
        (
            {"metric": "f1:__label__c"},
            "asks for the label '__label__c', which .*validation.txt does not have",
        ),
        ({"duration": 0}, "the duration is 0 seconds, but must be above 0"),
        ({"duration": math.nan}, "the duration is nan"),
        ({"trials": 0}, "trials is 0"),
        ({"predictions": 0}, "k is 0"),
        ({"fixed": ["dimension"]}, "fixed names 'dimension', which is no setting"),
    ],
)
def test_what_cannot_be_searched_is_refused(options, message, validation):
    with pytest.raises(InputError, match=message):
        tune_classifier([*TEXTS, "__label__c c"], validation, START, **{"trials": 1, "threads": 1} | options)


def test_texts_without_labels_are_refused(tmp_path):
    path = tmp_path / "plain.txt"
    path.write_text("a b\n__label__other b a\n", "utf-8")
    with pytest.raises(
        InputError, match=r"plain.txt has no line with a label of the text that is learned from"
    ):
        tune_classifier(TEXTS, path, START, trials=1)
    with pytest.raises(InputError, match="nowhere"):
        tune_classifier(TEXTS, tmp_path / "nowhere", START, trials=1)
    with pytest.raises(CorpusError):
        tune_classifier(["a b"], path, START, trials=1)
    with pytest.raises(ConfigError, match="must be ClassifierSettings"):
        tune_classifier(TEXTS, path, {"dim": 3})
