"""The corpus as every contestant gets it: lines of at most 1,000 words, counted once, checked by hash.

Given one long line, gensim's `corpus_file` trains 2 % of it and word2vec.c cuts it at 1,000 words; so all of
them get the same short documents.
"""

from __future__ import annotations

import bz2
import collections
import dataclasses
import gzip
import hashlib
import json
import lzma
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

LINE_WORDS = 1_000
_BLOCK = 1 << 20
_OPENERS: dict[str, Any] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Folded:
    """A folded corpus and its counts.

    Parameters
    ----------
    path : str
        The folded file.
    name : str
        The name of the corpus it was made from.
    tokens, lines : int
        Words and lines of the file.
    types, vocabulary, vocabulary_tokens : int
        Different words, those that occur `min_count` times or more, and how many tokens these have.
    sha256 : str
        Of the folded file.
    """

    path: str
    name: str
    tokens: int
    lines: int
    types: int
    vocabulary: int
    vocabulary_tokens: int
    sha256: str

    def expected(self, counted: str) -> int:
        """Return how many words one epoch has, for a tool that counts as `counted` says."""
        base, _, lines = counted.partition("+")
        return {"tokens": self.tokens, "vocabulary": self.vocabulary_tokens}[base] + (
            self.lines if lines else 0
        )


def fold(source: Path, target: Path, min_count: int, limit: int | None = None) -> Folded:
    """Write `source` (text, or compressed text) to `target` in lines of at most 1,000 words and count it.

    A newline of the source ends a line here too. After `limit` words, if given, the rest is left out.
    """
    counts: collections.Counter[bytes] = collections.Counter()
    digest = hashlib.sha256()
    tokens = lines = 0
    opener: Callable[[Path, str], BinaryIO] = _OPENERS.get(source.suffix, open)
    with opener(source, "rb") as stream, target.open("wb") as out:
        for line in _lines(stream):
            words = line if limit is None else line[: limit - tokens]
            counts.update(words)
            text = b" ".join(words) + b"\n"
            digest.update(text)
            out.write(text)
            tokens += len(words)
            lines += 1
            if tokens == limit:
                break
    kept = [count for count in counts.values() if count >= min_count]
    return Folded(
        path=str(target),
        name=source.name,
        tokens=tokens,
        lines=lines,
        types=len(counts),
        vocabulary=len(kept),
        vocabulary_tokens=sum(kept),
        sha256=digest.hexdigest(),
    )


def _lines(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the words of the stream, 1,000 at a time and never across a newline."""
    pending: list[bytes] = []
    rest = b""
    while block := stream.read(_BLOCK):
        text = rest + block
        cut = max(text.rfind(b" "), text.rfind(b"\n")) + 1
        text, rest = text[:cut], text[cut:]
        *ended, open_end = text.split(b"\n")
        for line in ended:
            pending += line.split()
            yield from _pieces(pending)
            pending = []
        pending += open_end.split()
        full = len(pending) // LINE_WORDS * LINE_WORDS
        yield from _pieces(pending[:full])
        pending = pending[full:]
    yield from _pieces(pending + rest.split())


def _pieces(words: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(words), LINE_WORDS):
        yield words[start : start + LINE_WORDS]


if __name__ == "__main__":
    # A process of its own: the counts would swell the parent, whose size its children's peak memory inherits.
    source_, target_, min_count_, limit_ = sys.argv[1:]
    print(
        json.dumps(
            dataclasses.asdict(fold(Path(source_), Path(target_), int(min_count_), int(limit_) or None))
        )
    )
