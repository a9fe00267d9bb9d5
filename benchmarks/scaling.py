"""How time and memory grow with the corpus, the vocabulary, dim, window, negatives and threads.

One of them is changed at a time, the others stay at the settings of the first table. The corpus grows by
repetition, with `min_count` raised as much, so that its vocabulary stays; the vocabulary grows by marking the
words of each repetition.

    python -m benchmarks.scaling --corpus wiki100m.txt --limit 4000000
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import contest, measure
from benchmarks.contest import CONTESTANTS, Contest, Record, Settings
from benchmarks.corpus import Recipe
from benchmarks.run import RESULTS

COPIES = (1, 4, 16)
DIMS = (50, 100, 200, 300, 400)
WINDOWS = (2, 5, 10, 20)
NEGATIVES = (2, 5, 10, 20)
_MIN_COUNT = 5
_PANELS = {
    "tokens": "tokens",
    "vocabulary": "words in the vocabulary",
    "dim": "dim",
    "window": "window",
    "negatives": "negatives",
    "threads": "threads",
}


def main() -> None:
    """Measure, then write the raw results, the tables and the plot."""
    options = _parse()
    results = options.output / "scaling.jsonl"
    with contest.work_folder(options.work) as work:
        contest.write_records(_records(options, work), results)
    # Imported after the last run, so that this process is small while others are measured.
    from benchmarks.report import plot_growth

    run, *measured = contest.read_records(results)
    plot_growth(measured, _PANELS, results.with_suffix(".png"))
    results.with_suffix(".md").write_text(_markdown(run, measured), encoding="utf-8")
    measure.say(f"wrote {results}, the tables and the plot beside it")


def _records(options: argparse.Namespace, work: Path) -> Iterator[Record]:
    base = Recipe(source=str(options.corpus), limit=options.limit, min_count=_MIN_COUNT)
    threads = measure.available_cores()
    usual = Settings(threads=threads)
    first = Contest(base, work)
    yield contest.head(first, ["-m", "benchmarks.scaling", *sys.argv[1:]])
    for copies in COPIES:
        larger = dataclasses.replace(base, copies=copies, min_count=_MIN_COUNT * copies)
        yield from _measure("tokens", Contest(larger, work), usual, options)
    for copies in COPIES:
        richer = dataclasses.replace(base, copies=copies, distinct=True)
        yield from _measure("vocabulary", Contest(richer, work), usual, options)
    for name, values in {"dim": DIMS, "window": WINDOWS, "negatives": NEGATIVES}.items():
        for value in values:
            changed: dict[str, Any] = {name: value}
            yield from _measure(name, first, dataclasses.replace(usual, **changed), options)
    for count in range(1, threads + 1):
        yield from _measure("threads", first, dataclasses.replace(usual, threads=count), options)


def _measure(
    axis: str, running: Contest, settings: Settings, options: argparse.Namespace
) -> Iterator[Record]:
    running.warm_up(options.contestants, settings)
    for repeat in range(options.repeats):
        for name in options.contestants:
            yield {"kind": "scaling", "axis": axis, "repeat": repeat, **running.run(name, settings)}


def _markdown(run: Record, measured: list[Record]) -> str:
    machine, versions = run["machine"], run["versions"]
    parts = [
        f"""# How cost grows

{machine["processor"]}, {machine["cores"]} cores; firth {versions.get("firth")}. `{run["command"]}`

One thing is changed at a time; otherwise {run["corpus"]["tokens"]:,} tokens,
{run["corpus"]["vocabulary"]:,} words, dim 100, window 5, 5 negatives, {machine["cores"]} threads,
one epoch. Medians.

![Time in training for each token, and peak memory](scaling.png)"""
    ]
    for axis, title in _PANELS.items():
        lines = [
            f"| {title} | trainer | s in training | µs a token | wall s | peak MB |",
            "|---:|---|---:|---:|---:|---:|",
        ]
        chosen = [r for r in measured if r["axis"] == axis]
        for value, name in sorted({(r[axis], r["trainer"]) for r in chosen}):
            group = [r for r in chosen if (r[axis], r["trainer"]) == (value, name)]
            seconds, wall, peak = (
                statistics.median(r[key] for r in group)
                for key in ("training_seconds", "wall_seconds", "peak_bytes")
            )
            a_token = seconds / group[0]["tokens"] * 1e6
            lines.append(
                f"| {value:,} | {name} | {seconds:.2f} | {a_token:.3f} | {wall:.1f} | {peak / 1e6:,.0f} |"
            )
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _parse() -> argparse.Namespace:
    data = Path(os.environ.get("FIRTH_DATA", "."))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--corpus", type=Path, default=data / "wiki100m.txt.xz", help="text, also .xz, .gz or .bz2")
    add("--limit", type=int, default=4_000_000, help="words of the corpus to start from")
    add("--contestants", nargs="+", choices=CONTESTANTS, default=["firth", "firth-hogwild"], metavar="NAME")
    add("--repeats", type=int, default=3)
    add("--output", type=Path, default=RESULTS, help="folder of the results (default: docs/benchmarks)")
    add("--work", type=Path, help="folder for corpora and caches (default: a temporary one)")
    options = parser.parse_args()
    if not options.corpus.is_file():
        parser.error(
            f"no corpus {str(options.corpus)!r}: give one with --corpus or set FIRTH_DATA to its folder"
        )
    return options


if __name__ == "__main__":
    main()
