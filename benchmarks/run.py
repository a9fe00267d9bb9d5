"""firth, gensim, fastText and word2vec.c on one corpus with one set of settings.

Each run is a process of its own, measured from outside. Speed is timed on short runs, the contestants in
turn (A B C A B C ...), so that what disturbs the machine disturbs all of them; quality is judged in longer
runs over several seeds. Every result goes to a file of JSON lines as soon as it is there; the tables and the
plot are made from that file.

    python -m benchmarks.run --corpus wiki100m.txt --data FOLDER
    python -m benchmarks.run --corpus wiki100m.txt --data FOLDER --no-speed --quality --seeds 1 2 3 4 5
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import contest, measure
from benchmarks.contest import CONTESTANTS, Contest, Record, Settings
from benchmarks.corpus import Recipe

RESULTS = measure.ROOT / "docs" / "benchmarks"
_SPECIAL = ("firth-cold", "firth-unfolded")


def main() -> None:
    """Run what the command line asks for, then write the tables and the plot."""
    options = _parse()
    results = options.output / f"{options.name}.jsonl"
    earlier = [record for path in options.reuse for record in contest.read_records(path)]
    with contest.work_folder(options.work) as work:
        recipe = Recipe(source=str(options.corpus), limit=options.limit)
        running = Contest(recipe, work, options.data)
        contest.write_records(_records(running, options, earlier), results, append=options.append)
    measure.module("report", results.resolve())
    measure.say(f"wrote {results}, the tables and the plot beside it")


def _records(running: Contest, options: argparse.Namespace, earlier: list[Record]) -> Iterator[Record]:
    yield contest.head(running, ["-m", "benchmarks.run", *sys.argv[1:]])
    if options.speed:
        yield from _speed(running, options)
    if options.quality:
        yield from _quality(running, options, earlier)


def _speed(running: Contest, options: argparse.Namespace) -> Iterator[Record]:
    """Time all contestants in turn, for each dim and number of threads."""
    for dim in options.dims:
        for threads in options.threads:
            settings = Settings(dim=dim, threads=threads, epochs=options.epochs)
            running.warm_up(options.contestants, settings)
            for repeat in range(options.repeats):
                for name in options.contestants:
                    yield {"kind": "speed", "repeat": repeat, **running.run(name, settings)}


def _quality(running: Contest, options: argparse.Namespace, earlier: list[Record]) -> Iterator[Record]:
    """Train longer and judge, at the first dim on all threads; the peers' `earlier` runs are not repeated."""
    names = [name for name in options.contestants if name not in _SPECIAL]
    for seed in options.seeds:
        settings = Settings(
            dim=options.dims[0], threads=max(options.threads), epochs=options.quality_epochs, seed=seed
        )
        for name in names:
            wanted = {"kind": "quality", **running.identity(name, settings)}
            known = contest.find_run(earlier, wanted) if CONTESTANTS[name].package != "firth" else None
            if known is not None:
                yield {**known, "reused": True}
            else:
                yield {"kind": "quality", **running.run(name, settings, judged=True)}


def _parse() -> argparse.Namespace:
    data = Path(os.environ.get("FIRTH_DATA", "."))
    usual = [name for name in CONTESTANTS if name not in _SPECIAL]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--corpus", type=Path, default=data / "wiki100m.txt.xz", help="text, also .xz, .gz or .bz2")
    add("--data", type=Path, default=data, help="folder of the judge's files (default: $FIRTH_DATA)")
    add(
        "--contestants",
        nargs="+",
        choices=CONTESTANTS,
        default=usual,
        metavar="NAME",
        help=", ".join(CONTESTANTS),
    )
    add("--dims", nargs="+", type=int, default=[100, 300])
    add("--threads", nargs="+", type=int, default=sorted({1, measure.available_cores()}))
    add("--repeats", type=int, default=3, help="how often each speed is timed")
    add("--epochs", type=int, default=1, help="epochs of a timed run")
    add("--speed", action=argparse.BooleanOptionalAction, default=True)
    add("--quality", action=argparse.BooleanOptionalAction, default=False)
    add("--quality-epochs", type=int, default=5)
    add("--seeds", nargs="+", type=int, default=[1, 2, 3], help="seeds of the runs that are judged")
    add("--limit", type=int, default=0, help="use only so many words of the corpus")
    add("--output", type=Path, default=RESULTS, help="folder of the results (default: docs/benchmarks)")
    add("--name", default="results", help="stem of the files that are written")
    add("--append", action="store_true", help="keep the results that are there and add to them")
    add(
        "--reuse",
        nargs="+",
        type=Path,
        default=[],
        metavar="JSONL",
        help="earlier results: the peers' QUALITY only",
    )
    add("--work", type=Path, help="folder for corpora, caches and vectors (default: a temporary one)")
    options = parser.parse_args()
    if not options.corpus.is_file():
        parser.error(
            f"no corpus {str(options.corpus)!r}: give one with --corpus or set FIRTH_DATA to its folder"
        )
    if options.quality and not (options.data / "questions-words.txt").is_file():
        parser.error(
            f"no questions-words.txt in {str(options.data)!r}: give its folder with --data or FIRTH_DATA"
        )
    options.data = options.data.resolve()
    return options


if __name__ == "__main__":
    main()
