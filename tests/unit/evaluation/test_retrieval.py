"""Hit rate and NDCG of held-out last items, worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.errors import InputError
from firth.evaluation import evaluate_retrieval
from firth.formats import VectorTable
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

# Cosines with a: b .96, c .8, d .6, e 0.
ITEMS = {"a": [1, 0], "b": [0.96, 0.28], "c": [0.8, 0.6], "d": [0.6, 0.8], "e": [0, 1], "zero": [0, 0]}


def make(rows, outputs=None):
    matrix = np.array(list(rows.values()), np.float32)
    other = None if outputs is None else np.array(outputs, np.float32)
    return WordVectors(VectorTable(Vocabulary(list(rows)), matrix, other))


def test_ranks_are_counted_by_hand():
    # From a, the nearest are b, c, d: ranks 1 and 3, and e is the fourth. From e they are d, c, b.
    sessions = [["a", "b"], ["a", "d"], ["a", "e"], ["e", "c"], ["a", "ghost"], ["ghost", "a"], ["a"], []]
    result = evaluate_retrieval(make(ITEMS), sessions, k=3)
    assert (result.k, result.answered, result.asked) == (3, 4, 6)
    assert result.hit_rate == 3 / 4
    assert result.ndcg == pytest.approx((1 + 1 / math.log2(4) + 0 + 1 / math.log2(3)) / 4)
    assert result.coverage == 4 / 6
    assert (
        evaluate_retrieval(make(ITEMS), sessions, k=1).hit_rate
        == evaluate_retrieval(make(ITEMS), sessions, k=1).ndcg
        == pytest.approx(1 / 4)
    )


def test_the_items_asked_with_are_as_many_as_wanted_and_no_answers():
    vectors = make(ITEMS)
    # The mean of a and e lies between c and d; with e alone, d is first.
    both = [["a", "e", "c"], ["a", "e", "d"]]
    assert evaluate_retrieval(vectors, both, k=2).hit_rate == 1
    assert evaluate_retrieval(vectors, both, k=1, context=1).ndcg == 0.5
    # With c alone d comes before b; b, being among those asked with, would be the nearest to a and b.
    assert evaluate_retrieval(vectors, [["b", "c", "d"]], k=1, context=1).hit_rate == 1
    assert evaluate_retrieval(vectors, [["a", "b", "c"]], k=1).hit_rate == 1
    # What is asked with cannot be found: no question.
    assert evaluate_retrieval(vectors, [["a", "b", "a"]], k=1).answered == 0
    assert evaluate_retrieval(vectors, [["a", "b", "a"]], k=1, context=1).hit_rate == 1


def test_items_without_a_direction_find_nothing_and_are_not_found():
    result = evaluate_retrieval(make(ITEMS), [["zero", "a"], ["a", "zero"], ["zero", "a", "b"]], k=5)
    assert (result.hit_rate, result.answered) == (1 / 3, 3)


def test_nothing_answered_is_no_number():
    result = evaluate_retrieval(make(ITEMS), [["ghost", "spirit"]])
    assert math.isnan(result.hit_rate)
    assert math.isnan(result.ndcg)
    assert result.coverage == 0


def test_output_vectors_are_sought_where_that_is_wanted():
    turned = make(ITEMS, [[0, 1], [0, 1], [0, 1], [1, 0], [0, 1], [0, 0]])
    assert evaluate_retrieval(turned, [["a", "d"]], k=1, outputs=True).hit_rate == 1
    assert evaluate_retrieval(turned, [["a", "d"]], k=1).hit_rate == 0
    with pytest.raises(InputError, match="without output vectors"):
        evaluate_retrieval(make(ITEMS), [["a", "d"]], outputs=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"k": 0}, "k is 0"), ({"context": -1}, "context is -1"), ({}, "none of the 2 se")],
)
def test_what_cannot_be_asked_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        evaluate_retrieval(make(ITEMS), [["a"], ["b"]], **options)


def test_files_hold_a_session_a_line(tmp_path):
    path = tmp_path / "sessions"
    path.write_text("a b \r\n\nnew york\ta\n# e d\n")
    result = evaluate_retrieval(make({**ITEMS, "new york": [1, 0.1], "#": [0, 0.5]}), path, k=2)
    assert (result.answered, result.asked) == (3, 3)
    path.write_text("\n \n")
    with pytest.raises(InputError, match="holds no sessions"):
        evaluate_retrieval(make(ITEMS), path)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_as_many_recommendations_as_items_find_all_and_gains_grow_with_k(seed):
    rng = np.random.default_rng(seed)
    names = [f"i{i}" for i in range(8)]
    vectors = make(dict(zip(names, rng.normal(size=(8, 3)), strict=True)))
    sessions = [[names[i] for i in rng.choice(8, rng.integers(2, 5), replace=False)] for _ in range(20)]
    results = [evaluate_retrieval(vectors, sessions, k=k) for k in range(1, 9)]
    rates, gains = [r.hit_rate for r in results], [r.ndcg for r in results]
    assert rates == sorted(rates)
    assert gains == sorted(gains)
    assert rates[-1] == 1
    assert rates[0] == gains[0]
    assert all(gain <= rate for rate, gain in zip(rates, gains, strict=True))
