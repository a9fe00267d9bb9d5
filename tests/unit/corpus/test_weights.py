import numpy as np
import pytest

from firth.corpus import encode
from firth.errors import InputError

DOCUMENTS = [["to", "be"], ["or"], ["not", "to", "be"]]


def test_weights_of_documents_and_of_tokens_are_spread_over_the_positions():
    with encode(DOCUMENTS) as corpus:
        assert corpus.weights is None
        assert corpus.weighted([1, 2, 0.5]).weights.tolist() == [1, 1, 1, 2, 2, 0.5, 0.5, 0.5, 0.5]
        assert corpus.weighted(range(6)).weights.tolist() == [0, 1, 0, 2, 0, 3, 4, 5, 0]


def test_other_weights_are_another_corpus():
    with encode(DOCUMENTS) as corpus:
        prints = {corpus.fingerprint, *(corpus.weighted([1, 1, w]).fingerprint for w in (1, 2, 2.5))}
        assert len(prints) == 4
        assert corpus.weighted([1, 1, 2]).fingerprint in prints


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"weights have the shape \(2,\), but must be 3 numbers, one for each document, or 6"),
        ([1, -2, 1], r"number 1 of the weights is -2\.0, but they must be numbers of at least 0"),
        ([1, 2, np.inf], "number 2 of the weights is inf"),
        ([0, 0, 0], "all weights are 0"),
    ],
)
def test_weights_that_say_nothing_are_refused(weights, message):
    with encode(DOCUMENTS) as corpus, pytest.raises(InputError, match=message):
        corpus.weighted(weights)


def test_closing_one_leaves_the_other_open():
    with encode(DOCUMENTS) as corpus:
        weighted = corpus.weighted([1, 1, 2])
        weighted.close()
        assert len(corpus.ids) == 9
