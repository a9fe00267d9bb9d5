"""The checkpoints of a run: its weights as they stand, in a folder beside the output while the run goes on.

::

    vectors.checkpoints/
        run.json                     which run this is: settings, text, corpus
        vocabulary.safetensors       its words and their counts
        000002-000000131072/         a checkpoint: epochs done, positions done of the next one
            weights.safetensors      the arrays as the learner holds them, padding included
            standing.json            the numbers, the history and a checksum of each array

Each is written under another name and renamed when it is whole, so that a process that is killed leaves none that is
half-written. Arrays go to the file as they lie in memory: no copy of them is made.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError, OutputError
from firth.files import hold_lock, output_error, read_whole, recover, replacing, replacing_folder
from firth.formats.tensors import read_tensors, write_tensors
from firth.training.progress import Epoch
from firth.training.standing import Standing
from firth.vocabulary import Vocabulary
from firth.words import Words

_VERSION = 1
_LONGEST = 1 << 28
_RUN, _VOCABULARY, _WEIGHTS, _STANDING = (
    "run.json",
    "vocabulary.safetensors",
    "weights.safetensors",
    "standing.json",
)
_NAME = re.compile(r"(\d{6,})-(\d{12,})")

Place = tuple[int, int]
"""Finished epochs, and positions done of the next one."""
Weights = Mapping[str, NDArray[np.float32]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Which run a folder of checkpoints belongs to.

    Parameters
    ----------
    id : str
        Differs from run to run; a model saved by the run has it, too.
    settings, text : mapping
        As plain values.
    corpus : str
        The corpus's fingerprint.
    """

    id: str
    settings: Mapping[str, Any]
    text: Mapping[str, Any]
    corpus: str


def checkpoint_folder(output: Path) -> Path:
    """Return where the checkpoints of a run lie that saves its model at `output`."""
    return output.with_name(f"{output.name}.checkpoints")


class Checkpoints:
    """The checkpoints in a folder, which no other process may use meanwhile; made by `begin` or `open`.

    Attributes
    ----------
    folder : Path
    record : RunRecord
    """

    def __init__(self, folder: Path, record: RunRecord, let_go: Callable[[], None]) -> None:
        self.folder = folder
        self.record = record
        self._let_go = let_go

    @classmethod
    def begin(cls, folder: Path, record: RunRecord, vocabulary: Vocabulary) -> Checkpoints:
        """Make the folder of a new run, in the place of what an earlier run has left there.

        Raises
        ------
        OutputError
            It cannot be written, or another process uses it, or it holds something else.
        """
        earlier = cls.open(folder)
        if earlier is not None:
            earlier.remove()
        words, counts = vocabulary.words, vocabulary.counts
        with replacing_folder(folder) as made:
            parts: dict[str, list[NDArray[Any]]] = {"text": [words.text], "offsets": [words.offsets]}
            if counts is not None:
                parts["counts"] = [counts]
            write_tensors(made / _VOCABULARY, parts)
            (made / _RUN).write_text(_described(record), "utf-8")
        return cls(folder, record, _lock(folder))

    @classmethod
    def open(cls, folder: Path) -> Checkpoints | None:
        """Return the checkpoints that a run has left, or None where there is no such folder.

        Raises
        ------
        OutputError
            Another process uses it, or it holds something else.
        """
        recover(folder)
        if not folder.exists():
            return None
        if not (folder / _RUN).is_file():
            raise OutputError(
                f"{folder}, where checkpoints would be written, holds something else: move it, or choose another output"
            )
        let_go = _lock(folder)
        try:
            content = json.loads(read_whole(folder / _RUN, _LONGEST))
            if content.pop("version") != _VERSION:
                raise ValueError("it is of another version of firth")  # noqa: TRY301 (one message for all)
            record = RunRecord(**{**content, "text": dict(content["text"])})
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            let_go()
            raise OutputError(
                f"{folder} does not say which run it belongs to ({error!s:.200}): remove it, or choose another output"
            ) from error
        for unfinished in folder.glob(".*.part"):
            shutil.rmtree(unfinished, ignore_errors=True)
        return cls(folder, record, let_go)

    def renew(self, record: RunRecord) -> None:
        """Take down that the run goes on with settings of `record`, if they differ.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        renewed = dataclasses.replace(self.record, settings=record.settings)
        if _described(renewed) != _described(self.record):
            self.record = renewed
            with replacing(self.folder / _RUN) as made:
                made.write_text(_described(self.record), "utf-8")

    def places(self) -> list[Place]:
        """Return which checkpoints there are, the furthest first."""
        names = [_NAME.fullmatch(path.name) for path in self.folder.iterdir()]
        return sorted(((int(name[1]), int(name[2])) for name in names if name), reverse=True)

    def path(self, place: Place) -> Path:
        """Return where the checkpoint of a place is."""
        return self.folder / f"{place[0]:06}-{place[1]:012}"

    def vocabulary(self) -> Vocabulary:
        """Return the words of the run.

        Raises
        ------
        FormatError
            The file is damaged.
        """
        tensors = read_tensors(self.folder / _VOCABULARY, memory_map=False)
        try:
            words = Words(tensors["text"], tensors["offsets"])
            words.check_text()
            return Vocabulary(words, tensors.get("counts"))
        except (KeyError, InputError) as error:
            raise FormatError(f"{self.folder / _VOCABULARY} is damaged: {error}") from error

    def write(self, weights: Weights, standing: Standing) -> Path:
        """Write a checkpoint of weights that nobody changes meanwhile, and return where it is.

        Raises
        ------
        OutputError
            The disk is full, for example. The checkpoints before it are unchanged.
        """
        path = self.path(standing.place)
        content = {
            **standing.as_dict(),
            "history": [dataclasses.asdict(epoch) for epoch in standing.history],
            "checksums": {name: _checksum(array) for name, array in weights.items()},
        }
        shutil.rmtree(path, ignore_errors=True)
        with replacing_folder(path) as made:
            write_tensors(made / _WEIGHTS, {name: [array] for name, array in weights.items()})
            (made / _STANDING).write_text(json.dumps(content), "utf-8")
        return path

    def read(self, place: Place, weights: Weights) -> Standing:
        """Fill `weights` from a checkpoint and return where it stands.

        Raises
        ------
        FormatError
            It is damaged, or of other weights; `weights` are unchanged then.
        """
        path = self.path(place)
        try:
            content = json.loads(read_whole(path / _STANDING, _LONGEST))
            history = tuple(Epoch(**epoch) for epoch in content["history"])
            standing = Standing.of(content, history)
            checksums = dict(content["checksums"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise FormatError(f"the checkpoint {path} is damaged: {error!r:.200}") from error
        saved = read_tensors(path / _WEIGHTS, memory_map=True)
        shapes, wanted = ({name: array.shape for name, array in each.items()} for each in (saved, weights))
        if shapes != wanted:
            raise FormatError(f"the checkpoint {path} holds {shapes}, but the run needs {wanted}")
        for name, array in saved.items():
            if _checksum(array) != checksums.get(name):
                raise FormatError(f"the checkpoint {path} is damaged: {name} are not what was written")
        for name, array in saved.items():
            weights[name][...] = array
        return standing

    def prune(self, keep: Collection[Place]) -> None:
        """Remove the checkpoints of other places than these."""
        for place in self.places():
            if place not in keep:
                shutil.rmtree(self.path(place), ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder: nothing of it is needed any more."""
        # First out of sight in one step, so that a kill leaves all of it or nothing.
        try:
            gone = tempfile.mkdtemp(prefix=f".{self.folder.name}.", suffix=".part", dir=self.folder.parent)
            self.folder.rename(Path(gone) / self.folder.name)
        except OSError as error:
            raise output_error(self.folder, error) from error
        finally:
            self.close()
        shutil.rmtree(gone, ignore_errors=True)

    def close(self) -> None:
        """Let other processes use the folder."""
        self._let_go()


def _lock(folder: Path) -> Callable[[], None]:
    let_go = hold_lock(folder / _RUN, alone=True)
    if let_go is None:
        raise OutputError(f"another process is training with {folder}: wait for it, or choose another output")
    return let_go


def _described(record: RunRecord) -> str:
    return json.dumps({"version": _VERSION, **dataclasses.asdict(record)}, indent=1)


def _checksum(array: NDArray[np.float32]) -> int:
    return zlib.crc32(array.reshape(-1).view(np.uint8).data)
