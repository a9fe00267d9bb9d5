"""Folders for temporary files, which do not outlive their process for long, however it ends."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from firth.corpus.encoder import unwritable
from firth.files import hold_lock

_OURS = re.compile(r"firth-(corpus|counts|held-out|phrases|walks)-[a-z0-9_]{8}")
_LOCK = ".lock"
# Younger ones may not be locked yet.
_SECONDS_TO_LOCK = 60.0


def make_temporary_folder(use: str) -> tuple[Path, Callable[[], None]]:
    """Return a new folder and what removes it.

    It is locked until then, or until the process ends. Where a killed process has left such folders, they are removed.

    Parameters
    ----------
    use : {"corpus", "counts", "held-out", "phrases", "walks"}
        What will lie in it, a part of its name.

    Raises
    ------
    OutputError
        It cannot be made.
    """
    place = Path(tempfile.tempdir or "the folder for temporary files")
    try:
        place = Path(tempfile.gettempdir())
        folder = Path(tempfile.mkdtemp(prefix=f"firth-{use}-", dir=place))
        (folder / _LOCK).touch()
    except OSError as error:
        raise unwritable(place, error) from error
    let_go = hold_lock(folder / _LOCK, alone=True)

    def remove() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        if let_go is not None:
            let_go()

    if let_go is not None and hold_lock(folder / _LOCK, alone=True) is None:  # so locks keep others out here
        _remove_abandoned(place)
    return folder, remove


def _remove_abandoned(place: Path) -> None:
    """Remove what processes left that were killed: folders that nobody holds a lock on."""
    latest = time.time() - _SECONDS_TO_LOCK
    for folder in place.glob("firth-*"):
        lock = folder / _LOCK
        try:
            if not _OURS.fullmatch(folder.name) or folder.is_symlink() or lock.stat().st_mtime > latest:
                continue
        except OSError:  # it has no lock, is not ours to see, or is gone
            continue
        let_go = hold_lock(lock, alone=True)
        if let_go is not None:
            shutil.rmtree(folder, ignore_errors=True)
            let_go()
