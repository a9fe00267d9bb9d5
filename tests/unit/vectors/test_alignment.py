"""A rotation is found again, and the words that were moved are named."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.errors import InputError
from firth.formats import VectorTable
from firth.subwords import Subwords
from firth.vectors import WordVectors, align
from firth.vocabulary import Vocabulary


def make(words, rows, outputs=None):
    return WordVectors(VectorTable(Vocabulary(list(words)), np.asarray(rows, np.float32), outputs))


def rotation_of(rng, dim):
    """Draw an orthogonal matrix."""
    return np.linalg.qr(rng.normal(size=(dim, dim)))[0]


NAMES = [f"w{i}" for i in range(40)]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_a_rotation_is_found_again_whatever_the_lengths_and_the_order(seed, dim):
    rng = np.random.default_rng(seed)
    rows, rotation = rng.normal(size=(40, dim)), rotation_of(rng, dim)
    order = rng.permutation(40)
    lengths = rng.uniform(0.1, 10, 40)[:, None]
    target = make([NAMES[i] for i in order], (rows @ rotation * lengths)[order])
    found = align(make(NAMES, rows), target)
    assert found.words == tuple(NAMES)
    assert found.n_anchors == 40
    np.testing.assert_allclose(found.rotation, rotation, atol=1e-5)
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(dim), atol=1e-12)
    np.testing.assert_allclose(found.cosines, 1, atol=1e-6)
    assert found.mean_cosine == pytest.approx(1)


def test_a_quarter_turn_by_hand():
    found = align(make("abc", [[1, 0], [0, 2], [3, 3]]), make("cba", [[-5, 5], [-1, 0], [0, 1]]))
    np.testing.assert_allclose(found.rotation, [[0, 1], [-1, 0]], atol=1e-7)
    turned = found.apply(make("d", [[2, 1]]))
    np.testing.assert_allclose(turned["d"], [-1, 2], atol=1e-6)


def test_the_words_that_moved_are_named_first():
    rng = np.random.default_rng(3)
    rows, rotation = rng.normal(size=(40, 4)), rotation_of(rng, 4)
    moved = rows @ rotation
    moved[[5, 17]] = -moved[[5, 17]]
    found = align(make(NAMES, rows), make(NAMES, moved))
    assert {word for word, _ in found.moved(2)} == {"w5", "w17"}
    assert [score for _, score in found.moved(40)] == sorted(found.cosines.tolist())
    # Settled by words that stay, the two are exactly opposite.
    steady = align(make(NAMES, rows), make(NAMES, moved), anchors=[*NAMES[:5], "ghost"])
    assert steady.n_anchors == 5
    np.testing.assert_allclose(steady.cosines[[5, 17]], -1, atol=1e-6)
    with pytest.raises(InputError, match="k is 0"):
        found.moved(0)


def test_only_common_words_with_a_direction_count():
    source = make(["a", "zero", "b", "only", "c"], [[1, 0], [0, 0], [0, 1], [1, 1], [1, 2]])
    target = make(["c", "b", "a", "zero"], [[1, 2], [0, 1], [1, 0], [1, 1]])
    assert align(source, target).words == ("a", "b", "c")
    assert align(source, target, restrict=2).words == ("a", "b")


def test_outputs_and_ngrams_turn_with_the_words():
    rng = np.random.default_rng(4)
    rotation = rotation_of(rng, 3)
    words = [f"word{i}" for i in range(6)]
    own, buckets, outputs = (rng.normal(size=(n, 3)).astype(np.float32) for n in (6, 50, 6))
    parts = Subwords(min_n=3, max_n=4, buckets=50, word_rows=own, bucket_rows=buckets)
    vocabulary = Vocabulary(words)
    source = WordVectors(VectorTable(vocabulary, parts.known(vocabulary.words), outputs, {"note": 1}, parts))
    found = align(source, make(words, source.embeddings @ rotation))
    turned = found.apply(source)
    np.testing.assert_allclose(turned[words], source[words] @ rotation, atol=1e-5)
    np.testing.assert_allclose(turned["words"], source["words"] @ rotation, atol=1e-5)
    np.testing.assert_allclose(
        turned.output_vectors["word1"], source.output_vectors["word1"] @ rotation, atol=1e-5
    )
    assert turned.metadata == {"note": 1}
    assert turned.similarity("word0", "word3") == pytest.approx(source.similarity("word0", "word3"), abs=1e-6)


def test_what_cannot_be_aligned_is_refused():
    rows = np.eye(3)
    with pytest.raises(InputError, match="3 and 2 dimensions"):
        align(make("abc", rows), make("abc", rows[:, :2]))
    with pytest.raises(InputError, match="no word in common, of 3 and 3"):
        align(make("abc", rows), make("def", rows))
    with pytest.raises(InputError, match="2 common words are too few to settle a rotation of 3"):
        align(make("abc", rows), make("abd", rows))
    with pytest.raises(InputError, match="1 common words"):
        align(make("abc", rows), make("abc", rows), anchors=["a", "ghost"])
    with pytest.raises(InputError, match="restrict is 0"):
        align(make("abc", rows), make("abc", rows), restrict=0)
    with pytest.raises(InputError, match="have 2 dimensions, but the rotation 3"):
        align(make("abc", rows), make("abc", rows)).apply(make("ab", np.eye(2)))
