"""A graph to walk over: nodes with names, their neighbors side by side."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from firth.corpus.edge_lists import EdgeList, edges_of_array, edges_of_items, read_edges
from firth.errors import ConfigError, CorpusError
from firth.kernels.cpu import edges as edge_kernels, walks as walk_kernels
from firth.words import Words

Edges: TypeAlias = str | os.PathLike[str] | Iterable[Any]
"""A path, an iterable of tuples, an array of edges or a sparse adjacency matrix."""

_LEAST_WEIGHT, _MOST_WEIGHT = 1e-150, 1e150


class Graph:
    """A graph as compressed sparse rows; immutable. Made by `Graph.of`.

    Parameters
    ----------
    nodes : Words
        The name of each node.
    offsets : ndarray of int64, shape (n_nodes + 1,)
        The neighbors of node ``v`` are ``neighbors[offsets[v]:offsets[v + 1]]``.
    neighbors : ndarray of int32, shape (n_arcs,)
        Nodes, rising within each row. Of a graph that is not directed each edge is there in both directions, a loop
        once.
    weights : ndarray of float64, shape (n_arcs,), optional
        Finite and above 0; None where all are alike.
    directed : bool
        Whether edges lead one way only.
    """

    def __init__(
        self,
        nodes: Words,
        offsets: NDArray[np.int64],
        neighbors: NDArray[np.int32],
        weights: NDArray[np.float64] | None,
        *,
        directed: bool,
    ) -> None:
        self._nodes = nodes
        self._offsets, self._neighbors, self._weights = offsets, neighbors, weights
        self._directed = directed

    @classmethod
    def of(cls, edges: Edges, *, directed: bool = False, separator: str | None = None) -> Graph:
        """Make a graph of edges in any form.

        Parameters
        ----------
        edges : path, iterable, array or sparse matrix
            - A path (str or PathLike): a file, a folder, a glob, or ``"-"`` for standard input, compressed or not. A
              line is an edge: two nodes and perhaps a weight. Empty lines, and lines that begin with ``#``, do not
              count. A node's name is text without whitespace.
            - An iterable of tuples: two nodes, any hashable ``x`` being named ``str(x)``, and perhaps a weight.
            - An array with two or three columns: whole numbers for the nodes, and perhaps a weight.
            - A sparse matrix, square, of SciPy or alike: entry (i, j) is the weight of the edge from node ``"i"`` to
              node ``"j"``. Rows without entries are nodes without edges.

            All edges have a weight, or none has. Weights are finite and above 0; those of parallel edges add up (1
            where there are none, so that an edge that is given twice counts twice).
        directed : bool
            Edges lead from the first node to the second only; otherwise both ways, and a matrix must be symmetric.
        separator : str, optional
            Of files: the character between columns, such as ``","`` or a tab; names may then hold spaces. By default
            it is whitespace, or a comma where the first edge shows that.

        Raises
        ------
        CorpusError
            The path names nothing, an edge is none (the message says which), or there are no edges.
        ConfigError
            The separator is none, or is given for something else than a file.

        Examples
        --------
        >>> graph = Graph.of([("a", "b"), ("b", "c"), ("c", "c")])
        >>> graph
        Graph(3 nodes, 3 edges)
        >>> graph.offsets.tolist(), graph.neighbors.tolist()
        ([0, 1, 3, 5], [1, 0, 2, 1, 2])
        """
        if not isinstance(edges, (str, os.PathLike)) and separator is not None:
            raise ConfigError(
                f"separator is {separator!r:.60}, but only the lines of files have separators: leave it out"
            )
        if hasattr(edges, "tocsr"):
            return cls._of_matrix(edges, directed)
        found = _edge_list(edges, separator)
        rows = edge_kernels.sorted_rows(
            found.sources, found.targets, _or_empty(found.weights), len(found.nodes), not directed
        )
        return cls(found.nodes, *_without_parallels(*rows), directed=directed)

    @classmethod
    def _of_matrix(cls, matrix: Any, directed: bool) -> Graph:
        """Make a graph of a sparse matrix, which knows its rows already."""
        if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
            raise CorpusError(
                f"the matrix has the shape {matrix.shape}, but must be square: a row and a column for each node"
            )
        entries = matrix.tocoo()
        if entries.data.dtype.kind not in "biuf":
            raise CorpusError(
                f"the matrix holds {entries.data.dtype}, but weights must be real numbers: convert it"
            )
        data = entries.data.astype(np.float64)
        used = np.flatnonzero(data)
        _check_entries(entries, data)
        if not directed:
            _check_symmetry(matrix)
        if not len(used):
            raise CorpusError(
                "the graph is empty: the matrix has no entries but zeros; give at least one edge"
            )
        n = matrix.shape[0]
        sources, targets = (part[used].astype(np.int32) for part in (entries.row, entries.col))
        rows = edge_kernels.sorted_rows(sources, targets, data[used], n, False)
        return cls(Words.of(map(str, range(n))), *_without_parallels(*rows), directed=directed)

    @property
    def nodes(self) -> Words:
        """The name of each node."""
        return self._nodes

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where the row of each node begins in `neighbors`: read-only int64, shape (n_nodes + 1,)."""
        return _read_only(self._offsets)

    @property
    def neighbors(self) -> NDArray[np.int32]:
        """The neighbors of all nodes, rising within each row: read-only int32, shape (n_arcs,)."""
        return _read_only(self._neighbors)

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """The weight that goes with each of `neighbors`: read-only float64; None where all are alike."""
        return None if self._weights is None else _read_only(self._weights)

    @property
    def directed(self) -> bool:
        """Whether edges lead one way only."""
        return self._directed

    @property
    def n_nodes(self) -> int:
        """The number of nodes."""
        return len(self._nodes)

    @cached_property
    def n_edges(self) -> int:
        """The number of different edges; of a graph that is not directed, both directions are one."""
        if self._directed:
            return len(self._neighbors)
        own = np.repeat(np.arange(self.n_nodes, dtype=np.int32), np.diff(self._offsets))
        return (len(self._neighbors) + int(np.count_nonzero(own == self._neighbors))) // 2

    @cached_property
    def rows(self) -> walk_kernels.Rows:
        """The graph as the kernels take it, with its alias tables."""
        totals, table = np.empty(0), np.empty((0, 2), np.uint32)
        weights = _or_empty(self._weights)
        if len(weights):
            totals, table = np.empty(self.n_nodes), np.empty((len(weights), 2), np.uint32)
            walk_kernels.fill_tables(self._offsets, weights, totals, table)
        return walk_kernels.Rows(self._offsets, self._neighbors, weights, totals, table, not self._directed)

    def __repr__(self) -> str:
        kind = [
            name
            for name, holds in (("directed", self._directed), ("weighted", self._weights is not None))
            if holds
        ]
        facts = [f"{self.n_nodes:,} nodes", f"{self.n_edges:,} edges", *kind]
        return f"Graph({', '.join(facts)})"


def _edge_list(edges: Edges, separator: str | None) -> EdgeList:
    if isinstance(edges, (str, os.PathLike)):
        return read_edges(edges, separator=separator)
    if isinstance(edges, np.ndarray):
        return edges_of_array(edges)
    if isinstance(edges, (bytes, bytearray, Mapping)) or not isinstance(edges, Iterable):
        raise CorpusError(
            f"the graph is {edges!r:.60}, a {type(edges).__name__}, but must be a path, an iterable of edges, an array "
            "of edges or a sparse matrix"
        )
    return edges_of_items(edges)


def _without_parallels(
    offsets: NDArray[np.int64], neighbors: NDArray[np.int32], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64] | None]:
    """Add up the weights of parallel edges, and drop weights that are all alike."""
    if edge_kernels.count_parallel(offsets, neighbors):
        if not len(weights):
            weights = np.ones(len(neighbors))
        n = edge_kernels.merge_parallel(offsets, neighbors, weights)
        neighbors, weights = neighbors[:n].copy(), weights[:n].copy()
    if not len(weights) or weights.min() == weights.max():
        return offsets, neighbors, None
    with np.errstate(over="ignore"):
        least, total = float(weights.min()), float(weights.sum())
    if least < _LEAST_WEIGHT or total > _MOST_WEIGHT:
        raise CorpusError(
            f"the weights begin at {least:g} and add up to {total:g}, but must lie between {_LEAST_WEIGHT:g} and "
            f"{_MOST_WEIGHT:g}, together too: multiply all by the same number"
        )
    return offsets, neighbors, weights


def _check_entries(entries: Any, data: NDArray[np.float64]) -> None:
    unfit = np.flatnonzero(~(np.isfinite(data) & (data >= 0)))
    if len(unfit):
        i = unfit[0]
        raise CorpusError(
            f"the entry ({entries.row[i]}, {entries.col[i]}) of the matrix is {data[i]}, but a weight must be a finite "
            "number, 0 where there is no edge; change it"
        )


def _check_symmetry(matrix: Any) -> None:
    unequal = (matrix != matrix.T).tocoo()
    if unequal.nnz:
        i, j = int(unequal.row[0]), int(unequal.col[0])
        raise CorpusError(
            f"the matrix is not symmetric: the entries ({i}, {j}) and ({j}, {i}) differ; set directed=True, or add the "
            "transpose to it"
        )


def _or_empty(weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return np.empty(0) if weights is None else weights


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
