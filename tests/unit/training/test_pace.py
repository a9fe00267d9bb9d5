import numpy as np
import pytest

import firth
from firth.training import pace as pace_module
from firth.training.pace import Pace


def rounds(pace, n, *, speed, cores):
    """Let `n` rounds of a machine pass; return the threads of each.

    `speed` gives the positions per second by threads, and `cores` is how many cores the threads get at the most.
    """
    taken = []
    for _ in range(n):
        taken.append(pace.threads)
        pace.note(
            positions=round(speed(pace.threads) * 0.25),
            seconds=0.25,
            cpu_seconds=0.25 * min(cores, pace.threads),
        )
    return taken


def test_free_cores_are_all_used():
    assert set(rounds(Pace(8), 300, speed=lambda threads: threads * 1e6, cores=8)) == {8}


def test_busy_cores_take_fewer_threads():
    pace = Pace(2)
    taken = rounds(pace, 50, speed=lambda threads: 1e6 / threads, cores=1.2)
    assert pace.threads == 1
    assert taken.count(2) <= 5


def test_more_threads_than_cores_come_down_step_by_step():
    taken = rounds(Pace(16), 30, speed=lambda threads: 1e6 if threads <= 2 else 1e5 / threads, cores=2)
    assert taken[-1] == 2 or taken[-2] == 2
    assert [threads for i, threads in enumerate(taken) if threads not in taken[:i]][:4] == [16, 8, 4, 2]


def test_cores_that_are_free_again_are_used_again():
    pace = Pace(4)
    rounds(pace, 20, speed=lambda threads: 1e6 / threads, cores=1)
    assert pace.threads < 4
    rounds(pace, 200, speed=lambda threads: threads * 1e6, cores=4)
    assert pace.threads == 4


def test_a_trial_that_fails_is_rarely_made_again():
    """Two threads on one core that do not hinder each other: nothing is to be gained."""
    taken = rounds(Pace(2), 1000, speed=lambda threads: 1e6, cores=1)
    assert 1 <= taken.count(1) < 25


def test_rounds_too_short_to_measure_change_nothing():
    pace = Pace(2)
    for _ in range(100):
        pace.note(positions=1000, seconds=0.01, cpu_seconds=0.001)
    assert pace.threads == 2


@pytest.mark.parametrize(
    "loss",
    ["negative-sampling", "hierarchical-softmax", "hierarchical-softmax+negative-sampling", "softmax"],
)
def test_the_number_of_threads_may_change_in_a_run_and_the_bits_do_not(loss, monkeypatch):
    random = np.random.default_rng(7)
    text = [" ".join(f"w{word}" for word in random.integers(0, 60, 400)) for _ in range(40)]
    config = firth.SkipGram(dim=9, epochs=2, min_count=1, subsample=0, loss=loss)
    monkeypatch.setattr("firth.training.plan.BLOCK_LENGTH", 1024)
    monkeypatch.setattr("firth.training.windows.WindowLearner.round_length", lambda self, threads: 2048)
    wanted = firth.train(text, config, threads=1).vectors.embeddings
    seen = []

    def change(pace, *, positions, seconds, cpu_seconds):
        seen.append(pace.threads)
        pace.threads = (1, 4, 2, 3)[len(seen) % 4]

    monkeypatch.setattr(pace_module.Pace, "note", change)
    found = firth.train(text, config, threads=4).vectors.embeddings
    assert set(seen) == {1, 2, 3, 4}
    np.testing.assert_array_equal(found, wanted)
