"""Words that the vocabulary does not hold, where vectors are composed of n-grams."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from firth.errors import InputError, UnknownWordError
from firth.formats import VectorTable
from firth.subwords import Subwords, bucket, ngrams
from firth.vectors import Neighbor, WordVectors, load
from firth.vocabulary import Vocabulary

WORDS = ["kingdom", "king", "</s>", "naïve", "日本"]
BUCKETS = 4000


def make(*, used=None, pruned=False, min_n=3, max_n=5, words=WORDS):
    """Return vectors whose used buckets are, if not given, those of the words."""
    draws = np.random.default_rng(3)
    if used is None:
        used = sorted({bucket(ngram, BUCKETS) for word in words for ngram in ngrams(word, min_n, max_n)})
    vocabulary = Vocabulary(words, range(len(words), 0, -1))
    parts = Subwords(
        min_n=min_n,
        max_n=max_n,
        buckets=BUCKETS,
        word_rows=draws.standard_normal((len(words), 6), dtype=np.float32),
        bucket_rows=draws.standard_normal((len(used), 6), dtype=np.float32),
        bucket_ids=np.array(used, np.int32),
        pruned=pruned,
    )
    outputs = draws.standard_normal((len(words), 6), dtype=np.float32)
    return WordVectors(VectorTable(vocabulary, parts.known(vocabulary.words), outputs, subwords=parts))


@pytest.fixture
def vectors():
    return make()


def cosine(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def test_an_unseen_word_is_the_mean_of_its_ngrams(vectors):
    parts = vectors.subwords
    ids = parts.bucket_ids.tolist()
    rows = [
        parts.bucket_rows[ids.index(one)] if one in ids else np.zeros(6)
        for one in (bucket(ngram, BUCKETS) for ngram in ngrams("kings", 3, 5))
    ]
    np.testing.assert_allclose(vectors["kings"], np.mean(rows, axis=0), rtol=1e-5)
    assert vectors["kings"].dtype == np.float32


def test_known_and_unseen_words_can_be_mixed(vectors):
    found = vectors[["kings", "king", "naïvely", "king"]]
    np.testing.assert_array_equal(found[0], vectors["kings"])
    np.testing.assert_array_equal(found[1], vectors.embeddings[1])
    np.testing.assert_array_equal(found[2], vectors["naïvely"])
    np.testing.assert_array_equal(found[3], found[1])
    assert found.flags.c_contiguous


def test_an_unseen_word_is_not_in_the_vocabulary(vectors):
    assert "kings" not in vectors
    assert "king" in vectors
    with pytest.raises(UnknownWordError, match="'kings' is not in the vocabulary; did you mean 'king'"):
        vectors.count("kings")
    with pytest.raises(UnknownWordError):
        vectors.subset(["king", "kings"])


def test_vectors_of_unseen_words_cannot_be_changed_either(vectors):
    with pytest.raises(ValueError, match="read-only"):
        vectors["kings"][0] = 1
    with pytest.raises(ValueError, match="read-only"):
        vectors.subwords.bucket_rows[0] = 1


def test_any_word_can_be_the_neighbor_of_an_unseen_one(vectors):
    found = vectors.neighbors("kings", k=9)
    assert sorted(neighbor.word for neighbor in found) == sorted(WORDS)
    for word, score in found:
        assert score == pytest.approx(cosine(vectors["kings"], vectors[word]), abs=1e-6)
    assert vectors.neighbors(["kings", "king"], k=9) == [found, vectors.neighbors("king", k=9)]
    assert len(vectors.neighbors("king", k=9)) == len(WORDS) - 1


def test_analogies_exclude_the_known_words_only(vectors):
    for method in ("3cosadd", "3cosmul"):
        found = vectors.analogy("king", "kings", "naïve", k=9, method=method)
        assert sorted(neighbor.word for neighbor in found) == sorted({*WORDS} - {"king", "naïve"})
    assert isinstance(vectors.analogy("kings", "kingly", "naïvely")[0], Neighbor)


def test_similarity_and_the_odd_one_out_take_unseen_words(vectors):
    expected = cosine(vectors["kings"], vectors["kingdom"])
    assert vectors.similarity("kings", "kingdom") == pytest.approx(expected, abs=1e-6)
    assert vectors.odd_one_out(["kingdom", "kingdoms", "日本語"]) == "日本語"


@pytest.mark.parametrize(
    ("word", "settings", "message"),
    [
        ("</s>", {"words": WORDS[:2]}, "'</s>' is not in the vocabulary, and it has no n-grams of 3 to 5"),
        ("日", {"min_n": 4}, "'日' is not in the vocabulary, and it has no n-grams of 4 to 5 characters to"),
        ("queen", {}, "'queen' is not in the vocabulary, and none of its n-grams was met in training"),
        ("queen", {"pruned": True}, "none of its n-grams was met in training or kept"),
        ("kinf", {"used": []}, "none of its n-grams was met in training; did you mean 'king'"),
        ("a\ud800", {}, "and it cannot be written as UTF-8"),
    ],
)
def test_a_word_without_any_row_is_refused_with_the_reason(word, settings, message):
    vectors = make(**settings)
    for ask in (
        lambda: vectors[word],
        lambda: vectors[["king", "kingdom", word]],
        lambda: vectors.neighbors(word),
        lambda: vectors.analogy("king", word, "kingdom"),
        lambda: vectors.similarity(word, "king"),
    ):
        with pytest.raises(UnknownWordError, match=message) as caught:
            ask()
        assert caught.value.word == word
        assert "\n" not in str(caught.value)


def test_the_reason_outlives_a_copy(vectors):
    with pytest.raises(UnknownWordError) as caught:
        vectors["queen"]
    for again in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert str(again) == str(caught.value)
        assert again.reason == "none of its n-grams was met in training"


def test_a_vector_of_zeros_has_no_neighbors():
    vectors = make()
    flat = WordVectors(
        VectorTable(
            vectors.vocabulary,
            vectors.embeddings,
            subwords=Subwords(
                min_n=3,
                max_n=5,
                buckets=2,
                word_rows=vectors.embeddings,
                bucket_rows=np.zeros((2, 6), np.float32),
            ),
        )
    )
    with pytest.raises(InputError, match="the vector of 'kings' is all zeros"):
        flat.neighbors("kings")


def test_a_subset_composes_what_it_leaves_out(vectors):
    small = vectors.subset(["naïve", "king"])
    np.testing.assert_array_equal(small["king"], vectors["king"])
    np.testing.assert_array_equal(small["kings"], vectors["kings"])
    np.testing.assert_array_equal(small.subwords.word_rows, vectors.subwords.word_rows[[3, 1]])
    assert "kingdom" not in small
    assert small["kingdom"].shape == (6,)
    assert not np.array_equal(small["kingdom"], vectors["kingdom"])


def test_output_vectors_are_those_of_whole_words(vectors):
    assert vectors.output_vectors.subwords is None
    with pytest.raises(UnknownWordError):
        vectors.output_vectors["kings"]


def test_what_is_saved_still_knows_unseen_words(vectors, tmp_path):
    for name, format in (("native", None), ("model.bin", "fasttext")):
        vectors.save(tmp_path / name, format=format)
        table = load(tmp_path / name)
        np.testing.assert_array_equal(table["kings"], vectors["kings"])
        np.testing.assert_array_equal(table.embeddings, vectors.embeddings)


def test_the_ngrams_are_shown(vectors):
    assert (
        repr(vectors)
        == "<WordVectors: 5 words, 6 dimensions, n-grams of 3 to 5 characters, trained on 15 tokens>"
    )


def test_without_subwords_nothing_is_composed():
    vectors = WordVectors(VectorTable(Vocabulary(["king"]), np.ones((1, 2), np.float32)))
    assert vectors.subwords is None
    with pytest.raises(UnknownWordError, match="^'kings' is not in the vocabulary; did you mean 'king'"):
        vectors["kings"]
