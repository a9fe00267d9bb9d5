"""Where a run stands between two rounds."""

from __future__ import annotations

import dataclasses
import numbers as numbers_of
from collections.abc import Mapping
from typing import Any

from firth.config import Settings
from firth.errors import FormatError
from firth.training.progress import Epoch

_NUMBERS = ("epoch", "position", "loss", "pairs")
_COUNTS = {"epoch", "position"}
_MOST = 2**62


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a run stands between two rounds; with the weights, all that it needs to go on.

    Parameters
    ----------
    epoch : int
        Finished epochs.
    position : int
        Corpus positions done of the next one.
    loss, pairs : float
        Sums over that part of the epoch.
    history : tuple of Epoch
        The finished epochs.
    """

    epoch: int = 0
    position: int = 0
    loss: float = 0.0
    pairs: float = 0.0
    history: tuple[Epoch, ...] = ()

    @classmethod
    def of(cls, numbers: Mapping[str, Any], history: tuple[Epoch, ...]) -> Standing:
        """Return what `as_dict` has made `numbers` of, with its history.

        Raises
        ------
        KeyError
            A number is missing.
        FormatError
            A number is none, or cannot be true; positions lead kernels through the corpus.
        """
        values = {name: numbers[name] for name in _NUMBERS}
        for each in (values, *map(dataclasses.asdict, history)):
            _check(each)
        return cls(**values, history=history)

    def as_dict(self) -> dict[str, float]:
        """Return the numbers, without the history, as plain values."""
        return {name: getattr(self, name) for name in _NUMBERS}

    @property
    def place(self) -> tuple[int, int]:
        """Epoch and position: of two standings of one run, the greater is further on."""
        return self.epoch, self.position

    def best_epoch(self, until: int | None = None) -> int:
        """Return the epoch with the least held-out loss, of those up to `until`; 0 where none has one."""
        losses = [epoch.held_out_loss for epoch in self.history[:until]]
        told = [loss for loss in losses if loss is not None]
        return losses.index(min(told)) + 1 if told else 0

    def ended(self, settings: Settings) -> bool:
        """Return whether nothing is left to train: all epochs are done, or the held-out loss falls no more."""
        patience = settings.patience
        waited = self.epoch - self.best_epoch()
        return self.epoch >= settings.epochs or (patience is not None and waited >= patience)


def _check(numbers: Mapping[str, Any]) -> None:
    """Refuse what is no number, and counts that are none."""
    for name, value in numbers.items():
        if value is None and name == "held_out_loss":
            continue
        kind = numbers_of.Integral if name in _COUNTS else numbers_of.Real
        fits = isinstance(value, kind) and not isinstance(value, bool)
        if not fits or (name in _COUNTS and not 0 <= value < _MOST):
            raise FormatError(f"{name} is {value!r:.40}, but must be a number that training can reach")
