import math

import numpy as np
import pytest

from firth.objectives.descent import Embeddings
from firth.objectives.negative_sampling import gradients, loss, negative_weights, probability, update
from firth.objectives.sigmoid import log_sigmoid, sigmoid

TOLERANCE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture
def rows():
    random = np.random.default_rng(2)
    return random.normal(size=5), random.normal(size=5), random.normal(size=(4, 5))


@pytest.fixture
def embeddings():
    random = np.random.default_rng(3)
    return Embeddings(input=random.normal(size=(6, 3)), output=random.normal(size=(6, 3)))


def test_probability_of_one_row_and_of_many():
    assert float(probability([1.0, 2.0], [3.0, -1.0])) == pytest.approx(1 / (1 + math.exp(-1)))
    assert probability([1.0], [[0.0], [1e6]]).tolist() == [0.5, 1.0]


def test_loss_is_what_the_sources_write(rows):
    v, u, noise = rows
    expected = -math.log(1 / (1 + math.exp(-(u @ v)))) - sum(
        math.log(1 - 1 / (1 + math.exp(-(u_k @ v)))) for u_k in noise
    )
    assert loss(v, u, noise) == pytest.approx(expected, rel=1e-12)


def test_loss_without_negatives_is_that_of_the_positive_word(rows):
    v, u, _ = rows
    assert loss(v, u, np.empty((0, 5))) == pytest.approx(-float(log_sigmoid(u @ v)))


@pytest.mark.parametrize("weights", [None, [0.3, 0.0, 2.0, 1.0]])
def test_gradients_match_central_differences(rows, weights, central_differences):
    v, u, noise = rows
    gradient = gradients(v, u, noise, weights=weights)
    by_center = central_differences(lambda x: loss(x, u, noise, weights=weights), v)
    by_positive = central_differences(lambda x: loss(v, x, noise, weights=weights), u)
    by_negatives = central_differences(lambda x: loss(v, u, x, weights=weights), noise)
    np.testing.assert_allclose(gradient.center, by_center, **TOLERANCE)
    np.testing.assert_allclose(gradient.positive, by_positive, **TOLERANCE)
    np.testing.assert_allclose(gradient.negatives, by_negatives, **TOLERANCE)


@pytest.mark.parametrize("x", [-3.0, -0.4, 0.0, 0.4, 3.0])
def test_derivative_by_the_logit_is_not_what_the_question_says(x):
    """[000] writes σ(σ-1) and σ(x)σ(-x); central differences say σ-1 and σ."""
    h, s = 1e-6, float(sigmoid(x))
    observed = -float(log_sigmoid(x + h) - log_sigmoid(x - h)) / (2 * h)
    noise = -float(log_sigmoid(-x - h) - log_sigmoid(-x + h)) / (2 * h)
    assert observed == pytest.approx(s - 1, abs=1e-6)
    assert noise == pytest.approx(s, abs=1e-6)
    assert abs(observed - s * (s - 1)) > 0.001
    assert abs(noise - s * (1 - s)) > 0.001


def test_gradient_by_the_positive_row_is_along_the_center(rows):
    """[001] eq. 3 prints it along u_o itself."""
    v, u, noise = rows
    gradient = gradients(v, u, noise).positive
    np.testing.assert_allclose(gradient, -(1 - sigmoid(u @ v)) * v)
    assert not np.allclose(gradient, -(1 - sigmoid(u @ v)) * u)


def test_weights_drop_the_positive_word_and_scale_the_others():
    assert negative_weights(2, [2, 1, 2, 0]).tolist() == [0.0, 1.0, 0.0, 1.0]
    assert negative_weights(1, [0, 1], scale=0.25).tolist() == [0.25, 0.0]


def test_update_subtracts_the_gradients(embeddings):
    new = update(embeddings, center_id=1, positive_id=1, negative_ids=[0, 3], learning_rate=0.1)
    gradient = gradients(embeddings.input[1], embeddings.output[1], embeddings.output[[0, 3]])
    np.testing.assert_allclose(new.input[1], embeddings.input[1] - 0.1 * gradient.center)
    np.testing.assert_allclose(new.output[1], embeddings.output[1] - 0.1 * gradient.positive)
    np.testing.assert_allclose(new.output[[0, 3]], embeddings.output[[0, 3]] - 0.1 * gradient.negatives)


def test_update_touches_no_other_row_and_leaves_the_old_ones(embeddings):
    before = Embeddings(input=embeddings.input.copy(), output=embeddings.output.copy())
    new = update(embeddings, center_id=1, positive_id=1, negative_ids=[0, 3], learning_rate=0.1)
    assert np.array_equal(embeddings.input, before.input)
    assert np.array_equal(embeddings.output, before.output)
    assert np.flatnonzero(np.any(new.input != before.input, axis=1)).tolist() == [1]
    assert np.flatnonzero(np.any(new.output != before.output, axis=1)).tolist() == [0, 1, 3]


def test_update_adds_up_what_a_repeated_draw_contributes(embeddings):
    """The update must be the gradient of the loss by the matrix, where a word drawn thrice is one row."""
    ids = [4, 2, 4, 4]
    new = update(embeddings, center_id=0, positive_id=5, negative_ids=ids, learning_rate=0.5)
    u, v = embeddings.output[4], embeddings.input[0]
    np.testing.assert_allclose(new.output[4], u - 0.5 * 3 * sigmoid(u @ v) * v)


def test_update_computes_every_gradient_from_the_old_rows(embeddings):
    """Writing the output rows first and reading them for the center's gradient would differ."""
    rate = 2.0
    new = update(embeddings, center_id=0, positive_id=1, negative_ids=[2], learning_rate=rate)
    v, (u, n) = embeddings.input[0], embeddings.output[[1, 2]]
    from_old = (sigmoid(u @ v) - 1) * u + sigmoid(n @ v) * n
    from_new = (sigmoid(u @ v) - 1) * new.output[1] + sigmoid(n @ v) * new.output[2]
    np.testing.assert_allclose(new.input[0], v - rate * from_old)
    assert not np.allclose(new.input[0], v - rate * from_new)


def test_update_ignores_a_draw_that_is_the_positive_word(embeddings):
    options = {"center_id": 0, "positive_id": 1, "learning_rate": 0.5}
    with_it = update(embeddings, negative_ids=[1, 2], **options)
    without_it = update(embeddings, negative_ids=[2], **options)
    np.testing.assert_allclose(with_it.output, without_it.output)
    np.testing.assert_allclose(with_it.input, without_it.input)


def test_update_counts_each_draw_as_its_weight_says(embeddings):
    new = update(
        embeddings, center_id=0, positive_id=1, negative_ids=[2, 3], learning_rate=0.1, weights=[0.5, 0.0]
    )
    u, v = embeddings.output[2], embeddings.input[0]
    np.testing.assert_allclose(new.output[2], u - 0.1 * 0.5 * sigmoid(u @ v) * v)
    assert np.array_equal(new.output[3], embeddings.output[3])


def test_update_works_on_float32_rows(embeddings):
    single = Embeddings(
        input=embeddings.input.astype(np.float32), output=embeddings.output.astype(np.float32)
    )
    new = update(single, center_id=0, positive_id=1, negative_ids=[2], learning_rate=0.1)
    assert (new.input.dtype, new.output.dtype) == (np.float64, np.float64)


def test_repeated_updates_bring_the_prediction_errors_to_zero(embeddings):
    """[003], notes on prediction error."""
    for _ in range(3000):
        embeddings = update(embeddings, center_id=0, positive_id=1, negative_ids=[2, 3], learning_rate=0.5)
    errors = probability(embeddings.input[0], embeddings.output[[1, 2, 3]]) - [1.0, 0.0, 0.0]
    assert np.abs(errors).max() < 0.01
