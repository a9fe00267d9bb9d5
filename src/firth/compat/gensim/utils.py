"""What code around gensim's word vectors uses of ``gensim.utils``: rules for trimming, and a simple tokenizer."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

RULE_DEFAULT, RULE_DISCARD, RULE_KEEP = 0, 1, 2
"""What a ``trim_rule`` returns: let `min_count` decide, drop the word, keep it."""

_ALPHABETIC = re.compile(r"(?:(?!\d)\w)+")


def save_as_line_sentence(corpus: Iterable[Iterable[str | bytes]], filename: str | os.PathLike[str]) -> None:
    """Write sentences to a file, one a line, tokens between spaces: what `corpus_file` takes."""
    with Path(filename).open("w", encoding="utf-8", newline="\n") as lines:
        lines.writelines(" ".join(map(any2unicode, sentence)) + "\n" for sentence in corpus)


def to_unicode(text: str | bytes, encoding: str = "utf8", errors: str = "strict") -> str:
    """Return text as str."""
    return text if isinstance(text, str) else str(text, encoding, errors)


def any2unicode(text: str | bytes, encoding: str = "utf8", errors: str = "strict") -> str:
    """Return text as str."""
    return to_unicode(text, encoding, errors)


def deaccent(text: str | bytes) -> str:
    """Return text without accents.

    Examples
    --------
    >>> deaccent("naïve Čechy")
    'naive Cechy'
    """
    apart = unicodedata.normalize("NFD", to_unicode(text))
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if unicodedata.category(sign) != "Mn"))


def tokenize(
    text: str | bytes,
    lowercase: bool = False,
    deacc: bool = False,
    encoding: str = "utf8",
    errors: str = "strict",
    to_lower: bool = False,
    lower: bool = False,
) -> Iterator[str]:
    """Yield the runs of letters and underscores of a text, lowered and without accents where that is asked for.

    Examples
    --------
    >>> list(tokenize("Hello wörld 12 ab3", lowercase=True))
    ['hello', 'wörld', 'ab']
    """
    content = to_unicode(text, encoding, errors)
    if lowercase or to_lower or lower:
        content = content.lower()
    if deacc:
        content = deaccent(content)
    return (match[0] for match in _ALPHABETIC.finditer(content))


def simple_preprocess(
    doc: str | bytes, deacc: bool = False, min_len: int = 2, max_len: int = 15
) -> list[str]:
    """Return the lowered alphabetic tokens of a document that are neither short nor long, nor begin with ``_``.

    Examples
    --------
    >>> simple_preprocess("The quick fox's 3.5 I_am a naïve one", deacc=True)
    ['the', 'quick', 'fox', 'i_am', 'naive', 'one']
    """
    tokens = tokenize(doc, lowercase=True, deacc=deacc, errors="ignore")
    return [token for token in tokens if min_len <= len(token) <= max_len and not token.startswith("_")]
