"""When a run writes checkpoints, and which of them it keeps."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from firth.errors import ConfigError, FormatError, OutputError
from firth.training.callbacks import Callback
from firth.training.checkpoints import Checkpoints, RunRecord, Weights, checkpoint_folder
from firth.training.standing import Standing
from firth.vocabulary import Vocabulary

_log = logging.getLogger(__name__)

_LATEST = 2
DEFAULT_SECONDS = 600.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interval:
    """How much may be lost at the most: whichever of the two is reached first.

    Parameters
    ----------
    seconds : float, optional
        None or 0: time does not matter.
    tokens : int, optional
        Tokens of the vocabulary, before subsampling. None or 0: their number does not matter.

    Raises
    ------
    ConfigError
        A value is out of its range.
    """

    seconds: float | None = DEFAULT_SECONDS
    tokens: int | None = None

    def __post_init__(self) -> None:
        seconds, tokens = self.seconds, self.tokens
        if seconds is not None and (
            isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < math.inf
        ):
            raise ConfigError(
                f"checkpoint_seconds is {seconds!r}, but must be a number of at least 0, where 0 switches them off"
            )
        if tokens is not None and (isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 0):
            raise ConfigError(
                f"checkpoint_tokens is {tokens!r}, but must be a whole number of at least 0, where 0 switches them off"
            )

    def __bool__(self) -> bool:
        return bool(self.seconds or self.tokens)


class Keeper:
    """Writes the checkpoints of a run when they are due; always between two rounds, when nobody changes the weights.

    Parameters
    ----------
    checkpoints : Checkpoints
    weights : callable
        Returns the arrays that the run changes in place; asked each time, so that the run can give them up.
    interval : Interval
    best : bool
        Keep the checkpoint of the best epoch, too, for `take_back`.
    told : callable, optional
        Called with the path of each checkpoint that is written.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        weights: Callable[[], Weights],
        interval: Interval,
        *,
        best: bool = False,
        told: Callable[[Path], None] | None = None,
    ) -> None:
        self.checkpoints = checkpoints
        self._weights = weights
        self._interval = interval
        self._best = best
        self._told = told
        self.begin(0)

    def begin(self, words: int) -> None:
        """Begin to count, from `words` tokens done."""
        self._last_time, self._last_words = time.monotonic(), words

    def due(self, words: int) -> bool:
        """Return whether a checkpoint is due when `words` tokens are done."""
        seconds, tokens = self._interval.seconds, self._interval.tokens
        return bool(
            (seconds and time.monotonic() - self._last_time >= seconds)
            or (tokens and words - self._last_words >= tokens)
        )

    def keep(self, standing: Standing, words: int) -> None:
        """Write a checkpoint, and remove those that are not needed any more.

        Raises
        ------
        OutputError
            It cannot be written. Those before it are unchanged.
        """
        try:
            path = self.checkpoints.write(self._weights(), standing)
        except OutputError as error:
            raise OutputError(
                f"{error}; the run ends here, and what is in {self.checkpoints.folder} can be resumed"
            ) from error
        self.begin(words)
        self.prune(standing)
        if self._told is not None:
            self._told(path)

    def prune(self, standing: Standing, latest: int = _LATEST) -> None:
        """Remove the checkpoints that nobody goes back to from `standing`: all but the latest, and the best of each."""
        kept = self.checkpoints.places()[:latest]
        bests = (
            {(standing.best_epoch(until), 0) for until, _ in (standing.place, *kept)} if self._best else set()
        )
        self.checkpoints.prune({*kept, *bests})

    def take_back(self, standing: Standing) -> bool:
        """Fill the weights from the best epoch's checkpoint; if it is damaged, say so and leave them as they are."""
        try:
            self.checkpoints.read((standing.best_epoch(), 0), self._weights())
        except FormatError as error:
            _log.warning("the weights of the best epoch are lost, those of the last one are kept: %s", error)
            return False
        return True

    def settle(self, standing: Standing, *, finished: bool) -> None:
        """Remove what a saved model makes needless: everything or, if it is not finished, all but the best epoch."""
        self.prune(standing, latest=0)
        if finished or not self.checkpoints.places():
            self.checkpoints.remove()


@contextlib.contextmanager
def keeping(
    output: Path | None,
    earlier: Checkpoints | None,
    record: RunRecord,
    vocabulary: Vocabulary,
    weights: Callable[[], Weights],
    interval: Interval,
    *,
    standing: Standing,
    best: bool,
    callbacks: Sequence[Callback],
) -> Iterator[Keeper | None]:
    """Yield what writes the checkpoints of a run, or None where it shall write none.

    If the run fails before its first checkpoint, nothing is left behind; otherwise what it has left is told.

    Parameters
    ----------
    output : Path, optional
        Where the model is saved; without it only the best epoch is kept, in a temporary folder.
    earlier : Checkpoints, optional
        Of the same run, when it is resumed.
    record, vocabulary
        What the folder of checkpoints says of the run.
    weights, interval, best, callbacks
        See `Keeper`.
    standing : Standing
        Where the run begins: checkpoints further on cannot be used.

    Raises
    ------
    OutputError
        There is no room for checkpoints.
    """
    if not (best or (output is not None and (interval or earlier is not None))):
        yield None
        return
    with contextlib.ExitStack() as stack:
        if output is None:
            output = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="firth-best-"))) / "run"
            interval = Interval(seconds=None)
        folder = checkpoint_folder(output)
        _check_room(folder, weights())
        checkpoints = earlier or Checkpoints.begin(folder, record, vocabulary)
        stack.callback(checkpoints.close)
        checkpoints.renew(record)
        checkpoints.prune([place for place in checkpoints.places() if place <= standing.place])

        def told(path: Path) -> None:
            for callback in callbacks:
                callback.on_checkpoint(path)

        try:
            yield Keeper(checkpoints, weights, interval, best=best, told=told)
        except BaseException:
            if checkpoints.places():
                _log.warning("the run can be resumed from its last checkpoint, in %s", checkpoints.folder)
            else:
                checkpoints.remove()
            raise


def _check_room(folder: Path, weights: Weights) -> None:
    """Refuse to begin a run whose checkpoints would fill the disk before its end."""
    size = sum(array.nbytes for array in weights.values())
    # The latest, one more while it is written, and then the vectors.
    needed = (_LATEST + 2) * size
    there = next(place for place in folder.absolute().parents if place.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise OutputError(
            f"checkpoints and vectors need {needed:,} bytes in {there}, where {free:,} bytes are free: "
            "make room, choose another output, or switch checkpoints off with checkpoint_seconds=0"
        )
