"""The referee of the full softmax: the loss that trained vectors reach on the text, whoever trained them.

fastText's own figure is no loss: it looks the logarithm up in a table of 512 steps, whose first holds -17.75, so
that every probability below 1/512 counts as one.

``python -m benchmarks.softmax_loss VECTORS.bin TARGETS.bin CORPUS WINDOW`` prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from benchmarks.judge import LINE_END, read_vectors

CENTERS = 20_000
_BATCH = 500

Ids = NDArray[np.int64]


def softmax_loss(
    vectors: Path, targets: Path, corpus: Path, window: int, *, centers: int = CENTERS, seed: int = 1
) -> tuple[float, int]:
    """Return the mean of -log p(context | center) over pairs drawn from the text, and how many these are.

    The pairs are those of so many centers, each with a drawn radius, the same for all contestants; the
    probabilities are over the words that have vectors, without the mark of a line's end.
    """
    words, rows = _without_line_end(*read_vectors(vectors))
    target_words, target_rows = _without_line_end(*read_vectors(targets))
    row_of = {word: i for i, word in enumerate(target_words)}
    target_rows = target_rows[[row_of[word] for word in words]]
    index = {word: i for i, word in enumerate(words)}
    pairs = draw_pairs(corpus, index, window, centers=centers, seed=seed)
    losses = [
        logsumexp(logits, axis=1) - logits[np.arange(len(part)), part[:, 1]]
        for part in _parts(pairs)
        for logits in [rows[part[:, 0]] @ target_rows.T]
    ]
    return float(np.concatenate(losses).mean(dtype=np.float64)), len(pairs)


def draw_pairs(corpus: Path, index: dict[str, int], window: int, *, centers: int, seed: int) -> Ids:
    """Return pairs of center and context, shape (n_pairs, 2), of tokens drawn from the text."""
    lines = [
        [index[word] for word in line.split(" ") if word in index]
        for line in corpus.read_text(encoding="utf-8").split("\n")
    ]
    starts = np.cumsum([0] + [len(line) for line in lines])
    draw = np.random.default_rng(seed)
    pairs = []
    for position in draw.integers(0, starts[-1], centers):
        number = int(np.searchsorted(starts, position, side="right")) - 1
        line, at, radius = lines[number], int(position - starts[number]), int(draw.integers(1, window + 1))
        around = line[max(0, at - radius) : at] + line[at + 1 : at + radius + 1]
        pairs += [(line[at], context) for context in around]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _parts(pairs: Ids) -> Iterator[Ids]:
    for start in range(0, len(pairs), _BATCH):
        yield pairs[start : start + _BATCH]


def _without_line_end(words: list[str], rows: NDArray[np.float32]) -> tuple[list[str], NDArray[np.float32]]:
    keep = [i for i, word in enumerate(words) if word != LINE_END]
    return [words[i] for i in keep], rows[keep]


if __name__ == "__main__":
    loss, n_pairs = softmax_loss(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    print(json.dumps({"loss": loss, "pairs": n_pairs}))
