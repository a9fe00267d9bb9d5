"""All models of firth beside the fastest peer of each: CBOW, hierarchical softmax, FastText, full softmax.

Timed runs by default, the contestants of a contest in turn; with ``--quality``, longer runs over several seeds
that are judged. Results are added to the file of JSON lines as soon as they are there; the tables are made of
each contest's latest. A peer's quality that the file already holds, of the same version, settings and corpus,
is not computed again.

    python -m benchmarks.family
    python -m benchmarks.family --quality --seeds 1 2 3
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import contest, measure
from benchmarks.contest import CONTESTANTS, Contest, Record, Settings
from benchmarks.corpus import Recipe
from benchmarks.matches import MATCHES, Entry, Match
from benchmarks.run import RESULTS

_SOFTMAX_WARM_UP_WORDS = 3_000


def main() -> None:
    """Run what the command line asks for, then write the tables."""
    options = _parse()
    results = options.output / f"{options.name}.jsonl"
    known = [record for path in (results, *options.reuse) for record in _records_of(path)]
    with contest.work_folder(options.work) as work:
        contest.write_records(_records(options, work, known), results, append=True)
    measure.module("family_report", results.resolve())
    measure.say(f"wrote {results} and the tables beside it")


def _records_of(path: Path) -> list[Record]:
    return contest.read_records(path) if path.exists() else []


def _records(options: argparse.Namespace, work: Path, known: list[Record]) -> Iterator[Record]:
    whole = Contest(Recipe(source=str(options.corpus), limit=options.limit), work)
    yield contest.head(whole, ["-m", "benchmarks.family", *sys.argv[1:]])
    for name in options.contests:
        match = MATCHES[name]
        records: Iterable[Record] = ()
        if options.quality and match.judged:
            records = _judge(match, options, work, known)
        elif match.timed and not options.quality:
            records = _time(match, options, work)
        for record in records:
            yield {**record, "contest": name}


def _time(match: Match, options: argparse.Namespace, work: Path) -> Iterator[Record]:
    """Time the entries in turn."""
    limits = [limit for limit in (match.limit, options.limit) if limit]
    running = Contest(_recipe(match, options, min(limits, default=0)), work)
    settings = dataclasses.replace(match.settings, threads=options.threads, epochs=options.epochs or 1)
    names = {entry.contestant for entry in match.entries.values()}
    if settings.loss == "softmax":
        running.warm_up(names, settings, words=_SOFTMAX_WARM_UP_WORDS)
    else:
        running.warm_up(names, settings)
    for repeat in range(min(options.repeats, match.repeats)):
        for shown, entry in match.entries.items():
            yield {"kind": "speed", "repeat": repeat, **_run(running, shown, entry, entry.settings(settings))}


def _judge(match: Match, options: argparse.Namespace, work: Path, known: list[Record]) -> Iterator[Record]:
    """Train longer and judge, but for the peers' `known` runs."""
    running = Contest(_recipe(match, options, options.limit), work, options.data)
    for seed in options.seeds:
        settings = dataclasses.replace(
            match.settings, threads=options.threads, epochs=options.epochs or 5, seed=seed
        )
        for shown, entry in match.entries.items():
            yield _judged(running, shown, entry, entry.settings(settings), known)


def _judged(running: Contest, shown: str, entry: Entry, settings: Settings, known: list[Record]) -> Record:
    wanted = {"kind": "quality", **running.identity(entry.contestant, settings)}
    if CONTESTANTS[entry.contestant].package != "firth":
        found = contest.find_run(known, wanted)
        if found is not None:
            return {**found, "reused": True}
    return {"kind": "quality", **_run(running, shown, entry, settings, judged=True)}


def _run(running: Contest, shown: str, entry: Entry, settings: Settings, *, judged: bool = False) -> Record:
    """Run one entry; a peer that fails is written down as such, and the contest goes on without it."""
    try:
        return {**running.run(entry.contestant, settings, judged=judged), "trainer": shown}
    except SystemExit as failure:
        if CONTESTANTS[entry.contestant].package == "firth":
            raise
        reason = str(failure).rstrip().split("\n")[-1]
        return {
            **running.identity(entry.contestant, settings),
            "trainer": shown,
            "kind": "failed",
            "reason": reason,
        }


def _recipe(match: Match, options: argparse.Namespace, limit: int) -> Recipe:
    return Recipe(
        source=str(options.corpus), limit=limit, max_vocab=match.max_vocab, min_count=match.min_count
    )


def _parse() -> argparse.Namespace:
    data = Path(os.environ.get("FIRTH_DATA", "."))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.family",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--corpus", type=Path, default=data / "wiki100m.txt.xz", help="text, also .xz, .gz or .bz2")
    add("--data", type=Path, default=data, help="folder of the judge's files (default: $FIRTH_DATA)")
    add(
        "--contests",
        nargs="+",
        choices=MATCHES,
        default=list(MATCHES),
        metavar="NAME",
        help=", ".join(MATCHES),
    )
    add("--quality", action="store_true", help="judge longer runs instead of timing short ones")
    add("--threads", type=int, default=2)
    add("--repeats", type=int, default=3, help="how often each speed is timed")
    add("--epochs", type=int, help="epochs of a run (default: 1 of a timed one, 5 of a judged one)")
    add("--seeds", nargs="+", type=int, default=[1, 2, 3], help="seeds of the runs that are judged")
    add("--limit", type=int, default=0, help="use only so many words of the corpus")
    add(
        "--reuse",
        nargs="+",
        type=Path,
        default=[],
        metavar="JSONL",
        help="more earlier results: the peers' QUALITY only",
    )
    add("--output", type=Path, default=RESULTS, help="folder of the results (default: docs/benchmarks)")
    add("--name", default="family", help="stem of the files that are written")
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
