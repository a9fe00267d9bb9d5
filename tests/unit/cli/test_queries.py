"""The query commands: what they print, as tables and as JSON, and one clear line for every bad input."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firth import formats
from firth.cli import run
from firth.cli.output import print_json, printable
from firth.formats import VectorTable
from firth.subwords import Subwords
from firth.vocabulary import Vocabulary

ROWS = {
    "man": [1, 0, 0.1],
    "king": [1, 1, 0],
    "woman": [0, 0, 1],
    "queen": [0, 1.1, 1],
    "[bold]new york": [-0.2, -1, 0],
    "a\x1b[31m\nb": [0, 0, 0],
}


@pytest.fixture
def model(tmp_path):
    rows = np.array(list(ROWS.values()), np.float32)
    metadata = {"settings": {"dim": 3, "epochs": 2}, "loss": float("nan")}
    formats.write(VectorTable(Vocabulary(ROWS, range(60, 0, -10)), rows, rows, metadata), tmp_path / "model")
    return str(tmp_path / "model")


@pytest.fixture
def say(capsys):
    """Run a command line that works, and return what it writes; with --json, the object."""

    def call(*arguments):
        assert run(list(map(str, arguments))) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out) if "--json" in arguments else out

    return call


@pytest.fixture
def refuse(capsys):
    """Run a command line that must fail, and return its one line."""

    def call(*arguments):
        assert run(list(map(str, arguments))) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("firth: ")
        assert err.count("\n") == 1
        return err

    return call


def test_neighbors_of_one_word_and_of_several(model, say):
    lines = say("neighbors", model, "king", "-k", "2").splitlines()
    assert [line.split() for line in lines] == [["neighbor", "score"], ["man", "0.7036"], ["queen", "0.5232"]]
    several = say("neighbors", model, "king", "queen", "-k", "1")
    assert [line.strip() for line in several.splitlines()][::4] == ["king", "queen"]
    (king, queen) = say("neighbors", model, "king", "queen", "--json", "--restrict", "4")
    assert king["word"] == "king"
    assert [near["word"] for near in king["neighbors"]] == ["man", "queen", "woman"]
    assert queen["neighbors"][0] == {"word": "woman", "score": pytest.approx(1 / np.sqrt(2.21))}


def test_words_with_markup_spaces_and_control_characters_are_shown_as_they_are(model, say):
    assert "[bold]new york" in say("neighbors", model, "man", "-k", "9")
    assert repr("a\x1b[31m\nb") in say("info", model)
    assert "\x1b" not in say("info", model)
    assert printable("") == "''"
    assert printable(" a") == "' a'"


def test_analogy(model, say):
    assert say("analogy", model, "man", "king", "woman", "-k", "1").splitlines()[1].split()[0] == "queen"
    answer = say("analogy", model, "man", "king", "woman", "--json", "--method", "3cosmul", "--restrict", "4")
    assert answer["answers"] == [{"word": "queen", "score": answer["answers"][0]["score"]}]
    assert (answer["a"], answer["b"], answer["c"], answer["method"]) == ("man", "king", "woman", "3cosmul")


def test_similarity(model, say):
    assert say("similarity", model, "king", "man") == "0.7036\n"
    assert say("similarity", model, "king", "king", "--json") == {"a": "king", "b": "king", "similarity": 1.0}
    assert say("similarity", model, "king", "a\x1b[31m\nb", "--json")["similarity"] is None


def test_evaluate_tells_the_files_apart(model, say, tmp_path):
    questions, pairs = tmp_path / "questions.txt", tmp_path / "pairs.txt"
    questions.write_text(
        ": family\nman king woman queen\nman king woman duke\n: gram1\nQUEEN man king woman\n"
    )
    pairs.write_text("king man 3\nman queen 1\nking queen 2\nking duke 9\n")
    table = [line.split() for line in say("evaluate", model, questions, pairs).splitlines()]
    assert ["family", "100.0", "%", "1", "1", "2"] in table
    assert ["total", "50.0", "%", "1", "2", "3"] in table
    assert ["pairs.txt", "1.0000", "3", "4"] in table
    first, second = say("evaluate", model, questions, pairs, "--json")
    assert (first["file"], first["kind"], first["restrict"]) == (str(questions), "analogies", 6)
    assert first["total"] == {"name": "total", "correct": 1, "answered": 2, "asked": 3, "accuracy": 0.5}
    assert [section["name"] for section in first["sections"]] == ["family", "gram1"]
    assert second == {
        "file": str(pairs),
        "kind": "similarity",
        "spearman": pytest.approx(1.0),
        "pairs_used": 3,
        "pairs": 4,
        "coverage": 0.75,
    }
    (few,) = say("evaluate", model, questions, "--json", "--restrict", "3")
    assert (few["restrict"], few["total"]["answered"], few["total"]["accuracy"]) == (3, 0, None)
    (strict,) = say("evaluate", model, questions, "--json", "--restrict", "0", "--case-sensitive")
    assert strict["sections"][1]["answered"] == 0


def test_convert_there_and_back(model, say, refuse, tmp_path):
    subset = tmp_path / "plain"
    table = formats.read(model)
    formats.write(VectorTable(Vocabulary(list(ROWS)[:4], [4, 3, 2, 1]), table.embeddings[:4]), subset)
    assert say("convert", subset, tmp_path / "v.bin").splitlines() == [
        f"4 words of 3 dimensions: {subset} (native) to {tmp_path / 'v.bin'} (word2vec-binary)",
        "not kept, for lack of a place in word2vec-binary: counts",
    ]
    told = say("convert", tmp_path / "v.bin", tmp_path / "v.txt", "--to", "glove", "--json")
    assert (told["source_format"], told["target_format"], told["words"]) == ("word2vec-binary", "glove", 4)
    assert told["dropped"] == []
    assert formats.detect(tmp_path / "v.txt") == "glove"
    assert "exists already" in refuse("convert", subset, tmp_path / "v.txt")
    say("convert", subset, tmp_path / "v.txt", "--overwrite")
    assert formats.detect(tmp_path / "v.txt") == "word2vec-text"
    np.testing.assert_array_equal(formats.read(tmp_path / "v.txt").embeddings, table.embeddings[:4])
    assert "white space" in refuse("convert", model, tmp_path / "w.bin")
    assert not (tmp_path / "w.bin").exists()


def test_convert_stores_folders_in_fewer_bytes_and_files_never(model, say, refuse, tmp_path):
    told = say("convert", model, tmp_path / "small", "--dtype", "int8", "--json")
    assert (told["target_format"], told["dropped"]) == ("native", [])
    np.testing.assert_allclose(
        formats.read(tmp_path / "small").embeddings, formats.read(model).embeddings, rtol=0.02, atol=0.02
    )
    assert "holds float32: use the native format" in refuse(
        "convert", model, tmp_path / "w.npz", "--dtype", "int8"
    )
    gensim = Path(__file__).parents[2] / "golden" / "formats" / "gensim_word2vec.model"
    assert say("convert", gensim, tmp_path / "g.npz", "--json")["dropped"] == ["output embeddings"]


def test_info(model, say):
    lines = dict(line.split(maxsplit=1) for line in say("info", model).splitlines())
    assert lines["tokens"].strip() == "210"
    assert lines["settings"].strip() == "dim=3, epochs=2"
    told = say("info", model, "--json")
    assert (told["format"], told["words"], told["dim"], told["tokens"]) == ("native", 6, 3, 210)
    assert told["output_embeddings"] is True
    assert told["first_words"] == list(ROWS)
    assert told["metadata"] == {"settings": {"dim": 3, "epochs": 2}, "loss": None}


@pytest.fixture
def composed(tmp_path):
    """A folder of vectors that are composed of n-grams."""
    words = Vocabulary(["king", "kingdom", "man"], [3, 2, 1])
    rows = np.random.default_rng(1).standard_normal((53, 4), dtype=np.float32)
    parts = Subwords(min_n=2, max_n=4, buckets=50, word_rows=rows[:3], bucket_rows=rows[3:])
    formats.write(
        VectorTable(words, parts.known(words.words), metadata={"settings": {}}, subwords=parts),
        tmp_path / "composed",
    )
    return tmp_path / "composed"


def test_words_never_seen_have_answers_where_there_are_ngrams(composed, say, refuse):
    (told,) = say("neighbors", composed, "kings", "--json")
    assert sorted(found["word"] for found in told["neighbors"]) == ["king", "kingdom", "man"]
    assert -1 <= say("similarity", composed, "kings", "kingly", "--json")["similarity"] <= 1
    assert len(say("analogy", composed, "kings", "king", "men", "--json")["answers"]) == 2
    assert "'</s>' is not in the vocabulary, and it has no n-grams" in refuse("neighbors", composed, "</s>")


def test_ngrams_are_told_kept_and_dropped(composed, model, say, refuse, tmp_path):
    assert "2 to 4 characters, 50 buckets, 50 of them used" in say("info", composed)
    told = say("info", composed, "--json")
    assert told["subwords"] == {"min_n": 2, "max_n": 4, "buckets": 50, "used_buckets": 50, "pruned": False}
    assert say("info", model, "--json")["subwords"] is None
    told = say("convert", composed, tmp_path / "model.bin", "--to", "fasttext", "--json")
    assert told["dropped"] == ["settings and history"]
    assert say("neighbors", tmp_path / "model.bin", "kings") == say("neighbors", composed, "kings")
    told = say("convert", tmp_path / "model.bin", tmp_path / "again.bin", "--to", "fasttext", "--json")
    assert (told["source_format"], told["dropped"]) == ("fasttext", [])
    told = say("convert", tmp_path / "model.bin", tmp_path / "plain.bin", "--json")
    assert told["dropped"] == ["counts", "output embeddings", "n-grams", "settings and history"]
    assert say("convert", composed, tmp_path / "again", "--json")["dropped"] == []
    assert "which firth reads but does not write" in refuse("convert", composed, tmp_path / "model.ftz")


def test_off_a_terminal_nothing_is_cut(tmp_path, say):
    word = "x" * 3_000
    formats.write(VectorTable(Vocabulary(["a", word]), np.ones((2, 2), np.float32)), tmp_path / "model")
    assert word in say("neighbors", tmp_path / "model", "a")
    assert word in say("info", tmp_path / "model")


def test_on_a_terminal_the_table_has_rules(model):
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "firth", "neighbors", model, "king"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "60", "PYTHONIOENCODING": "utf-8"}
    subprocess.run(command, stdout=follower, check=True, env=environment)
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert "──" in shown
    assert "queen" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neighbors", "MODEL", "kinf"], "did you mean 'king'"),
        (["neighbors", "MODEL", "king", "kinf"], "'kinf' is not in the vocabulary"),
        (["neighbors", "MODEL", "king", "-k", "0"], "k is 0, but must be at least 1"),
        (["neighbors", "MODEL", "king", "-k", "many"], "-k is"),
        (["neighbors", "MODEL", "king", "--restrict", "-3"], "restrict is -3"),
        (["neighbors", "MODEL"], "WORD"),
        (["neighbors", "nothing", "king"], "cannot read nothing: No such file"),
        (["neighbors", "EMPTY", "king"], "empty file"),
        (["neighbors", "FOLDER", "king"], "a folder without firth/metadata.json"),
        (["neighbors", "MODEL", "a\x1b[31m\nb"], "no direction"),
        (["analogy", "MODEL", "man", "king"], "C"),
        (["analogy", "MODEL", "man", "king", "women"], "did you mean 'woman'"),
        (["analogy", "MODEL", "man", "king", "woman", "--method", "magic"], "'3cosadd' or '3cosmul'"),
        (["similarity", "MODEL", "king", "qeen"], "did you mean 'queen'"),
        (["evaluate", "MODEL", "EMPTY"], "holds no questions"),
        (["evaluate", "MODEL", "nothing"], "cannot read nothing"),
        (["evaluate", "MODEL", "FOLDER"], "cannot read"),
        (["evaluate", "EMPTY", "EMPTY"], "empty file"),
        (["evaluate", "MODEL", "QUESTIONS", "--restrict", "-1"], "restrict is -1"),
        (["evaluate", "MODEL", "BAD"], "line 3"),
        (["convert", "MODEL", "x.xlsx"], "the extension '.xlsx'"),
        (["convert", "MODEL", "x.bin", "--to", "excel"], "format is 'excel'"),
        (["convert", "EMPTY", "x.bin"], "empty file"),
        (["convert", "MODEL", "FOLDER/no/such/x.bin", "--to", "native", "extra"], "extra"),
        (["convert", "PLAIN", "FOLDER/no/such/x.bin"], "cannot write"),
        (["convert", "PLAIN", "FOLDER", "--to", "glove", "--overwrite"], "it is a folder"),
        (["info", "EMPTY"], "empty file"),
        (["info"], "VECTORS"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, message, model, refuse, tmp_path):
    places = {name: tmp_path / name.lower() for name in ("EMPTY", "FOLDER", "QUESTIONS", "BAD", "PLAIN")}
    places["EMPTY"].touch()
    places["FOLDER"].mkdir()
    places["QUESTIONS"].write_text("man king woman queen\n")
    places["BAD"].write_text(": family\nman king woman queen\nman king\n")
    places["PLAIN"].write_text("king 1 2\nqueen 3 4\n")
    first, *others = arguments
    given = [str(tmp_path / "x.bin") if a == "x.bin" else str(places.get(a, a)) for a in others]
    given = [model if a == "MODEL" else a.replace("FOLDER", str(places["FOLDER"])) for a in given]
    assert message in refuse(first, *given)
    assert not (tmp_path / "x.bin").exists()


@pytest.mark.parametrize("command", ["neighbors", "analogy", "similarity", "evaluate", "convert", "info"])
def test_help_shows_examples_and_documents_json(command, say):
    text = say(command, "--help")
    assert f"firth {command} " in text.split("Examples")[1]
    assert "--json prints" in text


def test_json_holds_no_nan(capsys):
    print_json({"a": [float("nan"), (1.5, float("inf"))], "b": "naïve"})
    assert capsys.readouterr().out == '{"a": [null, [1.5, null]], "b": "naïve"}\n'
