"""What checkpoints cost: one run that writes them often, its time with and without them.

``python -m benchmarks.checkpoint_cost CORPUS`` trains an epoch of skip-gram with a checkpoint every few seconds, and
prints one line of JSON: how large a checkpoint is, how long one takes, and which share of the time that would be if one
were written every ten minutes, as by default. Writing comes between two rounds of training, in which all threads wait.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import firth
from firth.training import Callback, Standing
from firth.training.keeper import DEFAULT_SECONDS, Keeper


class _Sizes(Callback):
    """Notes how large each checkpoint is."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def on_checkpoint(self, path: Path) -> None:
        self.sizes.append(sum(file.stat().st_size for file in path.iterdir()))


def _measured(keep: Callable[[Keeper, Standing, int], None], seconds: list[float]) -> Any:
    """Return what does as `keep` and notes how long it took."""

    def measured(keeper: Keeper, standing: Standing, words: int) -> None:
        began = time.perf_counter()
        keep(keeper, standing, words)
        seconds.append(time.perf_counter() - began)

    return measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--seconds", type=float, default=1.0, help="between two checkpoints")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    sizes, seconds = _Sizes(), list[float]()
    Keeper.keep = _measured(Keeper.keep, seconds)  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        model = firth.train(
            options.corpus,
            firth.SkipGram(dim=options.dim, epochs=options.epochs),
            output=Path(folder) / "out",
            threads=options.threads,
            checkpoint_seconds=options.seconds,
            callbacks=[sizes],
        )
    if not seconds:
        parser.error("no checkpoint was due: give a longer corpus, or fewer --seconds")
    trained = sum(epoch.seconds for epoch in model.history)
    written = sum(seconds)
    result = {
        "words": len(model.vocabulary),
        "dim": options.dim,
        "checkpoints": len(seconds),
        "bytes": sizes.sizes[0],
        "seconds_of_a_checkpoint": [min(seconds), statistics.median(seconds), max(seconds)],
        "run_with_over_without": trained / (trained - written),
        "every_ten_minutes": 1 + statistics.median(seconds) / DEFAULT_SECONDS,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
