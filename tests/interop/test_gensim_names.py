"""gensim, really run beside `firth.compat.gensim`: the same vectors and text give the same answers.

Run by ``make test-interop`` in an environment of its own; without gensim it is skipped.
"""

import inspect
import random

import numpy as np
import pytest

from firth.compat import gensim as ours

# gensim warns about itself, which is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

theirs = pytest.importorskip("gensim", reason="gensim is not installed")

WORDS = [f"{letter}{number}" for letter in "abCD" for number in range(12)] + ["naïve", "A0"]
NEAR = 2e-6


def both(words=WORDS, dim=9, seed=3):
    """Return the same vectors in gensim and here."""
    rows = np.random.default_rng(seed).normal(size=(len(words), dim)).astype(np.float32)
    counts = np.arange(3 * len(words), 2 * len(words), -1)
    made = []
    for library in (theirs, ours):
        vectors = library.models.KeyedVectors(dim)
        vectors.add_vectors(words, rows)
        for word, count in zip(words, counts.tolist(), strict=True):
            vectors.set_vecattr(word, "count", count)
        made.append(vectors)
    return made


def answers(method, *arguments, **options):
    """Return what both say, or the kinds of errors they raise."""
    told = []
    for vectors in both():
        try:
            told.append(getattr(vectors, method)(*arguments, **options))
        except (KeyError, ValueError, ZeroDivisionError) as error:
            kinds = (KeyError, ZeroDivisionError, ValueError)
            told.append(next(kind.__name__ for kind in kinds if isinstance(error, kind)))
    return told


def assert_same(first, second):
    """Hold two answers equal, numbers nearly."""
    if isinstance(first, (list, tuple)) and not isinstance(first, str):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    elif isinstance(first, (float, np.ndarray, np.floating)):
        np.testing.assert_allclose(first, second, atol=NEAR)
    else:
        assert first == second


VECTOR = np.arange(9, dtype=np.float32) - 3

CASES = [
    ("most_similar", ["a1"], {}),
    ("most_similar", [], {"positive": ["a1", "b2"], "negative": ["C3"], "topn": 20}),
    ("most_similar", [], {"positive": [("a1", 2.0), ("b2", 0.5)], "negative": [("C3", 0.3)]}),
    ("most_similar", [], {"positive": [("a1", -1.0), "b2"], "topn": 3}),
    ("most_similar", [[VECTOR, "a3"]], {"topn": 5}),
    ("most_similar", [VECTOR], {"topn": 5}),
    ("most_similar", ["a1"], {"topn": None}),
    ("most_similar", ["a1"], {"topn": 0}),
    ("most_similar", ["a1"], {"restrict_vocab": 7}),
    ("most_similar", ["a1"], {"clip_start": 5, "clip_end": 20, "topn": 4}),
    ("most_similar", ["a1"], {"clip_start": 5, "clip_end": 20, "topn": None}),
    ("most_similar", [3], {"topn": 2}),
    ("most_similar", ["nowhere"], {}),
    ("most_similar", [], {}),
    ("most_similar_cosmul", [], {"positive": ["a1", "b2"], "negative": ["C3"], "topn": 20}),
    ("most_similar_cosmul", ["a1"], {}),
    ("most_similar_cosmul", ["a1"], {"topn": None}),
    ("most_similar_cosmul", [], {"positive": ["a1", "nowhere"]}),
    ("similar_by_word", ["a1", 3], {}),
    ("similar_by_key", ["a1", 3, 9], {}),
    ("similar_by_vector", [VECTOR], {"topn": 3}),
    ("similarity", ["a1", "b1"], {}),
    ("similarity", ["a1", "nowhere"], {}),
    ("distance", ["a1", "b1"], {}),
    ("distances", ["a1"], {}),
    ("distances", ["a1", ["b1", "b2"]], {}),
    ("distances", [VECTOR, ["b1", "b2"]], {}),
    ("n_similarity", [["a1", "a2"], ["b1"]], {}),
    ("n_similarity", [["a1", "nowhere"], ["b1", "b1"]], {}),
    ("n_similarity", [["nowhere"], ["b1"]], {}),
    ("doesnt_match", [["a1", "b2", "C3", "nowhere"]], {}),
    ("doesnt_match", [["nowhere"]], {}),
    ("rank_by_centrality", [["a1", "b2", "C3"]], {}),
    ("most_similar_to_given", ["a1", ["b2", "C3", "D1"]], {}),
    ("closer_than", ["a1", "b2"], {}),
    ("rank", ["a1", "b2"], {}),
    ("relative_cosine_similarity", ["a1", "b2"], {}),
    ("get_mean_vector", [["a1", "b2", "nowhere"]], {}),
    ("get_mean_vector", [["nowhere"]], {}),
    ("get_mean_vector", [["a1", "nowhere"]], {"ignore_missing": False}),
    ("get_mean_vector", [["a1", "b2"]], {"weights": [1, -3], "pre_normalize": False, "post_normalize": True}),
    ("get_mean_vector", [["a1", "b2"]], {"weights": [1]}),
    ("get_mean_vector", [[]], {}),
    ("get_vector", ["a1"], {"norm": True}),
    ("get_normed_vectors", [], {}),
    ("get_index", ["b2"], {}),
    ("get_index", ["nowhere", 5], {}),
    ("get_index", ["nowhere"], {}),
    ("get_vecattr", ["b2", "count"], {}),
    ("__getitem__", [["a1", "b2"]], {}),
    ("__getitem__", [3], {}),
    ("__contains__", ["nowhere"], {}),
    ("__len__", [], {}),
    ("__str__", [], {}),
    ("cosine_similarities", [VECTOR, np.eye(9)], {}),
]


@pytest.mark.parametrize(("method", "arguments", "options"), CASES, ids=lambda value: str(value)[:40])
def test_vectors_answer_as_in_gensim(method, arguments, options):
    first, second = answers(method, *arguments, **options)
    assert_same(first, second)


def test_the_centrality_of_vectors_as_they_are_is_that_of_gensim():
    first, second = (vectors.rank_by_centrality(["a1", "b2", "C3"], use_norm=False) for vectors in both())
    assert [word for _, word in first] == [word for _, word in second]


def test_vectors_for_all_are_those_of_gensim():
    first, second = (
        vectors.vectors_for_all(["a1", "no", "b1", "a1"], copy_vecattrs=True) for vectors in both()
    )
    assert first.index_to_key == second.index_to_key
    np.testing.assert_array_equal(first.vectors, second.vectors)
    assert [first.get_vecattr(word, "count") for word in ("a1", "b1")] == second.expandos["count"].tolist()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"restrict_vocab": 20},
        {"dummy4unknown": True},
        {"case_insensitive": False},
    ],
    ids=str,
)
def test_analogies_are_judged_as_in_gensim(options, tmp_path):
    draws = random.Random(5)
    lines = [": one"]
    for number in range(60):
        lines.append(" ".join(draws.choice([*WORDS, "nowhere", "d1", "c2"]) for _ in range(4)))
        if number == 20:
            lines.append(": two")
    first, second = both()
    for a, b, c in (draws.sample(WORDS[:40], 3) for _ in range(20)):  # some that are answered right
        lines.append(f"{a} {b} {c} {first.most_similar(positive=[b, c], negative=[a], topn=1)[0][0]}")
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    expected, told = (vectors.evaluate_word_analogies(str(path), **options) for vectors in (first, second))
    assert told[1] == expected[1]
    assert told[0] == pytest.approx(expected[0])
    assert 0 < told[0] < 1


@pytest.mark.parametrize("options", [{}, {"dummy4unknown": True}, {"case_insensitive": False}], ids=str)
def test_pairs_are_judged_as_in_gensim(options, tmp_path):
    draws = random.Random(5)
    lines = ["# a comment", "no pair at all", "a1\tb1\tmuch"]
    lines += [
        f"{draws.choice([*WORDS, 'nowhere', 'c2'])}\t{draws.choice(WORDS)}\t{draws.randint(0, 10)}"
        for _ in range(60)
    ]
    path = tmp_path / "pairs.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    expected, told = (vectors.evaluate_word_pairs(str(path), **options) for vectors in both())
    for number in range(2):
        assert_same(tuple(expected[number]), tuple(told[number]))
    assert told[2] == pytest.approx(expected[2])


@pytest.mark.parametrize("options", [{}, {"binary": True}, {"write_header": False}], ids=str)
def test_files_go_both_ways(options, tmp_path):
    first, second = both()
    first.save_word2vec_format(str(tmp_path / "theirs"), **options)
    second.save_word2vec_format(str(tmp_path / "ours"), **options)
    reading = {"binary": options.get("binary", False), "no_header": not options.get("write_header", True)}
    here = ours.KeyedVectors.load_word2vec_format(tmp_path / "theirs", **reading)
    there = theirs.models.KeyedVectors.load_word2vec_format(str(tmp_path / "ours"), **reading)
    for read in (here, there):
        assert read.index_to_key == WORDS
        np.testing.assert_array_equal(read.vectors, first.vectors)


def test_files_of_counts_and_prefixes_are_those_of_gensim(tmp_path):
    for vectors, name in zip(both(), ("theirs", "ours"), strict=True):
        vectors.set_vecattr("b1", "count", 999)
        options = {"fvocab": str(tmp_path / f"{name}.counts"), "prefix": "*"}
        vectors.save_word2vec_format(str(tmp_path / name), **options)
    for end in ("", ".counts"):
        rows = [(tmp_path / f"{name}{end}").read_text("utf-8").split("\n") for name in ("theirs", "ours")]
        assert [row.split(" ")[0] for row in rows[0]] == [row.split(" ")[0] for row in rows[1]]
    assert (tmp_path / "theirs.counts").read_text() == (tmp_path / "ours.counts").read_text()


def test_vectors_are_added_as_in_gensim():
    for vectors in both():
        vectors.add_vector("new", np.ones(9))
        vectors.add_vectors(["new", "newer"], [[2] * 9, [3] * 9])
        vectors.add_vectors(["new"], [[4] * 9], replace=True)
        vectors["newest"] = np.full(9, 5.0)
        assert vectors.index_to_key[-3:] == ["new", "newer", "newest"]
        assert [vectors[word][0] for word in ("new", "newer", "newest")] == [4, 3, 5]
    assert vectors.get_vecattr("newer", "count") == 0  # gensim says that it has no such row


def drawn(seed):
    draws = random.Random(seed)
    words = [f"w{number}" for number in range(draws.randint(3, 12))]
    documents = [draws.choices(words, k=draws.choice([0, 1, 2, 5, 30])) for _ in range(20)]
    scoring = draws.choice(["default", "npmi"])
    return documents, {
        "scoring": scoring,
        "min_count": draws.randint(1, 3),
        "threshold": draws.choice([0.1, 0.5, 1, 2] if scoring == "default" else [-0.5, 0, 0.1, 0.3]),
        "connector_words": frozenset(draws.sample(words, draws.randint(0, 2))),
    }


@pytest.mark.parametrize("seed", range(30))
def test_phrases_are_those_of_gensim(seed):
    documents, options = drawn(seed)
    first, second = (library.models.phrases.Phrases(documents, **options) for library in (theirs, ours))
    assert second.vocab == dict(first.vocab)
    assert second.corpus_word_count == first.corpus_word_count
    assert second.export_phrases() == first.export_phrases()
    assert second.find_phrases(documents) == first.find_phrases(documents)
    assert list(second[documents]) == list(first[documents])
    assert [second[document] for document in documents] == [first[document] for document in documents]
    for document in documents:
        assert list(second.analyze_sentence(document)) == list(first.analyze_sentence(document))
    frozen = [phrases.freeze() for phrases in (first, second)]
    assert frozen[1].phrasegrams == frozen[0].phrasegrams
    assert list(frozen[1][documents]) == list(frozen[0][documents])
    assert [str(one) for one in frozen] == [str(frozen[0])] * 2
    assert str(first) == str(second)
    first.add_vocab(documents[:5])
    second.add_vocab(documents[:5])
    assert second.vocab == dict(first.vocab)


def test_the_connector_words_are_those_of_gensim():
    assert ours.ENGLISH_CONNECTOR_WORDS == theirs.models.phrases.ENGLISH_CONNECTOR_WORDS


TEXTS = [
    "The quick_brown fox's naïve 3.5 I a Über-cool _hidden verylongwordindeedyesverylong",
    "don't ŁÓDŹ 1a a1b2 x² ½ ﬁne e\u0301te\u0301 日本語 🙂ok",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("deacc", [False, True])
def test_text_is_preprocessed_as_in_gensim(text, deacc):
    told = [library.utils.simple_preprocess(text, deacc=deacc, min_len=1) for library in (theirs, ours)]
    assert told[0] == told[1]
    assert list(theirs.utils.tokenize(text)) == list(ours.utils.tokenize(text))


@pytest.mark.parametrize(
    "name", ["Word2Vec", "FastText", "KeyedVectors", "Phrases", "models.fasttext.FastTextKeyedVectors"]
)
def test_parameters_have_gensims_names_places_and_defaults(name):
    kinds = [theirs.models, ours.models]
    for part in name.removeprefix("models.").split("."):
        kinds = [getattr(kind, part) for kind in kinds]
    first, second = (inspect.signature(kind.__init__).parameters for kind in kinds)
    for place, (key, parameter) in enumerate(first.items()):
        assert list(second)[place] == key
        if name != "models.fasttext.FastTextKeyedVectors":
            assert second[key].default == parameter.default, key


@pytest.mark.parametrize(
    "name", ["KeyedVectors", "FastTextKeyedVectors", "Phrases", "FrozenPhrases", "Word2Vec", "FastText"]
)
def test_what_gensim_documents_is_there_or_says_why_not(name):
    rooms = (theirs.models, theirs.models.phrases, theirs.models.fasttext)
    kind = next(getattr(room, name) for room in rooms if hasattr(room, name))
    here = getattr(ours, name)
    for method in dir(kind):
        if method.startswith("_") or hasattr(here, method):
            continue
        with pytest.raises(AttributeError, match="is not offered by firth: "):
            getattr(here.__new__(here), method)


def test_lines_are_those_of_gensim(tmp_path):
    (tmp_path / "b.txt").write_text("one two\u00a0three\n\nfour " + "x " * 25 + "\n last", "utf-8")
    (tmp_path / "a.txt").write_text("five\r\nsix\u2028seven\n", "utf-8")
    for make in (
        lambda models: models.word2vec.LineSentence(str(tmp_path / "b.txt"), max_sentence_length=10),
        lambda models: models.word2vec.LineSentence(str(tmp_path / "a.txt"), limit=1),
        lambda models: models.word2vec.PathLineSentences(str(tmp_path)),
        lambda models: models.word2vec.Text8Corpus(str(tmp_path / "b.txt"), max_sentence_length=4),
    ):
        first, second = list(make(theirs.models)), list(make(ours.models))
        assert first == second
        assert list(make(ours.models)) == second


@pytest.mark.parametrize(
    "options", [{"max_final_vocab": 10}, {"min_count": 70}, {"max_final_vocab": 40}], ids=str
)
def test_the_vocabulary_is_that_of_gensim(options):
    draws = np.random.default_rng(1)
    sentences = [[f"w{number}" for number in draws.integers(0, 30, 12)] for _ in range(200)]
    made = []
    for library in (theirs, ours):
        model = library.models.Word2Vec(vector_size=4, **{"min_count": 1, **options})
        model.build_vocab(sentences)
        made.append(model)
    first, second = made
    assert set(first.wv.index_to_key) == set(second.wv.index_to_key)
    assert first.corpus_count == second.corpus_count
    assert first.corpus_total_words == second.corpus_total_words
    assert first.effective_min_count == second.effective_min_count
    for word in second.wv.index_to_key:
        assert first.wv.get_vecattr(word, "count") == second.wv.get_vecattr(word, "count")
    assert str(first) == str(second)


def test_gensim_still_ignores_its_similarity_function(tmp_path):
    """The guide says so, and that firth does not."""
    path = tmp_path / "questions.txt"
    first, second = both()
    found = second.most_similar_cosmul(positive=["b2", "a3"], negative=["a2"], topn=1)[0][0]
    assert found != first.most_similar(positive=["b2", "a3"], negative=["a2"], topn=1)[0][0]
    path.write_text(f": one\na2 b2 a3 {found}\n", encoding="utf-8")
    options = {"similarity_function": "most_similar_cosmul"}
    scores = [vectors.evaluate_word_analogies(str(path), **options)[0] for vectors in (first, second)]
    assert scores == [0.0, 1.0]


@pytest.mark.parametrize("norm", [True, False])
def test_documents_are_as_far_apart_as_in_gensim(norm):
    pytest.importorskip("ot", reason="POT, which gensim needs for it, is not installed")
    draws = random.Random(7)
    first, second = both()
    for n_words in (1, 2, 7, 20):
        documents = [draws.choices([*WORDS, "nowhere"], k=n_words) for _ in range(2)]
        expected = first.wmdistance(*documents, norm=norm)
        assert second.wmdistance(*documents, norm=norm) == pytest.approx(expected, rel=1e-5)
    assert second.wmdistance(["a1"], ["a1"], norm=norm) == first.wmdistance(["a1"], ["a1"], norm=norm) == 0
    assert second.wmdistance(["nowhere"], ["a1"]) == first.wmdistance(["nowhere"], ["a1"]) == float("inf")
