"""The rules by which text becomes tokens.

Two kinds. A *rewriting* rule needs no more than a piece, what stands between whitespace: it is applied once to each
different piece of the corpus, not once to each occurrence. Other rules (regular expressions, which may match across
whitespace, and callables) are given documents.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence, Set as AbstractSet
from typing import Any

from firth.config import TextOptions
from firth.errors import ConfigError, CorpusError

Rewrite = Callable[[Sequence[str]], list[list[str]]]
"""Takes pieces, returns the tokens of each."""

Documents = Callable[[str, bool], list[str]]
"""Takes the next part of a document, and whether the document ends with it; returns its tokens so far."""

_CONTEXT = 1 << 16

WORD_PATTERN = "\\w+(?:['’\u200c\u200d]\\w+)*"
r"""A word: letters, digits, underscores and combining marks, joined inside by apostrophes or invisible joiners.

So ``king,`` is ``king``, and ``don't``, ``l'été``, ``read_text`` stay whole; ``well-known`` and ``3.14`` are two words
each. Here ``\w`` includes the marks (vowels of Devanagari, accents that stand alone), as in Unicode's UTS 18.
"""


@functools.cache
def word_expression() -> re.Pattern[str]:
    r"""Return `WORD_PATTERN` for Python, whose own ``\w`` lacks the combining marks."""
    marks: list[list[int]] = []
    for point in (*range(0x20000), *range(0xE0000, 0xF0000)):  # the planes that hold marks
        if unicodedata.category(chr(point)).startswith("M"):
            if not marks or marks[-1][1] != point - 1:
                marks.append([point, point])
            marks[-1][1] = point
    ranges = "".join(f"{chr(first)}-{chr(last)}" for first, last in marks)
    return re.compile(WORD_PATTERN.replace(r"\w", rf"[\w{ranges}]"))


def needs_documents(text: TextOptions) -> bool:
    """Return whether the rule is a regular expression or a callable."""
    return not (isinstance(text.tokenize, str) and text.tokenize in ("whitespace", "words"))


def rewriting(text: TextOptions) -> Rewrite | None:
    """Return the rule for pieces, or None where pieces are tokens as they are; not for rules about documents."""
    if text.tokenize == "words":
        find = word_expression().findall
        return lambda pieces: [find(piece) for piece in (_lower(pieces) if text.lowercase else pieces)]
    return (lambda pieces: [[token] for token in _lower(pieces)]) if text.lowercase else None


def _lower(pieces: Sequence[str]) -> list[str]:
    """Lower each piece; whitespace between them keeps a final sigma final, just as it did in the text."""
    return "\n".join(pieces).lower().split("\n")


def document_rule(text: TextOptions) -> Documents:
    """Return the rule for documents: a regular expression or a callable.

    Raises
    ------
    ConfigError
        The expression is one for bytes.
    """
    rule = text.tokenize
    split = _calling(rule) if callable(rule) else _matching(rule)
    return (lambda part, ended: split(part.lower(), ended)) if text.lowercase else split


def _matching(rule: str | re.Pattern[str]) -> Documents:
    pattern = re.compile(rule)
    if isinstance(pattern.pattern, bytes):
        raise ConfigError(f"tokenize is {rule!r}, an expression for bytes, but must be one for text: r'...'")
    return Matcher(pattern).matches


class Matcher:
    """Finds what a regular expression matches in documents that come in parts, as if each came at once.

    That holds for expressions that look no farther than `context` characters beyond a match, before it or behind it.
    Text that may still belong to a match is kept until that is settled, however long it is.

    Parameters
    ----------
    pattern : re.Pattern
        The regular expression.
    context : int
        Characters, at least 1.
    """

    def __init__(self, pattern: re.Pattern[str], context: int = _CONTEXT) -> None:
        self._pattern = pattern
        self._context = context
        self._kept, self._start = "", 0
        self._waiting: list[str] = []
        self._n_waiting = 0

    def matches(self, part: str, ended: bool) -> list[str]:
        """Return the matches that the next part of a document settles, without empty ones."""
        if ended and not self._kept and not self._waiting and not self._pattern.groups:
            # The whole document at once, as nearly always: no need to know where the matches are.
            return list(filter(None, self._pattern.findall(part.removesuffix("\r"))))
        self._waiting.append(part)
        self._n_waiting += len(part)
        if not ended and self._n_waiting < len(self._kept):
            # Until the text has doubled: one in which nothing matches shall not be searched again and again.
            return []
        text = self._kept + "".join(self._waiting)
        self._waiting.clear()
        self._n_waiting = 0
        if ended:
            text = text.removesuffix("\r")
        settled = len(text) if ended else len(text) - self._context
        found, start = [], self._start
        for match in self._pattern.finditer(text, start):
            if match.end() > settled:
                break
            start = match.end()
            if match[0]:
                found.append(match[0])
        if ended:
            self._kept, self._start = "", 0
        else:
            cut = max(0, start - self._context)
            self._kept, self._start = text[cut:], start - cut
        return found


def _calling(rule: Callable[[str], Iterable[Any]]) -> Documents:
    def split(document: str, _ended: bool) -> list[str]:
        tokens: Any = rule(document.removesuffix("\r"))
        if isinstance(tokens, (str, bytes, Mapping, AbstractSet)) or not isinstance(tokens, Iterable):
            raise CorpusError(
                f"the tokenizer {rule!r:.80} returned {tokens!r:.60}, a {type(tokens).__name__}, but must return the "
                "tokens of the document in their order: a list of strings"
            )
        return as_tokens(tokens)

    return split


def as_tokens(tokens: Iterable[Any]) -> list[str]:
    """Return tokens as text; empty ones, and what stands for nothing (see `is_null`), are dropped.

    Raises
    ------
    CorpusError
        A token is bytes, or cannot be hashed, so that it is rather a list of tokens.
    """
    return [text for token in tokens if (text := token if type(token) is str else _as_text(token))]


def is_null(value: object) -> bool:
    """Return whether a value stands for nothing: None, NaN, pandas' NA and NaT."""
    if value is None:
        return True
    kind = type(value)
    if kind is str or kind is list:
        return False
    return (isinstance(value, float) and math.isnan(value)) or kind.__name__ in ("NAType", "NaTType")


def _as_text(token: object) -> str:
    if is_null(token):
        return ""
    if isinstance(token, (bytes, bytearray)):
        raise CorpusError(f"a token is the bytes {token!r:.60}, but must be text: decode it")
    try:
        hash(token)
    except TypeError as error:
        raise CorpusError(
            f"a token is {token!r:.60}, a {type(token).__name__}, but must be text or hashable: each document is one "
            "flat list of tokens"
        ) from error
    return str(token)
