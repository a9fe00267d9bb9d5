"""Checkpoints: written on the way, whole or not at all, gone in the end; and what is resumed from them."""

from __future__ import annotations

import dataclasses
import json
import logging
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import firth
from firth.errors import ConfigError, InputError, OutputError, TrainingError
from firth.formats import VectorTable
from firth.training import Callback
from firth.training.checkpoints import Checkpoints, RunRecord, checkpoint_folder
from firth.training.glove import GloVeLearner
from firth.training.plan import Plan
from firth.training.standing import Standing

SMALL = {"dim": 12, "min_count": 1, "epochs": 3, "seed": 3}
WINDOWS = {**SMALL, "subsample": 0, "window": 3}
MODELS = {
    "skipgram": firth.SkipGram(**WINDOWS),
    "skipgram-hs": firth.SkipGram(loss="hierarchical-softmax", **WINDOWS),
    "skipgram-both": firth.SkipGram(loss="hierarchical-softmax+negative-sampling", **WINDOWS),
    "skipgram-softmax": firth.SkipGram(loss="softmax", **WINDOWS),
    "skipgram-held-out": firth.SkipGram(held_out=0.1, patience=1, **WINDOWS),
    "cbow-positions": firth.CBOW(position_weights=True, schedule="cosine", **WINDOWS),
    "fasttext": firth.FastText(buckets=300, **WINDOWS),
    "glove": firth.GloVe(window=3, **SMALL),
}
EACH_ROUND = {"checkpoint_seconds": None, "checkpoint_tokens": 1}


@pytest.fixture
def short_rounds(monkeypatch):
    """Rounds of one short block, so that there is something between them."""
    monkeypatch.setattr("firth.training.plan.BLOCK_LENGTH", 256)
    monkeypatch.setattr(Plan, "round_length", property(lambda plan: plan.options.block_length))
    monkeypatch.setattr(GloVeLearner, "round_length", lambda learner, threads: 1)


def documents(n=200):
    """Two kinds of documents that share few words."""
    rng = np.random.default_rng(1)
    kinds = [[f"{stem}{i}" for i in range(12)] for stem in ("sea", "hill")]
    return [[str(word) for word in rng.choice(kinds[i % 2], 12)] + ["and"] for i in range(n)]


class Recorder(Callback):
    """Counts checkpoints; copies the folder at one of them, which is what a kill would leave there."""

    def __init__(self, copy_at=0, to=None):
        self.paths = []
        self.kept = []
        self.copy_at = copy_at
        self.to = to

    def on_checkpoint(self, path):
        self.paths.append(path)
        self.kept.append(sorted(p.name for p in path.parent.iterdir() if p.name[0].isdigit()))
        if len(self.paths) == self.copy_at:
            shutil.copytree(path.parent, self.to)


def interrupted(config, folder, *, at=5, **options):
    """Return an output with the checkpoints that a run had when it wrote its fifth, and the model of the whole run."""
    recorder = Recorder(at, checkpoint_folder(folder / "killed"))
    whole = firth.train(
        documents(), config, output=folder / "whole", callbacks=[recorder], **{**EACH_ROUND, **options}
    )
    return folder / "killed", whole, recorder


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.safetensors")}


@pytest.mark.parametrize("name", MODELS)
def test_a_run_goes_on_from_a_checkpoint_to_the_same_bits(name, tmp_path, short_rounds):
    output, whole, recorder = interrupted(MODELS[name], tmp_path, threads=2)
    resumed = firth.train(documents(), MODELS[name], output=output, threads=3, resume=True)
    assert files_of(output) == files_of(tmp_path / "whole")
    assert [(e.loss, e.pairs, e.held_out_loss) for e in resumed.history] == [
        (e.loss, e.pairs, e.held_out_loss) for e in whole.history
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed", "whole"]  # and no checkpoints
    assert len(recorder.paths) > 6


def test_two_checkpoints_are_kept_at_a_time(tmp_path, short_rounds):
    _, _, recorder = interrupted(MODELS["skipgram"], tmp_path)
    assert [len(kept) for kept in recorder.kept[:3]] == [1, 2, 2]
    assert {len(kept) for kept in recorder.kept[1:]} == {2}
    assert recorder.kept[5] == sorted(path.name for path in recorder.paths[4:6])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"checkpoint_seconds": None}, 0),
        ({"checkpoint_seconds": 0}, 0),
        ({}, 0),  # every ten minutes
        ({"checkpoint_seconds": 1e-9}, 32),
        ({"checkpoint_seconds": None, "checkpoint_tokens": 2_600}, 2),
        ({"checkpoint_seconds": None, "checkpoint_tokens": 1_300}, 5),
    ],
)
def test_checkpoints_come_at_the_interval(options, expected, tmp_path, short_rounds):
    recorder = Recorder()
    firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", callbacks=[recorder], **options)
    assert len(recorder.paths) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"checkpoint_seconds": -1},
        {"checkpoint_seconds": float("nan")},
        {"checkpoint_seconds": "10"},
        {"checkpoint_tokens": -5},
        {"checkpoint_tokens": 1.5},
    ],
)
def test_intervals_out_of_range_are_refused(options, tmp_path):
    with pytest.raises(ConfigError, match="must be a .*number of at least 0"):
        firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", **options)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "no standing", "half a standing"])
def test_of_damaged_checkpoints_the_one_before_is_used_and_that_is_said(
    damage, tmp_path, short_rounds, caplog
):
    output, _, _ = interrupted(MODELS["skipgram"], tmp_path)
    latest = max(path for path in checkpoint_folder(output).iterdir() if path.is_dir())
    weights, standing = latest / "weights.safetensors", latest / "standing.json"
    content = weights.read_bytes()
    if damage == "truncated":
        weights.write_bytes(content[:-100])
    elif damage == "flipped":
        weights.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    elif damage == "no standing":
        standing.unlink()
    else:
        standing.write_bytes(standing.read_bytes()[:20])
    with caplog.at_level(logging.WARNING, "firth"):
        firth.train(documents(), MODELS["skipgram"], output=output, resume=True)
    assert f"{latest}" in caplog.text
    assert "trying the one before it" in caplog.text
    assert files_of(output) == files_of(tmp_path / "whole")


def test_if_all_checkpoints_are_damaged_the_run_starts_anew_and_says_so(tmp_path, short_rounds, caplog):
    output, _, _ = interrupted(MODELS["skipgram"], tmp_path)
    for path in checkpoint_folder(output).rglob("standing.json"):
        path.unlink()
    with caplog.at_level(logging.WARNING, "firth"):
        firth.train(documents(), MODELS["skipgram"], output=output, resume=True)
    assert "no checkpoint can be used: starting from the beginning" in caplog.text
    assert files_of(output) == files_of(tmp_path / "whole")


def test_another_corpus_or_setting_is_refused_with_its_name(tmp_path, short_rounds):
    output, _, _ = interrupted(MODELS["skipgram"], tmp_path)
    with pytest.raises(InputError, match="window was 3 and is 4; use the same"):
        firth.train(documents(), firth.SkipGram(**{**WINDOWS, "window": 4}), output=output, resume=True)
    with pytest.raises(InputError, match="model was 'skipgram' and is 'cbow'"):
        firth.train(documents(), firth.CBOW(**WINDOWS), output=output, resume=True)
    with pytest.raises(InputError, match="the corpus has changed"):
        firth.train(documents(199), MODELS["skipgram"], output=output, resume=True)
    text = firth.TextOptions(lowercase=True)  # here it gives the same tokens
    with pytest.raises(InputError, match="lowercase was False and is True"):
        firth.train(documents(), MODELS["skipgram"], output=output, resume=True, text=text)
    words = firth.Vocabulary(["sea1", "sea2"])
    with pytest.raises(InputError, match="the vocabulary has changed"):
        firth.train(documents(), MODELS["skipgram"], output=output, resume=True, vocabulary=words)
    # And nothing of it has cost the run anything.
    firth.train(documents(), MODELS["skipgram"], output=output, resume=True)
    assert files_of(output) == files_of(tmp_path / "whole")


@pytest.mark.parametrize("name", ["skipgram", "glove"])
def test_a_run_can_be_resumed_at_another_learning_rate_alone(name, tmp_path, short_rounds, caplog):
    """What the message about weights that overflow says to do."""
    output, _, _ = interrupted(MODELS[name], tmp_path)
    rate = MODELS[name].learning_rate
    lower = dataclasses.replace(MODELS[name], learning_rate=rate / 2)

    class Failing(Callback):
        def on_progress(self, progress):
            raise RuntimeError("not yet")

    with caplog.at_level(logging.WARNING, "firth"), pytest.raises(RuntimeError, match="not yet"):
        firth.train(documents(), lower, output=output, resume=True, callbacks=[Failing()], **EACH_ROUND)
    assert f"goes on at another learning rate: learning_rate was {rate!r} and is {rate / 2!r}" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, "firth"):
        model = firth.train(documents(), lower, output=output, resume=True)
    assert "another learning rate" not in caplog.text  # it is the run's own by now
    assert model.finished
    assert model.config == lower
    assert files_of(output) != files_of(tmp_path / "whole")


def test_what_a_killed_run_has_left_is_not_lost_by_mistake(tmp_path, short_rounds):
    output, _, _ = interrupted(MODELS["skipgram"], tmp_path)
    with pytest.raises(OutputError, match="has left checkpoints in .*killed.checkpoints: resume it"):
        firth.train(documents(), MODELS["skipgram"], output=output)
    firth.train(documents(), MODELS["cbow-positions"], output=output, overwrite=True)
    assert not checkpoint_folder(output).exists()


def test_a_killed_run_that_was_to_replace_a_model_does_not_take_that_for_its_own(tmp_path, short_rounds):
    output, _, _ = interrupted(MODELS["skipgram"], tmp_path)
    shutil.copytree(tmp_path / "whole", output)  # a finished run, but another one
    again = firth.train(documents(), firth.SkipGram(**{**WINDOWS, "seed": 4}), output=tmp_path / "old")
    shutil.rmtree(output)
    shutil.copytree(tmp_path / "old", output)
    resumed = firth.train(documents(), MODELS["skipgram"], output=output, resume=True)
    assert resumed.input_embeddings.tobytes() != again.input_embeddings.tobytes()
    assert files_of(output) == files_of(tmp_path / "whole")


def test_killed_between_saving_and_tidying_up_is_finished(tmp_path, short_rounds, caplog):
    output, _, _ = interrupted(MODELS["skipgram"], tmp_path)
    checkpoint_folder(output).rename(checkpoint_folder(tmp_path / "whole"))
    with caplog.at_level(logging.WARNING, "firth"):
        again = firth.train(documents(), MODELS["skipgram"], output=tmp_path / "whole", resume=True)
    assert "nothing is left to do" in caplog.text
    assert again.finished
    assert sorted(path.name for path in tmp_path.iterdir()) == ["whole"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    taken = checkpoint_folder(tmp_path / "out")
    taken.mkdir()
    (taken / "precious").write_text("precious")
    for flags in ({"resume": True}, {"overwrite": True}):
        with pytest.raises(OutputError, match="holds something else: move it"):
            firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", **EACH_ROUND, **flags)
    assert (taken / "precious").read_text() == "precious"


def test_two_runs_into_one_output_are_refused(tmp_path, short_rounds):
    class Second(Callback):
        message = ""

        def on_checkpoint(self, path):
            try:
                firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", resume=True)
            except OutputError as error:
                self.message = str(error)

    second = Second()
    firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", callbacks=[second], **EACH_ROUND)
    assert "another process is training" in second.message


def test_a_callback_that_raises_costs_nothing(tmp_path, short_rounds):
    class Failing(Callback):
        left = 7

        def on_progress(self, progress):
            self.left -= 1
            if not self.left:
                raise ZeroDivisionError("from the callback")

    output = tmp_path / "out"
    with pytest.raises(ZeroDivisionError):
        firth.train(documents(), MODELS["skipgram"], output=output, callbacks=[Failing()])
    assert [path.name for path in checkpoint_folder(output).iterdir() if path.is_dir()] == [
        "000000-000000001792"
    ]
    firth.train(documents(), MODELS["skipgram"], output=output, resume=True)
    firth.train(documents(), MODELS["skipgram"], output=tmp_path / "whole")
    assert files_of(output) == files_of(tmp_path / "whole")


def test_a_callback_that_raises_in_the_end_does_not_cost_the_model(tmp_path):
    class Failing(Callback):
        def on_end(self, model):
            raise ZeroDivisionError("from the callback")

    with pytest.raises(ZeroDivisionError):
        firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", callbacks=[Failing()])
    assert firth.load(tmp_path / "out").dim == 12
    again = firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", resume=True)
    assert again.finished


def test_a_run_that_fails_before_its_first_checkpoint_leaves_nothing(tmp_path):
    start = firth.train(documents(), MODELS["skipgram"])
    wild = np.full_like(start.input_embeddings, 3e38)
    init = firth.WordVectors(VectorTable(start.vocabulary, wild, start.output_embeddings))
    with pytest.raises(TrainingError, match="in the .* rows of 'and'.*lower the learning rate"):
        firth.train(documents(), MODELS["skipgram"], init=init, output=tmp_path / "out", **EACH_ROUND)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["skipgram", "fasttext", "glove"])
def test_weights_that_are_no_numbers_never_reach_a_checkpoint(name, tmp_path, short_rounds):
    class Poison(Callback):
        """Puts a NaN into the weights, after some rounds."""

        left = 6

        def on_progress(self, progress):
            self.left -= 1
            if not self.left:
                array = next(iter(learners[0].weights.values()))
                array[..., 11, 1] = np.nan

    learners = []
    from firth.training import session

    make = session.make_learner

    def making(*args, **options):
        learners.append(make(*args, **options))
        return learners[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "make_learner", making)
        with pytest.raises(TrainingError, match=r"of epoch [12] in the input rows of '(sea|hill)\d+'"):
            firth.train(
                documents(), MODELS[name], output=tmp_path / "out", callbacks=[Poison()], **EACH_ROUND
            )
    firth.train(documents(), MODELS[name], output=tmp_path / "out", resume=True)
    firth.train(documents(), MODELS[name], output=tmp_path / "whole")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def test_a_dying_worker_leaves_the_last_checkpoint(tmp_path, short_rounds, monkeypatch):
    from firth.training import windows

    kernel, calls = windows.train_synchronous, []

    def failing(thread, *args):
        calls.append(thread)
        if len(calls) > 20:
            raise MemoryError("one worker has died")
        return kernel(thread, *args)

    with monkeypatch.context() as patch:
        patch.setattr(windows, "train_synchronous", failing)
        with pytest.raises(MemoryError):
            firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", threads=2, **EACH_ROUND)
    firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", resume=True)
    firth.train(documents(), MODELS["skipgram"], output=tmp_path / "whole")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def test_a_full_disk_ends_the_run_and_leaves_the_last_checkpoint(tmp_path, short_rounds):
    class Full(Callback):
        """Lets no file grow beyond some bytes from the third checkpoint on."""

        left = 3

        def on_checkpoint(self, path):
            self.left -= 1
            if not self.left:
                resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    output = tmp_path / "out"
    try:
        with pytest.raises(
            OutputError, match="no space is left.*the run ends here, and what is in .*resumed"
        ):
            firth.train(documents(), MODELS["skipgram"], output=output, callbacks=[Full()], **EACH_ROUND)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(checkpoint_folder(output).glob(".*"))
    firth.train(documents(), MODELS["skipgram"], output=output, resume=True)
    firth.train(documents(), MODELS["skipgram"], output=tmp_path / "whole")
    assert files_of(output) == files_of(tmp_path / "whole")


def test_a_disk_that_is_too_small_is_told_before_the_start(tmp_path, monkeypatch):
    free = shutil.disk_usage(tmp_path)._replace(free=5_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(
        OutputError, match=r"need [1-9][0-9,]* bytes in .*, where 5,000 bytes are free: make room"
    ):
        firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out")
    firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", checkpoint_seconds=0)


def test_a_checkpoint_takes_no_memory_for_another_copy(tmp_path):
    """Measured in a process of its own, which trains nothing: 256 MB of weights, and what writing them takes more."""
    program = f"""
import resource, sys, numpy as np
from pathlib import Path
import firth
from firth.training.checkpoints import Checkpoints, RunRecord
from firth.training.standing import Standing
record = RunRecord(id="x", settings={{}}, text={{}}, corpus="")
folder = Checkpoints.begin(Path({str(tmp_path / "c")!r}), record, firth.Vocabulary(["a", "b"], [1, 1]))
weights = {{name: np.ones((2, 1 << 18, 64), np.float32) for name in ("inputs", "outputs")}}
folder.write({{name: array[:, :1024].copy() for name, array in weights.items()}}, Standing())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
folder.write(weights, Standing(epoch=1))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(result.stdout) < 16  # MB


def killed(output, config, moment):
    """Train in a process that kills itself without warning at a moment; return what it wrote to standard error."""
    program = f"""
import json, os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import firth, test_checkpoints as here
from firth.config import settings_from_dict
from firth.training import Callback, plan
from firth.training.glove import GloVeLearner
plan.BLOCK_LENGTH = 256
plan.Plan.round_length = property(lambda plan: plan.options.block_length)
GloVeLearner.round_length = lambda learner, threads: 1
name, number = {moment!r}
calls = 0
def die(*args):
    global calls
    calls += 1
    if calls == number:
        os.kill(os.getpid(), signal.SIGKILL)
def before(function):
    return lambda *args, **options: (die(), function(*args, **options))[1]
class Dying(Callback): pass
if name.startswith("on_"):
    setattr(Dying, name, die)
else:
    setattr(os, name, before(getattr(os, name)))
config = settings_from_dict(json.loads(sys.argv[1]))
firth.train(here.documents(), config, output={str(output)!r}, callbacks=[Dying()], threads=2, **here.EACH_ROUND)
"""
    result = subprocess.run(
        [sys.executable, "-c", program, json.dumps(config.as_dict())], capture_output=True
    )
    assert result.returncode == -signal.SIGKILL, result.stderr.decode()


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("skipgram", ("on_start", 1)),  # before the first checkpoint
        ("skipgram", ("fsync", 9)),  # while one is written
        ("fasttext", ("on_progress", 9)),
        ("glove", ("on_checkpoint", 7)),
        ("skipgram-held-out", ("on_end", 1)),  # before the model is saved
    ],
)
def test_a_run_that_is_killed_goes_on_to_the_same_bits(name, moment, tmp_path, short_rounds, caplog):
    config, output = MODELS[name], tmp_path / "killed"
    killed(output, config, moment)
    assert not output.exists()
    with caplog.at_level(logging.WARNING, "firth"):
        firth.train(documents(), config, output=output, resume=True)
    assert ("starting from the beginning" in caplog.text) == (moment[0] == "on_start")
    firth.train(documents(), config, output=tmp_path / "whole")
    assert files_of(output) == files_of(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed", "whole"]


def test_a_killed_hogwild_run_trains_each_token_once(tmp_path, short_rounds):
    config = firth.SkipGram(**{**WINDOWS, "deterministic": False})
    output = tmp_path / "killed"
    killed(output, config, ("on_progress", 3))
    resumed = firth.train(documents(), config, output=output, resume=True, threads=2)
    whole = firth.train(documents(), config, threads=1)
    assert [epoch.pairs for epoch in resumed.history] == [epoch.pairs for epoch in whole.history]


def test_a_folder_moved_aside_comes_back(tmp_path, short_rounds):
    """As if the process had been killed between the two renames that put a model in the place of another."""
    firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out")
    aside = tmp_path / ".out.abcdefgh.old"
    aside.mkdir()
    (tmp_path / "out").rename(aside / "out")
    (tmp_path / ".out.1_3_5_78.part").mkdir()
    (tmp_path / ".out.2.1_3_5_78.part").mkdir()  # of another output, "out.2"
    again = firth.train(documents(), MODELS["skipgram"], output=tmp_path / "out", resume=True)
    assert again.finished
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.2.1_3_5_78.part", "out"]


def test_the_parts_of_a_folder_that_is_no_run_are_refused(tmp_path):
    record = RunRecord(id="x", settings={}, text={}, corpus="")
    checkpoints = Checkpoints.begin(tmp_path / "c", record, firth.Vocabulary(["a", "b"]))
    checkpoints.write({"rows": np.zeros((2, 2), np.float32)}, Standing())
    checkpoints.close()
    (tmp_path / "c" / "run.json").write_text("{")
    with pytest.raises(OutputError, match="does not say which run"):
        Checkpoints.open(tmp_path / "c")
