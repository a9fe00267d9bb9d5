"""fastText, with n-grams or without, through its own extension module.

The Python layer above it offers no seed and copies arrays in a way that NumPy 2 refuses.
"""

from __future__ import annotations

import os
import re
import threading
import time
from typing import Any

import fasttext_pybind
import numpy as np
from numpy.typing import NDArray

from benchmarks.trainers import common

_LOSSES = {"negative-sampling": "ns", "hierarchical-softmax": "hs", "softmax": "softmax"}
_RATE = re.compile(rb"Progress: 100\.0% words/sec/thread:\s+(\d+)")


def train(job: common.Job) -> common.Trained:
    job.refuse_unless("fastText", models=("skipgram", "fasttext"), losses=_LOSSES)
    options = fasttext_pybind.args()
    options.input = str(job.corpus)
    options.model = fasttext_pybind.model_name.skipgram
    options.loss = getattr(fasttext_pybind.loss_name, _LOSSES[job.loss])
    options.dim = job.dim
    options.ws = job.window
    options.neg = job.negatives
    options.epoch = job.epochs
    options.lr = job.learning_rate
    options.t = job.subsample or 1.0  # at 0 it would drop every token, at 1 it keeps them
    options.minCount = job.min_count
    options.minn, options.maxn, options.bucket = job.min_n, job.max_n, job.buckets
    options.wordNgrams = 1
    options.thread = job.threads
    options.seed = job.seed
    options.verbose = 2
    model = fasttext_pybind.fasttext()
    with _StandardError() as log:
        fasttext_pybind.train(model, options)
        end = time.perf_counter()
    rates = _RATE.findall(log.text)
    if not rates or log.started_at is None:
        raise SystemExit(f"fastText's own report is not as expected: {log.text[-300:]!r}")
    seconds = end - log.started_at
    words, _ = model.getVocab("strict")
    common.write_vectors(job.output, words, _vectors(model, words))
    if job.targets is not None:
        common.write_vectors(job.targets, words, np.asarray(model.getOutputMatrix()))
    return common.Trained(
        # Its last line gives the mean rate of all epochs; with our own clock that is a count.
        trained_per_epoch=int(rates[-1]) * job.threads * seconds / job.epochs,
        counted="tokens+lines",
        # Its first and last progress lines come up to 0.1 s after what they tell of.
        slack=0.01 + 0.3 / seconds,
        seconds=seconds,
        timing="wall time from its first progress line to the return from train",
    )


def _vectors(model: Any, words: list[str]) -> NDArray[np.float32]:
    """Return the rows of words: with n-grams, the mean of a word's own row and those of its n-grams.

    Raises
    ------
    SystemExit
        A row is not finite. With fewer than eleven threads fastText 0.9.3 fills only a part of its input matrix,
        and what the memory held before may spoil the rest.
    """
    matrix = np.asarray(model.getInputMatrix())
    if len(matrix) > len(words):
        rows = np.stack([matrix[model.getSubwords(word, "strict")[1]].mean(axis=0) for word in words])
    else:
        rows = matrix
    if not np.isfinite(rows).all():
        raise SystemExit("fastText's vectors are not all finite")
    return rows


class _StandardError:
    """Catches what the C++ side writes to standard error, and when its first progress line came."""

    def __init__(self) -> None:
        self.text = b""
        self.started_at: float | None = None

    def __enter__(self) -> _StandardError:
        self._saved = os.dup(2)
        self._pipe, write_end = os.pipe()
        os.dup2(write_end, 2)
        os.close(write_end)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.dup2(self._saved, 2)
        os.close(self._saved)
        self._reader.join()
        os.close(self._pipe)

    def _read(self) -> None:
        while block := os.read(self._pipe, 4096):
            self.text += block
            if self.started_at is None and b"Progress:" in self.text:
                self.started_at = time.perf_counter()


if __name__ == "__main__":
    common.main(train)
