"""The objective of a chunk of centers that share their noise: what the compiled kernel computes, readably."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from firth.objectives.negative_sampling import gradients, loss, negative_weights


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ChunkResult:
    """The loss of a chunk and its derivatives.

    Parameters
    ----------
    loss : float
        Summed over the pairs.
    n_pairs : int
        How many positive pairs there are.
    input_gradient, output_gradient : ndarray of float64, shape (vocab_size, dim)
        The derivatives of the loss by the input and by the output embeddings; 0 in rows that take no part.
    """

    loss: float
    n_pairs: int
    input_gradient: NDArray[np.float64]
    output_gradient: NDArray[np.float64]


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
    """Sum the negative-sampling loss, and its gradients, over all pairs of a chunk.

    The chunk's S draws stand for K fresh draws for each pair, so each counts K/S; a draw that equals a
    pair's context word counts nothing for that pair. The loss is therefore::

        Σ_i Σ_j [ -log σ(u_j·v_i) - K/S Σ_s 1[negative_s ≠ token_j] log σ(-u_s·v_i) ]

    over the centers i and their context positions j, and its expectation over the draws is that of
    [003] eq. 17 (without its mean) with K draws for each pair.

    Parameters
    ----------
    input_embeddings, output_embeddings : ndarray of float, shape (vocab_size, dim)
        The weights, all of them as they stood before the chunk.
    tokens : ndarray of int, shape (n,)
        Rows of the words of a stretch of text.
    first, last : ndarray of int, shape (n,)
        The context of position i is ``first[i]`` to ``last[i]``, both included, without i itself.
    centers : (start, stop)
        The chunk's centers are the positions from start up to and without stop.
    negative_ids : ndarray of int, shape (S,)
        The draws that all centers share.
    negatives : int
        K, the noise words that each positive pair is set against.
    """
    total, n_pairs = 0.0, 0
    input_gradient = np.zeros(np.shape(input_embeddings))
    output_gradient = np.zeros(np.shape(output_embeddings))
    noise = output_embeddings[negative_ids]
    for i in range(*centers):
        v = input_embeddings[tokens[i]]
        for j in range(first[i], last[i] + 1):
            if j == i:
                continue
            u = output_embeddings[tokens[j]]
            weights = negative_weights(tokens[j], negative_ids, scale=negatives / len(negative_ids))
            gradient = gradients(v, u, noise, weights=weights)
            total += loss(v, u, noise, weights=weights)
            n_pairs += 1
            input_gradient[tokens[i]] += gradient.center
            output_gradient[tokens[j]] += gradient.positive
            np.add.at(output_gradient, negative_ids, gradient.negatives)
    return ChunkResult(
        loss=total, n_pairs=n_pairs, input_gradient=input_gradient, output_gradient=output_gradient
    )
