"""Documents held out: their loss, and runs that end when it falls no more."""

from __future__ import annotations

import itertools
import signal

import numpy as np
import pytest

import firth
from firth.corpus.holding_out import hold_out
from firth.errors import ConfigError, CorpusError
from firth.training import Callback

SMALL = {"dim": 12, "min_count": 1, "subsample": 0, "window": 3, "seed": 3, "epochs": 3, "held_out": 0.1}
MODELS = {
    "skipgram": firth.SkipGram(**SMALL),
    "skipgram-hogwild": firth.SkipGram(deterministic=False, **SMALL),
    "skipgram-hs": firth.SkipGram(loss="hierarchical-softmax", **SMALL),
    "skipgram-both": firth.SkipGram(loss="hierarchical-softmax+negative-sampling", **SMALL),
    "cbow-softmax": firth.CBOW(loss="softmax", **SMALL),
    "cbow-positions": firth.CBOW(position_weights=True, **SMALL),
    "fasttext": firth.FastText(buckets=300, **SMALL),
}


def documents(n=300, seed=1):
    rng = np.random.default_rng(seed)
    kinds = [[f"{stem}{i}" for i in range(12)] for stem in ("sea", "hill")]
    return [[str(word) for word in rng.choice(kinds[i % 2], 12)] + ["and"] for i in range(n)]


@pytest.mark.parametrize("name", MODELS)
def test_both_losses_are_told_and_saved(name, tmp_path):
    model = firth.train(documents(), MODELS[name], output=tmp_path / "out", threads=2)
    held_out = [epoch.held_out_loss for epoch in model.history]
    assert len(held_out) == 3
    assert held_out[-1] < held_out[0]
    for epoch in model.history:  # the documents are of one kind, so what is learned holds for all
        assert epoch.held_out_loss == pytest.approx(epoch.loss, rel=0.25)
    saved = firth.load(tmp_path / "out").metadata["history"]
    assert [epoch["held_out_loss"] for epoch in saved] == held_out


@pytest.mark.parametrize("name", MODELS)
def test_documents_held_out_are_never_trained_on(name):
    """The weights are those of a run on the others alone."""
    with firth.corpus.encode(documents()) as corpus:
        trained, held_out = hold_out(corpus, 0.1, seed=3)
        with trained, held_out:
            import dataclasses

            alone = firth.train(trained, dataclasses.replace(MODELS[name], held_out=0.0), threads=1)
            assert held_out.n_documents > 10
    model = firth.train(documents(), MODELS[name], threads=1)
    assert model.input_embeddings.tobytes() == alone.input_embeddings.tobytes()
    assert [e.loss for e in model.history] == [e.loss for e in alone.history]


def test_without_documents_held_out_there_is_no_such_loss():
    model = firth.train(documents(50), firth.SkipGram(**{**SMALL, "held_out": 0}))
    assert [epoch.held_out_loss for epoch in model.history] == [None] * 3


def test_the_loss_is_the_objective_of_the_documents_held_out():
    from firth.objectives.negative_sampling import loss, negative_weights

    config = firth.SkipGram(**{**SMALL, "epochs": 1, "held_out": 0.5, "dynamic_window": False, "window": 2})
    model = firth.train(documents(), config)
    v, u = model.input_embeddings.astype(float), model.output_embeddings.astype(float)
    noise = np.asarray(model.vocabulary.counts, float) ** 0.75
    noise /= noise.sum()
    total = pairs = 0
    with firth.corpus.encode(documents()) as corpus:
        trained, held_out = hold_out(corpus, 0.5, seed=3)
        with trained, held_out:
            ids = held_out.lookup_table(model.vocabulary)[held_out.ids]
            ends = np.flatnonzero(held_out.ids < 0)
            for begin, end in itertools.pairwise([-1, *ends]):
                document = ids[begin + 1 : end]
                for i, j in itertools.permutations(range(len(document)), 2):
                    if abs(i - j) <= 2:
                        weights = negative_weights(document[j], np.arange(len(noise)), scale=5.0) * noise
                        total += loss(v[document[i]], u[document[j]], u, weights=weights)
                        pairs += 1
    assert model.history[0].held_out_loss == pytest.approx(total / pairs, rel=0.02)


class Spoiled(Callback):
    """Makes the vectors worse after an epoch, so that the epochs before it were better."""

    def __init__(self, after):
        self.after = after
        self.learner = None
        self.embeddings = {}

    def on_epoch_end(self, epoch):
        weights = self.learner.weights["input rows"]
        self.embeddings[epoch.epoch] = weights.copy()
        if epoch.epoch >= self.after:
            weights *= -1.5


@pytest.fixture
def spoiled(monkeypatch):
    from firth.training import session

    spoiled, make = Spoiled(3), session.make_learner

    def making(*args, **options):
        spoiled.learner = make(*args, **options)
        return spoiled.learner

    monkeypatch.setattr(session, "make_learner", making)
    return spoiled


@pytest.mark.parametrize("output", [None, "out"])
@pytest.mark.parametrize(("epochs", "patience", "trained"), [(20, 2, 5), (20, 1, 4), (4, 3, 4)])
def test_a_run_ends_when_the_loss_falls_no_more_and_keeps_the_best(
    output, epochs, patience, trained, spoiled, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config = firth.SkipGram(**{**SMALL, "epochs": epochs, "patience": patience})
    model = firth.train(documents(), config, callbacks=[spoiled], output=output and tmp_path / output)
    assert model.finished
    assert [epoch.epoch for epoch in model.history] == list(range(1, trained + 1))
    assert model.state["best_epoch"] == 3
    dim = config.dim
    parts = spoiled.embeddings[3][:, :, : -(-dim // 16) * 8]
    best = np.concatenate(list(parts), axis=1)[:, :dim]
    np.testing.assert_array_equal(model.input_embeddings, best)
    assert sorted(path.name for path in tmp_path.iterdir()) == ([output] if output else [])


def test_patience_without_documents_to_watch_is_refused():
    with pytest.raises(ConfigError, match="patience is 2, but no documents are held out .* set held_out"):
        firth.SkipGram(patience=2)


@pytest.mark.parametrize("options", [{"held_out": 0.1}, {"patience": 2}, {"held_out": 0.1, "patience": 2}])
def test_glove_refuses_and_says_why(options):
    with pytest.raises(ConfigError, match="GloVe sums up the pairs of all documents before it trains"):
        firth.GloVe(**options)


def test_documents_without_pairs_are_refused():
    lonely = [["a"] if i % 2 else ["b"] for i in range(100)] + [["a", "b"]]
    with pytest.raises(CorpusError, match="documents held out have no pair: held_out is 0.1; raise it"):
        firth.train(lonely, firth.SkipGram(**SMALL))


@pytest.mark.parametrize("value", [-0.1, 0.6, 1, "0.1", True])
def test_shares_out_of_range_are_refused(value):
    with pytest.raises(ConfigError, match="held_out is .* but must be a number from 0 to 0.5"):
        firth.SkipGram(held_out=value)


def test_an_interrupted_run_still_knows_its_best_epoch(spoiled, tmp_path):
    class Interrupt(Callback):
        def on_epoch_end(self, epoch):
            if epoch.epoch == 4:
                signal.raise_signal(signal.SIGINT)

    config = firth.SkipGram(**{**SMALL, "epochs": 20, "patience": 2})
    whole = firth.train(documents(), config, callbacks=[spoiled], output=tmp_path / "whole")
    output = tmp_path / "part"
    part = firth.train(documents(), config, callbacks=[spoiled, Interrupt()], output=output)
    assert not part.finished
    assert sorted(p.name for p in tmp_path.iterdir()) == ["part", "part.checkpoints", "whole"]
    resumed = firth.train(documents(), config, callbacks=[spoiled], output=output, resume=True)
    assert resumed.state["best_epoch"] == whole.state["best_epoch"] == 3
    assert [epoch.epoch for epoch in resumed.history] == [1, 2, 3, 4, 5]
    assert resumed.input_embeddings.tobytes() == whole.input_embeddings.tobytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["part", "whole"]
