"""What only whole processes show: signals, exits, full disks and two of them at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and limits of POSIX")


# Kernels are loaded from the cache that all tests share; only then is the cache of corpora an empty one.
_PROLOGUE = """
import os
import firth.corpus
os.environ["FIRTH_CACHE"] = os.environ.pop("CORPUS_CACHE")
"""


@pytest.fixture
def start(tmp_path):
    """Start Python with a temporary folder and a cache of its own."""
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "CORPUS_CACHE": str(tmp_path / "cache")}
    started = []

    def run(program: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROLOGUE + program, *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def cache(tmp_path):
    """Return the folder where these processes keep corpora."""
    return tmp_path / "cache" / "corpora"


def finish(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def left_in(*folders: Path) -> list[str]:
    return [str(path) for folder in folders if folder.exists() for path in folder.iterdir()]


def test_what_is_temporary_goes_with_the_process(tmp_path, cache, start):
    program = """
from pathlib import Path
import sys
from firth.corpus import encode
corpus = encode(["a b", "b c"])
assert len(list(Path(sys.argv[1]).iterdir())) == 1
print(corpus)
"""
    assert "4 tokens" in finish(start(program, tmp_path / "tmp"))
    assert left_in(tmp_path / "tmp", cache) == []


@pytest.mark.parametrize("cached", [True, False])
def test_an_interrupt_leaves_nothing_behind(tmp_path, cache, start, cached):
    (tmp_path / "corpus.txt").write_text("word " * 1_000_000)
    program = """
import sys, time
from firth.corpus import encode
def progress(done, total):
    print("begun", flush=True)
    time.sleep(60)
try:
    encode(sys.argv[1], cache=sys.argv[2] == "True", threads=2, progress=progress)
except KeyboardInterrupt:
    print("interrupted")
"""
    process = start(program, tmp_path / "corpus.txt", cached)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    assert len(left_in(tmp_path / "tmp", cache)) == 1
    process.send_signal(signal.SIGINT)
    assert finish(process) == "interrupted\n"
    assert left_in(tmp_path / "tmp", cache) == []


@pytest.mark.parametrize("source", ["file", "documents", "tokens"])
def test_a_full_disk_is_reported_and_leaves_nothing_behind(tmp_path, cache, start, source):
    (tmp_path / "corpus.txt").write_text("word " * 400_000)
    program = """
import resource, signal, sys
from firth.corpus import encode
from firth.errors import OutputError
source = {"file": sys.argv[1], "documents": ["word " * 400_000], "tokens": [["word"] * 400_000] * 4}[sys.argv[2]]
encode(["make sure that all is compiled"]).close()
encode([["make", "sure"]]).close()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    encode(source)
except OutputError as error:
    print(error)
"""
    message = finish(start(program, tmp_path / "corpus.txt", source))
    assert message.startswith("cannot write the encoded corpus to ")
    assert message.count("\n") == 1
    assert "TMPDIR" in message
    assert left_in(tmp_path / "tmp", cache) == []


def test_two_processes_that_encode_the_same_both_succeed(tmp_path, cache, start):
    (tmp_path / "corpus.txt").write_text("to be or not to be " * 300_000)
    program = """
import sys, time
from pathlib import Path
import firth.corpus
ready, others = Path(sys.argv[2]), Path(sys.argv[3])
firth.corpus.encode(["compiled now"]).close()
waited = False
def progress(done, total):
    global waited
    if not waited:
        waited = True
        ready.touch()
        while not others.exists():
            time.sleep(0.01)
with firth.corpus.encode(sys.argv[1], progress=progress) as corpus:
    print(corpus.fingerprint, corpus.n_tokens, int((corpus.ids >= 0).sum()))
"""
    first = start(program, tmp_path / "corpus.txt", tmp_path / "1", tmp_path / "2")
    second = start(program, tmp_path / "corpus.txt", tmp_path / "2", tmp_path / "1")
    outputs = {finish(first), finish(second)}
    assert len(outputs) == 1
    assert outputs.pop().endswith(" 1800000 1800000\n")
    assert len(left_in(cache)) == 1
    assert left_in(tmp_path / "tmp") == []


def test_a_broken_run_is_cleared_away_a_day_later(tmp_path, cache, start):
    (tmp_path / "corpus.txt").write_text("a b\n")
    program = "import sys; from firth.corpus import encode; print(len(encode(sys.argv[1]).types))"
    finish(start(program, tmp_path / "corpus.txt"))
    (fresh := cache / ".making-fresh").mkdir()
    (forgotten := cache / ".making-forgotten").mkdir()
    (forgotten / "ids.int32").write_text("half")
    for path in (forgotten / "ids.int32", forgotten):
        os.utime(path, (time.time() - 90_000,) * 2)
    assert finish(start(program, tmp_path / "corpus.txt")) == "2\n"
    assert fresh.exists()
    assert not forgotten.exists()
