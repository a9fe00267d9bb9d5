"""Giving back the memory of what is mapped from files."""

from __future__ import annotations

import mmap
from typing import Any

from numpy.typing import NDArray


def release_pages(array: NDArray[Any], start: int, stop: int) -> None:
    """Let the pages that lie wholly within ``array[start:stop]`` leave this process's memory, if they are mapped.

    They come back, from the system's cache or the disk, when they are used again.

    Parameters
    ----------
    array : ndarray
        One-dimensional; of a whole file, as `numpy.memmap` makes it, or not mapped at all.
    start, stop : int
        Indices.
    """
    mapped = array.base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        size = array.itemsize
        first = -(-start * size // mmap.PAGESIZE) * mmap.PAGESIZE
        behind = len(mapped) if stop == len(array) else stop * size // mmap.PAGESIZE * mmap.PAGESIZE
        if first < behind:
            mapped.madvise(mmap.MADV_DONTNEED, first, behind - first)
