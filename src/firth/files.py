"""Writing so that a reader sees the old file or the new one, never half of either."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from firth.errors import OutputError

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


_BLOCK = 1 << 20
_umask_lock = threading.Lock()


def read_whole(path: str | os.PathLike[str], limit: int = 1 << 32) -> bytes:
    """Return the content of a file, or of a pipe, whose end is waited for.

    Parameters
    ----------
    path : path
    limit : int
        The most bytes that there may be.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It is longer than `limit`, or a device, which may have no end, or its name is none.
    """
    blocks, length = [], 0
    with open(path, "rb") as file:  # noqa: PTH123 (a name may be one that Path refuses)
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise ValueError("it is a device; give a file or a pipe")
        # Never more than a block at once: what asks for all of the limit takes memory for all of it.
        while block := file.read(_BLOCK):
            blocks.append(block)
            length += len(block)
            if length > limit:
                raise ValueError(f"it is longer than {limit:,} bytes")
    return b"".join(blocks)


def output_error(path: Path, error: OSError) -> OutputError:
    """Return the error to raise when writing `path` met `error`."""
    if error.errno in _FULL:
        reason = "no space is left on the device (or a file size limit is reached): free some space"
    else:
        reason = f"{error.strerror or error}: choose another place"
    return OutputError(f"cannot write {path}: {reason}; what was there before is unchanged")


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary file beside `path`, and rename it to `path` when the block succeeds.

    A link stays a link: the file that it points to is replaced.

    Raises
    ------
    OutputError
        The folder does not exist or is not writable, `path` is no ordinary file, or the disk is full. Nothing is
        left behind, and an earlier file at `path` is unchanged.
    """
    target = _behind_links(path)
    try:
        special = target.exists() and not target.is_file()
    except OSError as error:
        raise output_error(target, error) from error
    if special:  # to rename over a device would do away with it
        raise OutputError(f"cannot write {target}: it is not an ordinary file; choose another place")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        os.close(descriptor)
    except OSError as error:
        raise output_error(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OutputError):
            raise
        raise output_error(target, error) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def replacing_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, and rename it to `path` when the block succeeds.

    With `overwrite` an earlier folder is moved aside first and removed last, so that a failure at any
    moment leaves one whole folder behind.

    Raises
    ------
    OutputError
        `path` exists and `overwrite` is false, or the place cannot be written.
    """
    target = _behind_links(path)
    try:
        taken = not overwrite and target.exists() and not (target.is_dir() and not any(target.iterdir()))
    except OSError as error:
        raise output_error(target, error) from error
    if taken:
        raise OutputError(f"cannot write {target}: it exists already; choose another place or overwrite it")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    except OSError as error:
        raise output_error(target, error) from error
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        for made in (*temporary.rglob("*"), temporary):
            (_flush if made.is_file() else _flush_folder)(made)
        _swap(temporary, target, overwrite)
        _flush_folder(target.parent)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OutputError):
            raise
        raise output_error(target, error) from error
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def recover(path: str | os.PathLike[str]) -> None:
    """Tidy up after a process that was killed while it replaced the folder `path`.

    If it was moved aside and nothing came in its place, it comes back; what was half-written is removed. To be called
    only where nobody else writes to `path`.
    """
    target = _behind_links(path)
    # As tempfile names them, so that nothing is taken that belongs to "NAME.2".
    names = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}\.(part|old)")
    found = [path for path in target.parent.glob(".*") if names.fullmatch(path.name) and path.is_dir()]
    for aside in found:
        old = aside / target.name
        if aside.suffix == ".old" and old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(aside, ignore_errors=True)


def hold_lock(path: Path, *, alone: bool) -> Callable[[], None] | None:
    """Lock the file `path`, shared with others or `alone`; return what lets go, or None if somebody else holds it.

    The lock goes with the process, however that ends. Where the system knows no such locks, nobody is kept out.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        import fcntl

        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except (ImportError, OSError):  # no such locks on this system, or this file system
        os.close(descriptor)
        return _nothing
    return functools.partial(_close_once, [descriptor])


def _close_once(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())


def _nothing() -> None:
    pass


def _swap(temporary: Path, target: Path, overwrite: bool) -> None:
    """Put `temporary` in the place of `target`; if that fails, put the old `target` back."""
    if not overwrite or not target.exists():
        if target.is_dir() and os.name == "nt":
            target.rmdir()
        # An empty folder makes way. A full one does not: somebody else was faster, since it was looked for.
        temporary.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".old", dir=target.parent))
    old = aside / target.name
    try:
        target.rename(old)
        temporary.rename(target)
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(aside, ignore_errors=True)


def _behind_links(path: str | os.PathLike[str]) -> Path:
    try:
        return Path(os.path.realpath(path))
    except ValueError as error:  # a name with a null byte
        raise OutputError(f"cannot write {os.fspath(path)!r}: {error}; choose another name") from error


def _flush(path: Path) -> None:
    """Ask the system to put the content of `path` on the disk, where errors still can be reported."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    """Ask the system to put the names in the folder `path` on the disk, so that they outlive a power cut."""
    if os.name != "posix":  # where a folder cannot be opened
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that know nothing of this
            raise
    finally:
        os.close(descriptor)


def _umask() -> int:
    # It can only be read by setting it; two threads at once would leave the other's in place.
    with _umask_lock:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
