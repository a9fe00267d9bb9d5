"""Text in, ids out: against Python's own splitting and counting, on any cut of the text and any number of threads."""

from __future__ import annotations

import collections
import itertools
import os
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from firth.config import TextOptions
from firth.corpus import encode
from firth.corpus.chunks import Part, cut_chunks
from firth.errors import ConfigError, CorpusError, OutputError

_CHARACTERS = st.one_of(
    st.characters(codec="utf-8"), st.sampled_from("ab \n\r\t\x1c\x1f\x85\u2028\u2029\u3000\0\x0b")
)
_TEXT = st.text(_CHARACTERS, max_size=80)


def _split(text, split=str.split):
    """The documents of a text, as Python splits it."""
    return [tokens for line in text.split("\n") if (tokens := split(line))]


def _lines(n, seed=0):
    """About `n` lines of words of which some are frequent, some long, some not ASCII."""
    generator = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(2000)] + ["größe", "日本", "ÉTÉ", "x" * 300, "ΟΔΟΣ", "don't,"]
    picks = generator.zipf(1.3, n * 8) % len(words)
    return "\n".join(" ".join(words[i] for i in row) for row in picks.reshape(n, 8).tolist())


@settings(max_examples=150, deadline=None)
@given(_TEXT)
@example("a\u2028b\x85c\x1cd\r\ne\rf\n\n")
def test_strings_split_as_python_splits_them(text):
    expected = _split(text)
    if not expected:
        with pytest.raises(CorpusError, match="no tokens"):
            encode(iter([text]))
        return
    with encode(iter([text])) as corpus:
        types = list(corpus.types)
        ids = corpus.ids.tolist()
        assert dict(zip(types, corpus.type_counts.tolist(), strict=True)) == collections.Counter(text.split())
        assert types == list(dict.fromkeys(text.split()))
    assert [[types[i] for i in ids[:-1]] for ids in _cut_at_ends(ids)] == expected


def _cut_at_ends(ids):
    parts, begin = [], 0
    for i, number in enumerate(ids):
        if number < 0:
            parts.append(ids[begin : i + 1])
            begin = i + 1
    return parts


@settings(max_examples=100, deadline=None)
@given(st.lists(_TEXT, max_size=4), st.integers(1, 40), st.integers(1, 7), st.booleans())
def test_chunks_cut_nothing_and_lose_nothing(texts, size, block, whole):
    def blocks(data):
        return [(start, data[start : start + block]) for start in range(0, len(data), block)]

    parts = [Part(str(i), blocks(text.encode())) for i, text in enumerate(texts)]
    chunks = [
        chunk.data.tobytes() for chunk in cut_chunks(parts, lambda: 0, whole_documents=whole, size=size)
    ]
    assert b"".join(chunks) == "".join(text + "\n" for text in texts).encode()
    for chunk in chunks:
        text = chunk.decode()  # no character is cut
        assert text[-1].isspace()
        assert not whole or text.endswith("\n")


def test_the_origin_of_each_byte_of_a_chunk_is_known():
    texts = ["ab cd\nef", "", "ghij klmno p", "q" * 30 + " r"]
    parts = [
        Part(text, [(i + 3, text[i : i + 2].encode()) for i in range(0, len(text), 2)]) for text in texts
    ]
    for chunk in cut_chunks(parts, lambda: 0, size=6):
        data = chunk.data.tobytes().decode()
        ends = [origin[0] for origin in chunk.origins[1:]] + [len(data)]
        for (start, name, offset), end in zip(chunk.origins, ends, strict=True):
            assert data[start:end].startswith(name[offset - 3 :][: max(0, end - start - 1)])


@pytest.mark.parametrize("options", [{}, {"lowercase": True}, {"tokenize": "words"}, {"tokenize": r"\S+"}])
def test_ids_do_not_depend_on_threads_nor_on_lines(tmp_path, documents_in, options):
    text = _lines(40_000)
    (tmp_path / "lines.txt").write_text(text)
    (tmp_path / "one.txt").write_text(text.replace("\n", " "))
    seen = set()
    for name, threads in itertools.product(["lines.txt", "one.txt"], [1, 2, 5]):
        with encode(tmp_path / name, TextOptions(**options), cache=False, threads=threads) as corpus:
            seen.add((name, corpus.fingerprint, tuple(corpus.types), corpus.n_tokens))
    assert len(seen) == 2
    assert len({entry[2:] for entry in seen}) == 1
    if not options:
        assert documents_in(tmp_path / "lines.txt") == _split(text)


def test_a_token_of_many_chunks(tmp_path, documents_in):
    long = "ab日" * 2_000_000
    (tmp_path / "corpus.txt").write_text(f"before {long} after\n{long}")
    assert documents_in(tmp_path) == [["before", long, "after"], [long]]
    (tmp_path / "wide.txt").write_text("\u3000".join(["字" * 1_000_000] * 4))
    assert documents_in(tmp_path / "wide.txt") == [["字" * 1_000_000] * 4]


def test_a_file_ends_a_document_though_no_newline_does(tmp_path, documents_in):
    for name, text in (("1", "a b"), ("2", ""), ("3", "\n\n \n"), ("4", "c\r\nd\r"), ("5", "e\n")):
        (tmp_path / name).write_bytes(text.encode())
    assert documents_in(tmp_path) == [["a", "b"], ["c"], ["d"], ["e"]]


def test_many_small_files(tmp_path, documents_in):
    for i in range(500):
        (tmp_path / f"{i:03}.txt").write_text(f"file {i}")
    assert documents_in(tmp_path) == [["file", str(i)] for i in range(500)]


@pytest.mark.parametrize("content", ["", " ", "\n\n", "\ufeff", "\u3000\u2028"])
def test_text_without_tokens_is_refused(tmp_path, documents_in, content):
    (tmp_path / "corpus.txt").write_text(content)
    with pytest.raises(CorpusError, match="no tokens"):
        documents_in(tmp_path / "corpus.txt")
    with pytest.raises(CorpusError, match="no tokens"):
        documents_in(["", " "])


def test_generators_are_passed_over_once(documents_in):
    assert documents_in(line for line in ("a b", "", "c\nd")) == [["a", "b"], ["c"], ["d"]]
    assert documents_in(
        iter([["New York", "is"], (), ["big", 7, 2.5, None, ("x",), float("nan"), "None"]])
    ) == [
        ["New York", "is"],
        ["big", "7", "2.5", "('x',)", "None"],
    ]
    assert documents_in((number for number in row) for row in ([1, 2], [2])) == [["1", "2"], ["2"]]
    assert documents_in(np.array([[3, 4], [4, 5]])) == [["3", "4"], ["4", "5"]]


def test_tokens_given_as_lists_are_taken_as_they_are(documents_in):
    odd = ["two words", "line\nbreak", "", "\ttab", "\x00", "\u2028", "UPPER", "x" * 10_000]
    text = TextOptions(lowercase=True, tokenize="words")
    assert documents_in([odd, odd], text) == [[token for token in odd if token]] * 2


def test_token_lists_of_many_batches(documents_in):
    row = [f"t{i}" for i in range(1000)]
    rows = [row[i % 7 :: 1 + i % 3] for i in range(3000)]
    assert documents_in(rows) == rows


def test_paths_in_any_iterable(tmp_path, documents_in):
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(name)
    assert documents_in([tmp_path / "b.txt", tmp_path / "a.txt"]) == [["b"], ["a"]]
    assert documents_in(tmp_path / f"{name}.txt" for name in "ab") == [["a"], ["b"]]
    assert documents_in([tmp_path / "*.txt"]) == [["a"], ["b"]]
    with pytest.raises(CorpusError, match="item 1 of the corpus is 'b.txt'"):
        documents_in([tmp_path / "a.txt", "b.txt"])
    with pytest.raises(CorpusError, match="pass Path objects"):
        documents_in([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([], "holds no documents"),
        (iter(()), "holds no documents"),
        (b"text", "bytes"),
        (5, "5, a int"),
        ({"a": 1}, "dict"),
        ({"a b", "c d"}, "set"),
        ([None], "document 0 is None"),
        (["a", ["b"]], r"document 1 is \['b'\], a list"),
        ([["b"], "a"], "document 1 is 'a', a str"),
        ([["a"], {"b", "c"}], "document 1 .* set"),
        ([b"a"], "document 0 is b'a', a bytes"),
        ([[["a"]]], "flat list"),
        ([[b"a"]], "decode"),
        (["a", "b \ud800 c"], "document 1 cannot be written as UTF-8: character 2 "),
        (["a " * 1_000_000 + "\ud800"], "document 0 cannot be written as UTF-8: character 2,000,000 "),
        ([["a", "\udc80"]], "UTF-8.*decode_errors"),
    ],
)
def test_what_is_no_corpus_is_refused(documents_in, source, message):
    with pytest.raises(CorpusError, match=message) as caught:
        documents_in(source)
    assert "\n" not in str(caught.value)


def test_lone_surrogates_are_replaced_on_request(documents_in):
    text = TextOptions(decode_errors="replace")
    assert documents_in(["a \ud800b"], text) == [["a", "\ufffdb"]]
    assert documents_in([["\ud800", "\udc80", "x"]], text) == [["\ufffd", "\ufffd", "x"]]


def test_an_error_of_the_source_arrives_as_it_is(documents_in):
    def lines():
        yield "a b"
        raise OSError("my own")

    with pytest.raises(OSError, match="^my own$"):
        documents_in(lines())
    with pytest.raises(ZeroDivisionError):
        documents_in(["a"], TextOptions(tokenize=lambda document: [1 // 0]))


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_below_one_are_refused(documents_in, threads):
    with pytest.raises(ConfigError, match="threads"):
        documents_in(["a b"], threads=threads)


def test_no_thread_outlives_an_error(tmp_path, documents_in):
    (tmp_path / "corpus.txt").write_bytes(b"fine text " * 1_000_000 + b"\xff " + b"more " * 1_000_000)
    with pytest.raises(CorpusError, match="byte 10,000,000"):
        documents_in(tmp_path, threads=3)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("firth-encode")]

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        documents_in(tmp_path, threads=3, progress=stop)
    assert caught.tb  # which holds on to everything that was called
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("firth-encode")]


def test_progress_counts_the_bytes_on_disk(tmp_path):
    (tmp_path / "a.txt").write_text(_lines(60_000) * 2)
    (tmp_path / "b.txt").write_text("end")
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    told = []
    encode(tmp_path, cache=False, threads=1, progress=lambda *figures: told.append(figures)).close()
    done = [figures[0] for figures in told]
    assert {figures[1] for figures in told} == {size}
    assert done == sorted(done)
    assert len(done) > 1
    assert done[-1] == size


@pytest.mark.parametrize(("source", "n_bytes"), [(["Größe b", "c"], 10), ([["Größe", "b"], ["Größe"]], 15)])
def test_progress_of_iterables_counts_bytes_of_utf8(source, n_bytes):
    told = []
    encode(source, progress=lambda *figures: told.append(figures)).close()
    assert told[-1] == (n_bytes, None)


def test_nothing_is_left_of_a_temporary_corpus(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    corpus = encode(["a b"])
    assert len(list(tmp_path.iterdir())) == 1
    corpus.close()
    corpus.close()
    assert not list(tmp_path.iterdir())
    forgotten = encode(["a b"])
    del forgotten
    assert not list(tmp_path.iterdir())
    with pytest.raises(CorpusError):
        encode([" "])
    assert not list(tmp_path.iterdir())


def test_a_missing_temporary_folder_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nothing"))
    with pytest.raises(OutputError, match="nothing.*TMPDIR"):
        encode(["a b"])


def test_reading_does_not_map_the_text(tmp_path):
    # Cut off while it is read, a mapped file would kill the process.
    path = tmp_path / "corpus.txt"
    path.write_text("word " * 1_000_000)

    def truncate(done, total):
        if done < total:
            os.truncate(path, 0)

    with encode(path, cache=False, progress=truncate, threads=1) as corpus:
        assert 0 < corpus.n_tokens <= 1_000_000
    assert Path(path).stat().st_size == 0
