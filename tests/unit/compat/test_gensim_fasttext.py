"""FastText under gensim's names: vectors of n-grams as firth composes them, and fastText's own files."""

import numpy as np
import pytest

import firth
from firth.compat import gensim
from firth.compat.gensim import FastText, KeyedVectors, Word2Vec
from firth.subwords import bucket, ngrams

draws = np.random.default_rng(1)
SENTENCES = [[f"w{number}" for number in draws.integers(0, 30, 12)] for _ in range(100)]
SMALL = {"vector_size": 8, "min_count": 1, "epochs": 2, "workers": 1}


@pytest.fixture(scope="module")
def composed():
    return FastText(SENTENCES, bucket=500, **SMALL)


def test_fasttext_composes_vectors_as_firth_does(composed, tmp_path):
    options = {"dim": 8, "min_count": 1, "epochs": 2, "learning_rate": 0.025, "min_learning_rate": 1e-4}
    config = firth.FastText(architecture="cbow", buckets=500, subsample=1e-3, **options)
    same = firth.train(SENTENCES, config)
    np.testing.assert_array_equal(composed.wv.vectors, same.input_embeddings)
    wv = composed.wv
    np.testing.assert_array_equal(wv["w1w2"], same.vectors["w1w2"])
    assert ("w1w2" in wv, wv.has_index_for("w1w2"), "w1w2" in wv.key_to_index) == (True, False, False)
    assert wv.vectors_ngrams.shape == (500, 8)
    rows = wv.vectors_ngrams[[bucket(ngram, 500) for ngram in ngrams("w1", 3, 6)]]
    own = wv.vectors_vocab[wv.key_to_index["w1"]]
    np.testing.assert_allclose(wv["w1"], np.vstack([own, rows]).mean(axis=0), atol=1e-6)
    assert wv.buckets_word[wv.key_to_index["w1"]].tolist() == [bucket(one, 500) for one in ngrams("w1", 3, 6)]
    assert wv.similarity("w1w2", "w1") == pytest.approx(same.vectors.similarity("w1w2", "w1"), abs=1e-6)
    assert [word for word, _ in wv.most_similar("w1w2", topn=3)] == [
        near.word for near in same.vectors.neighbors("w1w2", 3)
    ]
    used = set(np.concatenate(wv.buckets_word).tolist())
    unmet = next(word for word in "日本語のテスト" if bucket(f"<{word}>", 500) not in used)
    assert unmet not in wv
    with pytest.raises(KeyError, match="none of its n-grams was met"):
        wv[unmet]
    assert wv.vectors_for_all(["w1", "w1w2", unmet]).index_to_key == ["w1", "w1w2"]
    assert wv.vectors_for_all(["w1", "w1w2"], allow_inference=False).index_to_key == ["w1"]
    np.testing.assert_array_equal(wv.get_sentence_vector(["w1", "w2"]), wv.get_mean_vector(["w1", "w2"]))


def test_fasttext_is_saved_trained_further_and_grows(composed, tmp_path):
    composed.save(tmp_path / "model")
    model = FastText.load(tmp_path / "model")
    assert isinstance(Word2Vec.load(tmp_path / "model"), FastText)
    np.testing.assert_array_equal(model.wv["w1w2"], composed.wv["w1w2"])
    model.train(SENTENCES, total_examples=1, epochs=1)
    assert not np.array_equal(model.wv["w1w2"], composed.wv["w1w2"])
    before = model.wv.vectors_vocab.copy()
    model.build_vocab([["w1", "brandnew"]] * 3, update=True)
    np.testing.assert_array_equal(model.wv.vectors_vocab[:30], before)
    model.train([["w1", "brandnew"]] * 9, total_examples=9, epochs=1)
    assert "brandnewer" in model.wv
    vectors = KeyedVectors.load(tmp_path / "model")
    assert "w1w2" in vectors
    model.wv.save(tmp_path / "vectors")
    np.testing.assert_array_equal(KeyedVectors.load(tmp_path / "vectors")["w1w2"], model.wv["w1w2"])


def test_facebooks_models_come_and_go(composed, tmp_path):
    path = tmp_path / "model.bin"
    gensim.save_facebook_model(composed, path)
    vectors = gensim.load_facebook_vectors(path)
    np.testing.assert_allclose(vectors["w1w2"], composed.wv["w1w2"], atol=1e-6)
    model = gensim.load_facebook_model(path)
    assert (model.sg, model.window, model.epochs, model.bucket) == (0, 5, 2, 500)
    np.testing.assert_array_equal(model.syn1neg, composed.syn1neg)
    np.testing.assert_allclose(model.wv["w1w2"], composed.wv["w1w2"], atol=1e-6)
    model.train(SENTENCES, total_examples=1, epochs=1)


def test_gensim_3s_way_to_facebooks_models_leads_on(composed, tmp_path):
    gensim.save_facebook_model(composed, tmp_path / "model.bin")
    with pytest.warns(DeprecationWarning, match="load_facebook_model"):
        read = FastText.load_fasttext_format(tmp_path / "model.bin")
    np.testing.assert_array_equal(read.wv["w1"], composed.wv["w1"])


def test_a_word_may_be_asked_for_by_the_name_that_gensim_gives_it(composed):
    np.testing.assert_array_equal(composed.wv.get_vector(word="w1"), composed.wv["w1"])


def test_without_ngrams_fasttext_knows_whole_words_only():
    model = FastText(SENTENCES, min_n=3, max_n=2, **SMALL)
    assert "w1w2" not in model.wv
    with pytest.raises(KeyError):
        model.wv["w1w2"]
