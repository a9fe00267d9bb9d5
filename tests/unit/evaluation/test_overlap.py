"""The neighbors that two models share, counted by hand."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.errors import InputError
from firth.evaluation import neighbor_overlap
from firth.formats import VectorTable
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary


def make(words, rows):
    return WordVectors(VectorTable(Vocabulary(list(words)), np.asarray(rows, np.float32)))


def on_a_circle(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_shared_neighbors_by_hand():
    # Neighbors with their distance in degrees. First: a: b 10, c 21; b: a 10, c 11; c: b 11, a 21; d: c 39, b 50.
    first = make("abcd", on_a_circle(0, 10, 21, 60))
    second = make("dcba", on_a_circle(10, 21, 60, 0))
    result = neighbor_overlap(first, second, k=2)
    assert result.words == ("a", "b", "c", "d")
    # Second: a: d 10, c 21; b: c 39, d 50; c: d 11, a 21; d: a 10, c 11.
    assert result.overlaps.tolist() == [0.5, 0.5, 0.5, 0.5]
    one = neighbor_overlap(first, second, k=1)
    # First: a b, b a, c b, d c. Second: a d, b c, c d, d a.
    assert one.overlaps.tolist() == [0, 0, 0, 0]
    near = neighbor_overlap(first, make("abcd", on_a_circle(0, 10, 21, 30)), k=2)
    # a: b 10, c 21; b: a 10, c 11; c: d 9, b 11; d: c 9, b 20.
    assert near.overlaps.tolist() == [1, 1, 0.5, 1]
    assert near.mean == 0.875
    assert near.least(2) == [("c", 0.5), ("a", 1.0)]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_a_model_agrees_with_itself_turned_and_stretched_and_all_agree_on_all_words(seed):
    rng = np.random.default_rng(seed)
    names = [f"w{i}" for i in range(30)]
    rows = rng.normal(size=(30, 4))
    turned = 3 * rows @ np.linalg.qr(rng.normal(size=(4, 4)))[0]
    order = rng.permutation(30)
    assert neighbor_overlap(make(names, rows), make([names[i] for i in order], turned[order]), k=5).mean == 1
    other = make(names, rng.normal(size=(30, 7)))
    there, back = (
        neighbor_overlap(make(names, rows), other, k=3),
        neighbor_overlap(other, make(names, rows), k=3),
    )
    assert there.overlaps.tolist() == back.overlaps.tolist()
    assert neighbor_overlap(make(names, rows), other, k=29).mean == 1


def test_only_common_words_are_neighbors():
    first = make(["a", "near", "b", "c", "zero"], [*on_a_circle(0, 1, 20, 60), [0, 0]])
    second = make(["c", "b", "a", "zero"], on_a_circle(60, 20, 0, 3))
    assert neighbor_overlap(first, second, k=1).words == ("a", "b", "c")
    assert neighbor_overlap(first, second, k=1).mean == 1
    assert neighbor_overlap(first, second, k=1, restrict=2).words == ("a", "b")


def test_what_cannot_be_compared_is_refused():
    vectors = make("abc", np.eye(3))
    with pytest.raises(InputError, match="k is 0"):
        neighbor_overlap(vectors, vectors, k=0)
    with pytest.raises(InputError, match="k is 3, but must be below the number of common words, 3"):
        neighbor_overlap(vectors, vectors, k=3)
    with pytest.raises(InputError, match="restrict is -1"):
        neighbor_overlap(vectors, vectors, restrict=-1)
    with pytest.raises(InputError, match="no word in common"):
        neighbor_overlap(vectors, make("xyz", np.eye(3)))
    with pytest.raises(InputError, match="n is 0"):
        neighbor_overlap(vectors, vectors, k=1).least(0)
