"""The approximate index of usearch: how much it finds is measured, what it says is exact, and damage is refused."""

import json

import numpy as np
import pytest

from firth import formats
from firth.cli import run
from firth.errors import FormatError, InputError, OutputError
from firth.formats import VectorTable
from firth.vectors import NeighborIndex, WordVectors
from firth.vocabulary import Vocabulary

pytest.importorskip("usearch.index", reason="usearch is not installed")

WORDS, DIM = 3_000, 24


@pytest.fixture(scope="module")
def table():
    """Clustered rows, as words are; one without a direction."""
    rng = np.random.default_rng(1)
    centers = rng.normal(size=(60, DIM))
    rows = centers[rng.integers(0, 60, WORDS)] + 0.7 * rng.normal(size=(WORDS, DIM))
    rows *= 10 ** rng.uniform(-3, 3, (WORDS, 1))
    rows[7] = 0
    return VectorTable(Vocabulary([f"w{i}" for i in range(WORDS)]), rows.astype(np.float32))


@pytest.fixture(scope="module")
def vectors(table):
    return WordVectors(table)


@pytest.fixture(scope="module")
def built(vectors):
    return NeighborIndex.build(vectors)


def share(vectors, index, words, k):
    """Return how much of the exact answers an index finds, counted apart from `recall`."""
    pairs = [(vectors.neighbors(word, k), index.neighbors(word, k)) for word in words]
    return np.mean([len({w for w, _ in true} & {w for w, _ in found}) / k for true, found in pairs])


def test_recall_is_the_share_of_the_exact_neighbors_that_are_found(vectors, built):
    words = [word for word in vectors if word != "w7"]
    measured = built.recall(10, queries=WORDS)
    assert measured == pytest.approx(share(vectors, built, words, 10))
    assert measured > 0.95
    assert 0.9 < built.recall(10, queries=100, seed=2) <= 1


def test_a_poorer_graph_finds_less_and_a_whole_search_finds_all(vectors):
    poor = NeighborIndex.build(vectors, connectivity=2, expansion_add=2, expansion_search=1)
    good = NeighborIndex.build(vectors, connectivity=32, expansion_add=256, expansion_search=WORDS)
    assert poor.recall(queries=200) < 0.9
    assert good.recall(queries=200) > 0.999


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_scores_are_exact_whatever_the_index_holds(vectors, dtype):
    index = NeighborIndex.build(vectors, dtype=dtype)
    assert len(index) == WORDS - 1
    for found, word in zip(index.neighbors(["w0", "w1"], k=5), ["w0", "w1"], strict=True):
        exact = dict(vectors.neighbors(word, k=WORDS))
        assert [exact[other] for other, _ in found] == [score for _, score in found]
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert index.recall(queries=200) > 0.8


def test_words_vectors_and_several_of_them_are_asked_as_of_the_vectors(vectors, built):
    assert built.neighbors("w0", k=3) == vectors.neighbors("w0", k=3)
    assert built.neighbors(vectors["w0"], k=1)[0].word == "w0"
    assert built.neighbors(vectors[["w0", "w1"]] * np.float32(2**60), k=2) == [
        built.neighbors(vectors[w], k=2) for w in ("w0", "w1")
    ]
    assert built.neighbors([], k=2) == []
    assert len(built.neighbors("w0", k=WORDS * 2)) <= WORDS - 2
    assert "2,999 words" in repr(built)
    with pytest.raises(InputError, match="k is 0"):
        built.neighbors("w0", k=0)
    with pytest.raises(InputError, match="queries is 0"):
        built.recall(queries=0)
    with pytest.raises(InputError, match="no direction"):
        built.neighbors("w7")
    with pytest.raises(InputError, match="did you mean"):
        built.neighbors("w99999")


def test_one_thread_makes_the_same_index_again(vectors, built, tmp_path):
    NeighborIndex.build(vectors).save(tmp_path / "one")
    built.save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_index_comes_back_from_its_file(vectors, tmp_path):
    index = NeighborIndex.build(vectors, expansion_search=33)
    index.save(tmp_path / "index")
    again = NeighborIndex.load(tmp_path / "index", vectors)
    words = [f"w{i}" for i in range(20, 60)]
    assert again.neighbors(words) == index.neighbors(words)
    assert again.recall(queries=100) == index.recall(queries=100)
    again.save(tmp_path / "index", overwrite=True)
    with pytest.raises(OutputError, match="exists already"):
        index.save(tmp_path / "index")


def test_an_index_over_other_vectors_is_refused(table, built, tmp_path):
    built.save(tmp_path / "index")
    for other in (
        VectorTable(table.vocabulary, -table.embeddings),
        VectorTable(Vocabulary([f"v{i}" for i in range(WORDS)]), table.embeddings),
        VectorTable(table.vocabulary, table.embeddings[:, :8].copy()),
    ):
        with pytest.raises(FormatError, match="an index over other vectors"):
            NeighborIndex.load(tmp_path / "index", WordVectors(other))


def test_damage_is_met_before_usearch_meets_it(vectors, built, tmp_path):
    built.save(tmp_path / "index")
    content = (tmp_path / "index").read_bytes()
    rng = np.random.default_rng(5)
    damaged = [
        b"",
        b"x" * 100,
        content[:-1],
        content[1:],
        content[: len(content) // 2],
        content[-500:],
        content[-16:],
    ]
    for at in rng.integers(0, len(content), 20).tolist():
        damaged.append(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    for each in damaged:
        (tmp_path / "bad").write_bytes(each)
        with pytest.raises(FormatError):
            NeighborIndex.load(tmp_path / "bad", vectors)
    with pytest.raises(FormatError, match="No such file"):
        NeighborIndex.load(tmp_path / "nothing", vectors)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"connectivity": 1}, "connectivity is 1, but must be between 2 and 512"),
        ({"expansion_add": 0}, "expansion_add is 0"),
        ({"expansion_search": 100_000}, "expansion_search is 100,000"),
        ({"threads": 0}, "threads is 0"),
        ({"dtype": "float8"}, "dtype is 'float8'"),
    ],
)
def test_options_out_of_their_range_are_refused(vectors, options, message):
    with pytest.raises(InputError, match=message):
        NeighborIndex.build(vectors, **options)


def test_nobody_has_neighbors_where_there_is_no_direction():
    nothing = WordVectors(VectorTable(Vocabulary(["a", "b"]), np.zeros((2, 3), np.float32)))
    index = NeighborIndex.build(nothing)
    assert len(index) == 0
    assert index.neighbors(np.ones(3), k=2) == []
    assert np.isnan(index.recall())


def test_the_command_line_builds_measures_and_asks(table, tmp_path, capsys):
    def say(*arguments, status=0):
        assert run(list(map(str, arguments))) == status
        out, err = capsys.readouterr()
        return err if status else out

    formats.write(table, tmp_path / "vectors")
    place = tmp_path / "vectors.index"
    facts = json.loads(say("index", tmp_path / "vectors", "--output", place, "--queries", "50", "--json"))
    assert facts == {
        "output": str(place),
        "words": WORDS - 1,
        "seconds": facts["seconds"],
        "bytes": place.stat().st_size,
        "k": 10,
        "queries": 50,
        "recall": facts["recall"],
    }
    assert 0.9 < facts["recall"] <= 1
    exact = say("neighbors", tmp_path / "vectors", "w0", "-k", "3")
    assert say("neighbors", tmp_path / "vectors", "w0", "-k", "3", "--index", place) == exact
    assert "exists already" in say("index", tmp_path / "vectors", "-o", place, status=2)
    assert "recall of 5 neighbors" in say(
        "index", tmp_path / "vectors", "-o", place, "--overwrite", "-k", "5"
    )
    message = say("neighbors", tmp_path / "vectors", "w0", "--index", place, "--restrict", "5", status=2)
    assert "--restrict is 5" in message
    assert "build it anew" in say("neighbors", tmp_path / "vectors", "w0", "--index", __file__, status=2)
