"""``firth train``: from the shell's point of view."""

from __future__ import annotations

import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import firth
import firth.cli
from firth.cli.app import main

OPTIONS = ["--min-count", "1", "--dim", "8", "--epochs", "2", "--no-cache"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("the king and the queen\nthe dog, the cat\n" * 300, "utf-8")
    return path


def firth_process(*arguments: object, **options: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "firth", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_it_trains_and_says_where(corpus, tmp_path, capfd):
    output = tmp_path / "vectors"
    assert main(["train", str(corpus), "--output", str(output), *OPTIONS]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.split("\n")
    assert lines[0].split() == ["epoch", "loss", "pairs", "words/s", "seconds"]
    assert [line.split()[0] for line in lines[1:3]] == ["1", "2"]
    assert "8 dimensions" in lines[3]
    assert str(output) in lines[3]
    assert "king" in firth.load(output)


def test_all_options_arrive(corpus, tmp_path, capfd):
    words, stop = tmp_path / "words.txt", tmp_path / "stop.txt"
    words.write_text("queen\nking\ndog\n")
    stop.write_text("the\r\n\r\nand\n")
    output = tmp_path / "vectors"
    arguments = [
        "--dim", "5", "--window", "2", "--no-dynamic-window", "--negatives", "3", "--shared-negatives", "16",
        "--noise-exponent", "0.5", "--epochs", "1", "--min-count", "2", "--max-vocab", "40", "--subsample", "0.5",
        "--learning-rate", "0.03", "--min-learning-rate", "0.01", "--seed", "9", "--no-deterministic",
        "--stop-words", str(stop), "--vocabulary", str(words), "--tokenize", r"\w+", "--lowercase", "--threads", "2",
        "--no-cache", "--model", "skipgram", "--loss", "negative-sampling", "--decode-errors", "replace", "--quiet",
    ]  # fmt: skip
    assert main(["train", str(corpus), "-o", str(output), *arguments]) == 0
    assert capfd.readouterr() == ("", "")
    vectors = firth.load(output)
    assert list(vectors.vocabulary) == ["queen", "king", "dog"]
    expected = firth.SkipGram(
        dim=5, window=2, dynamic_window=False, negatives=3, shared_negatives=16, noise_exponent=0.5, epochs=1,
        min_count=2, max_vocab=40, subsample=0.5, learning_rate=0.03, min_learning_rate=0.01, seed=9,
        deterministic=False, stop_words=("the", "and"),
    )  # fmt: skip
    assert vectors.metadata["settings"] == expected.as_dict()
    assert vectors.metadata["text"] == {"tokenize": r"\w+", "lowercase": True}


def test_json_lines(corpus, tmp_path, capfd):
    output = tmp_path / "vectors"
    assert main(["train", str(corpus), "-o", str(output), "--json", *OPTIONS]) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.strip().split("\n")]
    assert [event["event"] for event in events] == ["progress", "epoch", "progress", "epoch", "saved"]
    assert events[1]["pairs"] > 0
    assert events[-1] == {"event": "saved", "output": str(output), "words": 6, "dim": 8, "finished": True}


def test_several_sources_and_standard_input(corpus, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "more.txt").write_text("one fine day\n" * 20)
    output = tmp_path / "vectors"
    process = firth_process(
        "train", corpus, tmp_path / "fold*", "-", "-o", output, *OPTIONS, stdin=subprocess.PIPE
    )
    _, err = process.communicate("from standard input\n" * 20, timeout=120)
    assert (process.returncode, err) == (0, "")
    vectors = firth.load(output)
    assert all(word in vectors for word in ("king", "fine", "standard"))


BAD = {
    "no such file": (["nothing.txt"], "no such file"),
    "empty file": (["empty.txt"], "holds no tokens"),
    "folder without text": (["folder"], "holds no files"),
    "binary file": (["binary"], "is not text"),
    "not UTF-8": (["latin.txt"], "byte 7"),
    "nothing left": (["corpus.txt", "--min-count", "1000000"], "min_count=1000000"),
    "one word": (["one.txt", "--min-count", "1"], "only 'x' is left"),
    "dim": (["corpus.txt", "--dim", "0"], "dim is 0, but must be a whole number from 1 to 65,536"),
    "window": (["corpus.txt", "--window", "1001"], "window is 1001"),
    "epochs": (["corpus.txt", "--epochs", "-1"], "epochs is -1"),
    "negatives": (["corpus.txt", "--negatives", "0"], "negatives is 0"),
    "learning rate": (["corpus.txt", "--learning-rate", "nan"], "learning_rate is nan"),
    "rates crossed": (["corpus.txt", "--min-learning-rate", "1"], "min_learning_rate is 1.0"),
    "not a number": (["corpus.txt", "--dim", "many"], "--dim is 'many': "),
    "not a number either": (["corpus.txt", "--dim=1.5"], "--dim is '1.5': "),
    "unknown option": (["corpus.txt", "--dims", "3"], "No such option"),
    "unknown model": (["corpus.txt", "--model", "bert"], "--model is 'bert': "),
    "regular expression": (["corpus.txt", "--tokenize", "(["], "regular expression"),
    "vocabulary": (["corpus.txt", "--vocabulary", "nothing.txt"], "nothing.txt"),
    "vocabulary without words": (["corpus.txt", "--vocabulary", "empty.txt"], "holds 0 words"),
    "foreign vocabulary": (["corpus.txt", "--vocabulary", "one.txt"], "line 2"),
    "stop words": (["corpus.txt", "--stop-words", "nothing.txt"], "nothing.txt"),
    "initial vectors": (["corpus.txt", "--init", "corpus.txt"], "corpus.txt"),
    "threads": (["corpus.txt", "--threads", "0"], "threads is 0"),
    "both": (["corpus.txt", "--resume", "--overwrite"], "exclude each other"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line_and_leaves_nothing(case, corpus, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "latin.txt").write_bytes(b"a b\nc d\xe9 e\n")
    (tmp_path / "one.txt").write_text("x\nx\n")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    arguments, message = BAD[case]
    assert main(["train", *arguments, "--no-cache", "--output", "new/vectors"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("firth: ")
    assert message in err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("flag", [[], ["--overwrite"], ["--resume"]])
def test_a_folder_with_something_else_is_left_alone(flag, corpus, tmp_path, capfd):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "precious.txt").write_text("precious")
    assert main(["train", str(corpus), "-o", str(taken), *OPTIONS, *flag]) == 2
    assert capfd.readouterr().err.count("\n") == 1
    assert [path.name for path in taken.iterdir()] == ["precious.txt"]


def test_a_full_disk_is_reported_and_nothing_is_half_written(corpus, tmp_path):
    output = tmp_path / "vectors"
    small = ["--min-count", "1", "--dim", "8", "--epochs", "1", "--no-cache"]
    assert main(["train", str(corpus), "-o", str(output), "--quiet", *small]) == 0
    before = firth.load(output, memory_map=False).embeddings.copy()

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    large = ["--min-count", "1", "--dim", "20000", "--epochs", "1", "--no-cache", "--overwrite"]
    process = firth_process("train", corpus, "-o", output, *large, preexec_fn=little_room)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2, (out, err)
    assert err.count("\n") == 1
    assert "no space" in err
    assert (firth.load(output).embeddings == before).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.txt", "vectors"]


def test_ctrl_c_saves_what_there_is_and_resume_finishes_it(corpus, tmp_path):
    output = tmp_path / "vectors"
    arguments = [
        "train",
        corpus,
        "-o",
        output,
        "--min-count",
        "1",
        "--dim",
        "8",
        "--epochs",
        "20000",
        "--no-cache",
    ]
    process = firth_process(*arguments, "--json")
    assert process.stdout is not None
    process.stdout.readline()  # the first round is done
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (
        err
        == f"firth: interrupted: saved what there is in {output}; go on with the same command and --resume\n"
    )
    assert json.loads(out.strip().split("\n")[-1])["finished"] is False
    vectors = firth.load(output)
    assert 0 < vectors.metadata["training"]["epoch"] < 20000
    assert vectors.neighbors("king", k=1)
    again = firth_process(*arguments)
    assert again.communicate(timeout=60)[1].count("\n") == 1
    assert again.returncode == 2  # exists: resume or overwrite
    short = [argument if argument != "20000" else "19999" for argument in arguments]
    other = firth_process(*short, "--resume")
    assert "epochs was 20000 and is 19999" in other.communicate(timeout=60)[1]


def test_resuming_nothing_and_what_is_finished(corpus, tmp_path, capfd):
    output = tmp_path / "vectors"
    arguments = ["train", str(corpus), "-o", str(output), *OPTIONS, "--resume"]
    assert main(arguments) == 0
    assert "starting from the beginning" in capfd.readouterr().err
    assert main(arguments) == 0
    assert "nothing is left to do" in capfd.readouterr().err


def test_on_a_terminal_a_bar_shows_speed_loss_rate_and_time_left(corpus, tmp_path):
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "140"}
    command = [
        sys.executable, "-m", "firth", "train", str(corpus), "-o", str(tmp_path / "vectors"), "--min-count", "1",
        "--dim", "8", "--epochs", "3000", "--no-cache",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=follower, stdout=subprocess.DEVNULL, env=environment)
    os.close(follower)
    seen = b""
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and b"rate " not in seen:
        if select.select([leader], [], [], 0.5)[0]:
            try:
                seen += os.read(leader, 65536)
            except OSError:  # the process has gone
                break
    process.kill()
    process.wait()
    os.close(leader)
    for part in (b"training", b"epoch ", b"loss ", b"rate ", b"words/s", b"%"):
        assert part in seen


def test_a_full_or_closed_standard_output_is_no_traceback(corpus, tmp_path):
    output = tmp_path / "vectors"
    assert main(["train", str(corpus), "-o", str(output), "--quiet", *OPTIONS]) == 0
    command = [sys.executable, "-m", "firth", "neighbors", str(output), "king"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot write the output" in done.stderr
    shell = f"'{sys.executable}' -m firth neighbors '{output}' king >&-"
    done = subprocess.run(["sh", "-c", shell], stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_before_training_says_that_nothing_was_saved(tmp_path):
    process = firth_process("train", "-", "-o", tmp_path / "vectors", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(
        "a b c\n" * 500_000
    )  # more than a pipe holds: when this returns, the text is being read
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "firth: interrupted: nothing was saved\n")
    assert list(tmp_path.iterdir()) == []
