"""What the pages tell a reader to do is done: every snippet of README.md and docs/ runs, in order.

A block of ``python`` is executed, the blocks of a page sharing their names; in a block of ``console`` the
lines that begin with ``$ `` are run by the shell. Each page has a folder of its own with ``corpus.txt``,
real prose, and ``vectors/``, trained on it. Between ``<!-- first:`` and ``-->`` a page can hold Python that
prepares more and is not shown; ``<!-- not run: REASON -->`` before a block leaves it out.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import firth
from firth.cli import app
from firth.corpus import standard_library_documents

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(
    r"^ *<!-- not run: (?P<reason>[^\n]+) -->$"
    r"|^<!-- first:\n(?P<hidden>.*?)^-->$"
    r"|^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<code>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)


def commands():
    """Return the commands of the command line, by name."""
    return typer.main.get_command(app).commands


def long_options(command):
    """Return the long names of a command's options."""
    names = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return {name for name in names if name.startswith("--")}


@dataclasses.dataclass(frozen=True)
class Block:
    language: str
    code: str
    line: int


def blocks(page):
    """Return what is to be run on a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    left_out = False
    for match in _BLOCK.finditer(text):
        if match["reason"]:
            left_out = True
            continue
        line = text.count("\n", 0, match.start()) + 2
        if match["hidden"]:
            found.append(Block("python", match["hidden"], line))
        elif not left_out and match["language"] in ("python", "console"):
            indent = len(match["indent"])
            code = "".join(row[indent:] or "\n" for row in match["code"].splitlines(keepends=True))
            found.append(Block(match["language"], code, line))
        left_out = False
    return found


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A folder with a corpus of some hundred thousand real words, and vectors trained on it."""
    folder = tmp_path_factory.mktemp("material")
    documents = itertools.islice(standard_library_documents(), 0, None, 3)
    text = "".join(" ".join(document.split()) + "\n" for document in documents)
    (folder / "corpus.txt").write_text(text, encoding="utf-8")
    firth.train(
        folder / "corpus.txt",
        firth.SkipGram(epochs=3),
        text=firth.TextOptions(tokenize="words", lowercase=True),
        output=folder / "vectors",
    )
    return folder


def execute(block, page, names):
    program = "\n" * (block.line - 1) + block.code
    exec(compile(program, str(page), "exec"), names)


def run_in_shell(block, page):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    code = block.code.replace("\\\n", " ")
    for command in re.findall(r"^\$ (.*)$", code, re.MULTILINE):
        result = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, f"{page.name}:{block.line}: {command}\n{result.stdout}{result.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_snippets_of_a_page_run(page, material, tmp_path, monkeypatch):
    folder = tmp_path / "work"
    shutil.copytree(material, folder)
    monkeypatch.chdir(folder)
    names = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "python":
            execute(block, page, names)
        else:
            run_in_shell(block, page)


def test_broken_snippets_would_be_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nx = 1\n```\n\n- a list\n\n    ```python\n    x += 1\n\n    y = x\n    ```\n\n"
        "<!-- not run: needs another library -->\n```python\nimport nothing\n```\n"
        "<!-- first:\nz = 3\n-->\n```console\n$ exit 3\n```\n```text\nno code\n```\n"
    )
    one, two, hidden, shell = blocks(page)
    names = {}
    for block in (one, two, hidden):
        execute(block, page, names)
    assert (names["x"], names["y"], names["z"]) == (2, 2, 3)
    with pytest.raises(AssertionError, match="page.md:21: exit 3"):
        run_in_shell(shell, page)
    with pytest.raises(ZeroDivisionError) as caught:
        execute(Block("python", "1 / 0\n", 7), page, {})
    assert caught.traceback[-1].lineno == 6


def rows_of_the_table(page, heading):
    """Return the cells of the first table after `heading`, without its head."""
    section = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    rows = re.findall(r"^\|(.*)\|$", section.partition("\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]


def test_the_table_of_options_is_the_dataclass():
    table = rows_of_the_table(ROOT / "docs" / "guides" / "training.md", "Options")
    told = [(name.strip("`"), default.strip("`")) for name, _, default, *_ in table]
    assert sorted(told) == sorted(
        (field.name, repr(field.default)) for field in dataclasses.fields(firth.SkipGram)
    )


def test_the_table_of_defaults_has_every_setting_of_every_model():
    table = rows_of_the_table(ROOT / "docs" / "guides" / "models.md", "Defaults")
    told = {name.strip("`"): [cell.strip("`") for cell in cells] for name, *cells in table}
    assert len(told) == len(table)
    kinds = (firth.SkipGram, firth.CBOW, firth.FastText, firth.GloVe)
    defaults = [{field.name: repr(field.default) for field in dataclasses.fields(kind)} for kind in kinds]
    assert told == {name: [of.get(name, "") for of in defaults] for name in set().union(*defaults)}


def test_each_option_is_called_the_same_at_the_command_line():
    options = long_options(commands()["train"])
    table = rows_of_the_table(ROOT / "docs" / "guides" / "training.md", "Options")
    assert {flag.strip("`") for _, flag, *_ in table} <= options
    assert all(flag == f"`--{name.strip('`').replace('_', '-')}`" for name, flag, *_ in table)


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_page_of_commands_tells_every_option(name):
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## firth {name}\n")[2].partition("\n## ")[0]
    assert section, f"no section for firth {name}"
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section))
    assert told == long_options(commands()[name]) - {"--help"}
