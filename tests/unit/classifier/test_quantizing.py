"""Small classifiers: which rows are kept, what codes say, what is refused."""

from __future__ import annotations

import dataclasses
import random
import tracemalloc

import numpy as np
import pytest

from firth.classifier import Classifier, ClassifierSettings, quantize, train_classifier
from firth.classifier.product_quantizing import k_means, quantize_matrix
from firth.errors import InputError

TOPICS = [[f"{topic}{number}" for number in range(60)] for topic in ("red", "green", "blue")]


@pytest.fixture(scope="module")
def texts():
    draws = random.Random(1)
    return [
        f"__label__{label} " + " ".join(draws.choices(TOPICS[label], k=4) + draws.choices("abcdefgh", k=2))
        for label in (draws.randrange(3) for _ in range(400))
    ]


@pytest.fixture(scope="module")
def classifier(texts):
    settings = ClassifierSettings(dim=10, epochs=15, learning_rate=0.5, word_ngrams=2, buckets=4000)
    return train_classifier(texts, settings, threads=1)


@pytest.fixture(scope="module")
def file(texts, tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "texts.txt"
    path.write_text("\n".join(texts) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("options", [{}, {"norms": True}, {"columns": 3}, {"cutoff": 300}])
def test_codes_say_nearly_the_same(options, classifier, file, tmp_path):
    small = quantize(classifier, **options)
    assert small.is_quantized
    assert not classifier.is_quantized
    assert small.evaluate(file).precision > 0.97
    small.save(tmp_path / "small.ftz")
    classifier.save(tmp_path / "large.bin")
    assert (tmp_path / "small.ftz").stat().st_size < (tmp_path / "large.bin").stat().st_size / 3
    again = Classifier.load(tmp_path / "small.ftz")
    sample = ["red1 blue2", "green5", "nothing known"]
    np.testing.assert_array_equal(again.probabilities(sample), small.probabilities(sample))


def test_the_longest_rows_are_kept(classifier):
    small = quantize(classifier, cutoff=300).model
    lengths = np.linalg.norm(classifier.model.rows, axis=1)
    limit = np.sort(lengths)[-300]
    words = classifier.model.words
    kept = {word for word, length in zip(words, lengths, strict=False) if length >= limit} | {"</s>"}
    assert set(small.words) <= kept
    assert len(small.words) + len(small.bucket_ids) == 300
    assert small.pruned


def test_training_again_mends_what_was_lost(classifier, file):
    cut = quantize(classifier, cutoff=256).evaluate(file).precision
    again = quantize(classifier, cutoff=256, retrain_on=file, epochs=5, learning_rate=0.5, threads=1)
    assert again.evaluate(file).precision >= cut
    assert len(again.model.rows) == 256


def test_centroids_lie_where_points_do():
    draws = np.random.default_rng(1)
    places = draws.normal(size=(256, 2)) * 10
    points = draws.permutation(np.repeat(places, 20, axis=0) + draws.normal(size=(5120, 2)) * 1e-3)
    found = k_means(points, draws)
    distances = np.sqrt(np.square(points[:, None] - found[None]).sum(axis=2)).min(axis=1)
    assert np.median(distances) < 0.01


def test_a_matrix_of_few_different_rows_is_kept_as_it_is():
    matrix = np.repeat(np.random.default_rng(1).normal(size=(100, 5)), 5, axis=0).astype(np.float32)
    for norms in (False, True):
        found = quantize_matrix(matrix, columns=2, norms=norms)
        np.testing.assert_allclose(found.dense(), matrix, atol=1e-5)
        assert [part.shape for part in found.centroids] == [(256, 2), (256, 2), (256, 1)]


def test_what_cannot_be_quantised_is_refused(classifier, file):
    with pytest.raises(InputError, match="quantised already"):
        quantize(quantize(classifier))
    with pytest.raises(InputError, match="labels has 3 rows, but must have at least 256"):
        quantize(classifier, outputs=True)
    with pytest.raises(InputError, match="cutoff is 0"):
        quantize(classifier, cutoff=0)
    with pytest.raises(InputError, match="dsub is 11, but must be from 1 to 10"):
        quantize(classifier, columns=11)
    few = train_classifier(["__label__a b", "__label__c d"], ClassifierSettings(dim=4), threads=1)
    with pytest.raises(InputError, match="at least 256"):
        quantize(few)


def test_buckets_that_are_only_promised_take_no_memory(texts):
    """A pruned file keeps few rows and may name any number of buckets."""
    model = quantize(
        train_classifier(texts, ClassifierSettings(dim=4, epochs=1, word_ngrams=2)), cutoff=300
    ).model
    many = dataclasses.replace(model, settings=dataclasses.replace(model.settings, buckets=2**31 - 1))
    tracemalloc.start()
    try:
        assert Classifier(many).predict(texts[0])
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()
