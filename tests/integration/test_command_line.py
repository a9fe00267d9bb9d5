"""What holds for every command: help, the exit status, and one line where something is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

import firth
from firth.cli import app, run

COMMANDS = typer.main.get_command(app).commands
NAMES = [
    "demo",
    "train",
    "phrases",
    "walks",
    "neighbors",
    "index",
    "analogy",
    "similarity",
    "evaluate",
    "compare",
    "convert",
    "info",
    "explain",
    "word2vec",
    "fasttext",
]
# Their output is that of the programs whose flags they take.
FOREIGN = ["word2vec", "fasttext"]


def test_the_commands_are_these_in_this_order():
    assert list(COMMANDS) == NAMES


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself_with_an_example(name, flag, capsys):
    assert run([name, flag]) == 0
    out, err = capsys.readouterr()
    assert "Usage: firth " + name in out
    assert "Example" in out
    assert f"firth {name} " in out.partition("Example")[2] or name == "demo"
    assert err == ""


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FOREIGN])
def test_every_command_has_output_for_programs(name):
    assert any("--json" in parameter.opts for parameter in COMMANDS[name].params)


def test_help_lists_the_commands(capsys):
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    places = [out.find(f" {name} ") for name in NAMES]
    assert -1 not in places
    assert places == sorted(places)


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr() == (f"firth {firth.__version__}\n", "")


def test_without_arguments_the_help_is_shown_and_nothing_was_done(capsys):
    assert run([]) == 2
    out, err = capsys.readouterr()
    assert "Usage: firth" in out
    assert err == "firth: no command is given: choose one of those above\n"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["trian"], "No such command 'trian'"),
        (["--verbos"], "No such option: --verbos"),
        (["train"], "Missing argument 'CORPUS...'"),
        (["train", "corpus.txt"], "Missing option '--output'"),
        (["train", "corpus.txt", "--output", "v", "--dims", "5"], "No such option: --dims"),
        (["train", "corpus.txt", "--output", "v", "--dim", "many"], "--dim is '"),
        (
            ["train", "corpus.txt", "--output", "v", "--dim", "0"],
            "dim is 0, but must be a whole number from 1",
        ),
        (["train", "corpus.txt", "--output", "v", "--learning-rate", "nan"], "learning_rate is nan"),
        (["train", "corpus.txt", "--output", "v", "--model", "bert"], "'bert' is not"),
        (["train", "corpus.txt", "--output", "v", "--dim"], "Option '--dim' requires an argument"),
        (["train", "no-such-file.txt", "--output", "v"], "no such file or folder: 'no-such-file.txt'"),
        (["neighbors"], "Missing argument"),
        (["neighbors", "no-such-folder", "word"], "no-such-folder"),
        (["analogy", "no-such-folder", "a", "b"], "Missing argument"),
        (["info", "no-such-folder"], "no-such-folder"),
        (["convert", "no-such-folder", "v.bin"], "no-such-folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, wanted, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("firth: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert wanted in err
    assert not list(tmp_path.iterdir())


def test_bad_usage_ends_the_process_with_2_and_no_traceback(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "firth", "info", "no-such-folder"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
