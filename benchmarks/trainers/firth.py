"""firth, as its users call it; ``--hogwild`` for threads that do not wait for each other.

The encoded corpus is not taken from the cache: reading and counting are part of every run.
"""

from __future__ import annotations

import firth
from benchmarks.trainers import common


def train(job: common.Job) -> common.Trained:
    config = firth.SkipGram(
        dim=job.dim,
        window=job.window,
        negatives=job.negatives,
        subsample=common.SUBSAMPLE,
        min_count=job.min_count,
        learning_rate=common.LEARNING_RATE,
        min_learning_rate=common.MIN_LEARNING_RATE,
        epochs=job.epochs,
        seed=job.seed,
        deterministic=not job.hogwild,
    )
    model = firth.train(job.corpus, config, threads=job.threads, cache=False)
    model.vectors.save(job.output, format="word2vec-binary", overwrite=True)
    seconds = sum(epoch.seconds for epoch in model.history)
    return common.Trained(
        trained_per_epoch=sum(epoch.pairs for epoch in model.history) / job.epochs,
        counted="pairs",
        slack=0.01,
        seconds=seconds,
        timing="sum of the epochs' seconds in the model's history",
    )


if __name__ == "__main__":
    common.main(train)
