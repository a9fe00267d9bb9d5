"""What turns vectors into other tools' objects, as far as it needs none of them; the rest is in tests/interop."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

import firth
from firth.errors import InputError, MissingExtraError
from firth.formats import VectorTable
from firth.vocabulary import Vocabulary


@pytest.fixture
def vectors():
    return firth.WordVectors(VectorTable(Vocabulary(["to", "be"], [2, 1]), np.eye(2, 3, dtype=np.float32)))


@pytest.mark.parametrize(
    ("module", "extra", "use"),
    [
        ("torch", "torch", lambda vectors: vectors.to_torch()),
        ("spacy.vectors", "spacy", lambda vectors: vectors.to_spacy(None)),
    ],
)
def test_a_missing_package_is_named_with_its_remedy(module, extra, use, vectors, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    package = module.partition(".")[0]
    with pytest.raises(MissingExtraError, match=rf"needs {package}.*pip install 'firth\[{extra}\]'"):
        use(vectors)


def test_unknown_words_have_the_row_behind_all_others(vectors):
    assert vectors.ids(["be", "unheard", "to"]).tolist() == [1, 2, 0]
    assert vectors.ids([]).tolist() == []
    with pytest.raises(InputError, match="sequence of words"):
        vectors.ids("to")


def test_a_pipeline_without_vectors_is_refused():
    vocab = types.SimpleNamespace(vectors=types.SimpleNamespace(key2row={}))
    with pytest.raises(InputError, match="no table of words"):
        firth.WordVectors.from_spacy(vocab)
