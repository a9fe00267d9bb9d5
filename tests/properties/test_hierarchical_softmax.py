"""What holds for all counts and all weights of a Huffman tree and of CBOW's gradients."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from firth.objectives import cbow, negative_sampling
from firth.objectives.hierarchical_softmax import gradients, huffman_tree, loss, probabilities

BOUNDED = settings(deadline=None, max_examples=60)
counts = st.lists(st.integers(0, 10**6), min_size=2, max_size=40)
weights = st.floats(-30.0, 30.0, allow_subnormal=False)


@BOUNDED
@given(counts=counts, data=st.data())
def test_probabilities_of_all_words_are_one_in_sum(counts, data):
    h = data.draw(arrays(np.float64, (2,), elements=weights))
    nodes = data.draw(arrays(np.float64, (len(counts) - 1, 2), elements=weights))
    p = probabilities(h, nodes, huffman_tree(counts))
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert ((p >= 0) & (p <= 1)).all()


@BOUNDED
@given(counts=counts)
def test_codes_are_complete_and_as_short_as_the_entropy_allows(counts):
    numbers = np.array(counts)
    lengths = np.diff(huffman_tree(counts).offsets)
    assert sum(2.0**-lengths) == 1.0
    more_frequent = numbers[:, np.newaxis] > numbers
    longer = lengths[:, np.newaxis] > lengths
    assert not (more_frequent & longer).any()
    if numbers.all():
        share = numbers / numbers.sum()
        entropy = -(share @ np.log2(share))
        assert entropy - 1e-9 <= share @ lengths < entropy + 1


@BOUNDED
@given(counts=counts, word=st.integers(0, 39), data=st.data())
def test_a_small_step_along_the_path_makes_its_word_likelier(counts, word, data):
    tree = huffman_tree(counts)
    points, codes = tree.path(word % len(counts))
    small = st.floats(-2.0, 2.0, allow_subnormal=False)
    h = data.draw(arrays(np.float64, (3,), elements=small))
    nodes = data.draw(arrays(np.float64, (len(points), 3), elements=small))
    gradient = gradients(h, nodes, codes)
    after = loss(h - 1e-5 * gradient.hidden, nodes - 1e-5 * gradient.nodes, codes)
    assert after <= loss(h, nodes, codes) + 1e-12


@BOUNDED
@given(n=st.integers(1, 8), data=st.data())
def test_a_mean_gives_each_row_an_equal_part_and_word2vec_the_whole(n, data):
    small = st.floats(-2.0, 2.0, allow_subnormal=False)
    rows = data.draw(arrays(np.float64, (n, 3), elements=small))
    output = data.draw(arrays(np.float64, (3, 3), elements=small))
    whole = negative_sampling.gradients(cbow.hidden(rows), output[0], output[1:]).center
    exact = cbow.row_gradients(whole, n, cbow_gradient="exact")
    np.testing.assert_allclose(exact.sum(axis=0), whole, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(cbow.row_gradients(whole, n, cbow_gradient="word2vec"), n * exact, atol=1e-15)
