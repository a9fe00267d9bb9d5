"""A stream of text, cut into chunks of bounded size that end where no token is cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from firth.errors import CorpusError
from firth.kernels.cpu import encoding

CHUNK_BYTES = 2 << 20
LONGEST_UNCUT = 1 << 26


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """One file, or one string: its end is the end of a document.

    Parameters
    ----------
    name : str
        For messages.
    blocks : iterable of (int, bytes)
        Its text, each block with its offset.
    """

    name: str
    blocks: Iterable[tuple[int, bytes]]


@dataclasses.dataclass(frozen=True, eq=False)
class Chunk:
    """A stretch of text, possibly of several parts; a newline follows the end of each part.

    Parameters
    ----------
    data : ndarray of uint8, shape (n_bytes,)
        UTF-8, if the parts hold it.
    origins : tuple of (int, str, int)
        Where a stretch begins in `data`, the name of its part, and its offset in that part.
    position : int
        How far the source was read when the chunk was complete, for the progress.
    """

    data: NDArray[np.uint8]
    origins: tuple[tuple[int, str, int], ...]
    position: int

    def text(self, errors: str) -> str:
        """Return the text; `errors` is ``"strict"`` or ``"replace"`` (U+FFFD for what is not UTF-8).

        Raises
        ------
        CorpusError
            Some bytes are not UTF-8; the message names the file and the first of them.
        """
        data = self.data.tobytes()
        try:
            return data.decode("utf-8", errors)
        except UnicodeDecodeError as error:
            start, name, offset = next(
                origin for origin in reversed(self.origins) if origin[0] <= error.start
            )
            raise CorpusError(
                f"{name} is not UTF-8: byte {offset + error.start - start:,} of its text is "
                f"0x{data[error.start]:02x} ({error.reason}); convert it to UTF-8, or put U+FFFD for such bytes with "
                "decode_errors='replace'"
            ) from error


def cut_chunks(
    parts: Iterable[Part],
    position: Callable[[], int],
    *,
    whole_documents: bool = False,
    size: int = CHUNK_BYTES,
) -> Iterator[Chunk]:
    """Yield the text of `parts`, cut after newlines, or after other whitespace in a document longer than `size`.

    Parameters
    ----------
    parts : iterable of Part
        The text, in order.
    position : callable
        Tells how far the source has been read.
    whole_documents : bool
        Never cut inside a document, however long.
    size : int
        Chunks are longer than this, and a block, only where there is no place to cut.

    Raises
    ------
    CorpusError
        There is no whitespace in 64 MiB, so this is no text; not with `whole_documents`.
    """
    pending, searched = bytearray(), 0
    origins: list[tuple[int, str, int]] = []
    for part in parts:
        begun = False
        for offset, block in part.blocks:
            if not begun:
                origins.append((len(pending), part.name, offset))
                begun = True
            pending += block
            if len(pending) < size:
                continue
            cut = _last_cut(pending, searched, whole_documents)
            searched = len(pending)
            if not cut and searched > LONGEST_UNCUT and not whole_documents:
                raise CorpusError(
                    f"{part.name} has no whitespace in {LONGEST_UNCUT:,} bytes up to byte {offset + len(block):,} of "
                    "its text: put spaces between tokens, or newlines between documents"
                )
            if cut:
                rest = pending[cut:]
                del pending[cut:]
                yield Chunk(np.frombuffer(pending, np.uint8), tuple(origins), position())
                pending, searched = rest, 0
                origins = [(0, part.name, offset + len(block) - len(rest))]
        pending += b"\n"
        if len(pending) >= size:
            yield Chunk(np.frombuffer(pending, np.uint8), tuple(origins), position())
            pending, searched, origins = bytearray(), 0, []
    if pending:
        yield Chunk(np.frombuffer(pending, np.uint8), tuple(origins), position())


def _last_cut(pending: bytearray, first: int, whole_documents: bool) -> int:
    """Return where to cut, looking only at what follows `first`, or 0."""
    newline = pending.rfind(b"\n", first)
    if newline >= 0 or whole_documents:
        return newline + 1
    return int(encoding.last_cut(np.frombuffer(pending, np.uint8), first))
