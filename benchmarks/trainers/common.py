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
LAST_SHARE = 1e-4
"""The share of its start at which word2vec.c's rate stops; fastText goes to 0, the others are told."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """One training run, as a trainer gets it on its command line."""

    corpus: Path
    output: Path
    targets: Path | None = None
    """Where to write the output embeddings, too."""
    model: str = "skipgram"
    loss: str = "negative-sampling"
    dim: int = 100
    epochs: int = 1
    threads: int = 1
    seed: int = 1
    window: int = 5
    negatives: int = 5
    min_count: int = 5
    subsample: float = SUBSAMPLE
    learning_rate: float = LEARNING_RATE
    min_n: int = 0
    max_n: int = 0
    buckets: int = 0
    cbow_gradient: str = "word2vec"
    position_weights: bool = False
    hogwild: bool = False

    @property
    def min_learning_rate(self) -> float:
        """The rate at the end."""
        return self.learning_rate * LAST_SHARE

    def refuse_unless(self, tool: str, *, models: Iterable[str], losses: Iterable[str]) -> None:
        """Stop where a tool is asked for what it has not: it must not train something else instead."""
        if self.model not in models or self.loss not in losses:
            raise SystemExit(f"{tool} has no {self.model} with {self.loss}: choose another contestant")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trained:
    """What a trainer reports of its run.

    Parameters
    ----------
    trained_per_epoch : float
        What the tool itself says it trained on in an epoch.
    counted : {"tokens", "tokens+lines", "vocabulary", "vocabulary+lines", "pairs", "centers"}
        What that is a number of: every token or those in the vocabulary, each without or with one for the
        end of a line, pairs of center and context, or centers. The harness compares it with its own count.
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
    parser.add_argument("--targets", type=Path)
    for field in dataclasses.fields(Job)[3:]:
        option = f"--{field.name.replace('_', '-')}"
        if isinstance(field.default, bool):
            parser.add_argument(option, action="store_true")
        else:
            parser.add_argument(option, type=type(field.default), default=field.default)
    print(json.dumps(dataclasses.asdict(train(Job(**vars(parser.parse_args()))))))


def write_vectors(path: Path, words: Iterable[str], rows: Any) -> None:
    """Write word2vec's binary format, for tools that do not (`rows`: float32, words by dim)."""
    with path.open("wb") as file:
        file.write(b"%d %d\n" % rows.shape)
        for word, row in zip(words, rows, strict=True):
            file.write(word.encode() + b" " + row.tobytes() + b"\n")
