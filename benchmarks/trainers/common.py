"""What every trainer has in common: its arguments, the settings all share, and the line that it prints."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

SUBSAMPLE = 1e-4
LEARNING_RATE = 0.025
MIN_LEARNING_RATE = LEARNING_RATE * 1e-4
"""Where word2vec.c stops; fastText goes to 0, the others are told."""

_DEFAULTS = {"dim": 100, "epochs": 1, "threads": 1, "seed": 1, "window": 5, "negatives": 5, "min_count": 5}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """One training run, as a trainer gets it on its command line."""

    corpus: Path
    output: Path
    dim: int
    epochs: int
    threads: int
    seed: int
    window: int
    negatives: int
    min_count: int
    hogwild: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trained:
    """What a trainer reports of its run.

    Parameters
    ----------
    trained_per_epoch : float
        What the tool itself says it trained on in an epoch.
    counted : {"tokens", "tokens+lines", "vocabulary", "vocabulary+lines", "pairs"}
        What that is a number of: every token or those in the vocabulary, each without or with one for the
        end of a line, or pairs of center and context. The harness compares it with its own count.
    slack : float
        How far, as a share, the count may be off because of how the tool reports it.
    seconds : float
        Time in training.
    timing : str
        How `seconds` was told from reading, counting and saving.
    """

    trained_per_epoch: float
    counted: str
    slack: float = 0.001
    seconds: float
    timing: str


def main(train: Callable[[Job], Trained]) -> None:
    """Train as the command line says and print one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("output", type=Path)
    for name, default in _DEFAULTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    parser.add_argument("--hogwild", action="store_true", help="firth only: threads that do not wait")
    print(json.dumps(dataclasses.asdict(train(Job(**vars(parser.parse_args()))))))


def write_vectors(path: Path, words: Iterable[str], rows: Any) -> None:
    """Write word2vec's binary format, for tools that do not (`rows`: float32, words by dim)."""
    with path.open("wb") as file:
        file.write(b"%d %d\n" % rows.shape)
        for word, row in zip(words, rows, strict=True):
            file.write(word.encode() + b" " + row.tobytes() + b"\n")
