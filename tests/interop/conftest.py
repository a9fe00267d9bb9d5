"""What the tests of exchange with other tools share."""

from __future__ import annotations

import numpy as np
import pytest

import firth
from firth.formats import VectorTable
from firth.vocabulary import Vocabulary

EXCHANGED = ["the", "king", "naïve", "日本", "a\xa0b", "new york", "[UNK]", "e\u0301"]


@pytest.fixture
def exchanged():
    """Words with spaces, accents and brackets, their counts and vectors of seven numbers."""
    rows = np.random.default_rng(3).normal(size=(len(EXCHANGED), 7)).astype(np.float32)
    counts = np.arange(2 * len(EXCHANGED), len(EXCHANGED), -1)
    return firth.WordVectors(VectorTable(Vocabulary(EXCHANGED, counts), rows))


@pytest.fixture
def one_word_each(exchanged):
    """The same without the word that holds a space."""
    return exchanged.subset([word for word in exchanged if " " not in word])


@pytest.fixture
def check_same():
    """Compare words, vectors to the bit and, where asked for, counts."""

    def check(found: firth.WordVectors, wanted: firth.WordVectors, *, counts: bool = False) -> None:
        assert list(found) == list(wanted)
        np.testing.assert_array_equal(found.embeddings, wanted.embeddings)
        if counts:
            np.testing.assert_array_equal(found.vocabulary.counts, wanted.vocabulary.counts)

    return check
