"""firth, as its users call it; ``--hogwild`` for threads that do not wait for each other.

The encoded corpus is not taken from the cache: reading and counting are part of every run.
"""

from __future__ import annotations

from typing import Any

import firth
from benchmarks.trainers import common


def train(job: common.Job) -> common.Trained:
    config = settings(job)
    model = firth.train(job.corpus, config, threads=job.threads, cache=False)
    model.vectors.save(job.output, format="word2vec-binary", overwrite=True)
    if job.targets is not None:
        model.output_vectors.save(job.targets, format="word2vec-binary", overwrite=True)
    seconds = sum(epoch.seconds for epoch in model.history)
    return common.Trained(
        trained_per_epoch=sum(epoch.pairs for epoch in model.history) / job.epochs,
        counted="centers" if config.predicts_center else "pairs",
        slack=0.01,
        seconds=seconds,
        timing="sum of the epochs' seconds in the model's history",
    )


def settings(job: common.Job) -> firth.SkipGram | firth.CBOW | firth.FastText:
    """Return firth's settings of a job."""
    options: dict[str, Any] = {
        "dim": job.dim,
        "window": job.window,
        "loss": job.loss,
        "subsample": job.subsample,
        "min_count": job.min_count,
        "learning_rate": job.learning_rate,
        "min_learning_rate": job.min_learning_rate,
        "epochs": job.epochs,
        "seed": job.seed,
        "deterministic": not job.hogwild,
    }
    if job.loss == "negative-sampling":
        options["negatives"] = job.negatives
    if job.model == "cbow":
        options |= {"cbow_gradient": job.cbow_gradient, "position_weights": job.position_weights}
        return firth.CBOW(**options)
    if job.model == "fasttext":
        options |= {"min_n": job.min_n, "max_n": job.max_n, "buckets": job.buckets}
        return firth.FastText(**options)
    job.refuse_unless("firth", models=("skipgram",), losses=(job.loss,))
    return firth.SkipGram(**options)


if __name__ == "__main__":
    common.main(train)
