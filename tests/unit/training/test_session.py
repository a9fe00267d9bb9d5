"""`firth.train`: what it returns, what it refuses, and that interrupted runs end as uninterrupted ones."""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import os
import signal
import threading

import numpy as np
import pytest

import firth
from firth.corpus import encode
from firth.errors import ConfigError, CorpusError, InputError, OutputError, TrainingError
from firth.training import Callback

TINY = firth.SkipGram(dim=12, epochs=2, min_count=1, subsample=0, learning_rate=0.05, seed=3)


def documents(n: int = 400, seed: int = 0) -> list[list[str]]:
    """Two topics: words of one never stand beside words of the other."""
    rng = np.random.default_rng(seed)
    topics = (["king", "queen", "throne", "crown", "castle"], ["dog", "cat", "mouse", "tail", "fur"])
    return [[*rng.choice(topics[i % 2], 12)] for i in range(n)]


class Recorder(Callback):
    def __init__(self) -> None:
        self.events: list[str] = []
        self.progress: list[object] = []

    def on_start(self, vocabulary) -> None:
        self.events.append("start")

    def on_progress(self, progress) -> None:
        self.events.append("progress")
        self.progress.append(progress)

    def on_epoch_end(self, epoch) -> None:
        self.events.append(f"epoch {epoch.epoch}")

    def on_end(self, model) -> None:
        self.events.append("end")


class InterruptAfter(Callback):
    """Sends this process the signal that Ctrl-C sends, after so many rounds."""

    def __init__(self, rounds: int, number: int = signal.SIGINT) -> None:
        self.left = rounds
        self.number = number

    def on_progress(self, progress) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.number)


@pytest.fixture
def short_rounds(monkeypatch):
    """Rounds of one short block, so that a small corpus has many."""
    from firth.training import plan

    monkeypatch.setattr(plan, "BLOCK_LENGTH", 512)
    monkeypatch.setattr(plan, "_NUMBERS_OF_A_ROUND", 512 * 16)


def test_topics_part():
    model = firth.train(
        documents(), firth.SkipGram(dim=16, epochs=20, min_count=1, subsample=0, learning_rate=0.05)
    )
    for word, topic in (
        ("king", {"queen", "throne", "crown", "castle"}),
        ("dog", {"cat", "mouse", "tail", "fur"}),
    ):
        assert {near.word for near in model.vectors.neighbors(word, k=4)} == topic
    assert len(model.output_vectors) == 10
    assert model.output_vectors.dim == 16
    losses = [epoch.loss for epoch in model.history]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("deterministic", [True, False])
def test_history_and_progress_tell_the_truth(deterministic, short_rounds):
    recorder = Recorder()
    config = firth.SkipGram(
        dim=12,
        epochs=2,
        min_count=1,
        subsample=0,
        dynamic_window=False,
        window=2,
        deterministic=deterministic,
    )
    model = firth.train(documents(), config, callbacks=[recorder], threads=2)
    # 12 tokens a document, full windows of two: 12 * 4 less what the edges cut.
    assert [epoch.pairs for epoch in model.history] == [400 * (12 * 4 - 6)] * 2
    assert [epoch.epoch for epoch in model.history] == [1, 2]
    assert recorder.events[0] == "start"
    assert recorder.events[-1] == "end"
    assert [event for event in recorder.events if event.startswith("epoch")] == ["epoch 1", "epoch 2"]
    words = [progress.words for progress in recorder.progress]
    assert words == sorted(words)
    assert words[-1] == recorder.progress[-1].total_words == 2 * 400 * 12
    rates = [progress.learning_rate for progress in recorder.progress]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(config.min_learning_rate)


def test_the_loss_is_the_objective_of_the_same_pairs():
    """With a rate of almost nothing the weights stay, so the loss can be computed afterwards, pair by pair."""
    from firth.objectives.negative_sampling import loss, negative_weights

    start = firth.train(documents(60), TINY)
    config = firth.SkipGram(
        dim=12, epochs=1, min_count=1, subsample=0, dynamic_window=False, window=2, learning_rate=1e-12,
        min_learning_rate=1e-12,
    )  # fmt: skip
    model = firth.train(documents(60), config, init=start.vectors, vocabulary=start.vocabulary)
    v, u = start.input_embeddings.astype(float), start.output_embeddings.astype(float)
    noise = np.asarray(start.vocabulary.counts, float) ** 0.75
    noise /= noise.sum()
    # The expectation over the draws: every word is a negative with its probability, but never the positive itself.
    total = pairs = 0
    for document in documents(60):
        ids = start.vocabulary.ids(document)
        for i, j in itertools.permutations(range(len(ids)), 2):
            if abs(i - j) <= 2:
                weights = negative_weights(ids[j], np.arange(len(noise)), scale=5.0) * noise
                total += loss(v[ids[i]], u[ids[j]], u, weights=weights)
                pairs += 1
    assert model.history[0].pairs == pairs
    assert model.history[0].loss == pytest.approx(total / pairs, rel=0.02)


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(short_rounds):
    models = [firth.train(documents(), TINY, threads=threads) for threads in (1, 2, 3)]
    assert (
        len({model.input_embeddings.tobytes() + model.output_embeddings.tobytes() for model in models}) == 1
    )
    assert len({tuple(epoch.loss for epoch in model.history) for model in models}) == 1
    other = firth.train(documents(), firth.SkipGram(dim=12, epochs=2, min_count=1, subsample=0, seed=4))
    assert other.input_embeddings.tobytes() != models[0].input_embeddings.tobytes()


@pytest.mark.parametrize("source", ["lists", "strings", "generator", "file", "paths", "corpus"])
def test_all_kinds_of_corpus_give_the_same_vectors(source, tmp_path):
    expected = firth.train(documents(50), TINY)
    lines = [" ".join(document) for document in documents(50)]
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(lines), "utf-8")
    encoded = firth.corpus.encode(lines) if source == "corpus" else None
    sources = {
        "lists": documents(50), "strings": lines, "generator": (line for line in lines), "file": str(path),
        "paths": [path], "corpus": encoded,
    }  # fmt: skip
    model = firth.train(sources[source], TINY, cache=False)
    assert model.input_embeddings.tobytes() == expected.input_embeddings.tobytes()
    if encoded is not None:
        assert encoded.n_tokens == 600  # still open: it is the caller's
        encoded.close()


@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_saved_and_resumed_to_the_same_end(
    deterministic, number, tmp_path, short_rounds
):
    config = firth.SkipGram(dim=12, epochs=3, min_count=1, subsample=0.01, deterministic=deterministic)
    whole = firth.train(documents(), config, threads=1)
    output = tmp_path / "vectors"
    recorder = Recorder()
    part = firth.train(
        documents(), config, threads=1, output=output, callbacks=[InterruptAfter(14, number), recorder]
    )
    assert not part.finished
    assert recorder.events.count("progress") == 14
    assert recorder.events[-1] == "end"
    assert firth.load(output).embeddings.tobytes() == part.input_embeddings.tobytes()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler  # put back
    rest = firth.train(documents(), config, threads=1, output=output, resume=True)
    assert rest.finished
    assert rest.input_embeddings.tobytes() == whole.input_embeddings.tobytes()
    assert rest.output_embeddings.tobytes() == whole.output_embeddings.tobytes()
    assert [epoch.loss for epoch in rest.history] == [epoch.loss for epoch in whole.history]
    assert firth.load(output).embeddings.tobytes() == whole.input_embeddings.tobytes()


def test_resuming_a_finished_run_does_nothing_and_says_so(tmp_path, caplog):
    output = tmp_path / "vectors"
    first = firth.train(documents(20), TINY, output=output)
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    with caplog.at_level(logging.WARNING, "firth"):
        again = firth.train(documents(20), TINY, output=output, resume=True)
    assert "nothing is left to do" in caplog.text
    assert again.input_embeddings.tobytes() == first.input_embeddings.tobytes()
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == before


@pytest.mark.parametrize("held_out", [0.0, 0.3])
def test_resuming_a_finished_run_with_something_else_is_refused(tmp_path, held_out):
    output = tmp_path / "vectors"
    config = dataclasses.replace(TINY, held_out=held_out)
    lines = [" ".join(document) for document in documents(40)]
    firth.train(lines, config, output=output)
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    with pytest.raises(InputError, match="cannot resume: the corpus has changed"):
        firth.train(lines[1:], config, output=output, resume=True)
    with pytest.raises(InputError, match="no such file"):
        firth.train(tmp_path / "missing.txt", config, output=output, resume=True)
    words = firth.Vocabulary(["king", "queen", "dog"])
    with pytest.raises(InputError, match="the vocabulary has changed"):
        firth.train(lines, config, output=output, resume=True, vocabulary=words)
    with pytest.raises(InputError, match="the corpus has changed"):
        firth.train(lines, config, output=output, resume=True, weights=[2.0] * len(lines))
    with pytest.raises(InputError, match=r"learning_rate was .* and is 0\.01"):
        firth.train(lines, dataclasses.replace(config, learning_rate=0.01), output=output, resume=True)
    text = firth.TextOptions(tokenize="words", lowercase=True)
    with pytest.raises(InputError, match="tokenize was 'whitespace' and is 'words'; lowercase was False"):
        firth.train(lines, config, output=output, resume=True, text=text)
    with encode(lines) as encoded:  # its rules are not known, and so not compared
        assert firth.train(encoded, config, output=output, resume=True, text=text).finished
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == before


def test_resuming_nothing_starts_from_the_beginning_and_says_so(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "firth"):
        model = firth.train(documents(20), TINY, output=tmp_path / "vectors", resume=True)
    assert model.finished
    assert "starting from the beginning" in caplog.text


def test_resuming_something_else_is_refused(tmp_path, short_rounds):
    output = tmp_path / "vectors"
    firth.train(documents(), TINY, threads=1, output=output, callbacks=[InterruptAfter(3)])
    with pytest.raises(InputError, match="dim was 12 and is 13"):
        firth.train(
            documents(), firth.SkipGram(dim=13, epochs=2, min_count=1, subsample=0, learning_rate=0.05, seed=3),
            output=output, resume=True,
        )  # fmt: skip
    with pytest.raises(InputError, match="the corpus has changed"):
        firth.train(documents(seed=1), TINY, output=output, resume=True)
    words = firth.Vocabulary(["king", "queen", "dog"])
    with pytest.raises(InputError, match="the vocabulary has changed"):
        firth.train(documents(), TINY, output=output, resume=True, vocabulary=words)
    plain = tmp_path / "plain"
    firth.load(output).save(tmp_path / "foreign.bin")
    firth.load(tmp_path / "foreign.bin").save(plain)
    with pytest.raises(OutputError, match="no training that could go on"):
        firth.train(documents(), TINY, output=plain, resume=True)


def test_an_output_that_exists_is_refused_before_anything_is_read(tmp_path):
    output = tmp_path / "vectors"
    output.mkdir()
    (output / "precious.txt").write_text("precious")

    def never():
        raise AssertionError("the corpus was read")
        yield "x"

    with pytest.raises(OutputError, match="exists"):
        firth.train(never(), TINY, output=output)
    with pytest.raises(OutputError, match="something else than vectors"):
        firth.train(documents(20), TINY, output=output, overwrite=True)
    assert (output / "precious.txt").read_text() == "precious"
    with pytest.raises(OutputError, match="is a file"):
        firth.train(never(), TINY, output=output / "precious.txt")
    with pytest.raises(ConfigError, match="exclude each other"):
        firth.train(never(), TINY, output=output, overwrite=True, resume=True)
    with pytest.raises(ConfigError, match="needs the output folder"):
        firth.train(never(), TINY, resume=True)


def test_overwriting_replaces_vectors(tmp_path):
    output = tmp_path / "vectors"
    firth.train(documents(20), TINY, output=output)
    model = firth.train(documents(30), TINY, output=output, overwrite=True)
    assert firth.load(output).embeddings.tobytes() == model.input_embeddings.tobytes()
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]


def test_a_failing_callback_ends_the_run_at_once_and_is_told(short_rounds):
    class Failing(Callback):
        calls = 0

        def on_progress(self, progress) -> None:
            self.calls += 1
            raise ZeroDivisionError("from the callback")

    failing = Failing()
    with pytest.raises(ZeroDivisionError, match="from the callback"):
        firth.train(documents(), TINY, callbacks=[failing])
    assert failing.calls == 1


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_failing_worker_ends_the_run_and_is_told(deterministic, monkeypatch, short_rounds):
    from firth.training import windows

    name = "train_synchronous" if deterministic else "train_hogwild"
    kernel = getattr(windows, name)
    config = firth.SkipGram(dim=12, epochs=2, min_count=1, subsample=0, deterministic=deterministic)

    def failing(thread, *args):
        if thread == 1:
            raise MemoryError("one worker has died")
        return kernel(thread, *args)

    monkeypatch.setattr(windows, name, failing)
    with pytest.raises(MemoryError, match="one worker has died"):
        firth.train(documents(), config, threads=3)


def test_an_exception_of_the_corpus_reaches_the_caller(tmp_path):
    def broken():
        yield "a b c"
        raise LookupError("from the generator")

    with pytest.raises(LookupError, match="from the generator"):
        firth.train(broken(), TINY, output=tmp_path / "vectors")
    assert list(tmp_path.iterdir()) == []


def test_weights_that_overflow_are_noticed(short_rounds):
    start = firth.train(documents(40), TINY)
    wild = start.input_embeddings.copy()
    wild[:] = 3e38
    from firth.formats import VectorTable

    init = firth.WordVectors(VectorTable(start.vocabulary, wild, start.output_embeddings))
    with pytest.raises(TrainingError, match="the loss is (nan|inf).*lower the learning rate"):
        firth.train(documents(40), TINY, init=init)


def test_init_starts_from_given_rows(tmp_path):
    start = firth.train(documents(40), TINY)
    start.vectors.subset(["king", "dog"]).save(tmp_path / "two")
    config = firth.SkipGram(
        dim=12, epochs=1, min_count=1, subsample=0, learning_rate=1e-30, min_learning_rate=1e-30, seed=9
    )
    model = firth.train(documents(40), config, init=tmp_path / "two")
    np.testing.assert_array_equal(model.vectors["king"], start.vectors["king"])
    assert not np.array_equal(model.vectors["queen"], start.vectors["queen"])
    assert np.abs(model.vectors["queen"]).max() <= 0.5 / 12
    with pytest.raises(ConfigError, match="12 dimensions, but dim is 5"):
        firth.train(documents(40), firth.SkipGram(dim=5), init=tmp_path / "two")
    with pytest.raises(InputError, match="none of the .* words"):
        firth.train([["x", "y"]] * 9, config, init=tmp_path / "two")


def test_a_fixed_vocabulary_is_learned_as_given():
    words = firth.Vocabulary(["mouse", "king", "never-seen", "dog"])
    model = firth.train(documents(40), TINY, vocabulary=words)
    assert list(model.vocabulary) == ["mouse", "king", "never-seen", "dog"]
    assert model.vectors.count("never-seen") == 0
    assert model.vocabulary.counts is not None
    assert model.vectors.count("king") == sum(d.count("king") for d in documents(40))


def test_min_count_max_vocab_and_stop_words():
    many = [["the", "a", "b", "c"]] * 5 + [["the", "d"]] * 3
    model = firth.train(many, firth.SkipGram(dim=2, min_count=4, epochs=1, subsample=0))
    assert list(model.vocabulary) == ["the", "a", "b", "c"]
    model = firth.train(
        many, firth.SkipGram(dim=2, min_count=1, max_vocab=3, stop_words=("the",), epochs=1, subsample=0)
    )
    assert list(model.vocabulary) == ["a", "b", "c"]
    with pytest.raises(CorpusError, match="min_count=9"):
        firth.train(many, firth.SkipGram(dim=2, min_count=9))
    with pytest.raises(CorpusError, match="only 'a' is left"):
        firth.train([["a", "a"]], firth.SkipGram(dim=2, min_count=1))


@pytest.mark.parametrize("dim", [1, 3, 16, 97])
def test_any_dim_gives_dense_rows(dim):
    model = firth.train(documents(20), firth.SkipGram(dim=dim, min_count=1, epochs=1))
    assert model.input_embeddings.shape == (10, dim)
    assert model.input_embeddings.flags.c_contiguous
    assert not model.input_embeddings.flags.writeable
    assert np.abs(model.input_embeddings).min() > 0  # no padding among them


def test_a_corpus_without_pairs_is_refused_with_the_remedy():
    with pytest.raises(CorpusError, match="no pair to train on.*subsample=0.0001.*set subsample=0"):
        firth.train([["a"], ["b"]] * 20, firth.SkipGram(dim=2, min_count=1, epochs=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"config": {"dim": 3}}, "config is .* but must be a SkipGram"),
        ({"text": "words"}, "text is 'words', but must be a TextOptions"),
        ({"vocabulary": ["a", "b"]}, "vocabulary is .* but must be a Vocabulary"),
        ({"vocabulary": firth.Vocabulary(["king"])}, "at least two"),
        ({"callbacks": [print]}, "callback .* must be a Callback"),
        ({"init": 5}, "init is 5, but must be"),
    ],
)
def test_arguments_of_another_kind_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        firth.train(documents(20), **{"config": TINY, **options})


def test_what_does_not_fit_into_memory_is_refused_with_the_numbers(monkeypatch):
    from firth.training import memory

    monkeypatch.setattr(memory, "_physical_memory", lambda: 1000)
    with pytest.raises(TrainingError, match=r"10 words of dim 12 need .* GiB, but this machine has"):
        firth.train(documents(20), TINY)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True, 10_000])
def test_threads_out_of_range_are_refused(threads):
    with pytest.raises(ConfigError, match="threads is .*whole number"):
        firth.train(documents(20), TINY, threads=threads)


def test_the_model_saves_all_it_knows(tmp_path):
    model = firth.train(documents(20), TINY)
    model.save(tmp_path / "native")
    loaded = firth.load(tmp_path / "native")
    assert loaded.metadata["settings"] == model.config.as_dict()
    assert loaded.metadata["text"] == {"tokenize": "whitespace", "lowercase": False}
    assert [epoch["loss"] for epoch in loaded.metadata["history"]] == [epoch.loss for epoch in model.history]
    assert loaded.output_vectors is not None
    assert loaded.output_vectors.embeddings.tobytes() == model.output_embeddings.tobytes()
    json.dumps(dict(loaded.metadata))
    model.save(tmp_path / "vectors.bin")
    assert firth.load(tmp_path / "vectors.bin").embeddings.tobytes() == model.input_embeddings.tobytes()


def test_training_in_a_thread_leaves_signals_alone():
    before = signal.getsignal(signal.SIGINT)
    found = []
    thread = threading.Thread(target=lambda: found.append(firth.train(documents(20), TINY)))
    thread.start()
    thread.join()
    assert found[0].finished
    assert signal.getsignal(signal.SIGINT) is before


def test_two_trainings_at_once_do_not_disturb_each_other():
    expected = firth.train(documents(), TINY).input_embeddings.tobytes()
    found = []
    pool = [
        threading.Thread(
            target=lambda: found.append(firth.train(documents(), TINY, threads=2).input_embeddings.tobytes())
        )
        for _ in range(3)
    ]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    assert found == [expected] * 3


def test_long_rows_get_short_blocks_so_that_ctrl_c_is_heard():
    from firth.training.plan import make_plan

    counted = firth.Vocabulary(["a", "b"], [50, 50])
    blocks = [
        make_plan(firth.SkipGram(dim=dim), counted, 10**6).options.block_length for dim in (1, 300, 65_536)
    ]
    assert blocks == [65_536, 65_536, 2_048]
