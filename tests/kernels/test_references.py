"""Kernels that count no references to arrays neither keep memory nor free what is still used."""

from __future__ import annotations

import pytest
from numba.core.runtime import _nrt_python, rtsys

import firth
from firth.classifier import ClassifierSettings, train_classifier

_DOCUMENTS = [
    ["the", "king", "and", "the", "queen"],
    ["a", "dog", "and", "a", "cat", "and", "a", "mouse"],
] * 40


def train(config):
    return lambda folder: firth.train(_DOCUMENTS, config, threads=2)


def walk(p):
    def run(folder):
        edges = folder / "edges.txt"
        edges.write_text("".join(f"{i} {(i * i + 3) % 29}\n" for i in range(29)), encoding="utf-8")
        with firth.corpus.random_walks(edges, walks=3, length=9, p=p, q=1.0, seed=1) as corpus:
            return len(corpus.ids)

    return run


def encode(folder):
    text = folder / "text.txt"
    text.write_text("\n".join(" ".join(document) for document in _DOCUMENTS), encoding="utf-8")
    with firth.corpus.encode(text, cache=False) as corpus:
        return len(corpus.ids)


def find_phrases(folder):
    return firth.corpus.find_phrases(_DOCUMENTS, min_count=1, threshold=0.1, passes=2)


def classify(loss):
    texts = [f"__label__{len(document)} {' '.join(document)}" for document in _DOCUMENTS]
    settings = ClassifierSettings(dim=5, epochs=2, min_count=1, loss=loss, word_ngrams=2, buckets=100)
    return lambda folder: train_classifier(texts, settings, threads=2)


_SMALL = {"dim": 5, "epochs": 2, "min_count": 1}
_OF_WINDOWS = {**_SMALL, "subsample": 0}
_RUNS = {
    "skip-gram": train(firth.SkipGram(**_OF_WINDOWS)),
    "skip-gram, Hogwild": train(firth.SkipGram(**_OF_WINDOWS, deterministic=False)),
    "hierarchical softmax": train(firth.SkipGram(**_OF_WINDOWS, loss="hierarchical-softmax")),
    "softmax": train(firth.SkipGram(**_OF_WINDOWS, loss="softmax")),
    "CBOW": train(firth.CBOW(**_OF_WINDOWS, position_weights=True)),
    "FastText": train(firth.FastText(**_OF_WINDOWS, buckets=100)),
    "GloVe": train(firth.GloVe(**_SMALL)),
    "walks": walk(1.0),
    "biased walks": walk(0.5),
    "encoding": encode,
    "phrases": find_phrases,
    "classifier, softmax": classify("softmax"),
    "classifier, hierarchical softmax": classify("hierarchical-softmax"),
}


@pytest.mark.compiled
@pytest.mark.parametrize("run", _RUNS.values(), ids=_RUNS)
def test_every_array_that_a_kernel_makes_is_freed_once(run, tmp_path):
    run(tmp_path)  # what is compiled or kept from the first call on does not count
    _nrt_python.memsys_enable_stats()
    try:
        before = rtsys.get_allocation_stats()
        run(tmp_path)
        after = rtsys.get_allocation_stats()
    finally:
        _nrt_python.memsys_disable_stats()
    assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free
    assert after.alloc - before.alloc == after.free - before.free
