"""What all models share: the settings of a run over a counted corpus, and how any setting is checked."""

from __future__ import annotations

import dataclasses
import numbers
from typing import Any, ClassVar, Literal

from firth.errors import ConfigError

Schedule = Literal["linear", "cosine", "constant"]

WHOLE_NUMBERS: dict[str, tuple[int, int]] = {
    "dim": (1, 65_536),
    "window": (1, 1_000),
    "negatives": (1, 1_000),
    "shared_negatives": (1, 1_024),
    "epochs": (1, 1_000_000),
    "min_count": (1, 2**62),
    "max_vocab": (2, 2**31 - 1),
    "seed": (0, 2**63 - 1),
    "min_n": (0, 100),
    "max_n": (0, 100),
    "buckets": (1, 2**31 - 1),
    "memory_limit": (1 << 24, 2**62),
    "patience": (1, 1_000_000),
    "min_label_count": (1, 2**62),
    "word_ngrams": (1, 100),
}
"""The limits of every whole number, both included."""

REAL_NUMBERS: dict[str, tuple[float, float, bool]] = {
    "noise_exponent": (-10.0, 10.0, False),
    "subsample": (0.0, 1.0, False),
    "held_out": (0.0, 0.5, False),
    "learning_rate": (0.0, 10.0, True),
    "min_learning_rate": (0.0, 10.0, False),
    "x_max": (0.0, 1e12, True),
    "weighting_exponent": (0.0, 10.0, False),
}
"""The limits of every real number, and whether it must be above the lower one."""

CHOICES: dict[str, tuple[str, ...]] = {
    "schedule": ("linear", "cosine", "constant"),
    "loss": (
        "negative-sampling",
        "hierarchical-softmax",
        "hierarchical-softmax+negative-sampling",
        "softmax",
    ),
    "architecture": ("skipgram", "cbow"),
    "combine": ("mean", "sum"),
    "cbow_gradient": ("word2vec", "exact"),
}
"""What every choice can be."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings that every model has; use one of its subclasses.

    Parameters
    ----------
    dim : int
        Length of a vector, 1 to 65,536.
    epochs : int
        How often the corpus is passed over, at least 1.
    learning_rate : float
        At the start, above 0.
    min_count : int
        Words that occur less often are dropped before windows are cut.
    max_vocab : int, optional
        At most so many words are kept, the most frequent ones.
    stop_words : tuple of str
        Words that are dropped however often they occur.
    seed : int
        Chooses all random draws, 0 to 2**63 - 1.
    deterministic : bool
        The same seed gives the same bits on any number of threads.
    held_out : float
        Share of the documents, 0 to 0.5, that are never trained on; their loss is computed after each epoch. Which they
        are follows from `seed` and the documents' numbers.
    patience : int, optional
        End the run when the loss of the documents held out has not fallen for so many epochs, and keep the model of the
        epoch where it was least, also when all epochs are trained.

    Raises
    ------
    ConfigError
        A value out of its range; the message gives the value, the range and the remedy.
    """

    NAME: ClassVar[str]
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {}  # where a model has others than `CHOICES`

    dim: int = 100
    epochs: int = 5
    learning_rate: float = 0.025
    min_count: int = 5
    max_vocab: int | None = None
    stop_words: tuple[str, ...] = ()
    seed: int = 1
    deterministic: bool = True
    held_out: float = 0.0
    patience: int | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            name, value = field.name, getattr(self, field.name)
            if name in WHOLE_NUMBERS and not (value is None and field.default is None):
                # Numbers of NumPy become Python's own, which JSON can hold.
                self._set(name, whole_number(name, value, *WHOLE_NUMBERS[name]))
            elif name in REAL_NUMBERS:
                self._set(name, real_number(name, value, *REAL_NUMBERS[name]))
            elif name in CHOICES:
                _check_choice(name, value, self.CHOICES.get(name, CHOICES[name]))
            elif isinstance(field.default, bool) and value is not True and value is not False:
                raise ConfigError(f"{name} is {value!r:.60}, but must be True or False")
        if isinstance(self.stop_words, str):
            raise ConfigError(
                f"stop_words is the string {self.stop_words!r:.60}, but must be several words: a tuple"
            )
        self._set("stop_words", tuple(self.stop_words))
        for word in self.stop_words:
            if not isinstance(word, str):
                raise ConfigError(
                    f"a stop word is {word!r:.60}, but must be text: tokens are compared as text"
                )
        if self.patience is not None and not self.held_out:
            raise ConfigError(
                f"patience is {self.patience}, but no documents are held out whose loss could be watched: set "
                "held_out, to 0.05 for example"
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values that JSON can hold, with the name of the model."""
        return {"model": self.NAME, **dataclasses.asdict(self), "stop_words": list(self.stop_words)}

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _refuse_unless_default(self, names: tuple[str, ...], reason: str) -> None:
        """Refuse settings that were chosen although nothing would come of it."""
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        for name in names:
            if getattr(self, name) != defaults[name]:
                raise ConfigError(f"{name} is {getattr(self, name)!r:.60}, but {reason}: leave it out")


def whole_number(name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number from `low` to `high` as an int; refuse anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not low <= int(value) <= high:
        raise ConfigError(f"{name} is {value!r:.60}, but must be a whole number from {low:,} to {high:,}")
    return int(value)


def real_number(name: str, value: Any, low: float, high: float, above: bool) -> float:
    """Return a finite number from `low` (or above it) to `high` as a float; refuse anything else."""
    valid = isinstance(value, numbers.Real) and not isinstance(value, bool)
    # The comparison also refuses NaN, and whole numbers that are too large for a float.
    if not valid or not low <= value <= high or (above and value == low):
        start = f"above {low:g}, up to" if above else f"from {low:g} to"
        raise ConfigError(f"{name} is {value!r:.60}, but must be a number {start} {high:g}")
    return float(value)


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        *others, final = (repr(choice) for choice in choices)
        raise ConfigError(f"{name} is {value!r:.60}, but must be {', '.join(others)} or {final}")
