"""The table of docs/guides/exchange.md says what the tests of tests/interop show, and nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from firth import formats

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guides" / "exchange.md"
NOT_FILES = ["to_torch, from_torch", "to_spacy, from_spacy", "hf://"]
NAMES = {
    "torch": "PyTorch",
    "spacy": "spaCy",
    "fasttext": "fastText",
    "word2vec": "word2vec.c",
    "numpy": "NumPy",
    "polars": "Polars",
    "duckdb": "DuckDB",
    "tensorboard": "TensorBoard",
    "pyarrow": "Arrow",
}
_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<release>[^\s;]+)", re.MULTILINE)


def cells():
    """Return the names of the tests for each format, tool and direction."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for path in sorted((ROOT / "tests" / "interop").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.exchange":
                    format, tool, direction = map(ast.literal_eval, mark.args)
                    assert direction in ("in", "out", "both"), f"{node.name}: {direction}"
                    for each in ("out", "in") if direction == "both" else (direction,):
                        tests = found.setdefault((format, tool, each), [])
                        if node.name not in tests:
                            tests.append(node.name)
    return found


def releases():
    """Return the releases that the tests run with."""
    pins: dict[str, str] = {}
    for match in _PIN.finditer((ROOT / "constraints.txt").read_text("utf-8")):
        pins.setdefault(match["name"].lower().replace("_", "-"), match["release"])
    torch = re.search(r"^TORCH \?= torch==(\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert torch is not None
    return pins | {"torch": torch[1]}


def table():
    """Return the table as it must stand on the page."""
    found, pinned = cells(), releases()
    order = [*formats.NAMES, *NOT_FILES]
    pairs = sorted(
        {(format, tool) for format, tool, _ in found}, key=lambda pair: (order.index(pair[0]), pair[1])
    )
    lines = ["| format | tool | release | firth writes, the tool reads | the tool writes, firth reads |"]
    lines.append("|---|---|---|---|---|")
    for format, tool in pairs:
        tests = [
            ", ".join(f"`{test}`" for test in found.get((format, tool, direction), ())) or "—"
            for direction in ("out", "in")
        ]
        release = pinned[tool.replace("_", "-")]
        lines.append(f"| `{format}` | {NAMES.get(tool, tool)} | {release} | {' | '.join(tests)} |")
    return "\n".join(lines)


def test_the_page_has_the_table_of_the_tests():
    wanted = table()
    assert wanted in PAGE.read_text("utf-8"), f"put this table into {PAGE.name}:\n{wanted}"


def test_every_format_and_conversion_has_a_tool_that_was_asked():
    assert {format for format, _, _ in cells()} == {*formats.NAMES, *NOT_FILES}


def test_every_direction_that_there_is_was_asked():
    directions = {(format, direction) for format, _, direction in cells()}
    for format in (*formats.NAMES, *NOT_FILES):
        assert (format, "in") in directions or format == "native", format
        assert (format, "out") in directions or format in ("gensim", "model2vec"), format
