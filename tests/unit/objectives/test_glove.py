"""GloVe's mathematics: the paper's formulas, gradients by central differences, and AdaGrad as its program has it."""

import math

import numpy as np
import pytest

from firth.objectives.glove import (
    Weights,
    adagrad_step,
    descend_records,
    difference,
    gradients,
    loss,
    weighting,
)

OPTIONS = {"x_max": 10.0, "exponent": 0.75}
NAMES = ("input", "output", "input_bias", "output_bias")


def record(dim, count):
    """Rows, biases and a count."""
    rng = np.random.default_rng([dim, int(100 * count)])
    center, context = rng.normal(size=(2, dim)) / np.sqrt(dim)
    return center, context, 0.3, -0.8, count


@pytest.fixture
def weights():
    rng = np.random.default_rng(4)
    return Weights(
        input=rng.normal(size=(5, 3)),
        output=rng.normal(size=(5, 3)),
        input_bias=rng.normal(size=5),
        output_bias=rng.normal(size=5),
    )


@pytest.fixture
def squares():
    rng = np.random.default_rng(5)
    return Weights(
        input=1 + rng.random((5, 3)),
        output=1 + rng.random((5, 3)),
        input_bias=1 + rng.random(5),
        output_bias=1 + rng.random(5),
    )


def copied(weights):
    return Weights(**{name: getattr(weights, name).copy() for name in NAMES})


def test_weighting_is_equation_9():
    counts = np.array([0.1, 1.0, 5.0, 10.0, 10.1, 1e9])
    expected = [(x / 10) ** 0.75 if x < 10 else 1.0 for x in counts]
    np.testing.assert_allclose(weighting(counts, **OPTIONS), expected, rtol=1e-14)


def test_weighting_has_the_three_properties_that_the_paper_asks_for():
    assert weighting(1e-12, **OPTIONS) * math.log(1e-12) ** 2 < 1e-6  # vanishes faster than log² grows
    assert np.all(np.diff(weighting(np.linspace(0.01, 20, 500), **OPTIONS)) >= 0)
    assert weighting(1e12, **OPTIONS) == 1


def test_loss_is_half_a_term_of_equation_8():
    w, v, b, c, x = record(5, 3.0)
    bracket = sum(w * v) + b + c - math.log(3.0)
    assert difference(w, v, b, c, x) == pytest.approx(bracket, rel=1e-14)
    assert loss(w, v, b, c, x, **OPTIONS) == pytest.approx(0.5 * 0.3**0.75 * bracket**2, rel=1e-14)
    assert loss(w, v, b, c, 20.0, **OPTIONS) == pytest.approx(0.5 * (bracket + math.log(3 / 20)) ** 2)


@pytest.mark.parametrize("dim", [1, 3, 97, 100, 300])
@pytest.mark.parametrize("count", [0.1, 2.5, 9.999, 10.0, 1234.5])
def test_gradients_match_central_differences(dim, count, central_differences):
    w, v, b, c, x = record(dim, count)
    gradient = gradients(w, v, b, c, x, **OPTIONS)
    tolerance = {"rtol": 1e-6, "atol": 1e-8}
    by_center = central_differences(lambda row: loss(row, v, b, c, x, **OPTIONS), w)
    by_context = central_differences(lambda row: loss(w, row, b, c, x, **OPTIONS), v)
    np.testing.assert_allclose(gradient.center, by_center, **tolerance)
    np.testing.assert_allclose(gradient.context, by_context, **tolerance)
    for by_bias in (
        central_differences(lambda bias: loss(w, v, float(bias), c, x, **OPTIONS), b),
        central_differences(lambda bias: loss(w, v, b, float(bias), x, **OPTIONS), c),
    ):
        assert gradient.bias == pytest.approx(float(by_bias), rel=1e-6, abs=1e-8)


def test_gradients_vanish_where_the_model_is_right():
    w, v = np.array([1.0, 2.0]), np.array([0.5, -0.25])
    gradient = gradients(w, v, 0.25, math.log(7.0) - 0.25, 7.0, **OPTIONS)
    assert np.abs([*gradient.center, *gradient.context, gradient.bias]).max() < 1e-15


def test_the_first_step_of_adagrad_is_the_learning_rate_times_the_gradient():
    weights, squares = adagrad_step([1.0, -2.0], [1.0, 1.0], [3.0, 0.0], 0.05)
    np.testing.assert_allclose(weights, [1.0 - 0.15, -2.0], rtol=1e-14)
    np.testing.assert_allclose(squares, [1.0 + 0.15**2, 1.0], rtol=1e-14)


@pytest.mark.parametrize("rate", [0.05, 0.5, 5.0])
def test_the_learning_rate_of_adagrad_cancels_out_in_the_long_run(rate):
    """Its squares contain the rate: after n equal gradients a step is 1/√n, whatever the rate."""
    weights, squares = np.zeros(1), np.ones(1)
    for _ in range(30_000):
        before = weights
        weights, squares = adagrad_step(weights, squares, [2.0], rate)
    assert float(before[0] - weights[0]) == pytest.approx(1 / math.sqrt(30_000), rel=0.01)


def test_a_record_moves_its_own_rows_and_biases_by_gradients_at_the_old_ones(weights, squares):
    old, before = copied(weights), copied(squares)
    total = descend_records(weights, squares, [(1, 3, 4.0)], learning_rate=0.5, **OPTIONS)
    values = (old.input[1], old.output[3], old.input_bias[1], old.output_bias[3], 4.0)
    assert total == loss(*values, **OPTIONS)
    gradient = gradients(*values, **OPTIONS)
    slopes = (gradient.center, gradient.context, gradient.bias, gradient.bias)
    for name, row, slope in zip(NAMES, (1, 3, 1, 3), slopes, strict=True):
        expected, summed = adagrad_step(getattr(old, name)[row], getattr(before, name)[row], slope, 0.5)
        np.testing.assert_array_equal(getattr(weights, name)[row], expected)
        np.testing.assert_array_equal(getattr(squares, name)[row], summed)
        others = [i for i in range(5) if i != row]
        np.testing.assert_array_equal(getattr(weights, name)[others], getattr(old, name)[others])
        np.testing.assert_array_equal(getattr(squares, name)[others], getattr(before, name)[others])


def test_records_are_taken_in_their_order(weights, squares):
    """Each sees what those before it have moved; a sum of gradients would not depend on the order."""
    records = [(0, 1, 2.0), (0, 1, 30.0), (2, 1, 0.5)]
    results = []
    for order in (records, records[::-1]):
        moved = copied(weights)
        descend_records(moved, copied(squares), order, learning_rate=0.5, **OPTIONS)
        results.append(moved.output)
    one_by_one, sums = copied(weights), copied(squares)
    for single in records:
        descend_records(one_by_one, sums, [single], learning_rate=0.5, **OPTIONS)
    np.testing.assert_array_equal(results[0], one_by_one.output)
    assert not np.allclose(results[0], results[1])


def test_descent_finds_counts_that_a_model_can_explain():
    """X = exp(w·w̃ + b + b̃) of some model: the loss goes to 0."""
    rng = np.random.default_rng(6)
    n, dim = 6, 3
    truth = rng.normal(size=(n, dim)) @ rng.normal(size=(dim, n)) + rng.normal(size=(n, 1)) + 1
    records = [(i, j, math.exp(truth[i, j])) for i in range(n) for j in range(n)]
    weights = Weights(
        input=rng.normal(size=(n, dim)) / dim,
        output=rng.normal(size=(n, dim)) / dim,
        input_bias=np.zeros(n),
        output_bias=np.zeros(n),
    )
    squares = Weights(
        input=np.ones((n, dim)), output=np.ones((n, dim)), input_bias=np.ones(n), output_bias=np.ones(n)
    )
    losses = [
        descend_records(weights, squares, records, learning_rate=0.5, **OPTIONS) / len(records)
        for _ in range(400)
    ]
    assert losses[0] > 0.3
    assert losses[-1] < 1e-3
