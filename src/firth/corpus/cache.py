"""Encoded corpora on disk, found again by what was read; bounded in size, the longest unused go first."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import platformdirs

from firth.config import TextOptions
from firth.corpus.reading import SourceReader
from firth.corpus.sources import TextFile
from firth.corpus.token_corpus import TokenCorpus, open_corpus
from firth.errors import ConfigError, FormatError

_log = logging.getLogger(__name__)

_VERSION = 1
_DEFAULT_LIMIT = 20 << 30
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


class CorpusCache:
    """The folder of encoded corpora.

    Parameters
    ----------
    folder : Path
        Holds one folder a corpus, named after the size and the hash of what it was made from.
    limit : int
        Bytes that all of them may take.
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
        limit = _size(os.environ.get("FIRTH_CACHE_LIMIT", str(_DEFAULT_LIMIT)))
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

    def find(self, files: Sequence[TextFile], text: TextOptions) -> TokenCorpus | None:
        """Return the corpus that was made from files of the same content with the same options, or None."""
        size = sum(file.size or 0 for file in files)
        if not any(self.folder.glob(f"{size}-*")):
            return None  # nothing of this size: no need to read the files for their hash
        digest = hashlib.sha256()
        reader = SourceReader(digest)
        for file in files:
            mark_file(digest)
            for _ in reader.raw_blocks(file):
                pass
        place = self.place(reader.bytes_read, digest.hexdigest(), text)
        if not place.exists():
            return None
        try:
            corpus = open_corpus(place)
        except FormatError as error:
            _log.warning("the cached corpus is damaged and is made again: %s", error)
            shutil.rmtree(place, ignore_errors=True)
            return None
        with contextlib.suppress(OSError):
            os.utime(place)  # used now
        return corpus

    def place(self, n_bytes: int, content: str, text: TextOptions) -> Path:
        """Return the folder for the corpus of so many bytes with the hash `content`."""
        options = [_VERSION, content, str(text.tokenize), text.lowercase, text.decode_errors]
        name = hashlib.sha256(json.dumps(options).encode()).hexdigest()
        return self.folder / f"{n_bytes}-{name[:32]}"

    def keep(self, made: Path, place: Path) -> TokenCorpus:
        """Move the folder `made`, which lies in this cache, to its `place`, and open it there."""
        try:
            made.rename(place)
        except OSError:  # another process was faster, with the same content
            shutil.rmtree(made, ignore_errors=True)
        corpus = open_corpus(place)
        self._make_room(place)
        return corpus

    def _make_room(self, but: Path) -> None:
        """Remove the longest unused corpora until the limit is kept; what is open stays readable on POSIX."""
        sizes = {}
        for place in self.folder.iterdir():
            with contextlib.suppress(OSError):
                if place.is_dir() and not place.name.startswith("."):
                    used = place.stat().st_mtime
                    sizes[place] = used, sum(file.stat().st_size for file in place.iterdir())
        total = sum(size for _, size in sizes.values())
        for place in sorted(sizes, key=lambda place: sizes[place]):
            if total <= self._limit:
                break
            if place != but:
                shutil.rmtree(place, ignore_errors=True)
                total -= sizes[place][1]


def mark_file(digest: hashlib._Hash) -> None:
    """Tell the hash that a file begins: two files are not the same as one that holds both."""
    digest.update(b"\0file\0")


def _size(text: str) -> int:
    """Return the bytes that a size such as ``500M`` means."""
    number, unit = text.strip(), ""
    if number[-1:].upper() in _UNITS:
        number, unit = number[:-1], number[-1:].upper()
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ConfigError(f"FIRTH_CACHE_LIMIT is {text!r}, but must be a size such as 500M or 20G")
    return int(value * (1 << _UNITS[unit]))
