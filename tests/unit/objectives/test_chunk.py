"""The chunk's sum against its definition, written out a second time, and against central differences."""

import math

import numpy as np
import pytest

from firth.objectives.chunk import chunk_loss_and_gradients
from firth.objectives.window import window_gradients, window_loss

TOKENS = np.array([0, 3, 1, 3, 2, 0, 4, 1])
FIRST = np.array([0, 0, 0, 1, 3, 3, 5, 6])
LAST = np.array([2, 2, 4, 4, 5, 7, 6, 7])
NEGATIVE_IDS = np.array([3, 5, 5, 2])


@pytest.fixture
def embeddings():
    random = np.random.default_rng(1)
    return random.normal(size=(6, 4)), random.normal(size=(6, 4))


def run(v, u, *, centers=(1, 7), negative_ids=NEGATIVE_IDS, negatives=3):
    return chunk_loss_and_gradients(v, u, TOKENS, FIRST, LAST, centers, negative_ids, negatives=negatives)


def test_loss_is_the_sum_of_the_definition(embeddings):
    v, u = embeddings
    expected, pairs = 0.0, 0
    for i in range(1, 7):
        for j in range(len(TOKENS)):
            if j == i or not FIRST[i] <= j <= LAST[i]:
                continue
            pairs += 1
            logit = float(v[TOKENS[i]] @ u[TOKENS[j]])
            expected -= math.log(1 / (1 + math.exp(-logit)))
            for s in NEGATIVE_IDS:
                if s != TOKENS[j]:
                    expected -= 3 / 4 * math.log(1 / (1 + math.exp(float(v[TOKENS[i]] @ u[s]))))
    result = run(v, u)
    assert result.n_pairs == pairs == 16
    assert result.loss == pytest.approx(expected, rel=1e-12)


def test_gradients_match_central_differences(embeddings, central_differences):
    v, u = embeddings
    result = run(v, u)
    by_input = central_differences(lambda changed: run(changed, u).loss, v)
    by_output = central_differences(lambda changed: run(v, changed).loss, u)
    np.testing.assert_allclose(result.input_gradient, by_input, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(result.output_gradient, by_output, rtol=1e-6, atol=1e-6)


def test_rows_that_take_no_part_have_no_gradient(embeddings):
    result = run(*embeddings, centers=(1, 2))  # center 3, contexts 0 and 1, negatives 3, 5, 2
    assert np.flatnonzero(np.any(result.input_gradient, axis=1)).tolist() == [3]
    assert np.flatnonzero(np.any(result.output_gradient, axis=1)).tolist() == [0, 1, 2, 3, 5]


def test_a_draw_that_is_always_the_context_word_counts_nothing(embeddings):
    v, u = embeddings
    tokens = np.array([0, 1, 0])
    with_it = chunk_loss_and_gradients(
        v, u, tokens, np.array([1, 0, 1]), np.array([1, 2, 1]), (0, 1), np.array([1, 1]), negatives=5
    )
    assert with_it.n_pairs == 1
    assert with_it.loss == pytest.approx(np.logaddexp(0.0, -(v[0] @ u[1])))


def test_chunks_add_up(embeddings):
    whole, left, right = run(*embeddings), run(*embeddings, centers=(1, 4)), run(*embeddings, centers=(4, 7))
    assert left.n_pairs + right.n_pairs == whole.n_pairs
    assert left.loss + right.loss == pytest.approx(whole.loss)
    np.testing.assert_allclose(left.output_gradient + right.output_gradient, whole.output_gradient)
    np.testing.assert_allclose(left.input_gradient + right.input_gradient, whole.input_gradient)


def test_an_empty_chunk_is_nothing(embeddings):
    result = run(*embeddings, centers=(3, 3))
    assert (result.loss, result.n_pairs) == (0.0, 0)
    assert not result.input_gradient.any()
    assert not result.output_gradient.any()


def test_shared_draws_expect_what_fresh_draws_expect(embeddings):
    """Over all equally likely draws: S = 2 shared by the chunk against K = 1 anew for each pair."""
    v, u = embeddings
    shared = [run(v, u, negative_ids=np.array([a, b]), negatives=1) for a in range(6) for b in range(6)]
    loss, by_input, by_output = 0.0, np.zeros_like(v), np.zeros_like(u)
    for i in range(1, 7):
        for j in range(FIRST[i], LAST[i] + 1):
            if j == i:
                continue
            for draw in range(6):
                pair = v[TOKENS[i]], u, TOKENS[[j]], [[draw]]
                gradient = window_gradients(*pair)
                loss += window_loss(*pair) / 6
                by_input[TOKENS[i]] += gradient.center / 6
                by_output += gradient.output / 6
    assert np.mean([result.loss for result in shared]) == pytest.approx(loss)
    np.testing.assert_allclose(np.mean([result.input_gradient for result in shared], axis=0), by_input)
    np.testing.assert_allclose(np.mean([result.output_gradient for result in shared], axis=0), by_output)
