"""The hidden vector of the continuous bag of words, and what its gradient means for each context row.

CBOW puts a mean (or a sum) of context rows where skip-gram has the center's row: the *hidden vector* ``h``. The
functions of `negative_sampling`, `softmax` and `hierarchical_softmax` take it in the place of ``v``, with the center
word as the word to be predicted. What is CBOW's own is how h is composed and how its gradient is handed back.

Sources: Rong, "word2vec Parameter Learning Explained", 2014 (arXiv 1411.2738), §1.2; Mikolov et al., "Efficient
Estimation of Word Representations in Vector Space", 2013, §3.1; Mikolov et al., "Advances in Pre-Training Distributed
Word Representations", 2018, §2.2, for position weights.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from firth.objectives import negative_sampling
from firth.objectives.descent import Embeddings, Floats, descend_rows

CbowGradient = Literal["word2vec", "exact"]
"""``"word2vec"``: each context row takes the whole hidden gradient. ``"exact"``: divided by their number for a mean."""


def hidden(rows: ArrayLike, *, mean: bool = True, position_weights: ArrayLike | None = None) -> Floats:
    """Return the hidden vector: the mean or the sum of the context rows, each weighted by its position.

    Source: Rong eq. 17 and 18 for the mean; Mikolov et al. 2018 §2.2, h = Σ_p d_p ⊙ u_p, for position weights.

    Parameters
    ----------
    rows : array_like, shape (n_contexts, dim)
        The context words' rows of the input embeddings, at least one; a word that stands twice has two.
    mean : bool
        Divide by the number of context words.
    position_weights : array_like, shape (n_contexts, dim), optional
        d_p, the weights of each row's position in the window, entry by entry; all 1 where not given.

    Returns
    -------
    ndarray of float64, shape (dim,)

    Examples
    --------
    >>> hidden([[1.0, 0.0], [3.0, 2.0]]).tolist()
    [2.0, 1.0]
    """
    weighted = np.asarray(rows, np.float64)
    if position_weights is not None:
        weighted = weighted * np.asarray(position_weights, np.float64)
    summed: Floats = weighted.sum(axis=0)
    return summed / len(weighted) if mean else summed


def row_scale(n_contexts: int, *, mean: bool = True, cbow_gradient: CbowGradient = "exact") -> float:
    """Return by what the hidden gradient is multiplied before a context row takes it: 1 or 1/n_contexts.

    The derivative of a mean by one of its rows is 1/n_contexts, which "exact" follows (Rong eq. 23). The program
    word2vec.c leaves the factor out and so steps n_contexts times as far in each context row, as "word2vec" does:
    its hidden vector then moves about as far as a skip-gram's row would. Nothing is divided for a sum. (gensim
    divides the gradient of a sum as well, which is the derivative of nothing.)

    Parameters
    ----------
    n_contexts : int
        How many rows the hidden vector is composed of, at least 1.
    mean : bool
        As for `hidden`.
    cbow_gradient : {"word2vec", "exact"}
        Which of the two.

    Returns
    -------
    float
    """
    return 1.0 / n_contexts if mean and cbow_gradient == "exact" else 1.0


def row_gradients(
    hidden_gradient: ArrayLike,
    n_contexts: int,
    *,
    mean: bool = True,
    cbow_gradient: CbowGradient = "exact",
    position_weights: ArrayLike | None = None,
) -> Floats:
    """Return what each context row takes of the hidden vector's gradient.

    With "exact" these are the derivatives of the loss by the rows; with "word2vec" they are n_contexts times as long
    for a mean, and the same for a sum. See `row_scale`. Source: Rong eq. 23; Mikolov et al. 2018 §2.2.

    Parameters
    ----------
    hidden_gradient : array_like, shape (dim,)
        The derivative of the loss by h.
    n_contexts, mean, cbow_gradient
        As for `row_scale`.
    position_weights : array_like, shape (n_contexts, dim), optional
        As for `hidden`.

    Returns
    -------
    ndarray of float64, shape (n_contexts, dim)
    """
    scaled = row_scale(n_contexts, mean=mean, cbow_gradient=cbow_gradient) * np.asarray(
        hidden_gradient, np.float64
    )
    if position_weights is None:
        return np.tile(scaled, (n_contexts, 1))
    return scaled * np.asarray(position_weights, np.float64)


def position_gradients(
    hidden_gradient: ArrayLike,
    rows: ArrayLike,
    *,
    mean: bool = True,
    cbow_gradient: CbowGradient = "exact",
) -> Floats:
    """Return what the position weights take of the hidden vector's gradient: u_p ⊙ gradient, scaled as for the rows.

    Source: derived from h = Σ_p d_p ⊙ u_p of Mikolov et al. 2018 §2.2.

    Parameters
    ----------
    hidden_gradient : array_like, shape (dim,)
        The derivative of the loss by h.
    rows : array_like, shape (n_contexts, dim)
        As for `hidden`.
    mean, cbow_gradient
        As for `row_scale`.

    Returns
    -------
    ndarray of float64, shape (n_contexts, dim)
        A row for each position that takes part.
    """
    values = np.asarray(rows, np.float64)
    scale = row_scale(len(values), mean=mean, cbow_gradient=cbow_gradient)
    return scale * values * np.asarray(hidden_gradient, np.float64)


def update(
    embeddings: Embeddings,
    *,
    center_id: int,
    context_ids: ArrayLike,
    negative_ids: ArrayLike,
    learning_rate: float,
    mean: bool = True,
    cbow_gradient: CbowGradient = "word2vec",
) -> Embeddings:
    """Return the embeddings after one step with negative sampling on one center.

    Every gradient is computed from the old rows; a word that stands in the context twice takes two gradients, and
    a draw that equals the center counts nothing. Source: Rong eq. 22 and 23 with §3.2.

    Parameters
    ----------
    embeddings : Embeddings
        The old rows; they stay as they are.
    center_id : int
        The word to be predicted: a row of the output embeddings.
    context_ids : array_like of int, shape (n_contexts,)
        Rows of the input embeddings, at least one.
    negative_ids : array_like of int, shape (K,)
        Rows of the output embeddings.
    learning_rate : float
        At least 0.
    mean, cbow_gradient
        As for `row_scale`.
    """
    contexts, draws = np.asarray(context_ids, np.int64), np.asarray(negative_ids, np.int64)
    gradient = negative_sampling.gradients(
        hidden(embeddings.input[contexts], mean=mean),
        embeddings.output[center_id],
        embeddings.output[draws],
        weights=negative_sampling.negative_weights(center_id, draws),
    )
    by_row = row_gradients(gradient.center, len(contexts), mean=mean, cbow_gradient=cbow_gradient)
    return Embeddings(
        input=descend_rows(embeddings.input, contexts, by_row, learning_rate),
        output=descend_rows(
            embeddings.output, [center_id, *draws], [gradient.positive, *gradient.negatives], learning_rate
        ),
    )
