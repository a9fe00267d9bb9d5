"""One training step with everything that happens on the way, in the order in which the lecture shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from firth.errors import ConfigError
from firth.objectives.descent import Embeddings, Floats
from firth.objectives.negative_sampling import gradients, loss, negative_weights, update
from firth.objectives.sigmoid import sigmoid

_HIGHEST_LEARNING_RATE = 10.0


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Example:
    """What a step starts from: some rows of a model, and the pair to learn.

    Parameters
    ----------
    words : sequence of str
        The words that the rows stand for.
    embeddings : Embeddings
        Their rows, shape (len(words), dim) on both sides.
    center_id, positive_id : int
        Positions in `words`: the center, and the word of its context.
    negative_ids : tuple of int
        Positions in `words`: the noise, K draws. A word may be drawn more than once.
    """

    words: Sequence[str]
    embeddings: Embeddings
    center_id: int
    positive_id: int
    negative_ids: tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One training step: [003] figures 10 to 16.

    The rows of the arrays with K + 1 rows belong to the positive word first and then to the negatives, in
    the order of `words`.

    Parameters
    ----------
    center : str
        The center word.
    words : tuple of str
        The positive word and the K negatives.
    learning_rate : float
        η of the update.
    loss : float
        The pair's loss before the update ([003] eq. 19).
    hidden : ndarray of float64, shape (dim,)
        h, the center's row of the input embeddings before the update.
    weights : ndarray of float64, shape (K + 1,)
        1, or 0 for a draw that is the positive word itself and therefore counts nothing.
    logits, probabilities, labels, errors : ndarray of float64, shape (K + 1,)
        u·h; σ(u·h), which is p(D=1|w,c); t; and the prediction errors σ(u·h) - t, times the weight.
    input_gradient : ndarray of float64, shape (dim,)
        By the center's row: the sum of the errors times the old output rows.
    output_gradients : ndarray of float64, shape (K + 1, dim)
        By each output row: its error times h.
    new_hidden : ndarray of float64, shape (dim,)
        The center's row after the update.
    old_output_rows, new_output_rows : ndarray of float64, shape (K + 1, dim)
        Before and after the update. A word that was drawn twice has moved by both its gradients.
    after : Embeddings
        All rows of the example after the update.
    """

    center: str
    words: tuple[str, ...]
    learning_rate: float
    loss: float
    hidden: Floats
    weights: Floats
    logits: Floats
    probabilities: Floats
    labels: Floats
    errors: Floats
    input_gradient: Floats
    output_gradients: Floats
    new_hidden: Floats
    old_output_rows: Floats
    new_output_rows: Floats
    after: Embeddings

    @property
    def contributions(self) -> Floats:
        """What each output row adds to `input_gradient`: its error times the old row, shape (K + 1, dim)."""
        return self.errors[:, np.newaxis] * self.old_output_rows

    def as_dict(self) -> dict[str, object]:
        """Return the step as plain values that JSON can hold."""
        outputs = [
            {
                "word": word,
                "label": int(self.labels[row]),
                "weight": float(self.weights[row]),
                "logit": float(self.logits[row]),
                "probability": float(self.probabilities[row]),
                "error": float(self.errors[row]),
                "old": self.old_output_rows[row].tolist(),
                "gradient": self.output_gradients[row].tolist(),
                "new": self.new_output_rows[row].tolist(),
            }
            for row, word in enumerate(self.words)
        ]
        center = {
            "word": self.center,
            "old": self.hidden.tolist(),
            "gradient": self.input_gradient.tolist(),
            "new": self.new_hidden.tolist(),
        }
        return {"learning_rate": self.learning_rate, "loss": self.loss, "center": center, "outputs": outputs}


def explain_step(example: Example, *, learning_rate: float) -> Step:
    """Take one step of gradient descent on one pair, and keep everything on the way.

    Parameters
    ----------
    example : Example
        The rows and the pair; it stays as it is.
    learning_rate : float
        Above 0, up to 10.

    Raises
    ------
    ConfigError
        The learning rate is out of its range, or so high that the rows leave the range of numbers.
    """
    if not 0 < learning_rate <= _HIGHEST_LEARNING_RATE:
        raise ConfigError(
            f"learning_rate is {learning_rate!r}, but must be above 0 and at most {_HIGHEST_LEARNING_RATE:g}"
        )
    ids = [example.positive_id, *example.negative_ids]
    hidden = np.array(example.embeddings.input[example.center_id], np.float64)
    rows = np.array(example.embeddings.output[ids], np.float64)
    weights = negative_weights(example.positive_id, example.negative_ids)
    pair = hidden, rows[0], rows[1:]
    with np.errstate(over="ignore", invalid="ignore"):
        logits = rows @ hidden
        gradient = gradients(*pair, weights=weights)
        after = update(
            example.embeddings,
            center_id=example.center_id,
            positive_id=example.positive_id,
            negative_ids=example.negative_ids,
            learning_rate=learning_rate,
            weights=weights,
        )
    if not (np.isfinite(after.input).all() and np.isfinite(after.output).all() and np.isfinite(logits).all()):
        raise ConfigError(f"learning_rate is {learning_rate:g}, which drives the rows to infinity: lower it")
    labels = np.array([1.0] + [0.0] * len(weights))
    all_weights = np.array([1.0, *weights])
    return Step(
        center=example.words[example.center_id],
        words=tuple(example.words[i] for i in ids),
        learning_rate=learning_rate,
        loss=loss(*pair, weights=weights),
        hidden=hidden,
        weights=all_weights,
        logits=logits,
        probabilities=sigmoid(logits),
        labels=labels,
        errors=all_weights * (sigmoid(logits) - labels),
        input_gradient=gradient.center,
        output_gradients=np.vstack([gradient.positive, gradient.negatives]),
        new_hidden=after.input[example.center_id],
        old_output_rows=rows,
        new_output_rows=after.output[ids],
        after=after,
    )


def explain_steps(example: Example, *, steps: int, learning_rate: float) -> Iterator[Step]:
    """Repeat the step with the same pair and the same negatives: the prediction errors go to zero.

    Source: [003], "Notes: Prediction error".

    Parameters
    ----------
    example : Example
        Where the first step starts; each further one starts from the rows that the one before has left.
    steps : int
        How many, at least 1.
    learning_rate : float
        Above 0, up to 10.

    Yields
    ------
    Step

    Raises
    ------
    ConfigError
        `steps` or `learning_rate` is out of its range.
    """
    if steps < 1:
        raise ConfigError(f"steps is {steps}, but must be at least 1")
    for _ in range(steps):
        step = explain_step(example, learning_rate=learning_rate)
        yield step
        example = dataclasses.replace(example, embeddings=step.after)
