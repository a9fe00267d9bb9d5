"""Training a model further on new text: what is kept, what is added, what is refused."""

from __future__ import annotations

import dataclasses
import os
import signal

import numpy as np
import pytest

import firth
from firth.cli.app import main
from firth.errors import ConfigError, CorpusError, InputError
from firth.training import Callback
from firth.training.plan import Plan

SMALL = {"dim": 12, "min_count": 2, "epochs": 2, "subsample": 0, "window": 3, "seed": 3}
FROZEN = {"learning_rate": 1e-30, "min_learning_rate": 1e-30, "epochs": 1}
MODELS = {
    "skipgram": firth.SkipGram(**SMALL),
    "skipgram-softmax": firth.SkipGram(loss="softmax", **SMALL),
    "skipgram-hogwild": firth.SkipGram(deterministic=False, **SMALL),
    "cbow": firth.CBOW(**SMALL),
    "cbow-positions": firth.CBOW(position_weights=True, **SMALL),
    "fasttext": firth.FastText(buckets=300, **SMALL),
    "fasttext-cbow": firth.FastText(buckets=300, architecture="cbow", **SMALL),
}
each_model = pytest.mark.parametrize("name", MODELS)


def documents(stems=("sea", "hill"), n=200, seed=1):
    rng = np.random.default_rng(seed)
    kinds = [[f"{stem}{i}" for i in range(12)] for stem in stems]
    return [[str(word) for word in rng.choice(kinds[i % len(kinds)], 12)] + ["and"] for i in range(n)]


NEW = documents(("hill", "moor"), seed=2)


@each_model
@pytest.mark.parametrize("saved", [False, True])
def test_old_rows_are_kept_and_new_words_come_behind(name, saved, tmp_path):
    """With a rate of almost nothing the rows stay where training began."""
    old = firth.train(documents(), MODELS[name], output=tmp_path / "old")
    config = dataclasses.replace(old.config, **FROZEN)
    new = firth.train(NEW, config, continue_from=tmp_path / "old" if saved else old)
    n = len(old.vocabulary)
    assert list(new.vocabulary)[:n] == list(old.vocabulary)
    assert sorted(list(new.vocabulary)[n:]) == sorted(f"moor{i}" for i in range(12))
    np.testing.assert_allclose(new.output_embeddings[:n], old.output_embeddings, atol=1e-6)
    assert np.abs(new.output_embeddings[n:]).max() < 1e-20
    if old.table.subwords is None:
        np.testing.assert_array_equal(new.input_embeddings[:n], old.input_embeddings)
        assert np.abs(new.input_embeddings[n:]).max() <= 0.5 / 12
    else:
        before, after = old.table.subwords, new.table.subwords
        np.testing.assert_array_equal(after.word_rows[:n], before.word_rows)
        at = np.searchsorted(after.bucket_ids, before.bucket_ids)
        np.testing.assert_array_equal(after.bucket_rows[at], before.bucket_rows)
        assert len(after.bucket_ids) > len(before.bucket_ids)
    for key, array in old.table.state.items():
        np.testing.assert_allclose(new.table.state[key], array, atol=1e-6)


@each_model
def test_new_words_are_learned_and_counts_are_added_up(name):
    old = firth.train(documents(), MODELS[name])
    new = firth.train(NEW, dataclasses.replace(old.config, epochs=8), continue_from=old)
    for word in ("sea1", "hill1", "moor1", "and"):
        expected = sum(document.count(word) for document in documents() + NEW)
        assert new.vectors.count(word) == expected
    within = np.mean([new.vectors.similarity("moor0", f"moor{i}") for i in range(1, 12)])
    across = np.mean([new.vectors.similarity("moor0", f"hill{i}") for i in range(12)])
    assert within > across


def test_progress_counts_the_tokens_of_the_new_text():
    class Last(Callback):
        progress = None

        def on_progress(self, progress):
            self.progress = progress

    last = Last()
    old = firth.train(documents(), MODELS["skipgram"])
    firth.train(NEW[:50], continue_from=old, callbacks=[last])
    assert last.progress.words == last.progress.total_words == 2 * 50 * 13


def test_settings_and_the_reading_of_text_are_those_of_the_model():
    text = firth.TextOptions(tokenize="words", lowercase=True)
    old = firth.train([" ".join(d).title() + "!" for d in documents()], MODELS["cbow"], text=text)
    new = firth.train([" ".join(d).upper() + "?" for d in NEW], continue_from=old)
    assert new.config == old.config
    assert new.text == old.text
    assert "moor1" in new.vectors
    assert "MOOR1" not in new.vectors


def test_max_vocab_is_room_for_old_and_new_words():
    old = firth.train(documents(), MODELS["skipgram"])
    n = len(old.vocabulary)
    for most, expected in ((n + 3, n + 3), (n, n), (n - 5, n), (None, n + 12)):
        config = dataclasses.replace(old.config, max_vocab=most)
        assert len(firth.train(NEW, config, continue_from=old).vocabulary) == expected
    config = dataclasses.replace(old.config, stop_words=("moor1", "moor2"))
    assert len(firth.train(NEW, config, continue_from=old).vocabulary) == n + 10


def test_text_with_old_words_only_and_with_one_new_word():
    old = firth.train(documents(), MODELS["skipgram"])
    same = firth.train(documents(n=20), continue_from=old)
    assert list(same.vocabulary) == list(old.vocabulary)
    one = firth.train([*documents(n=20), ["new", "sea1"], ["new", "sea2"]], continue_from=old)
    assert list(one.vocabulary) == [*old.vocabulary, "new"]
    with pytest.raises(CorpusError, match="none of the 25 words of the model occurs in the new text"):
        firth.train([["x", "y", "z"]], continue_from=old)


REFUSED = {
    "another dim": ({"config": firth.SkipGram(dim=5)}, "dim was 12 and is 5"),
    "another model": ({"config": firth.CBOW(**SMALL)}, "model was 'skipgram' and is 'cbow'"),
    "another loss": (
        {"config": firth.SkipGram(loss="softmax", **SMALL)},
        "loss was 'negative-sampling' and is",
    ),
    "init": ({"init": "x"}, "init and continue_from exclude each other"),
    "vocabulary": ({"vocabulary": firth.Vocabulary(["a", "b"])}, "vocabulary and continue_from exclude"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_with_the_reason(case):
    old = firth.train(documents(), MODELS["skipgram"])
    options, message = REFUSED[case]
    with pytest.raises(ConfigError, match=message):
        firth.train(NEW, continue_from=old, **options)


def test_models_that_cannot_be_continued_are_refused_with_the_reason(tmp_path):
    for loss in ("hierarchical-softmax", "hierarchical-softmax+negative-sampling"):
        tree = firth.train(documents(), firth.SkipGram(loss=loss, **SMALL))
        with pytest.raises(ConfigError, match="its tree follows from the counts"):
            firth.train(NEW, continue_from=tree)
    glove = firth.train(documents(), firth.GloVe(dim=12, epochs=2, min_count=2))
    with pytest.raises(ConfigError, match="it fits the counts of all text at once"):
        firth.train(NEW, continue_from=glove)
    places = firth.train(documents(), MODELS["cbow-positions"])
    with pytest.raises(ConfigError, match="window was 3 and is 4"):
        firth.train(NEW, dataclasses.replace(places.config, window=4), continue_from=places)
    subwords = firth.train(documents(), MODELS["fasttext"])
    with pytest.raises(ConfigError, match="min_n was 3 and is 2; buckets was 300 and is 200"):
        firth.train(NEW, dataclasses.replace(subwords.config, min_n=2, buckets=200), continue_from=subwords)
    places.vectors.save(tmp_path / "out.bin")
    for path in (tmp_path / "out.bin", tmp_path / "nothing"):
        with pytest.raises(InputError, match="no folder that firth has trained; give .* as init"):
            firth.train(NEW, continue_from=path)
    with pytest.raises(ConfigError, match="continue_from is 5, but must be"):
        firth.train(NEW, continue_from=5)


def test_text_that_a_function_has_split_needs_the_function(tmp_path):
    text = firth.TextOptions(tokenize=str.split)
    lines = [" ".join(document) for document in documents()]
    old = firth.train(lines, MODELS["skipgram"], text=text, output=tmp_path / "old")
    assert firth.train(lines, continue_from=old).text == text
    with pytest.raises(ConfigError, match="split by a function, which is not saved: give the same"):
        firth.train(lines, continue_from=tmp_path / "old")
    assert firth.train(lines, continue_from=tmp_path / "old", text=text).finished


def test_a_continuation_that_was_interrupted_is_resumed_also_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr("firth.training.plan.BLOCK_LENGTH", 256)
    monkeypatch.setattr(Plan, "round_length", property(lambda plan: plan.options.block_length))

    class Interrupt(Callback):
        left = 4

        def on_progress(self, progress):
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGINT)

    config = firth.SkipGram(**SMALL)
    firth.train(documents(), config, output=tmp_path / "model")
    whole = firth.train(NEW, output=tmp_path / "whole", continue_from=tmp_path / "model")
    for output, flags in (("other", {}), ("model", {"overwrite": True})):
        part = firth.train(
            NEW, output=tmp_path / output, continue_from=tmp_path / "model", callbacks=[Interrupt()], **flags
        )
        assert not part.finished
        resumed = firth.train(NEW, output=tmp_path / output, continue_from=tmp_path / "model", resume=True)
        assert resumed.finished
        assert resumed.input_embeddings.tobytes() == whole.input_embeddings.tobytes()


def test_the_command_line_takes_settings_from_the_model(tmp_path, capfd):
    for name, lines in (("old.txt", documents()), ("new.txt", NEW)):
        (tmp_path / name).write_text("\n".join(" ".join(line).title() for line in lines), "utf-8")
    arguments = ["--model", "fasttext", "--buckets", "300", "--dim", "8", "--min-count", "2", "--lowercase"]
    run = ["--quiet", "--no-cache"]
    assert main(["train", str(tmp_path / "old.txt"), "-o", str(tmp_path / "old"), *arguments, *run]) == 0
    command = ["train", str(tmp_path / "new.txt"), "--continue-from", str(tmp_path / "old"), *run]
    assert main([*command, "-o", str(tmp_path / "new"), "--epochs", "3"]) == 0
    old, new = firth.load(tmp_path / "old"), firth.load(tmp_path / "new")
    assert new.metadata["settings"] == {**old.metadata["settings"], "epochs": 3}
    assert new.metadata["text"] == old.metadata["text"]
    assert "moor1" in new
    assert capfd.readouterr() == ("", "")
    assert main([*command, "-o", str(tmp_path / "another"), "--model", "glove"]) == 2
    assert "GloVe cannot be continued" in capfd.readouterr().err
