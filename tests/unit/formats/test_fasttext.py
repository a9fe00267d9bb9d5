"""fastText's own format: what firth writes and reads of it, and what it refuses."""

from __future__ import annotations

import dataclasses
import gzip
import json
import logging
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth import formats
from firth.errors import FormatError, InputError, OutputError
from firth.formats import VectorTable, fasttext_source, fasttext_writing, stream
from firth.formats.fasttext_model import read_model
from firth.subwords import Subwords
from firth.vocabulary import Vocabulary

GOLDEN = Path(__file__).parents[2] / "golden" / "formats"
WORDS = ["king", "naïve", "</s>", "new york", "日本", "a\nb"]
# Offsets of the fields in a file.
DIM, LOSS, MODEL, BUCKETS, MIN_N, MAX_N, SUBSAMPLE = 8, 32, 36, 40, 44, 48, 56
ENTRIES, N_WORDS, N_LABELS, PRUNED, FIRST_WORD = 64, 68, 72, 84, 92


def make(*, used=(0, 3, 19, 20, 49), pruned=False, metadata=None, counts=(90, 7, 7, 3, 2, 1), outputs=True):
    draws = np.random.default_rng(2)
    vocabulary = Vocabulary(WORDS, counts)
    parts = Subwords(
        min_n=2,
        max_n=4,
        buckets=50,
        word_rows=draws.standard_normal((len(WORDS), 3), dtype=np.float32),
        bucket_rows=draws.standard_normal((50 if used is None else len(used), 3), dtype=np.float32),
        bucket_ids=None if used is None else np.array(used, np.int32),
        pruned=pruned,
    )
    rows = draws.standard_normal((len(WORDS), 3), dtype=np.float32) if outputs else None
    return VectorTable(vocabulary, parts.known(vocabulary.words), rows, metadata or {}, parts)


def file_of(n_words=2, n_labels=0, *, settings=(), matrix=None, output=None, words=(b"ab", b"c"), tail=b""):
    """Return a small file without n-grams, made from scratch, some of it as asked for."""
    names = (
        "dim",
        "ws",
        "epoch",
        "min",
        "neg",
        "ngrams",
        "loss",
        "model",
        "bucket",
        "minn",
        "maxn",
        "rate",
        "t",
    )
    values = dict(zip(names, [2, 5, 5, 5, 5, 5, 2, 2, 0, 0, 0, 100, 1e-4], strict=True))
    values |= dict(settings)
    entries = b"".join(word + b"\0" + struct.pack("<qb", 4, 0) for word in words)
    entries += b"".join(b"__label__%d\0" % i + struct.pack("<qb", 4, 1) for i in range(n_labels))
    dense = struct.pack("<?qq", False, 2, 2) + np.arange(4, dtype="<f4").tobytes()
    return (
        struct.pack("<ii12id", 793712314, 12, *values.values())
        + struct.pack("<iiiqq", n_words + n_labels, n_words, n_labels, 8, -1)
        + entries
        + (matrix or dense)
        + (output or dense)
        + tail
    )


def saved(tmp_path, content):
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    return path


def patched(content, at, layout, *values):
    new = struct.pack("<" + layout, *values)
    return content[:at] + new + content[at + len(new) :]


@pytest.fixture(scope="module")
def skipgram():
    return (GOLDEN / "fasttext_skipgram.bin").read_bytes()


# ---- writing


@pytest.mark.parametrize("used", [(0, 3, 19, 20, 49), (), None])
@pytest.mark.parametrize("at_once", [1, 7, 1 << 14])
def test_what_is_written_is_read_with_zeros_for_buckets_never_met(used, at_once, tmp_path, monkeypatch):
    monkeypatch.setattr(fasttext_writing, "_ROWS_AT_ONCE", at_once)
    table = make(used=used)
    path = tmp_path / "model.bin"
    formats.write(table, path, format="fasttext")
    back = formats.read(path)
    assert formats.detect(path) == "fasttext"
    assert back.vocabulary == table.vocabulary
    np.testing.assert_array_equal(back.embeddings, table.embeddings)
    np.testing.assert_array_equal(back.output_embeddings, table.output_embeddings)
    np.testing.assert_array_equal(back.subwords.word_rows, table.subwords.word_rows)
    all_rows = np.zeros((50, 3), np.float32)
    all_rows[slice(None) if used is None else list(used)] = table.subwords.bucket_rows
    np.testing.assert_array_equal(back.subwords.bucket_rows, all_rows)
    assert back.subwords.bucket_ids is None
    unseen = ["kingly", "日本語", "x"]
    np.testing.assert_array_equal(back.subwords.unseen(unseen)[0], table.subwords.unseen(unseen)[0])


def test_vectors_without_subwords_are_rows_of_words(tmp_path):
    table = VectorTable(Vocabulary(["a", "b"]), np.arange(6, dtype=np.float32).reshape(2, 3))
    formats.write(table, tmp_path / "model.bin", format="fasttext")
    back = formats.read(tmp_path / "model.bin")
    np.testing.assert_array_equal(back.embeddings, table.embeddings)
    np.testing.assert_array_equal(back.output_embeddings, np.zeros((2, 3)))
    assert back.subwords is None
    assert back.vocabulary.counts is None
    told = back.metadata["fasttext"]
    assert [told[name] for name in ("min_n", "max_n", "buckets", "tokens")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("metadata", "outputs", "expected"),
    [
        (
            {},
            True,
            {"window": 5, "epochs": 5, "min_count": 5, "negatives": 5, "update_rate": 100, "subsample": 1e-4}
            | {"model": "skipgram"},
        ),
        (
            {"settings": {"model": "fasttext", "architecture": "cbow", "window": 7, "negatives": 0}},
            True,
            {"window": 7, "negatives": 0, "model": "cbow", "loss": "negative-sampling"},
        ),
        ({"settings": {"loss": "softmax"}}, True, {"loss": "softmax"}),
        ({"settings": {"loss": "softmax"}}, False, {"loss": "negative-sampling"}),
        ({"settings": {"loss": "hierarchical-softmax"}}, False, {"loss": "negative-sampling"}),
        ({"fasttext": {"model": "cbow", "tokens": 500}}, True, {"model": "cbow", "tokens": 500}),
        ({"fasttext": {"model": "supervised", "tokens": 2}}, True, {"model": "skipgram", "tokens": 110}),
        ({"settings": {"window": "7", "epochs": 2**31, "subsample": None}}, True, {"window": 5, "epochs": 5}),
        ({"settings": [1], "fasttext": 7}, True, {"window": 5, "tokens": 110}),
    ],
)
def test_settings_are_told_as_far_as_fasttext_has_them(metadata, outputs, expected, tmp_path):
    formats.write(make(metadata=metadata, outputs=outputs), tmp_path / "model.bin", format="fasttext")
    told = formats.read(tmp_path / "model.bin").metadata["fasttext"]
    assert {name: told[name] for name in expected} == expected
    assert (told["min_n"], told["max_n"], told["buckets"]) == (2, 4, 50)


@pytest.mark.parametrize("word", ["", "a\0b"])
def test_words_that_it_cannot_hold_are_refused(word, tmp_path):
    table = VectorTable(Vocabulary(["a", word]), np.ones((2, 3), np.float32))
    with pytest.raises(InputError, match="fasttext cannot hold 1 of 2 words.* ends a word at a NUL"):
        formats.write(table, tmp_path / "model.bin", format="fasttext")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["bucket_rows", "output_embeddings"])
def test_numbers_that_are_not_finite_are_refused(what, tmp_path):
    table = make()
    if what == "output_embeddings":
        table.output_embeddings[1, 1] = np.inf
    else:
        rows = table.subwords.bucket_rows.copy()
        rows[1, 1] = np.inf
        table = dataclasses.replace(table, subwords=dataclasses.replace(table.subwords, bucket_rows=rows))
    with pytest.raises(InputError, match="hold NaN or infinity, which fasttext does not take"):
        formats.write(table, tmp_path / "model.bin", format="fasttext")
    assert not list(tmp_path.iterdir())


def test_pruned_ngrams_cannot_be_written(tmp_path):
    with pytest.raises(InputError, match="were pruned when they were quantised.*use the native format"):
        formats.write(make(pruned=True), tmp_path / "model.bin", format="fasttext")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", [None, "fasttext"])
def test_quantised_files_are_read_only(format, tmp_path):
    with pytest.raises(InputError, match="quantised model of fastText, which firth reads but does not write"):
        formats.write(make(), tmp_path / "model.ftz", format=format)


def test_an_existing_file_is_replaced_only_on_request(tmp_path):
    path = saved(tmp_path, b"kept")
    with pytest.raises(OutputError, match="exists already"):
        formats.write(make(), path, format="fasttext")
    assert path.read_bytes() == b"kept"
    formats.write(make(), path, format="fasttext", overwrite=True)
    assert formats.detect(path) == "fasttext"


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9),
        min_size=1,
        max_size=6,
        unique=True,
    )
)
def test_any_words_go_out_and_come_in(tmp_path_factory, words):
    rows = np.random.default_rng(0).standard_normal((len(words), 2), dtype=np.float32)
    path = tmp_path_factory.mktemp("f") / "model"
    formats.write(VectorTable(Vocabulary(words), rows), path, format="fasttext")
    assert list(formats.read(path).vocabulary) == words


def test_the_native_format_keeps_what_was_read(tmp_path, skipgram):
    table = formats.read(saved(tmp_path, skipgram))
    formats.write(table, tmp_path / "native")
    back = formats.read(tmp_path / "native")
    assert json.dumps(back.metadata) == json.dumps(table.metadata)
    formats.write(back, tmp_path / "again.bin", format="fasttext")
    assert (tmp_path / "again.bin").read_bytes() == skipgram


# ---- reading


def test_a_gzipped_file_is_read(tmp_path, skipgram):
    plain = formats.read(saved(tmp_path, skipgram))
    path = tmp_path / "model.bin.gz"
    path.write_bytes(gzip.compress(skipgram))
    assert formats.detect(path) == "fasttext"
    back = formats.read(path)
    np.testing.assert_array_equal(back.embeddings, plain.embeddings)


@pytest.mark.parametrize("chunk", [1, 5, 64])
def test_no_chunk_cuts_a_word_or_a_number(chunk, tmp_path, monkeypatch, skipgram):
    path = saved(tmp_path, skipgram)
    whole = formats.read(path)
    monkeypatch.setattr(fasttext_source, "_CHUNK", chunk)
    back = formats.read(path)
    assert back.vocabulary == whole.vocabulary
    np.testing.assert_array_equal(back.output_embeddings, whole.output_embeddings)


def test_no_word_is_so_long_that_what_follows_is_read_with_it(tmp_path):
    for length in range(1, 40):
        table = formats.read(saved(tmp_path, file_of(words=(b"a", b"b" * length))))
        assert list(table.vocabulary) == ["a", "b" * length]
        np.testing.assert_array_equal(table.embeddings, [[0, 1], [2, 3]])


def test_labels_are_no_words(tmp_path):
    table = formats.read(saved(tmp_path, file_of(n_labels=3, settings={"model": 3})))
    assert list(table.vocabulary) == ["ab", "c"]
    assert table.metadata["fasttext"]["labels"] == 3
    assert table.output_embeddings is None


def test_nodes_of_a_tree_are_no_output_embeddings(tmp_path):
    assert formats.read(saved(tmp_path, file_of())).output_embeddings is not None
    assert formats.read(saved(tmp_path, file_of(settings={"loss": 1}))).output_embeddings is None


def test_buckets_of_word_ngrams_are_passed_over(tmp_path):
    rows = np.arange(14, dtype="<f4").tobytes()
    matrix = struct.pack("<?qq", False, 7, 2) + rows
    table = formats.read(saved(tmp_path, file_of(settings={"bucket": 5, "ngrams": 2}, matrix=matrix)))
    np.testing.assert_array_equal(table.embeddings, [[0, 1], [2, 3]])
    assert table.subwords is None


def test_words_that_are_not_utf8_keep_the_ngrams_of_their_bytes(tmp_path, caplog):
    words = [b"na\xefve", b"caf\xc3", "日本".encode()]
    table = make(used=None)
    stand_in = VectorTable(
        Vocabulary(["nazve", "cafz", "日本"]),
        table.embeddings[:3],
        subwords=table.subwords.take(np.arange(3)),
    )
    path = tmp_path / "model.bin"
    formats.write(stand_in, path, format="fasttext")
    path.write_bytes(
        path.read_bytes().replace(b"nazve\0", words[0] + b"\0").replace(b"cafz\0", words[1] + b"\0")
    )
    with caplog.at_level(logging.WARNING):
        back = formats.read(path)
    assert list(back.vocabulary) == ["na\ufffdve", "caf\ufffd", "日本"]
    assert "2 words are not UTF-8" in caplog.text
    expected = stand_in.subwords.known(stream.packed(words))
    np.testing.assert_array_equal(back.embeddings, expected)


def test_of_words_that_become_equal_the_first_stays(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        table = formats.read(saved(tmp_path, file_of(words=(b"\xe9", b"\xe8"))))
    assert list(table.vocabulary) == ["\ufffd"]
    assert len(table.embeddings) == len(table.output_embeddings) == len(table.vocabulary.counts) == 1
    assert "stand there twice" in caplog.text


# ---- refusing

HUGE = 2**62
DENSE = "<?qq"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda good: patched(good, 4, "i", 10), "of fastText's version 10, but must be of 11 or 12"),
        (lambda good: patched(good, 4, "i", 13), "version 13"),
        (lambda good: patched(good, DIM, "i", 0), "its setting dim is 0, but must be from 1"),
        (lambda good: patched(good, DIM, "i", -5), "its setting dim is -5"),
        (lambda good: patched(good, DIM, "i", 6), "the input matrix is 181 x 5, but .* need 181 x 6"),
        (lambda good: patched(good, LOSS, "i", 5), "its setting loss is 5, but must be from 1 to 4"),
        (lambda good: patched(good, MODEL, "i", 0), "its setting model is 0"),
        (lambda good: patched(good, BUCKETS, "i", 0), "its setting buckets is 0, but must be from 1"),
        (lambda good: patched(good, BUCKETS, "i", -1), "its setting buckets is -1"),
        (lambda good: patched(good, BUCKETS, "i", 121), "the input matrix is 181 x 5, but .* need 182 x 5"),
        (lambda good: patched(good, MIN_N, "i", -1), "its setting min_n is -1"),
        (lambda good: patched(good, MAX_N, "i", 2**31 - 1), "its setting max_n is 2,147,483,647, .* to 100"),
        (lambda good: patched(good, SUBSAMPLE, "d", np.nan), "its setting subsample is nan"),
        (lambda good: patched(good, ENTRIES, "i", 62), "promises 62 entries, 61 words, 0 labels"),
        (lambda good: patched(good, ENTRIES, "iii", 0, 0, 0), "promises 0 entries, 0 words"),
        (lambda good: patched(good, ENTRIES, "iii", -1, -1, 0), "promises -1 entries"),
        (lambda good: patched(good, ENTRIES, "iii", 60, 61, -1), "-1 labels"),
        (lambda good: patched(good, ENTRIES, "iii", 2**31 - 1, 2**31 - 1, 0), "promises 2,147,483,647 numbers"),
        (lambda good: patched(good, PRUNED - 8, "q", -1), "-1 tokens"),
        (lambda good: patched(good, PRUNED, "q", -2), "-2 pruned n-grams"),
        (lambda good: patched(good, PRUNED, "q", HUGE), "promises 4,611,686,018,427,387,904 x 2 numbers"),
        (lambda good: patched(good, PRUNED, "q", 0), "n-grams are pruned, but its input matrix is not quantised"),
        (lambda good: patched(good, N_WORDS, "ii", 60, 1), "of kind 0 with count"),
        (lambda good: good[:6], "is truncated: it ends in its first numbers"),
        (lambda good: good[:50], "is truncated: it ends in its settings"),
        (lambda good: good[:80], "is truncated: it ends in the sizes of its dictionary"),
        (lambda good: good[:200], "promises 61 numbers for the dictionary"),
        (lambda good: good[:-1], "promises 61 x 5 numbers for the output matrix"),
        (lambda good: good + b"\0", "goes on behind its last matrix"),
    ],
)  # fmt: skip
def test_lying_and_truncated_files_are_refused(content, message, tmp_path, skipgram):
    with pytest.raises(FormatError, match=message) as caught:
        formats.read(saved(tmp_path, content(skipgram)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (file_of(words=(b"", b"c")), "entry 1 of its dictionary is '' of kind 0"),
        (file_of(words=(b"ab",)), "truncated|damaged"),
        (file_of(matrix=struct.pack(DENSE, False, HUGE, 2)), "promises 4,611,686,018,427,387,904 x 2 numbers"),
        (file_of(matrix=struct.pack(DENSE, False, 2, -2)), "the input matrix is 2 x -2, but"),
        (file_of(matrix=struct.pack(DENSE, False, -2, 2)), "the input matrix is -2 x 2, but"),
        (file_of(matrix=struct.pack("<Bqq", 2, 2, 2)), "the sign of a quantised input matrix is 2"),
        (file_of(matrix=struct.pack(DENSE, False, 2, 2) + np.array([1, 2, np.nan, 4], "<f4").tobytes()),
         "row 2 of the input matrix holds NaN or infinity"),
        (file_of(output=struct.pack(DENSE, False, 2, 2) + np.array([1, 2, 3, np.inf], "<f4").tobytes()),
         "row 2 of the output matrix holds NaN or infinity"),
        (file_of(output=struct.pack(DENSE, False, 1, 2)), "the output matrix is 1 x 2, but .* need 2 x 2"),
        (file_of(output=struct.pack("<?qq", True, 2, 2) + np.arange(4, dtype="<f4").tobytes()), None),
        (file_of(tail=b"x"), "goes on behind its last matrix"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_refused(content, message, tmp_path):
    path = saved(tmp_path, content)
    if message is None:  # fastText, too, passes over the sign of the output where the input is not quantised
        assert formats.read(path).output_embeddings.tolist() == [[0, 1], [2, 3]]
        return
    with pytest.raises(FormatError, match=message):
        formats.read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (patched(file_of(), ENTRIES, "iii", 3, 2, 0), "promises 3 entries, 2 words, 0 labels"),
        (patched(file_of(), ENTRIES, "iii", 1, 2, -1), "-1 labels"),
        (patched(file_of(), PRUNED - 8, "q", -1), "-1 tokens"),
        (patched(file_of(), PRUNED, "q", -2), "-2 pruned n-grams"),
        (patched(file_of(), PRUNED, "q", 0), "n-grams are pruned, but its input matrix is not quantised"),
        (file_of(words=(b"", b"c")), "entry 1 of its dictionary is '' of kind 0"),
        (patched(file_of(), FIRST_WORD + 3, "q", -1), "entry 1 of its dictionary is 'ab' of kind 0 with count -1"),
        (patched(file_of(n_labels=1), N_WORDS, "ii", 1, 2), "entry 2 .* 'c' .* 1 words must come before 2 labels"),
        (patched(file_of(n_labels=1), N_WORDS, "ii", 3, 0), "entry 3 .* '__label__0' of kind 1"),
    ],
)  # fmt: skip
def test_a_whole_model_is_read_with_the_same_care(content, message, tmp_path):
    with pytest.raises(FormatError, match=message):
        read_model(saved(tmp_path, content))


def test_a_word_without_an_end_is_refused_before_the_file_is_read_through(tmp_path):
    content = file_of(words=(b"ab", b"c" * 300_000))
    with pytest.raises(FormatError, match="entry 2 of the dictionary has no end within 65,536 bytes"):
        formats.read(saved(tmp_path, content))


def quantised_at(name):
    """Return a quantised golden file and where its input matrix begins."""
    content = (GOLDEN / name).read_bytes()
    table = formats.read(GOLDEN / name)
    labels = [b"__label__%d" % i for i in range(table.metadata["fasttext"]["labels"])]
    at = max(content.index(label + b"\0") + len(label) for label in labels) + 1 + 9
    n_pruned = struct.unpack_from("<q", content, PRUNED)[0]
    return content, at + 8 * max(n_pruned, 0), at


@pytest.mark.parametrize(
    ("at", "layout", "value", "message"),
    [
        (0, "B", 3, "the sign of a quantised input matrix is 3"),
        (1, "B", 2, "the sign of norms in the input matrix is 2"),
        (2, "q", 320, "the input matrix is 320 x 5, but .* need 321 x 5"),
        (2, "q", HUGE, "963 codes for 4,611,686,018,427,387,904 rows"),
        (10, "q", 6, "the input matrix is 321 x 6"),
        (18, "i", 964, "the input matrix has 964 codes for 321 rows of 5 columns"),
        (18, "i", -963, "-963 codes"),
        (18, "i", 321 * 6, "1,926 codes for 321 rows of 5"),
        (18, "i", 321 * 4, "the quantizer of the input matrix cuts"),
        (22 + 963, "i", 4, "cuts 4 columns into 3 parts of 2, the last of 1, but there are 5 columns"),
        (22 + 963 + 4, "i", 2, "into 2 parts"),
        (22 + 963 + 8, "i", 0, "3 parts of 0"),
        (22 + 963 + 8, "i", -2, "3 parts of -2"),
        (22 + 963 + 12, "i", 2, "the last of 2"),
    ],
)
def test_damaged_quantisers_are_refused(at, layout, value, message, tmp_path):
    content, begin, _ = quantised_at("fasttext_quantized.ftz")
    with pytest.raises(FormatError, match=message):
        formats.read(saved(tmp_path, patched(content, begin + at, layout, value)))


@pytest.mark.parametrize("pair", [(-1, 0), (260, 0), (3, 206), (3, -1)])
def test_pruned_ngrams_that_are_not_different_ones_are_refused(pair, tmp_path):
    content, _, at = quantised_at("fasttext_pruned.ftz")
    with pytest.raises(FormatError, match=r"its pruned n-grams are not \d+ different ones of 260 buckets"):
        formats.read(saved(tmp_path, patched(content, at, "ii", *pair)))


@pytest.mark.parametrize(
    "name",
    ["fasttext_skipgram.bin", "fasttext_quantized.ftz", "fasttext_norms.ftz", "fasttext_pruned.ftz"],
)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_damaged_file_gives_a_table_or_a_format_error(name, data, tmp_path_factory):
    content = bytearray((GOLDEN / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        # Mostly where the headers are.
        at = data.draw(st.integers(0, 200) | st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))]
    path = tmp_path_factory.mktemp("f") / "model"
    path.write_bytes(content)
    try:
        formats.read(path, format="fasttext")
    except FormatError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either is right)
