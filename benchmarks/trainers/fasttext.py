"""fastText without n-grams, through its own extension module.

The Python layer above it offers no seed and copies arrays in a way that NumPy 2 refuses.
"""

from __future__ import annotations

import os
import re
import threading
import time

import fasttext_pybind
import numpy as np

from benchmarks.trainers import common

_RATE = re.compile(rb"Progress: 100\.0% words/sec/thread:\s+(\d+)")


def train(job: common.Job) -> common.Trained:
    options = fasttext_pybind.args()
    options.input = str(job.corpus)
    options.model = fasttext_pybind.model_name.skipgram
    options.loss = fasttext_pybind.loss_name.ns
    options.dim = job.dim
    options.ws = job.window
    options.neg = job.negatives
    options.epoch = job.epochs
    options.lr = common.LEARNING_RATE
    options.t = common.SUBSAMPLE
    options.minCount = job.min_count
    options.minn = options.maxn = options.bucket = 0
    options.wordNgrams = 1
    options.thread = job.threads
    options.seed = job.seed
    options.verbose = 1
    model = fasttext_pybind.fasttext()
    with _StandardError() as log:
        fasttext_pybind.train(model, options)
        end = time.perf_counter()
    rate = _RATE.search(log.text)
    if rate is None or log.read_at is None:
        raise SystemExit(f"fastText's own report is not as expected: {log.text[-300:]!r}")
    seconds = end - log.read_at
    words, _ = model.getVocab("strict")
    common.write_vectors(job.output, words, np.asarray(model.getInputMatrix()))
    return common.Trained(
        # Its last line gives the mean rate of all epochs; with our own clock that is a count.
        trained_per_epoch=int(rate[1]) * job.threads * seconds / job.epochs,
        counted="tokens+lines",
        # Our clock also sees the matrices and the table of negatives being filled, and a wait of 0.1 s.
        slack=0.01 + 0.3 / seconds,
        seconds=seconds,
        timing="wall time from its line that ends the reading to the return from train",
    )


class _StandardError:
    """Catches what the C++ side writes to standard error, and when the reading of the corpus ended."""

    def __init__(self) -> None:
        self.text = b""
        self.read_at: float | None = None

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
            if self.read_at is None and b"Number of labels" in self.text:
                self.read_at = time.perf_counter()


if __name__ == "__main__":
    common.main(train)
