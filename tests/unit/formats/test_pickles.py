"""Pickles as data: what Python would run is refused, what it would believe is checked, what gensim means is read."""

from __future__ import annotations

import collections
import contextlib
import pickle
import struct
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from firth import formats
from firth.errors import FormatError, InputError
from firth.formats.pickles import Built, Name, read_pickle

GOLDEN = Path(__file__).parents[2] / "golden" / "formats"
PROTOCOLS = range(2, 6)


def data(content):
    return read_pickle(content, lambda name: True, "it")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_values_come_back(protocol):
    values = [
        None,
        True,
        False,
        0,
        255,
        65_535,
        -1,
        2**31 - 1,
        2**70,
        -(2**70),
        1.5,
        "",
        "naïve",
        "x" * 70_000,
    ]
    values += [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1, [2]], {}, {"a": 1, 2: {"b": None}}]
    assert data(pickle.dumps(values, protocol)) == values


@pytest.mark.parametrize("protocol", range(3, 6))
def test_bytes_come_back(protocol):
    long = bytes(range(256)) * 300
    short, view = data(pickle.dumps([b"abc", long], protocol))
    assert (short, bytes(view)) == (b"abc", long)


@pytest.mark.parametrize(
    ("code", "layout", "content", "expected"),
    [
        (b"\x8a", "<B", b"\x01\x02", 0x201),
        (b"\x8b", "<i", b"\x01\x02", 0x201),
        (b"X", "<I", "naïve".encode(), "naïve"),
        (b"\x8d", "<Q", "naïve".encode(), "naïve"),
        (b"C", "<B", b"abc", b"abc"),
        (b"B", "<I", b"abc", b"abc"),
        (b"\x8e", "<Q", b"abc", b"abc"),
        (b"\x96", "<Q", b"abc", b"abc"),
    ],
)
def test_lengths_of_all_widths_are_read(code, layout, content, expected):
    """Python takes the wide ones only for texts and bytes of gigabytes."""
    found = data(b"\x80\x05" + code + struct.pack(layout, len(content)) + content + b".")
    assert (bytes(found) if isinstance(expected, bytes) else found) == expected
    assert pickle.loads(b"\x80\x05" + code + struct.pack(layout, len(content)) + content + b".") == expected


def test_what_is_shared_is_shared():
    inner = ["a"]
    first, second = data(pickle.dumps([inner, inner]))
    assert first is second
    inner.append(inner)  # it holds itself
    found = data(pickle.dumps(inner))
    assert found[1] is found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_objects_become_records(protocol):
    found = data(pickle.dumps(collections.OrderedDict(a=1), protocol))
    assert isinstance(found, Built)
    assert found.kind == Name("collections", "OrderedDict")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_added_to_records_is_dropped_and_to_anything_else_refused(protocol):
    found = data(pickle.dumps([collections.deque([1, 2]), 3], protocol))
    assert found[0].kind == Name("collections", "deque")
    assert found[1] == 3
    for added in (b"K\x02a", b"K\x01K\x02s"):
        with pytest.raises(FormatError, match="damaged"):
            data(b"\x80\x02K\x01" + added + b".")


def test_a_pickle_without_an_end_is_told_as_such():
    with pytest.raises(FormatError, match="it is truncated: its pickle has no end"):
        data(pickle.dumps(["a"])[:-1])


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_imported_or_called(protocol, tmp_path):
    content = pickle.dumps([Trap(tmp_path / "sprung")], protocol)
    seen = []
    watching = True
    sys.addaudithook(lambda event, arguments: seen.append(event) if watching else None)
    data(content)
    watching = False
    assert not (tmp_path / "sprung").exists()
    assert not {"pickle.find_class", "import", "open", "exec", "compile"} & set(seen)
    with pytest.raises(FormatError, match=r"wants '.*' run, which firth does not do: open it with the tool"):
        read_pickle(content, lambda name: name.module == "numpy", "it")


HUGE = struct.pack("<Q", 2**40)
LIES = {
    "bytes": b"\x80\x04\x8e" + HUGE,
    "bytearray": b"\x80\x05\x96" + HUGE,
    "text": b"\x80\x04\x8d" + HUGE,
    "short bytes": b"\x80\x03B" + struct.pack("<I", 2**32 - 1),
    "place": b"\x80\x02]r" + struct.pack("<I", 2**32 - 1) + b".",  # Python makes room for 4 thousand million
    "number": b"\x80\x02\x8b" + struct.pack("<I", 2**31 - 1),
    "frame": b"\x80\x04\x95" + HUGE + b"N.",
}


@pytest.mark.parametrize("lie", LIES)
def test_lengths_that_are_not_there_take_no_memory(lie):
    harmless = lie in ("place", "frame")
    tracemalloc.start()
    with contextlib.nullcontext() if harmless else pytest.raises(FormatError, match="damaged|truncated"):
        data(LIES[lie])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_key_that_would_take_for_ever_to_hash_is_refused():
    deep = b"\x80\x02}" + b")" + b"2\x86" * 60 + b"Ns."  # a pair of pairs of pairs, 2**60 in all
    with pytest.raises(FormatError, match="keys are no texts or numbers"):
        data(deep)


def test_every_cut_and_every_changed_byte_is_read_or_refused():
    content = (GOLDEN / "gensim.kv").read_bytes()
    for length in range(len(content)):
        with pytest.raises(FormatError):
            data(content[:length])
    draws = np.random.default_rng(0)
    for _ in range(3_000):
        changed = bytearray(content)
        for place in draws.integers(0, len(content), 2):
            changed[place] = draws.integers(0, 256)
        with contextlib.suppress(FormatError):
            data(bytes(changed))


def test_matrices_beside_are_mapped_and_missed(tmp_path):
    name = "gensim_separate.kv"
    for path in GOLDEN.glob(f"{name}*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert not formats.read(tmp_path / name).embeddings.flags.owndata
    (tmp_path / f"{name}.vectors.npy").unlink()
    with pytest.raises(FormatError, match=r"needs .*gensim_separate\.kv\.vectors\.npy.*copy that, too"):
        formats.read(tmp_path / name)


def test_a_name_of_a_matrix_leads_nowhere_else(tmp_path):
    content = (GOLDEN / "gensim_separate.kv").read_bytes()
    (tmp_path / "a.kv").write_bytes(content.replace(b"\x07vectors\x94", b"\x07../../x\x94"[:9]))
    opened = []
    sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
    with pytest.raises(FormatError):
        formats.read(tmp_path / "a.kv")
    assert not [name for name in opened if ".." in name]


def test_models_of_something_else_are_refused_with_the_reason(tmp_path):
    content = (GOLDEN / "gensim.kv").read_bytes()
    (tmp_path / "a.kv").write_bytes(content.replace(b"\x0cindex_to_key", b"\x0cindex_to_kez"))
    with pytest.raises(FormatError, match="holds no list of words"):
        formats.read(tmp_path / "a.kv")
    (tmp_path / "a.kv").write_bytes(pickle.dumps(["gensim.models"]))
    with pytest.raises(FormatError, match="holds no model of gensim's"):
        formats.read(tmp_path / "a.kv")


def test_no_pickle_is_written(tmp_path):
    with pytest.raises(InputError, match=r"is a pickle: use word2vec-binary"):
        formats.write(formats.read(GOLDEN / "gensim.kv"), tmp_path / "a.kv", format="gensim")


def test_models_of_gensim_3_are_read(tmp_path, monkeypatch):
    """Made here with classes of the same names and attributes, as gensim 3 runs on no Python of today."""
    module = type(sys)("gensim.models.keyedvectors")

    def of(name):
        made = type(name, (), {"__module__": module.__name__, "__qualname__": name})
        setattr(module, name, made)
        return made

    keyed, entry, model = of("Word2VecKeyedVectors")(), of("Vocab"), of("Word2Vec")()
    for name in ("gensim", "gensim.models", module.__name__):
        monkeypatch.setitem(sys.modules, name, module)
    words = ["the", "naïve"]
    keyed.index2word, keyed.vocab = words, {}
    for row, word in enumerate(words):
        keyed.vocab[word] = entry()
        keyed.vocab[word].__dict__.update(count=9 - row, index=row)
    keyed.vectors = np.arange(6, dtype=np.float32).reshape(2, 3)
    model.wv = keyed
    for protocol in (2, 3, 4):
        (tmp_path / "old.model").write_bytes(pickle.dumps(model, protocol))
        found = formats.read(tmp_path / "old.model")
        assert list(found.vocabulary) == words
        assert found.vocabulary.counts.tolist() == [9, 8]
        np.testing.assert_array_equal(found.embeddings, keyed.vectors)


@pytest.fixture
def keyed(monkeypatch):
    """Vectors of gensim 3, of a class that makes objects of any of its attributes."""
    module = type(sys)("gensim.models.keyedvectors")
    for name in ("gensim", "gensim.models", module.__name__):
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("Word2VecKeyedVectors", "Vocab"):
        made = type(name, (), {"__module__": module.__name__, "__qualname__": name})
        setattr(module, name, made)

    def make(words, **attributes):
        found = module.Word2VecKeyedVectors()
        found.index2word, found.vocab = list(words), {}
        for row, word in enumerate(words):
            found.vocab[word] = module.Vocab()
            found.vocab[word].__dict__.update(count=9 - row, index=row)
        found.vectors = np.arange(2 * len(words), dtype=np.float32).reshape(-1, 2)
        found.__dict__.update(attributes)
        return pickle.dumps(found)

    return make


def test_keys_that_are_numbers_become_texts_and_are_told_apart_from_texts(keyed, tmp_path):
    for words, numbers in (
        ([7, -3], True),
        ([np.int64(7), np.uint8(3)], True),
        (["7", "x"], False),
    ):
        (tmp_path / "a.kv").write_bytes(keyed(words))
        found = formats.read(tmp_path / "a.kv")
        assert list(found.vocabulary) == [str(word) for word in words]
        assert found.metadata == ({"gensim": {"numbers": True}} if numbers else {})


@pytest.mark.parametrize("key", [np.float64(7), 2.5, 2**64 + 1, None])
def test_keys_of_another_kind_are_refused(key, keyed, tmp_path):
    (tmp_path / "a.kv").write_bytes(keyed([1, key]))
    with pytest.raises(FormatError):
        formats.read(tmp_path / "a.kv")


class OfBytes:
    """An array as protocols before the fifth hold its bytes where they may be changed."""

    def __init__(self, rows):
        self.rows = rows

    def __reduce__(self):
        held = (bytearray(self.rows.tobytes()), self.rows.dtype, self.rows.shape, "C")
        return np._core.numeric._frombuffer, held


def test_numbers_in_bytes_that_may_change_are_read(keyed, tmp_path):
    rows = np.array([[1, 2], [3, 4]], np.float32)
    (tmp_path / "a.kv").write_bytes(keyed(["a", "b"], vectors=OfBytes(rows)))
    assert formats.read(tmp_path / "a.kv").embeddings.tolist() == rows.tolist()


@pytest.mark.parametrize("max_n", [0, None])
def test_a_model_without_ngrams_has_rows_of_words_alone(keyed, max_n, tmp_path):
    attributes = {"vectors_ngrams": np.ones((4, 2), np.float32)} | ({} if max_n is None else {"max_n": max_n})
    (tmp_path / "a.kv").write_bytes(keyed(["a", "b"], **attributes))
    found = formats.read(tmp_path / "a.kv")
    assert found.subwords is None
    assert found.embeddings.tolist() == [[0.0, 1.0], [2.0, 3.0]]
