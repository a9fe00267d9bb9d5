"""The corpus as every contestant gets it: lines of at most 1,000 words, counted, known by their hash.

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

from benchmarks.trainers.common import SUBSAMPLE

LINE_WORDS = 1_000
_BLOCK = 1 << 20
_OPENERS: dict[str, Any] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a folded corpus is made.

    Parameters
    ----------
    source : str
        Text, or text compressed by xz, gzip or bzip2. A newline ends a document.
    limit : int
        Stop after so many words; 0 takes all.
    copies : int
        Repeat the text so often. With `min_count` raised as much, the vocabulary stays the same.
    distinct : bool
        Mark the words of each copy, so that the vocabulary grows with the text.
    min_count : int
        What the contestants are told, for the counts of the vocabulary.
    max_vocab : int
        Leave out all but so many different words, the most frequent ones, for tools that cannot do that
        themselves; 0 keeps all.
    """

    source: str
    limit: int = 0
    copies: int = 1
    distinct: bool = False
    min_count: int = 5
    max_vocab: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Folded:
    """A folded corpus and its counts.

    Parameters
    ----------
    path : str
        The folded file.
    tokens, lines, types : int
        Its words, lines and different words.
    vocabulary, vocabulary_tokens : int
        Different words that occur `min_count` times or more, and how many tokens these have.
    words_by_count : dict of str to int
        How many words of the vocabulary (value) have which count (key).
    sha256 : str
        Of the folded file.
    """

    path: str
    tokens: int
    lines: int
    types: int
    vocabulary: int
    vocabulary_tokens: int
    words_by_count: dict[str, int]
    sha256: str

    def expected(self, counted: str, window: int, subsample: float = SUBSAMPLE) -> float:
        """Return how much one epoch has of what a tool counts (see `benchmarks.trainers.common.Trained`)."""
        if counted == "pairs":
            return self.expected_pairs(subsample, window)
        if counted == "centers":
            return self.expected_centers(subsample)
        base, _, lines = counted.partition("+")
        tokens = {"tokens": self.tokens, "vocabulary": self.vocabulary_tokens}[base]
        return tokens + (self.lines if lines else 0)

    def expected_centers(self, subsample: float) -> float:
        """Return how many tokens subsampling keeps in an epoch, on average (word2vec.c's formula)."""
        if not subsample:
            return self.vocabulary_tokens
        kept = 0.0
        for text, words in self.words_by_count.items():
            ratio = subsample * self.vocabulary_tokens / int(text)
            kept += words * int(text) * min(1.0, ratio**0.5 + ratio)
        return kept

    def expected_pairs(self, subsample: float, window: int) -> float:
        """Return how many pairs of center and context an epoch has, on average, with a drawn radius."""
        at_an_end = sum(radius * (radius + 1) / 2 for radius in range(1, window + 1)) / window
        return (window + 1) * self.expected_centers(subsample) - 2 * at_an_end * self.lines


def fold(recipe: Recipe, target: Path) -> Folded:
    """Write the corpus to `target` in lines of at most 1,000 words and count it."""
    counts: collections.Counter[bytes] = collections.Counter()
    digest = hashlib.sha256()
    lines = 0
    with target.open("wb") as out:
        for words in _chosen_lines(recipe):
            counts.update(words)
            text = b" ".join(words) + b"\n"
            digest.update(text)
            out.write(text)
            lines += 1
    kept = [count for count in counts.values() if count >= recipe.min_count]
    return Folded(
        path=str(target),
        tokens=counts.total(),
        lines=lines,
        types=len(counts),
        vocabulary=len(kept),
        vocabulary_tokens=sum(kept),
        words_by_count={str(count): words for count, words in sorted(collections.Counter(kept).items())},
        sha256=digest.hexdigest(),
    )


def _chosen_lines(recipe: Recipe) -> Iterator[list[bytes]]:
    """Yield the lines with the words that the recipe keeps; of equally frequent ones, the first in the text."""
    if not recipe.max_vocab:
        yield from _all_lines(recipe)
        return
    counts = collections.Counter(word for words in _all_lines(recipe) for word in words)
    kept = {word for word, _ in counts.most_common(recipe.max_vocab)}
    for words in _all_lines(recipe):
        if line := [word for word in words if word in kept]:
            yield line


def _all_lines(recipe: Recipe) -> Iterator[list[bytes]]:
    source = Path(recipe.source)
    opener: Callable[[Path, str], BinaryIO] = _OPENERS.get(source.suffix, open)
    for copy in range(recipe.copies):
        left = recipe.limit or sys.maxsize
        with opener(source, "rb") as stream:
            for line in _lines(stream):
                words = line[:left]
                yield [b"%b~%d" % (word, copy) for word in words] if recipe.distinct else words
                left -= len(words)
                if not left:
                    break


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
    print(json.dumps(dataclasses.asdict(fold(Recipe(**json.loads(sys.argv[1])), Path(sys.argv[2])))))
