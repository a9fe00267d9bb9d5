"""The scripts of the page on moving run as they are with the tools they were written for, and with one line changed.

Run by ``make test-interop``, where the tools are; without a tool, only its changed script runs.
"""

import importlib.util
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import firth
from firth.corpus import standard_library_documents

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "moving.md"
BIN = Path(sys.executable).parent
# The module that a script for a tool imports.
MODULES = {"gensim": "gensim", "fastText": "fasttext"}
TOOLS = [*MODULES, "word2vec.c"]


def part(tool):
    """Return the script for a tool, and the line that changes, before and after."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n### A script for {tool}\n")[2]
    section = re.split(r"^##+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    ((_, script),) = re.findall(r"^```(python|sh)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    ((before, after),) = re.findall(r"^```diff\n-(.*)\n\+(.*)\n```$", section, re.MULTILINE)
    return script, before, after


@pytest.fixture
def folder(tmp_path):
    """A folder with text as the scripts expect it."""
    documents = [
        document.lower().split() for document in itertools.islice(standard_library_documents(), 1_000)
    ]
    (tmp_path / "corpus.txt").write_text("\n".join(map(" ".join, documents)) + "\n", encoding="utf-8")
    labelled = [
        "__label__files open the file and read a line",
        "__label__numbers add two integers and divide",
    ] * 50
    (tmp_path / "labelled.txt").write_text("\n".join(labelled) + "\n", encoding="utf-8")
    return tmp_path


def run(tool, script, folder):
    """Run a script in a folder; return what it prints, and the names of what it leaves there."""
    program = [sys.executable, "-c", script] if tool in MODULES else ["sh", "-c", script]
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines(), {path.name.partition(".")[0] for path in folder.iterdir()}


def is_there(tool):
    if tool in MODULES:
        return importlib.util.find_spec(MODULES[tool]) is not None
    return (BIN / "word2vec").exists()


@pytest.mark.parametrize("tool", TOOLS)
def test_one_line_of_the_script_changes(tool):
    script, before, after = part(tool)
    assert script.splitlines().count(before) == 1
    assert before != after
    assert "firth" in after
    assert "firth" not in script


@pytest.mark.parametrize("tool", TOOLS)
def test_the_script_runs_as_it_was_and_as_it_is_now(tool, folder, tmp_path_factory):
    script, before, after = part(tool)
    changed = script.replace(before, after, 1)
    original = None
    if is_there(tool):
        other = tmp_path_factory.mktemp("original")
        for text in folder.iterdir():
            (other / text.name).write_bytes(text.read_bytes())
        original = run(tool, script, other)
    if tool in MODULES:  # what is not imported cannot help
        changed = f"import sys; sys.modules[{MODULES[tool]!r}] = None\n{changed}"
    lines, left = run(tool, changed, folder)
    assert lines
    if tool == "word2vec.c":
        assert firth.load(folder / "vectors.bin").dim == 50
    if original is not None:
        # word2vec.c also prints how far it is.
        assert len(lines) == len(original[0]) if tool in MODULES else lines[-1] == original[0][-1]
        assert left == original[1]
