"""Where a run stands comes from a file: numbers that cannot be true are refused before a kernel meets them."""

from __future__ import annotations

import numpy as np
import pytest

from firth.config import settings_from_dict
from firth.errors import ConfigError, FormatError
from firth.training.progress import Epoch
from firth.training.standing import Standing

FINE = {"epoch": 1, "position": 64, "loss": 1.5, "pairs": 3}
EPOCH = {"epoch": 1, "loss": 2.5, "pairs": 7, "seconds": 0.5, "words_per_second": 9.0, "learning_rate": 0.02}


@pytest.mark.parametrize(
    "change",
    [
        {"position": -1},
        {"position": 2**62},
        {"position": 1.0},
        {"epoch": True},
        {"epoch": "1"},
        {"loss": None},
        {"pairs": []},
    ],
)
def test_numbers_that_cannot_be_true_are_refused(change):
    with pytest.raises(FormatError, match=next(iter(change))):
        Standing.of({**FINE, **change}, ())


@pytest.mark.parametrize(
    "change", [{"epoch": -1}, {"loss": "low"}, {"held_out_loss": "low"}, {"learning_rate": None}]
)
def test_so_are_those_of_epochs(change):
    with pytest.raises(FormatError, match=next(iter(change))):
        Standing.of(FINE, (Epoch(**{**EPOCH, **change}),))


def test_numbers_of_numpy_and_losses_that_are_not_finite_are_numbers():
    history = (Epoch(**{**EPOCH, "loss": float("nan"), "held_out_loss": np.float64(2)}),)
    assert Standing.of({**FINE, "pairs": np.float64(3), "position": np.int64(64)}, history).place == (1, 64)


@pytest.mark.parametrize(
    "values", [None, [], {"model": ["skipgram"]}, {"model": "skipgram", "stop_words": 3}]
)
def test_settings_of_another_kind_are_refused(values):
    with pytest.raises(ConfigError, match=r"settings|model is"):
        settings_from_dict(values)
