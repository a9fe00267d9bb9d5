"""Whether a model fits: the least of what the machine, the container and the process allow."""

from __future__ import annotations

import subprocess
import sys

import pytest

import firth
from firth.cli.app import main
from firth.errors import TrainingError
from firth.training import memory


@pytest.fixture
def groups(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(memory, "_GROUPS_OF_THIS_PROCESS", tmp_path / "cgroup")
    (tmp_path / "groups" / "memory" / "docker" / "abc").mkdir(parents=True)
    (tmp_path / "groups" / "user" / "job").mkdir(parents=True)
    return tmp_path


def limit_of(folder, text, name="memory.max"):
    (folder / name).write_text(f"{text}\n")


def test_the_group_of_a_process_and_those_above_it_count(groups):
    (groups / "cgroup").write_text("0::/user/job\n")
    limit_of(groups / "groups" / "user" / "job", "max")
    limit_of(groups / "groups" / "user", 5000)
    assert list(memory._container_limits()) == [5000]
    with pytest.raises(
        TrainingError, match=r"3 words of dim 7 need 0.0 GiB, but this container may use 0.0 GiB"
    ):
        memory.refuse_what_does_not_fit(5001, "3 words", 7)
    memory.refuse_what_does_not_fit(5000, "3 words", 7)


def test_of_the_older_kind_of_groups_only_that_of_memory_counts(groups):
    (groups / "cgroup").write_text("3:cpu,cpuacct:/docker/abc\n7:memory:/docker/abc\n")
    limit_of(groups / "groups" / "memory" / "docker" / "abc", 7000, "memory.limit_in_bytes")
    assert list(memory._container_limits()) == [7000]


def test_where_there_are_no_groups_there_is_no_limit(groups):
    assert list(memory._container_limits()) == []
    (groups / "cgroup").write_text("0::/../../elsewhere\n")
    assert list(memory._container_limits()) == []


def test_a_limit_of_the_process_is_told_before_the_start():
    program = """
import firth, resource
from firth.training.memory import refuse_what_does_not_fit
resource.setrlimit(resource.RLIMIT_AS, (2**33, -1))
refuse_what_does_not_fit(2**33, "few words", 7)
refuse_what_does_not_fit(2**33 + 2**30, "many words", 7)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "many words of dim 7 need 9.0 GiB, but this process may use (ulimit -v) 8.0 GiB" in result.stderr


def test_memory_that_runs_out_all_the_same_is_one_line(tmp_path, monkeypatch, capfd):
    def used_up(*args, **options):
        raise MemoryError("cannot allocate 5 GiB")

    corpus = tmp_path / "corpus.txt"
    corpus.write_text("a b c\n" * 100)
    monkeypatch.setattr(firth.training.session, "make_learner", used_up)
    assert main(["train", str(corpus), "-o", str(tmp_path / "out"), "--no-cache"]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "used up (cannot allocate 5 GiB): close other programs" in err
