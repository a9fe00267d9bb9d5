"""Walks as a corpus: what encoding the same walks as text would give, on any number of threads."""

from __future__ import annotations

import gc
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.unit.corpus.conftest import read_back

import firth
from firth.config.walks import WalkOptions
from firth.corpus import encode
from firth.corpus.graph import Graph
from firth.corpus.walks import as_graph, random_walks, walk_text
from firth.errors import ConfigError, CorpusError, OutputError
from firth.kernels.cpu.random import stream_key
from firth.kernels.cpu.walks import shuffled

BIASES = [(1.0, 1.0), (0.25, 4.0)]


@pytest.fixture(scope="module")
def graph():
    """Two hundred nodes, some of them sinks, some without edges."""
    rng = np.random.default_rng(1)
    edges = [(f"n{a}", f"n{b}", float(w)) for a, b, w in rng.integers(1, 190, (500, 3)).tolist()]
    return Graph.of(edges, directed=True)


def documents_of(corpus):
    """Return the walks as lists of names."""
    types, documents = list(corpus.types), [[]]
    for number in np.array(corpus.ids).tolist():
        if number < 0:
            documents.append([])
        else:
            documents[-1].append(types[number])
    assert documents.pop() == []
    return documents


@pytest.mark.parametrize(("p", "q"), BIASES)
def test_it_is_what_encoding_the_walks_as_text_gives(graph, p, q, monkeypatch):
    monkeypatch.setattr("firth.corpus.walks._IDS_OF_A_BLOCK", 300)
    options = WalkOptions(walks=4, length=20, p=p, q=q, seed=3)
    text = b"".join(walk_text(graph, options, threads=2)).decode()
    with (
        random_walks(graph, walks=4, length=20, p=p, q=q, seed=3) as walks,
        encode(text.split("\n")) as encoded,
    ):
        assert walks.fingerprint == encoded.fingerprint
        assert walks.types == encoded.types
        np.testing.assert_array_equal(walks.ids, encoded.ids)
        np.testing.assert_array_equal(walks.type_counts, encoded.type_counts)
        assert (walks.n_tokens, walks.n_documents) == (encoded.n_tokens, encoded.n_documents)
        assert walks.n_documents == 4 * graph.n_nodes
        assert walks.ids.dtype == np.int32
        assert walks.type_counts.dtype == np.int64
        for array in (walks.ids, walks.type_counts, walks.types.text):
            assert not array.flags.writeable


@pytest.mark.parametrize(("p", "q"), BIASES)
def test_each_step_is_an_edge_and_each_node_begins_each_round(graph, p, q):
    edges = {
        (graph.nodes[node], graph.nodes[neighbor])
        for node in range(graph.n_nodes)
        for neighbor in graph.neighbors[graph.offsets[node] : graph.offsets[node + 1]]
    }
    leaving = {source for source, _ in edges}
    with random_walks(graph, walks=3, length=15, p=p, q=q) as walks:
        documents = documents_of(walks)
    n = graph.n_nodes
    rounds = [[document[0] for document in documents[i : i + n]] for i in range(0, 3 * n, n)]
    assert all(sorted(begun) == sorted(graph.nodes) for begun in rounds)
    assert len(set(map(tuple, rounds))) == 3
    for document in documents:
        assert set(itertools.pairwise(document)) <= edges
        assert len(document) == 15 or document[-1] not in leaving
    assert {len(document) for document in documents} >= {1, 2, 15}


@pytest.mark.parametrize(("p", "q"), BIASES)
@pytest.mark.parametrize("large", [False, True])
def test_the_same_bits_on_any_number_of_threads(graph, p, q, large, monkeypatch):
    monkeypatch.setattr("firth.corpus.walks._IDS_OF_A_BLOCK", 500)
    if large:
        monkeypatch.setattr("firth.corpus.walks._MOST_IDS_IN_MEMORY", 0)
    found = set()
    for threads in (1, 2, 3, 8, None):
        with random_walks(graph, walks=5, length=30, p=p, q=q, threads=threads) as walks:
            found.add((walks.fingerprint, walks.ids.tobytes(), walks.type_counts.tobytes()))
    assert len(found) == 1


def test_blocks_change_nothing(graph, monkeypatch):
    prints = []
    for ids in (1, 100, 1 << 20):
        monkeypatch.setattr("firth.corpus.walks._IDS_OF_A_BLOCK", ids)
        with random_walks(graph, walks=2, length=30, q=2) as walks:
            prints.append(walks.fingerprint)
    assert len(set(prints)) == 1


def test_the_seed_and_each_option_choose_the_walks(graph):
    options = [{}, {"seed": 2}, {"p": 2}, {"q": 2}, {"walks": 3}, {"length": 9}]
    prints = []
    for chosen in options:
        with random_walks(graph, **{"walks": 2, "length": 10, **chosen}) as walks:
            prints.append(walks.fingerprint)
    assert len(set(prints)) == len(options)


def test_walks_of_several_rounds_and_their_order_are_unrelated_to_training():
    # Training takes streams 0 and up of (seed, epoch).
    from firth.corpus import walks

    used = {int(stream_key(1, epoch, stream)) for epoch in range(50) for stream in range(16)}
    ours = {int(stream_key(1, n, s)) for n in range(50) for s in (walks._ORDER_STREAM, walks._WALK_STREAM)}
    assert not used & ours
    assert shuffled(50, stream_key(1, 0, 100)).tolist() != shuffled(50, stream_key(1, 1, 100)).tolist()


def test_first_walks_stay_when_more_are_taken(graph):
    with random_walks(graph, walks=2, length=10) as few, random_walks(graph, walks=3, length=10) as more:
        assert documents_of(more)[: few.n_documents] == documents_of(few)


def test_large_ones_lie_in_a_file_that_goes_when_they_are_closed(graph, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with random_walks(graph, walks=2, length=10) as small:
        assert list(tmp_path.iterdir()) == []
        monkeypatch.setattr("firth.corpus.walks._MOST_IDS_IN_MEMORY", 100)
        large = random_walks(graph, walks=2, length=10)
        assert isinstance(large.ids, np.memmap)
        assert len(list(tmp_path.iterdir())) == 1
        assert large.fingerprint == small.fingerprint
        assert read_back(large) == read_back(small)
        large.release(0, 1000)
    large.close()
    assert list(tmp_path.iterdir()) == []
    random_walks(graph, walks=2, length=10)
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_where_the_disk_is_full(graph, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("firth.corpus.walks._MOST_IDS_IN_MEMORY", 0)

    def fails(self, ids, n_documents):
        raise OutputError("full")

    monkeypatch.setattr("firth.corpus.encoder.IdFile.write", fails)
    with pytest.raises(OutputError, match="full"):
        random_walks(graph)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_walks(graph, monkeypatch):
    monkeypatch.setattr("firth.corpus.walks._IDS_OF_A_BLOCK", 1000)
    told = []
    random_walks(
        graph, walks=3, length=10, threads=2, progress=lambda done, total: told.append((done, total))
    )
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (3 * graph.n_nodes, 3 * graph.n_nodes)
    assert {total for _, total in told} == {3 * graph.n_nodes}


def test_an_error_in_the_callers_progress_stops_the_walkers(graph):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        random_walks(graph, walks=50, threads=3, progress=stop)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"walks": 0}, "walks is 0, but must be a whole number from 1 to 1,000,000"),
        ({"walks": 1.5}, "walks is 1.5"),
        ({"length": 1}, "length is 1, but must be a whole number from 2 to"),
        ({"p": 0}, "p is 0, but must be a number above 0"),
        ({"q": -1}, "q is -1"),
        ({"q": float("nan")}, "q is nan"),
        ({"p": float("inf")}, "p is inf"),
        ({"seed": -1}, "seed is -1"),
        ({"threads": 0}, "threads is 0, but must be a whole number from 1 to 1,024"),
        ({"threads": "2"}, "threads is '2'"),
        ({"separator": ","}, "separator is given for Graph"),
    ],
)
def test_an_option_out_of_its_range(graph, options, message):
    with pytest.raises(ConfigError, match=message):
        random_walks(graph, **options)


def test_a_graph_is_as_it_was_made(graph):
    assert as_graph(graph) is graph
    assert as_graph(graph, directed=True) is graph
    with pytest.raises(
        ConfigError, match=r"directed is given for Graph\(2 nodes, 1 edges\), which is made already"
    ):
        random_walks(Graph.of([(1, 2)]), directed=True)
    assert as_graph([(1, 2)], directed=True).directed


def test_extreme_parameters_walk_on():
    graph = Graph.of([(0, 1), (1, 2), (2, 0), (2, 3)])
    for p, q in [(1e-9, 1e9), (1e9, 1e-9), (1e9, 1e9), (1e-9, 1e-9)]:
        with random_walks(graph, walks=5, length=50, p=p, q=q) as walks:
            assert walks.n_tokens == 5 * 4 * 50


def test_names_with_whitespace_train_but_are_no_text():
    graph = Graph.of([("New York", "Paris"), ("Paris", "Rome")])
    with random_walks(graph) as walks:
        assert "New York" in firth.train(walks, firth.SkipGram(dim=2, epochs=1, subsample=0)).vectors
    with pytest.raises(
        CorpusError, match="the node 'New York' holds whitespace, which separates nodes in a line of text"
    ):
        walk_text(graph, WalkOptions())


def test_nodes_that_are_near_get_vectors_that_are_near():
    """Two cliques with a bridge: neighbors are of the same clique."""
    edges = [(f"{side}{a}", f"{side}{b}") for side in "lr" for a in range(8) for b in range(a)]
    walks = firth.corpus.random_walks([*edges, ("l0", "r0")], walks=20, length=20, q=0.5)
    model = firth.train(
        walks, firth.SkipGram(dim=8, window=3, min_count=1, subsample=0, epochs=5, learning_rate=0.05)
    )
    near = [
        [found.word[0] for found in model.vectors.neighbors(f"{side}{i}", k=5)]
        for side in "lr"
        for i in range(1, 8)
    ]
    assert near == [["l"] * 5] * 7 + [["r"] * 5] * 7


def test_a_node_without_edges_occurs_and_a_graph_of_them_has_no_pairs():
    from scipy import sparse

    matrix = sparse.csr_array((np.ones(2), ([0, 1], [1, 0])), shape=(3, 3))
    with random_walks(matrix, walks=5, length=4) as walks:
        assert dict(zip(walks.types, walks.type_counts.tolist(), strict=True))["2"] == 5
    with random_walks([(i, i + 1) for i in range(0, 20, 2)], directed=True, length=2) as walks:
        assert walks.n_documents == 200


def test_the_names_are_there_after_importing_firth_alone():
    code = (
        "import sys, firth; assert 'firth.corpus' not in sys.modules and 'numpy' not in sys.modules; "
        "print(len(firth.corpus.random_walks([(1, 2)], walks=3).ids), firth.corpus.Graph)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "486 <class 'firth.corpus.graph.Graph'>\n"


def test_defaults_are_those_of_the_options():
    import dataclasses
    import inspect

    signature = inspect.signature(random_walks)
    for field in dataclasses.fields(WalkOptions):
        assert signature.parameters[field.name].default == field.default


def test_it_reads_files(tmp_path: Path):
    path = tmp_path / "graph.csv"
    path.write_text("a b;c d;2\nc d;e;1\n")
    with random_walks(path, directed=True, separator=";", walks=1, length=5) as walks:
        assert sorted(map(tuple, documents_of(walks))) == [("a b", "c d", "e"), ("c d", "e"), ("e",)]
