"""``firth explain`` as it is called."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

import firth.cli.explain
from firth.cli import run
from firth.explain import explain_step, lecture_example, model_example
from firth.formats import VectorTable
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

WORDS = ["the", "king", "queen", "apple", "a,b"]


@pytest.fixture
def explain(capsys):
    """Run the command; returns the status, the output and the complaint."""

    def call(*arguments):
        status = run(["explain", *map(str, arguments)])
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(9)
    rows, contexts = random.normal(size=(2, 5, 40)).astype(np.float32)
    WordVectors(VectorTable(Vocabulary(WORDS, [50, 9, 8, 7, 1]), rows, contexts)).save(tmp_path / "model")
    return tmp_path / "model"


def rows_below(output, heading):
    """The cells of the table under a heading."""
    lines = output[output.index(f"\n{heading}") + 1 :].split("\n\n")[0].split("\n")
    return [line.split() for line in lines[3:] if line.strip() and "─" not in line]


def test_the_lecture_is_the_default(explain):
    status, output, complaint = explain()
    assert (status, complaint) == (0, "")
    assert output.startswith("One training step: ned with stark, against pimples, zebra, idiot\n")
    assert rows_below(output, "1  ") == [["ned", "-0.018", "0.404", "-0.317"]]
    assert " ".join(rows_below(output, "2  ")[0]) == "stark 0.116 0.723 -0.689 0.508 0.624 1 -0.376"
    assert rows_below(output, "3  ")[-1] == ["ned", "sum", "-0.932", "0.319", "0.655"]
    assert rows_below(output, "4  ")[1] == ["pimples", "0.553", "-0.010", "0.223", "-0.175"]
    assert rows_below(output, "5  ") == [
        ["ned", "-0.018", "0.404", "-0.317", "-0.932", "0.319", "0.655", "0.029", "0.388", "-0.350"]
    ]
    zebra = "zebra -0.622 0.811 0.640 -0.010 0.216 -0.169 -0.622 0.800 0.648"
    assert rows_below(output, "6  ")[2] == zebra.split()
    assert "\n7  " not in output


def test_the_second_pair(explain):
    _, output, _ = explain("--pair", 2)
    assert " ".join(rows_below(output, "2  ")[0]) == "is 0.743 -0.394 -0.824 0.157 0.539 1 -0.461"


def test_steps_show_the_errors_going_to_zero(explain):
    _, output, _ = explain("--steps", 700)
    table = rows_below(output, "7  ")
    assert [row[0] for row in table] == ["1", "2", "5", "10", "20", "50", "100", "200", "500", "700"]
    assert table[0] == ["1", "2.669", "-0.376", "0.553", "0.534", "0.467"]
    assert all(abs(float(error)) < 0.01 for error in table[-1][2:])


def test_few_steps_are_all_shown(explain):
    _, output, _ = explain("--steps", 7)
    assert [row[0] for row in rows_below(output, "7  ")] == list("1234567")


def test_json(explain):
    status, output, _ = explain("--steps", 30, "--learning-rate", 0.1, "--json")
    assert status == 0
    said = json.loads(output)
    step = explain_step(lecture_example(), learning_rate=0.1)
    assert said["step"] == step.as_dict()
    assert [moment["step"] for moment in said["history"]] == [1, 2, 5, 10, 20, 30]
    assert said["history"][0] == {"step": 1, "loss": step.loss, "errors": step.errors.tolist()}


def test_a_saved_model(explain, folder):
    arguments = ("--vectors", folder, "--center", "king", "--context", "queen", "--json")
    status, output, _ = explain(*arguments, "--negatives", "the,apple", "--negatives", "a,b")
    assert status == 0
    step = model_example(
        firth.load(folder), center="king", context="queen", negatives=["the", "apple", "a,b"]
    )
    assert json.loads(output)["step"] == explain_step(step, learning_rate=0.05).as_dict()


def test_negatives_are_drawn_by_the_seed(explain, folder):
    def drawn(seed):
        arguments = ("--vectors", folder, "--center", "king", "--context", "queen", "--json", "--seed", seed)
        return [output["word"] for output in json.loads(explain(*arguments)[1])["step"]["outputs"]][1:]

    assert len(drawn(1)) == 5
    assert drawn(1) == drawn(1)
    assert len({tuple(drawn(seed)) for seed in range(4)}) > 1


def test_off_a_terminal_vectors_are_whole(explain, folder):
    _, output, _ = explain(
        "--vectors", folder, "--center", "king", "--context", "queen", "--negatives", "the"
    )
    assert "…" not in output
    (row,) = rows_below(output, "5  ")
    assert len(row) == 1 + 3 * 40


def on_a_terminal(monkeypatch, width):
    screen = io.StringIO()
    monkeypatch.setattr(
        firth.cli.explain,
        "console",
        lambda: Console(file=screen, width=width, force_terminal=True, no_color=True),
    )
    return screen


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_on_a_terminal_no_table_is_wider_than_it(explain, folder, monkeypatch, width):
    screen = on_a_terminal(monkeypatch, width)
    noise = "the,the,apple,king,queen,the,the,the,apple,apple"
    arguments = ("--vectors", folder, "--center", "king", "--context", "queen", "--negatives", noise)
    assert explain(*arguments, "--steps", 3)[0] == 0
    tables = screen.getvalue()
    assert "components" in tables
    rulers = [line for line in tables.split("\n") if "─" in line]
    assert len(rulers) == 8
    assert max(map(len, rulers)) <= width


def test_the_lecture_fits_80_columns_whole(explain, monkeypatch):
    screen = on_a_terminal(monkeypatch, 80)
    explain()
    assert "…" not in screen.getvalue()


def test_notes_on_odd_draws(explain, folder):
    arguments = ("--vectors", folder, "--center", "king", "--context", "queen")
    _, output, _ = explain(*arguments, "--negatives", "queen,the,the")
    assert "A draw of queen, which is the context word itself, counts nothing." in output
    assert "Drawn more than once, moved by the sum: the." in output


def test_decimals(explain):
    _, output, _ = explain("--decimals", 6)
    assert rows_below(output, "1  ") == [["ned", "-0.018000", "0.404000", "-0.317000"]]


def test_help_has_an_example(explain):
    status, output, _ = explain("--help")
    assert status == 0
    assert "firth explain --pair 2 --steps 1000" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--center", "king"], "--center is for a saved model: add --vectors DIR"),
        (["--negatives", "a"], "--negatives is for a saved model"),
        (["--pair", "3"], "--pair"),
        (["--steps", "0"], "--steps"),
        (["--learning-rate", "nan"], "learning_rate is nan"),
        (["--vectors", "{folder}"], "--center is not given"),
        (["--vectors", "{folder}", "--center", "king"], "--context is not given"),
        (["--vectors", "{folder}", "--center", "king", "--context", "kings"], "did you mean 'king'?"),
        (
            ["--vectors", "{folder}", "--center", "king", "--context", "the", "--pair", "2"],
            "--pair is for the lecture",
        ),
        (
            ["--vectors", "{folder}", "--center", "king", "--context", "the", "--negatives", ","],
            "at least one",
        ),
        (["--vectors", "{folder}/none", "--center", "king", "--context", "the"], "none"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(explain, folder, arguments, words):
    status, output, complaint = explain(*(argument.format(folder=folder) for argument in arguments))
    assert (status, output) == (2, "")
    assert complaint.startswith("firth: ")
    assert complaint.count("\n") == 1
    assert words in complaint
