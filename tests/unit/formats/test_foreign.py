"""word2vec's two formats and GloVe's: exact in both directions, tolerant of real files, strict with lies."""

import gzip
import logging
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth import formats
from firth.errors import FormatError, InputError, OutputError
from firth.formats import VectorTable, stream
from firth.vocabulary import Vocabulary

FOREIGN = ["word2vec-binary", "word2vec-text", "glove"]
ROWS = np.array([[1.5, -0.0, 1e-05], [0.1, 3.4e38, -1e-45], [7, 0.333333343, -2]], np.float32)


def make(words=("king", "queen", "naïve"), rows=ROWS):
    return VectorTable(Vocabulary(words), np.asarray(rows, np.float32))


def file_of(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


def binary(*rows, header=None, end=b"\n"):
    width = len(rows[0]) - 1
    body = b"".join(word + b" " + np.array(numbers, "<f4").tobytes() + end for word, *numbers in rows)
    return (header or b"%d %d\n" % (len(rows), width)) + body


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
words_for_files = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\v\f\r\ufeff"), min_size=1),
    min_size=1,
    max_size=6,
    unique=True,
)


@pytest.mark.parametrize("format", FOREIGN)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_bit_by_bit(format, data, tmp_path_factory):
    words = data.draw(words_for_files)
    dim = data.draw(st.integers(2, 5))
    rows = data.draw(
        st.lists(st.lists(finite, min_size=dim, max_size=dim), min_size=len(words), max_size=len(words))
    )
    path = tmp_path_factory.mktemp("f") / "file"
    formats.write(make(words, rows), path, format=format)
    assert formats.detect(path) == format
    back = formats.read(path)
    assert list(back.vocabulary) == words
    np.testing.assert_array_equal(back.embeddings.view(np.int32), np.array(rows, np.float32).view(np.int32))
    assert back.embeddings.flags.c_contiguous
    assert not back.embeddings.flags.writeable
    assert back.vocabulary.counts is None


@pytest.mark.parametrize("format", FOREIGN)
def test_a_gzipped_file_is_read(format, tmp_path):
    formats.write(make(), tmp_path / "plain", format=format)
    packed = gzip.compress((tmp_path / "plain").read_bytes())
    (tmp_path / "packed.gz").write_bytes(packed)
    assert formats.detect(tmp_path / "packed.gz") == format
    np.testing.assert_array_equal(formats.read(tmp_path / "packed.gz").embeddings, ROWS)
    (tmp_path / "packed.gz").write_bytes(packed[:-9])
    with pytest.raises(FormatError, match=r"truncated|damaged"):
        formats.read(tmp_path / "packed.gz")


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.bin", "word2vec-binary"), ("a.txt", "word2vec-text"), ("a.vec", "word2vec-text"), ("a", "native")],
)
def test_the_extension_chooses_what_is_written(name, format, tmp_path):
    formats.write(make(), tmp_path / name)
    assert formats.detect(tmp_path / name) == format


def test_an_unknown_extension_or_format_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.xlsx"):
        formats.write(make(), tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="word2vec-text"):
        formats.write(make(), tmp_path / "a", format="excel")
    with pytest.raises(InputError, match="word2vec-text"):
        formats.read(tmp_path / "a", format="excel")


@pytest.mark.parametrize("format", FOREIGN)
@pytest.mark.parametrize("word", ["", "new york", "a\nb", "a\tb", "a\r", "\x0b"])
def test_words_that_a_format_cannot_hold_are_refused_before_anything_is_written(format, word, tmp_path):
    with pytest.raises(InputError, match=r"1 of 3 words.*white space.*native"):
        formats.write(make(["a", word, "b"]), tmp_path / "file", format=format)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", FOREIGN)
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_both_ways(format, number, tmp_path):
    rows = ROWS.copy()
    rows[1, 2] = number
    with pytest.raises(InputError, match=r"'queen' holds NaN or infinity"):
        formats.write(make(rows=rows), tmp_path / "file", format=format)
    text = b"".join(
        b"%b %b\n" % (w, " ".join(map(str, r)).encode())
        for w, r in zip((b"a", b"b", b"c"), rows, strict=True)
    )
    content = {
        "word2vec-binary": binary(*[(b"w%d" % i, *row) for i, row in enumerate(rows)]),
        "word2vec-text": b"3 3\n" + text,
        "glove": text,
    }[format]
    with pytest.raises(
        FormatError, match={"word2vec-binary": "row 2", "word2vec-text": "line 3", "glove": "line 2"}[format]
    ):
        formats.read(file_of(tmp_path, content))


@pytest.mark.parametrize("format", FOREIGN)
def test_an_existing_file_is_replaced_only_on_request(format, tmp_path):
    path = file_of(tmp_path, b"precious")
    with pytest.raises(OutputError, match="exists already"):
        formats.write(make(), path, format=format)
    assert path.read_bytes() == b"precious"
    formats.write(make(), path, format=format, overwrite=True)
    assert formats.detect(path) == format
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        formats.write(make(), tmp_path / "folder", format=format, overwrite=True)


@pytest.mark.parametrize(
    "content",
    [
        b"2 3\nking 1 2 3\nqueen 4 5 6\n",
        b"2 3\nking 1 2 3 \nqueen 4 5 6 \n",
        b"2 3\r\nking 1 2 3\r\nqueen 4 5 6\r\n",
        b"\xef\xbb\xbf2 3\nking 1 2 3\nqueen 4 5 6",
        b"2 3\n\nking 1 2 3\n\n\nqueen 4 5 6\n\n",
        b"2 3\nking  1  2   3\nqueen\t4\t5\t6\n",
        b"2 3 \nking +1 2.0 3e0\nqueen 4. 5E+00 .6e1\n",
        b"king 1 2 3\nqueen 4 5 6\n",
        b"king 1 2 3 \r\nqueen 4 5 6 \r\n\r\n",
        b"\xef\xbb\xbfking 1 2 3\nqueen 4 5 6",
        binary((b"king", 1, 2, 3), (b"queen", 4, 5, 6)),
        binary((b"king", 1, 2, 3), (b"queen", 4, 5, 6), end=b""),
        binary((b"king", 1, 2, 3), (b"queen", 4, 5, 6)) + b"\n",
    ],
)
def test_files_as_they_are_met_are_read(content, tmp_path):
    table = formats.read(file_of(tmp_path, content))
    assert list(table.vocabulary) == ["king", "queen"]
    np.testing.assert_array_equal(table.embeddings, [[1, 2, 3], [4, 5, 6]])


def test_words_with_spaces_are_read_where_the_dimension_tells_them_apart(tmp_path):
    table = formats.read(file_of(tmp_path, b"the 1 2\n. . . 3 4\nat me@here 5 6\n"), format="glove")
    assert list(table.vocabulary) == ["the", ". . .", "at me@here"]
    np.testing.assert_array_equal(table.embeddings, [[1, 2], [3, 4], [5, 6]])


def test_only_line_feeds_end_a_row_and_odd_words_stay_whole(tmp_path):
    words = ["\u2028", "a\u0085b", "\xa0", "\u3000", "#", '"', "1e5", "nan", ","]
    text = "".join(f"{word} 1 2\n" for word in words)
    assert list(formats.read(file_of(tmp_path, f"{len(words)} 2\n{text}".encode())).vocabulary) == words


@pytest.mark.parametrize("dim", [1, 2, 300])
def test_rows_longer_and_more_than_one_chunk(dim, tmp_path, monkeypatch):
    monkeypatch.setattr("firth.formats.word2vec_binary._CHUNK", 50)
    monkeypatch.setattr("firth.formats.text_rows._CHUNK", 50)
    rows = np.random.default_rng(0).normal(size=(40, dim))
    words = [f"w{i}" * (1 + i % 7) for i in range(40)]
    for format in FOREIGN:
        formats.write(make(words, rows), tmp_path / format, format=format)
        back = formats.read(tmp_path / format)
        assert list(back.vocabulary) == words
        np.testing.assert_array_equal(back.embeddings, rows.astype(np.float32))


def test_of_equal_words_the_first_stays_and_a_warning_says_so(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "firth"):
        table = formats.read(file_of(tmp_path, b"a 1 2\nb 3 4\na 5 6\nc 7 8\nb 9 9\n"))
    assert list(table.vocabulary) == ["a", "b", "c"]
    np.testing.assert_array_equal(table.embeddings, [[1, 2], [3, 4], [7, 8]])
    assert "2 words stand there twice, such as 'a'" in caplog.text


def test_words_cut_inside_a_character_are_read_with_a_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "firth"):
        table = formats.read(file_of(tmp_path, binary((b"na\xc3", 1.0, 2.5), (b"b", 3, 4))))
    assert list(table.vocabulary) == ["na\ufffd", "b"]
    assert "1 words are not UTF-8" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"3 2\na 1 2\nb 3 4\n", r"promises 3 words.* holds 2|only .* follow"),
        (b"1 2\na 1 2\nb 3 4\n", "line 3"),
        (b"2 2\na 1 2\nb 3\n", r"line 3: .* 2 numbers .* 2 fields"),
        (b"2 2\na 1 2\nb 3 4 5\n", "line 3: .* more"),
        (b"2 2\na 1 2\nb 3 x\n", "line 3: 'x' is no number"),
        (b"2 2\na 1 2\nb 3 1_0\n", "line 3: '1_0' is no number"),
        (b"2 2\na 1 2\nb 3 1e50\n", "line 3: 1e50 is not finite"),
        (b"2 2\na 1 2\n 3 4\n", "line 3"),
        (b"2 2\n\n\na 1 2\nb x 4\n", "line 5: 'x'"),
        (b"a 1 2\nb 3\n", "line 2"),
        (b"a 1 2\nb 3 0x10\n", "line 2: '0x10'"),
        (b"0 100\n", "nothing in it"),
        (b"5 0\n", "nothing in it"),
        (b"5 3\n", "promises"),
        (b"1000000000000 300\na 1 2\n", "promises"),
        (b"300 1000000000000\na 1 2\n", "promises"),
        (b"999999999999999999 999999999999999999\n\0\0", "promises"),
        (binary((b"a", 1, 2), (b"b", 3, 4))[:-3], "only .* follow|end of the file"),
        (binary((b"a", 1, 2), (b"b" * 30, 3, 4), header=b"3 2\n"), "end of the file"),
        (binary((b"a", 1, 2), (b"b", 3, 4), header=b"1 2\n"), "goes on behind"),
        (binary((b"a", 1, 2), (b"", 3, 4)) + b"\n" * 9, "row 2 of 2 has no word"),
        (b"2 2\n" + b"a " + b"\1" * 8 + b"x" * 200_000, "row 2 there is no word"),
        (b"", "empty file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        (b"\x80\x04\x95" + bytes(30), "pickle"),
        (b"PK\x03\x04" + bytes(30), "zip"),
        (b"\xba\x16\x4f\x2f" + bytes(30), "fastText"),
        (b"It was the best of times,\nit was the worst of times.\n", "starts with b'It was"),
        (b"\n\n\n", "starts with"),
        (b"word\n", "starts with"),
        (bytes(10_000), "starts with"),
        (b"\x1f\x8b", "damaged|no vectors"),
    ],
)
def test_truncated_lying_and_strange_files_are_refused(content, message, tmp_path):
    with pytest.raises(FormatError, match=message) as caught:
        formats.read(file_of(tmp_path, content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("format", FOREIGN)
def test_a_format_that_was_forced_is_refused_by_a_file_of_another(format, tmp_path):
    for content in (b"", b"\x89PNG\r\n\x1a\n" + bytes(100), b"hello world, this is text\n"):
        with pytest.raises(FormatError):
            formats.read(file_of(tmp_path, content), format=format)
    with pytest.raises(FormatError):
        formats.read(tmp_path, format=format)
    with pytest.raises(FormatError, match="No such file"):
        formats.read(tmp_path / "nothing", format=format)


def test_a_lying_header_asks_for_no_memory(tmp_path):
    # 2 GiB of address space: a matrix for any of these promises would not fit.
    script = """
        import resource, sys
        from firth import formats
        from firth.errors import FormatError
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        for path in sys.argv[1:]:
            try:
                formats.read(path)
            except FormatError:
                continue
            raise SystemExit(path)
    """
    pytest.importorskip("resource")
    contents = [
        b"1000000000000 300\na 1 2\n",
        b"10 1000000000\na 1 2\n",
        b"2000000000 1\n" + b"a \1\2\3\4\n" * 10,
        b"a" + b" 1" * 100_000 + b"\n" + b"a 1\n" * 100_000,
        gzip.compress(b"2000000000 300\na \1\2\3\4\n"),
    ]
    paths = []
    for i, content in enumerate(contents):
        (tmp_path / str(i)).write_bytes(content)
        paths.append(tmp_path / str(i))
    subprocess.run([sys.executable, "-c", textwrap.dedent(script), *paths], check=True)


def damage(data, content):
    """Return `content` with some bytes flipped, cut out, doubled or put in."""
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed)))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "end"])):
            case "flip" if at < len(changed):
                changed[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del changed[at : at + data.draw(st.integers(1, 8))]
            case "insert":
                changed[at:at] = data.draw(
                    st.binary(max_size=4) | st.sampled_from([b" ", b"\n", b"9", b"nan "])
                )
            case _:
                del changed[at:]
    return bytes(changed)


@pytest.mark.parametrize("format", [*FOREIGN, None])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_gives_a_table_or_a_format_error(format, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    formats.write(make(), folder / "file", format=format or data.draw(st.sampled_from(FOREIGN)))
    content = damage(data, (folder / "file").read_bytes())
    if data.draw(st.booleans()):
        content = damage(data, gzip.compress(content))
    (folder / "file").write_bytes(content)
    try:
        table = formats.read(folder / "file", format=format)
    except FormatError:
        return
    assert len(set(table.vocabulary)) == len(table.embeddings) > 0
    assert np.isfinite(table.embeddings).all()


@pytest.mark.parametrize("name", ["model.safetensors", "firth/vocabulary.safetensors", "firth/metadata.json"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_damaged_folder_gives_a_table_or_a_format_error(name, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged") / "vectors"
    formats.write(make(), folder)
    (folder / name).write_bytes(damage(data, (folder / name).read_bytes()))
    try:
        table = formats.read(folder, format="native")
    except FormatError:
        return
    assert len(table.embeddings) == len(list(table.vocabulary))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_devices_are_refused_at_once_and_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="pipe or a device"):
        formats.read(tmp_path / "pipe")
    for format in [*FOREIGN, "native"]:
        with pytest.raises(FormatError):
            formats.read(tmp_path / "pipe", format=format)
        with pytest.raises(OutputError):
            formats.write(make(), tmp_path / "pipe", format=format, overwrite=True)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("format", [*FOREIGN, "native"])
def test_names_that_cannot_be_are_refused(format, tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / ("x" * 300), tmp_path / "file" / "x"):
        for overwrite in (False, True):
            with pytest.raises(OutputError, match="cannot write"):
                formats.write(make(), path, format=format, overwrite=overwrite)
        with pytest.raises(FormatError, match="cannot read"):
            formats.read(path)
        with pytest.raises(FormatError):
            formats.read(path, format=format)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_encoded_words_are_those_of_the_rows():
    words = Vocabulary(["", "ab", "ü", "c"]).words
    assert stream.encoded(words, 1, 3) == [b"ab", "ü".encode()]
    assert stream.encoded(words, 4, 4) == []


@pytest.mark.parametrize("format", [*FOREIGN, "native"])
def test_a_full_disk_leaves_what_was_there(format, tmp_path):
    pytest.importorskip("resource")
    script = """
        import resource, signal, sys
        import numpy as np
        from firth import formats
        from firth.errors import OutputError
        from firth.vocabulary import Vocabulary
        small, large = (
            formats.VectorTable(Vocabulary(map(str, range(n))), np.ones((n, 50), np.float32))
            for n in (3, 3000)
        )
        path, format = sys.argv[1:]
        formats.write(small, path, format=format)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            formats.write(large, path, format=format, overwrite=True)
        except OutputError as error:
            assert "space" in str(error), error
        else:
            raise SystemExit("the disk was not full")
        assert len(formats.read(path).vocabulary) == 3
    """
    target = tmp_path / "target"
    subprocess.run([sys.executable, "-c", textwrap.dedent(script), target, format], check=True)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("row", [[0.64, 0.0], [1e-45, 2.0], [-0.0, 0.0]])
def test_a_binary_row_whose_bytes_look_like_text_is_still_binary(row, tmp_path):
    """The float32 0.64 begins with the byte of a newline, and its other bytes may look like digits."""
    path = tmp_path / "vectors.bin"
    rows = np.array([row], np.float32)
    formats.write(VectorTable(Vocabulary(["0"]), rows), path)
    assert formats.detect(path) == "word2vec-binary"
    np.testing.assert_array_equal(formats.read(path).embeddings, rows)
