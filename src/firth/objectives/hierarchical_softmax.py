"""Hierarchical softmax: a word is predicted by the turns on the path to its leaf in a Huffman tree.

Each inner node n of the tree has a row u_n, in the place of the output embeddings' rows of words, and decides between
its two branches: the branch of code 0 has probability σ(u_n·h), that of code 1 has σ(-u_n·h). A word's probability is
the product along its path, which is short for frequent words, and no noise is needed.

Sources: Morin and Bengio, "Hierarchical Probabilistic Neural Network Language Model", 2005, for a softmax as a tree of
binary decisions; Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", 2013,
eq. 3, for the form and the Huffman tree; Rong, "word2vec Parameter Learning Explained", 2014, §3.1 for the gradients.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firth.objectives.descent import Embeddings, Floats, descend_rows
from firth.objectives.sigmoid import log_sigmoid, sigmoid


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class HuffmanTree:
    """The path from the root to each word, all words' paths behind one another.

    Parameters
    ----------
    offsets : ndarray of int64, shape (vocab_size + 1,)
        The path of word w is ``offsets[w]`` up to and without ``offsets[w + 1]`` of the other two.
    points : ndarray of int32, shape (total length,)
        The inner nodes on the path, the root first: rows 0 to vocab_size - 2 of the nodes' embeddings.
    codes : ndarray of uint8, shape (total length,)
        Which branch is taken at each of them, 0 or 1.
    """

    offsets: NDArray[np.int64]
    points: NDArray[np.int32]
    codes: NDArray[np.uint8]

    @property
    def n_nodes(self) -> int:
        """How many inner nodes there are: one fewer than words."""
        return max(len(self.offsets) - 2, 0)

    def path(self, word_id: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Return the points and the codes of one word's path, both of shape (length,)."""
        at = slice(self.offsets[word_id], self.offsets[word_id + 1])
        return self.points[at], self.codes[at]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class PathGradients:
    """The derivatives of one word's loss.

    Parameters
    ----------
    hidden : ndarray of float64, shape (dim,)
        By the hidden vector: the center's row, or CBOW's mean.
    nodes : ndarray of float64, shape (length, dim)
        By the rows of the nodes on the word's path.
    """

    hidden: Floats
    nodes: Floats


def huffman_tree(counts: ArrayLike) -> HuffmanTree:
    """Build the Huffman tree of the words: the codes of least expected length, shorter for frequent words.

    The two rarest nodes are joined until one is left; the rarer of the two, or the one found first, has code 0. Ties
    are broken as the function CreateBinaryTree of word2vec.c does: a joined node comes before a word of equal
    count, among words the one further down the descending order, among joined nodes the older. Inner nodes are
    numbered as they arise, so that the root is the last. Source: word2vec.c; Huffman, "A Method for the
    Construction of Minimum-Redundancy Codes", 1952.

    Parameters
    ----------
    counts : array_like, shape (vocab_size,)
        How often each word occurs, at least 0, in any order; equal counts keep theirs.

    Returns
    -------
    HuffmanTree
        Words are numbered as in `counts`. A single word has an empty path.

    Examples
    --------
    >>> tree = huffman_tree([5, 2, 1])
    >>> [tree.path(word)[1].tolist() for word in range(3)]
    [[1], [0, 1], [0, 0]]
    """
    numbers = np.asarray(counts)
    order = np.argsort(-numbers, kind="stable")
    parents, branches = _join(numbers[order].tolist())
    nodes = np.empty(len(numbers), np.int64)
    nodes[order] = np.arange(len(numbers))  # the leaf of each word
    return _walk(nodes, parents, branches)


def loss(hidden: ArrayLike, nodes: ArrayLike, codes: ArrayLike) -> float:
    """Return -log p(w|h) of the word with this path: -Σ_n log σ(±u_n·h), + where the code is 0.

    Source: Mikolov et al. 2013 eq. 3; Rong §3.1 (from eq. 37 on).

    Parameters
    ----------
    hidden : array_like, shape (dim,)
        h: the center's row of the input embeddings, or CBOW's mean.
    nodes : array_like, shape (length, dim)
        The rows of the nodes on the path.
    codes : array_like of 0 and 1, shape (length,)
        The branches taken.

    Returns
    -------
    float
        At least 0.
    """
    return -float(log_sigmoid(_signs(codes) * _logits(hidden, nodes)).sum())


def gradients(hidden: ArrayLike, nodes: ArrayLike, codes: ArrayLike) -> PathGradients:
    """Return the derivatives of `loss`.

    With the label t = 1 - code, the prediction error at each node is e_n = σ(u_n·h) - t, as in negative sampling, and
    the derivatives are Σ e_n u_n by h and e_n h by u_n. Source: Rong §3.1.

    Parameters
    ----------
    hidden, nodes, codes
        As `loss` takes them.
    """
    h, rows = np.asarray(hidden, np.float64), np.asarray(nodes, np.float64)
    errors = sigmoid(_logits(hidden, nodes)) - labels(codes)
    return PathGradients(hidden=errors @ rows, nodes=np.outer(errors, h))


def labels(codes: ArrayLike) -> Floats:
    """Return 1 - code: at which nodes of a path the branch of σ(u_n·h) is observed.

    Source: Rong §3.1, t_j; word2vec.c.

    Parameters
    ----------
    codes : array_like of 0 and 1, shape (length,)
        The branches taken.

    Returns
    -------
    ndarray of float64, shape (length,)
    """
    return 1.0 - np.asarray(codes, np.float64)


def probabilities(hidden: ArrayLike, nodes: ArrayLike, tree: HuffmanTree) -> Floats:
    """Return p(w|h) of every word: the product of the probabilities of the branches on its path.

    Source: Morin and Bengio 2005 §3; Mikolov et al. 2013 eq. 3; Rong eq. 37 and 38.

    Parameters
    ----------
    hidden : array_like, shape (dim,)
        As `loss` takes it.
    nodes : array_like, shape (vocab_size - 1, dim)
        The rows of all inner nodes.
    tree : HuffmanTree
        The paths of all words.

    Returns
    -------
    ndarray of float64, shape (vocab_size,)
        At least 0, and 1 in sum.

    Examples
    --------
    >>> probabilities([0.0], [[1.0], [1.0]], huffman_tree([5, 2, 1])).tolist()
    [0.5, 0.25, 0.25]
    """
    rows = np.asarray(nodes, np.float64)
    paths = (tree.path(word) for word in range(len(tree.offsets) - 1))
    return np.exp([-loss(hidden, rows[points], codes) for points, codes in paths])


def update(
    embeddings: Embeddings, *, center_id: int, context_id: int, tree: HuffmanTree, learning_rate: float
) -> Embeddings:
    """Return the embeddings after one step of skip-gram's descent on one pair; only rows on the path move.

    Source: Rong §3.1, with the input's eq. 16.

    Parameters
    ----------
    embeddings : Embeddings
        The old rows; they stay as they are. `output` has the rows of the inner nodes.
    center_id : int
        A row of the input embeddings.
    context_id : int
        The word to be predicted, whose path is followed.
    tree : HuffmanTree
        The paths of all words.
    learning_rate : float
        At least 0.
    """
    points, codes = tree.path(context_id)
    gradient = gradients(embeddings.input[center_id], embeddings.output[points], codes)
    return Embeddings(
        input=descend_rows(embeddings.input, [center_id], [gradient.hidden], learning_rate),
        output=descend_rows(embeddings.output, points, gradient.nodes, learning_rate),
    )


def _join(counts: list[int]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Join nodes from the rarest up; return each node's parent and branch. Leaves 0 to n-1 have falling counts."""
    n = len(counts)
    weights = counts + [0] * max(n - 1, 0)
    parents, branches = np.zeros(len(weights), np.int64), np.zeros(len(weights), np.uint8)
    leaf, inner = n - 1, n  # the rarest leaf and the oldest inner node that have no parent yet
    for node in range(n, len(weights)):
        pair = []
        for _ in range(2):
            if leaf >= 0 and (inner >= node or weights[leaf] < weights[inner]):
                pair.append(leaf)
                leaf -= 1
            else:
                pair.append(inner)
                inner += 1
        weights[node] = weights[pair[0]] + weights[pair[1]]
        parents[pair] = node
        branches[pair[1]] = 1
    return parents, branches


def _walk(leaves: NDArray[np.int64], parents: NDArray[np.int64], branches: NDArray[np.uint8]) -> HuffmanTree:
    """Climb from all leaves at once to the root, the last node, and write down the paths from behind."""
    n, root = len(leaves), len(parents) - 1
    depths = np.zeros(len(parents), np.int64)
    for node in range(root - 1, -1, -1):
        depths[node] = depths[parents[node]] + 1
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(depths[leaves], out=offsets[1:])
    points, codes = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.uint8)
    nodes, at = leaves, offsets[1:] - 1
    while (below := nodes != root).any():
        nodes, at = nodes[below], at[below]
        codes[at] = branches[nodes]
        nodes = parents[nodes]
        points[at] = nodes - n
        at = at - 1
    return HuffmanTree(offsets=offsets, points=points, codes=codes)


def _logits(hidden: ArrayLike, nodes: ArrayLike) -> Floats:
    logits: Floats = np.asarray(nodes, np.float64) @ np.asarray(hidden, np.float64)
    return logits


def _signs(codes: ArrayLike) -> Floats:
    return 1.0 - 2.0 * np.asarray(codes, np.float64)
