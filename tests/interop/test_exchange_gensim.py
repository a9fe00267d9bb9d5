"""gensim's own pickles, written by gensim and read without being run; and gensim reading what firth writes for it.

Each test names its cell of the table in docs/guides/exchange.md.
"""

import numpy as np
import pytest

import firth
from firth.compat.gensim.models import KeyedVectors as OurKeyedVectors

pytestmark = pytest.mark.filterwarnings("ignore")
models = pytest.importorskip("gensim.models", reason="gensim is not installed")

SENTENCES = [["the", "king", "naïve", "日本"], ["the", "king", "new york"], ["the", "queen"]] * 5
OPTIONS = {"vector_size": 7, "min_count": 1, "workers": 1, "seed": 3, "epochs": 2}


def checked(found, theirs, *, atol=0.0):
    assert list(found) == theirs.index_to_key
    assert [found.count(word) for word in found] == theirs.expandos["count"].tolist()
    np.testing.assert_allclose(found.embeddings, theirs.vectors, rtol=0, atol=atol)


@pytest.mark.exchange("gensim", "gensim", "in")
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("options", [{}, {"sep_limit": 0}, {"separately": []}])
def test_word2vec_is_read(protocol, options, tmp_path):
    model = models.Word2Vec(SENTENCES, **OPTIONS)
    model.save(str(tmp_path / "a.model"), pickle_protocol=protocol, **options)
    model.wv.save(str(tmp_path / "a.kv"), pickle_protocol=protocol, **options)
    checked(firth.load(tmp_path / "a.kv"), model.wv)
    found = firth.load(tmp_path / "a.model")
    checked(found, model.wv)
    np.testing.assert_array_equal(found.output_vectors.embeddings, model.syn1neg)


@pytest.mark.parametrize("options", [{"hs": 1, "negative": 0}, {"hs": 1, "sg": 1}])
def test_other_losses_are_read(options, tmp_path):
    model = models.Word2Vec(SENTENCES, **OPTIONS, **options)
    model.save(str(tmp_path / "a.model"))
    found = firth.load(tmp_path / "a.model")
    checked(found, model.wv)
    assert (found.output_vectors is None) == (options.get("negative") == 0)


@pytest.mark.parametrize(
    "options", [{"bucket": 40}, {"bucket": 40, "min_n": 1, "max_n": 2}, {"max_n": 0, "min_n": 1}]
)
@pytest.mark.parametrize("beside", [{}, {"sep_limit": 0}])
def test_fasttext_is_read_and_composes_the_same_vectors(options, beside, tmp_path):
    model = models.FastText(SENTENCES, **OPTIONS, **options)
    for saved in (model, model.wv):
        saved.save(str(tmp_path / "a.model"), **beside)
        found = firth.load(tmp_path / "a.model")
        checked(found, model.wv, atol=1e-6)
        if options.get("max_n") != 0:
            for word in ("kings", "naïveté", "日本語"):
                np.testing.assert_allclose(found[word], model.wv[word], atol=1e-6)


def test_doc2vec_is_read_for_its_words(tmp_path):
    documents = [models.doc2vec.TaggedDocument(words, [i]) for i, words in enumerate(SENTENCES)]
    model = models.Doc2Vec(documents, **OPTIONS)
    model.save(str(tmp_path / "a.model"))
    checked(firth.load(tmp_path / "a.model"), model.wv)


@pytest.mark.parametrize(
    "keys", [[7, 8], np.array([7, 8]), np.array([7, 8], np.uint8)], ids=["plain", "int64", "uint8"]
)
def test_vectors_of_numbers_are_read(keys, tmp_path):
    theirs = models.KeyedVectors(3)
    theirs.add_vectors(keys, np.ones((2, 3), np.float32))
    theirs.save(str(tmp_path / "a.kv"))
    assert list(firth.load(tmp_path / "a.kv")) == ["7", "8"]
    assert OurKeyedVectors.load(str(tmp_path / "a.kv")).index_to_key == [7, 8]


def test_what_is_no_model_of_words_is_refused(tmp_path):
    phrases = models.Phrases(SENTENCES, min_count=1)
    phrases.save(str(tmp_path / "phrases"))
    with pytest.raises(firth.FirthError, match="vectors of words|list of words"):
        firth.load(tmp_path / "phrases")
