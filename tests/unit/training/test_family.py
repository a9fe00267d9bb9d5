"""Every model and every loss from text to saved vectors: trained, saved, resumed, on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

import firth
from firth.errors import ConfigError, InputError
from firth.training import Callback
from firth.training.glove import GloVeLearner
from firth.training.plan import Plan

SMALL = {"dim": 12, "min_count": 1, "epochs": 3, "seed": 3}
WINDOWS = {**SMALL, "subsample": 0, "window": 3}
BOTH = "hierarchical-softmax+negative-sampling"
MODELS = {
    "skipgram-hs": firth.SkipGram(loss="hierarchical-softmax", **WINDOWS),
    "skipgram-both": firth.SkipGram(loss=BOTH, **WINDOWS),
    "skipgram-softmax": firth.SkipGram(loss="softmax", **WINDOWS),
    "cbow": firth.CBOW(**WINDOWS),
    "cbow-exact": firth.CBOW(cbow_gradient="exact", exclude_window_negatives=True, **WINDOWS),
    "cbow-sum-hs": firth.CBOW(combine="sum", loss="hierarchical-softmax", **WINDOWS),
    "cbow-softmax": firth.CBOW(loss="softmax", dynamic_window=False, **WINDOWS),
    "cbow-positions": firth.CBOW(position_weights=True, schedule="cosine", **WINDOWS),
    "fasttext": firth.FastText(buckets=300, noise_exponent=0.5, **WINDOWS),
    "fasttext-cbow-hs": firth.FastText(
        architecture="cbow", loss="hierarchical-softmax", buckets=300, schedule="constant", **WINDOWS
    ),
    "fasttext-cbow-both": firth.FastText(
        architecture="cbow", loss=BOTH, negatives=3, buckets=300, exclude_window_negatives=True, **WINDOWS
    ),
    "fasttext-softmax": firth.FastText(loss="softmax", buckets=300, **WINDOWS),
    "glove": firth.GloVe(window=3, **SMALL),
}
each_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture
def short_rounds(monkeypatch):
    """Rounds of one short block, so that there is something between them."""
    monkeypatch.setattr("firth.training.plan.BLOCK_LENGTH", 256)
    monkeypatch.setattr(Plan, "round_length", property(lambda plan: plan.options.block_length))
    monkeypatch.setattr(GloVeLearner, "round_length", lambda learner, threads: 1)


def documents():
    """Two kinds of documents that share few words."""
    rng = np.random.default_rng(1)
    kinds = [[f"{stem}{i}" for i in range(12)] for stem in ("sea", "hill")]
    return [[str(word) for word in rng.choice(kinds[i % 2], 12)] + ["and"] for i in range(200)]


class StopAfter(Callback):
    """Ask for the end as Ctrl-C does, after so many rounds."""

    def __init__(self, rounds):
        self.left = rounds

    def on_progress(self, progress):
        import signal

        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


@each_model
def test_words_of_one_kind_of_document_lie_together(name):
    model = firth.train(documents(), MODELS[name], threads=2)
    losses = [epoch.loss for epoch in model.history]
    assert losses[-1] < losses[0]
    vectors = model.vectors
    within = np.mean([vectors.similarity("sea0", f"sea{i}") for i in range(1, 12)])
    across = np.mean([vectors.similarity("sea0", f"hill{i}") for i in range(12)])
    assert within > across


@each_model
@pytest.mark.parametrize("threads", [2, 3, 8])
def test_the_same_seed_gives_the_same_bits(name, threads):
    one, other = (firth.train(documents(), MODELS[name], threads=n) for n in (1, threads))
    assert one.table.embeddings.tobytes() == other.table.embeddings.tobytes()
    assert [epoch.loss for epoch in one.history] == [epoch.loss for epoch in other.history]


@each_model
def test_an_interrupted_run_goes_on_to_the_same_bits(name, tmp_path, short_rounds):
    whole = firth.train(documents(), MODELS[name], output=tmp_path / "whole", threads=2)
    part = firth.train(
        documents(), MODELS[name], output=tmp_path / "part", threads=2, callbacks=[StopAfter(4)]
    )
    assert not part.finished
    resumed = firth.train(documents(), MODELS[name], output=tmp_path / "part", threads=2, resume=True)
    assert resumed.finished
    files = sorted(
        path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*.safetensors")
    )
    assert files == sorted(
        path.relative_to(tmp_path / "part") for path in (tmp_path / "part").rglob("*.safetensors")
    )
    for file in files:
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "part" / file).read_bytes(), file
    assert [e.loss for e in whole.history] == pytest.approx([e.loss for e in resumed.history], rel=1e-12)


@each_model
def test_what_is_saved_is_what_was_trained(name, tmp_path):
    model = firth.train(documents(), MODELS[name], output=tmp_path / "out")
    vectors = firth.load(tmp_path / "out")
    np.testing.assert_array_equal(vectors.embeddings, model.vectors.embeddings)
    assert vectors.metadata["settings"]["model"] == MODELS[name].NAME
    if model.table.output_embeddings is None:
        assert vectors.output_vectors is None
        with pytest.raises(
            InputError, match="keeps no output embeddings of words; train with negative sampling"
        ):
            _ = model.output_vectors
    else:
        np.testing.assert_array_equal(vectors.output_vectors.embeddings, model.output_vectors.embeddings)


@pytest.mark.parametrize("name", [name for name in MODELS if name.startswith("fasttext")])
def test_words_never_seen_have_vectors_of_their_n_grams(name, tmp_path):
    model = firth.train(documents(), MODELS[name], output=tmp_path / "out")
    for vectors in (model.vectors, firth.load(tmp_path / "out")):
        assert "seaside0" not in vectors
        assert vectors["seaside0"].shape == (12,)
        composed = vectors.subwords.known(vectors.vocabulary.words)
        np.testing.assert_allclose(composed, vectors.embeddings, atol=1e-6)


@pytest.mark.parametrize("name", ["skipgram-hs", "skipgram-softmax", "cbow", "fasttext"])
def test_a_document_of_weight_two_counts_as_if_it_stood_there_twice(name):
    model = firth.train(documents(), MODELS[name], weights=np.full(200, 2.0))
    plain = firth.train(documents(), MODELS[name])
    assert [e.pairs for e in model.history] == [2 * e.pairs for e in plain.history]


def test_a_document_of_weight_zero_is_not_learned_from():
    weights = [1.0 if i % 2 else 0.0 for i in range(200)]
    start = firth.train(documents(), firth.CBOW(**{**WINDOWS, "epochs": 1}), weights=[1.0] * 200).vectors
    model = firth.train(documents(), MODELS["skipgram-hs"], weights=weights, init=start)
    unchanged = [word for word in start if word.startswith("sea")]
    np.testing.assert_array_equal(model.vectors[unchanged], start[unchanged])
    assert np.any(model.vectors["hill1"] != start["hill1"])


def test_glove_refuses_weights_and_says_why():
    with pytest.raises(ConfigError, match="GloVe sums up pairs before it trains: repeat the documents"):
        firth.train(documents(), MODELS["glove"], weights=[1.0] * 200)


@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax", BOTH, "softmax"])
def test_given_vectors_are_where_training_starts(loss):
    config = firth.FastText(buckets=300, loss=loss, learning_rate=1e-9, min_learning_rate=0, **WINDOWS)
    start = firth.train(documents(), MODELS["fasttext"]).vectors
    model = firth.train(documents(), config, init=start)
    np.testing.assert_allclose(model.vectors.embeddings, start.embeddings, atol=1e-6)
    np.testing.assert_allclose(model.vectors["seaside"], start["seaside"], atol=1e-6)


def test_the_softmax_stays_calm_where_frequent_words_meet_a_high_rate():
    """All centers pull at the same rows in much the same direction, which undamped made the loss run away."""
    rng = np.random.default_rng(1)
    shares = 1.0 / np.arange(1, 301)
    words = np.array([f"w{i}" for i in range(300)])
    text = [words[rng.choice(300, 500, p=shares / shares.sum())].tolist() for _ in range(60)]
    config = firth.SkipGram(loss="softmax", dim=30, learning_rate=0.1, subsample=0, epochs=4, min_count=1)
    losses = [epoch.loss for epoch in firth.train(text, config).history]
    assert max(losses) < 4.9  # the entropy of the words is 4.4
