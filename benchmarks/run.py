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
import contextlib
import dataclasses
import datetime
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.corpus import Folded
from benchmarks.trainers.common import LEARNING_RATE, MIN_COUNT, SUBSAMPLE

RESULTS = measure.ROOT / "docs" / "benchmarks"
WARM_UP_WORDS = 200_000
Record = dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contestant:
    """A trainer's module, the package whose version it is, and how it is called.

    `compiles`: it has a compile cache, filled before it is timed; `cold`: emptied before each run instead.
    """

    module: str
    package: str
    flags: tuple[str, ...] = ()
    compiles: bool = False
    cold: bool = False


CONTESTANTS = {
    "firth": Contestant(module="firth", package="firth", compiles=True),
    "firth-hogwild": Contestant(module="firth", package="firth", flags=("--hogwild",), compiles=True),
    "firth-cold": Contestant(module="firth", package="firth", compiles=True, cold=True),
    "gensim": Contestant(module="gensim", package="gensim"),
    "fasttext": Contestant(module="fasttext", package="fasttext"),
    "word2vec.c": Contestant(module="word2vec_c", package="word2vec"),
}


class Bench:
    """Runs contestants, checks that each trained the whole corpus, and keeps what they cost."""

    def __init__(self, options: argparse.Namespace, work: Path) -> None:
        self.options = options
        self.work = work
        self.versions = measure.versions()
        self.settings = {
            "window": options.window,
            "negatives": options.negatives,
            "subsample": SUBSAMPLE,
            "min_count": MIN_COUNT,
            "learning_rate": LEARNING_RATE,
        }
        self.corpus = self._fold(options.limit)

    def speed(self) -> Iterator[Record]:
        """Time all contestants in turn, for each dim and number of threads."""
        options = self.options
        for dim in options.dims:
            for threads in options.threads:
                self._warm_up(dim, threads)
                for repeat in range(options.repeats):
                    for name in options.contestants:
                        record = self.run(
                            name, dim=dim, threads=threads, epochs=options.epochs, seed=repeat + 1
                        )
                        yield {"kind": "speed", "repeat": repeat, **record}

    def quality(self, earlier: list[Record]) -> Iterator[Record]:
        """Train longer and judge, at the first dim on all threads; peers' `earlier` runs are not repeated."""
        options = self.options
        dim, threads = options.dims[0], max(options.threads)
        self._warm_up(dim, threads)
        for seed in options.seeds:
            for name in options.contestants:
                if CONTESTANTS[name].cold:
                    continue
                wanted = {
                    **self._identity(
                        name, dim=dim, threads=threads, epochs=options.quality_epochs, seed=seed
                    ),
                    "kind": "quality",
                }
                known = next((r for r in earlier if all(r.get(key) == wanted[key] for key in wanted)), None)
                if known is not None and not name.startswith("firth"):
                    yield {**known, "reused": True}
                    continue
                record = self.run(
                    name, dim=dim, threads=threads, epochs=options.quality_epochs, seed=seed, judged=True
                )
                yield {"kind": "quality", **record}

    def run(
        self, name: str, *, dim: int, threads: int, epochs: int, seed: int, judged: bool = False
    ) -> Record:
        """Train once, from text to saved vectors, and return the record of it."""
        contestant = CONTESTANTS[name]
        output = self.work / "vectors.bin"
        output.unlink(missing_ok=True)
        measured = measure.module(
            f"trainers.{contestant.module}",
            *self._arguments(output, dim=dim, threads=threads, epochs=epochs, seed=seed),
            *contestant.flags,
            environment=self._environment(contestant),
        )
        report = measured.report
        self._check_words(name, report)
        record = {
            **self._identity(name, dim=dim, threads=threads, epochs=epochs, seed=seed),
            "words_per_second": self.corpus.tokens * epochs / report["seconds"],
            "training_seconds": report["seconds"],
            "timing": report["timing"],
            "wall_seconds": measured.wall_seconds,
            "cpu_seconds": measured.cpu_seconds,
            "peak_bytes": measured.peak_bytes,
            "words_per_epoch": report["words_per_epoch"],
            "words_counted": report["counted"],
            "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        if judged:
            record["quality"] = measure.module("judge", output, self.options.data).report
        return record

    def _identity(self, name: str, *, dim: int, threads: int, epochs: int, seed: int) -> Record:
        """Return what makes two runs the same run."""
        return {
            "trainer": name,
            "version": self.versions.get(CONTESTANTS[name].package),
            "dim": dim,
            "threads": threads,
            "epochs": epochs,
            "seed": seed,
            "settings": self.settings,
            "corpus": {
                key: value
                for key, value in dataclasses.asdict(self.corpus).items()
                if key not in ("path", "name")
            },
        }

    def _arguments(self, output: Path, *, corpus: str | None = None, **job: int) -> list[object]:
        job |= {"window": self.options.window, "negatives": self.options.negatives}
        flags = [text for name, value in job.items() for text in (f"--{name}", value)]
        return [corpus or self.corpus.path, output, *flags]

    def _check_words(self, name: str, report: Record) -> None:
        """Stop where a trainer did not train the whole corpus: its figures would mean nothing."""
        expected = self.corpus.expected(report["counted"])
        # Threads may each run on to the end of their last batch: gensim's of 10,000 words, twice.
        most = expected * (1 + report["slack"]) + 20_000 * max(self.options.threads)
        if not expected * (1 - report["slack"]) <= report["words_per_epoch"] <= most:
            raise SystemExit(
                f"{name} trained {report['words_per_epoch']:,.0f} words an epoch, but the corpus has "
                f"{expected:,} ({report['counted']}): it did not train the whole corpus, or not only that"
            )

    def _environment(self, contestant: Contestant) -> dict[str, str]:
        if not contestant.compiles:
            return {}
        folder = self.work / ("cold-cache" if contestant.cold else "cache")
        if contestant.cold:
            shutil.rmtree(folder, ignore_errors=True)
        return {"FIRTH_CACHE": str(folder)}

    def _warm_up(self, dim: int, threads: int) -> None:
        """Let what compiles do so before the first timed run."""
        contestants = [CONTESTANTS[name] for name in self.options.contestants]
        chosen = {c for c in contestants if c.compiles and not c.cold}
        if not chosen:
            return
        start = self._fold(WARM_UP_WORDS)
        for contestant in sorted(chosen, key=lambda c: c.flags):
            arguments = self._arguments(
                self.work / "vectors.bin", corpus=start.path, dim=dim, threads=threads, epochs=1, seed=1
            )
            environment = self._environment(contestant)
            measure.module(
                f"trainers.{contestant.module}", *arguments, *contestant.flags, environment=environment
            )

    def _fold(self, limit: int | None) -> Folded:
        """Fold the corpus, or its start, unless an earlier run with the same folder has done it."""
        source = self.options.corpus.resolve()
        state = source.stat()
        key = hashlib.sha256(
            repr((source, state.st_size, state.st_mtime_ns, limit, MIN_COUNT)).encode()
        ).hexdigest()
        target = self.work / f"corpus-{key[:12]}.txt"
        counts = target.with_suffix(".json")
        if not counts.exists():
            report = measure.module("corpus", source, target, MIN_COUNT, limit or 0).report
            counts.write_text(json.dumps(report), encoding="utf-8")
        return Folded(**json.loads(counts.read_text(encoding="utf-8")))


def main() -> None:
    """Run what the command line asks for, then write the tables and the plot."""
    options = _parse()
    options.output.mkdir(parents=True, exist_ok=True)
    results = options.output / f"{options.name}.jsonl"
    earlier = [record for path in options.reuse for record in read_records(path)]
    with _work_folder(options.work) as work:
        bench = Bench(options, work)
        head = {
            "kind": "run",
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "command": measure.command_line(["-m", "benchmarks.run", *sys.argv[1:]]),
            "machine": measure.machine(),
            "versions": bench.versions,
            "corpus": {key: v for key, v in dataclasses.asdict(bench.corpus).items() if key != "path"},
        }
        with results.open("a" if options.append else "w", encoding="utf-8") as file:
            for record in _records(bench, head, earlier):
                file.write(json.dumps(record) + "\n")
                file.flush()
                _say(record)
    measure.module("report", results)
    print(f"wrote {results} and the tables and plots beside it", file=sys.stderr)


def read_records(path: Path) -> list[Record]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def _records(bench: Bench, head: Record, earlier: list[Record]) -> Iterator[Record]:
    yield head
    if bench.options.speed:
        yield from bench.speed()
    if bench.options.quality:
        yield from bench.quality(earlier)


def _say(record: Record) -> None:
    if record["kind"] == "run":
        return
    line = (
        f"{record['trainer']:14} dim {record['dim']} threads {record['threads']} seed {record['seed']}: "
        f"{record['words_per_second'] / 1e6:.3f} M words/s, {record['wall_seconds']:.1f} s in all, "
        f"{record['cpu_seconds']:.1f} s CPU, {record['peak_bytes'] / 1e6:.0f} MB"
    )
    if "quality" in record:
        scores = record["quality"]
        line += f", analogies {scores['analogies']:.1%}, " + ", ".join(
            f"{name} {scores[name]:.3f}" for name in ("ws353", "men", "simlex")
        )
    print(line + (" (reused)" if record.get("reused") else ""), file=sys.stderr, flush=True)


@contextlib.contextmanager
def _work_folder(chosen: Path | None) -> Iterator[Path]:
    """Give the folder for corpora, vectors and caches: a temporary one, or the chosen one, which is kept."""
    if chosen is None:
        with tempfile.TemporaryDirectory(prefix="firth-bench-") as folder:
            yield Path(folder)
    else:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.resolve()


def _parse() -> argparse.Namespace:
    data = Path(os.environ.get("FIRTH_DATA", "."))
    default = [name for name in CONTESTANTS if name != "firth-cold"]
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
        default=default,
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
    add("--window", type=int, default=5)
    add("--negatives", type=int, default=5)
    add("--limit", type=int, help="use only so many words of the corpus")
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
    return options


if __name__ == "__main__":
    main()
