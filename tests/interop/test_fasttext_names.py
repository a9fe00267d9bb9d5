"""fastText, really run beside `firth.compat.fasttext`: what one has made the other loads, and says the same of it.

Run by ``make test-interop`` in an environment of its own; without the ``fasttext`` package it is skipped.
"""

from __future__ import annotations

import inspect
import random
import types

import numpy as np
import pytest

from firth.classifier import Classifier
from firth.compat import fasttext as ours

theirs = pytest.importorskip("fasttext", reason="fasttext is not installed")

# fastText warns about itself, which is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

# The package fills its matrix on all threads, and leaves a part as it finds the memory with fewer than 11.
QUIET = {"verbose": 0, "thread": 11}
TOPICS = {
    "animals": "cat dog bird horse",
    "food": "soup bread cheese apple",
    "ships": "sail mast keel naïve日本",
}
WORDS = [word + end for line in TOPICS.values() for word in line.split() for end in ("", "s", "ly")]
QUESTIONS = [
    "cats bread zz",
    "",
    "the sails of a ship",
    "__label__food soups",
    "日本 keel",
    "a\u00a0b",
    "x" * 200,
]


@pytest.fixture(autouse=True)
def array(monkeypatch):
    """Let its curves be made with NumPy 2, which refuses ``copy=False`` where fastText says it."""
    with_copies = types.SimpleNamespace(array=lambda values, copy=True: np.array(values), float32=np.float32)
    monkeypatch.setattr(theirs.FastText, "np", with_copies)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Texts with one label each, and a file to test by."""
    draws = random.Random(1)
    folder = tmp_path_factory.mktemp("corpus")
    for name, n in (("train.txt", 900), ("test.txt", 300)):
        lines = []
        for _ in range(n):
            topic = draws.choice(sorted(TOPICS))
            own = [word + draws.choice(["", "s", "ly"]) for word in TOPICS[topic].split()]
            others = WORDS + [f"w{i}" for i in range(300)]
            words = [
                draws.choice(own if draws.random() < 0.3 else others) for _ in range(draws.randint(3, 9))
            ]
            lines.append(f"__label__{topic} " + " ".join(words))
        (folder / name).write_text("\n".join(lines) + "\n\nno label\n__label__new word\n", "utf-8")
    return folder


def assert_same_words(one, other):
    """Both know the same words, parts and vectors."""
    assert one.words == other.words
    assert one.labels == other.labels
    for mine, its in zip(one.get_words(include_freq=True), other.get_words(include_freq=True), strict=True):
        assert list(mine) == list(its)
    assert one.get_dimension() == other.get_dimension()
    for word in ["cats", "</s>", "unheard", "日本ly", "q", *one.words[:20]]:
        np.testing.assert_array_equal(one.get_word_vector(word), other.get_word_vector(word))
        np.testing.assert_array_equal(one[word], other[word])
        assert (word in one) == (word in other)
        assert one.get_word_id(word) == other.get_word_id(word)
        mine, its = one.get_subwords(word), other.get_subwords(word)
        assert mine[0] == its[0]
        if not one.is_quantized():  # whose pruned n-grams fastText lists in another order
            assert list(mine[1]) == list(its[1])
    for text in QUESTIONS:
        if "__label__" in text and one.labels == one.words:
            continue  # fastText takes a label's place among the words for the row of an n-gram
        np.testing.assert_allclose(one.get_sentence_vector(text), other.get_sentence_vector(text), atol=1e-6)
        assert one.get_line(text) == other.get_line(text)
    assert one.get_line(QUESTIONS) == other.get_line(QUESTIONS)


def assert_same_neighbors(one, other):
    for word in ("cats", "breadly", "unheardof"):
        for mine, its in zip(
            one.get_nearest_neighbors(word, 5), other.get_nearest_neighbors(word, 5), strict=True
        ):
            assert mine[0] == pytest.approx(its[0], abs=2e-6)
    mine = one.get_analogies("cat", "cats", "dogs", 4)
    its = other.get_analogies("cat", "cats", "dogs", 4)
    assert [score for score, _ in mine] == pytest.approx([score for score, _ in its], abs=2e-6)


def assert_same_labels(one, other, corpus, exact):
    """Both say the same of texts; fastText looks the sigmoid up in a table, to 0.008, and rounding may part ties."""
    texts = [line.strip() for line in (corpus / "test.txt").read_text("utf-8").split("\n")[:100]] + QUESTIONS
    near = 3e-6 if exact else 0.02
    mine, its = (
        [dict(zip(*pair, strict=True)) for pair in zip(*model.predict(texts, k=-1), strict=True)]
        for model in (one, other)
    )
    for some, others in zip(mine, its, strict=True):
        for label in {*some, *others}:
            # fastText leaves out what is less probable than it can tell.
            assert some.get(label, 1e-5) == pytest.approx(others.get(label, 1e-5), abs=near)
    for k, threshold in ((1, 0.0), (2, 0.3)):
        mine, its = (
            one.predict(texts, k=k, threshold=threshold),
            other.predict(texts, k=k, threshold=threshold),
        )
        same = [some == others for some, others in zip(mine[0], its[0], strict=True)]
        assert np.mean(same) > (0.97 if exact else 0.9)
        for some, others, alike in zip(mine[1], its[1], same, strict=True):
            assert some.dtype == others.dtype
            if alike:
                np.testing.assert_allclose(some, others, atol=near)
    path = str(corpus / "test.txt")
    for k in (1, 2):
        assert one.test(path, k) == pytest.approx(other.test(path, k), abs=0.01 if exact else 0.02)
    mine, its = one.test_label(path), other.test_label(path)
    assert set(mine) == set(its)
    for label, scores in its.items():
        assert mine[label] == pytest.approx(scores, abs=0.02 if exact else 0.05, nan_ok=True)
    curves = [model.get_meter(path) for model in (one, other)]
    for recall, label in ((0.3, None), (0.6, "__label__food"), (0.8, "__label__ships")):
        mine, its = (meter.precision_at_recall(recall, label) for meter in curves)
        assert mine == pytest.approx(its, abs=0.02 if exact else 0.05)
        mine, its = (meter.recall_at_precision(recall, label) for meter in curves)
        assert mine == pytest.approx(its, abs=0.05)
    if exact and one.loss == "softmax":
        for mine, its in zip(*(meter.score_vs_true("__label__ships") for meter in curves), strict=True):
            np.testing.assert_allclose(np.sort(mine), np.sort(its), atol=near)
        (mine, _), (its, _) = (meter.precision_recall_curve("__label__food") for meter in curves)
        assert abs(len(mine) - len(its)) <= 10
        assert (mine[-1], mine[0]) == (its[-1], its[0])


@pytest.mark.parametrize(
    "options",
    [
        {"minn": 2, "maxn": 4, "bucket": 400},
        {"model": "cbow", "maxn": 0, "minCount": 2, "loss": "hs"},
        {"loss": "softmax", "bucket": 300, "minn": 3, "maxn": 3},
    ],
)
def test_vectors_of_words(options, corpus, tmp_path):
    given = {"input": str(corpus / "train.txt"), "dim": 8, **options}
    one = ours.train_unsupervised(**given, verbose=0, thread=1)
    other = theirs.train_unsupervised(**given, **QUIET)
    counts = [dict(zip(*model.get_words(include_freq=True), strict=True)) for model in (one, other)]
    assert counts[0] == counts[1]
    one.save_model(str(tmp_path / "ours.bin"))
    other.save_model(str(tmp_path / "theirs.bin"))
    for mine, its in (
        (one, theirs.load_model(str(tmp_path / "ours.bin"))),
        (ours.load_model(str(tmp_path / "theirs.bin")), other),
    ):
        assert mine.is_quantized() is its.is_quantized() is False
        np.testing.assert_array_equal(mine.get_input_matrix(), its.get_input_matrix())
        np.testing.assert_array_equal(mine.get_output_matrix(), its.get_output_matrix())
        np.testing.assert_array_equal(mine.get_input_vector(3), its.get_input_vector(3))
        if options.get("maxn"):
            assert mine.get_subword_id("cat") == its.get_subword_id("cat")
            assert_same_neighbors(mine, its)
        if mine.labels == its.labels and its.get_line("__label__food x") == mine.get_line("__label__food x"):
            assert_same_words(mine, its)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"minn": 2, "maxn": 3, "bucket": 300},
        {"wordNgrams": 3, "bucket": 200, "loss": "hs", "lr": 0.5},
        {"wordNgrams": 2, "bucket": 300, "loss": "ova", "minn": 1, "maxn": 2},
        {"loss": "ns"},
    ],
)
def test_classifiers(options, corpus, tmp_path):
    given = {"input": str(corpus / "train.txt"), "dim": 10, "epoch": 8, **options}
    exact = options.get("loss", "softmax") in ("softmax", "hs")
    one, other = (
        ours.train_supervised(**given, verbose=0, thread=1),
        theirs.train_supervised(**given, **QUIET),
    )
    counts = [dict(zip(*model.get_labels(include_freq=True), strict=True)) for model in (one, other)]
    assert counts[0] == counts[1]
    one.save_model(str(tmp_path / "ours.bin"))
    other.save_model(str(tmp_path / "theirs.bin"))
    pairs = [
        (one, theirs.load_model(str(tmp_path / "ours.bin"))),
        (ours.load_model(str(tmp_path / "theirs.bin")), other),
    ]
    for mine, its in pairs:
        assert_same_words(mine, its)
        assert_same_labels(mine, its, corpus, exact)
    if options == {"minn": 2, "maxn": 3, "bucket": 300}:
        assert one.get_label_id("__label__food") == pairs[0][1].get_label_id("__label__food") >= 0


@pytest.mark.parametrize(
    "how", [{"qnorm": True}, {"cutoff": 280}, {"dsub": 3}, {"qout": False, "cutoff": 300}]
)
@pytest.mark.parametrize(
    "options", [{"minn": 2, "maxn": 3, "bucket": 300}, {"wordNgrams": 2, "bucket": 300, "loss": "hs"}]
)
def test_what_fasttext_has_quantised(how, options, corpus, tmp_path):
    text = str(corpus / "train.txt")
    other = theirs.train_supervised(text, dim=10, **options, **QUIET)
    other.quantize(text, **how)
    other.save_model(str(tmp_path / "theirs.ftz"))
    mine = ours.load_model(str(tmp_path / "theirs.ftz"))
    assert mine.is_quantized()
    assert_same_words(mine, other)
    assert_same_labels(mine, other, corpus, True)
    mine.save_model(str(tmp_path / "again.ftz"))
    again = theirs.load_model(str(tmp_path / "again.ftz"))
    assert_same_labels(mine, again, corpus, True)
    with pytest.raises(ValueError, match="quantised"):
        mine.get_input_matrix()


@pytest.mark.parametrize(
    "how", [{}, {"qnorm": True, "dsub": 3}, {"cutoff": 280}, {"cutoff": 270, "retrain": True}]
)
@pytest.mark.parametrize(
    "options", [{"minn": 2, "maxn": 3, "bucket": 300}, {"wordNgrams": 2, "bucket": 3000, "loss": "hs"}]
)
def test_what_firth_has_quantised(how, options, corpus, tmp_path):
    text = str(corpus / "train.txt")
    mine = ours.train_supervised(text, dim=10, epoch=15, lr=0.5, **options, verbose=0, thread=1)
    before = mine.test(text)[1]
    mine.quantize(input=text, **how)
    assert mine.test(text)[1] > before - 0.1
    mine.save_model(str(tmp_path / "ours.ftz"))
    its = theirs.load_model(str(tmp_path / "ours.ftz"))
    assert its.is_quantized()
    assert_same_words(mine, its)
    assert_same_labels(mine, its, corpus, True)
    with pytest.raises(ValueError, match="quantised already"):
        mine.quantize()


@pytest.mark.parametrize("loss", ["softmax", "hs", "ova"])
@pytest.mark.parametrize(
    "grams", [{}, {"wordNgrams": 2, "bucket": 5000}, {"minn": 2, "maxn": 4, "bucket": 5000}]
)
def test_accuracy_is_that_of_fasttext(loss, grams, corpus):
    """Within what three seeds of either differ by, and the noise of 300 texts."""
    texts = {name: str(corpus / name) for name in ("train.txt", "test.txt")}
    options = {"dim": 16, "epoch": 15, "lr": 0.5, "loss": loss, **grams}
    mine, its = (
        [
            library.train_supervised(texts["train.txt"], seed=seed, **options, **quiet).test(
                texts["test.txt"]
            )[1]
            for seed in (1, 2, 3)
        ]
        for library, quiet in ((ours, {"verbose": 0, "thread": 1}), (theirs, QUIET))
    )
    assert np.mean(its) > 0.6
    assert abs(np.mean(mine) - np.mean(its)) < 0.04


def test_texts_are_split_alike():
    texts = ["a b\tc\nd", "", "\n", " a\u00a0b \x0b\x0c\r c\x00d", "日本 語"]
    assert [ours.tokenize(text) for text in texts] == [theirs.tokenize(text) for text in texts]
    assert (ours.EOS, ours.BOW, ours.EOW) == (theirs.EOS, theirs.BOW, theirs.EOW)


def test_methods_and_their_parameters_are_those_of_fasttext():
    its, mine = theirs.FastText._FastText, ours.FastText._FastText
    for name, member in inspect.getmembers(its):
        if name.startswith("_"):
            continue
        assert hasattr(mine, name), name
        if callable(member) and name != "set_args":
            wanted = inspect.signature(member).parameters
            given = inspect.signature(getattr(mine, name)).parameters
            assert list(given) == list(wanted), name
            assert [p.default for p in given.values()] == [p.default for p in wanted.values()], name


def test_defaults_are_those_of_fasttext():
    from firth.compat.fasttext import _arguments

    for name, value in theirs.FastText.unsupervised_default.items():
        assert _arguments.UNSUPERVISED[name] == (max(value, 1) if name == "thread" else value), name


@pytest.mark.parametrize(
    "call",
    [
        lambda library, path: library.train_supervised(path, nonsense=1),
        lambda library, path: library.train_supervised(path, loss="hinge"),
        lambda library, path: library.train_unsupervised(path, model="glove"),
        lambda library, path: library.train_supervised(path, minCount=1, min_count=1),
        lambda library, path: library.train_supervised("nowhere.txt"),
        lambda library, path: library.load_model("nowhere.bin"),
        lambda library, path: library.load_model(path),
        lambda library, path: library.train_unsupervised(path, dim=4, bucket=100, **QUIET).predict("cat"),
        lambda library, path: library.train_unsupervised(path, dim=4, bucket=100, **QUIET).test(path),
        lambda library, path: library.train_supervised(path, dim=4, **QUIET).predict("a\nb"),
        lambda library, path: library.train_supervised(path, dim=4, **QUIET).predict("a", k=0),
    ],
)
def test_errors_are_of_the_same_kind(call, corpus):
    kinds = []
    for library in (ours, theirs):
        with pytest.raises((ValueError, TypeError)) as told:
            call(library, str(corpus / "train.txt"))
        kinds.append(TypeError if isinstance(told.value, TypeError) else ValueError)
    assert kinds[0] is kinds[1]


def test_an_old_model_is_a_classifier_of_firth_too(corpus, tmp_path):
    other = theirs.train_supervised(str(corpus / "train.txt"), dim=10, **QUIET)
    other.save_model(str(tmp_path / "model.bin"))
    classifier = Classifier.load(tmp_path / "model.bin")
    _, recall = (
        classifier.evaluate(corpus / "test.txt").precision,
        classifier.evaluate(corpus / "test.txt").recall,
    )
    assert recall == pytest.approx(other.test(str(corpus / "test.txt"))[2])
