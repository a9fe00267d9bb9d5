"""The losses of the classifier: their gradients are the derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from firth.objectives.classification import binary_terms, gradients, hidden_vector, softmax_terms

ROWS = [0, 3, 3, 1]
CASES = [
    ([0, 1, 2, 3], 2),  # softmax
    ([0, 1, 2, 3], [0.0, 1.0, 0.0, 1.0]),  # one-vs-all
    ([3, 1], [1.0, 0.0]),  # a path
]


def matrices():
    draws = np.random.default_rng(3)
    return draws.normal(size=(5, 4)), draws.normal(size=(4, 4))


@pytest.mark.parametrize(("parts", "wanted"), CASES)
def test_gradients_are_the_derivatives(parts, wanted):
    inputs, outputs = matrices()
    found = gradients(inputs, outputs, ROWS, parts, wanted)
    for which, gradient in ((0, found.inputs), (1, found.outputs)):
        for place in np.ndindex(gradient.shape):
            losses = []
            for nudge in (1e-6, -1e-6):
                pair = [inputs.copy(), outputs.copy()]
                pair[which][place] += nudge
                losses.append(gradients(*pair, ROWS, parts, wanted).loss)
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-6, abs=1e-8)


def test_errors_of_the_softmax_sum_up_to_nothing():
    terms = softmax_terms([1000.0, 999.0, -5.0], 1)
    assert terms.errors.sum() == pytest.approx(0.0)
    assert terms.loss == pytest.approx(1.0 + np.log1p(np.exp(-1.0)))


def test_each_decision_has_an_error_of_its_own():
    terms = binary_terms([0.0, 2.0], [1.0, 0.0])
    np.testing.assert_allclose(terms.errors, [-0.5, 1 / (1 + np.exp(-2.0))])
    assert terms.loss == pytest.approx(np.log(2) + np.log1p(np.exp(2.0)))


def test_a_row_that_stands_twice_counts_twice():
    assert hidden_vector([[3.0], [0.0]], [0, 0, 1]).tolist() == [2.0]
