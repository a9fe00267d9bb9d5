"""What a chunk learns from, in one form for all models: hidden vectors, and the terms that each is judged by.

An *example* is one hidden vector with all terms of the loss that it takes part in. Skip-gram has one for each center,
whose hidden vector is the center's row and whose terms are its context words; CBOW has one for each center, whose
hidden vector is composed of the context and whose only term is the center; with subwords, every input word stands for
several rows; with hierarchical softmax, every output word stands for the nodes of its path.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firth.objectives.cbow import CbowGradient, row_scale
from firth.objectives.descent import Floats
from firth.objectives.fasttext import context_rows
from firth.objectives.hierarchical_softmax import HuffmanTree, labels

Ids = NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Example:
    """One hidden vector and its terms of the loss.

    Parameters
    ----------
    input_ids : ndarray of int64, shape (n_rows,)
        The rows of the input embeddings that compose the hidden vector, h = Σ weight ⊙ row, at least one.
    input_weights : ndarray of float64, shape (n_rows,) or (n_rows, dim)
        What each row counts: 1, or 1/n for a mean; entry by entry where positions have weights.
    gradient_scales : ndarray of float64, of the shape of `input_weights`
        By what the gradient of h is multiplied before each row takes it: the weight for the true derivative.
    output_ids : ndarray of int64, shape (n_terms,)
        The rows of the output embeddings that h meets.
    labels : ndarray of float64, shape (n_terms,)
        1 where the row is to be likely, 0 where it is not.
    n_pairs : int
        How many positive pairs the terms stand for: how many words are predicted.
    window_ids : ndarray of int64, shape (n_window,)
        All words of the window, the center among them; noise that is one of them can be left out.
    weight : float
        What all terms of the example count, at least 0.
    """

    input_ids: Ids
    input_weights: Floats
    gradient_scales: Floats
    output_ids: Ids
    labels: Floats
    n_pairs: int
    window_ids: Ids
    weight: float = 1.0


def skipgram_examples(
    tokens: NDArray[np.integer],
    first: NDArray[np.integer],
    last: NDArray[np.integer],
    centers: tuple[int, int],
    *,
    subword_ids: Sequence[ArrayLike] | None = None,
    gradient: CbowGradient = "word2vec",
    tree: HuffmanTree | None = None,
    weights: ArrayLike | None = None,
) -> list[Example]:
    """Return the examples of skip-gram: each center's vector against all words of its context.

    Parameters
    ----------
    tokens : ndarray of int, shape (n,)
        Rows of the words of a stretch of text.
    first, last : ndarray of int, shape (n,)
        The context of position i is ``first[i]`` to ``last[i]``, both included, without i itself.
    centers : (start, stop)
        The centers are the positions from start up to and without stop; one without context gives no example.
    subword_ids : sequence of array_like of int, each of shape (n_rows,), optional
        For each word the rows whose mean is its vector (FastText); its own row alone where not given.
    gradient : {"word2vec", "exact"}
        What each of those rows takes; see `firth.objectives.cbow.row_scale`.
    tree : HuffmanTree, optional
        Predict the turns on the context words' paths, instead of the words.
    weights : array_like of float, shape (vocab_size,), optional
        What a center counts, by its word; 1 where not given.
    """
    examples = []
    for i, around in _windows(first, last, centers):
        center, contexts = int(tokens[i]), np.asarray(tokens[around], np.int64)
        rows = _rows([center], subword_ids)
        examples.append(
            Example(
                input_ids=rows,
                input_weights=np.full(len(rows), 1.0 / len(rows)),
                gradient_scales=np.full(len(rows), row_scale(len(rows), cbow_gradient=gradient)),
                window_ids=np.append(contexts, center),
                weight=_weight(weights, center),
                **_terms(contexts, tree),
            )
        )
    return examples


def cbow_examples(
    tokens: NDArray[np.integer],
    first: NDArray[np.integer],
    last: NDArray[np.integer],
    centers: tuple[int, int],
    *,
    mean: bool = True,
    cbow_gradient: CbowGradient = "word2vec",
    subword_ids: Sequence[ArrayLike] | None = None,
    position_weights: ArrayLike | None = None,
    tree: HuffmanTree | None = None,
    weights: ArrayLike | None = None,
) -> list[Example]:
    """Return the examples of CBOW: the mean or sum of the context's rows against the center.

    Parameters
    ----------
    tokens, first, last, centers, tree, weights
        As `skipgram_examples` takes them; the path is the center's.
    mean, cbow_gradient
        As `firth.objectives.cbow.row_scale` takes them, the number of rows being that of all rows.
    subword_ids : sequence of array_like of int, each of shape (n_rows,), optional
        For each context word the rows that belong to it; its own row alone where not given.
    position_weights : array_like, shape (2 * window, dim), optional
        The weights of the positions -window to -1 and 1 to window, in this order (Mikolov et al. 2018 §2.2);
        all rows of a word take those of its position.
    """
    examples = []
    for i, around in _windows(first, last, centers):
        center, contexts = int(tokens[i]), np.asarray(tokens[around], np.int64)
        parts = [_rows([word], subword_ids) for word in contexts]
        rows = np.concatenate(parts)
        by_position = _by_position(around - i, [len(part) for part in parts], position_weights)
        scale = row_scale(len(rows), mean=mean, cbow_gradient=cbow_gradient)
        examples.append(
            Example(
                input_ids=rows,
                input_weights=by_position / len(rows) if mean else by_position,
                gradient_scales=scale * by_position,
                window_ids=np.append(contexts, center),
                weight=_weight(weights, center),
                **_terms(np.asarray([center], np.int64), tree),
            )
        )
    return examples


def _windows(
    first: NDArray[np.integer], last: NDArray[np.integer], centers: tuple[int, int]
) -> Iterator[tuple[int, Ids]]:
    """Give each center's position and those of its context, for the centers that have any."""
    for i in range(*centers):
        around = np.arange(first[i], last[i] + 1, dtype=np.int64)
        around = around[around != i]
        if len(around):
            yield i, around


def _rows(words: ArrayLike, subword_ids: Sequence[ArrayLike] | None) -> Ids:
    return np.asarray(words, np.int64) if subword_ids is None else context_rows(subword_ids, words)


def _weight(weights: ArrayLike | None, center: int) -> float:
    return 1.0 if weights is None else float(np.asarray(weights, np.float64)[center])


def _by_position(offsets: Ids, lengths: list[int], position_weights: ArrayLike | None) -> Floats:
    """Return the weight, or the weights, of each row; `lengths` says how many rows the word at each offset has."""
    if position_weights is None:
        return np.ones(sum(lengths))
    table = np.asarray(position_weights, np.float64)
    slots = len(table) // 2 + offsets - (offsets > 0)  # the center itself has no slot
    return np.repeat(table[slots], lengths, axis=0)


class _Terms(TypedDict):
    output_ids: Ids
    labels: Floats
    n_pairs: int


def _terms(targets: Ids, tree: HuffmanTree | None) -> _Terms:
    """Return the output rows that the predicted words stand for, their labels, and the number of words."""
    if tree is None:
        return {"output_ids": targets, "labels": np.ones(len(targets)), "n_pairs": len(targets)}
    paths = [tree.path(word) for word in targets]
    points = np.concatenate([points for points, _ in paths]).astype(np.int64)
    truth = labels(np.concatenate([codes for _, codes in paths]))
    return {"output_ids": points, "labels": truth, "n_pairs": len(targets)}
