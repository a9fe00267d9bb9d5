"""Which files a path, a folder, a glob or a list of them stands for, and what is said where it stands for none."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from firth.corpus.sources import find_files
from firth.errors import CorpusError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder ``texts``, in the current one, with files at several depths."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.txt", "a.txt", "sub/c.txt", "sub/deeper/d.txt", ".hidden.txt", ".git/config", "a/z.txt"):
        path = tmp_path / "texts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "texts"


def _names(*paths):
    return [Path(str(file)).as_posix() for file in find_files(paths)]


def test_a_folder_stands_for_its_files_in_order_without_hidden_ones(folder):
    expected = ["texts/a/z.txt", "texts/a.txt", "texts/b.txt", "texts/sub/c.txt", "texts/sub/deeper/d.txt"]
    assert _names("texts") == expected
    assert _names(Path("texts")) == expected


def test_several_paths_keep_their_order(folder):
    assert _names("texts/b.txt", "texts/a", "texts/a.txt") == ["texts/b.txt", "texts/a/z.txt", "texts/a.txt"]
    assert _names("texts/b.txt", "texts/b.txt") == ["texts/b.txt"] * 2


def test_globs(folder):
    assert _names("texts/*.txt") == ["texts/a.txt", "texts/b.txt"]
    assert _names(Path("texts/?.txt")) == ["texts/a.txt", "texts/b.txt"]
    everything = _names("texts/**")
    assert sorted(everything) == sorted(_names("texts"))  # each once, though ** matches folders and files
    (folder / "odd[1].txt").write_text("x")
    assert _names("texts/odd[1].txt") == ["texts/odd[1].txt"]


def test_links_are_followed_but_not_round_in_circles(folder):
    (folder / "sub" / "round").symlink_to(folder, target_is_directory=True)
    (folder / "link.txt").symlink_to(folder / "a.txt")
    (folder / "nowhere.txt").symlink_to(folder / "nothing")
    assert _names("texts").count("texts/a.txt") == 1
    assert "texts/link.txt" in _names("texts")
    assert not any("round" in name or "nowhere" in name for name in _names("texts"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_passed_over_in_a_folder_and_read_where_it_is_named(folder, documents_in):
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    assert "texts/pipe" not in _names("texts")
    assert [file.size for file in find_files([pipe])] == [None]
    writer = threading.Thread(target=pipe.write_text, args=("through a pipe",))
    writer.start()
    assert documents_in(pipe, cache=True) == [["through", "a", "pipe"]]
    writer.join()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nothing.txt", "no such file or folder: 'nothing.txt'.*a list of strings"),
        ("texts/a.txt/b", "no such file or folder"),
        ("nothing/*.txt", r"no file matches: 'nothing/\*.txt'.*a list of strings"),
        ("What is this? A text, " * 5, "no file matches: 'What is this.*a list of strings"),
        ("A text. " * 1000, "no such file or folder: 'A text.*a list of strings"),
        ("a\0b", "no such file or folder"),
        ("", "empty"),
    ],
)
def test_what_names_nothing_is_refused_in_one_line_with_the_remedy(folder, source, message):
    with pytest.raises(CorpusError, match=message) as caught:
        find_files([source])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_folder_without_text_is_refused(tmp_path):
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    (tmp_path / "empty" / ".hidden").write_text("x")
    with pytest.raises(CorpusError, match="holds no files"):
        find_files([tmp_path / "empty"])


@pytest.mark.parametrize("source", ["-", Path("-"), [Path("-")]])
def test_standard_input(monkeypatch, documents_in, source):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from outside\nmore")))
    assert documents_in(source, cache=True) == [["from", "outside"], ["more"]]
    assert not sys.stdin.closed


def test_no_standard_input(monkeypatch, documents_in):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CorpusError, match="no standard input"):
        documents_in("-")
