"""Weights that are no numbers come to light in the round that uses them; a corpus that changes under a run, too."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import firth
from firth.errors import CorpusError, TrainingError
from firth.training import Callback, overflow
from firth.training.glove import GloVeLearner
from firth.training.learners import make_learner
from firth.training.loop import run
from firth.training.plan import Plan
from firth.training.standing import Standing

COMMON = {"dim": 12, "min_count": 1, "epochs": 3, "seed": 3}
WINDOWS = {**COMMON, "subsample": 0}
MODELS = {
    "skipgram": firth.SkipGram(**WINDOWS),
    "skipgram-hogwild": firth.SkipGram(deterministic=False, **WINDOWS),
    "skipgram-hs": firth.SkipGram(loss="hierarchical-softmax", **WINDOWS),
    "skipgram-both": firth.SkipGram(loss="hierarchical-softmax+negative-sampling", **WINDOWS),
    "skipgram-softmax": firth.SkipGram(loss="softmax", **WINDOWS),
    "cbow": firth.CBOW(**WINDOWS),
    "fasttext": firth.FastText(buckets=300, **WINDOWS),
    "glove": firth.GloVe(**COMMON),
}


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch):
    monkeypatch.setattr("firth.training.plan.BLOCK_LENGTH", 512)
    monkeypatch.setattr(Plan, "round_length", property(lambda plan: plan.options.block_length))
    monkeypatch.setattr(GloVeLearner, "round_length", lambda learner, threads: 1)
    monkeypatch.setattr(overflow, "_FREQUENT", 16)  # of 500 words


def documents():
    """Words of a Zipf-like distribution, among them one that stands in the middle of the text only."""
    rng = np.random.default_rng(0)
    words = [[f"w{int(word)}" for word in rng.zipf(1.2, 40) % 500] for _ in range(100)]
    words[50][20] = words[51][20] = "rare"
    return words


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", MODELS)
def test_a_rare_row_that_is_no_number_is_found_in_the_round_that_uses_it(name, side, value):
    config = MODELS[name]
    with firth.corpus.encode(documents()) as corpus:
        vocabulary = corpus.vocabulary(min_count=1)
        learner = make_learner(corpus, config, vocabulary, threads=1)
        learner.initialise(None)
        row = vocabulary.words.find("rare")
        assert row > 2 * overflow._FREQUENT
        matrix = list(learner.weights.values())[side]
        row = min(row, matrix.shape[-2] - 1 - 2 * overflow._FREQUENT)
        matrix[..., row, 1] = value
        seen = []

        class Watch(Callback):
            def on_progress(self, progress):
                others = [np.delete(array, row, -2) for array in learner.weights.values()]
                seen.append(all(np.isfinite(array).all() for array in others))

        with pytest.raises(
            TrainingError, match=r"positions of epoch 1 in .*lower the learning rate"
        ) as caught:
            run(learner, threads=1, standing=Standing(), callbacks=[Watch()])
        assert str(caught.value).count("rows of") >= 1
        # No round has passed after which the evil had spread, unnoticed.
        assert all(seen)


def test_the_message_names_the_step_and_the_rows():
    with firth.corpus.encode(documents()) as corpus:
        vocabulary = corpus.vocabulary(min_count=1)
        learner = make_learner(corpus, MODELS["fasttext"], vocabulary, threads=1)
        learner.initialise(None)
        learner.weights["input rows"][0, [0, 5, 6, 7], 3] = np.inf
        learner.weights["input rows"][1, -1, 0] = np.nan
        learner.weights["output rows"][1, 2, 0] = -np.inf
        words = vocabulary.words
        with pytest.raises(TrainingError) as caught:
            overflow.check_weights(learner, Standing(epoch=2, position=512), all_rows=False)
        assert (
            f"weights are not finite any more after 512 of {len(corpus.ids):,} positions of epoch 3 in the input "
            f"rows of {words[0]!r}, {words[5]!r}, {words[6]!r} and 2 more and the output rows of {words[2]!r}: "
        ) in str(caught.value)


def test_a_text_that_is_changed_under_the_run_does_not_matter(tmp_path):
    """It was read before; what is trained is what was read."""

    class Change(Callback):
        def on_start(self, vocabulary):
            path.write_text("something else\n")

    text = "\n".join(" ".join(document) for document in documents())
    path = tmp_path / "corpus.txt"
    path.write_text(text)
    expected = firth.train(path, MODELS["skipgram"])
    changed = firth.train(path, MODELS["skipgram"], callbacks=[Change()])
    assert changed.input_embeddings.tobytes() == expected.input_embeddings.tobytes()


@pytest.mark.parametrize("deterministic", [True, False])
def test_an_encoded_corpus_that_is_changed_under_the_run_ends_it(deterministic):
    class Change(Callback):
        left = 3

        def on_progress(self, progress):
            self.left -= 1
            if not self.left:
                with Path(corpus.ids.filename).open("r+b") as file:
                    file.write(bytes(8))
                os.utime(corpus.ids.filename, ns=(1, 1))

    change = Change()
    config = firth.SkipGram(deterministic=deterministic, **WINDOWS)
    with (
        firth.corpus.encode(documents()) as corpus,
        pytest.raises(CorpusError, match="was changed while it was in use"),
    ):
        firth.train(corpus, config, callbacks=[change])
    assert change.left == 0
