"""GloVe from a corpus to vectors: the float64 run of the same order, the same bits, interrupted runs, refusals."""

from __future__ import annotations

import gc
import os
import signal
import tempfile

import numpy as np
import pytest

import firth
from firth.corpus import encode
from firth.corpus.cooccurrence import count_cooccurrences
from firth.errors import ConfigError, CorpusError, FormatError, InputError, TrainingError
from firth.formats import VectorTable
from firth.objectives.glove import Weights, descend_records
from firth.training import Callback, glove, memory

TINY = firth.GloVe(dim=12, epochs=3, min_count=1, window=4, x_max=30.0, seed=3)


def documents(n=400, seed=0):
    """Two topics: words of one never stand beside words of the other."""
    rng = np.random.default_rng(seed)
    topics = (["king", "queen", "throne", "crown", "castle"], ["dog", "cat", "mouse", "tail", "fur"])
    return [[*rng.choice(topics[i % 2], 12)] for i in range(n)]


def many_words(n=30_000, n_words=300):
    """A corpus whose records lie in several strips."""
    rng = np.random.default_rng(8)
    return [[str(int(word)) for word in rng.zipf(1.3, n) % n_words]]


class InterruptAfter(Callback):
    """Sends this process the signal that Ctrl-C sends, after so many rounds."""

    def __init__(self, rounds):
        self.left = rounds

    def on_progress(self, progress):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def short_rounds(monkeypatch):
    """Rounds of a single position, or of a few, so that a small corpus has many."""
    monkeypatch.setattr(glove, "_NUMBERS_OF_A_ROUND", 200_000)


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def test_topics_part():
    model = firth.train(documents(), firth.GloVe(dim=16, min_count=1))
    for word, topic in (
        ("king", {"queen", "throne", "crown", "castle"}),
        ("dog", {"cat", "mouse", "tail", "fur"}),
    ):
        assert {near.word for near in model.vectors.neighbors(word, k=4)} == topic
    assert len(model.history) == 25
    assert model.history[-1].loss < 0.01 * model.history[0].loss
    assert {epoch.pairs for epoch in model.history} == {50}


def float64_run(source, config):
    """Train by the objective, on the counts as they come, from the weights that the learner starts with."""
    with encode(source, cache=False) as corpus:
        vocabulary = corpus.vocabulary(min_count=config.min_count)
        options = {
            name: getattr(config, name) for name in ("window", "distance_weighting", "symmetric", "seed")
        }
        with count_cooccurrences(corpus, vocabulary, **options) as counts:
            learner = glove.GloVeLearner(config, vocabulary, counts)
            learner.initialise(None)
            start = {name: part.astype(float) for name, part in learner._named_parts()}
            order = [
                tuple(record)
                for first, last in learner._stretches(0, learner.n_positions)
                for record in counts.records[first:last].tolist()
            ]
    weights = Weights(
        **{side: start[f"{side}_weights"] for side in ("input", "output")},
        **{f"{side}_bias": start[f"{side}_biases"] for side in ("input", "output")},
    )
    squares = Weights(
        **{side: start[f"{side}_squares"] for side in ("input", "output")},
        **{f"{side}_bias": start[f"{side}_bias_squares"] for side in ("input", "output")},
    )
    losses = [
        descend_records(
            weights, squares, order, x_max=config.x_max, exponent=config.weighting_exponent,
            learning_rate=config.learning_rate,
        ) / len(order)
        for _ in range(config.epochs)
    ]  # fmt: skip
    return weights.input + weights.output, losses


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"symmetric": False, "distance_weighting": False},
        {"x_max": 3.0, "weighting_exponent": 0.5, "window": 9},
    ],
)
def test_training_is_a_float64_run_on_the_same_counts(options):
    source = many_words(4000, 140)
    config = firth.GloVe(**{"dim": 5, "epochs": 2, "min_count": 3, "window": 3, "x_max": 20.0, **options})
    model = firth.train(source, config, threads=2)
    vectors, losses = float64_run(source, config)
    assert [epoch.loss for epoch in model.history] == pytest.approx(losses, rel=1e-4)
    np.testing.assert_allclose(model.vectors.embeddings, vectors, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("deterministic", [True, False])
def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(deterministic, short_rounds):
    config = firth.GloVe(dim=20, epochs=2, min_count=1, deterministic=deterministic)
    models = [firth.train(many_words(), config, threads=threads) for threads in (1, 2, 3, 8)]
    assert len({model.vectors.embeddings.tobytes() for model in models}) == 1
    assert len({tuple(epoch.loss for epoch in model.history) for model in models}) == 1
    other = firth.train(many_words(), firth.GloVe(dim=20, epochs=2, min_count=1, seed=2))
    assert other.vectors.embeddings.tobytes() != models[0].vectors.embeddings.tobytes()


def test_an_interrupted_run_is_saved_and_resumed_to_the_same_end(tmp_path, short_rounds):
    config = firth.GloVe(dim=12, epochs=3, min_count=1)
    whole = firth.train(many_words(), config, threads=1)
    output = tmp_path / "vectors"
    for rounds, threads in ((2, 1), (3, 2)):
        part = firth.train(
            many_words(),
            config,
            threads=threads,
            output=output,
            resume=True,
            callbacks=[InterruptAfter(rounds)],
        )
        assert not part.finished
        assert 0 < part.state["position"] < 16
        state = part.table.state
        np.testing.assert_array_equal(
            part.vectors.embeddings, state["input_weights"] + state["output_weights"]
        )
        assert firth.load(output).embeddings.tobytes() == part.vectors.embeddings.tobytes()
    rest = firth.train(many_words(), config, threads=3, output=output, resume=True)
    assert rest.finished
    assert rest.vectors.embeddings.tobytes() == whole.vectors.embeddings.tobytes()
    assert [epoch.loss for epoch in rest.history] == [epoch.loss for epoch in whole.history]
    assert firth.load(output).embeddings.tobytes() == whole.vectors.embeddings.tobytes()


def test_what_training_needs_is_kept_only_while_something_is_left_to_train(tmp_path, short_rounds):
    interrupted = firth.train(many_words(), TINY, callbacks=[InterruptAfter(2)])
    assert {name: part.shape for name, part in interrupted.table.state.items()} == {
        f"{side}_{name}": (300, 12) if name in ("weights", "squares") else (300,)
        for side in ("input", "output")
        for name in ("weights", "squares", "biases", "bias_squares")
    }
    finished = firth.train(many_words(), TINY, output=tmp_path / "vectors")
    assert not finished.table.state
    assert not (tmp_path / "vectors" / "firth" / "state.safetensors").exists()


def test_a_saved_run_that_lacks_weights_cannot_be_resumed(tmp_path, short_rounds):
    output = tmp_path / "vectors"
    firth.train(many_words(), TINY, output=output, callbacks=[InterruptAfter(2)])
    (output / "firth" / "state.safetensors").unlink()
    with pytest.raises(FormatError, match=r"lacks weights .*'input_weights'"):
        firth.train(many_words(), TINY, output=output, resume=True)


def test_resuming_with_other_settings_is_refused(tmp_path, short_rounds):
    output = tmp_path / "vectors"
    firth.train(many_words(), TINY, output=output, callbacks=[InterruptAfter(2)])
    with pytest.raises(InputError, match=r"x_max was 30.0 and is 10.0"):
        firth.train(
            many_words(),
            firth.GloVe(dim=12, epochs=3, min_count=1, window=4, seed=3),
            output=output,
            resume=True,
        )


def given_vectors(spoilt=False):
    """Vectors for the words of `documents`, with output embeddings that GloVe has no use for."""
    words = ["king", "queen", "throne", "crown", "castle", "dog", "cat", "mouse", "tail", "fur"]
    rows, outputs = np.random.default_rng(1).normal(size=(2, 10, 12)).astype(np.float32)
    if spoilt:
        rows[3, 5] = np.nan
    return firth.WordVectors(VectorTable(firth.Vocabulary(words), rows, outputs))


def test_init_starts_from_given_vectors():
    start = given_vectors()
    config = firth.GloVe(dim=12, epochs=1, min_count=1, learning_rate=1e-9)
    model = firth.train([*documents(), ["dog", "unicorn"]], config, init=start)
    for word in start.vocabulary:
        np.testing.assert_allclose(model.vectors[word], start[word], atol=1e-5)
    assert np.abs(model.vectors["unicorn"]).max() < 1 / 12
    with pytest.raises(InputError, match="none of the 2 words of the corpus is among the 10 initial vectors"):
        firth.train([["a", "b"]], config, init=start)
    with pytest.raises(InputError, match="not finite"):
        firth.train(documents(), config, init=given_vectors(spoilt=True))


def test_there_are_no_output_embeddings():
    model = firth.train(documents(20), TINY)
    with pytest.raises(InputError, match="keeps no output embeddings"):
        _ = model.output_embeddings
    assert model.vectors.output_vectors is None


def test_counting_is_told_before_training():
    class Recorder(Callback):
        def __init__(self):
            self.events, self.shares = [], []

        def on_count(self, share):
            self.events.append("count")
            self.shares.append(share)

        def on_start(self, vocabulary):
            self.events.append("start")

    recorder = Recorder()
    firth.train(documents(), TINY, callbacks=[recorder])
    assert recorder.events[-1] == "start"
    assert recorder.shares == sorted(recorder.shares)
    assert recorder.shares[-1] == 1


def test_rates_that_lead_astray_are_noticed(short_rounds, own_folder):
    with pytest.raises(
        TrainingError, match=r"the loss is (inf|nan) .* lower the learning rate, which is 10.0"
    ):
        firth.train(many_words(), firth.GloVe(dim=12, epochs=50, min_count=1, learning_rate=10.0))
    gc.collect()
    assert not any(own_folder.iterdir())


@pytest.mark.parametrize("rounds", [None, 2])
def test_no_temporary_file_is_left(rounds, own_folder, short_rounds):
    callbacks = [] if rounds is None else [InterruptAfter(rounds)]
    firth.train(many_words(), TINY, callbacks=callbacks)
    assert not any(own_folder.iterdir())


def test_a_failing_worker_ends_the_run_and_is_told(monkeypatch):
    kernel = glove.glove.train_glove

    def fail(thread, *arguments):
        if thread == 1:
            raise ZeroDivisionError("from a worker")
        return kernel(thread, *arguments)

    monkeypatch.setattr(glove.glove, "train_glove", fail)
    with pytest.raises(ZeroDivisionError, match="from a worker"):
        firth.train(many_words(), TINY, threads=2)


def test_what_cannot_be_learned_is_refused_with_the_remedy(monkeypatch):
    with pytest.raises(
        CorpusError, match="no pair to train on: no word of the vocabulary has another beside it"
    ):
        firth.train([["alone"], ["too"]], firth.GloVe(min_count=1))
    many = [[str(i) for i in range(200_000)]]
    with pytest.raises(
        ConfigError, match=r"memory_limit is 16,777,216, but to count 200,000 words takes at least"
    ):
        firth.train(many, firth.GloVe(dim=1, min_count=1, memory_limit=1 << 24))
    monkeypatch.setattr(memory, "_physical_memory", lambda: 1 << 20)
    with pytest.raises(
        TrainingError, match=r"300 words of dim 300 need 0.0 GiB, but this machine has 0.0 GiB"
    ):
        firth.train(many_words(), firth.GloVe(dim=300, min_count=1))
