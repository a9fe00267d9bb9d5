"""GloVe: weighted least squares on the logarithms of co-occurrence counts, descended with AdaGrad.

A record says that the words i and j occur together ``X_ij`` times, as a center and as its context. The model's value
for it is the product of the center's row of the input embeddings and the context's row of the output embeddings, plus
a bias of each; it shall be ``log X_ij``.

Source: Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014 ([GloVe] below),
and the program that its authors published. The paper minimises ``Σ f(X) (…)²``, the program half of that, which gives
the gradients ``f(X) (…)`` without a factor 2. What is least is the same; the steps are not, as AdaGrad begins with a
given sum of squares. The learning rates that people use are the program's, so its half is taken here: for the loss that
is reported, for the gradients and for the steps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from firth.objectives.descent import Floats


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Gradients:
    """The derivatives of one record's loss.

    Parameters
    ----------
    center : ndarray of float64, shape (dim,)
        By the center's row of the input embeddings.
    context : ndarray of float64, shape (dim,)
        By the context's row of the output embeddings.
    bias : float
        By either bias.
    """

    center: Floats
    context: Floats
    bias: float


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Weights:
    """All weights of a model, or the sums of squares that belong to them.

    Parameters
    ----------
    input, output : ndarray of float64, shape (vocab_size, dim)
        A row for each word as a center, and as a context.
    input_bias, output_bias : ndarray of float64, shape (vocab_size,)
        b and b̃.
    """

    input: Floats
    output: Floats
    input_bias: Floats
    output_bias: Floats


def weighting(counts: ArrayLike, *, x_max: float, exponent: float) -> Floats:
    """Return f(X), what each record weighs: (X / x_max)**exponent below x_max, and 1 from there on.

    Source: [GloVe] eq. 9.

    Parameters
    ----------
    counts : array_like
        X, above 0.
    x_max : float
        Above 0.
    exponent : float
        α; the paper and the program take 3/4.

    Returns
    -------
    ndarray of float64, of the shape of `counts`

    Examples
    --------
    >>> weighting([1.0, 16.0, 100.0], x_max=16.0, exponent=0.75).tolist()
    [0.125, 1.0, 1.0]
    """
    return np.asarray(np.minimum(np.asarray(counts, np.float64) / x_max, 1.0) ** exponent)


def difference(
    center: ArrayLike, context: ArrayLike, center_bias: float, context_bias: float, count: float
) -> float:
    """Return w_i·w̃_j + b_i + b̃_j - log X_ij: by how much the model's value is too large.

    Source: [GloVe] eq. 8, the inner bracket.

    Parameters
    ----------
    center, context : array_like, shape (dim,)
        w_i, the center's row of the input embeddings, and w̃_j, the context's of the output embeddings.
    center_bias, context_bias : float
        b_i and b̃_j.
    count : float
        X_ij, above 0.
    """
    product = np.asarray(center, np.float64) @ np.asarray(context, np.float64)
    return float(product + center_bias + context_bias - np.log(count))


def loss(
    center: ArrayLike,
    context: ArrayLike,
    center_bias: float,
    context_bias: float,
    count: float,
    *,
    x_max: float,
    exponent: float,
) -> float:
    """Return ½ f(X_ij) (w_i·w̃_j + b_i + b̃_j - log X_ij)².

    Source: one term of [GloVe] eq. 8, halved as in the program.

    Parameters
    ----------
    center, context, center_bias, context_bias, count
        As `difference` takes them.
    x_max, exponent
        As `weighting` takes them.

    Returns
    -------
    float
        At least 0.
    """
    weight = float(weighting(count, x_max=x_max, exponent=exponent))
    return 0.5 * weight * difference(center, context, center_bias, context_bias, count) ** 2


def gradients(
    center: ArrayLike,
    context: ArrayLike,
    center_bias: float,
    context_bias: float,
    count: float,
    *,
    x_max: float,
    exponent: float,
) -> Gradients:
    """Return the derivatives of `loss` by both rows and by the biases.

    Parameters
    ----------
    center, context, center_bias, context_bias, count, x_max, exponent
        As `loss` takes them.
    """
    weight = float(weighting(count, x_max=x_max, exponent=exponent))
    error = weight * difference(center, context, center_bias, context_bias, count)
    return Gradients(
        center=error * np.asarray(context, np.float64),
        context=error * np.asarray(center, np.float64),
        bias=error,
    )


def adagrad_step(
    old: ArrayLike, squares: ArrayLike, gradient: ArrayLike, learning_rate: float
) -> tuple[Floats, Floats]:
    """Return the weights and the sums of squares after one step of AdaGrad, as the program takes it.

    With g the gradient and G the sum of squares so far, element by element::

        step = η g / √G,    then    G grows by (η g)²

    A step does not see its own gradient, and G begins at 1, so that the first step is η g. As the squares contain η, it
    cancels out once they have outgrown the 1: ``η g / √(1 + η² Σ g²) = g / √(1/η² + Σ g²)``. So the rate bounds the
    first steps, and hardly matters later on. Source: the program; Duchi, Hazan and Singer, "Adaptive Subgradient
    Methods", 2011, whose sum has no η and includes the present gradient.

    Parameters
    ----------
    old : array_like
        Weights.
    squares : array_like, of the same shape
        G, at least 1.
    gradient : array_like, of the same shape
        g.
    learning_rate : float
        η, above 0.

    Examples
    --------
    >>> weights, squares = adagrad_step([1.0], [4.0], [6.0], 0.5)
    >>> weights.tolist(), squares.tolist()
    ([-0.5], [13.0])
    """
    scaled = learning_rate * np.asarray(gradient, np.float64)
    before = np.asarray(squares, np.float64)
    return np.asarray(old, np.float64) - scaled / np.sqrt(before), before + scaled**2


def descend_records(
    weights: Weights,
    squares: Weights,
    records: Iterable[tuple[int, int, float]],
    *,
    x_max: float,
    exponent: float,
    learning_rate: float,
) -> float:
    """Take one step for each record, in their order, and return the sum of their losses, each before its step.

    Both rows of a record move by gradients at the old rows. Source: the program.

    Parameters
    ----------
    weights, squares : Weights
        Changed in place.
    records : iterable of (center, context, count)
        Words by their rows.
    x_max, exponent
        As `weighting` takes them.
    learning_rate : float
        As `adagrad_step` takes it.
    """
    total = 0.0
    for i, j, count in records:
        values = (weights.input[i], weights.output[j], weights.input_bias[i], weights.output_bias[j], count)
        total += loss(*values, x_max=x_max, exponent=exponent)
        gradient = gradients(*values, x_max=x_max, exponent=exponent)
        for name, row, slope in (
            ("input", i, gradient.center),
            ("output", j, gradient.context),
            ("input_bias", i, gradient.bias),
            ("output_bias", j, gradient.bias),
        ):
            old, before = getattr(weights, name), getattr(squares, name)
            old[row], before[row] = adagrad_step(old[row], before[row], slope, learning_rate)
    return total
