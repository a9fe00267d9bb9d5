"""Whether weights are still numbers, and if not, whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firth.errors import TrainingError

if TYPE_CHECKING:
    from firth.training.loop import Learner
    from firth.training.standing import Standing

_FREQUENT = 1_024
_NUMBERS_AT_ONCE = 1 << 20
_NAMED = 3


def check_weights(learner: Learner, standing: Standing, *, all_rows: bool) -> None:
    """Refuse to go on when weights have become infinite or NaN.

    Parameters
    ----------
    learner : Learner
    standing : Standing
        Where the run stands, for the message.
    all_rows : bool
        Look at all rows, which takes as long as reading them; otherwise at the first and the last thousand or so. Those
        of the most frequent words and of the upper nodes of the tree are among them, which take part in every round:
        a row that is not finite spoils the noise words, or nodes, of its chunk, and so comes to light in the round that
        uses it.

    Raises
    ------
    TrainingError
        The message names the step, the rows and the remedy.
    """
    for array in learner.weights.values():
        n = max(1, min(_FREQUENT, _NUMBERS_AT_ONCE // array.shape[-1]))
        looked_at = [array.reshape(-1)] if all_rows else [array[..., :n, :], array[..., -n:, :]]
        if not all(map(_all_finite, looked_at)):
            raise overflow(learner, standing, "weights are not finite any more")


def overflow(learner: Learner, standing: Standing, what: str) -> TrainingError:
    """Return the error to raise when a run has overflown."""
    whose = _wild_rows(learner) or _largest_rows(learner)
    return TrainingError(
        f"{what} after {standing.position:,} of {learner.n_positions:,} positions of epoch {standing.epoch + 1}{whose}"
        f": the vectors have grown beyond all bounds; lower the learning rate, which is "
        f"{learner.settings.learning_rate} (a run with a checkpoint can be resumed at a lower one), or remove wild "
        "values from the initial vectors"
    )


def _all_finite(numbers: NDArray[np.float32]) -> bool:
    if numbers.ndim > 1:
        return bool(np.isfinite(numbers).all())
    starts = range(0, len(numbers), _NUMBERS_AT_ONCE)
    return all(np.isfinite(numbers[start : start + _NUMBERS_AT_ONCE]).all() for start in starts)


def _wild_rows(learner: Learner) -> str:
    """Return the names of some rows that hold no finite numbers."""
    found = []
    for name, array in learner.weights.items():
        slices = array.reshape(-1, *array.shape[-2:])
        # The sum of a row is as finite as its numbers, or overflows where they all but do; and takes no copy.
        with np.errstate(all="ignore"):
            wild = np.flatnonzero(~np.isfinite(slices.sum(axis=(0, -1), dtype=np.float64)))
        if len(wild):
            shown = ", ".join(learner.row_name(name, int(row)) for row in wild[:_NAMED])
            more = f" and {len(wild) - _NAMED:,} more" if len(wild) > _NAMED else ""
            found.append(f"the {name} of {shown}{more}")
    return f" in {' and '.join(found)}" if found else ""


def _largest_rows(learner: Learner) -> str:
    """Return the names of the rows that hold the largest numbers: those that overflow next, if all are finite yet."""
    found = []
    for name, array in learner.weights.items():
        slices = array.reshape(-1, *array.shape[-2:])
        most = np.maximum(slices.max(axis=(0, -1)), -slices.min(axis=(0, -1)))
        largest = np.argsort(-most)[:_NAMED]
        if len(largest):
            shown = ", ".join(learner.row_name(name, int(row)) for row in largest)
            found.append(f"the {name} of {shown} (up to {most[largest[0]]:.3g})")
    return f"; the largest numbers are in {' and '.join(found)}"
