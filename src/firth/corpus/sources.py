"""From what the user names (files, folders, globs, ``-``) to the files to read, in a fixed order."""

from __future__ import annotations

import dataclasses
import errno
import glob
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from firth.errors import CorpusError

STDIN = "-"
_SHOWN = 200


@dataclasses.dataclass(frozen=True)
class TextFile:
    """One file of a corpus, or standard input.

    Parameters
    ----------
    path : Path, optional
        None for standard input.
    size : int, optional
        Bytes on disk; None where that is not known and the file can be read only once (a pipe).
    """

    path: Path | None
    size: int | None

    def __str__(self) -> str:
        return "standard input" if self.path is None else str(self.path)


def find_files(paths: Iterable[str | os.PathLike[str]]) -> list[TextFile]:
    """Return the files that `paths` name, in the order of `paths`.

    A folder stands for the regular files in it and below, sorted by name, without hidden ones (``.git``);
    links are followed, wherever they lead; links that lead nowhere or in circles are passed over, and so are devices,
    pipes, sockets, and a folder that is met again inside itself. A glob stands for what
    it matches, sorted, each file once. ``-`` is standard input.

    Raises
    ------
    CorpusError
        A path names nothing or cannot be read, a glob matches nothing, or a folder holds no file.
    """
    return [file for path in paths for file in _expand(os.fspath(path))]


def _expand(name: str) -> list[TextFile]:
    if name == STDIN:
        return [TextFile(None, None)]
    if not name:
        raise CorpusError("the path of the corpus is empty: name a file, a folder or a glob")
    path = Path(name)
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if glob.has_magic(name):
            return _matches(name)
        raise _missing("no such file or folder", name) from None
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or error.errno == errno.ENAMETOOLONG:
            raise _missing("no such file or folder", name) from None
        raise _unreadable(name, error) from error
    if not stat.S_ISDIR(status.st_mode):
        return [TextFile(path, status.st_size if stat.S_ISREG(status.st_mode) else None)]
    files = list(_inside(path, frozenset()))
    if not files:
        raise CorpusError(
            f"the folder {name} holds no files (hidden ones are passed over): name one that holds text"
        )
    return files


def _matches(pattern: str) -> list[TextFile]:
    """Return the files that a glob matches; ``**`` can match a folder and again what is inside it."""
    found: dict[Path, TextFile] = {}
    for match in sorted(glob.glob(pattern, recursive=True)):
        path = Path(match)
        if path.is_dir():
            found.update((file.path, file) for file in _inside(path, frozenset()) if file.path)
        elif path.is_file():
            found[path] = TextFile(path, path.stat().st_size)
    if not found:
        raise _missing("no file matches", pattern)
    return [found[path] for path in sorted(found)]


def _inside(folder: Path, around: frozenset[tuple[int, int]]) -> Iterator[TextFile]:
    """Yield the regular files below `folder`; `around` identifies the folders that we are inside of."""
    try:
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        if here in around:
            return
        with os.scandir(folder) as entries:
            found = sorted(
                (entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name
            )
            inside = [(Path(entry.path), what) for entry in found if (what := _status(entry))]
    except OSError as error:
        raise _unreadable(str(folder), error) from error
    for path, what in inside:
        if stat.S_ISDIR(what.st_mode):
            yield from _inside(path, around | {here})
        elif stat.S_ISREG(what.st_mode):  # no device, no pipe, no socket: their end may never come
            yield TextFile(path, what.st_size)


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Return what an entry of a folder leads to, or None for a link that leads nowhere or round in circles."""
    try:
        return entry.stat()
    except OSError as error:
        if entry.is_symlink() and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def _missing(what: str, name: str) -> CorpusError:
    shown = repr(name) if len(name) <= _SHOWN else f"{name[:_SHOWN]!r}..."
    return CorpusError(f"{what}: {shown}; check the path (to train on text itself, pass a list of strings)")


def _unreadable(name: str, error: Exception) -> CorpusError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return CorpusError(f"cannot read {name}: {reason}; check the path and its permissions")
