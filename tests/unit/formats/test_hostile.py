"""Files of vectors that lie about their size, lead elsewhere or would run code."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import struct
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from firth import formats
from firth.cli.input import read_numbers
from firth.corpus import Phrases
from firth.errors import FirthError, FormatError
from firth.evaluation import questions
from firth.files import read_whole
from firth.formats import VectorTable, native
from firth.formats.tensors import read_tensors
from firth.vocabulary import Vocabulary

_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs links, pipes and devices of POSIX")
GOLDEN = Path(__file__).parents[2] / "golden" / "formats"


@pytest.fixture
def folder(tmp_path):
    """A folder of vectors in the native format."""
    table = VectorTable(Vocabulary(["to", "be"], [2, 1]), np.ones((2, 3), np.float32))
    formats.write(table, tmp_path / "vectors")
    return tmp_path / "vectors"


def peak_of(read, path):
    tracemalloc.start()
    try:
        with pytest.raises(FormatError) as caught:
            read(path)
        return tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("format", ["word2vec-text", "word2vec-binary", "fasttext"])
def test_a_gzipped_lie_takes_no_memory(format, tmp_path):
    """Deflate can make a thousand bytes of one: a small file may promise much, until somebody looks."""
    path = tmp_path / "lie.gz"
    noise = os.urandom(1 << 20)
    if format == "fasttext":
        content = bytearray((GOLDEN / "fasttext_skipgram.bin").read_bytes())
        place = _input_matrix(content)
        content[place : place + 8] = struct.pack("<q", 8_000_000)
        content = bytes(content) + noise
    else:
        content = b"2000000 100\n" + noise.replace(b"\n", b"")
    path.write_bytes(gzip.compress(content, 1))
    peak, message = peak_of(lambda path: formats.read(path, format=format), path)
    assert peak < 64 << 20
    assert "truncated" in message or "need" in message


def _input_matrix(content: bytearray) -> int:
    """Return where the number of rows of the input matrix stands in a small file of fastText."""
    (dim,) = struct.unpack_from("<i", content, 8)
    for place in range(60, len(content) - 17):
        quantized, rows, columns = struct.unpack_from("<?qq", content, place)
        if not quantized and columns == dim and 0 < rows < 1_000:
            return place + 1
    raise AssertionError("no matrix")


def test_an_honest_gzipped_file_is_read_though_it_is_packed_well(tmp_path):
    path = tmp_path / "zeros.gz"
    path.write_bytes(
        gzip.compress(b"100 200000\n" + b"".join(b"%d " % i + bytes(800_000) for i in range(100)), 1)
    )
    assert path.stat().st_size < 500_000
    assert formats.read(path).embeddings.shape == (100, 200_000)


def test_a_quantised_row_cannot_be_stretched_beyond_measure(tmp_path):
    settings = struct.pack("<iiiiiiiiiiiid", 512, 5, 1, 1, 5, 1, 2, 2, 0, 0, 0, 100, 1e-4)
    words = b"".join(b"w%d\0" % i + struct.pack("<qb", 1, 0) for i in range(3))
    head = struct.pack("<ii", 793_712_314, 12) + settings + struct.pack("<iiiqq", 3, 3, 0, 3, -1) + words
    quantizer = struct.pack("<iiii", 512, 1, 512, 512) + bytes(4 * 512 * 256)
    (tmp_path / "f.ftz").write_bytes(
        head + struct.pack("<??qqi", True, False, 3, 512, 3) + bytes(3) + quantizer
    )
    with pytest.raises(FormatError, match="512 columns in 1 bytes"):
        formats.read(tmp_path / "f.ftz")


def test_pickles_are_refused_and_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    for protocol in range(2, 6):
        path = tmp_path / "model"
        path.write_bytes(pickle.dumps(Trap(), protocol))
        with pytest.raises(FormatError, match="a pickle, which can run any code"):
            formats.read(path)
        assert not (tmp_path / "sprung").exists()


def test_what_the_configuration_names_is_not_read(folder):
    """Other tools take paths from these two files; firth takes none from any."""
    for name in ("config.json", "modules.json"):
        (folder / name).write_text(
            json.dumps([{"path": "../elsewhere", "name": "/etc/passwd", "type": "os.system"}])
        )
    opened = []
    sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
    formats.read(folder)
    assert [name for name in opened if "elsewhere" in name or "passwd" in name] == []
    assert {Path(name).name for name in opened if name.endswith(".json")} == {"metadata.json"}


def test_a_name_that_stands_twice_in_a_header_is_refused(folder):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    text = content[8 : 8 + length].decode().strip()
    doubled = (text[:-1] + "," + text[1:].replace("[3, 3]", "[9, 1]")).encode()
    path.write_bytes(len(doubled).to_bytes(8, "little") + doubled + content[8 + length :])
    with pytest.raises(FormatError, match="damaged"):
        read_tensors(path, memory_map=True)


@_POSIX
@pytest.mark.parametrize("target", ["/dev/zero", "pipe", "loop"])
@pytest.mark.parametrize("name", ["model.safetensors", "firth/vocabulary.safetensors", "firth/metadata.json"])
def test_links_to_what_is_no_file_are_refused(folder, name, target):
    os.mkfifo(folder / "pipe")
    (folder / name).unlink()
    (folder / name).symlink_to({"pipe": folder / "pipe", "loop": folder / name}.get(target, Path(target)))
    with pytest.raises(FormatError):
        formats.read(folder)


@_POSIX
def test_links_to_files_are_followed_for_reading_and_replaced_in_writing(folder, tmp_path):
    """Caches of downloads are made of links; but what they lead to belongs to somebody else."""
    stored = tmp_path / "stored"
    (folder / "model.safetensors").rename(stored)
    (folder / "model.safetensors").symlink_to(stored)
    before = stored.read_bytes()
    table = formats.read(folder)
    formats.write(table, folder, overwrite=True)
    assert stored.read_bytes() == before
    assert not (folder / "model.safetensors").is_symlink()
    assert native.is_native(folder)


@_POSIX
@pytest.mark.parametrize(
    "read",
    [Vocabulary.load, Phrases.load, questions.kind_of, read_numbers, formats.read],
    ids=["vocabulary", "phrases", "questions", "weights", "vectors"],
)
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/random"])
def test_devices_are_refused_at_once(read, device):
    with pytest.raises(FirthError, match="device") as caught:
        read(Path(device))
    assert "\n" not in str(caught.value)


def test_what_is_read_whole_has_a_limit(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_whole(tmp_path / "file", 5) == b"12345"
    with pytest.raises(ValueError, match="longer than 4 bytes"):
        read_whole(tmp_path / "file", 4)


def test_counts_that_cannot_be_true_are_refused(tmp_path):
    (tmp_path / "words").write_text(f"to\t{2**62}\nbe\t{2**62}\n")
    with pytest.raises(FormatError, match="add up to more than"):
        Vocabulary.load(tmp_path / "words")


def test_counts_of_a_fasttext_file_that_cannot_be_true_are_refused(tmp_path):
    content = (GOLDEN / "fasttext_skipgram.bin").read_bytes()
    path = tmp_path / "model.bin"
    begin = 4 + 4 + 12 * 4 + 8 + 3 * 4 + 2 * 8  # behind the sizes of the dictionary
    count = content.index(b"\0", begin) + 1
    path.write_bytes(content[:count] + struct.pack("<q", 2**63 - 1) + content[count + 8 :])
    with pytest.raises(FormatError, match="is damaged: the counts add up to more than"):
        formats.read(path)
