"""The tests of the tests: a change is what it says, noticed or not, and put back."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(
    not (ROOT / "benchmarks").is_dir(), reason="a source distribution comes without the benchmarks"
)
SOURCE = """def share(part, whole):
    if whole == 0 or part < 0 <= whole:
        return -1
    return part / whole if whole is not None else True
"""
JUDGE = """
from pathlib import Path
from benchmarks.mutants import Judge, Mutant, mutated
path = Path("ratio.py")
judge = Judge(["test_other.py", "test_ratio.py"])
print(judge.run(Path()))
for index in range(3):
    print(mutated(path.read_text("utf-8"), index)[1], judge.verdict(Mutant(path, index)))
"""


def test_each_change_is_one_and_said(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    mutants = importlib.import_module("benchmarks.mutants")
    n_changes = len(mutants.changes(mutants.ast.parse(SOURCE)))
    texts, said = zip(*(mutants.mutated(SOURCE, index) for index in range(n_changes)), strict=True)
    same = mutants.ast.unparse(mutants.ast.parse(SOURCE))
    assert len({same, *texts}) == n_changes + 1
    assert all(
        sum(a != b for a, b in zip(text.split("\n"), same.split("\n"), strict=True)) == 1 for text in texts
    )
    assert {what.partition("  ->  ")[2] for what in said} == {
        "if not (whole == 0 or part < 0 <= whole):",
        "part / whole if not whole is not None else True",
        "whole == 0 and part < 0 <= whole",
        "+1",
        "part * whole",
        "whole is None",
        "whole != 0",
        "part <= 0 <= whole",
        "part < 0 < whole",
        "1",
        "2",
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork")
def test_changes_are_noticed_or_survive_and_are_put_back(tmp_path):
    source = "def ratio(a, b):\n    spare = a\n    return a / (b + 0)\n"
    (tmp_path / "ratio.py").write_text(source, "utf-8")
    test = "import ratio\ndef test_one():\n    assert ratio.ratio({}, 1) == {}\n"
    (tmp_path / "test_ratio.py").write_text(test.format(3, 3), "utf-8")
    (tmp_path / "test_other.py").write_text(test.format(0, 0), "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")  # wherever the folder lies
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", JUDGE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [
        "survived",
        "3: a / (b + 0)  ->  a * (b + 0) survived",
        "3: b + 0  ->  b - 0 survived",
        "3: 0  ->  1 killed",
    ], done.stderr
    assert (tmp_path / "ratio.py").read_text("utf-8") == source
