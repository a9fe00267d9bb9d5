"""Text that every machine with Python has: the documentation of its standard library."""

from __future__ import annotations

import ast
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

from firth.errors import CorpusError

_PASSED_OVER = frozenset({"test", "tests", "idle_test", "site-packages", "__pycache__", "lib2to3"})


def standard_library_documents() -> Iterator[str]:
    """Yield paragraphs of English prose about Python: the reference topics of ``help()``, docstrings and comments.

    They come from the sources of the running Python's standard library, in a fixed order.

    Raises
    ------
    CorpusError
        This Python comes without the sources of its standard library.
    """
    root = Path(sysconfig.get_path("stdlib"))
    sources = [
        path
        for path in sorted(root.rglob("*.py"))
        if not _PASSED_OVER.intersection(path.relative_to(root).parts)
    ]
    if not sources:
        raise CorpusError(f"no sources of the standard library at {root}: train on a text of your own")
    from pydoc_data.topics import topics

    for topic in sorted(topics):
        yield from _paragraphs(topics[topic])
    for path in sources:
        try:
            text = path.read_text("utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of old spellings in those sources
                tree = ast.parse(text)
        except (OSError, SyntaxError, ValueError):  # bad on purpose, or in another encoding
            continue
        for docstring in _docstrings(tree):
            yield from _paragraphs(docstring)
        yield from _paragraphs(_comments(text))


def _docstrings(tree: ast.AST) -> Iterator[str]:
    """Yield the docstrings of a module, its classes and functions, each before those inside it."""
    if isinstance(tree, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        yield ast.get_docstring(tree) or ""
    # Only statements hold definitions: the expressions, most of a tree, are passed over.
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        for statement in getattr(tree, block, ()):
            yield from _docstrings(statement)


def _comments(source: str) -> str:
    """Return the comments that have a line of their own; code between two of them parts paragraphs."""
    lines = (line.strip() for line in source.split("\n"))
    return "\n".join(line.lstrip("# ") if line.startswith("#") else "" for line in lines)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        joined = " ".join(paragraph.split())
        if joined:
            yield joined
