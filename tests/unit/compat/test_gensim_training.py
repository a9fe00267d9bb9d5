"""Training under gensim's names is firth's training, and the snippets that its users copy run."""

import copy
import pickle
import signal
import tempfile

import numpy as np
import pytest

import firth
from firth.compat import gensim
from firth.compat.gensim import (
    CallbackAny2Vec,
    FastText,
    KeyedVectors,
    LineSentence,
    PathLineSentences,
    Word2Vec,
)
from firth.errors import ConfigError, FormatError, InputError, OutputError

draws = np.random.default_rng(1)
SENTENCES = [[f"w{number}" for number in draws.integers(0, 30, 12)] for _ in range(100)]
SMALL = {"vector_size": 8, "min_count": 1, "epochs": 2, "workers": 1}
ALIKE = {"alpha": 0.025, "min_alpha": 2.5e-6, "sample": 1e-4}


@pytest.fixture(scope="module")
def trained():
    return Word2Vec(SENTENCES, **SMALL)


@pytest.mark.parametrize("sg", [0, 1])
def test_the_bits_are_those_of_firth(sg):
    model = Word2Vec(SENTENCES, sg=sg, **SMALL, **ALIKE)
    kind = firth.SkipGram if sg else firth.CBOW
    config = kind(dim=8, min_count=1, epochs=2, learning_rate=0.025)
    same = firth.train(SENTENCES, config)
    assert model.wv.index_to_key == list(same.vocabulary)
    np.testing.assert_array_equal(model.wv.vectors, same.input_embeddings)
    np.testing.assert_array_equal(model.syn1neg, same.output_embeddings)
    losses = sum(epoch.loss * epoch.pairs for epoch in same.history)
    assert model.get_latest_training_loss() == pytest.approx(losses)


def test_building_and_training_apart_is_the_same_as_at_once(trained):
    model = Word2Vec(**SMALL)
    model.build_vocab(SENTENCES)
    assert model.wv.vectors.any()
    words = model.train(SENTENCES, total_examples=model.corpus_count, epochs=model.epochs)
    np.testing.assert_array_equal(model.wv.vectors, trained.wv.vectors)
    assert (model.corpus_count, model.corpus_total_words) == (100, 1200)
    assert 0 < words[0] < words[1] == 2400


def test_sentences_are_passed_over_once_so_that_a_generator_will_do(trained, tmp_path):
    made = Word2Vec((sentence for sentence in SENTENCES), **SMALL)
    np.testing.assert_array_equal(made.wv.vectors, trained.wv.vectors)
    path = tmp_path / "text" / "corpus.txt"
    path.parent.mkdir()
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in SENTENCES))
    for options in (
        {"corpus_file": str(path)},
        {"sentences": LineSentence(path)},
        {"sentences": LineSentence(path, limit=1_000)},
        {"sentences": PathLineSentences(path.parent)},
    ):
        np.testing.assert_array_equal(Word2Vec(**options, **SMALL).wv.vectors, trained.wv.vectors)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["no lists", "of tokens"], "sentence 0 is the string 'no lists'"),
        ("text", "the sentences are the string 'text'"),
        (7, "the sentences are 7"),
        ([], "holds no documents"),
        ([["once"]], "1 of 1 different words are left with min_count=1"),
    ],
)
def test_what_are_no_sentences_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        Word2Vec(given, **SMALL)


def test_training_goes_on_with_what_is_in_the_model(trained, tmp_path):
    trained.save(tmp_path / "word2vec.model")
    model = Word2Vec.load(str(tmp_path / "word2vec.model"))
    for name in ("wv", "syn1neg"):
        rows = [getattr(one, name) for one in (trained, model)]
        np.testing.assert_array_equal(*(getattr(row, "vectors", row) for row in rows))
    assert str(model) == str(trained)
    model.wv.vectors[:] = 0
    model.syn1neg[:] = 0
    model.train(SENTENCES, total_examples=1, epochs=1, start_alpha=1e-3, end_alpha=1e-3)
    assert not model.wv.vectors.any()  # from zeros, nothing moves
    again = firth.load(tmp_path / "word2vec.model")
    assert again.count("w1") == trained.wv.get_vecattr("w1", "count")
    assert firth.train(SENTENCES, continue_from=tmp_path / "word2vec.model").finished


def test_a_handful_of_sentences_is_enough():
    few = [
        ["human", "interface", "computer"],
        ["eps", "user", "interface", "system"],
        ["human", "system"],
    ] * 2
    model = Word2Vec(sentences=few, vector_size=10, window=5, min_count=1, workers=4, epochs=30)
    pairs = [epoch["pairs"] for epoch in model.history]
    assert len(pairs) == 30
    assert min(pairs) == 0 < max(pairs)
    with pytest.warns(UserWarning, match=r"nothing was learned.*sample=1e-06"):
        Word2Vec(few, sample=1e-6, min_count=1, vector_size=4)


def test_what_firth_has_trained_is_a_model_of_gensims(tmp_path):
    firth.train(SENTENCES, firth.CBOW(dim=8, min_count=1, epochs=1), output=tmp_path / "vectors")
    model = Word2Vec.load(tmp_path / "vectors")
    assert (model.sg, model.vector_size, model.alpha, model.epochs) == (0, 8, 0.05, 1)
    model.train(SENTENCES, total_examples=1, epochs=1)
    vectors = KeyedVectors.load(str(tmp_path / "vectors"), mmap="r")
    assert not vectors.vectors.flags.writeable
    assert vectors.most_similar("w1", topn=1)


def test_vectors_alone_and_pickles_are_no_models(trained, tmp_path):
    trained.wv.save(tmp_path / "vectors")
    with pytest.raises(FormatError, match=r"no model that could be trained: use KeyedVectors\.load"):
        Word2Vec.load(tmp_path / "vectors")
    (tmp_path / "pickle").write_bytes(b"\x80\x04\x95 and so on")
    with pytest.raises(FormatError, match="a pickle, which can run any code"):
        Word2Vec.load(tmp_path / "pickle")


def test_a_vocabulary_grows():
    model = Word2Vec(SENTENCES, **SMALL)
    before, counts = model.wv.vectors.copy(), model.wv.expandos["count"].copy()
    wv = model.wv
    model.build_vocab([["w1", "new", "new"]] * 3, update=True)
    assert model.wv is wv
    assert (len(wv), wv.index_to_key[-1], wv.get_vecattr("new", "count")) == (31, "new", 6)
    assert wv.get_vecattr("w1", "count") == counts[wv.key_to_index["w1"]] + 3
    np.testing.assert_array_equal(wv.vectors[:30], before)
    model.train([["w1", "new", "new"]] * 30, total_examples=30, epochs=2)
    assert not np.array_equal(wv["w1"], before[wv.key_to_index["w1"]])
    with pytest.raises(ConfigError, match="another tree would grow"):
        Word2Vec(SENTENCES, hs=1, negative=0, **SMALL).build_vocab([["a", "b"]], update=True)


class Watcher(CallbackAny2Vec):
    def __init__(self, fail=False):
        self.told, self.vectors, self.fail = [], [], fail

    def on_train_begin(self, model):
        self.told.append("train begins")

    def on_epoch_begin(self, model):
        self.told.append("epoch begins")

    def on_epoch_end(self, model):
        self.told.append("epoch ends")
        self.vectors.append(model.wv["w1"].copy())
        assert model.get_latest_training_loss() > 0
        if self.fail:
            raise RuntimeError("enough")

    def on_train_end(self, model):
        self.told.append("train ends")


def test_callbacks_see_the_vectors_of_the_moment(trained):
    watcher = Watcher()
    model = Word2Vec(SENTENCES, callbacks=[watcher], **SMALL)
    epoch = ["epoch begins", "epoch ends"]
    assert watcher.told == ["train begins", *epoch, *epoch, "train ends"]
    assert not np.array_equal(*watcher.vectors)
    np.testing.assert_array_equal(watcher.vectors[-1], trained.wv["w1"])
    np.testing.assert_array_equal(model.wv.vectors, trained.wv.vectors)
    model.train(SENTENCES, total_examples=1, epochs=1)  # the constructor's are for the constructor
    assert len(watcher.told) == 6


def test_a_callback_can_save_each_epoch_under_names_that_are_taken(tmp_path):
    class EpochSaver(CallbackAny2Vec):
        def __init__(self):
            self.saved = []

        def on_epoch_end(self, model):
            with tempfile.NamedTemporaryFile(dir=tmp_path, delete=False) as file:
                model.save(file.name, separately=[])
            self.saved.append((file.name, model.wv.vectors.copy()))

    saver = EpochSaver()
    Word2Vec(SENTENCES, callbacks=[saver], **SMALL)
    assert len(saver.saved) == 2
    for path, vectors in saver.saved:
        np.testing.assert_array_equal(Word2Vec.load(path).wv.vectors, vectors)
    (tmp_path / "thesis").write_text("years of work")
    with pytest.raises(OutputError, match="something else than vectors"):
        Word2Vec.load(saver.saved[0][0]).save(tmp_path / "thesis")


def test_a_callback_can_end_training_and_the_model_keeps_what_it_has():
    model, watcher = Word2Vec(**SMALL), Watcher(fail=True)
    model.build_vocab(SENTENCES)
    before = model.wv.vectors.copy()
    with pytest.raises(RuntimeError, match="enough"):
        model.train(SENTENCES, total_examples=1, epochs=50, callbacks=[watcher])
    assert watcher.told == ["train begins", "epoch begins", "epoch ends"]
    np.testing.assert_array_equal(model.wv["w1"], watcher.vectors[0])
    assert not np.array_equal(model.wv.vectors, before)


def test_after_ctrl_c_the_model_has_what_it_has_learned():
    class Interrupter(Watcher):
        def on_epoch_end(self, model):
            super().on_epoch_end(model)
            if len(self.vectors) == 2:
                signal.raise_signal(signal.SIGINT)

    model, watcher = Word2Vec(**SMALL), Interrupter()
    model.build_vocab(SENTENCES)
    with pytest.raises(KeyboardInterrupt, match="the model has what it has learned so far"):
        model.train(SENTENCES, total_examples=1, epochs=50, callbacks=[watcher])
    assert len(model.history) == 2
    np.testing.assert_array_equal(model.wv["w1"], watcher.vectors[-1])
    model.train(SENTENCES, total_examples=1, epochs=1)


def test_a_model_can_be_copied(trained):
    for other in (copy.deepcopy(trained), pickle.loads(pickle.dumps(trained))):
        np.testing.assert_array_equal(other.wv.vectors, trained.wv.vectors)
        assert str(other) == str(trained)
        other.train(SENTENCES, total_examples=1, epochs=1)
        assert not np.array_equal(other.wv.vectors, trained.wv.vectors)


def test_tokens_that_are_numbers_stay_numbers(tmp_path):
    numbers = [[int(word[1:]) for word in sentence] for sentence in SENTENCES]
    model = Word2Vec(numbers, **SMALL)
    assert sorted(model.wv.index_to_key) == list(range(30))
    assert all(isinstance(key, int) for key, _ in model.wv.most_similar(7))
    model.save(tmp_path / "model")
    assert Word2Vec.load(tmp_path / "model").wv.index_to_key == model.wv.index_to_key
    model.build_vocab([[7, 99, 99]] * 2, update=True)
    assert model.wv.index_to_key[-1] == 99


def test_hierarchical_softmax_is_trained_saved_and_scores(tmp_path):
    model = Word2Vec(SENTENCES, hs=1, negative=0, sg=1, window=2, **SMALL)
    model.save(tmp_path / "model")
    again = Word2Vec.load(tmp_path / "model")
    np.testing.assert_array_equal(again.syn1, model.syn1)
    assert model.syn1.shape == (29, 8)
    again.train(SENTENCES, total_examples=1, epochs=1)
    scores = model.score([*SENTENCES[:2], [], ["w1", "nowhere", "w2"]])
    assert scores.shape == (4,)
    assert np.all(scores[:2] < 0)
    assert scores[2] == 0
    # Each word given the other one: the probabilities of a word add up to 1 over the vocabulary.
    total = sum(np.exp(model.score([["w1", word], ["w1"]])[0]) for word in ("w2", "w3"))
    assert 0 < total < 1
    with pytest.raises(ConfigError, match="predicted by negative sampling"):
        model.predict_output_word(["w1"])
    with pytest.raises(AttributeError, match="the model has no syn1neg"):
        _ = model.syn1neg


@pytest.mark.parametrize("kind", [Word2Vec, FastText])
def test_both_losses_are_trained_saved_and_asked(kind, tmp_path):
    options = {"hs": 1, "negative": 3, "ns_exponent": 0.5, "sg": 1, "window": 2, **SMALL}
    model = kind(SENTENCES, **options, **({"bucket": 50} if kind is FastText else {}))
    assert (model.syn1.shape, model.syn1neg.shape) == ((29, 8), (30, 8))
    # Either matrix is trained, and both say what they say where the other loss is off.
    assert np.any(model.syn1, axis=1).all()
    assert np.any(model.syn1neg, axis=1).all()
    assert np.all(model.score(SENTENCES[:2]) < 0)
    assert sum(share for _, share in model.predict_output_word(["w1"], topn=30)) == pytest.approx(1)
    model.save(tmp_path / "model")
    again = kind.load(tmp_path / "model")
    assert (again.hs, again.negative, again.ns_exponent) == (1, 3, 0.5)
    for name in ("syn1", "syn1neg"):
        np.testing.assert_array_equal(getattr(again, name), getattr(model, name))
        getattr(again, name)[:] = 0
    again.train(SENTENCES, total_examples=1, epochs=1)
    assert np.any(again.syn1)
    assert np.any(again.syn1neg)


def test_both_losses_are_those_of_firth_train(tmp_path):
    loss = "hierarchical-softmax+negative-sampling"
    config = firth.SkipGram(dim=8, min_count=1, epochs=2, subsample=1e-3, min_learning_rate=1e-4, loss=loss)
    trained = firth.train(SENTENCES, config, output=tmp_path / "vectors")
    model = Word2Vec(SENTENCES, hs=1, sg=1, **SMALL)
    np.testing.assert_array_equal(model.wv.vectors, trained.vectors.embeddings)
    np.testing.assert_array_equal(model.syn1neg, trained.output_embeddings)
    np.testing.assert_array_equal(model.syn1, trained.table.state["node_embeddings"])
    loaded = Word2Vec.load(tmp_path / "vectors")
    assert (loaded.hs, loaded.negative) == (1, 5)
    np.testing.assert_array_equal(loaded.syn1neg, model.syn1neg)
    np.testing.assert_array_equal(loaded.syn1, model.syn1)


def test_no_loss_at_all_is_refused():
    with pytest.raises(ConfigError, match="there is nothing to learn"):
        Word2Vec(negative=0)


def test_words_are_predicted_from_their_context(trained):
    found = trained.predict_output_word(["w1", "w2", "nowhere"], topn=30)
    assert sum(share for _, share in found) == pytest.approx(1)
    hidden = trained.wv[["w1", "w2"]].mean(axis=0)
    logits = trained.syn1neg @ hidden
    assert found[0][0] == trained.wv.index_to_key[int(np.argmax(logits))]
    assert found[0][1] == pytest.approx(float(np.exp(logits).max() / np.exp(logits).sum()), rel=1e-4)
    assert trained.predict_output_word(["nowhere"]) is None


def test_a_rule_decides_which_words_are_kept():
    def rule(word, count, min_count):
        assert min_count == 45
        return {"w1": gensim.utils.RULE_DISCARD, "w2": gensim.utils.RULE_KEEP}.get(
            word, gensim.utils.RULE_DEFAULT
        )

    model = Word2Vec(**{**SMALL, "min_count": 45}, trim_rule=rule)
    model.build_vocab(SENTENCES, keep_raw_vocab=True)
    for word, count in model.raw_vocab.items():
        assert (word in model.wv) == (word != "w1" and (count >= 45 or word == "w2"))
    assert "w1" in model.raw_vocab


def test_the_order_of_the_text_can_be_kept():
    model = Word2Vec(sorted_vocab=0, **SMALL)
    model.build_vocab(SENTENCES)
    assert model.wv.index_to_key == list(dict.fromkeys(word for sentence in SENTENCES for word in sentence))
    model.build_vocab_from_freq({"a": 3, "b": 9})
    assert model.wv.index_to_key == ["a", "b"]
    assert model.wv.vectors.shape == (2, 8)


def test_vectors_from_elsewhere_are_where_training_begins(trained, tmp_path):
    trained.wv.save_word2vec_format(tmp_path / "vectors.bin", binary=True)
    model = Word2Vec(**SMALL)
    model.build_vocab([*SENTENCES, ["another"] * 3])
    with pytest.raises(ConfigError, match=r"lockf is 0\.0, but firth does not offer it"):
        model.wv.intersect_word2vec_format(tmp_path / "vectors.bin", binary=True)
    model.wv.vectors_lockf = np.ones(len(model.wv))
    model.wv.intersect_word2vec_format(tmp_path / "vectors.bin", lockf=1.0, binary=True)
    np.testing.assert_array_equal(model.wv["w5"], trained.wv["w5"])
    model.train(SENTENCES, total_examples=1, epochs=1)
    model.wv.vectors_lockf[3] = 0
    with pytest.raises(ConfigError, match="firth trains all rows"):
        model.train(SENTENCES, total_examples=1, epochs=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"null_word": 1}, "null_word is 1"),
        ({"vector_size": 0}, "dim is 0"),
        ({"window": 0}, "window is 0"),
        ({"alpha": 1e-5}, "must not be above alpha"),
        ({"epochs": 0}, "epochs is 0"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Word2Vec(**options)


def test_a_model_without_words_says_so(trained):
    with pytest.raises(InputError, match="no vocabulary yet"):
        Word2Vec().train(SENTENCES, total_examples=1, epochs=1)
    with pytest.raises(InputError, match="no vocabulary yet"):
        Word2Vec().save("nowhere")
    with pytest.raises(InputError, match="no vocabulary yet"):
        Word2Vec().predict_output_word(["w1"])
    with pytest.raises(ConfigError, match="neither of corpus_iterable and corpus_file"):
        trained.train(total_examples=1, epochs=1)


def test_gensim_3s_names_lead_on_with_a_warning(trained):
    with pytest.warns(DeprecationWarning, match=r"Word2Vec\(size=\.\.\.\) is gensim 3's name"):
        model = Word2Vec(size=7, min_count=1)
    with pytest.warns(DeprecationWarning, match=r"epochs=\.\.\. instead"):
        assert Word2Vec(iter=3).epochs == 3
    with pytest.raises(TypeError, match="unexpected keyword argument 'sise'"):
        Word2Vec(sise=3)
    assert model.vector_size == 7
    with pytest.warns(DeprecationWarning, match="is gensim 3's name"):
        assert (trained.wv.vocab["w1"].count, len(trained.wv.vocab)) == (
            trained.wv.get_vecattr("w1", "count"),
            30,
        )
    for old, new in {
        "iter": trained.epochs,
        "index2word": trained.wv.index_to_key,
        "syn0": trained.wv.vectors,
    }.items():
        with pytest.warns(DeprecationWarning, match="is gensim 3's name"):
            assert getattr(trained, old) is new or getattr(trained, old) == new
    with pytest.warns(DeprecationWarning, match="is gensim 3's name"):
        np.testing.assert_array_equal(trained["w1"], trained.wv["w1"])
    with pytest.warns(DeprecationWarning, match="is gensim 3's name"):
        assert trained.most_similar("w1") == trained.wv.most_similar("w1")
    with pytest.raises(AttributeError, match="not offered by firth: use|not offered by firth: building"):
        trained.scan_vocab()


@pytest.mark.parametrize(
    ("before", "changed", "missing"),
    [({"hs": 0}, {"hs": 1}, "syn1"), ({"hs": 1, "negative": 0}, {"negative": 5}, "syn1neg")],
    ids=["hs", "negative"],
)
def test_a_loss_that_is_set_late_wants_weights_of_its_own(before, changed, missing, tmp_path):
    model = Word2Vec(SENTENCES, **before, **SMALL)
    for name, value in changed.items():
        setattr(model, name, value)
    with pytest.raises(ConfigError, match=f"but the model has no {missing}, as .* call build_vocab"):
        model.train(SENTENCES, total_examples=1, epochs=1)
    with pytest.raises(ConfigError, match=f"the model has no {missing}, as"):
        model.score(SENTENCES[:1]) if missing == "syn1" else model.predict_output_word(["w1"])
    model.save(tmp_path / "model")
    with pytest.raises(ConfigError, match=f"the model has no {missing}, as"):
        Word2Vec.load(tmp_path / "model").train(SENTENCES, total_examples=1, epochs=1)
    model.build_vocab(SENTENCES)
    assert len(getattr(model, missing)) >= 29
    model.train(SENTENCES, total_examples=1, epochs=1)


def test_output_words_are_predicted_whatever_other_loss_is_set():
    model = Word2Vec(SENTENCES, **SMALL)
    model.hs = 1
    assert len(model.predict_output_word(["w1"], topn=3)) == 3


def test_scripts_that_train_where_there_is_nothing_to_load_meet_the_error_they_wait_for(tmp_path):
    for load in (
        Word2Vec.load,
        FastText.load,
        KeyedVectors.load,
        KeyedVectors.load_word2vec_format,
        gensim.models.Phrases.load,
        gensim.models.fasttext.load_facebook_model,
        gensim.models.fasttext.load_facebook_vectors,
    ):
        with pytest.raises(FileNotFoundError, match="cannot read .*nothing: No such file") as caught:
            load(tmp_path / "nothing")
        assert isinstance(caught.value, FormatError)


def test_sentences_saved_for_corpus_file_are_those_trained_on(trained, tmp_path):
    gensim.utils.save_as_line_sentence(SENTENCES, tmp_path / "lines.txt")
    assert list(LineSentence(tmp_path / "lines.txt")) == SENTENCES
    model = Word2Vec(corpus_file=str(tmp_path / "lines.txt"), **SMALL)
    np.testing.assert_array_equal(model.wv.vectors, trained.wv.vectors)


def test_scripts_that_ask_for_the_release_and_for_compiled_code_are_answered():
    assert gensim.__version__.startswith("4.")
    assert gensim.models.word2vec.FAST_VERSION > -1
