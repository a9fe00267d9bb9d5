"""The rules by which text becomes tokens.

Two kinds. A *rewriting* rule needs no more than a piece, what stands between whitespace: it is applied once to each
different piece of the corpus, not once to each occurrence. Other rules (regular expressions, which may match across
whitespace, and callables) are given documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from firth.config import TextOptions
from firth.errors import CorpusError

Rewrite = Callable[[Sequence[str]], list[list[str]]]
"""Takes pieces, returns the tokens of each."""

Documents = Callable[[str], Iterable[str]]
"""Takes a document, returns its tokens."""

# Letters, digits and underscores, joined by apostrophes inside a word: king, don't, l'été.
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def rewriting(text: TextOptions) -> Rewrite | None:
    """Return the rule for pieces, or None where pieces are tokens as they are; not for rules about documents."""
    lowercase = text.lowercase
    if text.tokenize == "words":
        return lambda pieces: [_WORD.findall(piece.lower() if lowercase else piece) for piece in pieces]
    return (lambda pieces: [piece.lower().split() for piece in pieces]) if lowercase else None


def needs_documents(text: TextOptions) -> bool:
    """Return whether the rule is a regular expression or a callable."""
    return not (isinstance(text.tokenize, str) and text.tokenize in ("whitespace", "words"))


def document_rule(text: TextOptions) -> Documents:
    """Return the rule for documents, whichever it is."""
    rule = text.tokenize
    if callable(rule):
        split: Documents = rule
    elif rule == "whitespace":
        split = str.split
    else:
        pattern = _WORD if rule == "words" else re.compile(rule)
        split = lambda document: [match for found in pattern.finditer(document) if (match := found[0])]  # noqa: E731
    if not text.lowercase:
        return split
    return lambda document: split(document.lower())


def as_token(token: object) -> str:
    """Return a token as text: any hashable will do.

    Raises
    ------
    CorpusError
        The token cannot be hashed, so it is rather a list of tokens.
    """
    if isinstance(token, str):
        return token
    try:
        hash(token)
    except TypeError as error:
        raise CorpusError(
            f"a token is {token!r}, a {type(token).__name__}, but must be text or hashable: each document is one flat "
            "list of tokens"
        ) from error
    return str(token)
