"""NumPy's files, the projector's folders and what needs an extra: exact, and strict with lies."""

from __future__ import annotations

import pickle
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth import formats
from firth.errors import FormatError, InputError, MissingExtraError, OutputError
from firth.formats import VectorTable
from firth.vocabulary import Vocabulary
from unit.formats.test_hostile import peak_of

PLACES = {"npz": "vectors.npz", "npy": "vectors.npy", "projector": "vectors"}
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
words_for_all = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0"), min_size=1)


def make(words=("king", "new york", "naïve"), counts=(3, 2, 1)):
    rows = np.arange(4 * len(words), dtype=np.float32).reshape(-1, 4) / 3
    return VectorTable(Vocabulary(words, counts), rows)


def save(path, **content):
    np.savez(path, **content)
    return path


@pytest.mark.parametrize("format", PLACES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_bit_by_bit(format, data, tmp_path_factory):
    kept = words_for_all.filter(lambda word: format != "projector" or word.strip())
    words = data.draw(st.lists(kept, min_size=1, max_size=6, unique=True))
    dim = data.draw(st.integers(1, 5))
    row = st.lists(finite, min_size=dim, max_size=dim)
    rows = np.array(data.draw(st.lists(row, min_size=len(words), max_size=len(words))), np.float32)
    whole = st.lists(st.integers(0, 2**40), min_size=len(words), max_size=len(words))
    counts = data.draw(st.none() | whole)
    path = tmp_path_factory.mktemp("f") / PLACES[format]
    formats.write(VectorTable(Vocabulary(words, counts), rows), path, format=format)
    assert formats.detect(path) == format
    back = formats.read(path)
    assert list(back.vocabulary) == words
    np.testing.assert_array_equal(back.embeddings.view(np.uint32), rows.view(np.uint32))
    if counts is not None and format != "npy":
        assert back.vocabulary.counts.tolist() == counts


@pytest.mark.parametrize("format", PLACES)
def test_what_is_there_is_replaced_only_where_asked_for(format, tmp_path):
    path = tmp_path / PLACES[format]
    formats.write(make(), path, format=format)
    before = {each: each.read_bytes() for each in tmp_path.rglob("*.*") if each.is_file()}
    with pytest.raises(OutputError, match="exists already"):
        formats.write(make(["other"], [1]), path, format=format)
    assert {each: each.read_bytes() for each in tmp_path.rglob("*.*") if each.is_file()} == before
    formats.write(make(["other"], [1]), path, format=format, overwrite=True)
    assert list(formats.read(path).vocabulary) == ["other"]


@pytest.mark.parametrize(
    ("format", "word"),
    [("npy", "a\nb"), ("npy", ""), ("npz", "a\0"), ("projector", "a\tb"), ("projector", " "), ("npy", "a\r")],
)
def test_words_that_do_not_fit_are_refused_before_anything_is_written(format, word, tmp_path):
    with pytest.raises(InputError, match="cannot hold"):
        formats.write(make([word, "b"], [2, 1]), tmp_path / PLACES[format], format=format)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_something_else_is_not_overwritten(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-mother.txt").write_text("Dear")
    with pytest.raises(OutputError, match="something else"):
        formats.write(make(), tmp_path / "letters", format="projector", overwrite=True)


def test_the_words_of_a_matrix_must_be_beside_it(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 3), np.float32))
    with pytest.raises(FormatError, match=r"matrix without words: put these into .*a\.words\.txt"):
        formats.read(tmp_path / "a.npy")
    (tmp_path / "a.words.txt").write_bytes(b"one\r\n")
    with pytest.raises(FormatError, match="1 words and 2 vectors"):
        formats.read(tmp_path / "a.npy")
    (tmp_path / "a.words.txt").write_bytes(b"one\r\ntwo\r\n")
    assert list(formats.read(tmp_path / "a.npy").vocabulary) == ["one", "two"]


def test_a_matrix_is_mapped_unless_asked_otherwise(tmp_path):
    formats.write(make(), tmp_path / "a.npy")
    mapped = formats.read(tmp_path / "a.npy").embeddings
    while not isinstance(mapped, np.memmap) and mapped.base is not None:
        mapped = mapped.base
    assert isinstance(mapped, np.memmap) or type(mapped).__name__ == "mmap"


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f2", "<f8", "<i8", "|u1"])
def test_all_headers_and_numbers_of_numpy_are_read(version, dtype, tmp_path):
    values = np.arange(6).reshape(3, 2).astype(dtype)
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array(file, values, version)
    (tmp_path / "a.words.txt").write_text("a\nb\nc\n")
    found = formats.read(tmp_path / "a.npy").embeddings
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values.astype(np.float32))


def test_arrays_of_objects_are_refused_and_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / "sprung"), "w")

    rows = np.ones((1, 3), np.float32)
    save(tmp_path / "a.npz", words=np.array([Trap()], object), vectors=rows)
    with pytest.raises(FormatError, match="Python objects, which are pickled"):
        formats.read(tmp_path / "a.npz")
    np.save(tmp_path / "a.npy", np.array([[Trap()]], object))
    (tmp_path / "a.words.txt").write_text("a\n")
    with pytest.raises(FormatError, match="Python objects, which are pickled"):
        formats.read(tmp_path / "a.npy")
    assert not (tmp_path / "sprung").exists()
    assert pickle.dumps(Trap())  # it would have been sprung


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"vectors": np.ones((2, 3))}, "no array 'words'"),
        ({"words": np.array(["a", "b"])}, "no array 'vectors'"),
        ({"words": np.array(["a"]), "vectors": np.ones((2, 3))}, "1 words and 2 vectors"),
        ({"words": np.array(["a"]), "vectors": np.ones(3)}, "a matrix of numbers"),
        ({"words": np.array([7]), "vectors": np.ones((1, 3))}, "must hold words"),
        ({"words": np.array(["a"]), "vectors": np.full((1, 3), np.nan)}, "NaN or infinity"),
        ({"words": np.array(["a"]), "vectors": np.full((1, 3), 1e300)}, "NaN or infinity"),
        ({"words": np.array(["a"]), "vectors": np.ones((1, 3), complex)}, "type c16"),
        ({"words": np.array(["a"]), "vectors": np.ones((1, 3)), "counts": np.ones(1)}, "1 whole numbers"),
        ({"words": np.array(["a"]), "vectors": np.ones((1, 3)), "counts": np.array([-1])}, "never negative"),
        ({"words": np.array(["a"]), "vectors": np.ones((0, 3))}, "shape"),
        ({"words": np.array(["a"]), "vectors": np.ones((1, 1, 3))}, r"an array of shape \(1, 1, 3\)"),
    ],
)
def test_archives_that_do_not_fit_are_refused_with_the_reason(content, reason, tmp_path):
    with pytest.raises(FormatError, match=reason):
        formats.read(save(tmp_path / "a.npz", **content))


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_header_that_promises_too_much_takes_no_memory(name, tmp_path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000000, 1000), }\n"
    lie = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(1_000)
    if name == "a.npz":
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("words.npy", "w") as file:
                np.save(file, np.array(["a"]))
            archive.writestr("vectors.npy", lie)
    else:
        (tmp_path / name).write_bytes(lie)
        (tmp_path / "a.words.txt").write_text("a\n")
    peak, message = peak_of(formats.read, tmp_path / name)
    assert peak < 16 << 20
    assert "400,000,000,000 bytes, but only 1," in message


@pytest.mark.parametrize(
    ("vectors", "metadata", "reason"),
    [
        ("1\t2\n3\n", "a\nb\n", "not all are the same number"),
        ("1\t2\n3\tx\n", "a\nb\n", "not all are the same number"),
        ("1\t2\n", "a\nb\n", "2 words and 1 vectors"),
        ("", "a\n", "empty"),
        ("1\t2\n", "word\tcount\na\tmany\n", "line 2: 'many' is no count"),
        ("1\t2\n", "count\tword\n5\n", "line 2: 1 columns"),
        ("1\tnan\n", "a\n", "NaN or infinity"),
    ],
)
def test_tables_that_do_not_fit_are_refused_with_the_reason(vectors, metadata, reason, tmp_path):
    (tmp_path / "vectors.tsv").write_text(vectors)
    (tmp_path / "metadata.tsv").write_text(metadata)
    with pytest.raises(FormatError, match=reason):
        formats.read(tmp_path)


def test_tables_of_many_blocks_are_read_whole_and_refused_where_their_widths_differ(tmp_path, monkeypatch):
    monkeypatch.setattr("firth.formats.text_rows._CHUNK", 50)
    table = make([f"w{i}" for i in range(40)], range(40))
    formats.write(table, tmp_path / "vectors", format="projector")
    back = formats.read(tmp_path / "vectors")
    assert list(back.vocabulary) == list(table.vocabulary)
    np.testing.assert_array_equal(back.embeddings, table.embeddings)
    with (tmp_path / "vectors" / "vectors.tsv").open("a") as file:
        file.write("1\t2\t3\n" * 40)
    with pytest.raises(FormatError, match="not all are the same number of numbers"):
        formats.read(tmp_path / "vectors")


def test_words_of_the_projector_may_stand_in_any_column(tmp_path):
    (tmp_path / "vectors.tsv").write_text("1\t2\n3\t4\n")
    (tmp_path / "metadata.tsv").write_text("Count\tWord\tkind\r\n5\ta\tx\r\n4\tb c\ty\r\n")
    found = formats.read(tmp_path)
    assert list(found.vocabulary) == ["a", "b c"]
    assert found.vocabulary.counts.tolist() == [5, 4]


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_what_needs_an_extra_says_how_to_install_it(name, tmp_path, monkeypatch):
    for module in ("pyarrow", "pyarrow.parquet", "pyarrow.ipc"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"needs pyarrow.*pip install 'firth\[arrow\]'"):
        formats.write(make(), tmp_path / name)
    assert not (tmp_path / name).exists()
    (tmp_path / name).write_bytes(b"PAR1" if name == "a.parquet" else b"ARROW1")
    with pytest.raises(MissingExtraError, match=r"pip install 'firth\[arrow\]'"):
        formats.read(tmp_path / name)


def test_what_is_wrong_with_an_archive_is_told_as_it_is(tmp_path):
    np.savez(tmp_path / "a.npz", vectors=np.ones((2, 3), np.float32))
    with pytest.raises(
        FormatError, match="holds no array 'words', only 'vectors': save it as np.savez"
    ) as caught:
        formats.read(tmp_path / "a.npz")
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize(
    ("format", "dropped"),
    [
        ("native", []),
        ("fasttext", ["settings and history"]),
        ("parquet", ["output embeddings", "settings and history"]),
        ("glove", ["counts", "output embeddings", "settings and history"]),
    ],
)
def test_what_a_format_has_no_place_for_is_told(format, dropped):
    rows = np.ones((2, 3), np.float32)
    table = VectorTable(Vocabulary(["a", "b"], [2, 1]), rows, rows, {"note": 1})
    assert formats.dropped(table, format) == dropped
    assert formats.dropped(VectorTable(Vocabulary(["a", "b"]), rows), format) == []
