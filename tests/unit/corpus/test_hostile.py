"""Corpora that lie, have no end or lead elsewhere: refused or passed over on purpose, in bounded memory."""

from __future__ import annotations

import gzip
import lzma
import os
import socket
import sys
import tracemalloc
from pathlib import Path

import pytest

from firth.corpus import chunks, encode, reading
from firth.corpus.sources import find_files
from firth.errors import CorpusError

_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs links, pipes and devices of POSIX")


@_POSIX
def test_a_folder_of_strange_things_stands_for_its_files(tmp_path, documents_in):
    folder, outside = tmp_path / "texts", tmp_path / "outside.txt"
    (folder / "sub").mkdir(parents=True)
    outside.write_text("outside")
    (folder / "a.txt").write_text("inside")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "socket"))
    for name, target in {
        "zeros": "/dev/zero",
        "terminal": "/dev/tty",
        "loop": "loop",
        "to": "fro",
        "fro": "to",
        "nowhere": "nothing",
        "through": "a.txt/b",
        "up": "..",
        "link.txt": "../outside.txt",
        "sub/up": "../..",
    }.items():
        (folder / name).symlink_to(target)
    names = [Path(str(file)).relative_to(folder).as_posix() for file in find_files([folder])]
    # Links are followed: what they lead to counts once on each way, and no way leads into a folder around it.
    assert names == ["a.txt", "link.txt", "sub/up/outside.txt", "up/outside.txt"]
    assert documents_in(folder) == [["inside"], ["outside"], ["outside"], ["outside"]]


@_POSIX
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("/dev/zero", "byte 0 is NUL"),
        ("/dev/null", "no tokens"),
        ("/dev/urandom", r"not text|not UTF-8|damaged|truncated"),
        ("loop", r"levels of symbolic links|no such file"),
    ],
)
def test_devices_that_are_named_have_an_end_or_an_error(tmp_path, target, message):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(CorpusError, match=message):
        encode(tmp_path / "loop" if target == "loop" else target)


@_POSIX
def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(CorpusError, match="cannot read socket"):
            encode("socket")


def test_xz_that_wants_much_memory_is_refused(tmp_path):
    path = tmp_path / "corpus.xz"
    greedy = [
        {
            "id": lzma.FILTER_LZMA2,
            "dict_size": 300 << 20,
            "mode": lzma.MODE_FAST,
            "mf": lzma.MF_HC3,
            "nice_len": 3,
        }
    ]
    path.write_bytes(lzma.compress(b"a b c\n", filters=greedy))
    with pytest.raises(CorpusError, match=r"more than 268,435,456 bytes of memory"):
        encode(path)


@pytest.mark.parametrize("rest", [b"", b"\0" * 64, b"no xz at all"])
def test_xz_streams_follow_each_other(tmp_path, documents_in, monkeypatch, rest):
    monkeypatch.setattr(reading, "_BLOCK", 16)
    path = tmp_path / "corpus.xz"
    parts = ["first words and\nmore of them ", "", "then the rest"]
    path.write_bytes(b"".join(lzma.compress(part.encode()) for part in parts) + rest)
    assert documents_in(path) == [line.split() for line in "".join(parts).split("\n")]


def test_a_bomb_is_passed_over_in_bounded_memory(tmp_path, monkeypatch):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", 9) as file:
        for _ in range(40):
            file.write(b"a " * (1 << 19))
    encode(["a"]).close()
    tracemalloc.start()
    try:
        with encode(path, cache=False, threads=1) as corpus:
            assert corpus.n_tokens == 40 << 19
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_token_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "LONGEST_UNCUT", 1 << 22)
    path = tmp_path / "corpus.gz"
    path.write_bytes(gzip.compress(b"some words\n" + b"a" * (1 << 24), 1))
    with pytest.raises(CorpusError, match=r"no whitespace in 4,194,304 bytes.*put spaces between tokens"):
        encode(path, cache=False)
    # A function is given whole documents, and a document may be long.
    with encode(path, chunked(), cache=False) as corpus:
        assert list(corpus.types) == ["11", str(1 << 24)]


def chunked():
    from firth.config import TextOptions

    return TextOptions(tokenize=lambda document: [str(len(document) + (document[:1] == "s"))])
