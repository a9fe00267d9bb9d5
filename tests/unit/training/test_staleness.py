"""How many centers are computed from the same weights: as many as the words bear."""

import numpy as np
import pytest

import firth
from firth.training.plan import make_plan
from firth.vocabulary import Vocabulary


def super_step(counts, **options):
    """Return how many centers the super-steps of a skip-gram over words with `counts` have."""
    words = Vocabulary([f"w{i}" for i in range(len(counts))], np.asarray(counts, np.int64))
    options = {"dim": 8, "subsample": 0, "min_count": 1} | options
    plan = make_plan(firth.SkipGram(**options), words, int(sum(counts)))
    return plan.options.n_chunks * plan.options.n_centers


def test_a_large_vocabulary_takes_whole_super_steps():
    assert super_step(np.full(20_000, 50)) == 128


def test_few_words_take_few_centers_and_more_of_them_more():
    sizes = [super_step(np.full(n, 100)) for n in (2, 10, 100, 1000)]
    assert sizes == sorted(set(sizes))
    assert sizes[0] <= 2
    assert sizes[1] < 32


def test_hubs_of_a_graph_are_damped_and_do_not_make_super_steps_smaller():
    """Of walks over packages one token in 27 is the same; 32 and 256 centers gave vectors of the same worth."""
    shares = np.array([0.037, 0.012, 0.011, 0.010, 0.009])
    counts = np.concatenate([shares * 1_000_000, np.full(9_000, 100)]).astype(np.int64)
    assert super_step(counts, window=10) == 128


@pytest.mark.parametrize("changed", [{"learning_rate": 0.1}, {"window": 20}, {"negatives": 20}])
def test_what_makes_steps_larger_makes_super_steps_smaller(changed):
    counts = np.full(300, 100)
    assert super_step(counts, **changed) < super_step(counts)
