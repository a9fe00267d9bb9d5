import math

import numpy as np
import pytest

from firth.objectives import softmax
from firth.objectives.descent import Embeddings


@pytest.fixture
def rows():
    random = np.random.default_rng(4)
    return random.normal(size=3), random.normal(size=(7, 3))


def test_probabilities_are_the_softmax(rows):
    v, u = rows
    exponentials = [math.exp(row @ v) for row in u]
    expected = [e / sum(exponentials) for e in exponentials]
    assert softmax.probabilities(v, u).tolist() == pytest.approx(expected, rel=1e-12)


def test_probabilities_hold_for_huge_logits():
    assert softmax.probabilities([1e5], [[1.0], [0.0], [1.0]]).tolist() == [0.5, 0.0, 0.5]
    assert softmax.loss([1e5], [[1.0], [0.0]], 1) == 1e5


def test_loss_is_the_expanded_form(rows):
    v, u = rows
    expected = -(u[2] @ v - math.log(sum(math.exp(row @ v) for row in u)))
    assert softmax.loss(v, u, 2) == pytest.approx(expected, rel=1e-12)


def test_gradients_match_central_differences(rows, central_differences):
    v, u = rows
    gradient = softmax.gradients(v, u, 2)
    np.testing.assert_allclose(
        gradient.center, central_differences(lambda x: softmax.loss(x, u, 2), v), rtol=1e-6, atol=1e-6
    )
    np.testing.assert_allclose(
        gradient.output, central_differences(lambda x: softmax.loss(v, x, 2), u), rtol=1e-6, atol=1e-6
    )


def test_gradient_by_the_output_rows_has_rank_one_and_sums_to_zero(rows):
    """What tells a real softmax gradient from the made-up numbers of [003]'s first table."""
    gradient = softmax.gradients(*rows, 2).output
    assert np.linalg.matrix_rank(gradient) == 1
    np.testing.assert_allclose(gradient.sum(axis=0), 0, atol=1e-12)


def test_update_moves_every_output_row_and_one_input_row(rows):
    v, u = rows
    old = Embeddings(input=np.vstack([u + 1, v]), output=u)
    new = softmax.update(old, center_id=7, context_id=2, learning_rate=0.1)
    gradient = softmax.gradients(v, u, 2)
    np.testing.assert_allclose(new.output, u - 0.1 * gradient.output)
    np.testing.assert_allclose(new.input[7], v - 0.1 * gradient.center)
    assert np.array_equal(new.input[:7], old.input[:7])
    assert np.all(np.any(new.output != u, axis=1))
    assert softmax.loss(new.input[7], new.output, 2) < softmax.loss(v, u, 2)
