"""The kernel's useful arithmetic against the machine's large matrix products, measured in turn in one run.

Useful is what the objective asks for and nothing else: for each pair of center and context, and for each
center and shared noise word, a product of two rows and the two gradients, 6 · dim operations together.
Drawing, gathering, padding and waiting take time and count nothing.

    python -m benchmarks.kernel --corpus wiki100m.txt

For a kernel under construction, give `useful_rate` the seconds that it took for an epoch.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import contest, measure
from benchmarks.contest import Contest, Record, Settings
from benchmarks.corpus import Folded, Recipe
from benchmarks.run import RESULTS
from benchmarks.trainers.common import SUBSAMPLE

CONTESTANTS = ("firth", "firth-hogwild")
SHARED_NEGATIVES = 32
"""firth's default for `shared_negatives`, S of the design."""


def useful_rate(corpus: Folded, settings: Settings, seconds: float, shared: int = SHARED_NEGATIVES) -> float:
    """Return the operations per second that the objective asked for in training, in GFLOP/s.

    Parameters
    ----------
    corpus : Folded
        Its expected centers and pairs after subsampling and the draw of the radius.
    settings : Settings
        `dim`, `window` and `epochs` count.
    seconds : float
        Time in training, over all epochs.
    shared : int
        Noise words that each center meets.
    """
    centers = corpus.expected_centers(SUBSAMPLE)
    pairs = corpus.expected_pairs(SUBSAMPLE, settings.window)
    return 6 * settings.dim * (pairs + centers * shared) * settings.epochs / seconds / 1e9


def main() -> None:
    """Measure, then write the raw results and the tables."""
    options = _parse()
    results = options.output / "kernel.jsonl"
    with contest.work_folder(options.work) as work:
        running = Contest(Recipe(source=str(options.corpus), limit=options.limit), work)
        contest.write_records(_records(running, options), results)
    records = contest.read_records(results)
    results.with_suffix(".md").write_text(_markdown(records), encoding="utf-8")
    measure.say(f"wrote {results} and the tables beside it")


def _records(running: Contest, options: argparse.Namespace) -> Iterator[Record]:
    """Measure the matrices before each run of the kernel, so that both meet the same machine."""
    yield contest.head(running, ["-m", "benchmarks.kernel", *sys.argv[1:]])
    cores = measure.available_cores()
    for dim in options.dims:
        for threads in sorted({1, cores}):
            running.warm_up(CONTESTANTS, Settings(dim=dim, threads=threads))
        for repeat in range(options.repeats):
            for threads in sorted({1, cores}):
                settings = Settings(dim=dim, threads=threads)
                for name in CONTESTANTS:
                    matrix = measure.module("matrix", cores).report
                    record = running.run(name, settings)
                    rate = useful_rate(running.corpus, settings, record["training_seconds"])
                    yield {
                        "kind": "kernel",
                        "repeat": repeat,
                        "useful_gflops": rate,
                        "matrix": matrix,
                        **record,
                    }


def _markdown(records: list[Record]) -> str:
    run, *measured = records
    machine = run["machine"]
    cores = machine["cores"]
    matrix = {
        key: _median([r["matrix"][key] for r in measured]) for key in ("one", "independent", "together")
    }
    rows = []
    for dim, threads, name in sorted({(r["dim"], r["threads"], r["trainer"]) for r in measured}):
        group = [r for r in measured if (r["dim"], r["threads"], r["trainer"]) == (dim, threads, name)]
        limit = "one" if threads == 1 else "independent"
        shares = [r["useful_gflops"] / r["matrix"][limit] for r in group]
        rows.append(
            f"| {dim} | {threads} | {name} | {_median([r['words_per_second'] for r in group]) / 1e6:.2f} M "
            f"| {_median([r['useful_gflops'] for r in group]):.1f} "
            f"| {_median(shares):.0%} ({min(shares):.0%} to {max(shares):.0%}) |"
        )
    firth, numpy = (run["versions"].get(package) for package in ("firth", "numpy"))
    return f"""# The kernel against the machine

{machine["processor"]}, {cores} cores; firth {firth}, NumPy {numpy}. `{run["command"]}`

Products of 2,048 × 2,048 float32 matrices, medians of measurements before each run of the kernel:
{matrix["one"]:.0f} GFLOP/s on one thread, {matrix["independent"]:.0f} in {cores} independent products at
once, {matrix["together"]:.0f} in one product on {cores} threads.

Useful operations are 6 · dim · (pairs + centers × {SHARED_NEGATIVES} shared negatives), over all the time in
training; the share is of as many independent products as there are threads, measured just before.

| dim | threads | trainer | words/s | useful GFLOP/s | share of the matrix rate |
|---:|---:|---|---:|---:|---:|
{chr(10).join(rows)}

{_thread_scaling(measured, cores)}
"""


def _thread_scaling(measured: list[Record], cores: int) -> str:
    """Tell what all threads gain over one, beside what independent products gain."""
    if cores == 1:
        return "This machine has one core, so nothing can be said on threads."
    products = _median([r["matrix"]["independent"] / r["matrix"]["one"] for r in measured])
    rows = []
    for dim, name in sorted({(r["dim"], r["trainer"]) for r in measured}):
        one, several = (
            _median(
                [
                    r["words_per_second"]
                    for r in measured
                    if (r["dim"], r["trainer"], r["threads"]) == (dim, name, n)
                ]
            )
            for n in (1, cores)
        )
        rows.append(f"| {dim} | {name} | {several / one:.2f} × | {several / one / products:.0%} |")
    return f"""{cores} independent matrix products do {products:.2f} times the work of one in the same time.

| dim | trainer | {cores} threads to one | of what independent products gain |
|---:|---|---:|---:|
{chr(10).join(rows)}"""


def _median(values: list[float]) -> float:
    return float(statistics.median(values))


def _parse() -> argparse.Namespace:
    data = Path(os.environ.get("FIRTH_DATA", "."))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kernel",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--corpus", type=Path, default=data / "wiki100m.txt.xz", help="text, also .xz, .gz or .bz2")
    add("--dims", nargs="+", type=int, default=[100, 300])
    add("--repeats", type=int, default=3)
    add("--limit", type=int, default=0, help="use only so many words of the corpus")
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
