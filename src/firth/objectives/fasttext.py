"""The vector of a word that is made of several rows: its own and those of its character n-grams.

Where skip-gram has the center's row ``v``, fastText has the mean of the rows that belong to the center; where CBOW
has a context word's row, fastText's CBOW has all the rows that belong to that word, in one mean over the window. Both
are hidden vectors as `firth.objectives.cbow` has them, over other rows, so that little is left to say here: which rows,
and the two answers to what each of them takes of the gradient.

Source: Bojanowski et al., "Enriching Word Vectors with Subword Information", 2017, §3.1 and §3.2, whose score is the
*sum* s(w, c) = Σ_g z_g·u_c over the word and its n-grams; the program fastText takes the mean, and so does this.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firth.objectives import negative_sampling
from firth.objectives.cbow import CbowGradient, hidden, row_gradients
from firth.objectives.descent import Embeddings, Floats, descend_rows


def compose(rows: ArrayLike) -> Floats:
    """Return a word's vector: the mean of its own row, if it has one, and its n-grams' rows.

    Source: Bojanowski et al. 2017 §3.2 (second of its formulas), divided by the number of rows as the program does.

    Parameters
    ----------
    rows : array_like, shape (n_rows, dim)
        Rows of the input embeddings, at least one. Two n-grams of a word that share a bucket give their row twice.

    Returns
    -------
    ndarray of float64, shape (dim,)

    Examples
    --------
    >>> compose([[1.0], [2.0], [6.0]]).tolist()
    [3.0]
    """
    return hidden(rows, mean=True)


def context_rows(subword_ids: Sequence[ArrayLike], context_ids: ArrayLike) -> NDArray[np.int64]:
    """Return the rows that the context of a CBOW with subwords is the mean of: those of all its words.

    A word of many n-grams so weighs more than a short one. Source: the program fastText.

    Parameters
    ----------
    subword_ids : sequence of array_like of int, each of shape (n_rows,)
        For each word of the vocabulary, the rows that belong to it.
    context_ids : array_like of int, shape (n_contexts,)
        The words of the context.

    Returns
    -------
    ndarray of int64, shape (total of their rows,)

    Examples
    --------
    >>> context_rows([[0, 5, 6], [1, 5]], [1, 0]).tolist()
    [1, 5, 0, 5, 6]
    """
    words = np.asarray(context_ids, np.int64)
    parts = [np.asarray(subword_ids[word], np.int64) for word in words]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def update(
    embeddings: Embeddings,
    *,
    row_ids: ArrayLike,
    positive_id: int,
    negative_ids: ArrayLike,
    learning_rate: float,
    gradient: CbowGradient = "word2vec",
) -> Embeddings:
    """Return the embeddings after one step on one pair of a composed center and a context word.

    With "word2vec" each row takes the whole gradient of the mean, as the program fastText does; with "exact" each
    takes it divided by their number, the derivative. Source: Bojanowski et al. 2017 §3.1 for the loss.

    Parameters
    ----------
    embeddings : Embeddings
        The old rows; they stay as they are. The input embeddings have rows for words and for n-grams.
    row_ids : array_like of int, shape (n_rows,)
        The rows of the input embeddings that belong to the center.
    positive_id : int
        The context word's row of the output embeddings.
    negative_ids : array_like of int, shape (K,)
        Rows of the output embeddings; a draw that equals the positive counts nothing.
    learning_rate : float
        At least 0.
    gradient : {"word2vec", "exact"}
        What each row takes.
    """
    rows, draws = np.asarray(row_ids, np.int64), np.asarray(negative_ids, np.int64)
    derivatives = negative_sampling.gradients(
        compose(embeddings.input[rows]),
        embeddings.output[positive_id],
        embeddings.output[draws],
        weights=negative_sampling.negative_weights(positive_id, draws),
    )
    by_row = row_gradients(derivatives.center, len(rows), cbow_gradient=gradient)
    return Embeddings(
        input=descend_rows(embeddings.input, rows, by_row, learning_rate),
        output=descend_rows(
            embeddings.output,
            [positive_id, *draws],
            [derivatives.positive, *derivatives.negatives],
            learning_rate,
        ),
    )
