"""PyTorch, spaCy, model2vec and sentence-transformers: the same numbers there as here, in both directions.

Each test names its cell of the table in docs/guides/exchange.md.
"""

import subprocess
import sys

import numpy as np
import pytest

import firth

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")


@pytest.mark.exchange("to_torch, from_torch", "torch", "both")
def test_an_embedding_of_torch_holds_the_vectors_and_comes_back(exchanged, check_same):
    torch = pytest.importorskip("torch")
    embedding = exchanged.to_torch()
    assert isinstance(embedding, torch.nn.Embedding)
    assert not embedding.weight.requires_grad
    ids = torch.from_numpy(exchanged.ids(["king", "unheard", "new york"]))
    found = embedding(ids).numpy()
    np.testing.assert_array_equal(found[[0, 2]], exchanged[["king", "new york"]])
    np.testing.assert_array_equal(found[1], 0)
    for module in (embedding, torch.nn.Embedding.from_pretrained(torch.tensor(exchanged.embeddings))):
        check_same(firth.WordVectors.from_torch(module, list(exchanged)), exchanged)
    with pytest.raises(firth.FirthError, match="give a word for each row"):
        firth.WordVectors.from_torch(embedding, ["too", "few"])


@pytest.mark.exchange("to_torch, from_torch", "torch", "both")
@pytest.mark.parametrize("mode", ["mean", "sum", "max"])
def test_an_embedding_bag_of_torch_leaves_unknown_words_out_and_trains(exchanged, mode):
    torch = pytest.importorskip("torch")
    bag = exchanged.to_torch("bag", mode=mode, freeze=False)
    words = ["the", "unheard", "king", "naïve"]
    found = bag(torch.from_numpy(exchanged.ids(words))[None])
    known = exchanged[["the", "king", "naïve"]]
    np.testing.assert_allclose(found.detach().numpy()[0], getattr(known, mode)(axis=0), atol=1e-6)
    before = exchanged.embeddings.copy()
    found.sum().backward()
    with torch.no_grad():
        bag.weight -= bag.weight.grad
    np.testing.assert_array_equal(bag.weight[-1].detach().numpy(), 0)
    np.testing.assert_array_equal(exchanged.embeddings, before)
    trained = firth.WordVectors.from_torch(bag, list(exchanged))
    assert not np.array_equal(trained["king"], exchanged["king"])


@pytest.mark.exchange("to_spacy, from_spacy", "spacy", "both")
def test_a_pipeline_of_spacy_uses_the_vectors_and_saves_them(exchanged, tmp_path, check_same):
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("en")
    exchanged.to_spacy(nlp)
    document = nlp("the king unheard")
    assert [token.has_vector for token in document] == [True, True, False]
    np.testing.assert_array_equal(document[1].vector, exchanged["king"])
    np.testing.assert_allclose(nlp("the king").vector, exchanged[["the", "king"]].mean(axis=0), atol=1e-6)
    assert document[0].similarity(document[1]) == pytest.approx(exchanged.similarity("the", "king"), abs=1e-6)
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    check_same(firth.WordVectors.from_spacy(again), exchanged)
    with pytest.raises(firth.FirthError, match="no table of words"):
        firth.WordVectors.from_spacy(spacy.blank("en"))


@pytest.mark.exchange("word2vec-text", "spacy", "out")
def test_init_vectors_of_spacy_takes_our_text(one_word_each, tmp_path):
    spacy = pytest.importorskip("spacy")
    one_word_each.save(tmp_path / "ours.vec")
    command = [sys.executable, "-m", "spacy", "init", "vectors", "en", "ours.vec", "pipeline"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    found = firth.WordVectors.from_spacy(spacy.load(tmp_path / "pipeline"))
    assert sorted(found) == sorted(one_word_each)
    np.testing.assert_allclose(found[list(one_word_each)], one_word_each.embeddings, rtol=1e-6)


@pytest.mark.exchange("native", "model2vec", "out")
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_model2vec_computes_with_our_numbers(exchanged, tmp_path, dtype):
    model2vec = pytest.importorskip("model2vec")
    exchanged.save(tmp_path / "folder", dtype=dtype)
    model = model2vec.StaticModel.from_pretrained(tmp_path / "folder")
    assert str(model.embedding.dtype) == dtype
    same = firth.load(tmp_path / "folder")
    for sentence in ("the king", "naïve 日本 the", "king"):
        wanted = same[sentence.split()].mean(axis=0)
        np.testing.assert_allclose(model.encode(sentence), wanted, atol=1e-3 if dtype == "float16" else 1e-6)


@pytest.mark.exchange("native", "sentence-transformers", "out")
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_sentence_transformers_computes_with_our_numbers(exchanged, tmp_path, dtype):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    exchanged.save(tmp_path / "folder", dtype=dtype)
    model = sentence_transformers.SentenceTransformer(str(tmp_path / "folder"), device="cpu")
    same = firth.load(tmp_path / "folder")
    sentences = ["the king", "naïve 日本 the", "king"]
    wanted = np.stack([same[sentence.split()].mean(axis=0) for sentence in sentences])
    atol = 2e-3 if dtype == "float16" else 1e-6
    np.testing.assert_allclose(model.encode(sentences).astype(np.float32), wanted, atol=atol)


@pytest.mark.exchange("model2vec", "model2vec", "in")
@pytest.mark.parametrize("quantize_to", ["float32", "float16", "int8"])
def test_what_model2vec_saves_is_read(exchanged, tmp_path, check_same, quantize_to):
    model2vec = pytest.importorskip("model2vec")
    exchanged.save(tmp_path / "folder")
    model = model2vec.StaticModel.from_pretrained(tmp_path / "folder", quantize_to=quantize_to)
    model.save_pretrained(str(tmp_path / "theirs"))
    found = firth.load(tmp_path / "theirs")
    assert list(found) == list(exchanged)
    np.testing.assert_array_equal(found.embeddings, model.embedding[:-1].astype(np.float32))
    if quantize_to == "float32":
        check_same(found, exchanged)


@pytest.mark.exchange("model2vec", "sentence-transformers", "in")
def test_what_sentence_transformers_saves_is_read(exchanged, tmp_path, check_same):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    exchanged.save(tmp_path / "folder")
    model = sentence_transformers.SentenceTransformer(str(tmp_path / "folder"), device="cpu")
    model.save(str(tmp_path / "theirs"))
    check_same(firth.load(tmp_path / "theirs"), exchanged)


@pytest.mark.exchange("model2vec", "tokenizers", "in")
@pytest.mark.parametrize("kind", ["WordPiece", "Unigram", "BPE"])
def test_tokenizers_of_all_kinds_are_read(kind, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    saving = pytest.importorskip("safetensors.numpy")
    tokens = ["[UNK]", "un", "##able", "日本"]
    if kind == "Unigram":
        model = tokenizers.models.Unigram([(token, -1.0) for token in tokens], unk_id=0)
    elif kind == "BPE":
        model = tokenizers.models.BPE({token: i for i, token in enumerate(tokens)}, [])
    else:
        model = tokenizers.models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]")
    tokenizers.Tokenizer(model).save(str(tmp_path / "tokenizer.json"))
    rows, weights = np.arange(6, dtype=np.float32).reshape(2, 3) + 1, np.array([1, 2, 3, 4], np.float32)
    mapping = np.array([0, 1, 1, 0])
    tensors = {"embeddings": rows, "weights": weights, "mapping": mapping}
    saving.save_file(tensors, tmp_path / "model.safetensors")
    found = firth.load(tmp_path)
    assert list(found) == tokens
    np.testing.assert_array_equal(found.embeddings, rows[mapping] * weights[:, None])
