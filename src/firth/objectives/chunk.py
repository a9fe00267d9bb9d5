"""The objective of a chunk of examples that share their noise: what the compiled kernels compute, readably."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from firth.objectives import softmax
from firth.objectives.descent import Floats
from firth.objectives.examples import Example, Ids, skipgram_examples
from firth.objectives.sigmoid import log_sigmoid, sigmoid


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ChunkResult:
    """The loss of a chunk and its derivatives.

    Parameters
    ----------
    loss : float
        Summed over the pairs.
    n_pairs : int
        How many positive pairs there are.
    input_gradient : ndarray of float64, shape (n_input_rows, dim)
        What the input embeddings take: the derivative of the loss by them where each example's `gradient_scales` are
        its `input_weights`; 0 in rows that take no part.
    output_gradient : ndarray of float64, shape (n_output_rows, dim)
        The derivative of the loss by the output embeddings; 0 in rows that take no part.
    hidden_gradient : ndarray of float64, shape (n_examples, dim)
        The derivative of the loss by each hidden vector, from which those by position weights follow.
    """

    loss: float
    n_pairs: int
    input_gradient: Floats
    output_gradient: Floats
    hidden_gradient: Floats


def chunk_loss_and_gradients(
    input_embeddings: NDArray[np.floating],
    output_embeddings: NDArray[np.floating],
    tokens: NDArray[np.integer],
    first: NDArray[np.integer],
    last: NDArray[np.integer],
    centers: tuple[int, int],
    negative_ids: NDArray[np.integer],
    *,
    negatives: int,
) -> ChunkResult:
    """Sum skip-gram's negative-sampling loss, and its gradients, over all pairs of a chunk.

    The chunk's S draws stand for K fresh draws for each pair, so each counts K/S; a draw that equals a
    pair's context word counts nothing for that pair. The loss is therefore::

        Σ_i Σ_j [ -log σ(u_j·v_i) - K/S Σ_s 1[negative_s ≠ token_j] log σ(-u_s·v_i) ]

    over the centers i and their context positions j, and its expectation over the draws is that of
    [003] eq. 17 (without its mean) with K draws for each pair.

    Parameters
    ----------
    input_embeddings, output_embeddings : ndarray of float, shape (vocab_size, dim)
        The weights, all of them as they stood before the chunk.
    tokens, first, last, centers
        As `firth.objectives.examples.skipgram_examples` takes them.
    negative_ids : ndarray of int, shape (S,)
        The draws that all centers share.
    negatives : int
        K, the noise words that each positive pair is set against.
    """
    examples = skipgram_examples(tokens, first, last, centers)
    return sampled_loss_and_gradients(
        input_embeddings, output_embeddings, examples, negative_ids, negatives=negatives
    )


def sampled_loss_and_gradients(
    input_embeddings: NDArray[np.floating],
    output_embeddings: NDArray[np.floating],
    examples: Sequence[Example],
    negative_ids: NDArray[np.integer],
    *,
    negatives: int,
    exclude_window_negatives: bool = False,
) -> ChunkResult:
    """Sum the loss of logistic terms and shared noise, and its gradients, over all examples of a chunk.

    With h_i the hidden vector of example i, t its terms' labels and w its weight, the loss is::

        Σ_i w_i [ -Σ_j log σ(±u_j·h_i) - K/S Σ_s n_is log σ(-u_s·h_i) ]

    with + where t_j = 1. The draw s counts n_is times: once for each term of label 1 whose row it is not; or, where
    `exclude_window_negatives` is set, not at all for an example whose window holds it. Hierarchical softmax is
    the case without draws. Source: [003] eq. 17 for the terms; Rong, "word2vec Parameter Learning Explained", 2014,
    §3.1 and §3.2, for one form of both; the sharing is ours.

    Parameters
    ----------
    input_embeddings, output_embeddings : ndarray of float, shape (rows, dim)
        The weights, all of them as they stood before the chunk. The rows need not be words.
    examples : sequence of Example
        See `firth.objectives.examples`.
    negative_ids : ndarray of int, shape (S,)
        Rows of the output embeddings: the draws that all examples share; none, where there is no noise.
    negatives : int
        K, the noise words that each positive pair is set against.
    exclude_window_negatives : bool
        The stricter rule of the lecture: no word of the window is noise.
    """
    noise_ids = np.asarray(negative_ids, np.int64)

    def judge(example: Example, h: Floats, output_gradient: Floats) -> tuple[float, Floats]:
        scale = negatives / max(len(noise_ids), 1)
        counts = scale * _noise_counts(example, noise_ids, exclude_window_negatives)
        ids = np.concatenate([example.output_ids, noise_ids])
        truth = np.concatenate([example.labels, np.zeros(len(noise_ids))])
        weights = example.weight * np.concatenate([np.ones(len(example.labels)), counts])
        rows = np.asarray(output_embeddings[ids], np.float64)
        logits = rows @ h
        errors = weights * (sigmoid(logits) - truth)
        np.add.at(output_gradient, ids, np.outer(errors, h))
        return float(-weights @ log_sigmoid(np.where(truth == 1.0, logits, -logits))), errors @ rows

    return _sum_over(input_embeddings, output_embeddings, examples, judge)


def joint_loss_and_gradients(
    input_embeddings: NDArray[np.floating],
    output_embeddings: NDArray[np.floating],
    node_embeddings: NDArray[np.floating],
    examples: Sequence[Example],
    path_examples: Sequence[Example],
    negative_ids: NDArray[np.integer],
    *,
    negatives: int,
    exclude_window_negatives: bool = False,
) -> ChunkResult:
    """Sum the losses of negative sampling and of hierarchical softmax, and their gradients, over a chunk.

    Each pair has both losses: words are judged against noise, and by the turns on their paths. The two share the hidden
    vectors, which receive both gradients, and nothing else. That is what word2vec.c does with ``-hs 1 -negative 5``,
    whose `neu1e` collects both before the input row moves, and gensim with ``hs=1, negative=5``.

    Parameters
    ----------
    input_embeddings, output_embeddings, negative_ids, negatives, exclude_window_negatives
        As `sampled_loss_and_gradients` takes them; the output embeddings are those of words.
    node_embeddings : ndarray of float, shape (vocab_size - 1, dim)
        The rows of the inner nodes of the tree.
    examples, path_examples : sequence of Example
        The same examples twice: with words as targets, and with the nodes on the words' paths.

    Returns
    -------
    ChunkResult
        Its output gradient has the rows of words, and behind them those of nodes.
    """
    words = sampled_loss_and_gradients(
        input_embeddings, output_embeddings, examples, negative_ids,
        negatives=negatives, exclude_window_negatives=exclude_window_negatives,
    )  # fmt: skip
    no_noise = np.empty(0, np.int64)
    nodes = sampled_loss_and_gradients(
        input_embeddings, node_embeddings, path_examples, no_noise, negatives=0
    )
    return ChunkResult(
        loss=words.loss + nodes.loss,
        n_pairs=words.n_pairs,
        input_gradient=words.input_gradient + nodes.input_gradient,
        output_gradient=np.concatenate([words.output_gradient, nodes.output_gradient]),
        hidden_gradient=words.hidden_gradient + nodes.hidden_gradient,
    )


def softmax_loss_and_gradients(
    input_embeddings: NDArray[np.floating],
    output_embeddings: NDArray[np.floating],
    examples: Sequence[Example],
) -> ChunkResult:
    """Sum the loss of the softmax over all output rows, and its gradients, over all examples of a chunk.

    With c_iw how often word w is a target (a term of label 1) of example i, the loss is::

        -Σ_i w_i Σ_w c_iw log p(w|h_i)

    and its derivative by the logit of w is w_i (n_i p(w|h_i) - c_iw) with n_i the sum of the counts, so that the
    softmax of a center is computed once for all its pairs. Source: [002] "Parameterization with Softmax"; Rong,
    "word2vec Parameter Learning Explained", 2014, §2.

    Parameters
    ----------
    input_embeddings, output_embeddings, examples
        As `sampled_loss_and_gradients` takes them; all terms have the label 1.
    """
    outputs = np.asarray(output_embeddings, np.float64)

    def judge(example: Example, h: Floats, output_gradient: Floats) -> tuple[float, Floats]:
        counts = np.bincount(example.output_ids, minlength=len(outputs)).astype(np.float64)
        log_probabilities = softmax.log_probabilities(h, outputs)
        errors = example.weight * (counts.sum() * np.exp(log_probabilities) - counts)
        output_gradient += np.outer(errors, h)
        return float(-example.weight * (counts @ log_probabilities)), errors @ outputs

    return _sum_over(input_embeddings, output_embeddings, examples, judge)


# Takes an example, its hidden vector, and the output gradient to be added to; returns loss and hidden gradient.
_Judge = Callable[[Example, Floats, Floats], tuple[float, Floats]]


def _sum_over(
    input_embeddings: NDArray[np.floating],
    output_embeddings: NDArray[np.floating],
    examples: Sequence[Example],
    judge: _Judge,
) -> ChunkResult:
    """Compose each hidden vector, have it judged, and hand its gradient back to the rows that it is made of."""
    total, n_pairs = 0.0, 0
    dim = np.shape(input_embeddings)[1]
    input_gradient = np.zeros(np.shape(input_embeddings))
    output_gradient = np.zeros(np.shape(output_embeddings))
    hidden_gradient = np.zeros((len(examples), dim))
    for example, gradient in zip(examples, hidden_gradient, strict=True):
        rows = np.asarray(input_embeddings[example.input_ids], np.float64)
        h = (_by_entry(example.input_weights) * rows).sum(axis=0)
        loss, gradient[:] = judge(example, h, output_gradient)
        scales = np.broadcast_to(_by_entry(example.gradient_scales), rows.shape)
        np.add.at(input_gradient, example.input_ids, scales * gradient)
        total += loss
        n_pairs += example.n_pairs
    return ChunkResult(
        loss=total,
        n_pairs=n_pairs,
        input_gradient=input_gradient,
        output_gradient=output_gradient,
        hidden_gradient=hidden_gradient,
    )


def _by_entry(weights: Floats) -> Floats:
    return weights if weights.ndim == 2 else weights[:, np.newaxis]


def _noise_counts(example: Example, noise_ids: Ids, exclude_window: bool) -> Floats:
    """Return how many pairs of an example each draw is noise for."""
    positives = example.output_ids[example.labels == 1.0]
    counts: Floats = (noise_ids[:, np.newaxis] != positives).sum(axis=1).astype(np.float64)
    if exclude_window:
        counts[np.isin(noise_ids, example.window_ids)] = 0.0
    return counts
