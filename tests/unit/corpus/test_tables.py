"""Tables by column: CSV, JSON Lines, rows, cursors; what needs pyarrow is in tests/interop/test_tables.py."""

import csv
import gzip
import io
import json
import sqlite3
import sys

import pytest
from hypothesis import given, settings, strategies as st

import firth
from firth.cli.app import main
from firth.config import TextOptions
from firth.corpus import encode
from firth.errors import ConfigError, CorpusError, MissingExtraError

TEXTS = ["to be or", None, 'not "to"\nbe, that', "", "naïve 日本\u2028x"]


def facts(corpus):
    with corpus:
        return list(corpus.types), corpus.ids.tolist(), corpus.type_counts.tolist()


def expected(documents):
    return facts(encode(documents))


WANTED = ["to be or", 'not "to"\nbe, that', "naïve 日本\u2028x"]


def csv_of(rows, **form):
    text = io.StringIO()
    csv.writer(text, **form).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_csv(tmp_path, delimiter, end, before):
    rows = [["number", "text"], *([number, text] for number, text in enumerate(TEXTS))]
    path = tmp_path / "any.name"
    path.write_bytes(before + csv_of(rows, delimiter=delimiter, lineterminator=end))
    assert facts(encode(path, column="text", cache=False)) == expected(WANTED)


def test_json_lines(tmp_path):
    path = tmp_path / "any.name"
    records = [{"text": text, "more": {"text": "no"}} for text in TEXTS]
    records.insert(1, {"other": "has no text"})
    path.write_text("\n".join(json.dumps(record) + "\n" for record in records))
    assert facts(encode(path, column="text", cache=False)) == expected(WANTED)


def test_lists_of_tokens_are_taken_as_they_are(tmp_path):
    path = tmp_path / "baskets.jsonl"
    baskets = [["oat milk", "bread", ""], None, [], ["bread", None, 7, 1.5, True]]
    path.write_text("".join(json.dumps({"basket": basket}) + "\n" for basket in baskets))
    wanted = expected([["oat milk", "bread"], ["bread", "7", "1.5", "True"]])
    assert facts(encode(path, column="basket", cache=False)) == wanted
    assert facts(encode(({"basket": basket} for basket in baskets), column="basket")) == wanted


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")), min_size=1
    )
)
def test_whatever_the_way_the_same_corpus(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("tables")
    kept = [text for text in texts if text]
    (folder / "a.csv").write_bytes(
        csv_of([["text", "n"], *([text, 1] for text in texts)], lineterminator="\n")
    )
    (folder / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    rows = [{"text": text} for text in texts]

    def facts_or_none(*source, **options):
        if not any(text.split() for text in kept):
            with pytest.raises(CorpusError, match=r"holds no (tokens|documents)"):
                encode(*source, **options)
            return None
        return facts(encode(*source, **options))

    wanted = facts_or_none(kept)
    assert facts_or_none(folder / "a.csv", column="text", cache=False) == wanted
    assert facts_or_none(folder / "a.jsonl", column="text", cache=False) == wanted
    assert facts_or_none(rows, column="text") == wanted
    assert facts_or_none({"text": texts}, column="text") == wanted


@pytest.mark.parametrize(
    "text", [{"tokenize": "words", "lowercase": True}, {"tokenize": "[a-z]+"}, {"tokenize": str.split}]
)
def test_text_is_tokenized_as_any_text(text):
    options = TextOptions(**text)
    rows = [{"text": each} for each in TEXTS]
    assert facts(encode(rows, options, column="text")) == facts(encode(WANTED, options))


def test_compressed_files_standard_input_and_several(tmp_path, monkeypatch):
    data = csv_of([["text"], *([text] for text in TEXTS)])
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(data))
    (tmp_path / "b.jsonl").write_text('{"text": "to be"}\n')
    assert facts(encode(tmp_path, column="text", cache=False)) == expected([*WANTED, "to be"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert facts(encode("-", column="text")) == expected(WANTED)


def test_long_cells_and_many(tmp_path):
    long = "word " * 500_000  # beyond the csv module's limit for a field, and several blocks
    limit = csv.field_size_limit()
    (tmp_path / "a.csv").write_bytes(csv_of([["text"], [long], *([f"w{n} a"] for n in range(5_000))]))
    corpus = encode(tmp_path / "a.csv", column="text", cache=False)
    assert facts(corpus) == expected([long, *(f"w{n} a" for n in range(5_000))])
    assert csv.field_size_limit() == limit


def test_a_cursor_of_a_database():
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE log (number, text)")
        connection.executemany("INSERT INTO log VALUES (?, ?)", enumerate(TEXTS * 700))
        select = connection.execute
        wanted = expected(WANTED * 700)
        assert facts(encode(select("SELECT * FROM log"), column="text")) == wanted
        assert facts(encode(select("SELECT text FROM log"))) == wanted
        with pytest.raises(CorpusError, match="name the column to read; its columns are 'number', 'text'"):
            encode(select("SELECT * FROM log"))
        with pytest.raises(CorpusError, match="no column 'txt': its columns are 'number', 'text'"):
            encode(select("SELECT * FROM log"), column="txt")
        with pytest.raises(CorpusError, match="execute a query"):
            encode(connection.cursor())
    connection.close()


def test_training_takes_a_column(tmp_path):
    rows = [{"text": "the king and the queen"}, {"text": None}] * 30
    settings = firth.SkipGram(dim=4, epochs=1, subsample=0)
    model = firth.train(rows, settings, column="text")
    assert set(model.vectors) == {"the", "king", "and", "queen"}
    with encode(["the king"] * 9) as corpus, pytest.raises(ConfigError, match="leave column out"):
        firth.train(corpus, settings, column="text")


def test_the_cache_knows_the_column(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRTH_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "a.csv"
    path.write_text("one,two\na b,c d e\n")
    for _ in range(2):
        assert facts(encode(path, column="one"))[0] == ["a", "b"]
        assert facts(encode(path, column="two"))[0] == ["c", "d", "e"]
        assert facts(encode(path))[0] == ["one,two", "a", "b,c", "d", "e"]
    assert len(list((tmp_path / "cache" / "corpora").iterdir())) == 3
    monkeypatch.setattr(sys.modules["firth.corpus.encode"], "_encode_files", None)  # nothing is read again
    encode(path, column="one").close()


def test_progress_reaches_the_end(tmp_path):
    (tmp_path / "a.csv").write_text("text\n" + "a b\n" * 1_000)
    (tmp_path / "b.jsonl").write_text('{"text": "a b"}\n' * 1_000)
    told = []
    encode(tmp_path, column="text", cache=False, progress=lambda *figures: told.append(figures)).close()
    total = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert told[-1] == (total, total)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,txt\n1,a\n", "no column 'text': its columns are 'id', 'txt'"),
        ("id,text\n1,a b\n2,c, d\n", r"line 3 has 3 fields, but the first line has 2: put fields"),
        ('id,text\n1,"a\n2,b\n', "line 3 cannot be read as CSV: .*quote is not closed"),
        ("", "holds no tokens"),
        ("text,id\n", "holds no tokens"),
        ("text\n\xff a\n", "is not UTF-8: byte 5 of its text is 0xff"),
        ('{"text": "a"}\n\n{"text": \n', "line 3 is no JSON: Expecting value"),
        ('{"text": "a"}\n["b"]\n', r"line 2 is '\[\"b\"\]', but must be a JSON object"),
        ('[{"text": "a"}]', "line 1 is .* but must be a JSON object: JSON Lines has one a line"),
        ("[" * 100_000, "line 1 is no JSON"),
        ('{"a": 1}\n{"b": "a"}\n', "no column 'text': its columns are 'a', 'b'"),
        ('{"a": 1}\n' * 1_001 + '{"text": "a"}\n', "no column 'text': its columns are 'a'"),
        ('{"text": "a"}\n{"text": 3}\n', "line 2 is 3, a int, but must be text"),
        ('{"text": "a"}\n{"text": ["b"]}\n', r"line 2 is \['b'\], a list, but must be text"),
        ('{"text": ["a"]}\n{"text": "b"}\n', "line 2 is 'b', a str, but must be a list of tokens"),
        ('{"text": [["a"]]}\n', "line 1: a token is"),
        ('{"text": {"a": 1}}\n', "line 1 is {'a': 1}, a dict, but must be"),
        ('{"text": "a \\ud800"}\n', "line 1 cannot be written as UTF-8: character 2"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, content, message):
    (tmp_path / "a").write_bytes(content.encode("latin-1"))
    with pytest.raises(CorpusError, match=message) as caught:
        encode(tmp_path / "a", column="text", cache=False)
    assert "\n" not in str(caught.value)


def test_damaged_text_is_replaced_where_asked(tmp_path):
    options = TextOptions(decode_errors="replace")
    (tmp_path / "a.csv").write_bytes(b"text\na \xff\n")
    (tmp_path / "b.jsonl").write_bytes(b'{"text": "a \xff"}\n{"text": "\\ud800"}\n')
    for name, types in [("a.csv", ["a", "\ufffd"]), ("b.jsonl", ["a", "\ufffd"])]:
        assert facts(encode(tmp_path / name, options, column="text", cache=False))[0] == types


@pytest.mark.parametrize(
    ("source", "column", "message"),
    [
        ([{"text": "a"}], None, "a dict, but must be a string.*name the column"),
        ([{"text": "a"}], "txt", "the corpus has no column 'txt': its columns are 'text'"),
        ([{"text": "a"}, "b"], "text", "row 1 of the corpus is 'b', a str.*leave column out"),
        (["a b"], "text", "row 0 of the corpus is 'a b', a str.*leave column out"),
        ({"text": "a b"}, "text", "column 'text' of the dict is 'a b', a str, but must hold the documents"),
        ({"text": ["a"]}, "txt", "no column 'txt'"),
        ([{"text": None}], "text", "holds no tokens"),
        ({"text": ["a b"]}, 3, "column is 3, but must be the name"),
    ],
)
def test_what_is_no_table(source, column, message):
    with pytest.raises(firth.FirthError, match=message):
        encode(source, column=column)


@pytest.mark.parametrize(("mark", "kind"), [(b"PAR1", "a Parquet"), (b"ARROW1\0\0", "an Arrow")])
def test_a_missing_extra_is_named_with_its_command(tmp_path, monkeypatch, mark, kind):
    (tmp_path / "a").write_bytes(mark + b"rest\0")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=rf"{kind} file: .*pip install 'firth\[arrow\]'"):
        encode(tmp_path / "a", column="text")
    with pytest.raises(CorpusError, match=f"{kind} file, a table: name the column"):
        encode(tmp_path / "a")


def test_nulls_of_pandas_are_nulls():
    class NAType:
        def __bool__(self):
            raise TypeError

    rows = [{"text": cell} for cell in (float("nan"), NAType(), None, "a b")]
    assert facts(encode(rows, column="text")) == expected(["a b"])


def test_the_command_line_takes_a_column(tmp_path, capfd):
    (tmp_path / "a.csv").write_text("id,text\n" + "7,the king and the queen\n" * 30)
    command = [
        "train",
        str(tmp_path / "a.csv"),
        "--output",
        str(tmp_path / "vectors"),
        "--no-cache",
        "--quiet",
    ]
    options = ["--dim", "4", "--epochs", "1", "--subsample", "0"]
    assert main([*command, *options, "--column", "txt"]) == 2
    assert "no column 'txt': its columns are 'id', 'text'" in capfd.readouterr().err
    assert main([*command, *options, "--column", "text"]) == 0
    assert set(firth.load(tmp_path / "vectors")) == {"the", "king", "and", "queen"}
