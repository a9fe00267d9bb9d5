"""``firth walks``: from the shell's point of view."""

from __future__ import annotations

import collections
import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import firth
from firth.cli.app import main
from firth.corpus import encode

_EDGES = "a b\nb c\nc a\nc d\nd e\ne f\nf d\n"


@pytest.fixture
def edges(tmp_path: Path) -> Path:
    path = tmp_path / "graph.edgelist"
    path.write_text(_EDGES, "utf-8")
    return path


def firth_process(*arguments: object, **options: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "firth", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_it_writes_walks_and_says_where(edges, tmp_path, capfd):
    output = tmp_path / "walks.txt"
    assert main(["walks", str(edges), "--output", str(output)]) == 0
    out, err = capfd.readouterr()
    assert (out, err) == (f"60 walks over 6 nodes and 7 edges, 4,800 tokens, in {output}\n", "")
    lines = [line.split(" ") for line in output.read_text().rstrip("\n").split("\n")]
    assert [len(line) for line in lines] == [80] * 60
    assert collections.Counter(line[0] for line in lines) == dict.fromkeys("abcdef", 10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph.edgelist", "walks.txt"]


def test_all_options_arrive_and_the_walks_are_those_of_the_library(edges, tmp_path, capfd):
    edges.write_text("a\tb c\t2\nb c\td\t1\nd\ta\t3\na\td\t1\n")
    output = tmp_path / "walks.txt"
    options = [
        "--walks",
        "3",
        "--length",
        "7",
        "-p",
        "0.5",
        "-q",
        "2",
        "--seed",
        "9",
        "--directed",
        "--threads",
        "2",
    ]
    assert main(["walks", str(edges), "-o", str(output), *options, "--separator", r"\t"]) == 2
    assert (
        "the node 'b c' holds whitespace, which separates nodes in a line of text" in capfd.readouterr().err
    )
    edges.write_text(edges.read_text().replace("b c", "b-c"))
    assert main(["walks", str(edges), "-o", str(output), *options, "--separator", r"\t", "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")
    with (
        firth.corpus.random_walks(
            edges, walks=3, length=7, p=0.5, q=2, seed=9, directed=True, separator="\t"
        ) as walks,
        encode(output, cache=False) as written,
    ):
        assert written.fingerprint == walks.fingerprint
        assert written.n_documents == 9


def test_json(edges, tmp_path, capfd):
    output = tmp_path / "walks.txt"
    assert main(["walks", str(edges), "-o", str(output), "--walks", "2", "--length", "5", "--json"]) == 0
    facts = json.loads(capfd.readouterr().out)
    assert facts.pop("seconds") > 0
    assert facts == {
        "output": str(output), "nodes": 6, "edges": 7, "directed": False, "weighted": False, "walks": 12, "tokens": 60,
    }  # fmt: skip


def test_through_pipes_from_edges_to_vectors(edges, tmp_path):
    options = ["--min-count", "1", "--subsample", "0", "--dim", "8", "--epochs", "1"]
    firth_command = f"'{sys.executable}' -m firth"
    output = tmp_path / "nodes"
    shell = f"{firth_command} walks - --output - | {firth_command} train - --output '{output}' {' '.join(options)}"
    done = subprocess.run(["sh", "-c", shell], input=_EDGES, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(firth.load(output).vocabulary) == list("abcdef")


def test_a_reader_that_leaves_early_is_no_error(edges):
    with firth_process("walks", edges, "-o", "-", "--walks", 20_000) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""


BAD = {
    "no such file": (["nothing.edgelist"], "no such file or folder: 'nothing.edgelist'"),
    "no edge": (["bad.edgelist"], "bad.edgelist, line 3: 'x' has 1 column, but the edges before have 2"),
    "empty": (["empty"], "empty holds no edges"),
    "walks": (["graph.edgelist", "--walks", "0"], "walks is 0, but must be a whole number from 1"),
    "length": (["graph.edgelist", "--length", "1"], "length is 1, but must be a whole number from 2"),
    "p": (["graph.edgelist", "-p", "0"], "p is 0.0, but must be a number above 0"),
    "q": (["graph.edgelist", "-q", "nan"], "q is nan"),
    "seed": (["graph.edgelist", "--seed", "-3"], "seed is -3"),
    "threads": (["graph.edgelist", "--threads", "0"], "threads is 0"),
    "separator": (["graph.edgelist", "--separator", "ab"], "separator is 'ab', but must be one character"),
    "no number": (["graph.edgelist", "-q", "much"], "-q is 'much': "),
    "taken": (["graph.edgelist", "--output", "graph.edgelist"], "the output graph.edgelist exists already"),
    "no folder": (["graph.edgelist", "--output", "new/walks.txt"], "there is no folder new"),
    "both": (
        ["graph.edgelist", "--output", "-", "--json"],
        "--json and --output - both write to standard output",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line_and_leaves_nothing(case, edges, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.edgelist").write_text("a b\n# fine\nx\n")
    (tmp_path / "empty").write_text("")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    arguments, message = BAD[case]
    output = [] if "--output" in arguments else ["--output", "walks.txt"]
    assert main(["walks", *arguments, *output]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("firth: ")
    assert message in err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_overwrite_replaces_a_file(edges, tmp_path):
    output = tmp_path / "walks.txt"
    output.write_text("old")
    assert main(["walks", str(edges), "-o", str(output), "--overwrite", "--quiet"]) == 0
    assert output.read_text().count("\n") == 60


def test_a_full_disk_leaves_the_old_file(edges, tmp_path):
    output = tmp_path / "walks.txt"
    output.write_text("old")

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    process = firth_process(
        "walks", edges, "-o", output, "--overwrite", "--walks", 1000, preexec_fn=little_room
    )
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err.count(b"\n")) == (2, 1)
    assert b"no space is left" in err
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph.edgelist", "walks.txt"]


def test_ctrl_c_leaves_nothing(edges, tmp_path):
    process = firth_process("walks", "-", "-o", tmp_path / "walks.txt", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"a b\n" * 500_000)  # more than a pipe holds: when this returns, it is being read
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"firth: interrupted: nothing was saved\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph.edgelist"]


def test_help_needs_no_compiler():
    code = (
        "import sys; from firth.cli.app import main; import firth.cli; assert main(['walks', '--help']) == 0; "
        "print('numba' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False False\n")
