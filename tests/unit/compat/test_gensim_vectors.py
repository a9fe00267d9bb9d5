"""Vectors under gensim's names: their answers are firth's; what they are given is checked."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

import firth
from firth.compat.gensim import KeyedVectors, utils
from firth.errors import ConfigError, FormatError, InputError, OutputError
from firth.evaluation import evaluate_analogies, evaluate_similarity
from firth.formats import VectorTable
from firth.vocabulary import Vocabulary

WORDS = [f"{letter}{number}" for letter in "ab" for number in range(20)]
ROWS = np.random.default_rng(3).normal(size=(40, 9)).astype(np.float32)


@pytest.fixture
def vectors():
    made = KeyedVectors(9)
    made.add_vectors(WORDS, ROWS, extras={"count": np.arange(140, 100, -1)})
    return made


@pytest.fixture
def same():
    return firth.WordVectors(VectorTable(Vocabulary(WORDS, np.arange(140, 100, -1)), ROWS))


def assert_near(found, expected):
    assert [word for word, _ in found] == [word for word, _ in expected]
    np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], atol=1e-5)


def test_neighbors_and_analogies_are_those_of_firth(vectors, same):
    assert_near(vectors.most_similar("a3", topn=7), same.neighbors("a3", 7))
    assert_near(vectors.most_similar("a3", restrict_vocab=9), same.neighbors("a3", 10, restrict=9))
    assert_near(vectors.similar_by_vector(ROWS[3], topn=3), same.neighbors(ROWS[3], 3))
    found = vectors.most_similar(positive=["a4", "b3"], negative=["a3"], topn=5)
    assert [word for word, _ in found] == [near.word for near in same.analogy("a3", "a4", "b3", 5)]
    assert vectors.similarity("a1", "b2") == pytest.approx(same.similarity("a1", "b2"))
    assert vectors.doesnt_match(["a1", "b2", "a7"]) == same.odd_one_out(["a1", "b2", "a7"])


def test_a_part_of_the_rows_can_be_looked_at(vectors):
    cosines = vectors.most_similar("a3", topn=None)
    assert cosines.shape == (40,)
    assert cosines[3] == pytest.approx(1, abs=1e-6)
    part = vectors.most_similar("a3", topn=40, clip_start=10, clip_end=30)
    order = 10 + np.argsort(-cosines[10:30])
    assert [word for word, _ in part] == [WORDS[row] for row in order]
    products = vectors.most_similar_cosmul(positive=["a4"], negative=["a3"], topn=None, restrict_vocab=12)
    units = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)
    positive, negative = ((1 + units[:12] @ units[row]) / 2 for row in (4, 3))
    np.testing.assert_allclose(products, positive / (negative + 1e-6), rtol=1e-4)


def test_an_indexer_answers_in_our_place(vectors):
    class Indexer:
        def most_similar(self, vector, topn):
            return [("found", float(vector @ vector))] * topn

    assert_near(vectors.most_similar("a1", topn=2, indexer=Indexer()), [("found", 1)] * 2)


@pytest.mark.parametrize("norm", [True, False])
def test_the_distance_of_documents_is_the_cheapest_way_to_move_their_words(vectors, norm):
    # Of documents with n different words, all as frequent, the cheapest way moves each word to one.
    one, other = ["a1", "b2", "a7", "b9"], ["b1", "a2", "b7", "a9"]
    rows = [np.stack([vectors.get_vector(word, norm=norm) for word in words]) for words in (one, other)]
    costs = np.linalg.norm(rows[0][:, None] - rows[1][None], axis=-1)
    ways = (costs[range(4), list(places)].mean() for places in itertools.permutations(range(4)))
    assert vectors.wmdistance(one, [*other, "nowhere"], norm=norm) == pytest.approx(min(ways), rel=1e-6)
    assert vectors.wmdistance(one, one[::-1], norm=norm) == pytest.approx(0, abs=1e-9)
    doubled = vectors.wmdistance(["a1", "a1", "b2"], ["b2", "b2", "a1"], norm=norm)
    apart = np.linalg.norm(vectors.get_vector("a1", norm=norm) - vectors.get_vector("b2", norm=norm))
    assert doubled == pytest.approx(float(apart) / 3, rel=1e-6)


def test_documents_without_known_words_are_infinitely_far(vectors):
    assert vectors.wmdistance(["nowhere"], ["a1"]) == float("inf")
    assert vectors.wmdistance(["a1"], ["b1"], norm=False) == pytest.approx(
        float(np.linalg.norm(ROWS[1] - ROWS[21])), rel=1e-6
    )


def test_evaluations_count_as_firths(vectors, same, tmp_path):
    path = tmp_path / "questions.txt"
    answer = same.analogy("a1", "a2", "a3")[0].word
    lines = [": one", f"a1 a2 a3 {answer}", "A1 B2 b3 a4", ": two", "a1 nowhere a2 a3", "b1 b2 b3 b4"]
    path.write_text("\n".join(lines))
    score, sections = vectors.evaluate_word_analogies(path)
    theirs = evaluate_analogies(same, path)
    assert score == theirs.total.accuracy == pytest.approx(1 / 3)
    assert [len(section["correct"]) for section in sections] == [1, 0, 1]
    assert sections[0]["correct"] == [("A1", "A2", "A3", answer.upper())]
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("a1\tb1\t3\na2\tB2\t5\na3\tb3\t1\nnowhere\tb1\t2\n")
    _, spearman, unknown = vectors.evaluate_word_pairs(pairs)
    assert spearman.statistic == pytest.approx(evaluate_similarity(same, pairs).spearman)
    assert unknown == 25
    pairs.write_text("a1\tb1\t3\n")
    with pytest.raises(InputError, match="holds 1 pairs with known words"):
        vectors.evaluate_word_pairs(pairs)
    with pytest.raises(InputError, match="similarity_function is 'guess'"):
        vectors.evaluate_word_analogies(path, similarity_function="guess")


def test_what_is_saved_comes_back_with_its_attributes(vectors, tmp_path):
    vectors.set_vecattr("a1", "seen", 7)
    vectors.save(str(tmp_path / "vectors.kv"))
    for options in ({}, {"mmap": "r"}):
        back = KeyedVectors.load(str(tmp_path / "vectors.kv"), **options)
        assert back.index_to_key == WORDS
        np.testing.assert_array_equal(back.vectors, ROWS)
        assert back.vectors.flags.writeable == (not options)
        assert (back.get_vecattr("a1", "count"), back.get_vecattr("a1", "seen")) == (139, 7)
    assert firth.load(tmp_path / "vectors.kv").count("a1") == 139
    vectors.save(tmp_path / "vectors.kv")  # what was saved there before is replaced
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("years")
    with pytest.raises(OutputError, match="something else than vectors"):
        vectors.save(tmp_path / "work")
    with pytest.raises(InputError, match="open files are not offered"):
        vectors.save(sys.stdout)


@pytest.mark.parametrize("options", [{}, {"binary": True}, {"write_header": False}], ids=str)
def test_word2vecs_formats_are_written_and_read(options, vectors, tmp_path):
    vectors.set_vecattr("b1", "count", 999)
    vectors.save_word2vec_format(tmp_path / "file", fvocab=tmp_path / "counts", **options)
    reading = {"binary": options.get("binary", False), "no_header": not options.get("write_header", True)}
    back = KeyedVectors.load_word2vec_format(tmp_path / "file", fvocab=tmp_path / "counts", **reading)
    assert back.index_to_key == ["b1", *(word for word in WORDS if word != "b1")]
    np.testing.assert_array_equal(back["a5"], vectors["a5"])
    assert (back.get_vecattr("b1", "count"), back.get_vecattr("a0", "count")) == (999, 140)
    back["a5"] = np.zeros(9)
    assert not back["a5"].any()
    some = KeyedVectors.load_word2vec_format(tmp_path / "file", limit=5, datatype=np.float16, **reading)
    assert some.vectors.shape == (5, 9)
    assert some.vectors.dtype == np.float16
    assert some.most_similar("b1", topn=1)


@pytest.mark.parametrize(
    "options", [{"append": True}, {"total_vec": 3}, {"binary": True, "write_header": False}], ids=str
)
def test_what_files_cannot_be_is_refused(options, vectors, tmp_path):
    with pytest.raises(ConfigError, match="firth does not offer it"):
        vectors.save_word2vec_format(tmp_path / "file", **options)
    with pytest.raises(ConfigError, match="words are read as UTF-8"):
        KeyedVectors.load_word2vec_format(tmp_path / "file", encoding="latin1")
    with pytest.raises(FormatError):
        KeyedVectors.load_word2vec_format(tmp_path / "file")


def test_vectors_can_be_added_changed_and_put_in_order(vectors):
    assert vectors.add_vector("new", np.ones(9)) == 40
    vectors.add_vectors(["new", "newer", "newer"], [[2] * 9, [3] * 9, [4] * 9])
    assert [vectors[word][0] for word in ("new", "newer")] == [1, 3]
    vectors["new"] = np.full(9, 7)
    vectors[["newer", "newest"]] = [[5] * 9, [6] * 9]
    assert [vectors[word][0] for word in ("new", "newer", "newest")] == [7, 5, 6]
    assert vectors.most_similar("new", topn=2)[0][1] == pytest.approx(1)
    vectors.set_vecattr("newest", "count", 1_000)
    vectors.sort_by_descending_frequency()
    assert vectors.index_to_key[0] == "newest"
    assert vectors.key_to_index["newest"] == 0
    vectors.unit_normalize_all()
    np.testing.assert_allclose(np.linalg.norm(vectors.vectors, axis=1), 1, atol=1e-6)
    with pytest.raises(InputError, match=r"2 keys need \(2, 9\)"):
        vectors.add_vectors(["x", "y"], np.ones((2, 8)))


def test_norms_follow_when_they_are_told_to(vectors):
    vectors.most_similar("a1")
    vectors.vectors[2] = vectors.vectors[1] * 100
    vectors.fill_norms(force=True)
    assert vectors.most_similar("a1", topn=1) == [("a2", pytest.approx(1))]


def test_room_that_was_made_is_filled_first():
    vectors = KeyedVectors(2, count=3)
    vectors.add_vectors(["a", "b"], np.eye(2))
    vectors.add_vectors(["c", "d"], np.ones((2, 2)))
    assert vectors.index_to_key == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(vectors.vectors, [[1, 0], [0, 1], [1, 1], [1, 1]])


def test_what_has_no_answer_says_why(vectors):
    with pytest.raises(KeyError, match="'nowhere' is not in the vocabulary"):
        vectors["nowhere"]
    with pytest.raises(InputError, match="the mean of no vectors"):
        vectors.most_similar()
    with pytest.raises(InputError, match="has no direction"):
        vectors.most_similar(positive=["a1"], negative=["a1"])
    with pytest.raises(KeyError, match="no attribute 'color' is set: there are count"):
        vectors.get_vecattr("a1", "color")
    with pytest.raises(AttributeError, match="not offered by firth"):
        _ = vectors.similarity_unseen_docs
    vectors.add_vectors([1, "1"], np.ones((2, 9)))
    with pytest.raises(InputError, match="two keys are the same as text"):
        vectors.save("nowhere")


def test_gensim_3s_names_of_vectors_lead_on(vectors):
    with pytest.warns(DeprecationWarning, match="wv.vocab is gensim 3's name"):
        entry = vectors.vocab["a1"]
    assert (entry.index, entry.count) == (1, 139)
    for name in ("index2word", "index2entity", "syn0", "vectors_norm", "syn0norm"):
        with pytest.warns(DeprecationWarning, match=name):
            assert len(getattr(vectors, name)) == 40
    with pytest.warns(DeprecationWarning, match="get_vector"):
        np.testing.assert_array_equal(vectors.word_vec("a1"), ROWS[1])
    with pytest.warns(DeprecationWarning, match="closer_than"):
        assert vectors.words_closer_than("a1", "b1") == vectors.closer_than("a1", "b1")
    with pytest.warns(DeprecationWarning, match="init_sims"):
        vectors.init_sims(replace=True)
    assert vectors.vectors[0] @ vectors.vectors[0] == pytest.approx(1)


def test_text_becomes_tokens():
    assert utils.simple_preprocess("The quick_brown fox's 3.5 _x a naïve ÜBER", deacc=True) == [
        *("the", "quick_brown", "fox", "naive", "uber"),
    ]
    assert list(utils.tokenize(b"One 2two", lower=True)) == ["one", "two"]


def test_questions_wait_for_no_compiler(tmp_path):
    code = (
        "import sys; from firth.compat.gensim import KeyedVectors, Phrases, LineSentence, Word2Vec, FastText\n"
        "from firth.compat import gensim; gensim.models.word2vec.Word2Vec\n"
        "v = KeyedVectors(2); v.add_vectors(['a', 'b'], [[0, 1], [1, 1]]); v.most_similar('a'); v.save('v')\n"
        "Word2Vec(); assert not {'numba', 'llvmlite', 'firth.training'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_a_name_that_is_not_there_is_told_with_those_that_are():
    from firth.compat import gensim

    with pytest.raises(AttributeError, match=r"has no 'Doc2Vec': it offers .*KeyedVectors.*Word2Vec"):
        _ = gensim.models.Doc2Vec
    assert set(gensim.__all__) <= set(dir(gensim))
    assert gensim.models.phrases.Phrases is gensim.Phrases
