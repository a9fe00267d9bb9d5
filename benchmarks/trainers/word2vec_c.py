"""word2vec.c as the registry's `word2vec` package compiles it (-Ofast -march=native).

It takes no seed: with one thread every run is the same, with more the races between threads vary it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.trainers import common

_PROGRESS = re.compile(rb"Progress: ([\d.]+)%")
_TOTAL = re.compile(rb"Words in train file: (\d+)")
_REPORTING_STEP = 10_000


def train(job: common.Job) -> common.Trained:
    job.refuse_unless(
        "word2vec.c", models=("skipgram", "cbow"), losses=("negative-sampling", "hierarchical-softmax")
    )
    tree = job.loss == "hierarchical-softmax"
    options = {
        "train": job.corpus,
        "output": job.output,
        "size": job.dim,
        "window": job.window,
        "sample": job.subsample,
        "negative": 0 if tree else job.negatives,
        "hs": int(tree),
        "cbow": int(job.model == "cbow"),
        "alpha": job.learning_rate,
        "min-count": job.min_count,
        "iter": job.epochs,
        "threads": job.threads,
        "binary": 1,
        "debug": 2,
    }
    command = [_binary(), *(text for name, value in options.items() for text in (f"-{name}", str(value)))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    total, marks = _watch(process)
    if process.wait() != 0 or len(marks) < 2:
        raise SystemExit(
            f"word2vec.c ended with status {process.returncode} after {len(marks)} progress lines"
        )
    (start, first), (end, last) = marks[0], marks[-1]
    return common.Trained(
        trained_per_epoch=last * total,
        counted="vocabulary+lines",
        # A thread does not print what it trained after its last full step.
        slack=0.001 + job.threads * _REPORTING_STEP / total,
        seconds=(end - start) / (last - first),
        timing="wall time between the first and the last progress line, scaled to all words",
    )


def _binary() -> str:
    beside = Path(sys.executable).with_name("word2vec")
    found = str(beside) if beside.exists() else shutil.which("word2vec")
    if found is None:
        raise SystemExit("no word2vec binary beside the interpreter or on PATH: pip install word2vec")
    return found


def _watch(process: subprocess.Popen[bytes]) -> tuple[int, list[tuple[float, float]]]:
    """Return the words of an epoch and the progress lines as (time, share of all epochs done)."""
    total, marks, output = 0, [], b""
    assert process.stdout is not None
    while block := os.read(process.stdout.fileno(), 1 << 16):
        now = time.perf_counter()
        output = (output + block)[-1000:]
        if not total and (match := _TOTAL.search(output)):
            total = int(match[1])
        if shares := _PROGRESS.findall(output):
            marks.append((now, float(shares[-1]) / 100))
            output = b""
    return total, marks


if __name__ == "__main__":
    common.main(train)
