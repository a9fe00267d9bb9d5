"""How the learning rate falls over a run."""

from __future__ import annotations

import math

from firth.config import WindowSettings


def learning_rate(config: WindowSettings, done: float) -> float:
    """Return the rate when the share `done` of all epochs is done, 0 to 1."""
    first, last = config.learning_rate, config.min_learning_rate
    if config.schedule == "constant":
        return first
    if config.schedule == "cosine":
        return last + (first - last) * (1.0 + math.cos(math.pi * done)) / 2.0
    return first + (last - first) * done
