"""The contestants, and one run of one of them: trained, measured, checked, written down as a record."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import json
import shutil
import statistics
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.corpus import Folded, Recipe
from benchmarks.trainers.common import LEARNING_RATE, SUBSAMPLE

Record = dict[str, Any]
_WARM_UP_WORDS = 200_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contestant:
    """A trainer's module, the package whose version it is, and how it is called.

    `compiles`: it has a compile cache, filled before it is timed; `cold`: emptied before each run instead.
    `original`: it gets the corpus as it is, not the folded one.
    """

    module: str
    package: str
    flags: tuple[str, ...] = ()
    compiles: bool = False
    cold: bool = False
    original: bool = False


CONTESTANTS = {
    "firth": Contestant(module="firth", package="firth", compiles=True),
    "firth-hogwild": Contestant(module="firth", package="firth", flags=("--hogwild",), compiles=True),
    "firth-cold": Contestant(module="firth", package="firth", compiles=True, cold=True),
    "firth-unfolded": Contestant(module="firth", package="firth", compiles=True, original=True),
    "gensim": Contestant(module="gensim", package="gensim"),
    "fasttext": Contestant(module="fasttext", package="fasttext"),
    "word2vec.c": Contestant(module="word2vec_c", package="word2vec"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What one run is asked to do, in firth's words.

    Parameters
    ----------
    model : {"skipgram", "cbow", "fasttext"}
    loss : {"negative-sampling", "hierarchical-softmax", "softmax"}
        Of the full softmax, the loss reached is judged, too.
    cbow_gradient, position_weights
        What only firth has.
    """

    model: str = "skipgram"
    loss: str = "negative-sampling"
    dim: int = 100
    threads: int = 1
    epochs: int = 1
    seed: int = 1
    window: int = 5
    negatives: int = 5
    subsample: float = SUBSAMPLE
    learning_rate: float = LEARNING_RATE
    min_n: int = 0
    max_n: int = 0
    buckets: int = 0
    cbow_gradient: str = "word2vec"
    position_weights: bool = False

    def identity(self) -> Record:
        """Return what a record tells of the settings: those of `_UNTOLD` only where they are unusual."""
        values = dataclasses.asdict(self)
        return {name: v for name, v in values.items() if name not in _UNTOLD or v != _UNTOLD[name]}


_UNTOLD: Record = {
    field.name: field.default
    for field in dataclasses.fields(Settings)
    if field.name in ("model", "loss", "min_n", "max_n", "buckets", "cbow_gradient", "position_weights")
}
"""Settings that records of plain skip-gram lack, as those did that were written before there was another model."""


class Contest:
    """Runs contestants on one corpus.

    Parameters
    ----------
    recipe : Recipe
        The corpus; it is folded at once unless an earlier contest in the same folder has done it.
    work : Path
        Folder for folded corpora, vectors and compile caches.
    data : Path, optional
        Folder of the judge's files.
    """

    def __init__(self, recipe: Recipe, work: Path, data: Path | None = None) -> None:
        self.recipe = recipe
        self.work = work
        self.data = data
        self.versions = measure.versions()
        self.corpus = _folded(recipe, work)

    def run(self, name: str, settings: Settings, *, judged: bool = False) -> Record:
        """Train once, from text to saved vectors, and return the record of it.

        Raises
        ------
        SystemExit
            The trainer failed or did not train the whole corpus.
        """
        contestant = CONTESTANTS[name]
        corpus = self.recipe.source if contestant.original else self.corpus.path
        if contestant.original and (self.recipe.limit or self.recipe.copies > 1):
            raise SystemExit(f"{name} reads the original corpus, so it takes neither a limit nor copies")
        measured = self._train(contestant, corpus, settings)
        report = measured.report
        self._check_amount(name, report, settings)
        record = {
            **self.identity(name, settings),
            "words_per_second": self.corpus.tokens * settings.epochs / report["seconds"],
            "training_seconds": report["seconds"],
            "timing": report["timing"],
            "wall_seconds": measured.wall_seconds,
            "cpu_seconds": measured.cpu_seconds,
            "peak_bytes": measured.peak_bytes,
            "pairs_per_epoch": self.corpus.expected_pairs(settings.subsample, settings.window),
            "trained_per_epoch": report["trained_per_epoch"],
            "counted": report["counted"],
            "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        if judged:
            record["quality"] = measure.module("judge", self._vectors, self.data).report
        if settings.loss == "softmax":
            arguments = (self._vectors, self._targets, self.corpus.path, settings.window)
            record["softmax_loss"] = measure.module("softmax_loss", *arguments).report["loss"]
        return record

    def identity(self, name: str, settings: Settings) -> Record:
        """Return what makes two runs the same run."""
        return {
            "trainer": name,
            "version": self.versions.get(CONTESTANTS[name].package),
            **settings.identity(),
            "min_count": self.recipe.min_count,
            "tokens": self.corpus.tokens,
            "vocabulary": self.corpus.vocabulary,
            "sha256": self.corpus.sha256,
        }

    def warm_up(self, names: Iterable[str], settings: Settings, *, words: int = _WARM_UP_WORDS) -> None:
        """Let what compiles do so before the first timed run, on the first `words` of the corpus."""
        chosen = {CONTESTANTS[name] for name in names}
        for contestant in sorted((c for c in chosen if c.compiles and not c.cold), key=lambda c: c.flags):
            start = _folded(Recipe(source=self.recipe.source, limit=words), self.work)
            self._train(contestant, start.path, settings)

    @property
    def _vectors(self) -> Path:
        return self.work / "vectors.bin"

    @property
    def _targets(self) -> Path:
        return self.work / "targets.bin"

    def _train(self, contestant: Contestant, corpus: str, settings: Settings) -> measure.Measured:
        self._vectors.unlink(missing_ok=True)
        job = {**dataclasses.asdict(settings), "min_count": self.recipe.min_count}
        if settings.loss == "softmax":
            job["targets"] = self._targets
        return measure.module(
            f"trainers.{contestant.module}",
            corpus,
            self._vectors,
            *_as_options(job),
            *contestant.flags,
            environment=self._environment(contestant),
        )

    def _environment(self, contestant: Contestant) -> dict[str, str]:
        if not contestant.compiles:
            return {}
        folder = self.work / ("cold-cache" if contestant.cold else "cache")
        if contestant.cold:
            shutil.rmtree(folder, ignore_errors=True)
        return {"FIRTH_CACHE": str(folder)}

    def _check_amount(self, name: str, report: Record, settings: Settings) -> None:
        """Stop where a trainer did not train the whole corpus: its figures would mean nothing."""
        expected = self.corpus.expected(report["counted"], settings.window, settings.subsample)
        # Threads may each run on to the end of their last batch: gensim's of 10,000 words, twice.
        most = expected * (1 + report["slack"]) + 20_000 * settings.threads
        if not expected * (1 - report["slack"]) <= report["trained_per_epoch"] <= most:
            raise SystemExit(
                f"{name} trained {report['trained_per_epoch']:,.0f} {report['counted']} an epoch, but the "
                f"corpus has {expected:,.0f}: it did not train the whole corpus, or not only that"
            )


def find_run(records: Iterable[Record], wanted: Record) -> Record | None:
    """Return the first record of the run that `wanted` names, its kind with its identity."""
    for record in records:
        if wanted.items() <= record.items() and all(
            record.get(name, usual) == wanted.get(name, usual) for name, usual in _UNTOLD.items()
        ):
            return record
    return None


def head(contest: Contest, command: list[str]) -> Record:
    """Return the record that tells machine, versions, corpus and command of those that follow."""
    corpus = dataclasses.asdict(contest.corpus)
    return {
        "kind": "run",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": measure.command_line(command),
        "machine": measure.machine(),
        "versions": contest.versions,
        "corpus": {"name": Path(contest.recipe.source).name}
        | {key: value for key, value in corpus.items() if key not in ("path", "words_by_count")},
    }


def read_records(path: Path) -> list[Record]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def write_records(records: Iterable[Record], path: Path, *, append: bool = False) -> None:
    """Write records as lines of JSON, each as soon as it is there, and say on standard error what came."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if append else "w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record) + "\n")
            file.flush()
            if record["kind"] != "run":
                measure.say(_summary(record))


@contextlib.contextmanager
def work_folder(chosen: Path | None) -> Iterator[Path]:
    """Give the folder for corpora, vectors and caches: a temporary one, or the chosen one, which is kept."""
    if chosen is None:
        with tempfile.TemporaryDirectory(prefix="firth-bench-") as folder:
            yield Path(folder)
    else:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.resolve()


def _as_options(job: Record) -> Iterator[str]:
    """Yield a job as a trainer's command line; a switch that is off is left out."""
    for name, value in job.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            yield option
        elif value is not False:
            yield from (option, str(value))


def _folded(recipe: Recipe, work: Path) -> Folded:
    recipe = dataclasses.replace(recipe, source=str(Path(recipe.source).resolve()))
    state = Path(recipe.source).stat()
    key = hashlib.sha256(repr((recipe, state.st_size, state.st_mtime_ns)).encode()).hexdigest()[:12]
    target = work / f"corpus-{key}.txt"
    counts = target.with_suffix(".json")
    if not counts.exists():
        report = measure.module("corpus", json.dumps(dataclasses.asdict(recipe)), target).report
        counts.write_text(json.dumps(report), encoding="utf-8")
    return Folded(**json.loads(counts.read_text(encoding="utf-8")))


def _summary(record: Record) -> str:
    if record["kind"] == "cost":
        middle = statistics.median(record["microseconds"])
        return f"{record['loss']:22} {record['words']:,} words: {middle:.3g} µs a pair"
    if record["kind"] == "failed":
        return f"{record['trainer']:14} failed: {record['reason']}"
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
    return line + (" (reused)" if record.get("reused") else "")
