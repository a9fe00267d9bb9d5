import itertools

import numpy as np
import pytest

import firth
from firth.config.settings import CHOICES
from firth.training.plan import make_plan
from firth.training.schedule import learning_rate


def rates(schedule):
    config = firth.SkipGram(learning_rate=0.1, min_learning_rate=0.02, schedule=schedule)
    return [learning_rate(config, done) for done in (0.0, 0.25, 0.5, 1.0)]


def test_the_rate_falls_as_its_schedule_says():
    assert rates("linear") == pytest.approx([0.1, 0.08, 0.06, 0.02])
    assert rates("cosine") == pytest.approx([0.1, 0.06 + 0.04 * 2**-0.5, 0.06, 0.02])
    assert rates("constant") == [0.1] * 4


def test_a_cosine_differs_from_a_straight_line_within_one_epoch():
    """Also in a corpus that one round would hold, on whose two ends the rates of both lie."""
    rng = np.random.default_rng(3)
    words = np.array([f"w{i}" for i in range(40)])
    documents = [words[rng.integers(0, 40, 1_000)].tolist() for _ in range(270)]  # five blocks

    def trained(schedule):
        config = firth.SkipGram(dim=4, window=1, negatives=1, shared_negatives=4, epochs=1, schedule=schedule)
        return firth.train(documents, config, threads=1).vectors.embeddings

    assert np.abs(trained("cosine") - trained("linear")).max() > 1e-3


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
def test_the_rate_follows_its_schedule_from_round_to_round(schedule):
    vocabulary = firth.Vocabulary(["a", "b"], np.array([500_000, 500_000]))
    config = firth.SkipGram(dim=4, epochs=2, schedule=schedule)
    plan = make_plan(config, vocabulary, 3_000_000)
    bounds = np.append(np.arange(0, plan.n_positions, plan.round_length), plan.n_positions)
    ways = np.linspace(0, 1, 9)
    for start, stop in itertools.pairwise(bounds.tolist()):
        trained = np.interp(ways, [0, 1], [plan.learning_rate(0, start), plan.learning_rate(0, stop)])
        told = [learning_rate(config, (start + way * (stop - start)) / plan.n_positions / 2) for way in ways]
        np.testing.assert_allclose(trained, told, atol=2e-3 * config.learning_rate)
