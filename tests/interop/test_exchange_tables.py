"""Vectors as tables: what pandas, Polars, DuckDB, datasets, NumPy and TensorBoard read of ours, and we of theirs.

Each test names its cell of the table in docs/guides/exchange.md.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import firth
from firth.errors import FormatError

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.exchange("parquet", "pandas", "both")
def test_pandas_reads_and_writes_parquet(exchanged, tmp_path, check_same):
    pandas = pytest.importorskip("pandas")
    exchanged.save(tmp_path / "ours.parquet")
    frame = pandas.read_parquet(tmp_path / "ours.parquet")
    assert list(frame.columns) == ["word", "count", "vector"]
    assert list(frame["word"]) == list(exchanged)
    np.testing.assert_array_equal(np.stack(frame["vector"]), exchanged.embeddings)
    np.testing.assert_array_equal(frame["count"], exchanged.vocabulary.counts)
    frame.to_parquet(tmp_path / "theirs.parquet")
    check_same(firth.load(tmp_path / "theirs.parquet"), exchanged, counts=True)


@pytest.mark.exchange("parquet", "polars", "both")
def test_polars_reads_and_writes_parquet(exchanged, tmp_path, check_same):
    polars = pytest.importorskip("polars")
    exchanged.save(tmp_path / "ours.parquet")
    frame = polars.read_parquet(tmp_path / "ours.parquet")
    assert frame.schema["vector"] == polars.Array(polars.Float32, 7)
    np.testing.assert_array_equal(frame["vector"].to_numpy(), exchanged.embeddings)
    # Other names, other kinds of text and lists, and a column that is neither.
    other = frame.select(
        polars.col("count").cast(polars.UInt32),
        polars.col("vector").cast(polars.List(polars.Float64)).alias("embedding"),
        polars.col("word").cast(polars.Categorical).alias("token"),
    )
    other.write_parquet(tmp_path / "theirs.parquet", row_group_size=3)
    check_same(firth.load(tmp_path / "theirs.parquet"), exchanged, counts=True)


@pytest.mark.exchange("parquet", "duckdb", "both")
def test_duckdb_reads_and_writes_parquet(exchanged, tmp_path, check_same):
    duckdb = pytest.importorskip("duckdb")
    ours, theirs = tmp_path / "ours.parquet", tmp_path / "theirs.parquet"
    exchanged.save(ours)
    with duckdb.connect() as database:
        asked = "SELECT word FROM read_parquet(?) ORDER BY list_cosine_similarity(vector, ?) DESC LIMIT 2"
        found = database.execute(asked, [str(ours), exchanged["king"].tolist()]).fetchall()
        assert [word for (word,) in found] == ["king", exchanged.neighbors("king", k=1)[0].word]
        database.execute(f"COPY (SELECT * FROM read_parquet('{ours}')) TO '{theirs}' (FORMAT parquet)")
    check_same(firth.load(theirs), exchanged, counts=True)


@pytest.mark.exchange("parquet", "datasets", "both")
def test_datasets_reads_and_writes_parquet(exchanged, tmp_path, check_same):
    datasets = pytest.importorskip("datasets")
    exchanged.save(tmp_path / "ours.parquet")
    loaded = datasets.Dataset.from_parquet(str(tmp_path / "ours.parquet"), cache_dir=str(tmp_path / "cache"))
    assert loaded["word"][:] == list(exchanged)
    np.testing.assert_array_equal(loaded.with_format("numpy")["vector"][:], exchanged.embeddings)
    loaded.to_parquet(str(tmp_path / "theirs.parquet"))
    check_same(firth.load(tmp_path / "theirs.parquet"), exchanged, counts=True)


@pytest.mark.exchange("arrow", "pyarrow", "both")
def test_pyarrow_maps_our_file_and_writes_feather(exchanged, tmp_path, check_same):
    pyarrow = pytest.importorskip("pyarrow")
    feather = pytest.importorskip("pyarrow.feather")
    exchanged.save(tmp_path / "ours.arrow")
    with pyarrow.memory_map(str(tmp_path / "ours.arrow")) as file:
        table = pyarrow.ipc.open_file(file).read_all()
        table.validate(full=True)
        assert table["word"].to_pylist() == list(exchanged)
        vectors = table["vector"].combine_chunks().flatten().to_numpy()  # no copy: the numbers lie there
        np.testing.assert_array_equal(vectors.reshape(-1, 7), exchanged.embeddings)
        for compression in ("uncompressed", "zstd"):
            feather.write_feather(table, tmp_path / "theirs.feather", compression=compression, chunksize=3)
            check_same(firth.load(tmp_path / "theirs.feather"), exchanged, counts=True)


@pytest.mark.exchange("arrow", "polars", "both")
def test_polars_reads_and_writes_arrow(exchanged, tmp_path, check_same):
    polars = pytest.importorskip("polars")
    exchanged.save(tmp_path / "ours.arrow")
    frame = polars.read_ipc(tmp_path / "ours.arrow")
    np.testing.assert_array_equal(frame["vector"].to_numpy(), exchanged.embeddings)
    frame.write_ipc(tmp_path / "theirs.arrow")  # views of strings
    check_same(firth.load(tmp_path / "theirs.arrow"), exchanged, counts=True)


@pytest.mark.exchange("npz", "numpy", "both")
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_numpy_reads_and_writes_archives(exchanged, tmp_path, check_same, save):
    exchanged.save(tmp_path / "ours.npz")
    with np.load(tmp_path / "ours.npz", allow_pickle=False) as content:
        assert content["words"].tolist() == list(exchanged)
        np.testing.assert_array_equal(content["vectors"], exchanged.embeddings)
        save(tmp_path / "theirs.npz", **content)
    check_same(firth.load(tmp_path / "theirs.npz"), exchanged, counts=True)


@pytest.mark.exchange("npy", "numpy", "both")
@pytest.mark.parametrize("order", ["C", "F"])
def test_numpy_maps_our_matrix_and_writes_one(exchanged, tmp_path, check_same, order):
    exchanged.save(tmp_path / "ours.npy")
    mapped = np.load(tmp_path / "ours.npy", mmap_mode="r")
    np.testing.assert_array_equal(mapped, exchanged.embeddings)
    words = (tmp_path / "ours.words.txt").read_text("utf-8").split("\n")[:-1]
    assert words == list(exchanged)
    np.save(tmp_path / "theirs.npy", np.array(mapped, order=order))
    (tmp_path / "theirs.words.txt").write_text("\n".join(words), "utf-8")
    check_same(firth.load(tmp_path / "theirs.npy"), exchanged)
    np.save(tmp_path / "theirs.npy", mapped.astype(np.float16))
    np.testing.assert_allclose(firth.load(tmp_path / "theirs.npy").embeddings, mapped, rtol=1e-3)


@pytest.mark.exchange("projector", "tensorboard", "out")
def test_tensorboard_serves_our_folder(exchanged, tmp_path):
    plugin = pytest.importorskip("tensorboard.plugins.projector.projector_plugin")
    testing = pytest.importorskip("werkzeug.test")
    exchanged.save(tmp_path / "logs", format="projector")
    context = SimpleNamespace(
        data_provider=SimpleNamespace(list_runs=lambda *args, **kwargs: []), logdir=str(tmp_path / "logs")
    )
    pages = plugin.ProjectorPlugin(context).get_plugin_apps()

    def get(page, **query):
        response = testing.Client(pages[page]).get("/", query_string={"run": ".", "name": "firth", **query})
        assert response.status_code == 200, response.text
        return response

    assert get("/info").json["embeddings"][0]["tensorShape"] == [8, 7]
    np.testing.assert_array_equal(
        np.frombuffer(get("/tensor").data, np.float32).reshape(8, 7), exchanged.embeddings
    )
    lines = get("/metadata").data.decode().split("\n")
    assert lines[0] == "word\tcount"
    assert [line.split("\t")[0] for line in lines[1:-1]] == list(exchanged)


@pytest.mark.exchange("projector", "torch", "in")
def test_folders_of_torchs_summary_writer_are_read(exchanged, tmp_path):
    torch = pytest.importorskip("torch")
    writing = pytest.importorskip("torch.utils.tensorboard")
    with writing.SummaryWriter(tmp_path) as writer:
        counts = exchanged.vocabulary.counts.tolist()
        metadata = [[word, str(count)] for word, count in zip(exchanged, counts, strict=True)]
        writer.add_embedding(torch.tensor(exchanged.embeddings), metadata, metadata_header=["word", "count"])
    (folder,) = [path.parent for path in tmp_path.rglob("tensors.tsv")]
    found = firth.load(folder)
    assert list(found) == list(exchanged)
    assert found.count("king") == exchanged.count("king")
    np.testing.assert_allclose(found.embeddings, exchanged.embeddings, rtol=1e-6)


@pytest.mark.parametrize("name", ["pandas.parquet", "duckdb.parquet", "polars.arrow"])
def test_a_table_that_a_tool_wrote_once_is_still_read(name):
    pytest.importorskip("pyarrow")
    folder = Path(__file__).parents[1] / "golden" / "formats"
    wanted = json.loads((folder / "exchange.json").read_text("utf-8"))[name]
    vectors = firth.load(folder / name)
    assert list(vectors) == wanted["words"]
    assert vectors.vocabulary.counts.tolist() == wanted["counts"]
    rows = [[float.fromhex(number) for number in row] for row in wanted["vectors"]]
    np.testing.assert_array_equal(vectors.embeddings, np.array(rows, np.float32))


def test_tables_that_do_not_fit_are_refused_with_the_reason(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    for columns, reason in (
        ({"text": ["a"]}, "no column of lists of numbers"),
        ({"vector": [[1.0]]}, "no column of text"),
        ({"a": ["a"], "b": ["b"], "vector": [[1.0]]}, "several columns of text"),
        ({"word": ["a", None], "vector": [[1.0], [2.0]]}, "without a word"),
        ({"word": ["a", "b"], "vector": [[1.0], None]}, "without a vector"),
        ({"word": ["a", "b"], "vector": [[1.0], [2.0, None]]}, "without a vector"),
        ({"word": ["a", "b"], "vector": [[1.0], [2.0, 3.0]]}, "different lengths"),
        ({"word": ["a"], "vector": [[float("nan")]]}, "NaN or infinity"),
        ({"word": ["a"], "vector": [[1.0]], "count": [None]}, "without a count"),
        ({"word": ["a"], "vector": [[1.0]], "count": [-3]}, "never negative"),
    ):
        types = {"count": pyarrow.int64()}
        table = pyarrow.table(
            {name: pyarrow.array(cells, types.get(name)) for name, cells in columns.items()}
        )
        parquet.write_table(table, tmp_path / "table.parquet")
        with pytest.raises(FormatError, match=reason):
            firth.load(tmp_path / "table.parquet")


def test_damaged_tables_are_read_or_refused():
    """In a process of its own, because what is damaged is read by compiled code."""
    pytest.importorskip("pyarrow")
    tests = Path(__file__).parents[1]
    options = ["--quiet", "-p", "no:cacheprovider", "-k", "parquet or arrow", "--hypothesis-seed=7"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tests / "fuzz" / "test_readers.py")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), *sys.path])},
        cwd=tests.parent,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
