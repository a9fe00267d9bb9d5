"""What gensim's users copy from page to page, in our own words: it runs with another line that imports."""

import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest

from firth.compat import gensim

draws = np.random.default_rng(1)
SENTENCES = [[f"w{number}" for number in draws.integers(0, 30, 12)] for _ in range(100)]


def test_a_snippet_as_they_are_copied_runs_with_another_first_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logging.getLogger("firth").setLevel(logging.INFO)

    class MyCorpus:
        def __iter__(self):
            for sentence in SENTENCES:
                yield gensim.utils.simple_preprocess(
                    " ".join(sentence).replace("w", "word").replace("1", "x")
                )

    model = gensim.models.Word2Vec(sentences=MyCorpus(), vector_size=10, window=5, min_count=1, workers=4)
    for index, word in enumerate(model.wv.index_to_key):
        if index == 3:
            break
        assert model.wv.key_to_index[word] == index
    model.save("word2vec.model")
    model = gensim.models.Word2Vec.load("word2vec.model")
    with pytest.warns(UserWarning, match="nothing was learned"):
        assert model.train([["hello", "world"]], total_examples=1, epochs=1) == (0, 2)
    word_vectors = model.wv
    word_vectors.save("word2vec.wordvectors")
    wv = gensim.models.KeyedVectors.load("word2vec.wordvectors", mmap="r")
    sims = wv.most_similar("word", topn=1)
    assert len(sims) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "word" in wv.key_to_index


def test_fasttext_from_a_file_to_words_never_seen(tmp_path):
    corpus_file = tmp_path / "corpus.txt"
    corpus_file.write_text("".join(" ".join(sentence) + "\n" for sentence in SENTENCES))
    model = gensim.models.FastText(vector_size=10, bucket=1_000)
    model.build_vocab(corpus_file=str(corpus_file))
    model.train(
        corpus_file=str(corpus_file),
        epochs=model.epochs,
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
    )
    with tempfile.NamedTemporaryFile(prefix="saved_model_gensim-", dir=tmp_path, delete=False) as tmp:
        model.save(tmp.name, separately=[])
    loaded_model = gensim.models.fasttext.FastText.load(tmp.name)
    wv = loaded_model.wv
    assert ("w1" in wv.key_to_index, "w1w1" in wv.key_to_index, "w1w1" in wv) == (True, False, True)
    assert -1 <= wv.similarity("w1w1", "w1") <= 1
    assert -1 <= wv.n_similarity(["w1", "w2"], ["w3", "w1w1"]) <= 1
    new_data = [["w1", "computer"], ["computer", "w2"]] * 5
    model.build_vocab(new_data, update=True)
    model.train(new_data, total_examples=len(new_data), epochs=model.epochs)
    assert "computer" in model.wv.key_to_index


def test_the_loss_of_each_epoch_as_the_difference_of_sums():
    class LossLogger(gensim.models.callbacks.CallbackAny2Vec):
        def __init__(self):
            self.epoch, self.before, self.losses = 0, 0.0, []

        def on_epoch_end(self, model):
            loss = model.get_latest_training_loss()
            self.losses.append(loss - self.before)
            self.before = loss
            self.epoch += 1

    logger = LossLogger()
    model = gensim.models.Word2Vec(
        SENTENCES,
        sg=1,
        compute_loss=True,
        seed=42,
        sample=0,
        epochs=8,
        alpha=0.2,
        callbacks=[logger],
        min_count=1,
    )
    assert logger.epoch == len(model.history) == 8
    assert logger.losses[-1] < logger.losses[0]


def test_bigrams_and_trigrams_on_their_way_to_a_model():
    text = [["machine", "learning", "and", "new", "york", "city", f"w{number % 7}"] for number in range(50)]
    bigram = gensim.models.phrases.Phraser(gensim.models.Phrases(text, min_count=5, threshold=0.1))
    trigram = gensim.models.Phrases(bigram[text], min_count=5, threshold=0.1)
    assert bigram[text[0]][:3] == ["machine_learning", "and_new", "york_city"]
    assert trigram[bigram[text[0]]][0] == "machine_learning_and_new"
    model = gensim.models.Word2Vec(trigram[bigram[text]], vector_size=10, min_count=1, sample=0)
    assert "machine_learning_and_new" in model.wv


def test_pretrained_vectors_become_the_matrix_of_another_library(tmp_path):
    model = gensim.models.Word2Vec(SENTENCES, vector_size=10, min_count=1)
    model.wv.save_word2vec_format(str(tmp_path / "model.txt"), binary=False)
    word_vectors = gensim.models.KeyedVectors.load_word2vec_format(str(tmp_path / "model.txt"), binary=False)
    matrix = np.zeros((3, word_vectors.vector_size))
    for row, word in enumerate(["w1", "unknown", "w2"]):
        try:
            matrix[row] = word_vectors[word]
        except KeyError:
            matrix[row] = 9
    assert matrix[1, 0] == 9
    np.testing.assert_array_equal(matrix[2], model.wv["w2"])
    document = [word for word in ["w1", "unknown"] if word in word_vectors]
    np.testing.assert_allclose(np.mean(word_vectors[document], axis=0), model.wv["w1"])
    assert Path(tmp_path / "model.txt").read_text().startswith("30 10\n")
