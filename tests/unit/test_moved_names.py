"""Names that tests and benchmarks import inside functions, where a name that has moved shows only when it is used."""

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

from firth.errors import MissingExtraError

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))


def _imports_of_firth(source: Path) -> set[tuple[str, str]]:
    tree = ast.parse(source.read_text("utf-8"))
    return {
        (node.module, each.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "firth"
        for each in node.names
    }


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imported_names_exist(source):
    for module, name in sorted(_imports_of_firth(source)):
        try:
            has_it = hasattr(importlib.import_module(module), name)
        except MissingExtraError:
            continue
        assert has_it or importlib.util.find_spec(f"{module}.{name}"), f"{module} has no {name}"
