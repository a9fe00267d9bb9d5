import itertools
import math

import numpy as np
import pytest

from firth.objectives.descent import Embeddings
from firth.objectives.hierarchical_softmax import (
    gradients,
    huffman_tree,
    labels,
    loss,
    probabilities,
    update,
)

ZIPF = [1000 // rank for rank in range(1, 60)]


def codes_of(counts):
    tree = huffman_tree(counts)
    return ["".join(map(str, tree.path(word)[1])) for word in range(len(counts))]


def create_binary_tree(counts):
    """CreateBinaryTree of word2vec.c, written out word for word: counts fall, the sentinel is 1e15."""
    n = len(counts)
    count, binary, parent = [*counts, *[10**15] * (n + 1)], [0] * (2 * n + 1), [0] * (2 * n + 1)
    pos1, pos2 = n - 1, n
    for a in range(n - 1):
        least = []
        for _ in range(2):
            if pos1 >= 0 and count[pos1] < count[pos2]:
                least.append(pos1)
                pos1 -= 1
            else:
                least.append(pos2)
                pos2 += 1
        count[n + a] = count[least[0]] + count[least[1]]
        parent[least[0]] = parent[least[1]] = n + a
        binary[least[1]] = 1
    ways = []
    for a in range(n):
        code, point, b = [], [], a
        while b != 2 * n - 2:
            code.append(binary[b])
            b = parent[b]
            point.append(b - n)
        ways.append((point[::-1], code[::-1]))
    return ways


@pytest.mark.parametrize(
    "counts", [ZIPF, [1] * 16, [5, 5, 5, 5, 1, 1, 1], [8, 4, 2, 1, 1], [3, 3], [7, 2, 0, 0]]
)
def test_ties_are_broken_as_word2vec_c_breaks_them(counts):
    tree = huffman_tree(counts)
    assert [(p.tolist(), c.tolist()) for p, c in map(tree.path, range(len(counts)))] == create_binary_tree(
        counts
    )


def test_counts_may_come_in_any_order():
    order = np.random.default_rng(1).permutation(len(ZIPF))
    shuffled = codes_of(np.array(ZIPF)[order])
    lengths = [len(code) for code in codes_of(ZIPF)]
    assert sum(n * len(code) for n, code in zip(np.array(ZIPF)[order], shuffled, strict=True)) == np.dot(
        ZIPF, lengths
    )
    distinct = [50, 30, 11, 5, 1]  # without ties the very codes stay with their words
    by_count = dict(zip(distinct, codes_of(distinct), strict=True))
    backwards = distinct[::-1]
    assert codes_of(backwards) == [by_count[n] for n in backwards]


@pytest.mark.parametrize("counts", [ZIPF, [2**k for k in range(20)], [1] * 33, [10**6, 1, 1]])
def test_expected_length_lies_between_the_entropy_and_a_bit_more(counts):
    lengths = np.diff(huffman_tree(counts).offsets)
    share = np.array(counts) / sum(counts)
    entropy = -(share @ np.log2(share))
    assert entropy - 1e-9 <= share @ lengths < entropy + 1
    assert sum(2.0**-lengths) == 1.0  # Kraft: no branch is left unused


def test_dyadic_shares_reach_the_entropy():
    assert [len(code) for code in codes_of([8, 4, 2, 1, 1])] == [1, 2, 3, 4, 4]


def test_no_code_begins_another_and_points_run_from_the_root():
    codes = codes_of(ZIPF)
    assert not any(b.startswith(a) for a, b in itertools.permutations(codes, 2))
    tree = huffman_tree(ZIPF)
    assert tree.n_nodes == len(ZIPF) - 1
    for word in range(len(ZIPF)):
        points, _ = tree.path(word)
        assert points[0] == len(ZIPF) - 2
        assert (np.diff(points) < 0).all()
    assert sorted(set(tree.points.tolist())) == list(range(len(ZIPF) - 1))
    assert (tree.offsets.dtype, tree.points.dtype, tree.codes.dtype) == (np.int64, np.int32, np.uint8)


def test_one_word_has_an_empty_path():
    tree = huffman_tree([3])
    assert tree.offsets.tolist() == [0, 0]
    assert tree.n_nodes == 0
    assert loss([1.0], np.empty((0, 1)), []) == 0.0


def test_a_hundred_thousand_words_take_no_recursion():
    tree = huffman_tree(2 ** np.arange(50, -1, -1, dtype=np.int64))
    assert np.diff(tree.offsets).max() == 50  # deeper than the 40 of word2vec.c
    assert len(huffman_tree(np.arange(100_000, 0, -1)).offsets) == 100_001


def test_loss_is_what_the_sources_write():
    random = np.random.default_rng(4)
    h, nodes, codes = random.normal(size=3), random.normal(size=(4, 3)), [0, 1, 1, 0]
    product = 1.0
    for row, code in zip(nodes, codes, strict=True):
        x = float(row @ h)
        product *= 1 / (1 + math.exp(-x)) if code == 0 else 1 / (1 + math.exp(x))
    assert loss(h, nodes, codes) == pytest.approx(-math.log(product), rel=1e-12)
    assert labels(codes).tolist() == [1.0, 0.0, 0.0, 1.0]


def test_probabilities_are_those_of_the_paths():
    tree = huffman_tree([9, 4, 3, 1])
    random = np.random.default_rng(5)
    h, nodes = random.normal(size=3), random.normal(size=(tree.n_nodes, 3))
    shares = probabilities(h, nodes, tree)
    losses = [loss(h, nodes[points], codes) for points, codes in map(tree.path, range(4))]
    assert shares.tolist() == pytest.approx(np.exp(np.negative(losses)).tolist())
    assert shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("dim", [1, 3, 97, 100, 300])
def test_gradients_match_central_differences(dim, central_differences):
    random = np.random.default_rng(dim)
    h, nodes, codes = random.normal(size=dim) / np.sqrt(dim), random.normal(size=(5, dim)), [1, 0, 0, 1, 1]
    gradient = gradients(h, nodes, codes)
    by_hidden = central_differences(lambda x: loss(x, nodes, codes), h)
    by_nodes = central_differences(lambda x: loss(h, x, codes), nodes)
    np.testing.assert_allclose(gradient.hidden, by_hidden, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(gradient.nodes, by_nodes, rtol=1e-6, atol=1e-7)


def test_update_moves_only_the_rows_on_the_path():
    tree = huffman_tree(ZIPF)
    random = np.random.default_rng(6)
    old = Embeddings(input=random.normal(size=(len(ZIPF), 4)), output=random.normal(size=(tree.n_nodes, 4)))
    new = update(old, center_id=2, context_id=9, tree=tree, learning_rate=0.1)
    points, codes = tree.path(9)
    assert np.flatnonzero((new.output != old.output).any(axis=1)).tolist() == sorted(points.tolist())
    assert np.flatnonzero((new.input != old.input).any(axis=1)).tolist() == [2]
    gradient = gradients(old.input[2], old.output[points], codes)
    np.testing.assert_allclose(new.output[points], old.output[points] - 0.1 * gradient.nodes)
    before, after = (probabilities(e.input[2], e.output, tree)[9] for e in (old, new))
    assert after > before
