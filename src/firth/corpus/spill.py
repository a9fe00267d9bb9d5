"""What does not fit into memory while it is made: appended to files by many threads, read back in another order."""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from firth.errors import OutputError
from firth.kernels.cpu.cooccurrence import NEIGHBOR, RECORD, make_records

_Task = TypeVar("_Task")
_PATIENCE = 0.1
_PIECE = 1 << 16


def unwritable(folder: Path, error: OSError) -> OutputError:
    """Return the error to raise when counts cannot be written to `folder`."""
    return OutputError(
        f"cannot write the co-occurrence counts to {folder}: {error.strerror or error}; make room there, or name "
        "another folder with TMPDIR"
    )


class ArrayFile:
    """An array on disk that any thread appends to, overwrites and reads; a context manager that closes it.

    Parameters
    ----------
    path : Path
        The file. It is made.
    dtype : dtype
        Of the array.

    Raises
    ------
    OutputError
        The file cannot be made.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self.path = path
        self._size = dtype.itemsize
        self._length = 0
        self._lock = threading.Lock()
        try:
            self._file = path.open("w+b", buffering=0)
        except OSError as error:
            raise unwritable(path.parent, error) from error

    def __len__(self) -> int:
        return self._length

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it stays on disk."""
        self._file.close()

    def remove(self) -> None:
        """Close the file and remove it."""
        self.close()
        self.path.unlink(missing_ok=True)

    def append(self, array: NDArray[Any]) -> int:
        """Write `array` behind all others, and return the index of its first element.

        Raises
        ------
        OutputError
            The disk is full, for example.
        """
        with self._lock:
            start = self._length
            self._write(start, array)
            self._length += len(array)
            return start

    def write(self, start: int, array: NDArray[Any]) -> None:
        """Write `array` from index `start` on.

        Raises
        ------
        OutputError
            The disk is full, for example.
        """
        with self._lock:
            self._write(start, array)

    def read(self, start: int, into: NDArray[Any]) -> None:
        """Fill `into` with the elements from index `start` on.

        Raises
        ------
        OutputError
            They are not there any more.
        """
        data = into.view(np.uint8).data
        with self._lock:
            self._file.seek(start * self._size)
            while data:
                n_bytes = self._file.readinto(data)
                if not n_bytes:
                    raise OutputError(f"{self.path} was cut short while it was in use: run again")
                data = data[n_bytes:]

    def _write(self, start: int, array: NDArray[Any]) -> None:
        data = array.view(np.uint8).data
        try:
            self._file.seek(start * self._size)
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise unwritable(self.path.parent, error) from error


class PartCounts:
    """What was counted in one part of a corpus, on disk, by word.

    Parameters
    ----------
    folder : Path
    number : int
        Which part it is.
    vocab_size : int

    Attributes
    ----------
    starts, counts : ndarray of int64, shape (vocab_size,)
        Where the neighbours of each word begin in the file, and how many there are.
    """

    def __init__(self, folder: Path, number: int, vocab_size: int) -> None:
        self._index = folder / f"part-{number}.index"
        self._neighbors = ArrayFile(folder / f"part-{number}", NEIGHBOR)
        self.starts, self.counts = np.zeros((2, vocab_size), np.int64)

    def add(self, first: int, counts: NDArray[np.int64], neighbors: NDArray[np.void]) -> None:
        """Keep the neighbours of the words from `first` on; any thread may call this, in any order.

        Raises
        ------
        OutputError
            They cannot be written.
        """
        start = self._neighbors.append(neighbors)
        rows = slice(first, first + len(counts))
        self.counts[rows] = counts
        self.starts[rows] = start + np.cumsum(counts) - counts

    def finish(self) -> None:
        """Leave memory: nothing is added any more.

        Raises
        ------
        OutputError
            The disk is full, for example.
        """
        with ArrayFile(self._index, self.counts.dtype) as file:
            file.append(self.starts)
            file.append(self.counts)
        self.starts, self.counts = np.memmap(self._index, np.int64, "r").reshape(2, -1)

    def read(self, first: int, last: int, into: NDArray[np.void], at: int) -> int:
        """Put the neighbours of the words `first` to `last` into ``into[at:]``, and return where they end."""
        starts, counts = self.starts[first:last], self.counts[first:last]
        # Words that were counted together lie one behind the other; others lie elsewhere.
        edges = np.flatnonzero(starts[1:] != starts[:-1] + counts[:-1]) + 1
        for rows in np.split(np.arange(last - first), edges):
            n = int(counts[rows].sum())
            self._neighbors.read(int(starts[rows[0]]), into[at : at + n])
            at += n
        return at

    def close(self) -> None:
        """Remove the files; closing twice does nothing."""
        self._neighbors.remove()
        self.starts = self.counts = np.empty(0, np.int64)
        with contextlib.suppress(OSError):  # where a mapped file cannot be removed, the folder is, later
            self._index.unlink(missing_ok=True)


class UnsortedRecords:
    """Records on disk, as they were made: each time some are added, they come sorted by block.

    Parameters
    ----------
    folder : Path
    n_strips : int
        See `firth.kernels.cpu.cooccurrence.make_records`.
    """

    def __init__(self, folder: Path, n_strips: int) -> None:
        self._file = ArrayFile(folder / "unsorted", RECORD)
        self._n_strips = n_strips
        self._batches: list[tuple[int, NDArray[np.int64]]] = []

    def __enter__(self) -> UnsortedRecords:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.remove()

    def add(self, first: int, counts: NDArray[np.int64], neighbors: NDArray[np.void]) -> None:
        """Make records of the neighbours of the words from `first` on; any thread may call this, in any order.

        Raises
        ------
        OutputError
            They cannot be written.
        """
        starts = np.empty(self._n_strips**2 + 1, np.int64)
        records = np.empty(len(neighbors), RECORD)
        make_records(first, counts, neighbors, self._n_strips, starts, records)
        self._batches.append((self._file.append(records), starts))

    def block_lengths(self) -> NDArray[np.int64]:
        """Return how many records each block has, shape (n_strips**2,)."""
        lengths = np.zeros(self._n_strips**2, np.int64)
        for _, starts in self._batches:
            lengths += np.diff(starts)
        return lengths

    def read_block(self, block: int) -> Iterator[NDArray[np.void]]:
        """Yield the records of a block in pieces; each is overwritten by the next."""
        buffer = np.empty(_PIECE, RECORD)
        n = 0
        for begin, starts in self._batches:
            start, stop = begin + int(starts[block]), begin + int(starts[block + 1])
            while start < stop:
                length = min(stop - start, _PIECE - n)
                self._file.read(start, buffer[n : n + length])
                start, n = start + length, n + length
                if n == _PIECE:
                    yield buffer
                    n = 0
        if n:
            yield buffer[:n]


class Tasks(Generic[_Task]):
    """Tasks that threads take one by one, until there are no more or somebody stops them."""

    def __init__(self, tasks: Sequence[_Task]) -> None:
        self._tasks = iter(tasks)
        self._lock = threading.Lock()
        self._stopped = False
        self._n_tasks = max(1, len(tasks))
        self._n_taken = 0

    def __iter__(self) -> Iterator[_Task]:
        return self

    def __next__(self) -> _Task:
        with self._lock:
            if self._stopped:
                raise StopIteration
            task = next(self._tasks)
            self._n_taken += 1
            return task

    @property
    def share(self) -> float:
        """Which part of the tasks was taken by somebody."""
        return self._n_taken / self._n_tasks

    def stop(self) -> None:
        """Give out no more tasks."""
        self._stopped = True


def on_all_threads(
    threads: int,
    work: Callable[[Tasks[_Task]], None],
    tasks: Sequence[_Task],
    tell: Callable[[float], None],
) -> None:
    """Let `threads` threads do `work` on `tasks`, and return when all are done.

    If a thread fails, or the caller is interrupted, the others finish the task they have; then the error is raised.
    Meanwhile `tell` is told in this thread which part of the tasks was taken.
    """
    shared = Tasks(tasks)

    def guarded() -> None:
        try:
            work(shared)
        except BaseException:
            shared.stop()
            raise

    with concurrent.futures.ThreadPoolExecutor(threads, "firth-counting") as pool:
        futures = [pool.submit(guarded) for _ in range(threads)]
        try:
            # Waiting in short turns lets signals arrive on every platform.
            while concurrent.futures.wait(futures, _PATIENCE).not_done:
                tell(shared.share)
        finally:
            shared.stop()
    for future in futures:
        future.result()
    tell(1.0)
