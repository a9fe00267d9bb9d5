"""Purity of clusters, worked out by hand and held to what clusters must be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.errors import InputError
from firth.evaluation import evaluate_categories, kind_of
from firth.evaluation.categories import CategoriesResult, clusters_of, k_means
from firth.evaluation.questions import read_categories
from firth.formats import VectorTable
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

WORDS = {
    "cat": [9, 0.5, 0],
    "dog": [1, 0, 0.1],
    "mouse": [3, 0.2, 0.2],
    "rome": [0, 1, 0],
    "oslo": [0.1, 2, 0],
    "bern": [0, 5, 0.4],
    "zero": [0, 0, 0],
}
LINES = "cat animal\ndog animal\nmouse animal\nrome city\noslo city\nbern city\n"


def make(rows):
    return WordVectors(VectorTable(Vocabulary(list(rows)), np.array(list(rows.values()), np.float32)))


@pytest.fixture
def write(tmp_path):
    def to_file(text):
        path = tmp_path / "categories.txt"
        path.write_text(text)
        return path

    return to_file


def test_clusters_that_are_the_categories_are_pure(write):
    result = evaluate_categories(make(WORDS), write(LINES + "ghost animal\nzero city\n"))
    assert result.purity == 1
    assert (result.words_used, result.words, result.coverage) == (6, 8, 0.75)
    assert [(c.category, c.correct, c.words) for c in result.clusters] == [
        ("animal", 3, ("cat", "dog", "mouse")),
        ("city", 3, ("rome", "oslo", "bern")),
    ]


def test_purity_by_hand(write):
    # The clusters stay as they are, and mouse counts as a city: 2 of 3 and 3 of 3 are right.
    result = evaluate_categories(make(WORDS), write(LINES.replace("mouse animal", "mouse city")))
    assert result.purity == pytest.approx(5 / 6)
    members = [("a", "x"), ("b", "y"), ("c", "y"), ("d", "x"), ("e", "z")]
    clusters = clusters_of(members, [7, 0, 0, 7, 0])
    assert [(c.category, c.correct, c.words) for c in clusters] == [
        ("x", 2, ("a", "d")),
        ("y", 2, ("b", "c", "e")),
    ]
    assert CategoriesResult(clusters, 5, 5).purity == 0.8


def test_only_directions_count_and_case_does_not(write):
    far = {word: np.array(row) * 10.0**place for place, (word, row) in enumerate(WORDS.items())}
    assert evaluate_categories(make(far), write(LINES.title())).purity == 1
    assert evaluate_categories(make(far), write(LINES.title()), ignore_case=False).words_used == 0
    few = evaluate_categories(make(far), write(LINES), restrict=4)
    assert (few.words_used, few.purity) == (4, 1)


def test_nothing_known_has_no_purity(write):
    result = evaluate_categories(make(WORDS), write("ghost animal\n"))
    assert (result.clusters, result.words_used) == ((), 0)
    assert math.isnan(result.purity)


@pytest.mark.parametrize("text", ["a\tx y\nb\tx\n", "a,x y\nb , x", "# by hand\na; x y\nb; x\r\n"])
def test_files_are_read_whatever_parts_a_word_from_its_category(write, text):
    assert read_categories(write(text)) == [("a", "x y"), ("b", "x")]
    assert kind_of(write(text)) == "categories"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a x\nb x 1\n", "line 2"),
        ("a\n", "line 1"),
        ("a,\n", "line 1"),
        ("", "no words"),
        ("# a\n", "no words"),
    ],
)
def test_malformed_files_are_refused_with_the_line(write, text, message):
    with pytest.raises(InputError, match=message):
        read_categories(write(text))


@pytest.mark.parametrize("option", [{"restrict": 0}, {"restarts": 0}, {"seed": -1}])
def test_options_out_of_their_range_are_refused(write, option):
    ((name, value),) = option.items()
    with pytest.raises(InputError, match=f"{name} is {value}"):
        evaluate_categories(make(WORDS), write(LINES), **option)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(2, 6))
def test_clusters_far_from_each_other_are_found(seed, k, dim):
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(k), rng.integers(0, k, 20)])
    rows = 100 * np.eye(k, max(k, dim))[truth] + rng.normal(size=(k + 20, max(k, dim)))
    labels = k_means(rows, k, restarts=5, seed=1)
    assert (
        CategoriesResult(clusters_of([("w", str(t)) for t in truth], labels.tolist()), k + 20, k + 20).purity
        == 1
    )
    assert len(set(labels.tolist())) == k
    assert (labels == k_means(rows, k, restarts=5, seed=1)).all()


def test_rows_that_are_the_same_make_fewer_clusters():
    rows = np.repeat(np.eye(2), 3, axis=0)
    assert len(set(k_means(rows, 4, restarts=3, seed=1).tolist())) == 2
    assert k_means(np.ones((4, 1)), 3, restarts=3, seed=1).tolist() == [0, 0, 0, 0]
    assert len(k_means(np.empty((0, 2)), 0, restarts=3, seed=1)) == 0
