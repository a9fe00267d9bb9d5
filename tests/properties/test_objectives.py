"""What holds for all weights: Goldberg and Levy's trivial solutions, and the signs of the gradients."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from firth.objectives.descent import Embeddings
from firth.objectives.negative_sampling import gradients, loss, probability, update
from firth.objectives.sigmoid import log_sigmoid, sigmoid
from firth.objectives.window import window_gradients, window_loss

BOUNDED = settings(deadline=None, max_examples=60)
weights = st.floats(-2.0, 2.0, allow_subnormal=False)


def matrices(*shape):
    return arrays(np.float64, shape, elements=weights)


def loss_of_the_data(v, u, pairs):
    """Goldberg and Levy's objective without D', as a loss: -Σ log σ(v_c·v_w) over the observed pairs."""
    return -sum(float(log_sigmoid(u[c] @ v[w])) for w, c in pairs)


ALL_PAIRS = [(w, c) for w in range(3) for c in range(4)]


@BOUNDED
@given(
    direction=arrays(np.float64, (5,), elements=st.floats(0.1, 1.0)),
    observed=st.sets(st.sampled_from(ALL_PAIRS), min_size=1),
)
def test_without_noise_one_vector_for_all_words_is_a_perfect_solution(direction, observed):
    """[002] "Adding Negative Samples": every pair, seen or not, runs to +∞ and the loss to 0."""

    def solution(scale):
        return np.tile(scale * direction, (3, 1)), np.tile(scale * direction, (4, 1))

    losses = [loss_of_the_data(*solution(scale), observed) for scale in (1.0, 2.0, 4.0, 8.0)]
    assert all(later < earlier for earlier, later in itertools.pairwise(losses))
    v, u = solution(100.0)
    assert loss_of_the_data(v, u, observed) < 1e-20
    assert np.all(probability(v[0], u) == 1.0)  # the pairs that were never observed as well


@BOUNDED
@given(direction=arrays(np.float64, (5,), elements=st.floats(0.1, 1.0)))
def test_with_noise_the_same_solution_costs_without_bound(direction):
    losses = []
    for scale in (1.0, 4.0, 16.0, 64.0):
        row = scale * direction
        losses.append(loss(row, row, [row, row]))
    assert all(later > earlier for earlier, later in itertools.pairwise(losses))
    assert losses[-1] > 100


def descend(v, u, *, noise, steps=400, rate=0.5):
    """Full-batch descent on the pairs (0, 0), (1, 1), (2, 2), each against `noise` (or nothing)."""
    for _ in range(steps):
        v_gradient, u_gradient = np.zeros_like(v), np.zeros_like(u)
        for w in range(3):
            ids = [c for c in range(3) if c != w] if noise else []
            gradient = gradients(v[w], u[w], u[ids])
            v_gradient[w] += gradient.center
            u_gradient[w] += gradient.positive
            u_gradient[ids] += gradient.negatives
        v, u = v - rate * v_gradient, u - rate * u_gradient
    return v, u


def test_descent_without_noise_finds_the_trivial_solution_and_with_noise_does_not():
    """From a start where all logits are positive, as training itself meets it."""
    random = np.random.default_rng(6)
    v, u = random.uniform(0.1, 0.5, (3, 4)), random.uniform(0.1, 0.5, (3, 4))
    trivial_v, trivial_u = descend(v, u, noise=False)
    assert np.all(probability(trivial_v[0], trivial_u) > 0.97), "pairs never observed count as observed"
    further_v, further_u = descend(trivial_v, trivial_u, noise=False)
    assert np.all(further_v @ further_u.T > trivial_v @ trivial_u.T), "every logit goes on growing"
    told_apart_v, told_apart_u = descend(v, u, noise=True)
    logits = told_apart_v @ told_apart_u.T
    assert np.all(np.diag(logits) > 2)
    assert np.all(logits[~np.eye(3, dtype=bool)] < -2)


@BOUNDED
@given(positives=st.integers(1, 50), draws=st.floats(0.1, 200.0))
def test_prediction_errors_of_a_pair_balance_and_do_not_vanish(positives, draws):
    """Over a corpus a pair is both observed and drawn: its best logit is finite, log(#pair / #draws)."""
    best = np.log(positives / draws)

    def cost(x):
        return -positives * float(log_sigmoid(x)) - draws * float(log_sigmoid(-x))

    assert cost(best) < min(cost(best - 0.01), cost(best + 0.01))
    errors = positives * (sigmoid(best) - 1), draws * sigmoid(best)
    assert sum(errors) == pytest.approx(0, abs=1e-9)
    assert errors[1] > 0.05


@BOUNDED
@given(v=matrices(3), u=matrices(3), noise=matrices(2, 3))
def test_loss_is_never_negative_and_a_small_step_lowers_it(v, u, noise):
    gradient = gradients(v, u, noise)
    size = float(gradient.center @ gradient.center + gradient.positive @ gradient.positive)
    size += float((gradient.negatives**2).sum())
    assume(size > 1e-6)
    before = loss(v, u, noise)
    old = Embeddings(input=v[np.newaxis], output=np.vstack([u, noise]))
    new = update(old, center_id=0, positive_id=0, negative_ids=[1, 2], learning_rate=1e-4)
    assert 0.0 <= loss(new.input[0], new.output[0], new.output[1:]) < before


@BOUNDED
@given(
    v=matrices(2),
    u=matrices(5, 2),
    contexts=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    data=st.data(),
)
def test_gradient_of_a_window_is_the_sum_of_its_pairs(v, u, contexts, data):
    draws = data.draw(
        st.lists(
            st.lists(st.integers(0, 4), min_size=2, max_size=2),
            min_size=len(contexts),
            max_size=len(contexts),
        )
    )
    center, output, total = np.zeros(2), np.zeros((5, 2)), 0.0
    for context, drawn in zip(contexts, draws, strict=True):
        noise_ids = [n for n in drawn if n != context]
        gradient = gradients(v, u[context], u[noise_ids])
        center += gradient.center
        output[context] += gradient.positive
        np.add.at(output, noise_ids, gradient.negatives)
        total += loss(v, u[context], u[noise_ids])
    window = window_gradients(v, u, contexts, draws)
    np.testing.assert_allclose(window.center, center, atol=1e-12)
    np.testing.assert_allclose(window.output, output, atol=1e-12)
    assert window_loss(v, u, contexts, draws) == pytest.approx(total)
