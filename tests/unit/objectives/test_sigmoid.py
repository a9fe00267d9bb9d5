import math

import numpy as np
import pytest

from firth.objectives.sigmoid import log_sigmoid, sigmoid


@pytest.mark.parametrize("x", [-30.0, -2.0, -1e-3, 0.0, 0.5, 3.0, 30.0])
def test_matches_the_definition(x):
    assert float(sigmoid(x)) == pytest.approx(1 / (1 + math.exp(-x)), rel=1e-14)
    assert float(log_sigmoid(x)) == pytest.approx(-math.log1p(math.exp(-x)), rel=1e-14)


def test_holds_for_every_logit():
    """Neither overflows, and the logarithm stays exact where the sigmoid itself has rounded to 0."""
    ends = np.array([-np.inf, -1e308, -800.0, 800.0, 1e308, np.inf])
    assert sigmoid(ends).tolist() == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    assert log_sigmoid(ends).tolist() == [-np.inf, -1e308, -800.0, 0.0, 0.0, 0.0]
    assert float(sigmoid(-700.0)) == pytest.approx(math.exp(-700.0), rel=1e-14)


def test_symmetry():
    x = np.linspace(-40, 40, 161)
    np.testing.assert_allclose(sigmoid(x) + sigmoid(-x), 1.0, rtol=1e-15)


def test_derivatives():
    x, h = np.linspace(-6, 6, 49), 1e-5
    s = sigmoid(x)
    np.testing.assert_allclose((sigmoid(x + h) - sigmoid(x - h)) / (2 * h), s * (1 - s), atol=1e-9)
    np.testing.assert_allclose((log_sigmoid(x + h) - log_sigmoid(x - h)) / (2 * h), 1 - s, atol=1e-9)
