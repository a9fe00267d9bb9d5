"""Random walks over a graph, as a corpus: nodes are words, walks are documents."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import hashlib
import os
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from firth.config.walks import WalkOptions
from firth.corpus.encoder import IdFile
from firth.corpus.graph import Edges, Graph
from firth.corpus.temporary import make_temporary_folder
from firth.corpus.token_corpus import IDS, TokenCorpus, fingerprint
from firth.errors import ConfigError, CorpusError
from firth.kernels.cpu import joining, walks as kernels
from firth.kernels.cpu.random import stream_key
from firth.words import Words

_Result = TypeVar("_Result")
_Ids = NDArray[np.int32]
Progress = Callable[[int, int], None]

# Streams of their own, so that no draw of a walk is one of training with the same seed.
_ORDER_STREAM, _WALK_STREAM = 100, 101
_IDS_OF_A_BLOCK = 1 << 20
_MOST_IDS_IN_MEMORY = 50_000_000
_DEFAULT = WalkOptions()


def random_walks(
    edges: Graph | Edges,
    *,
    walks: int = _DEFAULT.walks,
    length: int = _DEFAULT.length,
    p: float = _DEFAULT.p,
    q: float = _DEFAULT.q,
    directed: bool = False,
    separator: str | None = None,
    seed: int = _DEFAULT.seed,
    threads: int | None = None,
    progress: Progress | None = None,
) -> TokenCorpus:
    """Walk over a graph from each node, and return the walks as a corpus whose words are nodes.

    A step goes to a neighbor in proportion to the weight of the edge (DeepWalk: Perozzi, Al-Rfou and Skiena 2014). With
    `p` and `q` it is biased as in node2vec (Grover and Leskovec 2016, section 3.2): coming from a node t, the weight of
    an edge is multiplied by 1/p if it leads back to t, by 1 if it leads to a node that an edge leads to from t, and
    by 1/q otherwise. So a small q goes far, a large one stays near.

    Parameters
    ----------
    edges : Graph, path, iterable, array or sparse matrix
        What `Graph.of` takes, or a graph that it has made.
    walks : int
        Walks that begin at each node, 1 to 1,000,000. Nodes come in an order that is shuffled each time anew.
    length : int
        Nodes of a walk, 2 to 1,000,000. A walk ends early at a node that no edge leaves: a sink of a directed graph, or
        a node without edges, whose walk is that node alone.
    p, q : float
        Return and in-out parameter, above 0.
    directed, separator
        As `Graph.of` has them; not for a `Graph`.
    seed : int
        Chooses all random draws, 0 to 2**63 - 1.
    threads : int, optional
        How many walk; all cores that this process may use where it is not given. The walks do not depend on it.
    progress : callable, optional
        Called in this thread with the walks done and the walks in all.

    Returns
    -------
    TokenCorpus
        Each walk a document. Up to 50 million ids lie in memory, more in a temporary file that is removed when the
        corpus is closed.

    Raises
    ------
    CorpusError
        The edges cannot be used; the message gives file and line.
    ConfigError
        An option is out of its range.
    OutputError
        The walks cannot be written.

    Examples
    --------
    >>> import firth
    >>> ring = [(i, (i + 1) % 10) for i in range(10)]
    >>> walks = firth.corpus.random_walks(ring, walks=20, length=10)
    >>> walks
    TokenCorpus(2,000 tokens of 10 types in 200 documents)
    >>> model = firth.train(walks, firth.SkipGram(dim=8, window=2, min_count=1, subsample=0))
    """
    options = WalkOptions(walks=walks, length=length, p=p, q=q, seed=seed)
    threads = _checked_threads(threads)
    graph = as_graph(edges, directed=directed, separator=separator)
    numbering = _Numbering(graph.n_nodes)
    blocks = _walk(graph, options, threads, lambda ids: ids, progress)
    most = options.walks * graph.n_nodes * (options.length + 1)
    if most <= _MOST_IDS_IN_MEMORY:
        return _corpus_in_memory(graph, map(numbering.apply, blocks), numbering, most)
    return _corpus_in_file(graph, map(numbering.apply, blocks), numbering)


def walk_text(
    graph: Graph, options: WalkOptions, *, threads: int | None = None, progress: Progress | None = None
) -> Generator[bytes, None, None]:
    """Walk over a graph and yield the walks as UTF-8: a line for each, spaces between its nodes.

    They are those of `random_walks` with the same options, in the same order.

    Parameters
    ----------
    graph : Graph
    options : WalkOptions
    threads, progress
        As `random_walks` has them.

    Yields
    ------
    bytes
        Whole lines, some megabytes at a time.

    Raises
    ------
    CorpusError
        A node's name holds whitespace, which would part it.
    ConfigError
        `threads` is out of its range.
    """
    threads = _checked_threads(threads)
    names = graph.nodes.text.tobytes().decode()
    if "".join(names.split()) != names:
        name = next(name for name in graph.nodes if "".join(name.split()) != name)
        raise CorpusError(
            f"the node {name!r:.60} holds whitespace, which separates nodes in a line of text: rename it, or train on "
            "firth.corpus.random_walks from Python"
        )
    # Copies, because a kernel is compiled anew for read-only arrays.
    text, offsets = graph.nodes.text.copy(), graph.nodes.offsets.copy()

    def as_text(ids: _Ids) -> bytes:
        spelled: NDArray[np.uint8] = joining.spell(ids, -1, text, offsets)
        return spelled.tobytes()

    return _walk(graph, options, threads, as_text, progress)


def as_graph(edges: Graph | Edges, *, directed: bool = False, separator: str | None = None) -> Graph:
    """Return a graph as it is, and anything else as `Graph.of` makes it one.

    Raises
    ------
    ConfigError
        An option is given for what is a graph already.
    """
    if not isinstance(edges, Graph):
        return Graph.of(edges, directed=directed, separator=separator)
    if separator is not None or (directed and not edges.directed):
        option = "separator" if separator is not None else "directed"
        raise ConfigError(f"{option} is given for {edges!r}, which is made already: give it to Graph.of")
    return edges


def _checked_threads(threads: int | None) -> int:
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= 1024:
        raise ConfigError(f"threads is {threads!r}, but must be a whole number from 1 to 1,024")
    return threads


def _walk(
    graph: Graph,
    options: WalkOptions,
    threads: int,
    finish: Callable[[_Ids], _Result],
    progress: Progress | None,
) -> Generator[_Result, None, None]:
    """Yield what `finish` makes of the walks, block by block in their order; it is called in the walking threads."""
    rows, length = graph.rows, options.length
    biased = options.p != 1 or options.q != 1
    total, done = options.walks * graph.n_nodes, 0

    def walk(number: int, starts: _Ids) -> tuple[_Result, int]:
        out, lengths = np.empty(len(starts) * (length + 1), np.int32), np.empty(len(starts), np.int64)
        key = stream_key(options.seed, number, _WALK_STREAM)
        if biased:
            back, away = 1 / options.p, 1 / options.q
            kernels.walk_with_bias(starts, length, key, rows, back, away, out, lengths)
        else:
            kernels.walk_by_weight(starts, length, key, rows, out, lengths)
        return finish(out[: kernels.close_walks(out, lengths, length)]), len(starts)

    with contextlib.closing(_in_order(walk, _starts(graph.n_nodes, options), threads)) as finished:
        for result, n in finished:
            yield result
            done += n
            if progress is not None:
                progress(done, total)


def _starts(n_nodes: int, options: WalkOptions) -> Iterator[tuple[int, _Ids]]:
    """Yield the number of a round of walks with some of its first nodes, until all have been first in all rounds."""
    at_once = max(1, _IDS_OF_A_BLOCK // (options.length + 1))
    for number in range(options.walks):
        order = kernels.shuffled(n_nodes, stream_key(options.seed, number, _ORDER_STREAM))
        for begin in range(0, n_nodes, at_once):
            yield number, order[begin : begin + at_once]


def _in_order(
    work: Callable[..., _Result], items: Iterator[tuple[Any, ...]], threads: int
) -> Generator[_Result, None, None]:
    """Yield ``work(*item)`` for each item in order, with up to `threads` being worked on ahead."""
    with concurrent.futures.ThreadPoolExecutor(threads, "firth-walk") as pool:
        ahead: collections.deque[concurrent.futures.Future[_Result]] = collections.deque()
        try:
            for item in items:
                ahead.append(pool.submit(work, *item))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


class _Numbering:
    """Numbers nodes in the order in which the walks first show them, as the types of a corpus are numbered.

    Attributes
    ----------
    n_documents : int
        Walks numbered so far.
    """

    def __init__(self, n_nodes: int) -> None:
        self._numbers = np.full(n_nodes, -1, np.int32)
        self._seen = np.empty(n_nodes, np.int32)
        self._counts = np.zeros(n_nodes, np.int64)
        self._n_seen = 0
        self.n_documents = 0

    def apply(self, ids: _Ids) -> _Ids:
        """Replace the nodes in `ids` by their numbers, and count them; return `ids`."""
        self._n_seen, n_documents = joining.number_as_seen(
            ids, self._numbers, self._seen, self._n_seen, self._counts
        )
        self.n_documents += n_documents
        return ids

    def types(self, nodes: Words) -> Words:
        """Return the names of all nodes, each of which begins a walk, in the order of their numbers."""
        return nodes.take(self._seen)

    def counts(self) -> NDArray[np.int64]:
        """Return how often each number was met, read-only."""
        self._counts.flags.writeable = False
        return self._counts


def _corpus_in_memory(graph: Graph, blocks: Iterator[_Ids], numbering: _Numbering, most: int) -> TokenCorpus:
    ids, n = np.empty(most, np.int32), 0
    for block in blocks:
        ids[n : n + len(block)] = block
        n += len(block)
    ids = ids[:n]
    ids.flags.writeable = False
    types = numbering.types(graph.nodes)
    return TokenCorpus(
        ids,
        types,
        numbering.counts(),
        n_documents=numbering.n_documents,
        fingerprint=fingerprint(hashlib.sha256(ids.data), types),
    )


def _corpus_in_file(graph: Graph, blocks: Iterator[_Ids], numbering: _Numbering) -> TokenCorpus:
    folder, remove = make_temporary_folder("walks")
    try:
        with IdFile(folder / IDS) as out:
            for block in blocks:
                out.write(block, numbering.n_documents - out.n_documents)
        types = numbering.types(graph.nodes)
        return TokenCorpus(
            np.memmap(folder / IDS, np.int32, "r"),
            types,
            numbering.counts(),
            n_documents=out.n_documents,
            fingerprint=out.fingerprint(types),
            on_close=remove,
        )
    except BaseException:
        remove()
        raise
