"""Runs that are killed without warning, again and again, and what they come to.

``python -m benchmarks.kills`` trains each model once without a disturbance, and then kills ``firth train`` (SIGKILL) at
random moments, between its start and the time that a whole run takes, resumes it, kills it again, until it ends by
itself; and so on until there were as many kills as are asked for. A checkpoint is written after every round. What must
hold of every run that has ended:

- each epoch had as many pairs as in the run that was not disturbed: no token was lost or trained twice;
- in deterministic mode, all files of vectors and of state are the same, bit for bit;
- nothing is left beside the output.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import itertools
import json
import math
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import firth.cli
import firth.training

_COMMON = ("--dim", "1024", "--max-vocab", "1000", "--epochs", "8", "--quiet")
MODELS: dict[str, tuple[str, ...]] = {
    "skip-gram": (),
    "skip-gram, Hogwild": ("--no-deterministic",),
    "skip-gram, documents held out": ("--held-out", "0.05", "--patience", "1"),
    "CBOW, hierarchical softmax": ("--model", "cbow", "--loss", "hierarchical-softmax"),
    "CBOW, position weights": ("--model", "cbow", "--position-weights"),
    "FastText": ("--model", "fasttext", "--buckets", "2000"),
    "GloVe": ("--model", "glove", "--dim", "50", "--memory-limit", "268435456"),
}
_AIMED = 0.3
"""Share of the kills that wait for a checkpoint to be written."""
_ANY_BITS = frozenset({"skip-gram, Hogwild"})


@dataclasses.dataclass
class Record:
    """What was done to a model, and what came of it."""

    kills: int = 0
    ends: int = 0
    before_first: int = 0
    while_writing: int = 0
    faults: list[str] = dataclasses.field(default_factory=list)


def main() -> None:
    """Kill runs and write down what they come to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--within",
        type=float,
        help="seconds within which a kill comes; as long as an undisturbed run by default",
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="MODEL")
    parser.add_argument("--output", type=Path, help="file to write the result to, as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="firth-kills-") as folder:
        chance = random.Random(options.seed)  # noqa: S311 (no secrets)
        records = kill_runs(Path(folder), options.models, options.kills, options.within, chance)
    print(table(records))
    if options.output is not None:
        content = {name: dataclasses.asdict(record) for name, record in records.items()}
        options.output.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    if any(record.faults for record in records.values()):
        sys.exit(1)


def kill_runs(
    folder: Path, models: Sequence[str], kills: int, within: float | None, chance: random.Random
) -> dict[str, Record]:
    """Train all models undisturbed, then kill runs of one after the other; return what came of each."""
    corpus = write_corpus(folder)
    whole: dict[str, tuple[Path, float]] = {}
    for number, name in enumerate(models):
        output = folder / f"whole-{number}"
        if not whole:  # compiled, and encoded
            train(corpus, output, name)
            shutil.rmtree(output)
        began = time.monotonic()
        train(corpus, output, name)
        seconds = time.monotonic() - began
        whole[name] = output, within or seconds
        print(f"{name}: {seconds:.1f} s undisturbed", flush=True)
    records = {name: Record() for name in models}
    while sum(record.kills for record in records.values()) < kills:
        name = min(records, key=lambda name: records[name].kills)
        before = records[name].kills
        disturb(corpus, folder / "killed", name, records[name], whole[name], chance)
        print(f"{name}: {records[name].kills - before} kills, {len(records[name].faults)} faults", flush=True)
    return records


def disturb(
    corpus: Path, output: Path, name: str, record: Record, whole: tuple[Path, float], chance: random.Random
) -> None:
    """Train a model, killing the run at random moments until it ends, and check what it has come to."""
    reference, within = whole
    checkpoints = output.with_name(f"{output.name}.checkpoints")
    resume = False
    while True:
        before = set(checkpoints.glob("[0-9]*"))
        process = start(arguments(corpus, output, name, resume, chance.choice((1, 2, 3))))
        status = kill(process, chance.uniform(0, within), checkpoints if chance.random() < _AIMED else None)
        if status == 0:
            break
        if status != -signal.SIGKILL:
            record.faults.append(f"exit status {status}")
            break
        record.kills += 1
        record.before_first += not any(checkpoints.glob("[0-9]*"))
        record.while_writing += any(checkpoints.glob(".*.part")) or any(output.parent.glob(".killed*"))
        # On a machine that others use a start may take longer than a whole run did: wait longer, until it gets on.
        within = whole[1] if set(checkpoints.glob("[0-9]*")) - before else 1.5 * within
        resume = True
    record.ends += 1
    record.faults += faults(reference, output, exact=name not in _ANY_BITS)
    for path in output.parent.glob("*killed*"):
        shutil.rmtree(path)


def start(options: list[str]) -> int:
    """Start ``firth`` in a process of its own and return its id; it need not import what this one has imported."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            status = firth.cli.run(options)
        finally:
            os._exit(status)
    return process


def kill(process: int, seconds: float, folder: Path | None) -> int:
    """Kill a process after so many seconds, and in `folder`, if given, not before something is being written there.

    Returns its exit status, negative where a signal has ended it.
    """
    end = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end and (folder is None or any(folder.glob(".*.part"))):
            os.kill(process, signal.SIGKILL)
            end = math.inf
        time.sleep(0.001 if folder is not None else 0.01)


def faults(reference: Path, output: Path, *, exact: bool) -> list[str]:
    """Return how a run differs from the one that was not disturbed."""
    found = []
    pairs = [
        [
            epoch["pairs"]
            for epoch in json.loads((path / "firth" / "metadata.json").read_text())["metadata"]["history"]
        ]
        for path in (reference, output)
    ]
    if pairs[0] != pairs[1]:
        found.append(f"pairs {pairs[1]} instead of {pairs[0]}")
    files = [{file.relative_to(path) for file in path.rglob("*.safetensors")} for path in (reference, output)]
    if files[0] != files[1]:
        found.append(f"files {files[1]} instead of {files[0]}")
    elif exact:
        found += [
            f"{file} has other bits"
            for file in sorted(files[0])
            if (reference / file).read_bytes() != (output / file).read_bytes()
        ]
    left = [path.name for path in output.parent.glob("*killed*") if path != output]
    return found + [f"{name} is left" for name in left]


def train(corpus: Path, output: Path, name: str) -> None:
    """Train without a disturbance."""
    status = kill(start(arguments(corpus, output, name, False, 2)), math.inf, None)
    if status:
        sys.exit(f"the run that was not disturbed ended with {status}")


def arguments(corpus: Path, output: Path, name: str, resume: bool, threads: int) -> list[str]:
    """Return the arguments of ``firth`` that train a model, with a checkpoint after each round."""
    return [
        "train", str(corpus), "--output", str(output), *_COMMON, *MODELS[name],
        "--threads", str(threads), "--checkpoint-tokens", "1", *(["--resume"] if resume else []),
    ]  # fmt: skip


def write_corpus(folder: Path) -> Path:
    """Write half of the documentation of Python's standard library as text, one document a line."""
    from firth.corpus import standard_library_documents

    path = folder / "corpus.txt"
    with path.open("w", encoding="utf-8") as file:
        for document in itertools.islice(standard_library_documents(), 0, None, 2):
            file.write(" ".join(document.split()) + "\n")
    os.environ["FIRTH_CACHE"] = os.environ.get("FIRTH_CACHE") or str(folder / "cache")
    return path


def table(records: dict[str, Record]) -> str:
    """Return what came of all models, as a table."""
    columns = ("kills", "before_first", "while_writing", "ends")
    heads = ("kills", "before the first checkpoint", "while something was written", "runs ended", "faults")
    rows = [["model", *heads]]
    total: collections.Counter[str] = collections.Counter()
    for name, record in records.items():
        numbers = {column: getattr(record, column) for column in columns} | {"faults": len(record.faults)}
        total.update(numbers)
        rows.append([name, *map(str, numbers.values())])
        for fault in record.faults:
            print(f"FAULT {name}: {fault}")
    rows.append(["all", *(str(total[column]) for column in (*columns, "faults"))])
    lines = [" | ".join(row) for row in rows]
    return "\n".join(f"| {line} |" for line in [lines[0], " | ".join(["---"] * len(rows[0])), *lines[1:]])


if __name__ == "__main__":
    main()
