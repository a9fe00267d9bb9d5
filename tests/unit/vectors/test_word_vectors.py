"""What vectors answer: exact, deterministic, and sane where a vector has no direction."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import firth
from firth.errors import InputError, UnknownWordError
from firth.formats import VectorTable
from firth.vectors import Neighbor, WordVectors, search
from firth.vocabulary import Vocabulary


def make(rows, words=None, **more):
    rows = np.asarray(rows, np.float32)
    words = [f"w{i}" for i in range(len(rows))] if words is None else words
    counts = more.pop("counts", None)
    return WordVectors(VectorTable(Vocabulary(words, counts), rows, **more))


@pytest.fixture
def royal():
    rows = {
        "man": [1, 0, 0.1],
        "king": [1, 1, 0],
        "woman": [0, 0, 1],
        "queen": [0, 1.1, 1],
        "apple": [-0.2, -1, 0],
    }
    return make(list(rows.values()), list(rows), counts=[50, 40, 30, 20, 10])


@pytest.fixture
def random():
    return make(np.random.default_rng(5).normal(size=(300, 17)))


def cosines(vectors, query):
    rows = vectors.embeddings.astype(np.float64)
    query = np.asarray(query, np.float64)
    return rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)


def test_lookup_of_one_and_of_several(royal):
    np.testing.assert_array_equal(royal["king"], [1, 1, 0])
    np.testing.assert_array_equal(royal[["queen", "man", "queen"]], royal.embeddings[[3, 0, 3]])
    assert royal[[]].shape == (0, 3)
    assert "king" in royal
    assert "King" not in royal
    assert 7 not in royal
    assert (len(royal), royal.dim, list(royal)[:2]) == (5, 3, ["man", "king"])
    assert royal.count("king") == 40
    assert repr(royal) == "<WordVectors: 5 words, 3 dimensions, trained on 150 tokens>"
    assert repr(make([[1.0, 2.0]])) == "<WordVectors: 1 words, 2 dimensions>"


def test_vectors_cannot_be_changed(royal):
    with pytest.raises(ValueError, match="read-only"):
        royal["king"][0] = 9
    with pytest.raises(ValueError, match="read-only"):
        royal.embeddings[0] = 9
    with pytest.raises(ValueError, match="read-only"):
        royal.norms[0] = 9


@pytest.mark.parametrize(
    "ask",
    [
        lambda v: v["kinf"],
        lambda v: v[["man", "kinf"]],
        lambda v: v.count("kinf"),
        lambda v: v.neighbors("kinf"),
        lambda v: v.neighbors(["man", "kinf"]),
        lambda v: v.analogy("man", "kinf", "woman"),
        lambda v: v.similarity("man", "kinf"),
        lambda v: v.odd_one_out(["man", "kinf", "woman"]),
        lambda v: v.subset(["kinf"]),
    ],
)
def test_an_unknown_word_names_the_nearest_spelling(royal, ask):
    with pytest.raises(UnknownWordError, match=r"'kinf'.*did you mean 'king'"):
        ask(royal)


@pytest.mark.parametrize("wrong", [7, None, [7], ["king", None], b"king", {"king"}])
def test_what_is_no_word_is_refused(royal, wrong):
    with pytest.raises(InputError, match="words"):
        royal[wrong]
    with pytest.raises(InputError, match="words"):
        royal.neighbors(wrong)


def test_counts_that_nobody_knows_are_refused():
    with pytest.raises(InputError, match="without counts"):
        make([[1.0, 2.0]]).count("w0")


def test_neighbors_are_those_of_a_full_sort(random):
    query = random["w3"]
    expected = [int(i) for i in np.argsort(-cosines(random, query), kind="stable") if i != 3][:12]
    found = random.neighbors("w3", k=12)
    assert [neighbor.word for neighbor in found] == [f"w{i}" for i in expected]
    np.testing.assert_allclose([score for _, score in found], cosines(random, query)[expected], atol=1e-12)
    assert found[0] == Neighbor(found[0].word, found[0].score) == (found[0].word, found[0].score)


def test_one_query_many_queries_and_vectors_agree_to_the_bit(random):
    words = [f"w{i}" for i in range(300)]
    many = random.neighbors(words, k=5)
    assert many == [random.neighbors(word, k=5) for word in words]
    by_vector = random.neighbors(random.embeddings, k=6)
    assert [
        [n for n in found if n.word != word][:5] for word, found in zip(words, by_vector, strict=True)
    ] == many
    assert random.neighbors(random["w9"] * 3, k=1)[0].word == "w9"
    assert random.neighbors([]) == []


@pytest.mark.parametrize(("rows", "queries"), [(1, 1), (7, 3), (299, 100)])
def test_the_size_of_the_blocks_does_not_change_the_answer(random, rows, queries, monkeypatch):
    words = list(random)
    expected = random.neighbors(words, k=8), random.analogy("w1", "w2", "w3", 9, method="3cosmul")
    monkeypatch.setattr(search, "_BLOCK_ROWS", rows)
    monkeypatch.setattr(search, "_BLOCK_QUERIES", queries)
    again = make(random.embeddings)
    assert (again.neighbors(words, k=8), again.analogy("w1", "w2", "w3", 9, method="3cosmul")) == expected


@pytest.mark.parametrize("block", [3, 16_384])
def test_equal_vectors_come_in_the_order_of_the_rows(block, monkeypatch):
    monkeypatch.setattr(search, "_BLOCK_ROWS", block)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 33))
    twins = [2, 5, 11, 12, 31, 39]
    rows[twins] = rows[2]
    vectors = make(rows)
    for k in range(1, 6):
        assert [word for word, _ in vectors.neighbors("w2", k=k)] == [f"w{i}" for i in twins[1 : k + 1]]
    assert {score for _, score in vectors.neighbors("w2", k=5)} == {vectors.similarity("w2", "w5")}


def test_thousands_of_equal_vectors():
    vectors = make(np.ones((20_000, 4)))
    assert [word for word, _ in vectors.neighbors("w1", k=3)] == ["w0", "w2", "w3"]
    assert len(vectors.neighbors("w1", k=30_000)) < 20_000


def test_k_beyond_the_vocabulary_and_restrict(royal):
    assert {word for word, _ in royal.neighbors("king", k=99)} == {"man", "woman", "queen", "apple"}
    assert [word for word, _ in royal.neighbors("queen", restrict=2)] == ["king", "man"]
    assert [word for word, _ in royal.analogy("man", "king", "woman", k=9, restrict=4)] == ["queen"]
    assert royal.neighbors("man", restrict=1) == []
    assert len(royal.neighbors("man", restrict=10**9)) == 4


@pytest.mark.parametrize("value", [0, -1])
def test_k_and_restrict_below_one_are_refused(royal, value):
    for ask in (royal.neighbors, lambda word, **kw: royal.analogy("man", "king", word, **kw)):
        with pytest.raises(InputError, match=f"k is {value}"):
            ask("woman", k=value)
        with pytest.raises(InputError, match=f"restrict is {value}"):
            ask("woman", restrict=value)


def test_vectors_without_direction_are_nobodys_neighbors():
    rows = [[1, 0], [0, 0], [np.nan, 1], [np.inf, 0], [0.5, 0.5], [1e-30, 0], [2e38, 1.5e38]]
    vectors = make(rows)
    assert [word for word, _ in vectors.neighbors("w0", k=9)] == ["w5", "w6", "w4"]
    for word in ("w1", "w2", "w3"):
        with pytest.raises(InputError, match=rf"{word}.*no direction"):
            vectors.neighbors(word)
        with pytest.raises(InputError, match="no direction"):
            vectors.neighbors(["w0", word])
        with pytest.raises(InputError, match="no direction"):
            vectors.analogy("w0", word, "w4")
        assert np.isnan(vectors.similarity("w0", word))
    with pytest.raises(InputError, match="no direction"):
        vectors.neighbors(np.zeros(2))


@pytest.mark.parametrize("shape", [(2,), (4,), (1, 4), (1, 1, 3)])
def test_a_vector_of_another_length_is_refused(royal, shape):
    with pytest.raises(InputError, match="3 numbers"):
        royal.neighbors(np.ones(shape))


def test_king_is_to_man_as_queen_is_to_woman(royal):
    for method in ("3cosadd", "3cosmul"):
        (answer,) = royal.analogy("man", "king", "woman", method=method)
        assert answer.word == "queen"
    with pytest.raises(InputError, match="3cosadd"):
        royal.analogy("man", "king", "woman", method="magic")


def test_both_methods_follow_their_formulas(random):
    unit = random.embeddings.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    a, b, c = 4, 8, 15
    target = unit[b] - unit[a] + unit[c]
    added = unit @ target / np.linalg.norm(target)
    positive = (1 + unit @ unit.T) / 2
    multiplied = positive[b] * positive[c] / (positive[a] + 0.001)
    for method, scores in (("3cosadd", added), ("3cosmul", multiplied)):
        best = [int(i) for i in np.argsort(-scores, kind="stable") if i not in (a, b, c)][:20]
        found = random.analogy("w4", "w8", "w15", k=20, method=method)
        assert [word for word, _ in found] == [f"w{i}" for i in best]
        np.testing.assert_allclose([score for _, score in found], scores[best], atol=1e-12)


def test_similarity_and_the_odd_one_out(royal):
    assert royal.similarity("king", "king") == 1.0
    assert royal.similarity("king", "man") == pytest.approx(1 / np.sqrt(2 * 1.01))
    assert royal.odd_one_out(["king", "queen", "apple", "woman"]) == "apple"
    with pytest.raises(InputError, match="at least 3"):
        royal.odd_one_out(["king", "queen", "king"])


def test_a_subset_keeps_everything_of_its_words(royal):
    outputs = np.arange(15, dtype=np.float32).reshape(5, 3)
    whole = make(
        royal.embeddings, list(royal), counts=[5, 4, 3, 2, 1], output_embeddings=outputs, metadata={"a": 1}
    )
    part = whole.subset(["queen", "man", "queen"])
    assert list(part) == ["queen", "man"]
    np.testing.assert_array_equal(part.embeddings, whole[["queen", "man"]])
    np.testing.assert_array_equal(part.output_vectors.embeddings, outputs[[3, 0]])
    assert (part.count("man"), part.metadata) == (5, {"a": 1})
    assert make([[1.0]]).subset(["w0"]).vocabulary.counts is None
    with pytest.raises(InputError, match="at least one word"):
        whole.subset([])


def test_output_vectors_are_vectors_themselves(royal):
    assert royal.output_vectors is None
    outputs = make(
        royal.embeddings, list(royal), output_embeddings=royal.embeddings[::-1].copy()
    ).output_vectors
    np.testing.assert_array_equal(outputs["man"], royal["apple"])
    assert outputs.output_vectors is None


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_any_matrix_gives_the_neighbors_of_a_full_sort(n, dim, seed):
    rng = np.random.default_rng(seed)
    vectors = make(rng.integers(-2, 3, size=(n, dim)))
    for row in np.flatnonzero(vectors.norms):
        scores = np.array([vectors.similarity(f"w{row}", other) for other in vectors])
        best = [i for i in np.argsort(-scores, kind="stable") if i != row and vectors.norms[i]]
        assert [word for word, _ in vectors.neighbors(f"w{row}", k=4)] == [f"w{i}" for i in best[:4]]


def test_many_queries_take_little_memory(tmp_path):
    pytest.importorskip("resource")
    make(np.random.default_rng(0).normal(size=(100_000, 20))).save(tmp_path / "vectors")
    # All scores at once would take 400 MB.
    script = """
        import resource, sys
        import firth
        vectors = firth.load(sys.argv[1])
        words = list(vectors)[:1000]
        vectors.neighbors(words[:1])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        vectors.neighbors(words)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert used * (1 if sys.platform == "darwin" else 1024) < 150_000_000, used
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script), tmp_path / "vectors"], check=True)


def test_loading_and_saving_go_through_the_formats(royal, tmp_path):
    royal.save(tmp_path / "vectors")
    royal.save(tmp_path / "other", format="glove")
    for memory_map in (True, False):
        again = firth.load(tmp_path / "vectors", memory_map=memory_map)
        np.testing.assert_array_equal(again.embeddings, royal.embeddings)
        assert again.count("king") == 40
    assert list(firth.load(tmp_path / "other")) == list(royal)
    assert list(firth.load(tmp_path / "other", format="glove")) == list(royal)


def test_queries_import_no_compiler():
    script = """
        import sys
        import numpy as np
        import firth
        from firth.formats import VectorTable
        from firth.vocabulary import Vocabulary
        import firth.evaluation
        vectors = firth.WordVectors(VectorTable(Vocabulary("abc"), np.eye(3, dtype=np.float32)))
        vectors.neighbors("a"), vectors.analogy("a", "b", "c")
        heavy = {"numba", "llvmlite", "scipy"} & set(sys.modules)
        assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
