"""Going on with an interrupted run: what is on disk, and whether it is the run that is asked for.

A run leaves its checkpoints, if it was killed, and a model with all that it needs to go on, if it was interrupted.
Either holds the weights, how far the corpus is done, and, since every draw is a function of seed, epoch and position,
no state of any generator.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firth.config import Settings, TextOptions, settings_from_dict
from firth.errors import FormatError, InputError, OutputError
from firth.files import recover
from firth.formats import read
from firth.training.checkpoints import Checkpoints, checkpoint_folder
from firth.training.loop import Learner
from firth.training.model import TrainedModel
from firth.training.progress import Epoch
from firth.training.standing import Standing
from firth.vocabulary import Vocabulary

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, eq=False)
class Earlier:
    """What a run has left that is not finished, or was.

    Parameters
    ----------
    settings : Settings
    text : mapping
        How text became tokens, as plain values.
    corpus : str
        The corpus's fingerprint.
    run : str
        The run's id; empty where an older firth has given none.
    model : TrainedModel, optional
        What was saved when the run was interrupted, or finished.
    checkpoints : Checkpoints, optional
        What it wrote on its way.
    """

    settings: Settings
    text: Mapping[str, Any]
    corpus: str
    run: str
    model: TrainedModel | None
    checkpoints: Checkpoints | None

    @property
    def finished(self) -> TrainedModel | None:
        """The trained model, if nothing is left to train."""
        return self.model if self.model is not None and self.model.finished else None

    def vocabulary(self) -> Vocabulary:
        """Return the words that are learned."""
        if self.checkpoints is not None:
            return self.checkpoints.vocabulary()
        assert self.model is not None  # noqa: S101 (one of the two is there)
        return self.model.vocabulary

    def close(self) -> None:
        """Let other processes use the checkpoints."""
        if self.checkpoints is not None:
            self.checkpoints.close()

    def check_settings(self, config: Settings) -> None:
        """Refuse to go on with other settings, but for the learning rate: a run that overflows needs a lower one.

        Raises
        ------
        InputError
            Settings differ; the message says which.
        """
        differences = _differences(self.settings.as_dict(), config.as_dict())
        rate = None if self.finished is not None else differences.pop("learning_rate", None)
        _refuse(list(differences.values()))
        if rate is not None:
            _log.warning("the run goes on at another learning rate: %s", rate)

    def check_text(self, text: TextOptions) -> None:
        """Refuse to go on with text that becomes tokens by other rules, even where they give the same tokens.

        Raises
        ------
        InputError
            Rules differ; the message says which.
        """
        _refuse(list(_differences(self.text, text.as_dict()).values()))

    def check_corpus(self, fingerprint: str, vocabulary: Vocabulary) -> None:
        """Refuse to go on with another corpus or other words.

        Raises
        ------
        InputError
            The corpus or the vocabulary is another one.
        """
        if self.corpus != fingerprint:
            _refuse(["the corpus has changed"])
        if self.vocabulary() != vocabulary:
            _refuse(["the vocabulary has changed"])

    def take_up(self, learner: Learner, vocabulary: Vocabulary, fingerprint: str) -> Standing | None:
        """Fill the weights from what is furthest on and not damaged, and return where it stands; None if nothing is.

        Raises
        ------
        InputError
            The corpus or the vocabulary is another one.
        FormatError
            The saved model is damaged.
        """
        self.check_corpus(fingerprint, vocabulary)
        saved = None if self.model is None else _standing_of(self.model)
        if self.checkpoints is not None:
            for place in self.checkpoints.places():
                if saved is not None and saved.place >= place:
                    break
                try:
                    standing = self.checkpoints.read(place, learner.weights)
                    _check_reach(standing, learner)
                except FormatError as error:
                    _log.warning("%s; trying the one before it", error)
                else:
                    return standing
        if self.model is None or saved is None:
            any_left = self.checkpoints is not None and self.checkpoints.places()
            reason = (
                "no checkpoint can be used" if any_left else "the run was ended before its first checkpoint"
            )
            _log.warning("%s: starting from the beginning", reason)
            return None
        try:
            learner.restore(self.model.table)
        except (KeyError, ValueError) as error:
            raise FormatError(
                f"the saved run lacks weights that it needs to go on ({error!r}): train into another folder"
            ) from error
        _check_reach(saved, learner)
        return saved


def find_earlier(output: Path) -> Earlier | None:
    """Return what a run into `output` has left, or None where there is nothing.

    Raises
    ------
    OutputError
        There are vectors that no training of firth left there, or another process is training into the folder.
    FormatError
        The folder is damaged, and there are no checkpoints.
    """
    recover(output)
    checkpoints = Checkpoints.open(checkpoint_folder(output))
    if checkpoints is None:
        model = read_model(output)
        if model is None:
            _log.warning("nothing to resume at %s: starting from the beginning", output)
            return None
        text, state = dict(model.table.metadata["text"]), model.state
        return Earlier(model.config, text, state["corpus"], state.get("run", ""), model, None)
    try:
        settings = settings_from_dict(checkpoints.record.settings)
    except BaseException:
        checkpoints.close()
        raise
    record, of_this_run = checkpoints.record, None
    try:
        model = read_model(output)
        # Anything else is what the run was to replace.
        of_this_run = model if model is not None and model.state.get("run") == record.id else None
    except (OutputError, FormatError) as error:
        _log.info("the model at %s is not of this run: %s", output, error)
    if of_this_run is not None and of_this_run.finished:  # killed between saving and tidying up
        checkpoints.remove()
        checkpoints = None
    return Earlier(settings, record.text, record.corpus, record.id, of_this_run, checkpoints)


def read_model(path: Path) -> TrainedModel | None:
    """Return the model at `path`, finished or not, or None where there is nothing.

    Raises
    ------
    OutputError
        There are vectors that no training of firth left there.
    FormatError
        The folder is damaged.
    """
    if not path.exists() or not any(path.iterdir()):
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
        history = tuple(Epoch(**epoch) for epoch in metadata["history"])
        state = {**metadata["training"], "corpus": str(metadata["training"]["corpus"])}
        return TrainedModel(
            config=config,
            text=TextOptions(**recorded),
            table=table,
            history=history,
            finished=Standing.of(state, history).ended(config),
            state=state,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{path} does not say how it was trained ({error!r}): train into another folder"
        ) from error


def _standing_of(model: TrainedModel) -> Standing:
    return Standing.of(model.state, model.history)


def _check_reach(standing: Standing, learner: Learner) -> None:
    """Refuse a position behind the end of the corpus, where a run would neither go on nor end."""
    if standing.position > learner.n_positions:
        raise FormatError(
            f"the saved run says that {standing.position:,} positions are done, but the corpus has "
            f"{learner.n_positions:,}: train into another folder"
        )


def _differences(saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return what to say of each value that both have and that differs."""
    return {
        name: f"{name} was {saved[name]!r:.60} and is {wanted[name]!r:.60}"
        for name in saved
        if name in wanted and saved[name] != wanted[name]
    }


def _refuse(differences: list[str]) -> None:
    if differences:
        raise InputError(
            f"cannot resume: {'; '.join(differences)}; use the same, or train into another folder, or overwrite"
        )
