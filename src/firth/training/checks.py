"""What is refused before anything is read: arguments of another kind, outputs that could not be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from firth.config import MODELS, TextOptions
from firth.errors import ConfigError, OutputError
from firth.files import output_error
from firth.formats.native import is_native
from firth.training.callbacks import Callback
from firth.training.checkpoints import checkpoint_folder
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary


def check_kinds(
    config: object, text: object, vocabulary: object, init: object, callbacks: Sequence[object]
) -> None:
    """Refuse arguments of another kind than they must be, each with what it must be.

    Raises
    ------
    ConfigError
        One is.
    """
    optional: tuple[type, ...] = (type(None),)
    wanted: list[tuple[str, object, tuple[type, ...]]] = [
        ("config", config, tuple(MODELS.values())),
        ("text", text, (TextOptions,)),
        ("vocabulary", vocabulary, (Vocabulary, *optional)),
        ("init", init, (WordVectors, str, os.PathLike, *optional)),
        *(("a callback", callback, (Callback,)) for callback in callbacks),
    ]
    for name, value, kinds in wanted:
        if not isinstance(value, kinds):
            names = " or ".join(kind.__name__ for kind in kinds if kind not in optional)
            raise ConfigError(f"{name} is {value!r:.60}, but must be a {names}")


def checked_threads(threads: int | None) -> int:
    """Return how many threads to use; where it is not said, one for each core that this process may use.

    Raises
    ------
    ConfigError
        The number is out of its range.
    """
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= 1024:
        raise ConfigError(f"threads is {threads!r}, but must be a whole number from 1 to 1,024")
    return threads


def check_output(target: Path | None, *, overwrite: bool, resume: bool) -> None:
    """Refuse an output that could not be written, before hours are spent on it.

    Raises
    ------
    ConfigError
        Overwriting and resuming are both asked for, or resuming without an output.
    OutputError
        The output exists, is of another kind, or cannot be written; or an interrupted run has left checkpoints.
    """
    if overwrite and resume:
        raise ConfigError("overwrite and resume exclude each other: choose one")
    if target is None:
        if resume:
            raise ConfigError("resume needs the output folder of the run to go on with")
        return
    if target.is_file():
        raise OutputError(f"the output {target} is a file, but a folder is written: choose another place")
    if target.is_dir() and any(target.iterdir()) and not (overwrite or resume):
        raise OutputError(
            f"the output folder {target} exists: choose another, or overwrite it, or resume the run that is in it"
        )
    if overwrite and target.is_dir() and any(target.iterdir()) and not is_native(target):
        raise OutputError(
            f"cannot overwrite {target}: it holds something else than vectors; choose another place"
        )
    if checkpoint_folder(target).exists() and not (overwrite or resume):
        raise OutputError(
            f"a run into {target} was ended and has left checkpoints in {checkpoint_folder(target)}: resume it, or "
            "overwrite it, or choose another output"
        )
    existing = next(folder for folder in (target.absolute(), *target.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise output_error(target, error) from error
