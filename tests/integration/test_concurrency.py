"""Several at once: trainings in one process, workers with mapped vectors, builders of one cache."""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import firth
from firth.corpus import encode
from firth.errors import OutputError
from firth.files import replacing, replacing_folder
from firth.training import Callback

CONFIGS = [
    firth.SkipGram(dim=24, epochs=3, min_count=1, subsample=0, seed=1),
    firth.CBOW(dim=16, epochs=3, min_count=1, subsample=0, seed=2),
]


def documents(seed: int) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [[f"w{number}" for number in rng.zipf(1.5, 40) % 200] for _ in range(300)]


class Together(Callback):
    """Holds trainings until all of them have begun, and at each epoch until all have ended it."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self._barrier = barrier

    def on_start(self, vocabulary) -> None:
        self._barrier.wait(60)

    def on_epoch_end(self, epoch) -> None:
        self._barrier.wait(60)


def _blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_trainings_at_once_have_the_bits_of_each_alone_and_leave_the_blas_as_it_was():
    alone = [firth.train(documents(i), config, threads=2) for i, config in enumerate(CONFIGS)]
    before, barrier = _blas_threads(), threading.Barrier(len(CONFIGS))
    with concurrent.futures.ThreadPoolExecutor(len(CONFIGS)) as pool:
        runs = [
            pool.submit(firth.train, documents(i), config, threads=2, callbacks=[Together(barrier)])
            for i, config in enumerate(CONFIGS)
        ]
        together = [run.result(120) for run in runs]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.input_embeddings, other.input_embeddings)
        np.testing.assert_array_equal(one.output_embeddings, other.output_embeddings)
    assert _blas_threads() == before


def test_a_failure_in_one_training_does_not_touch_the_other():
    class Fail(Callback):
        def on_epoch_end(self, epoch) -> None:
            raise RuntimeError("on purpose")

    alone = firth.train(documents(0), CONFIGS[0], threads=2)
    before = _blas_threads()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        fails = pool.submit(firth.train, documents(1), CONFIGS[1], threads=2, callbacks=[Fail()])
        works = pool.submit(firth.train, documents(0), CONFIGS[0], threads=2)
        with pytest.raises(RuntimeError, match="on purpose"):
            fails.result(120)
        np.testing.assert_array_equal(alone.input_embeddings, works.result(120).input_embeddings)
    assert _blas_threads() == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs modes of POSIX")
def test_writers_at_once_leave_the_mask_of_modes_as_it_was(tmp_path):
    before = os.umask(0o027)
    try:

        def write(i: int) -> None:
            for j in range(40):
                with replacing(tmp_path / f"{i}-{j}") as temporary:
                    temporary.write_text("x")

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
        now = os.umask(0o027)
        assert now == 0o027
    finally:
        os.umask(before)


def test_threads_that_encode_the_same_share_one_entry_of_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRTH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "corpus.txt").write_text("to be or not to be\n" * 20_000)
    barrier = threading.Barrier(4)

    def encode_once(_: int) -> tuple[str, int, int]:
        barrier.wait(60)
        with encode(tmp_path / "corpus.txt", threads=1) as corpus:
            return corpus.fingerprint, corpus.n_tokens, int((corpus.ids >= 0).sum())

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = set(pool.map(encode_once, range(4)))
    assert len(results) == 1
    assert results.pop()[1:] == (120_000, 120_000)
    assert len(list((tmp_path / "cache" / "corpora").iterdir())) == 1


def test_of_two_writers_of_one_folder_the_slower_one_is_refused_and_takes_nothing_away(tmp_path):
    target = tmp_path / "vectors"

    def write() -> None:
        with replacing_folder(target) as slow:
            (slow / "model").write_text("slow")
            with replacing_folder(target) as fast:
                (fast / "model").write_text("fast")

    with pytest.raises(OutputError, match="cannot write"):
        write()
    assert (target / "model").read_text() == "fast"
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]


_WORKERS = """
import multiprocessing, sys
import numpy as np
import firth

def ask(word):
    global vectors
    if vectors is None:  # a spawned worker has none yet
        vectors = firth.load(sys.argv[1])
    try:
        vectors.embeddings[0] = 0
    except ValueError:
        pass
    else:
        raise AssertionError("mapped vectors could be written to")
    return vectors[word].tobytes(), [near.word for near in vectors.neighbors(word, k=3)]

def train(seed):
    rng = np.random.default_rng(seed)
    documents = [[f"w{number}" for number in rng.zipf(1.5, 40) % 50] for _ in range(50)]
    config = firth.SkipGram(dim=8, epochs=1, min_count=1, subsample=0, seed=seed)
    return firth.train(documents, config, threads=2).input_embeddings.tobytes()

vectors = None
if __name__ == "__main__":
    method, words = sys.argv[2], sys.argv[3:]
    if method == "fork":
        vectors = firth.load(sys.argv[1])
        wanted = [ask(word) for word in words]  # its threads, locks and maps are there before the fork
        trained = [train(1), train(2)]
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.map_async(ask, words * 5).get(120)
        learned = pool.map_async(train, [1, 2]).get(120)
    if method == "spawn":
        wanted, trained = [ask(word) for word in words], [train(1), train(2)]
    assert found == wanted * 5
    assert learned == trained
    print("fine")
"""


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("fork", marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")),
        "spawn",
    ],
)
def test_workers_share_mapped_vectors_and_train(tmp_path, method):
    firth.train(documents(0), CONFIGS[0], output=tmp_path / "vectors", threads=1)
    words = list(firth.load(tmp_path / "vectors").vocabulary)[:6]
    script = tmp_path / "workers.py"
    script.write_text(_WORKERS)
    result = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path / "vectors"), method, *words],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(Path(firth.__file__).parents[1])},
    )
    assert result.stdout == "fine\n", result.stderr


def test_mapped_vectors_can_be_sent_to_another_process(tmp_path):
    model = firth.train(documents(0), CONFIGS[0], output=tmp_path / "vectors", threads=1)
    vectors = firth.load(tmp_path / "vectors")
    sent = pickle.loads(pickle.dumps(vectors))
    word = next(iter(vectors.vocabulary))
    np.testing.assert_array_equal(sent[word], model.vectors[word])
    assert sent.neighbors(word, k=3) == vectors.neighbors(word, k=3)
