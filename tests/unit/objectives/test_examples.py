"""The general chunk: what examples hold, its sums written out a second time, and central differences."""

import dataclasses
import math

import numpy as np
import pytest

from firth.objectives import cbow, softmax
from firth.objectives.chunk import (
    joint_loss_and_gradients,
    sampled_loss_and_gradients,
    softmax_loss_and_gradients,
)
from firth.objectives.examples import Example, cbow_examples, skipgram_examples
from firth.objectives.hierarchical_softmax import huffman_tree, loss as path_loss

VOCAB, WINDOW = 6, 2
TOKENS = np.array([0, 3, 1, 3, 2, 0, 4, 1, 5])
FIRST = np.array([0, 0, 0, 1, 3, 3, 5, 6, 8])
LAST = np.array([2, 2, 4, 4, 5, 7, 6, 7, 8])
TEXT = TOKENS, FIRST, LAST, (1, 9)  # the last center stands alone
NOISE = np.array([3, 5, 5, 2])
NO_NOISE = np.array([], int)
SUBWORDS = [[0, 6, 7], [1], [2, 8, 8], [3, 7, 6], [4, 8], [5, 6, 7, 8]]
TREE = huffman_tree([9, 8, 4, 2, 2, 1])
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0, 3.0, 1.0])


def matrices(dim=4, *, rows=9, nodes=VOCAB):
    random = np.random.default_rng([dim, rows])
    return random.normal(size=(rows, dim)), random.normal(size=(nodes, dim))


def contexts_of(i):
    return [TOKENS[j] for j in range(FIRST[i], LAST[i] + 1) if j != i]


def minus_log_sigmoid(x):
    return math.log1p(math.exp(-x))


def test_skipgram_has_an_example_for_each_center_with_context():
    examples = skipgram_examples(*TEXT, weights=WEIGHTS)
    assert len(examples) == 7
    for i, example in enumerate(examples, 1):
        assert example.input_ids.tolist() == [TOKENS[i]]
        assert example.input_weights.tolist() == example.gradient_scales.tolist() == [1.0]
        assert example.output_ids.tolist() == contexts_of(i)
        assert example.labels.tolist() == [1.0] * len(contexts_of(i))
        assert sorted(example.window_ids) == sorted([TOKENS[i], *contexts_of(i)])
        assert example.n_pairs == len(contexts_of(i))
        assert example.weight == WEIGHTS[TOKENS[i]]


def test_an_example_counts_once_unless_it_is_told_otherwise():
    told = skipgram_examples(*TEXT, weights=WEIGHTS)[0]
    parts = {name: getattr(told, name) for name in Example.__dataclass_fields__ if name != "weight"}
    assert Example(**parts).weight == 1.0


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("gradient", ["word2vec", "exact"])
def test_cbow_predicts_the_center_from_all_rows_of_its_context(mean, gradient):
    examples = cbow_examples(*TEXT, mean=mean, cbow_gradient=gradient, subword_ids=SUBWORDS)
    for i, example in enumerate(examples, 1):
        rows = [row for word in contexts_of(i) for row in SUBWORDS[word]]
        assert example.input_ids.tolist() == rows
        assert example.input_weights == pytest.approx(1 / len(rows) if mean else 1)
        assert example.gradient_scales == pytest.approx(1 / len(rows) if mean and gradient == "exact" else 1)
        assert (example.output_ids.tolist(), example.labels.tolist(), example.n_pairs) == (
            [TOKENS[i]],
            [1.0],
            1,
        )


def test_position_weights_belong_to_the_offsets_of_the_window():
    table = np.arange(2.0 * WINDOW * 3).reshape(-1, 3)
    example = cbow_examples(TOKENS, FIRST, LAST, (2, 3), position_weights=table)[0]
    assert example.input_ids.tolist() == [0, 3, 3, 2]  # at -2, -1, 1 and 2
    np.testing.assert_allclose(example.input_weights, table / 4)
    np.testing.assert_allclose(example.gradient_scales, table)
    right = cbow_examples(TOKENS, FIRST, LAST, (4, 5), position_weights=table, subword_ids=SUBWORDS)[0]
    np.testing.assert_allclose(
        right.gradient_scales, table[[1, 1, 1, 2, 2, 2]]
    )  # three rows at -1, three at 1


def test_words_become_paths_with_a_tree():
    examples = skipgram_examples(*TEXT, tree=TREE)
    points, codes = zip(*(TREE.path(word) for word in contexts_of(2)), strict=True)
    assert examples[1].output_ids.tolist() == np.concatenate(points).tolist()
    assert examples[1].labels.tolist() == (1 - np.concatenate(codes)).tolist()
    assert examples[1].n_pairs == len(contexts_of(2))


@pytest.mark.parametrize("exclude_window", [False, True])
def test_cbow_loss_is_the_sum_of_the_definition(exclude_window):
    v, u = matrices()
    expected = 0.0
    for i in range(1, 8):
        words = contexts_of(i)
        h = sum(v[word] for word in words) / len(words)
        example = minus_log_sigmoid(u[TOKENS[i]] @ h)
        for s in NOISE:
            if s != TOKENS[i] and not (exclude_window and s in words):
                example += 3 / 4 * minus_log_sigmoid(-u[s] @ h)
        expected += WEIGHTS[TOKENS[i]] * example
    examples = cbow_examples(*TEXT, weights=WEIGHTS)
    result = sampled_loss_and_gradients(
        v, u, examples, NOISE, negatives=3, exclude_window_negatives=exclude_window
    )
    assert result.n_pairs == 7
    assert result.loss == pytest.approx(expected, rel=1e-12)


def test_skipgram_without_the_window_as_noise():
    v, u = matrices()
    expected = 0.0
    for i in range(1, 8):
        h, words = v[TOKENS[i]], contexts_of(i)
        for word in words:
            expected += minus_log_sigmoid(u[word] @ h)
            expected += sum(
                3 / 4 * minus_log_sigmoid(-u[s] @ h) for s in NOISE if s not in [*words, TOKENS[i]]
            )
    examples = skipgram_examples(*TEXT)
    strict = sampled_loss_and_gradients(v, u, examples, NOISE, negatives=3, exclude_window_negatives=True)
    assert strict.loss == pytest.approx(expected, rel=1e-12)
    assert strict.loss < sampled_loss_and_gradients(v, u, examples, NOISE, negatives=3).loss


def test_hierarchical_softmax_is_the_chunk_without_noise():
    v, u = matrices(nodes=TREE.n_nodes)
    examples = skipgram_examples(*TEXT, tree=TREE)
    expected = sum(
        path_loss(v[TOKENS[i]], u[points], codes)
        for i in range(1, 8)
        for points, codes in map(TREE.path, contexts_of(i))
    )
    result = sampled_loss_and_gradients(v, u, examples, NO_NOISE, negatives=5)
    assert result.loss == pytest.approx(expected, rel=1e-12)
    assert result.n_pairs == sum(len(contexts_of(i)) for i in range(1, 8)) == 17


def test_both_losses_of_a_chunk_are_the_sum_over_its_pairs():
    v, u = matrices()
    nodes = np.random.default_rng(3).normal(size=(TREE.n_nodes, 4))
    expected = 0.0
    for i in range(1, 8):
        h = v[TOKENS[i]]
        for word in contexts_of(i):
            noise = sum(3 / 4 * minus_log_sigmoid(-u[s] @ h) for s in NOISE if s != word)
            points, codes = TREE.path(word)
            pair = minus_log_sigmoid(u[word] @ h) + noise + path_loss(h, nodes[points], codes)
            expected += WEIGHTS[TOKENS[i]] * pair
    words, paths = (skipgram_examples(*TEXT, weights=WEIGHTS, tree=tree) for tree in (None, TREE))
    result = joint_loss_and_gradients(v, u, nodes, words, paths, NOISE, negatives=3)
    assert result.loss == pytest.approx(expected, rel=1e-12)
    assert result.n_pairs == 17
    assert result.output_gradient.shape == (VOCAB + TREE.n_nodes, 4)
    by_input = np.zeros_like(v)
    np.add.at(by_input, TOKENS[1:8], result.hidden_gradient)
    np.testing.assert_allclose(result.input_gradient, by_input, rtol=1e-12)


def test_softmax_of_a_chunk_is_the_sum_of_its_pairs():
    v, u = matrices()
    pairs = [(TOKENS[i], word) for i in range(1, 8) for word in contexts_of(i)]
    result = softmax_loss_and_gradients(v, u, skipgram_examples(*TEXT, weights=WEIGHTS))
    expected = sum(WEIGHTS[center] * softmax.loss(v[center], u, word) for center, word in pairs)
    by_output = sum(WEIGHTS[center] * softmax.gradients(v[center], u, word).output for center, word in pairs)
    assert result.n_pairs == len(pairs)
    assert result.loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(result.output_gradient, by_output, atol=1e-12)


POSITIONS = np.random.default_rng(9).normal(size=(2 * WINDOW, 3))
CASES = {
    "skipgram": (skipgram_examples, {}),
    "fasttext": (skipgram_examples, {"subword_ids": SUBWORDS, "gradient": "exact"}),
    "cbow": (cbow_examples, {"cbow_gradient": "exact"}),
    "cbow, sum": (cbow_examples, {"mean": False}),
    "cbow, composed": (cbow_examples, {"cbow_gradient": "exact", "subword_ids": SUBWORDS}),
    "cbow, positions": (cbow_examples, {"cbow_gradient": "exact", "position_weights": POSITIONS}),
}


def check(function, v, u, central_differences):
    result = function(v, u)
    by_input = central_differences(lambda x: function(x, u).loss, v)
    by_output = central_differences(lambda x: function(v, x).loss, u)
    np.testing.assert_allclose(result.input_gradient, by_input, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(result.output_gradient, by_output, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("exclude_window", [False, True])
def test_sampled_gradients_match_central_differences(name, exclude_window, central_differences):
    build, how = CASES[name]
    examples = build(*TEXT, weights=WEIGHTS, **how)
    check(
        lambda v, u: sampled_loss_and_gradients(
            v, u, examples, NOISE, negatives=3, exclude_window_negatives=exclude_window
        ),
        *matrices(3),
        central_differences,
    )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("exclude_window", [False, True])
def test_gradients_of_both_losses_match_central_differences(name, exclude_window, central_differences):
    build, how = CASES[name]
    words, paths = (build(*TEXT, weights=WEIGHTS, tree=tree, **how) for tree in (None, TREE))
    check(
        lambda v, u: joint_loss_and_gradients(
            v, u[:VOCAB], u[VOCAB:], words, paths, NOISE, negatives=3, exclude_window_negatives=exclude_window
        ),
        *matrices(3, nodes=VOCAB + TREE.n_nodes),
        central_differences,
    )


@pytest.mark.parametrize("name", CASES)
def test_path_and_softmax_gradients_match_central_differences(name, central_differences):
    build, how = CASES[name]
    along = build(*TEXT, weights=WEIGHTS, tree=TREE, **how)
    check(
        lambda v, u: sampled_loss_and_gradients(v, u, along, NO_NOISE, negatives=5),
        *matrices(3, nodes=TREE.n_nodes),
        central_differences,
    )
    whole = build(*TEXT, weights=WEIGHTS, **how)
    check(lambda v, u: softmax_loss_and_gradients(v, u, whole), *matrices(3), central_differences)


@pytest.mark.parametrize("dim", [1, 3, 97, 100, 300])
def test_word2vec_gives_each_context_row_its_count_times_the_derivative(dim):
    v, u = matrices(dim)
    for i in range(1, 8):
        exact, whole = (
            sampled_loss_and_gradients(
                v, u, cbow_examples(TOKENS, FIRST, LAST, (i, i + 1), cbow_gradient=mode), NOISE, negatives=3
            )
            for mode in ("exact", "word2vec")
        )
        np.testing.assert_allclose(
            whole.input_gradient, len(contexts_of(i)) * exact.input_gradient, rtol=1e-12, atol=0
        )
        assert np.array_equal(whole.output_gradient, exact.output_gradient)
        assert whole.loss == exact.loss


def test_position_gradients_follow_from_the_hidden_gradient(central_differences):
    v, u = matrices(3)

    def run(table):
        examples = cbow_examples(TOKENS, FIRST, LAST, (2, 3), position_weights=table)
        return sampled_loss_and_gradients(v, u, examples, NOISE, negatives=3)

    gradient = cbow.position_gradients(run(POSITIONS).hidden_gradient[0], v[[0, 3, 3, 2]])
    by_positions = central_differences(lambda x: run(x).loss, POSITIONS)
    np.testing.assert_allclose(gradient, by_positions, rtol=1e-6, atol=1e-7)


def test_the_weight_of_an_example_multiplies_all_of_it():
    v, u = matrices()
    one = cbow_examples(TOKENS, FIRST, LAST, (1, 2))
    three = [dataclasses.replace(one[0], weight=3.0)]
    for function in (
        lambda e: sampled_loss_and_gradients(v, u, e, NOISE, negatives=3),
        lambda e: softmax_loss_and_gradients(v, u, e),
    ):
        assert function(three).loss == pytest.approx(3 * function(one).loss)
        np.testing.assert_allclose(function(three).input_gradient, 3 * function(one).input_gradient)
        np.testing.assert_allclose(function(three).output_gradient, 3 * function(one).output_gradient)
        assert function(three).n_pairs == 1


def test_no_examples_are_nothing():
    v, u = matrices()
    result = sampled_loss_and_gradients(v, u, cbow_examples(TOKENS, FIRST, LAST, (8, 9)), NOISE, negatives=3)
    assert (result.loss, result.n_pairs, len(result.hidden_gradient)) == (0.0, 0, 0)
    assert not result.input_gradient.any()
    assert not result.output_gradient.any()
