import numpy as np
import pytest

from firth.objectives.sampling import keep_probabilities, noise_distribution


def test_noise_follows_the_counts_to_the_power():
    counts = [100, 10, 1]
    total = 100**0.75 + 10**0.75 + 1
    assert noise_distribution(counts).tolist() == pytest.approx([c**0.75 / total for c in counts])


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 0.75, 1.0])
def test_noise_never_draws_a_word_that_does_not_occur(exponent):
    distribution = noise_distribution([5, 0, 3], exponent)
    assert distribution[1] == 0.0
    assert distribution.sum() == pytest.approx(1.0)


def test_noise_draws_alike_at_exponent_0_and_as_words_occur_at_1():
    assert noise_distribution([9, 1], 0.0).tolist() == [0.5, 0.5]
    assert noise_distribution([9, 1], 1.0).tolist() == [0.9, 0.1]


def test_subsampling_keeps_rare_words_and_thins_frequent_ones():
    counts = np.array([900_000, 99_990, 10, 0])
    kept = keep_probabilities(counts, 1e-4)
    ratio = 1e-4 / 0.9
    assert kept[0] == pytest.approx(ratio**0.5 + ratio)
    assert kept[0] < kept[1] < 1.0
    assert kept[2:].tolist() == [1.0, 1.0]


def test_subsampling_thins_words_that_occur_once():
    assert keep_probabilities([3, 1], 0.01)[1] == pytest.approx(0.2 + 0.04)


def test_subsampling_can_be_turned_off():
    assert keep_probabilities([10, 1], 0.0).tolist() == [1.0, 1.0]
