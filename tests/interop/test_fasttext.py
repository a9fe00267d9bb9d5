"""fastText, really run: what it loads of ours, what we load of its, and whether both compose the same vectors.

Run by ``make test-interop``; without the ``fasttext`` package these tests are skipped, and with it gensim, which
reads and writes fastText's files too, is asked as well where it is there.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import firth
from firth import formats
from firth.formats import VectorTable
from firth.kernels.cpu.subwords import ngram_buckets as compiled_buckets, ngram_rows
from firth.subwords import Subwords, ngram_buckets
from firth.vocabulary import Vocabulary
from firth.words import Words

fasttext = pytest.importorskip("fasttext")

# These tools warn about themselves, which is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

UNSEEN = [
    "kings",
    "unlistable",
    "日本語",
    "naïvely",
    "e\u0301a",
    "q",
    "😀😀",
    "\u2028",
    "<",
    "a b",
    "x" * 300,
]
# The package fills its matrix on all threads, and leaves a part as it finds the memory with fewer than 11.
OPTIONS = {"minCount": 1, "epoch": 2, "verbose": 0, "thread": 11}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A text without and one with labels, more than 256 of them."""
    draws = random.Random(1)
    syllables = ["ka", "ro", "naï", "st", "日本", "e\u0301", "ш", "\u0928", "lo", "x", "mi", "😀"]
    words = list(dict.fromkeys("".join(draws.choices(syllables, k=draws.randint(1, 4))) for _ in range(400)))
    lines = [" ".join(draws.choices(words, k=10)) for _ in range(400)]
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "plain.txt").write_text("\n".join(lines) + "\n", "utf-8")
    labelled = [f"__label__{i % 260} {line}\n" for i, line in enumerate(lines)]
    (folder / "labelled.txt").write_text("".join(labelled), "utf-8")
    return folder


def train(corpus, model="skipgram", **options):
    return fasttext.train_unsupervised(str(corpus / "plain.txt"), model=model, **OPTIONS | options)


def same_vectors(theirs, ours, *, exact=True):
    """Both know the same words with the same counts, and give known and unseen words the same vectors."""
    names, counts = theirs.get_words(include_freq=True)
    assert list(ours) == names
    assert ours.vocabulary.counts.tolist() == counts.tolist()
    unseen = [word for word in UNSEEN if theirs.get_word_id(word) < 0 and len(theirs.get_subwords(word)[1])]
    for word in [*names, *(unseen if ours.subwords else [])]:
        if exact:
            np.testing.assert_array_equal(ours[word], theirs.get_word_vector(word), err_msg=word)
        else:
            np.testing.assert_allclose(ours[word], theirs.get_word_vector(word), rtol=2e-5, atol=1e-7)
    assert bool(ours.subwords) == bool(unseen)


@pytest.mark.parametrize(
    ("min_n", "max_n", "buckets"),
    [(1, 1, 7), (1, 3, 50), (0, 2, 33), (3, 6, 2000), (2, 2, 1), (5, 9, 2000), (3, 0, 10), (6, 3, 10)],
)
def test_ngrams_and_buckets_are_those_of_fasttext(min_n, max_n, buckets, corpus):
    model = train(corpus, dim=1, minn=min_n, maxn=max_n, bucket=buckets, epoch=1)
    draws = random.Random(5)
    words = [*UNSEEN, "</s>", "</s", "<>", "a", "\u0301", "\ufe0f"]
    words += [
        "".join(draws.choices("<>/sab\u0301éß日\u200d😀\ufe0f", k=draws.randint(1, 12))) for _ in range(500)
    ]
    packed = Words.of(words)
    offsets, ids = ngram_buckets(packed, min_n, max_n, buckets)
    for one, other in zip((offsets, ids), compiled_buckets(packed, min_n, max_n, buckets), strict=True):
        np.testing.assert_array_equal(one, other)
    n_words = len(model.get_words())
    for i, word in enumerate(words):
        theirs = model.get_subwords(word)[1]
        assert (theirs[theirs >= n_words] - n_words).tolist() == ids[offsets[i] : offsets[i + 1]].tolist(), (
            word
        )


@pytest.mark.exchange("fasttext", "fasttext", "in")
@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("skipgram", {"dim": 7, "minn": 3, "maxn": 6, "bucket": 500}),
        ("cbow", {"dim": 10, "minn": 1, "maxn": 2, "bucket": 90}),
        ("skipgram", {"dim": 5, "minn": 0, "maxn": 0}),
        ("skipgram", {"dim": 5, "loss": "softmax", "bucket": 300}),
        ("cbow", {"dim": 5, "loss": "hs", "bucket": 300}),
    ],
)
def test_what_fasttext_trains_is_read_and_written_back(model, options, corpus, tmp_path):
    theirs = train(corpus, model, **options)
    theirs.save_model(str(tmp_path / "model.bin"))
    ours = firth.load(tmp_path / "model.bin")
    same_vectors(theirs, ours)
    if options.get("loss") == "hs":
        assert ours.output_vectors is None
    else:
        np.testing.assert_array_equal(ours.output_vectors.embeddings, theirs.get_output_matrix())
    ours.save(tmp_path / "again.bin", format="fasttext")
    again = fasttext.load_model(str(tmp_path / "again.bin"))
    same_vectors(again, ours)
    np.testing.assert_array_equal(again.get_input_matrix(), theirs.get_input_matrix())
    if options.get("loss") != "hs":
        assert (tmp_path / "again.bin").read_bytes() == (tmp_path / "model.bin").read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"minn": 2, "maxn": 4, "bucket": 400},
        {"minn": 2, "maxn": 3, "bucket": 400, "wordNgrams": 2, "loss": "hs"},
        {"wordNgrams": 3, "bucket": 400, "loss": "ova"},
        {},
    ],
)
def test_models_with_labels_are_read_for_their_words(options, corpus, tmp_path):
    theirs = fasttext.train_supervised(str(corpus / "labelled.txt"), dim=6, **OPTIONS | options)
    theirs.save_model(str(tmp_path / "model.bin"))
    ours = firth.load(tmp_path / "model.bin")
    same_vectors(theirs, ours)
    assert ours.metadata["fasttext"]["labels"] == len(theirs.get_labels()) == 260


@pytest.mark.parametrize("dsub", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "options", [{}, {"qnorm": True}, {"qout": True, "qnorm": True}, {"cutoff": 420}, {"cutoff": 260}]
)
def test_quantised_models_are_read(options, dsub, corpus, tmp_path):
    text = str(corpus / "labelled.txt")
    theirs = fasttext.train_supervised(text, dim=7, minn=2, maxn=3, bucket=300, **OPTIONS)
    theirs.quantize(input=text, dsub=dsub, **options)
    theirs.save_model(str(tmp_path / "model.ftz"))
    ours = firth.load(tmp_path / "model.ftz")
    same_vectors(fasttext.load_model(str(tmp_path / "model.ftz")), ours, exact=False)
    assert ours.subwords.pruned == ("cutoff" in options)


def test_words_that_are_not_utf8_have_the_vectors_of_fasttext(corpus, tmp_path):
    text = tmp_path / "latin.txt"
    text.write_bytes("café naïve été résumé über\n".encode("latin-1") * 30)
    theirs = fasttext.train_unsupervised(str(text), dim=4, minn=2, maxn=3, bucket=60, **OPTIONS)
    theirs.save_model(str(tmp_path / "model.bin"))
    ours = firth.load(tmp_path / "model.bin")
    assert list(ours) == theirs.get_words(on_unicode_error="replace")
    # The package cannot be asked for such words; it knows as whose neighbors they come, and how near.
    answers = {
        word: score for score, word in theirs.get_nearest_neighbors("x", 10, on_unicode_error="replace")
    }
    assert {*ours} - {"</s>"} <= {*answers}
    for word, score in ours.neighbors("x", 10):
        assert word == "</s>" or answers[word] == pytest.approx(score, abs=1e-5)


def test_lines_of_text_may_end_with_a_space_as_those_of_fasttext_do(tmp_path):
    (tmp_path / "model.vec").write_text("2 3\nking 0.5 -1 2.25 \nnaïve 1e-05 3 -0.1 \n", "utf-8")
    ours = firth.load(tmp_path / "model.vec")
    np.testing.assert_array_equal(ours["naïve"], np.array([1e-05, 3, -0.1], np.float32))


@pytest.fixture(scope="module")
def composed():
    """Vectors composed of n-grams, of which only those in use have rows, as training leaves them."""
    words = ["the", "king", "naïve", "日本", "new york", "[UNK]", "a\nb", "</s>", "__label__x", "\u2028"]
    vocabulary = Vocabulary(words, np.arange(len(words), 0, -1) ** 3)
    draws = np.random.default_rng(9)
    used, _, _ = ngram_rows(vocabulary.words, 2, 5, 1000)
    parts = Subwords(
        min_n=2,
        max_n=5,
        buckets=1000,
        word_rows=draws.standard_normal((len(words), 6), dtype=np.float32),
        bucket_ids=used,
        bucket_rows=draws.standard_normal((len(used), 6), dtype=np.float32),
    )
    outputs = draws.standard_normal((len(words), 6), dtype=np.float32)
    table = VectorTable(vocabulary, parts.known(vocabulary.words), outputs, subwords=parts)
    return firth.WordVectors(table)


@pytest.mark.exchange("fasttext", "fasttext", "out")
def test_fasttext_loads_what_we_write(composed, tmp_path):
    composed.save(tmp_path / "model.bin", format="fasttext")
    theirs = fasttext.load_model(str(tmp_path / "model.bin"))
    names, counts = theirs.get_words(include_freq=True)
    assert (names, counts.tolist()) == (list(composed), composed.vocabulary.counts.tolist())
    for word in [*composed, "kings", "naïvely", "日本語", "new yorker"]:
        np.testing.assert_array_equal(theirs.get_word_vector(word), composed[word])
    np.testing.assert_array_equal(theirs.get_output_matrix(), composed.output_vectors.embeddings)
    for word in ("king", "kings"):
        found = composed.neighbors(word, k=3)
        answers = theirs.get_nearest_neighbors(word, k=3)
        assert [word for _, word in answers] == [neighbor.word for neighbor in found]
        assert [score for score, _ in answers] == pytest.approx(
            [neighbor.score for neighbor in found], abs=1e-5
        )


def test_fasttext_loads_vectors_without_ngrams_and_without_counts(tmp_path):
    rows = np.random.default_rng(0).standard_normal((3, 4), dtype=np.float32)
    firth.WordVectors(VectorTable(Vocabulary(["king", "naïve", "日本"]), rows)).save(
        tmp_path / "model.bin", format="fasttext"
    )
    theirs = fasttext.load_model(str(tmp_path / "model.bin"))
    assert theirs.get_words() == ["king", "naïve", "日本"]
    for word, row in zip(theirs.get_words(), rows, strict=True):
        np.testing.assert_array_equal(theirs.get_word_vector(word), row)
    assert not theirs.get_word_vector("queen").any()
    assert theirs.get_nearest_neighbors("king", k=2)
    assert firth.load(tmp_path / "model.bin").vocabulary.counts is None


@pytest.mark.exchange("fasttext", "gensim", "both")
def test_gensim_loads_what_we_write_and_we_what_it_writes(composed, tmp_path):
    gensim = pytest.importorskip("gensim.models.fasttext")
    composed.save(tmp_path / "model.bin", format="fasttext")
    theirs = gensim.load_facebook_model(str(tmp_path / "model.bin"))
    assert theirs.wv.index_to_key == list(composed)
    for word in [*composed, "kings"]:
        if word != "</s>":  # which has n-grams there
            np.testing.assert_allclose(theirs.wv[word], composed[word], rtol=1e-5, atol=1e-6)
    gensim.save_facebook_model(theirs, str(tmp_path / "again.bin"))
    ours = firth.load(tmp_path / "again.bin")
    for word in [*composed, "kings"]:
        np.testing.assert_allclose(ours[word], composed[word], rtol=1e-5, atol=1e-6)


def test_a_file_of_gensim_without_counts_loads_there(tmp_path):
    gensim = pytest.importorskip("gensim.models.fasttext")
    rows = np.random.default_rng(0).standard_normal((3, 4), dtype=np.float32)
    formats.write(
        VectorTable(Vocabulary(["king", "naïve", "日本"]), rows),
        Path(tmp_path / "model.bin"),
        format="fasttext",
    )
    np.testing.assert_allclose(gensim.load_facebook_vectors(str(tmp_path / "model.bin"))["naïve"], rows[1])
