"""Edges in any form become a graph, or an error that says which edge is wrong and what to do."""

from __future__ import annotations

import collections
import functools
import gzip
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse

from firth.corpus.chunks import cut_chunks
from firth.corpus.graph import Graph
from firth.errors import ConfigError, CorpusError


def weights_of(graph):
    """Return the weight of each edge by the names of its nodes, after checking that the rows fit together."""
    names = list(graph.nodes)
    offsets, neighbors = graph.offsets, graph.neighbors
    weights = np.ones(len(neighbors)) if graph.weights is None else graph.weights
    assert offsets[0] == 0
    assert offsets[-1] == len(neighbors) == len(weights)
    assert (offsets.dtype, neighbors.dtype, weights.dtype) == (np.int64, np.int32, np.float64)
    found = {}
    for node, name in enumerate(names):
        row = neighbors[offsets[node] : offsets[node + 1]].tolist()
        assert row == sorted(set(row))
        for neighbor, weight in zip(row, weights[offsets[node] : offsets[node + 1]].tolist(), strict=True):
            found[name, names[neighbor]] = weight
    return found


def expected_weights(edges, directed):
    """Add up weights the plain way; all alike count as 1."""
    sums = collections.Counter()
    for source, target, weight in edges:
        sums[source, target] += weight
        if not directed and source != target:
            sums[target, source] += weight
    return dict.fromkeys(sums, 1.0) if len(set(sums.values())) == 1 else dict(sums)


@pytest.fixture
def write(tmp_path):
    def written(content, name="graph.edgelist"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


_NODES = st.sampled_from(["a", "b", "ä", "node-4", "5", "x#y", "Ω,ω"])
_EDGES = st.lists(
    st.tuples(_NODES, _NODES, st.sampled_from([0.5, 1.0, 2.0, 1e-3, 12345.678])), min_size=1, max_size=30
)


@settings(deadline=None, max_examples=100)
@given(_EDGES, st.booleans(), st.booleans(), st.sampled_from([" ", "\t", " \t ", ";"]))
def test_files_tuples_and_plain_python_agree(tmp_path_factory, edges, directed, weighted, between):
    edges = edges if weighted else [(source, target, 1.0) for source, target, _ in edges]
    lines = [between.join(map(str, edge if weighted else edge[:2])) for edge in edges]
    path = tmp_path_factory.mktemp("graph") / "edges"
    path.write_text("# a comment\n\n" + "\r\n".join(lines), "utf-8")
    of_file = Graph.of(path, directed=directed, separator=";" if between == ";" else None)
    of_tuples = Graph.of((edge if weighted else edge[:2] for edge in edges), directed=directed)
    expected = expected_weights(edges, directed)
    assert weights_of(of_file) == pytest.approx(expected, rel=1e-12)
    assert weights_of(of_tuples) == weights_of(of_file)
    pairs = set(expected) if directed else {frozenset(pair) for pair in expected}
    assert of_file.n_edges == of_tuples.n_edges == len(pairs)
    assert list(of_file.nodes) == list(dict.fromkeys(node for edge in edges for node in edge[:2]))


def test_what_it_tells():
    graph = Graph.of([("a", "b", 2), ("b", "b", 1)])
    assert repr(graph) == "Graph(2 nodes, 2 edges, weighted)"
    assert repr(Graph.of([(1, 2)], directed=True)) == "Graph(2 nodes, 1 edges, directed)"
    for array in (graph.offsets, graph.neighbors, graph.weights):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert graph.directed is False


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a b\nb c\n", {"ab", "ba", "bc", "cb"}),
        ("  a   b  \n\n\n \t\n#x\n  # y z w v\nb\tc", {"ab", "ba", "bc", "cb"}),
        ("a,b\nb,c\n", {"ab", "ba", "bc", "cb"}),
        ("a, b\nb ,c\n", {"ab", "ba", "bc", "cb"}),
        (b"\xef\xbb\xbfa b\r\nb c\r\n", {"ab", "ba", "bc", "cb"}),
        ("a b 2\nb c 2.0\n", {"ab", "ba", "bc", "cb"}),
        ("a,b,2\nb,c,20e-1\n", {"ab", "ba", "bc", "cb"}),
        ("a a", {"aa"}),
        (gzip.compress(b"a b\nb c\n", mtime=0), {"ab", "ba", "bc", "cb"}),
        ("a# b\n", {"a#b", "ba#"}),
    ],
)
def test_lines_are_edges(write, content, expected):
    graph = Graph.of(write(content))
    assert {"".join(pair) for pair in weights_of(graph)} == expected
    assert graph.weights is None


def test_a_comma_is_part_of_a_name_where_whitespace_separates(write):
    assert set(weights_of(Graph.of(write("Doe,J Roe,R\n"), directed=True))) == {("Doe,J", "Roe,R")}


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_names_may_hold_spaces_where_the_separator_is_given(write, separator):
    path = write(separator.join(["New York", " Paris ", "3"]) + "\n" + separator.join(["Paris", "Rome", "1"]))
    graph = Graph.of(path, separator=separator, directed=True)
    assert weights_of(graph) == {("New York", "Paris"): 3.0, ("Paris", "Rome"): 1.0}


@pytest.mark.parametrize(
    "text",
    ["1", "0.1", "00.10", ".5", "5.", "123456789012345", "1234567890123456", "0.1234567890123456789", "1e-3", "+2.5",
     "3E+4", "9007199254740993", "0.30000000000000004", "1.7976e100", "0." + "0" * 21 + "1", "0." + "0" * 22 + "1"],
)  # fmt: skip
def test_weights_are_read_as_python_reads_them(write, text):
    graph = Graph.of(write(f"a b {text}\na c 1e9\n"), directed=True)
    assert weights_of(graph)["a", "b"] == float(text)


def test_chunks_of_a_large_file_are_one_graph(write, monkeypatch):
    rng = np.random.default_rng(1)
    edges = [(f"n{a}", f"n{b}", w / 8) for a, b, w in rng.integers(1, 300, (40_000, 3)).tolist()]
    path = write("".join(f"{a} {b} {w}\n" for a, b, w in edges))
    whole = Graph.of(path)
    monkeypatch.setattr("firth.corpus.edge_lists.cut_chunks", functools.partial(cut_chunks, size=1000))
    monkeypatch.setattr("firth.corpus.reading._BLOCK", 700)
    cut = Graph.of(path)
    assert weights_of(whole) == weights_of(cut) == pytest.approx(expected_weights(edges, False))


def test_a_folder_of_files_is_one_graph(write, tmp_path):
    write("a b\n", "1.txt")
    write("b c\n", "2.txt")
    assert {"".join(pair) for pair in weights_of(Graph.of(tmp_path))} == {"ab", "ba", "bc", "cb"}
    write("c d 2\n", "3.txt")
    with pytest.raises(
        CorpusError, match=r"3\.txt, line 1: 'c d 2' has 3 columns, but the edges before have 2; "
    ):
        Graph.of(tmp_path)


BAD = {
    "one column": ("a b\n\nc\n", "line 3: 'c' has 1 column, but the edges before have 2; give a weight to all"),
    "one column at once": ("abc\n", r"line 1: 'abc' has 1 column, but an edge has two nodes and perhaps a weight; "
                                    r"columns are separated by whitespace: .*separator=','"),
    "four columns": ("#\na b 1 x\n", "line 2: 'a b 1 x' has 4 columns, but an edge has two nodes"),
    "ten columns": ("0 1 2 3 4 5 6 7 8 9\n", "line 1: '0 1 2 3 4 5 6 7 8 9' has 10 columns"),
    "mixed": ("a b 1\nb c\n", "line 2: 'b c' has 2 columns, but the edges before have 3; give a weight to all or"),
    "more columns later": ("a b\nb c 1\n", "line 2: 'b c 1' has 3 columns, but the edges before have 2"),
    "negative": ("a b 1\nb c -1\n", r"line 2: the weight is '-1', but must be a finite number above 0; change it, or"),
    "zero": ("a b 0.00\n", "line 1: the weight is '0.00', but must be a finite number above 0"),
    "not a number": ("a b nan\n", "line 1: the weight is 'nan', but"),
    "infinite": ("a b 1e999\n", "line 1: the weight is '1e999', but"),
    "a heading": ("source target weight\na b 1\n", "line 1: the weight is 'weight', .* heading: begin its line with #"),
    "grouped digits": ("a b 1_000\n", "line 1: the weight is '1_000', but"),
    "two points": ("a b 1.2.3\n", "line 1: the weight is '1.2.3', but"),
    "a lonely point": ("a b .\n", "line 1: the weight is '.', but"),
    "empty": ("", "graph.edgelist holds no edges: it is empty or has only comments"),
    "comments": ("# a\n\n  \n#b", "graph.edgelist holds no edges"),
    "whitespace in a name": ("a,b\nNew York,Paris\n", "line 2: the node 'New York' holds whitespace; write it without, "
                                                      "or name what separates columns"),
    "wide whitespace": ("a b\nb New\u00a0York\n", r"line 2: the node 'New\\xa0York' holds whitespace"),
    "an empty column": ("a,b,1\nb,,1\n", "line 2: 'b,,1' has an empty column"),
    "a trailing comma": ("a,b\nb,c,\n", "line 2: 'b,c,' has 3 columns, but the edges before have 2"),
    "not UTF-8": (b"a b\nc d\xe9\n", r"line 2: the byte 0xe9 is not UTF-8 \(.*\); convert the file to UTF-8"),
    "binary": (b"a b\0c\n", "is not text: byte 3 is NUL"),
    "a long line": ("a b\n" + "x" * 1000 + "\n", r"line 2: 'x{60}'\.\.\. has 1 column"),
    "weights too far apart": ("a b 1e-200\nb c 1\n", "the weights begin at 1e-200 and add up to 2, but must lie"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_named_with_its_value_and_the_remedy(case, write):
    content, message = BAD[case]
    with pytest.raises(CorpusError, match=message) as caught:
        Graph.of(write(content))
    assert "\n" not in str(caught.value)


def test_the_line_is_counted_across_chunks(write, monkeypatch):
    path = write("# head\n" + "a b\n" * 5000 + "a b c\n")
    monkeypatch.setattr("firth.corpus.edge_lists.cut_chunks", functools.partial(cut_chunks, size=1000))
    monkeypatch.setattr("firth.corpus.reading._BLOCK", 700)
    with pytest.raises(CorpusError, match=r"line 5,002: 'a b c' has 3 columns"):
        Graph.of(path)


@pytest.mark.parametrize("separator", ["", "ab", "x", "7", "#", "\n", "é", 3])
def test_what_cannot_separate_is_refused(write, separator):
    with pytest.raises(ConfigError, match="separator is "):
        Graph.of(write("a b\n"), separator=separator)


def test_only_files_have_separators():
    with pytest.raises(ConfigError, match="only the lines of files have separators"):
        Graph.of([("a", "b")], separator=",")


BAD_ITEMS = {
    "nothing": ([], "the graph is empty"),
    "one node": ([("a",)], r"item 0 of the graph is \('a',\), a tuple, but must be an edge"),
    "four": ([("a", "b"), ("a", "b", 1, 2)], "item 1 of the graph is .*must be an edge"),
    "text": (["ab"], "item 0 of the graph is 'ab', a str, but must be an edge: .* give G.edges"),
    "numbers": ([1, 2], "item 0 of the graph is 1, a int, but"),
    "mixed": ([("a", "b"), ("b", "c", 1)], r"edge 1 is \('b', 'c', 1\), with 3 columns, but the edges before have 2"),
    "negative": ([("a", "b", -1)], "edge 0 is .*: the weight is -1, but must be a finite number above 0; change it"),
    "no number": ([("a", "b", 1), ("a", "b", {"weight": 1})], "edge 1 is .*: the weight is {'weight': 1}, but"),
    "a number as text": ([("a", "b", "1")], "the weight is '1', but"),
    "none": ([("a", "b", None)], "the weight is None, but"),
    "nan": ([("a", "b", math.nan)], "the weight is nan, but"),
    "unhashable": ([(["a"], "b")], "edge 0 is .*: unhashable type: 'list'; give nodes"),
    "collapsing": ([(1, 2), ("1", "x")], "the nodes 1 and '1' differ, but would both be called '1'; give nodes as"),
    "nameless": ([("", "b")], "the node '' has no name"),
    "bytes": ([(b"a", b"b")], "a node is the bytes b'a', but must be text or otherwise hashable: decode it"),
    "a mapping": ({"a": ["b"]}, "the graph is {'a': .*, a dict, but must be a path"),
    "a number": (7, "the graph is 7, a int, but must be a path"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_ITEMS)
def test_a_bad_item_is_named(case):
    items, message = BAD_ITEMS[case]
    with pytest.raises(CorpusError, match=message):
        Graph.of(items)


def test_nodes_are_any_hashable_and_names_may_hold_spaces():
    graph = Graph.of([(1, (2, 3)), ("New York", 1.5), (np.int64(7), 1)], directed=True)
    assert list(graph.nodes) == ["1", "(2, 3)", "New York", "1.5", "7"]


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint64, np.float64])
@pytest.mark.parametrize("directed", [False, True])
def test_arrays_are_edges(dtype, directed):
    edges = np.array([[5, 7, 2], [7, 900_000, 1], [5, 5, 1], [7, 5, 3]], dtype)
    plain = [(str(int(a)), str(int(b)), float(w)) for a, b, w in edges.tolist()]
    assert weights_of(Graph.of(edges, directed=directed)) == expected_weights(plain, directed)
    unweighted = [(a, b, 1.0) for a, b, _ in plain]
    assert weights_of(Graph.of(edges[:, :2], directed=directed)) == expected_weights(unweighted, directed)
    text = np.array([["a", "b"], ["b", "c"]])
    assert weights_of(Graph.of(text, directed=True)) == {("a", "b"): 1.0, ("b", "c"): 1.0}


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.ones((4, 4)),
            r"the array of edges has the shape \(4, 4\), .* give scipy.sparse.csr_array\(matrix\)",
        ),
        (np.ones(3), r"the shape \(3,\)"),
        (np.ones((0, 2)), "the graph is empty"),
        (np.array([[1, 2.5]]), r"edge 0 of the array is \[1.0, 2.5\], but its nodes must be whole numbers"),
        (np.array([[1, 2], [1, np.nan]]), "edge 1 of the array is"),
        (np.array([[1, 2, 1], [1, 3, 0]]), "edge 1 is .*: the weight is 0.0"),
        (np.array([[1, 2, np.inf]]), "edge 0 is .*: the weight is inf"),
    ],
)
def test_a_bad_array_is_refused(array, message):
    with pytest.raises(CorpusError, match=message):
        Graph.of(array)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.coo_matrix, sparse.lil_array, sparse.csc_matrix])
def test_sparse_matrices_are_weights(form):
    dense = np.array([[0, 2, 0, 0], [2, 1, 0.5, 0], [0, 0.5, 0, 0], [0, 0, 0, 0]])
    graph = Graph.of(form(dense))
    assert list(graph.nodes) == ["0", "1", "2", "3"]
    assert weights_of(graph) == {
        ("0", "1"): 2,
        ("1", "0"): 2,
        ("1", "1"): 1,
        ("1", "2"): 0.5,
        ("2", "1"): 0.5,
    }
    assert graph.n_edges == 3
    one_way = Graph.of(form(np.triu(dense)), directed=True)
    assert weights_of(one_way) == {("0", "1"): 2, ("1", "1"): 1, ("1", "2"): 0.5}


def test_entries_that_stand_twice_add_up_and_zeros_are_no_edges():
    entries = ([1.0, 1.0, 2.0, 0.0, 5.0], ([0, 0, 1, 0, 1], [1, 1, 0, 2, 1]))
    assert weights_of(Graph.of(sparse.coo_array(entries, shape=(3, 3)))) == {
        ("0", "1"): 2, ("1", "0"): 2, ("1", "1"): 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (sparse.csr_array(np.ones((2, 3))), r"the shape \(2, 3\), but must be square"),
        (
            sparse.csr_array(np.array([[0, 1], [2, 0]])),
            r"not symmetric: the entries \(0, 1\) and \(1, 0\) differ",
        ),
        (sparse.csr_array(np.array([[0, -1], [-1, 0]])), r"the entry \(0, 1\) of the matrix is -1.0, but"),
        (sparse.csr_array(np.array([[np.nan, 0], [0, 0]])), r"the entry \(0, 0\) of the matrix is nan, but"),
        (sparse.csr_array((2, 2)), "the matrix has no entries but zeros"),
        (sparse.csr_array(np.array([[1j, 0], [0, 0]])), "the matrix holds complex128"),
    ],
)
def test_a_bad_matrix_is_refused(matrix, message):
    with pytest.raises(CorpusError, match=message):
        Graph.of(matrix)


def test_a_path_that_names_nothing():
    with pytest.raises(CorpusError, match="no such file or folder: 'nothing.edgelist'"):
        Graph.of("nothing.edgelist")


@pytest.mark.compiled
def test_reading_is_compiled(write):
    """The clock is generous: it is to notice a loop in Python, not a busy machine."""
    rng = np.random.default_rng(1)
    ends = rng.integers(0, 100_000, (300_000, 2))
    path = write("\n".join(f"{a} {b}" for a, b in ends.tolist()))
    Graph.of(write("a b\n", "small"))  # compiles
    before = time.process_time()
    graph = Graph.of(path)
    assert time.process_time() - before < 3
    assert graph.n_edges == len({frozenset(pair) for pair in ends.tolist()})
