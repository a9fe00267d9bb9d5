"""Encoded corpora on disk: found by content, never half, never damaged, never too many, never removed in use."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys

import pytest

from firth.config import TextOptions
from firth.corpus import encode
from firth.corpus.cache import CorpusCache
from firth.errors import ConfigError, CorpusError

_LOCKS = pytest.mark.skipif(sys.platform == "win32", reason="needs locks of POSIX")


@pytest.fixture
def corpus(tmp_path):
    """A file to encode."""
    path = tmp_path / "corpus.txt"
    path.write_text("to be or\nnot to be")
    return path


def _entries(cache):
    return sorted(path.name for path in cache.iterdir() if not path.name.startswith("."))


def _encode(source, text=None, **options):
    """Encode, and return the folder that the ids lie in."""
    with encode(source, text, **options) as encoded:
        assert encoded.ids.tolist() == [0, 1, 2, -1, 3, 0, 1, -1]
        return encoded.ids.filename.parent


def test_the_same_content_is_found_again_under_any_name(cache, corpus, tmp_path):
    place = _encode(corpus)
    assert place.parent == cache
    os.utime(corpus, (1, 1))
    moved = corpus.rename(tmp_path / "elsewhere")
    assert _encode(moved) == place
    assert _entries(cache) == [place.name]
    moved.write_text("to be or\nnot to be ")
    assert _encode(moved) != place


def test_what_is_found_is_what_was_made(cache, corpus):
    with encode(corpus) as made, encode(corpus) as found:
        assert made.fingerprint == found.fingerprint
        assert list(made.types) == list(found.types)
        assert made.type_counts.tolist() == found.type_counts.tolist()
        assert (made.n_tokens, made.n_documents) == (found.n_tokens, found.n_documents)


def test_other_content_of_the_same_size_is_not_confused(cache, corpus, tmp_path):
    _encode(corpus)
    corpus.write_text("to be or\nnot to go")
    with encode(corpus) as other:
        assert list(other.types) == ["to", "be", "or", "not", "go"]
    for name, content in (("1", "to be or\nn"), ("2", "ot to be")):  # the same bytes in two files
        (tmp_path / "two").mkdir(exist_ok=True)
        (tmp_path / "two" / name).write_text(content)
    with encode(tmp_path / "two") as parts:
        assert parts.n_documents == 3
    assert len(_entries(cache)) == 3


def test_each_way_to_read_a_text_is_kept_apart(cache, corpus):
    ways = [
        TextOptions(),
        TextOptions(lowercase=True),
        TextOptions(decode_errors="replace"),
        TextOptions(tokenize="words"),
        TextOptions(tokenize=r"\w+"),
        TextOptions(tokenize=re.compile(r"\w+")),
        TextOptions(tokenize=re.compile(r"\w+", re.IGNORECASE)),
        TextOptions(tokenize=re.compile(r"\w+" + "(?:)" * 100 + "a?")),  # alike in what prints of them
        TextOptions(tokenize=re.compile(r"\w+" + "(?:)" * 100 + "b?")),
    ]
    assert len({_encode(corpus, text) for text in ways}) == len(ways)
    assert len({_encode(corpus, text) for text in ways}) == len(ways)
    assert len(_entries(cache)) == len(ways)


def test_nothing_is_kept_without_a_file_or_against_the_wish(cache, corpus):
    sources = [(corpus, {"cache": False}), (corpus, {"text": TextOptions(tokenize=str.split)})]
    for source, options in [
        *sources,
        (["to be or", "not to be"], {}),
        ([["to", "be", "or"], ["not", "to", "be"]], {}),
    ]:
        place = _encode(source, **options)
        assert not place.exists()
    assert not cache.exists() or _entries(cache) == []


def test_nothing_is_kept_of_a_failure(cache, corpus):
    corpus.write_bytes(b"fine \xff")
    with pytest.raises(CorpusError):
        encode(corpus)
    assert list(cache.iterdir()) == []


def test_a_file_that_changes_is_kept_under_what_was_read(cache, tmp_path):
    path = tmp_path / "corpus.txt"
    before, after = "before " * 400_000, "changed " * 400_000
    path.write_text(before)
    changed = []

    def change(done, total):
        if not changed:
            changed.append(done)
            with path.open("r+b") as file:  # behind what was read so far
                file.seek(len(before) // 7 * 7)
                file.write(b"more")

    with encode(path, progress=change, threads=1) as corpus:
        n_tokens = corpus.n_tokens
    path.write_text(before)
    with encode(path) as corpus:
        assert list(corpus.types) == ["before"]
    path.write_text(before + "more")
    with encode(path) as corpus:
        assert corpus.n_tokens == 400_001 >= n_tokens
    path.write_text(after)
    with encode(path) as corpus:
        assert list(corpus.types) == ["changed"]


def _damage(place, name, change):
    content = (place / name).read_bytes()
    (place / name).write_bytes(change(content))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ids.int32", lambda content: content[:-4]),
        ("ids.int32", lambda content: b"\xff\xff\xff\x7f" + content[4:]),
        ("ids.int32", lambda content: b"\0" * len(content)),
        ("types.utf8", lambda content: content[::-1]),
        ("types.utf8", lambda content: b""),
        ("offsets.int64", lambda content: content[:-1]),
        ("offsets.int64", lambda content: b"\xff" * len(content)),
        ("counts.int64", lambda content: b"\1" * len(content)),
        ("corpus.json", lambda content: b"{"),
        ("corpus.json", lambda content: b"[1]"),
        ("corpus.json", lambda content: b"\xff"),
        ("corpus.json", lambda content: json.dumps({**json.loads(content), "n_documents": 0}).encode()),
        ("corpus.json", lambda content: json.dumps({**json.loads(content), "sizes": {}}).encode()),
    ],
)
def test_a_damaged_entry_is_made_again(cache, corpus, caplog, name, change):
    place = _encode(corpus)
    _damage(place, name, change)
    with caplog.at_level(logging.WARNING):
        assert _encode(corpus) == place
    assert "is made again" in caplog.text
    caplog.clear()
    assert _encode(corpus) == place
    assert not caplog.text


@pytest.mark.parametrize("name", ["ids.int32", "types.utf8", "corpus.json", "lock"])
def test_a_missing_file_makes_an_entry_damaged(cache, corpus, name):
    place = _encode(corpus)
    (place / name).unlink()
    assert _encode(corpus) == place
    assert (place / name).exists()


def _three(tmp_path):
    paths = [tmp_path / f"{name}.txt" for name in ("first", "second", "third")]
    for i, path in enumerate(paths):
        path.write_text(f"{path.stem} " * (1000 + i))
    return paths


def _size_of(place):
    return sum(path.stat().st_size for path in place.iterdir())


def test_the_longest_unused_go_first(cache, tmp_path, monkeypatch):
    first, second, third = _three(tmp_path)
    places = {}
    for age, path in ((300, first), (200, second)):
        with encode(path) as encoded:
            places[path] = encoded.ids.filename.parent
        _make_old(places[path], age)
    encode(first).close()  # used just now, so that the second is the oldest
    monkeypatch.setenv("FIRTH_CACHE_LIMIT", str(int(_size_of(places[first]) * 2.5)))
    encode(third).close()
    assert places[first].exists()
    assert not places[second].exists()
    assert len(_entries(cache)) == 2


def _make_old(place, seconds):
    moment = place.stat().st_mtime - seconds
    os.utime(place, (moment, moment))


@_LOCKS
def test_what_is_open_is_not_removed(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("FIRTH_CACHE_LIMIT", "0")
    first, second, _ = _three(tmp_path)
    with encode(first) as one:
        place = one.ids.filename.parent
        with encode(first) as again:
            encode(second).close()
            assert _entries(cache) == [place.name]
            assert again.ids.filename.parent == place
        assert one.ids.filename.exists()
    assert _entries(cache) == []  # a limit of 0 keeps nothing for the next run


def test_what_broken_runs_left_is_removed_a_day_later(cache, corpus):
    for name, age in ((".making-old", 100_000), (".making-new", 1000)):
        (cache / name).mkdir(parents=True)
        (cache / name / "ids.int32").write_bytes(b"half")
        for path in (cache / name / "ids.int32", cache / name):
            _make_old(path, age)
    _encode(corpus)
    assert [path.name for path in cache.iterdir() if path.name.startswith(".")] == [".making-new"]


def test_a_cache_that_cannot_be_made_is_gone_without(tmp_path, corpus, monkeypatch, caplog):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FIRTH_CACHE", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        assert not _encode(corpus).exists()
    assert "not kept for the next run" in caplog.text


def test_something_else_in_the_place_is_gone_without(cache, corpus, caplog):
    place = _encode(corpus)
    shutil.rmtree(place)
    place.write_text("a file")
    with caplog.at_level(logging.WARNING):
        assert _encode(corpus).parent != cache or place.is_dir()


def test_another_process_may_be_faster(cache, corpus, monkeypatch):
    keep = CorpusCache.keep

    def keep_late(self, *made):
        monkeypatch.setattr(CorpusCache, "keep", keep)
        encode(corpus).close()
        return keep(self, *made)

    monkeypatch.setattr(CorpusCache, "keep", keep_late)
    place = _encode(corpus)
    assert [path.name for path in cache.iterdir()] == [place.name]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1000", 1000),
        ("500M", 500_000_000),
        ("1.5GB", 1_500_000_000),
        (" 2 tb ", 2 * 10**12),
        ("", 20 * 10**9),
    ],
)
def test_limits(cache, monkeypatch, text, size):
    monkeypatch.setenv("FIRTH_CACHE_LIMIT", text)
    store = CorpusCache.default()
    assert store is not None
    assert store._limit == size


@pytest.mark.parametrize("text", ["much", "-1", "5X", "nan", "1e3", "10 20"])
def test_limits_that_are_no_sizes_are_refused(cache, corpus, monkeypatch, text):
    monkeypatch.setenv("FIRTH_CACHE_LIMIT", text)
    with pytest.raises(ConfigError, match="FIRTH_CACHE_LIMIT is .* 500M"):
        encode(corpus)
