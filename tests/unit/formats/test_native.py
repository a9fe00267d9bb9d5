"""firth's own folder: what goes in comes out, and nothing damaged is taken for a model."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

import firth
from firth import formats
from firth.errors import FormatError, InputError, OutputError
from firth.formats import VectorTable
from firth.formats.tensors import read_tensors, write_tensors
from firth.vocabulary import Vocabulary

WORDS = ["the", "kingdom", "naïve", "new york", "[UNK]", "\u2028", "a\nb", "", '"quoted"', "日本"]


@pytest.fixture
def table():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(2, len(WORDS), 3)).astype(np.float32)
    vocabulary = Vocabulary(WORDS, np.arange(len(WORDS), 0, -1) + 2**40)
    return VectorTable(vocabulary, rows[0], rows[1], {"settings": {"dim": 3}, "history": [0.5, 0.25]})


@pytest.fixture
def folder(table, tmp_path):
    formats.write(table, tmp_path / "vectors")
    return tmp_path / "vectors"


@pytest.mark.parametrize("memory_map", [True, False])
def test_what_is_written_is_read(table, folder, memory_map):
    back = formats.read(folder, memory_map=memory_map)
    assert back.vocabulary == table.vocabulary
    assert list(back.vocabulary) == WORDS
    np.testing.assert_array_equal(back.embeddings, table.embeddings)
    np.testing.assert_array_equal(back.output_embeddings, table.output_embeddings)
    assert back.metadata == table.metadata
    assert back.embeddings.flags.c_contiguous
    assert not back.embeddings.flags.writeable


def test_every_word_is_found_after_loading(folder):
    vocabulary = formats.read(folder).vocabulary
    assert [vocabulary.id(word) for word in WORDS] == list(range(len(WORDS)))


def test_counts_and_output_embeddings_may_be_missing(tmp_path):
    formats.write(VectorTable(Vocabulary(["a"]), np.ones((1, 2), np.float32)), tmp_path / "vectors")
    back = formats.read(tmp_path / "vectors")
    assert back.vocabulary.counts is None
    assert back.output_embeddings is None
    assert back.metadata == {}


@pytest.mark.parametrize("order", ["F", "strided"])
def test_arrays_in_another_memory_order_are_not_scrambled(order, tmp_path):
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    laid_out = np.asfortranarray(rows) if order == "F" else np.repeat(rows, 2, axis=1)[:, ::2]
    formats.write(VectorTable(Vocabulary("abcd"), laid_out), tmp_path / "vectors")
    np.testing.assert_array_equal(formats.read(tmp_path / "vectors").embeddings, rows)


def test_the_library_reads_the_matrix_with_a_last_row_of_zeros(table, folder):
    matrix = load_file(folder / "model.safetensors")["embeddings"]
    np.testing.assert_array_equal(matrix[:-1], table.embeddings)
    np.testing.assert_array_equal(matrix[-1], 0)


def test_the_tokenizer_names_every_row_and_spares_a_word_called_unk(folder):
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    assert tokenizer["model"]["vocab"] == {word: row for row, word in enumerate([*WORDS, "[[UNK]]"])}
    assert tokenizer["model"]["unk_token"] == "[[UNK]]"
    assert tokenizer["truncation"] is None
    assert json.loads((folder / "config.json").read_text())["max_length"] is None


def test_the_tokenizer_lowers_text_where_training_did(tmp_path):
    table = VectorTable(
        Vocabulary(["a"]), np.ones((1, 2), np.float32), metadata={"text": {"lowercase": True}}
    )
    formats.write(table, tmp_path / "vectors")
    tokenizer = json.loads((tmp_path / "vectors" / "tokenizer.json").read_text("utf-8"))
    assert tokenizer["normalizer"] == {"type": "Lowercase"}


def test_an_existing_folder_is_replaced_only_on_request(table, folder):
    with pytest.raises(OutputError, match="exists already"):
        formats.write(table, folder)
    smaller = VectorTable(Vocabulary(["x"]), np.ones((1, 2), np.float32))
    formats.write(smaller, folder, overwrite=True)
    assert list(formats.read(folder).vocabulary) == ["x"]
    assert not (folder / "firth" / "output_embeddings.safetensors").exists()


def test_a_folder_with_something_else_is_never_replaced(table, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match="something else"):
        formats.write(table, tmp_path, format="native", overwrite=True)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_loaded_model_can_replace_its_own_folder(table, folder):
    vectors = firth.load(folder)
    vectors.save(folder, overwrite=True)
    np.testing.assert_array_equal(firth.load(folder).embeddings, table.embeddings)


def test_metadata_that_json_cannot_say_are_refused_and_leave_nothing(tmp_path):
    table = VectorTable(Vocabulary(["a"]), np.ones((1, 2), np.float32), metadata={"x": object()})
    with pytest.raises(InputError, match="plain JSON"):
        formats.write(table, tmp_path / "vectors")
    assert list(tmp_path.iterdir()) == []


FILES = [
    "model.safetensors",
    "firth/metadata.json",
    "firth/vocabulary.safetensors",
    "firth/output_embeddings.safetensors",
]


@pytest.mark.parametrize("name", [name for name in FILES if "output" not in name])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FormatError, match=name.rsplit("/", maxsplit=1)[-1]):
        formats.read(folder, format="native")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0, 4, 9, 0.5, -1])
def test_a_truncated_file_is_refused(folder, name, kept):
    content = (folder / name).read_bytes()
    end = int(kept * len(content)) if isinstance(kept, float) else kept
    (folder / name).write_bytes(content[:end])
    with pytest.raises(FormatError, match=r"damaged|truncated"):
        formats.read(folder)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("data_offsets", [-4, 32]),
        ("data_offsets", [0, 2**62]),
        ("data_offsets", [64, 64 + 132]),
        ("data_offsets", [132, 0]),
        ("shape", [2**40, 3]),
        ("shape", [-11, -3]),
        ("shape", [33]),
        ("shape", [3, 11]),
        ("dtype", "I32"),
        ("dtype", "BF16"),
        ("dtype", "nonsense"),
        ("dtype", None),
    ],
)
def test_a_lying_header_is_refused_without_allocating(folder, entry, value):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["embeddings"][entry] = value
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])
    with pytest.raises(FormatError):
        formats.read(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format_version": 1}',
        '{"format_version": "1", "metadata": {}}',
        "[" * 100_000,
        '{"format_version": 1, "metadata": []}',
        "\x00\xff",
    ],
)
def test_damaged_metadata_are_refused(folder, text):
    (folder / "firth" / "metadata.json").write_text(text, "latin-1")
    with pytest.raises(FormatError, match=r"metadata\.json"):
        formats.read(folder)


def test_a_newer_format_asks_for_a_newer_firth(folder):
    (folder / "firth" / "metadata.json").write_text('{"format_version": 2, "metadata": {}}')
    with pytest.raises(FormatError, match="newer firth"):
        formats.read(folder)


def test_files_of_two_models_are_refused(folder, tmp_path):
    other = VectorTable(Vocabulary(["x", "y"]), np.ones((2, 3), np.float32))
    formats.write(other, tmp_path / "other")
    (tmp_path / "other" / "model.safetensors").replace(folder / "model.safetensors")
    with pytest.raises(FormatError, match="not of one model"):
        formats.read(folder)


def test_words_that_are_no_utf8_are_refused(folder):
    path = folder / "firth" / "vocabulary.safetensors"
    content = path.read_bytes()
    for wrong in (
        content.replace("日".encode(), b"\xff\xff\xff"),
        content.replace(b"kingdom", b"kingdo\xc3"),
    ):
        assert wrong != content
        path.write_bytes(wrong)
        with pytest.raises(FormatError, match="damaged"):
            formats.read(folder)


@pytest.mark.parametrize("wrong", [-1, None])
def test_an_order_that_names_words_that_are_not_there_is_refused(wrong, folder):
    path = folder / "firth" / "vocabulary.safetensors"
    tensors = {name: np.array(tensor) for name, tensor in read_tensors(path, memory_map=False).items()}
    order = tensors["order"]
    order[0] = len(order) if wrong is None else wrong
    write_tensors(path, {name: [tensor] for name, tensor in tensors.items()})
    with pytest.raises(FormatError, match=r"damaged: the order names words that are not there"):
        formats.read(folder)


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(FormatError, match="without firth/metadata.json"):
        formats.read(tmp_path)
    with pytest.raises(FormatError, match="No such file"):
        formats.read(tmp_path / "nothing")


def test_the_tokenizer_finds_the_words_that_the_corpus_finds(tmp_path):
    from firth.corpus import tokenizing

    table = VectorTable(
        Vocabulary(["a"]), np.ones((1, 2), np.float32), metadata={"text": {"tokenize": "words"}}
    )
    formats.write(table, tmp_path / "vectors")
    tokenizer = json.loads((tmp_path / "vectors" / "tokenizer.json").read_text("utf-8"))
    assert tokenizer["pre_tokenizer"]["pattern"] == {"Regex": tokenizing.WORD_PATTERN}
