import numpy as np
import pytest

from firth.objectives import fasttext, negative_sampling, softmax
from firth.objectives.cbow import hidden, position_gradients, row_gradients, row_scale, update
from firth.objectives.descent import Embeddings

DIMS = [1, 3, 97, 100, 300]
TOLERANCE = {"rtol": 1e-6, "atol": 1e-7}


def weights_of(dim, n_contexts=4):
    random = np.random.default_rng([dim, n_contexts])
    rows, positions, output = (random.normal(size=(n, dim)) for n in (n_contexts, n_contexts, 4))
    return rows / np.sqrt(dim), positions, output


def cbow_loss(rows, output, **how):
    return negative_sampling.loss(hidden(rows, **how), output[0], output[1:])


def hidden_gradient(rows, output, **how):
    return negative_sampling.gradients(hidden(rows, **how), output[0], output[1:]).center


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_exact_gradient_is_the_derivative_and_the_other_a_multiple(
    dim, mean, weighted, central_differences
):
    rows, positions, output = weights_of(dim)
    how = {"mean": mean, "position_weights": positions if weighted else None}
    by_hidden = hidden_gradient(rows, output, **how)
    exact = row_gradients(by_hidden, 4, cbow_gradient="exact", **how)
    np.testing.assert_allclose(
        exact, central_differences(lambda x: cbow_loss(x, output, **how), rows), **TOLERANCE
    )
    whole = row_gradients(by_hidden, 4, cbow_gradient="word2vec", **how)
    np.testing.assert_allclose(whole, (4 if mean else 1) * exact, rtol=1e-12)


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("mean", [True, False])
def test_gradient_of_position_weights_matches_central_differences(dim, mean, central_differences):
    rows, positions, output = weights_of(dim)
    by_hidden = hidden_gradient(rows, output, mean=mean, position_weights=positions)
    expected = central_differences(
        lambda x: cbow_loss(rows, output, mean=mean, position_weights=x), positions
    )
    np.testing.assert_allclose(position_gradients(by_hidden, rows, mean=mean), expected, **TOLERANCE)
    whole = position_gradients(by_hidden, rows, mean=mean, cbow_gradient="word2vec")
    np.testing.assert_allclose(whole, (4 if mean else 1) * expected, **TOLERANCE)


def test_hidden_vector_of_one_context_is_its_row_and_of_several_their_mean_or_sum():
    rows = np.array([[1.0, 2.0], [3.0, -4.0]])
    assert hidden(rows[:1]).tolist() == [1.0, 2.0]
    assert hidden(rows).tolist() == [2.0, -1.0]
    assert hidden(rows, mean=False).tolist() == [4.0, -2.0]
    assert hidden(rows, mean=False, position_weights=[[1.0, 0.0], [2.0, 1.0]]).tolist() == [7.0, -4.0]


def test_row_scale_is_one_but_for_the_derivative_of_a_mean():
    assert row_scale(4, mean=True, cbow_gradient="exact") == 0.25
    assert row_scale(4, mean=True, cbow_gradient="word2vec") == 1.0
    assert row_scale(4, mean=False, cbow_gradient="exact") == 1.0
    assert row_scale(4, mean=False, cbow_gradient="word2vec") == 1.0


@pytest.mark.parametrize("dim", [1, 3, 97])
def test_softmax_takes_the_hidden_vector_for_the_center(dim, central_differences):
    rows, _, output = weights_of(dim)
    gradient = softmax.gradients(hidden(rows), output, 2)
    by_rows = row_gradients(gradient.center, 4)
    expected = central_differences(lambda x: softmax.loss(hidden(x), output, 2), rows)
    np.testing.assert_allclose(by_rows, expected, **TOLERANCE)
    by_output = central_differences(lambda x: softmax.loss(hidden(rows), x, 2), output)
    np.testing.assert_allclose(gradient.output, by_output, **TOLERANCE)


def embeddings():
    random = np.random.default_rng(7)
    return Embeddings(input=random.normal(size=(6, 3)), output=random.normal(size=(6, 3)))


@pytest.mark.parametrize(("mode", "factor"), [("word2vec", 1.0), ("exact", 1 / 3)])
def test_update_steps_in_every_occurrence_of_a_context_word(mode, factor):
    old = embeddings()
    new = update(
        old, center_id=0, context_ids=[1, 4, 4], negative_ids=[2, 0, 2], learning_rate=0.1, cbow_gradient=mode
    )
    h = (old.input[1] + 2 * old.input[4]) / 3
    gradient = negative_sampling.gradients(h, old.output[0], old.output[[2, 2]])  # the draw 0 is the center
    np.testing.assert_allclose(new.input[1], old.input[1] - 0.1 * factor * gradient.center)
    np.testing.assert_allclose(new.input[4], old.input[4] - 0.2 * factor * gradient.center)
    np.testing.assert_allclose(new.output[2], old.output[2] - 0.1 * gradient.negatives.sum(axis=0))
    np.testing.assert_allclose(new.output[0], old.output[0] - 0.1 * gradient.positive)
    assert np.flatnonzero((new.input != old.input).any(axis=1)).tolist() == [1, 4]
    assert np.flatnonzero((new.output != old.output).any(axis=1)).tolist() == [0, 2]


@pytest.mark.parametrize(("mode", "factor"), [("word2vec", 1.0), ("exact", 1 / 3)])
def test_update_of_a_composed_word_steps_in_all_of_its_rows(mode, factor):
    old = embeddings()
    new = fasttext.update(
        old, row_ids=[0, 3, 5], positive_id=1, negative_ids=[2, 1], learning_rate=0.1, gradient=mode
    )
    gradient = negative_sampling.gradients(
        fasttext.compose(old.input[[0, 3, 5]]), old.output[1], old.output[[2]]
    )
    for row in (0, 3, 5):
        np.testing.assert_allclose(new.input[row], old.input[row] - 0.1 * factor * gradient.center)
    assert np.flatnonzero((new.input != old.input).any(axis=1)).tolist() == [0, 3, 5]
    assert np.flatnonzero((new.output != old.output).any(axis=1)).tolist() == [1, 2]


@pytest.mark.parametrize("dim", DIMS)
def test_the_exact_gradient_of_a_composed_word_is_the_derivative(dim, central_differences):
    rows, _, output = weights_of(dim, n_contexts=7)
    by_hidden = negative_sampling.gradients(fasttext.compose(rows), output[0], output[1:]).center
    expected = central_differences(
        lambda x: negative_sampling.loss(fasttext.compose(x), output[0], output[1:]), rows
    )
    np.testing.assert_allclose(row_gradients(by_hidden, 7), expected, **TOLERANCE)


def test_the_context_of_composed_words_is_all_of_their_rows():
    subwords = [[0, 10, 11], [1], [2, 11]]
    assert fasttext.context_rows(subwords, [2, 0, 2]).tolist() == [2, 11, 0, 10, 11, 2, 11]
    assert fasttext.context_rows(subwords, []).tolist() == []
