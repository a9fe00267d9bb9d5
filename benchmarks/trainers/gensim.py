"""gensim's Word2Vec in its fastest form: `corpus_file`."""

from __future__ import annotations

import time

from gensim.models import Word2Vec

from benchmarks.trainers import common


def train(job: common.Job) -> common.Trained:
    job.refuse_unless(
        "gensim", models=("skipgram", "cbow"), losses=("negative-sampling", "hierarchical-softmax")
    )
    tree = job.loss == "hierarchical-softmax"
    model = Word2Vec(
        sg=int(job.model == "skipgram"),
        hs=int(tree),
        cbow_mean=1,
        vector_size=job.dim,
        window=job.window,
        negative=0 if tree else job.negatives,
        sample=job.subsample,
        min_count=job.min_count,
        alpha=job.learning_rate,
        min_alpha=job.min_learning_rate,
        workers=job.threads,
        seed=job.seed,
    )
    corpus = str(job.corpus)
    model.build_vocab(corpus_file=corpus)
    start = time.perf_counter()
    _, raw_words = model.train(
        corpus_file=corpus,
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=job.epochs,
    )
    seconds = time.perf_counter() - start
    model.wv.save_word2vec_format(str(job.output), binary=True)
    return common.Trained(
        trained_per_epoch=raw_words / job.epochs,
        counted="tokens",
        # A thread starts at its share of the bytes; the last may meet the end before its share of words.
        slack=0.03,
        seconds=seconds,
        timing="wall time of train(), after build_vocab()",
    )


if __name__ == "__main__":
    common.main(train)
