import numpy as np
import pytest

from firth.objectives.negative_sampling import gradients, loss
from firth.objectives.sigmoid import sigmoid
from firth.objectives.window import window_gradients, window_loss

CONTEXTS = [1, 2, 1, 4]  # word 1 stands twice in the window
DRAWS = [[3, 2], [2, 5], [3, 3], [1, 4]]  # two draws equal their own context word


@pytest.fixture
def rows():
    random = np.random.default_rng(5)
    return random.normal(size=3), random.normal(size=(7, 3))


def test_loss_is_the_sum_over_the_pairs(rows):
    v, u = rows
    expected = (
        loss(v, u[1], u[[3, 2]]) + loss(v, u[2], u[[5]]) + loss(v, u[1], u[[3, 3]]) + loss(v, u[4], u[[1]])
    )
    assert window_loss(v, u, CONTEXTS, DRAWS) == pytest.approx(expected)


def test_gradients_match_central_differences(rows, central_differences):
    v, u = rows
    gradient = window_gradients(v, u, CONTEXTS, DRAWS)
    by_center = central_differences(lambda x: window_loss(x, u, CONTEXTS, DRAWS), v)
    by_output = central_differences(lambda x: window_loss(v, x, CONTEXTS, DRAWS), u)
    np.testing.assert_allclose(gradient.center, by_center, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(gradient.output, by_output, rtol=1e-6, atol=1e-6)
    assert not gradient.output[[0, 6]].any()


def test_a_word_that_stands_once_in_the_window_has_its_pairs_gradient(rows):
    """[001] eq. 7."""
    v, u = rows
    gradient = window_gradients(v, u, [1, 2], [[3], [4]])
    np.testing.assert_allclose(gradient.output[1], gradients(v, u[1], u[[3]]).positive)


def test_a_word_that_stands_twice_has_twice_its_pairs_gradient(rows):
    """[001] eq. 7 has no factor for it."""
    v, u = rows
    gradient = window_gradients(v, u, [1, 2, 1], [[3], [4], [5]])
    np.testing.assert_allclose(gradient.output[1], 2 * gradients(v, u[1], u[[3]]).positive)


M = 2  # the radius, so that a full window has 2M = 4 contexts


def by_noise_row(rows, contexts, draws, word):
    """The gradient by a drawn word's row, in units of one pair's gradient, [001] eq. 4."""
    v, u = rows
    of_one_pair = sigmoid(u[word] @ v) * v
    factors = window_gradients(v, u, contexts, draws).output[word] / of_one_pair
    assert np.allclose(factors, factors[0])
    return factors[0]


def test_factor_2m_needs_one_draw_that_a_full_window_shares(rows):
    """[001] eq. 8."""
    shared = [[6]] * (2 * M)
    assert by_noise_row(rows, [1, 2, 3, 4], shared, 6) == pytest.approx(2 * M)


@pytest.mark.parametrize(
    ("contexts", "draws", "factor"),
    [
        ([1, 2, 3, 4], [[6], [5], [5], [0]], 1),  # each pair draws anew
        ([1, 2, 3, 4], [[6], [5], [6], [0]], 2),
        ([1, 2, 3], [[6]] * 3, 3),  # shared, but the document ends
        ([1, 2, 6, 4], [[5], [6], [6], [6]], 1),  # the draw is also a context: 2 as noise, 1 as context
    ],
)
def test_factor_is_otherwise_the_number_of_draws(rows, contexts, draws, factor):
    """The right form of [001] eq. 8: a row collects b σ(u·v) v for b draws."""
    v, u = rows
    if 6 in contexts:
        gradient = window_gradients(v, u, contexts, draws).output[6]
        s = sigmoid(u[6] @ v)
        np.testing.assert_allclose(gradient, (factor * (s - 1) + 2 * s) * v)
    else:
        assert by_noise_row(rows, contexts, draws, 6) == pytest.approx(factor)
        assert factor != 2 * M
