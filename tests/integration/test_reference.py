"""The page of the Python interface names everything that is public."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
ROOMS = [
    "firth",
    "firth.classifier",
    "firth.corpus",
    "firth.evaluation",
    "firth.explain",
    "firth.formats",
    "firth.training",
    "firth.vectors",
]


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_class_and_function_is_on_the_page(room):
    told = re.findall(r"^::: ([\w.]+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    shown = [_find(path) for path in told]
    package = importlib.import_module(room)
    for name in package.__all__:
        thing = getattr(package, name)
        if inspect.isclass(thing) or inspect.isroutine(thing):
            home = importlib.import_module(thing.__module__)
            assert any(thing is each or home is each for each in shown), f"{room}.{name}"


def _find(path):
    """Return the module, class or function of a dotted name; nothing where its extra is not installed."""
    try:
        return importlib.import_module(path)
    except ImportError:
        package, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(package), name)
    except ImportError:
        return None
