"""Text classification by firth and fastText with the same settings: accuracy and the time of training.

Two sets of texts. *packages* (``$FIRTH_DATA/debian-depends.edgelist`` and ``debian-section.labels``): a text is the
name of a Debian package and those of the packages it depends on, its label the section that it is in. *topics*: made
up, of words that each label draws by its own preference and of words that all draw. A fifth of the texts is asked for.
For each loss and kind of n-gram the contestants take turns, each run in a process of its own; fastText runs on 11
threads, because with fewer it leaves a part of its first weights as it finds the memory, firth on one, which gives the
same bits as any number. Speed is told by the second of CPU, which says more where others use the machine. The table is
printed as Markdown; what each run gave goes to standard error.

    python -m benchmarks.classification
    python -m benchmarks.classification --texts topics --losses softmax --seeds 1
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import measure

Record = dict[str, Any]

CONTESTANTS = ("firth", "fasttext")
LOSSES = ("softmax", "hs", "ova")
GRAMS: dict[str, Record] = {
    "words": {},
    "pairs of words": {"wordNgrams": 2, "bucket": 200_000},
    "n-grams of 3 to 5 characters": {"minn": 3, "maxn": 5, "bucket": 200_000},
}
_COMMON = {"dim": 100, "epoch": 10, "lr": 0.5, "verbose": 0}
_THREADS = {"firth": 1, "fasttext": 11}


def train(**job: Any) -> Record:
    """Train one contestant and return its accuracy and what it took."""
    import importlib

    library = importlib.import_module("fasttext" if job["trainer"] == "fasttext" else "firth.compat.fasttext")
    options = {**_COMMON, **GRAMS[job["grams"]], "loss": job["loss"], "seed": job["seed"]}
    if job["trainer"] == "firth":  # what is compiled is fetched before it is timed
        library.train_supervised(job["few"], thread=1, **options)
    began, before = time.perf_counter(), time.process_time()
    model = library.train_supervised(job["learned"], thread=_THREADS[job["trainer"]], **options)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - before
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "accuracy": model.test(job["asked"])[1]}


def package_texts(data: Path) -> list[str]:
    """Return a labelled text for each package: its name and what it depends on."""
    labels = dict(line.split() for line in (data / "debian-section.labels").read_text("utf-8").splitlines())
    needs: dict[str, list[str]] = {}
    for line in (data / "debian-depends.edgelist").read_text("utf-8").splitlines():
        package, other = line.split()
        needs.setdefault(package, []).append(other)
    return [
        f"__label__{labels[name]} {name} {' '.join(needs[name])}" for name in sorted(needs) if name in labels
    ]


def topic_texts(n_texts: int = 30_000, n_labels: int = 20, n_words: int = 8_000) -> list[str]:
    """Return labelled texts of made-up words, of which every fifth or so comes from the label's own."""
    import numpy as np

    draws = np.random.default_rng(1)
    syllables = [c + v for c in "bcdfgklmnprstv" for v in "aeiou"]
    words = ["".join(draws.choice(syllables, draws.integers(2, 5))) for _ in range(n_words)]
    own = draws.dirichlet(np.full(n_words, 0.02), size=n_labels)
    common = 1 / np.arange(1, n_words + 1)
    texts = []
    for _ in range(n_texts):
        label, length = draws.integers(n_labels), draws.integers(5, 40)
        which = np.where(
            draws.random(length) < 0.8,
            draws.choice(n_words, length, p=common / common.sum()),
            draws.choice(n_words, length, p=own[label]),
        )
        texts.append(f"__label__{label} {' '.join(words[i] for i in which)}")
    return texts


def write_texts(texts: list[str], folder: Path) -> dict[str, str]:
    """Write four fifths of the texts to learn from, one fifth to ask, and a few to compile by."""
    random.Random(1).shuffle(texts)  # noqa: S311 (no secret)
    cut = len(texts) * 4 // 5
    parts = {"learned": texts[:cut], "asked": texts[cut:], "few": texts[:100]}
    for name, some in parts.items():
        (folder / name).write_text("".join(f"{text}\n" for text in some), "utf-8")
    return {name: str(folder / name) for name in parts}


def table(records: Iterable[Record]) -> str:
    """Return a Markdown table: a line for each set, loss and kind of n-gram, means and deviations over seeds."""
    runs: dict[tuple[str, str, str], dict[str, list[Record]]] = {}
    for record in records:
        key = (record["texts"], record["loss"], record["grams"])
        runs.setdefault(key, {}).setdefault(record["trainer"], []).append(record)
    lines = [
        "| texts | loss | rows of | fastText's accuracy | firth's | CPU seconds of fastText | of firth | times |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for key, its in runs.items():
        accuracies = [_spread([run["accuracy"] for run in its[name]]) for name in ("fasttext", "firth")]
        seconds = [
            statistics.median(run["cpu_seconds"] for run in its[name]) for name in ("fasttext", "firth")
        ]
        cells = [
            *key,
            *accuracies,
            *(f"{number:.1f}" for number in seconds),
            f"{seconds[0] / seconds[1]:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    mean = f"{statistics.mean(values):.4f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.4f}"


def _runs(options: argparse.Namespace, name: str, files: dict[str, str]) -> Iterable[Record]:
    for loss, grams, seed, trainer in itertools.product(
        options.losses, GRAMS, options.seeds, options.contestants
    ):
        job = {"trainer": trainer, "loss": loss, "grams": grams, "seed": seed}
        report = measure.module("classification", "train", json.dumps({**job, **files})).report
        yield {"texts": name, **job, **report}


def main() -> None:
    """Run what the command line asks for and print the table."""
    options = _parse()
    records = []
    with tempfile.TemporaryDirectory(prefix="firth-bench-", dir=options.work) as work:
        for name in options.texts:
            texts = package_texts(options.data) if name == "packages" else topic_texts()
            files = write_texts(texts, Path(work))
            measure.say(f"{name}: {len(texts):,} texts, {len({text.split()[0] for text in texts})} labels")
            for record in _runs(options, name, files):
                records.append(record)
                measure.say(json.dumps(record))
                if options.output is not None:
                    with options.output.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(record) + "\n")
    if set(options.contestants) == set(CONTESTANTS):
        print(table(records))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.classification",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("FIRTH_DATA", ".")))
    parser.add_argument("--texts", nargs="+", choices=("packages", "topics"), default=["packages", "topics"])
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=LOSSES)
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=CONTESTANTS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--work", type=Path, help="where to put the texts; a temporary folder by default")
    parser.add_argument("--output", type=Path, help="add what each run gave to this file, as JSON lines")
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] == ["train"]:  # a process of its own, which this program starts
        print(json.dumps(train(**json.loads(sys.argv[2]))))
    else:
        main()
