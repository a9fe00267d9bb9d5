r"""Typesets the formulas of the documentation as it is built: LaTeX becomes MathML, which browsers draw.

A script that does this in the reader's browser would have to be loaded from another host or be copied
into the repository; so the pages need no script and no network.
"""

from __future__ import annotations

import html
import logging
import re
from typing import Any

from latex2mathml.converter import convert

_log = logging.getLogger("mkdocs.hooks.formulas")

# What the extension pymdownx.arithmatex writes for `$...$` and for `$$...$$`.
_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
_DISPLAY = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)
_LEFT_OVER = re.compile(r">(\\[a-zA-Z]+|&)<")


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Return the page with its formulas as MathML; what has no MathML is a warning."""

    def typeset(display: str) -> Any:
        def replace(found: re.Match[str]) -> str:
            formula = html.unescape(found[1]).strip()
            try:
                mathml = to_mathml(formula, display)
            except Exception as error:
                _log.warning("%s: %s in the formula: %s", page.file.src_uri, type(error).__name__, formula)
                return found[0]
            if left_over := _LEFT_OVER.search(mathml):
                _log.warning("%s: no MathML for %s in: %s", page.file.src_uri, left_over[1], formula)
            return mathml

        return replace

    return _INLINE.sub(typeset("inline"), _DISPLAY.sub(typeset("block"), content))


def to_mathml(formula: str, display: str) -> str:
    """Return LaTeX as MathML, for ``"inline"`` or ``"block"`` display."""
    # The converter knows one of these two names for the same thing, and a tilde that hangs too high.
    formula = formula.replace("{aligned}", "{split}")
    return convert(formula, display=display).replace("<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>")
