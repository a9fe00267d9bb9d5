"""Files as they are found in the world: compressed, marked, truncated, binary, in other encodings."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys

import pytest

from firth.config import TextOptions
from firth.corpus.reading import SourceReader
from firth.corpus.sources import find_files
from firth.errors import CorpusError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_TEXT = "the quick brown fox\njumps over\r\nden faulen Hündchen 日本\n" * 200
_DOCUMENTS = [line.split() for line in _TEXT.split("\n") if line]


def _zstd(data: bytes) -> bytes:
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})  # as its command does


_COMPRESS = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zstd": _zstd}


@pytest.mark.parametrize("kind", _COMPRESS)
def test_compression_is_seen_by_content(tmp_path, documents_in, kind):
    path = tmp_path / "corpus.txt"
    path.write_bytes(_COMPRESS[kind](_TEXT.encode()))
    assert documents_in(path) == _DOCUMENTS


@pytest.mark.parametrize("kind", _COMPRESS)
def test_members_one_after_the_other(tmp_path, documents_in, kind):
    path = tmp_path / "corpus"
    data, half = _TEXT.encode(), 1001
    path.write_bytes(_COMPRESS[kind](data[:half]) + _COMPRESS[kind](data[half:]))
    assert documents_in(path) == _DOCUMENTS


@pytest.mark.parametrize("kind", _COMPRESS)
@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_truncated_compressed_files_are_refused(tmp_path, documents_in, kind, keep):
    path = tmp_path / "corpus.gz"
    noise = "".join(chr(33 + i * i % 89) + " " * (i % 7 == 0) for i in range(5000))
    data = _COMPRESS[kind](noise.encode())
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(CorpusError, match=r"corpus\.gz is truncated"):
        documents_in(path)


@pytest.mark.parametrize("kind", _COMPRESS)
def test_damaged_compressed_files_are_refused(tmp_path, documents_in, kind):
    path = tmp_path / "corpus"
    data = bytearray(_COMPRESS[kind](_TEXT.encode()))
    for i in range(len(data) // 2, len(data) // 2 + 8):
        data[i] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(CorpusError, match="corpus is (damaged|truncated)"):
        documents_in(path)


def test_compressed_standard_input(monkeypatch, documents_in):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(b"a b"))))
    assert documents_in("-") == [["a", "b"]]


def test_text_that_begins_like_bzip2_is_text(tmp_path, documents_in):
    path = tmp_path / "corpus.txt"
    path.write_text("BZh9 is a token")
    assert documents_in(path) == [["BZh9", "is", "a", "token"]]


def test_a_byte_order_mark_is_left_out_at_the_start_of_a_file_only(tmp_path, documents_in):
    for name in ("1.txt", "2.txt"):
        (tmp_path / name).write_bytes("\ufeffmarked \ufeffinside\n\ufeffline".encode())
    (tmp_path / "3.gz").write_bytes(gzip.compress("\ufeffpacked".encode()))
    once = [["marked", "\ufeffinside"], ["\ufeffline"]]
    assert documents_in(tmp_path) == [*once, *once, ["packed"]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused(tmp_path, documents_in, encoding):
    path = tmp_path / "corpus.txt"
    path.write_bytes("plain text".encode(encoding))
    with pytest.raises(CorpusError, match=r"corpus\.txt is (UTF-16|UTF-32|not) text.*UTF-8"):
        documents_in(path)


@pytest.mark.parametrize("options", [TextOptions(), TextOptions(decode_errors="replace")])
def test_binary_files_are_refused(tmp_path, documents_in, options):
    (tmp_path / "good.txt").write_text("good")
    (tmp_path / "program").write_bytes(b"\x7fELF\x02\x01\x01\0\0\0")
    with pytest.raises(CorpusError, match=r"program is not text: byte 7 is NUL") as caught:
        documents_in(tmp_path, options)
    assert "\n" not in str(caught.value)


def test_a_tar_archive_in_gzip_is_refused(tmp_path, documents_in):
    (tmp_path / "corpus.tgz").write_bytes(gzip.compress(b"name" + b"\0" * 508 + b"text"))
    with pytest.raises(CorpusError, match="corpus.tgz is not text"):
        documents_in(tmp_path)


@pytest.mark.parametrize("tokenize", ["whitespace", "words", r"\S+", str.split])
def test_bytes_that_are_not_utf8_are_named_by_file_and_offset(tmp_path, documents_in, tokenize):
    (tmp_path / "1.txt").write_text("fine\n" * 10)
    # So far in that the file is read in several blocks and chunks, behind a mark and a file that is fine.
    start = "\ufeff" + "wörter " * 600_000
    (tmp_path / "2.txt").write_bytes(start.encode() + b"caf\xe9 next")
    offset = len(start.encode()) + 3
    with pytest.raises(CorpusError, match=rf"2\.txt is not UTF-8: byte {offset:,} of its text is 0xe9"):
        documents_in(tmp_path, TextOptions(tokenize=tokenize))


@pytest.mark.parametrize("tokenize", ["whitespace", "words", r"\S+", str.split])
def test_bytes_that_are_not_utf8_are_replaced_on_request(tmp_path, documents_in, tokenize):
    data = b"a\xff\xfeb \xe2\x82 \xed\xa0\x80\n\xf0\x9f\x98 caf\xe9\ncut \xe2\x82"
    (tmp_path / "corpus.txt").write_bytes(data)
    documents = documents_in(tmp_path, TextOptions(tokenize=tokenize, decode_errors="replace"))
    expected = [line.split() for line in data.decode("utf-8", "replace").split("\n")]
    if tokenize == "words":  # U+FFFD is no letter
        expected = [["a", "b"], ["caf"], ["cut"]]
    assert documents == expected


def test_the_hash_tells_files_from_their_concatenation(tmp_path):
    def hash_of(*contents: bytes) -> str:
        reader = SourceReader(keep_hash=True)
        for i, content in enumerate(contents):
            (tmp_path / str(i)).write_bytes(content)
            for _ in reader.raw_blocks(find_files([tmp_path / str(i)])[0]):
                pass
        return reader.hash

    hashes = [hash_of(b"ab"), hash_of(b"a", b"b"), hash_of(b"ab", b""), hash_of(b"", b"ab"), hash_of(b"ab")]
    assert len(set(hashes)) == 4
    assert hashes[0] == hashes[4]


def test_the_hash_is_the_same_whether_text_or_bytes_were_read(tmp_path):
    (tmp_path / "corpus").write_bytes(bz2.compress(b"text") + b"passed over, as bzip2 does" * 100_000)
    (file,) = find_files([tmp_path / "corpus"])
    raw, text = SourceReader(keep_hash=True), SourceReader(keep_hash=True)
    assert b"".join(raw.raw_blocks(file)) == (tmp_path / "corpus").read_bytes()
    assert list(text.text_blocks(file)) == [(0, b"text")]
    assert raw.hash == text.hash
    assert raw.bytes_read == text.bytes_read == file.size
