"""Tables of pyarrow, pandas, polars, DuckDB and Hugging Face: whatever holds the text, the same corpus.

Run by ``make test-interop`` in an environment of its own; a library that is missing skips its tests.
"""

import json

import pytest

import firth
from firth.config import TextOptions
from firth.corpus import encode
from firth.errors import CorpusError

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")

pytestmark = pytest.mark.filterwarnings("ignore")

TEXTS = ["to be or", None, "not to\nbe", "", "naïve 日本"] * 3
BASKETS = [["oat milk", "bread", ""], None, [], ["bread", None, "jam"]] * 3


def facts(corpus):
    with corpus:
        return list(corpus.types), corpus.ids.tolist(), corpus.type_counts.tolist()


@pytest.fixture(scope="module", params=["text", "tokens"])
def case(request):
    """A table, and the corpus that its column ``cells`` must give."""
    cells = TEXTS if request.param == "text" else BASKETS
    kept = [cell if isinstance(cell, str) else [t for t in cell if t] for cell in cells if cell]
    return pa.table({"number": range(len(cells)), "cells": cells}), facts(encode(kept))


def write_stream(table, path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=4)


WRITERS = {
    "parquet": parquet.write_table,
    "parquet, small groups, zstd": lambda table, path: parquet.write_table(
        table, path, row_group_size=2, compression="zstd", use_dictionary=False
    ),
    "feather": feather.write_feather,
    "feather, not compressed": lambda table, path: feather.write_feather(
        table, path, compression="uncompressed"
    ),
    "stream": write_stream,
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("cache", [False, True])
def test_files(case, tmp_path, monkeypatch, writer, cache):
    monkeypatch.setenv("FIRTH_CACHE", str(tmp_path / "cache"))
    table, wanted = case
    WRITERS[writer](table, tmp_path / "any.name")
    told = []
    for _ in range(2):
        corpus = encode(
            tmp_path / "any.name", column="cells", cache=cache, progress=lambda *figures: told.append(figures)
        )
        assert facts(corpus) == wanted
    size = (tmp_path / "any.name").stat().st_size
    assert told[-1] == (size, size)


KINDS = {
    "table": lambda table: table,
    "table in chunks": lambda table: pa.Table.from_batches(table.to_batches(max_chunksize=2)),
    "record batch": lambda table: table.combine_chunks().to_batches()[0],
    "reader": lambda table: table.to_reader(max_chunksize=4),
    "record batches": lambda table: iter(table.to_batches(max_chunksize=4)),
    "data set": lambda table: pytest.importorskip("pyarrow.dataset").dataset(table),
    "scanner": lambda table: pytest.importorskip("pyarrow.dataset").dataset(table).scanner(columns=["cells"]),
    "pandas": lambda table: pytest.importorskip("pandas") and table.to_pandas(),
    "pandas in parts": lambda table: (part.to_pandas() for part in table.to_batches(max_chunksize=4)),
    "polars": lambda table: pytest.importorskip("polars").from_arrow(table),
    "polars, lazy": lambda table: pytest.importorskip("polars").from_arrow(table).lazy(),
    "duckdb": lambda table: pytest.importorskip("duckdb").from_arrow(table),
    "datasets": lambda table: pytest.importorskip("datasets").Dataset(table),
    "datasets, streamed": lambda table: (
        pytest.importorskip("datasets").Dataset(table).to_iterable_dataset(num_shards=2)
    ),
    "datasets, unknown columns": lambda table: pytest.importorskip("datasets").IterableDataset.from_generator(
        table.to_pylist
    ),
    "rows": lambda table: iter(table.to_pylist()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_tables_in_memory(case, kind):
    table, wanted = case
    assert facts(encode(KINDS[kind](table), column="cells")) == wanted


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "unknown" not in kind and kind != "scanner"])
def test_a_column_that_is_not_there_is_told_with_those_that_are(case, kind):
    with pytest.raises(CorpusError, match="no column 'cell': its columns are 'number', 'cells'"):
        encode(KINDS[kind](case[0]), column="cell")


@pytest.mark.parametrize(
    "series",
    [
        lambda table: table["cells"],
        lambda table: table["cells"].combine_chunks(),
        lambda table: table.to_pandas()["cells"],
        lambda table: pytest.importorskip("polars").from_arrow(table)["cells"],
        lambda table: table.select(["cells"]),
        lambda table: table.select(["cells"]).to_pandas(),
        lambda table: pytest.importorskip("duckdb").connect().from_arrow(table).select("cells"),
    ],
)
def test_one_column_needs_no_name(case, series):
    table, wanted = case
    assert facts(encode(series(table))) == wanted


def test_all_kinds_of_arrays():
    wanted = facts(encode([text for text in TEXTS if text]))
    text = pa.array(TEXTS)
    kinds = [pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()]
    for array in [*(text.cast(kind) for kind in kinds), text.dictionary_encode(), text.slice(0)]:
        assert facts(encode(array)) == wanted, array.type
    numbers = [[3, 5], None, [5, 7]]
    wanted = facts(encode([[3, 5], [5, 7]]))
    for kind in [pa.list_(pa.int8()), pa.large_list(pa.int64()), pa.list_(pa.uint16(), 2)]:
        assert facts(encode(pa.array(numbers, kind))) == wanted, kind
    sliced = pa.array([["no"], *BASKETS, ["no"]]).slice(1, len(BASKETS))
    assert facts(encode(sliced)) == facts(encode([["oat milk", "bread"], ["bread", "jam"]] * 3))


def test_a_data_set_whose_rows_were_chosen():
    chosen = pytest.importorskip("datasets").Dataset.from_dict({"text": ["a b", "c", "d e"]}).select([2, 0])
    assert facts(encode(chosen, column="text"))[0] == ["d", "e", "a", "b"]
    splits = pytest.importorskip("datasets").DatasetDict({"train": chosen})
    with pytest.raises(CorpusError, match=r"several data sets \('train'\): give one"):
        encode(splits, column="text")


def test_options_hold_for_cells(tmp_path):
    parquet.write_table(pa.table({"text": ["The king, He", "No."]}), tmp_path / "a")
    options = TextOptions(tokenize="words", lowercase=True)
    assert facts(encode(tmp_path / "a", options, column="text"))[0] == ["the", "king", "he", "no"]
    array = pa.array([b"a \xff", b"b"])
    with pytest.raises(CorpusError, match="from row 0 on, is not UTF-8"):
        encode(array)
    assert facts(encode(array, TextOptions(decode_errors="replace")))[0] == ["a", "\ufffd", "b"]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([1, 2]), "holds int64, but must hold text or lists of tokens"),
        (pa.array([{"a": 1}]), "holds struct<a: int64>, but must hold"),
        (pa.array([[["a"]]]), "holds lists of list<.*one flat list"),
        (pa.array([None, None]), "holds no tokens|holds null"),
        (pa.array([[b"a"]]), "a token is the bytes"),
    ],
)
def test_columns_of_other_types(tmp_path, column, message):
    parquet.write_table(pa.table({"text": column}), tmp_path / "a")
    with pytest.raises(CorpusError, match=message) as caught:
        encode(tmp_path / "a", column="text")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("write", ["parquet", "feather", "feather, not compressed", "stream"])
def test_damaged_files(tmp_path, write):
    table = pa.table({"text": [f"some words {number}" for number in range(2_000)]})
    WRITERS[write](table, tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    wanted = facts(encode(table, column="text"))

    def read(name):
        """Return what is read, or None and see that the error is one line which names the file."""
        try:
            return facts(encode(tmp_path / name, column="text", cache=False))
        except CorpusError as error:
            message = str(error)
        assert "\n" not in message
        assert name in message or "holds no tokens" in message
        return None

    for cut in (9, 100, len(data) // 2, len(data) - 300, len(data) - 1):
        (tmp_path / "cut").write_bytes(data[:cut])
        assert read("cut") in (
            None,
            wanted if write == "stream" else None,
        )  # a stream's last bytes say nothing
    for at in range(8, len(data), len(data) // 40):
        broken = bytearray(data)
        broken[at : at + 8] = b"\xff" * 8
        (tmp_path / "broken").write_bytes(broken)
        read("broken")  # may succeed: what is damaged may be a statistic, which nobody reads, or a letter


def test_mixed_files(tmp_path):
    parquet.write_table(pa.table({"text": ["a b"]}), tmp_path / "a.parquet")
    (tmp_path / "b.jsonl").write_text('{"text": "c"}\n')
    (tmp_path / "c.csv").write_text("id,text\n1,d\n")
    assert facts(encode(tmp_path, column="text", cache=False))[0] == ["a", "b", "c", "d"]
    (tmp_path / "d.jsonl").write_text(json.dumps({"text": ["e"]}))
    with pytest.raises(CorpusError, match=r"d.jsonl holds lists of tokens, but what was read before is text"):
        encode(tmp_path, column="text", cache=False)


def test_training(tmp_path):
    parquet.write_table(pa.table({"text": ["the king and the queen"] * 30, "n": range(30)}), tmp_path / "a")
    settings = firth.SkipGram(dim=4, epochs=1, subsample=0)
    from_table = firth.train(tmp_path / "a", settings, column="text")
    from_text = firth.train(["the king and the queen"] * 30, settings)
    assert (from_table.vectors.embeddings == from_text.vectors.embeddings).all()
