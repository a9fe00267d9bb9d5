"""What must hold of any input: a valid result or a `FirthError`, within bounds of memory and time, no side steps."""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from firth.errors import FirthError
from fuzz.reader import Reader

FACTOR, ROOM, PATIENCE = 10, 64 << 20, 10.0
"""Memory may be so many times the input and so many bytes more; an answer may take so many seconds of work."""

_FORBIDDEN = {
    *(
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
        "os.forkpty",
        "os.link",
        "os.symlink",
        "shutil.move",
    ),
    *("subprocess.Popen", "pickle.find_class", "marshal.loads", "ctypes.dlopen", "webbrowser.open"),
    *("socket.connect", "socket.bind", "urllib.Request"),
}
_warm: set[str] = set()


class BrokenPromiseError(AssertionError):
    """An input did what none may do."""


def check(
    reader: Reader, content: bytes, folder: Path, *, measure: bool = True
) -> Literal["read", "refused"]:
    """Give an input to a reader, and return what came of it.

    Parameters
    ----------
    reader : Reader
    content : bytes
        The input.
    folder : Path
        Where its files are put; what the reader opens must lie inside.
    measure : bool
        Whether allocations and time on the processor are measured, which takes time itself; a long run limits its
        address space instead, looks at the clock, and measures what took long once more.

    Raises
    ------
    BrokenPromiseError
        The input made the reader raise something else than a `FirthError`, ask for too much memory, take too long, or
        touch what it must not.
    """
    if reader.name not in _warm:
        warm_up(reader, folder)
    path = reader.put(content, folder)
    with _guard.watching(folder), _quiet(), _measured(len(content)) if measure else contextlib.nullcontext():
        clock = time.process_time if measure else time.monotonic
        begun = clock()
        outcome: Literal["read", "refused"] = "read"
        try:
            reader.use(path)
        except FirthError as error:
            outcome = "refused"
            message = str(error)
        except Exception as error:
            raise BrokenPromiseError(f"{reader.name}: {type(error).__name__}: {error}") from error
        taken = clock() - begun
    if taken > PATIENCE and not measure:
        return check(reader, content, folder)
    if taken > PATIENCE:
        raise BrokenPromiseError(f"{reader.name}: an input of {len(content):,} bytes took {taken:.0f} s")
    if outcome == "refused" and ("\n" in message or len(message) > 2_000):
        raise BrokenPromiseError(f"{reader.name}: the message is not one short line: {message!r:.300}")
    if _guard.seen:
        raise BrokenPromiseError(f"{reader.name}: did what no reader may do: {sorted(set(_guard.seen))}")
    return outcome


def warm_up(reader: Reader, folder: Path) -> None:
    """Read valid inputs once, so that modules and kernels are loaded before anything is measured."""
    _warm.add(reader.name)
    for seed in reader.seeds():
        with contextlib.suppress(FirthError):
            reader.use(reader.put(seed, folder))


@contextlib.contextmanager
def _measured(size: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if peak > FACTOR * size + ROOM:
        raise BrokenPromiseError(f"an input of {size:,} bytes took {peak:,} bytes of memory")


class _Guard:
    """Watches what is opened and called while an input is read.

    Attributes
    ----------
    seen : list of str
        What must not have happened.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._folder = ""
        self._hooked = False

    @contextlib.contextmanager
    def watching(self, folder: Path) -> Iterator[None]:
        """Watch, and let temporary files lie in `folder`, too."""
        if not self._hooked:  # a hook cannot be removed
            sys.addaudithook(self._watch)
            self._hooked = True
        self.seen.clear()
        before, tempfile.tempdir = tempfile.tempdir, str(folder)
        self._folder = _resolved(folder)
        try:
            yield
        finally:
            self._folder = ""
            tempfile.tempdir = before

    def _watch(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._folder:
            return
        if event in _FORBIDDEN:
            what = event
        elif event == "open" and not str(arguments[0]).startswith((self._folder, "/proc/", "/sys/")):
            what = f"open {arguments[0]!r}"
        else:
            return
        if not _is_loading():
            self.seen.append(what)


_guard = _Guard()


@functools.cache
def _resolved(folder: Path) -> str:
    return str(folder.resolve())


def _is_loading() -> bool:
    """Return whether the interpreter is loading a module, or Numba a compiled kernel from its cache."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib") or "numba" in name:
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    if logging.root.manager.disable >= logging.CRITICAL:  # a long run has done so: it takes a while
        yield
        return
    logger = logging.getLogger("firth")
    before, logger.disabled = logger.disabled, True
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        logger.disabled = before
