"""Whether a model fits into the memory that this process may use."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from firth.errors import TrainingError

_GROUPS_OF_THIS_PROCESS = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")


def refuse_what_does_not_fit(n_bytes: int, rows: str, dim: int) -> None:
    """Compare what a model needs with the memory of the machine, the container and the process, as far as they tell.

    Parameters
    ----------
    n_bytes : int
        What is needed.
    rows : str
        How many rows of which kind, for the message.
    dim : int

    Raises
    ------
    TrainingError
        It does not fit.
    """
    limit, whose = min(_limits(), default=(n_bytes, ""))
    if n_bytes > limit:
        raise TrainingError(
            f"{rows} of dim {dim} need {n_bytes / 2**30:.1f} GiB, but {whose} {limit / 2**30:.1f} GiB: raise "
            "min_count, set max_vocab or lower dim"
        )


def _physical_memory() -> int | None:
    """Return the bytes of memory that this machine has, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _limits() -> Iterator[tuple[int, str]]:
    """Yield how many bytes this process may use, and who says so: the machine, a container, a limit of the process."""
    memory = _physical_memory()
    if memory is not None:
        yield memory, "this machine has"
    yield from ((limit, "this container may use") for limit in _container_limits())
    try:
        import resource
    except ImportError:  # Windows
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        yield limit, "this process may use (ulimit -v)"


def _container_limits() -> Iterator[int]:
    """Yield the limits of the control groups that this process is in (Linux)."""
    try:
        groups = _GROUPS_OF_THIS_PROCESS.read_text("utf-8").splitlines()
    except OSError:
        return
    for group in groups:
        _, controllers, place = group.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root, file = (_GROUPS / "memory", "memory.limit_in_bytes") if controllers else (_GROUPS, "memory.max")
        own = root / place.lstrip("/")
        # In a container the group's own place is often not visible, and its root stands for it.
        for folder in (own, *own.parents):
            if folder == root.parent:
                break
            with contextlib.suppress(OSError, ValueError):  # "max" where there is none
                yield int((folder / file).read_text("utf-8"))
