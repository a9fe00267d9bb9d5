import pytest

import firth
from firth.training.schedule import learning_rate


def rates(schedule):
    config = firth.SkipGram(learning_rate=0.1, min_learning_rate=0.02, schedule=schedule)
    return [learning_rate(config, done) for done in (0.0, 0.25, 0.5, 1.0)]


def test_the_rate_falls_as_its_schedule_says():
    assert rates("linear") == pytest.approx([0.1, 0.08, 0.06, 0.02])
    assert rates("cosine") == pytest.approx([0.1, 0.06 + 0.04 * 2**-0.5, 0.06, 0.02])
    assert rates("constant") == [0.1] * 4
