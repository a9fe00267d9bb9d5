"""Whether a model fits into the memory of this machine."""

from __future__ import annotations

import os

from firth.errors import TrainingError


def refuse_what_does_not_fit(n_bytes: int, rows: str, dim: int) -> None:
    """Compare what a model needs with the memory of the machine, where the system tells it.

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
    memory = _physical_memory()
    if memory is not None and n_bytes > memory:
        raise TrainingError(
            f"{rows} of dim {dim} need {n_bytes / 2**30:.1f} GiB, but this machine has {memory / 2**30:.1f} GiB: raise "
            "min_count, set max_vocab or lower dim"
        )


def _physical_memory() -> int | None:
    """Return the bytes of memory that this machine has, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
