"""Going on with an interrupted run: what is on disk, and whether it is the run that is asked for.

A saved model holds all that a run needs to go on: both matrices, how far the corpus is done, and, since every draw
is a function of seed, epoch and position, no state of any generator.
"""

from __future__ import annotations

import logging
from pathlib import Path

from firth.config import Settings, TextOptions, settings_from_dict
from firth.errors import FormatError, InputError, OutputError
from firth.formats import read
from firth.training.loop import Learner, Standing
from firth.training.model import TrainedModel
from firth.training.progress import Epoch
from firth.vocabulary import Vocabulary

_log = logging.getLogger(__name__)


def resumable(path: Path) -> TrainedModel | None:
    """Return the model at `path`, finished or not, or None where there is nothing.

    Raises
    ------
    OutputError
        There are vectors that no training of firth left there.
    FormatError
        The folder is damaged.
    """
    if not path.exists() or not any(path.iterdir()):
        _log.warning("nothing to resume at %s: starting from the beginning", path)
        return None
    table = read(path)
    metadata = table.metadata
    if "training" not in metadata:
        raise OutputError(f"{path} holds vectors but no training that could go on: train into another folder")
    try:
        config = settings_from_dict(metadata["settings"])
        recorded = dict(metadata["text"])
        if recorded["tokenize"] == "custom":  # a callable, which is not saved
            del recorded["tokenize"]
        return TrainedModel(
            config=config,
            text=TextOptions(**recorded),
            table=table,
            history=tuple(Epoch(**epoch) for epoch in metadata["history"]),
            finished=metadata["training"]["epoch"] >= config.epochs,
            state=metadata["training"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{path} does not say how it was trained ({error!r}): train into another folder"
        ) from error


def check_settings(earlier: TrainedModel, config: Settings) -> None:
    """Refuse to go on with other settings.

    Raises
    ------
    InputError
        Settings differ; the message says which.
    """
    saved, wanted = earlier.config.as_dict(), config.as_dict()
    _refuse(
        [
            f"{name} was {saved[name]!r} and is {wanted[name]!r}"
            for name in saved
            if saved[name] != wanted[name]
        ]
    )


def take_up(earlier: TrainedModel, learner: Learner, vocabulary: Vocabulary, fingerprint: str) -> Standing:
    """Fill the weights from an interrupted run, and return where it stands.

    Raises
    ------
    InputError
        The corpus or the vocabulary is another one.
    """
    if earlier.state["corpus"] != fingerprint:
        _refuse(["the corpus has changed"])
    if earlier.vocabulary != vocabulary:
        _refuse(["the vocabulary has changed"])
    try:
        learner.restore(earlier.table)
    except (KeyError, ValueError) as error:
        raise FormatError(
            f"the saved run lacks weights that it needs to go on ({error!r}): train into another folder"
        ) from error
    numbers = {name: earlier.state[name] for name in ("epoch", "position", "loss", "pairs")}
    return Standing(**numbers, history=earlier.history)


def _refuse(differences: list[str]) -> None:
    if differences:
        raise InputError(
            f"cannot resume: {'; '.join(differences)}; use the same, or train into another folder, or overwrite"
        )
