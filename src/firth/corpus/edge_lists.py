"""Edges in any form, as numbered nodes: from files, iterables of tuples, and arrays."""

from __future__ import annotations

import collections
import dataclasses
import io
import itertools
import math
import os
from array import array
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from firth.corpus.chunks import Part, cut_chunks
from firth.corpus.reading import SourceReader
from firth.corpus.sources import TextFile, find_files
from firth.corpus.type_table import TypeTable
from firth.errors import ConfigError, CorpusError
from firth.kernels.cpu import edges as kernels
from firth.kernels.cpu.encoding import hash_pieces
from firth.words import Words

_NEWLINE, _COMMA, _WHITESPACE = 0x0A, 0x2C, 0
_SHOWN = 60
_MOST_EXACT = 2.0**53


@dataclasses.dataclass(frozen=True, eq=False)
class EdgeList:
    """Edges between numbered nodes, in the order in which they were given.

    Parameters
    ----------
    nodes : Words
        The name of each node.
    sources, targets : ndarray of int32, shape (n_edges,)
        The nodes of each edge.
    weights : ndarray of float64, shape (n_edges,), optional
        Finite and above 0; None where all are 1.
    """

    nodes: Words
    sources: NDArray[np.int32]
    targets: NDArray[np.int32]
    weights: NDArray[np.float64] | None


def read_edges(path: str | os.PathLike[str], *, separator: str | None = None) -> EdgeList:
    """Read an edge list from files: two nodes a line and perhaps a weight.

    Parameters
    ----------
    path : path
        A file, a folder, a glob, or ``"-"`` for standard input; compressed or not.
    separator : str, optional
        What stands between columns. Where it is not given it is whitespace, or a comma, if the first edge shows that.

    Raises
    ------
    CorpusError
        The path names nothing, or a line is no edge; the message gives file and line.
    ConfigError
        The separator is none.
    """
    separators = None if separator is None else _byte_of(separator)
    table, columns = TypeTable(), 0
    found: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]] = []
    files = find_files([path])
    for file in files:
        reading = _FileOfEdges(file, separators, table, columns)
        found.extend(reading.edges())
        columns = reading.columns
    if not columns:
        raise CorpusError(
            f"{files[0] if len(files) == 1 else path} holds no edges: it is empty or has only comments (#); give lines "
            "of two nodes and perhaps a weight"
        )
    sources, targets, weights = (np.concatenate(part) for part in zip(*found, strict=True))
    return EdgeList(table.words(), sources, targets, weights if columns == 3 else None)


class _FileOfEdges:
    """Reads one file, chunk by chunk.

    Parameters
    ----------
    file : TextFile
    separator : int, optional
        The byte between columns, or None where the first edge shall tell.
    table : TypeTable
        Takes the names of the nodes.
    columns : int
        How many each line must have; 0 where the first edge shall tell.
    """

    def __init__(self, file: TextFile, separator: int | None, table: TypeTable, columns: int) -> None:
        self.columns = columns
        self._file, self._table = file, table
        self._separator, self._chosen = separator, separator is not None
        self._lines_before = 0
        self._data: NDArray[np.uint8] = np.empty(0, np.uint8)

    def edges(self) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]]:
        """Yield sources, targets and weights (empty where there are none) of each chunk."""
        blocks = SourceReader(keep_hash=False).text_blocks(self._file)
        for chunk in cut_chunks([Part(str(self._file), blocks)], lambda: 0, whole_documents=True):
            self._data = chunk.data
            text = self._checked_text()
            if self._separator is None:
                self._separator = _separator_in(text)
            if self._separator is not None:
                yield self._split()
            self._lines_before += text.count(b"\n")

    def _checked_text(self) -> bytes:
        text = self._data.tobytes()
        try:
            text.decode("utf-8")
        except UnicodeDecodeError as error:
            self._refuse(
                error.start,
                f"the byte 0x{text[error.start]:02x} is not UTF-8 ({error.reason}); convert the file to UTF-8",
            )
        return text

    def _split(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        room = int(np.count_nonzero(self._data == _NEWLINE)) + 1
        starts, ends = np.empty((room, 3), np.int64), np.empty((room, 3), np.int64)
        weights = np.empty(room)
        n, self.columns, fault, place, found = kernels.split_edges(
            self._data, self._separator, self.columns, starts, ends, weights
        )
        if fault != kernels.FINE:
            self._refuse_line(fault, place, found)
        if self.columns == 3:
            self._read_weights(weights[:n], starts[:n, 2], ends[:n, 2])
        known = self._table.n_types
        begins, behinds = starts[:n, :2].ravel(), ends[:n, :2].ravel()
        ids = self._table.add(self._data, begins, behinds, hash_pieces(self._data, begins, behinds))
        if not self._chosen:
            self._check_names(known, ids, begins)
        return ids[::2].copy(), ids[1::2].copy(), weights[: n if self.columns == 3 else 0].copy()

    def _read_weights(
        self, weights: NDArray[np.float64], starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> None:
        """Fill in the weights that are no plain decimal numbers, and refuse what is none."""
        for i in np.flatnonzero(~(weights > 0)):
            text = self._data[starts[i] : ends[i]].tobytes()
            try:
                weights[i] = math.nan if b"_" in text else float(text)
            except ValueError:
                weights[i] = math.nan
            if not (weights[i] > 0 and math.isfinite(weights[i])):
                self._refuse(
                    int(starts[i]),
                    f"the weight is {_shown(text)}, but must be a finite number above 0; change it, or leave out the "
                    "edge (a heading: begin its line with #)",
                )

    def _check_names(self, known: int, ids: NDArray[np.int32], begins: NDArray[np.int64]) -> None:
        """Refuse whitespace in names where nobody has said what separates columns: it would rather be a mistake."""
        words = self._table.words(known)
        text = words.text.tobytes().decode()
        if "".join(text.split()) == text:
            return
        wrong, name = next((i, name) for i, name in enumerate(words, known) if "".join(name.split()) != name)
        self._refuse(
            int(begins[np.flatnonzero(ids == wrong)[0]]),
            f"the node {_shown(name.encode())} holds whitespace; write it without, or name what separates columns: "
            "separator=','",
        )

    def _refuse_line(self, fault: int, place: int, found: int) -> NoReturn:
        line = _shown(self._data[place:].tobytes().partition(b"\n")[0].strip())
        if fault == kernels.EMPTY_COLUMN:
            problem = f"{line} has an empty column; give both nodes a name and the edge a weight"
        elif self.columns:
            problem = (
                f"{line} has {_columns(found)}, but the edges before have {self.columns}; give a weight to all or to "
                "none"
            )
        else:
            by = repr(chr(self._separator)) if self._separator else "whitespace"
            problem = (
                f"{line} has {_columns(found)}, but an edge has two nodes and perhaps a weight; columns are separated "
                f"by {by}: if that is wrong, give the separator, as separator=','"
            )
        self._refuse(place, problem)

    def _refuse(self, place: int, problem: str) -> NoReturn:
        line = self._lines_before + int(np.count_nonzero(self._data[:place] == _NEWLINE)) + 1
        raise CorpusError(f"{self._file}, line {line:,}: {problem}")


def _byte_of(separator: str) -> int:
    """Return the byte that stands for a separator; whitespace of any kind is 0."""
    if (
        not isinstance(separator, str)
        or len(separator) != 1
        or not separator.isascii()
        or separator.isalnum()
        or separator in "#\n\r\0"
    ):
        raise ConfigError(
            f"separator is {separator!r:.60}, but must be one character of ASCII, neither letter nor digit nor #, as a "
            "comma or a tab; leave it out for whitespace"
        )
    return ord(separator)


def _separator_in(text: bytes) -> int | None:
    """Return what separates the columns of the first edge, or None where there is no edge."""
    for line in io.BytesIO(text):
        stripped = line.strip()
        if stripped and not stripped.startswith(b"#"):
            columns = [column.strip() for column in stripped.split(b",")]
            whole = all(column and len(column.split()) == 1 for column in columns)
            return _COMMA if len(columns) in (2, 3) and whole else _WHITESPACE
    return None


def _columns(n: int) -> str:
    return f"{n} column" + "s" * (n != 1)


def _shown(text: bytes) -> str:
    decoded = text.decode("utf-8", "replace")
    return repr(decoded) if len(decoded) <= _SHOWN else f"{decoded[:_SHOWN]!r}..."


def edges_of_items(items: Iterable[Any]) -> EdgeList:
    """Take edges from an iterable of tuples: two nodes and perhaps a weight, a node being any hashable.

    Raises
    ------
    CorpusError
        An item is no edge, or two nodes would have the same name.
    """
    numbers: collections.defaultdict[Hashable, int] = collections.defaultdict(itertools.count().__next__)
    ends, weights = array("i"), array("d")
    columns = 0
    for place, item in enumerate(items):
        edge = _checked_edge(item, place, columns)
        columns = len(edge)
        try:
            ends.append(numbers[edge[0]])
            ends.append(numbers[edge[1]])
        except TypeError as error:
            raise CorpusError(
                f"edge {place:,} is {item!r:.60}: {error}; give nodes that are text or otherwise hashable"
            ) from error
        if columns == 3:
            weights.append(_checked_weight(edge[2], item, place))
    if not columns:
        raise CorpusError(
            "the graph is empty: it holds no edges; give tuples of two nodes and perhaps a weight"
        )
    both = np.frombuffer(ends, np.int32)
    return EdgeList(
        _names(numbers), both[::2].copy(), both[1::2].copy(), np.array(weights) if columns == 3 else None
    )


def _checked_edge(item: Any, place: int, columns: int) -> Any:
    """Return an item that can be an edge of so many columns (0: of 2 or 3)."""
    unfit = isinstance(item, (str, bytes, bytearray, Mapping)) or not hasattr(item, "__len__")
    if unfit or not hasattr(item, "__getitem__") or len(item) not in (2, 3):
        raise CorpusError(
            f"item {place:,} of the graph is {item!r:.60}, a {type(item).__name__}, but must be an edge: a tuple of "
            "two nodes and perhaps a weight (of a networkx graph G, give G.edges)"
        )
    if columns and len(item) != columns:
        raise CorpusError(
            f"edge {place:,} is {item!r:.60}, with {len(item)} columns, but the edges before have {columns}; give a "
            "weight to all or to none"
        )
    return item


def _checked_weight(weight: Any, edge: Any, place: int) -> float:
    try:
        number = math.nan if isinstance(weight, (str, bytes)) else float(weight)
    except (TypeError, ValueError):
        number = math.nan
    if number > 0 and math.isfinite(number):
        return number
    raise CorpusError(
        f"edge {place:,} is {edge!r:.60}: the weight is {weight!r:.60}, but must be a finite number above 0; change "
        "it, or leave out the edge"
    )


def _names(nodes: Iterable[Hashable]) -> Words:
    """Return the names of different nodes, which must differ too."""
    named: dict[str, Hashable] = {}
    for node in nodes:
        if isinstance(node, (bytes, bytearray)):
            raise CorpusError(
                f"a node is the bytes {node!r:.60}, but must be text or otherwise hashable: decode it"
            )
        name = str(node)
        if not name:
            raise CorpusError(f"the node {node!r:.60} has no name: as text it is empty; give it one")
        other = named.setdefault(name, node)
        if other is not node:
            raise CorpusError(
                f"the nodes {other!r:.60} and {node!r:.60} differ, but would both be called {name!r:.60}; give nodes "
                "as text that tells them apart"
            )
    return Words.of(named)


def edges_of_array(edges: NDArray[Any]) -> EdgeList:
    """Take edges from an array with a line for each: two whole numbers, the nodes, and perhaps a weight.

    Raises
    ------
    CorpusError
        The array has another shape, a node is no whole number, or a weight is not above 0.
    """
    if edges.ndim != 2 or edges.shape[1] not in (2, 3):
        raise CorpusError(
            f"the array of edges has the shape {edges.shape}, but must have a line for each edge, with two nodes and "
            "perhaps a weight; of an adjacency matrix, give scipy.sparse.csr_array(matrix)"
        )
    if edges.dtype.kind not in "iuf":
        return edges_of_items(edges.tolist())
    if not len(edges):
        raise CorpusError(
            "the graph is empty: the array has no edges; give two nodes a line and perhaps a weight"
        )
    ends = edges[:, :2]
    if edges.dtype.kind == "f":
        unfit = ~(np.isfinite(ends) & (np.floor(ends) == ends) & (np.abs(ends) <= _MOST_EXACT)).all(axis=1)
        if unfit.any():
            place = int(np.flatnonzero(unfit)[0])
            raise CorpusError(
                f"edge {place:,} of the array is {edges[place].tolist()}, but its nodes must be whole numbers up to "
                "2**53; number them, or give tuples"
            )
        ends = ends.astype(np.int64)
    numbers, ids = np.unique(ends, return_inverse=True)
    both = ids.reshape(-1, 2).astype(np.int32)
    weights = edges[:, 2].astype(np.float64) if edges.shape[1] == 3 else None
    if weights is not None and not (np.isfinite(weights) & (weights > 0)).all():
        place = int(np.flatnonzero(~(np.isfinite(weights) & (weights > 0)))[0])
        _checked_weight(float(weights[place]), edges[place].tolist(), place)
    return EdgeList(Words.of(map(str, numbers.tolist())), both[:, 0].copy(), both[:, 1].copy(), weights)
