"""Folders for temporary files: what killed processes left goes, what somebody uses stays."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import pytest

from firth.corpus import encode, temporary
from firth.corpus.temporary import make_temporary_folder
from firth.errors import OutputError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="locks are those of POSIX")

_KILLED = """
import os, signal
from firth.corpus import encode
corpus = encode(["to be or not to be"])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Have temporary files made in a folder of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def _grow_old(folder) -> None:
    an_hour_ago = time.time() - 3600
    os.utime(folder / ".lock", (an_hour_ago, an_hour_ago))


def test_what_a_killed_process_left_is_removed_by_the_next(place):
    subprocess.run([sys.executable, "-c", _KILLED], check=False)
    (left,) = place.glob("firth-corpus-*")
    assert any(left.glob("ids*"))
    _grow_old(left)
    with encode(["that is the question"]) as corpus:
        assert not left.exists()
        assert len(list(place.iterdir())) == 1
        assert list(corpus.types) == ["that", "is", "the", "question"]
    assert not list(place.iterdir())


def test_what_is_in_use_stays():
    first, remove_first = make_temporary_folder("walks")
    _grow_old(first)
    second, remove_second = make_temporary_folder("walks")
    assert first.exists()
    assert second.exists()
    remove_first()
    remove_first()  # twice does nothing
    assert not first.exists()
    assert second.exists()
    remove_second()


def test_a_young_one_may_not_be_locked_yet_and_stays(place):
    left = place / "firth-counts-abcdefgh"
    left.mkdir()
    (left / ".lock").touch()
    _, remove = make_temporary_folder("counts")
    assert left.exists()
    _grow_old(left)
    remove()
    _, remove = make_temporary_folder("counts")
    assert not left.exists()
    remove()


@pytest.mark.parametrize("name", ["firth-corpus-mine", "firth-vectors-abcdefgh", "other-corpus-abcdefgh"])
def test_other_folders_stay(place, name):
    other = place / name
    other.mkdir()
    (other / ".lock").touch()
    _grow_old(other)
    (place / "firth-corpus-nolock00").mkdir()
    make_temporary_folder("corpus")[1]()
    assert other.exists()
    assert (place / "firth-corpus-nolock00").exists()


def test_links_stay(place):
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".lock").touch()
    _grow_old(elsewhere)
    (place / "firth-corpus-abcdefgh").symlink_to(elsewhere)
    make_temporary_folder("corpus")[1]()
    assert (elsewhere / ".lock").exists()


def test_nothing_is_removed_where_locks_keep_nobody_out(place, monkeypatch):
    left = place / "firth-phrases-abcdefgh"
    left.mkdir()
    (left / ".lock").touch()
    _grow_old(left)
    monkeypatch.setattr(temporary, "hold_lock", lambda _, *, alone: lambda: None)
    make_temporary_folder("phrases")[1]()
    assert left.exists()


def test_a_place_that_is_gone_is_told(place, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(place / "gone"))
    with pytest.raises(OutputError, match=r"gone: .*; make room there, or name another folder with TMPDIR"):
        make_temporary_folder("corpus")
