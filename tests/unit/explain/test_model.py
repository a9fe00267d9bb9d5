import numpy as np
import pytest

from firth.errors import InputError, UnknownWordError
from firth.explain import draw_negatives, explain_step, model_example
from firth.formats import VectorTable
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

WORDS = ["the", "king", "queen", "apple"]


def model(*, outputs=True, counts=(1000, 10, 5, 1)):
    random = np.random.default_rng(8)
    rows, contexts = random.normal(size=(2, 4, 6)).astype(np.float32)
    return WordVectors(VectorTable(Vocabulary(WORDS, counts), rows, contexts if outputs else None))


def test_takes_the_rows_of_both_sides():
    vectors = model()
    step = explain_step(
        model_example(vectors, center="king", context="queen", negatives=["apple", "the", "apple"]),
        learning_rate=0.1,
    )
    assert (step.center, step.words) == ("king", ("queen", "apple", "the", "apple"))
    assert np.array_equal(step.hidden, vectors["king"])
    assert np.array_equal(step.old_output_rows[1], vectors.output_vectors["apple"])
    assert step.hidden.dtype == np.float64


def test_center_may_be_its_own_context():
    step = explain_step(
        model_example(model(), center="king", context="king", negatives=["the"]), learning_rate=0.1
    )
    assert not np.array_equal(step.hidden, step.old_output_rows[0])


def test_needs_output_embeddings():
    with pytest.raises(InputError, match="no output embeddings.*firth train"):
        model_example(model(outputs=False), center="king", context="queen", negatives=["the"])


def test_needs_a_negative():
    with pytest.raises(InputError, match="at least one"):
        model_example(model(), center="king", context="queen", negatives=[])


def test_names_an_unknown_word():
    with pytest.raises(UnknownWordError, match=r"'quen'.*'queen'"):
        model_example(model(), center="king", context="quen", negatives=["the"])


def test_refuses_rows_that_are_not_finite():
    rows = np.ones((4, 2), np.float32)
    rows[3, 1] = np.nan
    vectors = WordVectors(VectorTable(Vocabulary(WORDS), rows, rows))
    model_example(vectors, center="king", context="queen", negatives=["the"])
    with pytest.raises(InputError, match="'apple'.*not finite"):
        model_example(vectors, center="king", context="queen", negatives=["apple"])


def test_draws_follow_the_noise_distribution_and_the_seed():
    vocabulary = model().vocabulary
    drawn = draw_negatives(vocabulary, negatives=4000, seed=3)
    share = 1000**0.75 / (1000**0.75 + 10**0.75 + 5**0.75 + 1)
    assert drawn.count("the") / 4000 == pytest.approx(share, abs=0.02)
    assert drawn == draw_negatives(vocabulary, negatives=4000, seed=3)
    assert drawn != draw_negatives(vocabulary, negatives=4000, seed=4)
    assert len(draw_negatives(vocabulary)) == 5


@pytest.mark.parametrize("counts", [None, (0, 0, 0, 0)])
def test_draws_need_counts(counts):
    with pytest.raises(InputError, match="name the negatives"):
        draw_negatives(model(counts=counts).vocabulary)
