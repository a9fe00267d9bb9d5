"""Encoded corpora on disk, found again by what was read; bounded in size, the longest unused go first."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import platformdirs

from firth.config import TextOptions
from firth.corpus.encoder import unwritable
from firth.corpus.reading import SourceReader
from firth.corpus.sources import TextFile
from firth.corpus.token_corpus import TokenCorpus, open_corpus
from firth.errors import ConfigError, FormatError, OutputError
from firth.files import hold_lock

_log = logging.getLogger(__name__)

# To be raised whenever the same text is to be encoded differently.
_VERSION = 2
_DEFAULT_LIMIT = "20G"
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_MAKING = ".making-"
_FORGOTTEN_AFTER = 24 * 3600.0
_LOCK = "lock"


class CorpusCache:
    """The folder of encoded corpora.

    Each lies in a folder of its own, named after the size and the hash of what it was made from. It is made under
    another name and renamed when it is whole. Whoever has it open holds a shared lock, so that it is not removed
    (on systems without such locks, mapped files cannot be removed anyway).

    Parameters
    ----------
    folder : Path
        Exists and can be written.
    limit : int
        Bytes that all corpora may take, but for those that are open.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self._limit = limit

    @classmethod
    def default(cls) -> CorpusCache | None:
        """Return the user's cache, or None where no folder can be made.

        ``FIRTH_CACHE`` names another folder than the system's, ``FIRTH_CACHE_LIMIT`` another size than 20G.

        Raises
        ------
        ConfigError
            ``FIRTH_CACHE_LIMIT`` is not a size.
        """
        limit = _size(os.environ.get("FIRTH_CACHE_LIMIT") or _DEFAULT_LIMIT)
        try:
            root = os.environ.get("FIRTH_CACHE") or platformdirs.user_cache_dir("firth", appauthor=False)
            folder = Path(root) / "corpora"
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except (OSError, RuntimeError) as error:
            _log.warning("the encoded corpus is not kept for the next run: %s", error)
            return None
        return cls(folder, limit)

    def find(
        self,
        files: Sequence[TextFile],
        text: TextOptions,
        progress: Callable[[int, int], None],
        column: str | None = None,
    ) -> TokenCorpus | None:
        """Return the corpus that was made from files of the same content with the same options, or None.

        `progress` is told the bytes read and the bytes in all, where the files must be read for their hash; `column` is
        the one that was read of tables.
        """
        size = sum(file.size or 0 for file in files)
        if not any(self.folder.glob(f"{size}-*")):
            return None  # nothing of this size: no need to read the files for their hash
        reader = SourceReader(keep_hash=True)
        for file in files:
            for _ in reader.raw_blocks(file):
                progress(reader.bytes_read, size)
        return self._open(self._place(reader, text, column))

    @contextlib.contextmanager
    def making(self) -> Iterator[Path]:
        """Yield a folder to make a corpus in; what is not kept is removed.

        Raises
        ------
        OutputError
            No folder can be made.
        """
        try:
            folder = Path(tempfile.mkdtemp(prefix=_MAKING, dir=self.folder))
        except OSError as error:
            raise unwritable(self.folder, error) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(
        self, made: Path, reader: SourceReader, text: TextOptions, column: str | None = None
    ) -> TokenCorpus:
        """Move the folder `made` to the place of what `reader` has read, and open it there.

        Raises
        ------
        OutputError
            It can be neither moved nor found there.
        """
        place = self._place(reader, text, column)
        try:
            (made / _LOCK).touch()
        except OSError as error:
            raise unwritable(self.folder, error) from error
        for _ in range(2):
            # Where another process was faster, its corpus is as good as ours; a damaged one makes way.
            ours = False
            with contextlib.suppress(OSError):
                made.rename(place)
                ours = True
            corpus = self._open(place, verify=not ours)
            if corpus is not None:
                self._make_room()
                return corpus
        raise OutputError(f"cannot keep the encoded corpus at {place}: remove what is there")

    def _place(self, reader: SourceReader, text: TextOptions, column: str | None) -> Path:
        rule = text.tokenize
        options = [
            _VERSION,
            unicodedata.unidata_version,
            reader.hash,
            [rule.pattern, rule.flags] if isinstance(rule, re.Pattern) else rule,
            text.lowercase,
            text.decode_errors,
            *([] if column is None else [column]),
        ]
        if text.max_types != TextOptions.max_types:  # which older entries do not name
            options.append(text.max_types)
        name = hashlib.sha256(json.dumps(options).encode()).hexdigest()
        return self.folder / f"{reader.bytes_read}-{name[:32]}"

    def _open(self, place: Path, *, verify: bool = True) -> TokenCorpus | None:
        """Open the corpus at `place` and hold it; one that is damaged is removed, and None returned."""
        let_go = _hold(place)
        if let_go is None:
            if place.exists():
                self._remove(place)
            return None

        def close() -> None:
            let_go()
            self._make_room()

        try:
            corpus = open_corpus(place, on_close=close, verify=verify)
        except FormatError as error:
            _log.warning("the encoded corpus in the cache is made again: %s", error)
            let_go()
            self._remove(place)
            return None
        with contextlib.suppress(OSError):
            os.utime(place)  # used now
        return corpus

    def _make_room(self) -> None:
        """Remove the longest unused corpora until the limit is kept, and what broken runs have left."""
        corpora = []
        with contextlib.suppress(OSError):
            for place in self.folder.iterdir():
                # Somebody else may remove it meanwhile.
                with contextlib.suppress(OSError):
                    if place.name.startswith("."):
                        if _last_change(place) < time.time() - _FORGOTTEN_AFTER:
                            shutil.rmtree(place, ignore_errors=True)
                    else:
                        size = sum(file.stat().st_size for file in place.iterdir())
                        corpora.append((place.stat().st_mtime_ns, size, place))
        total = sum(size for _, size, _ in corpora)
        for _, size, place in sorted(corpora):
            if total <= self._limit:
                break
            if self._remove(place):
                total -= size

    def _remove(self, place: Path) -> bool:
        """Remove a corpus that nobody has open; return whether it is gone."""
        let_go = _hold(place, alone=True)
        if let_go is None and (place / _LOCK).exists():
            return False
        try:
            # First out of sight in one step, so that nobody opens half of it.
            with self.making() as aside:
                place.rename(aside / place.name)
        except OSError:
            return False
        finally:
            if let_go is not None:
                let_go()
        return True


def _hold(place: Path, *, alone: bool = False) -> Callable[[], None] | None:
    """Lock the corpus at `place`, shared with others or `alone`; return what lets go, or None if that fails."""
    return hold_lock(place / _LOCK, alone=alone)


def _last_change(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))


def _size(text: str) -> int:
    """Return the bytes that a size such as ``500M`` or ``20GB`` means."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", text, re.IGNORECASE | re.ASCII)
    if not found:
        raise ConfigError(
            f"FIRTH_CACHE_LIMIT is {text!r:.60}, but must be a size in bytes such as 500M or 20G"
        )
    return int(float(found[1]) * _UNITS[found[2].upper()])
