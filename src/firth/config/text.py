"""How text becomes tokens."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal

from firth.errors import ConfigError

_MOST_TYPES = 2**31 - 2

Tokenizer = Callable[[str], Iterable[str]]
"""Takes one document, returns its tokens."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextOptions:
    r"""How text becomes tokens.

    Parameters
    ----------
    tokenize : {"whitespace", "words"}, regular expression or callable
        ``"whitespace"`` splits at Unicode whitespace; ``"words"`` finds Unicode words in raw prose, so
        that ``king,`` is ``king``; any other string, or a compiled pattern, is a regular expression whose
        matches are the tokens; a callable takes a document and returns its tokens.
    lowercase : bool
        Lower the text, by Unicode's rules, before it is split.
    decode_errors : {"strict", "replace"}
        What to do with bytes that are not UTF-8: stop with the file and the byte offset, or put U+FFFD.
    max_types : int
        So many different tokens are told apart at the most, 100 to 2**31 - 2, in about 50 bytes of memory each. Where a
        corpus has more, the rarest are given up, with a warning that says how many tokens that concerned and how much
        too low the counts of others may be.

    Raises
    ------
    ConfigError
        A value out of its range, or a regular expression that does not compile.
    """

    tokenize: str | re.Pattern[str] | Tokenizer = "whitespace"
    lowercase: bool = False
    decode_errors: Literal["strict", "replace"] = "strict"
    max_types: int = 30_000_000

    def __post_init__(self) -> None:
        if type(self.max_types) is not int or not 100 <= self.max_types <= _MOST_TYPES:
            raise ConfigError(
                f"max_types is {self.max_types!r:.60}, but must be a whole number from 100 to {_MOST_TYPES:,}"
            )
        if self.decode_errors not in ("strict", "replace"):
            raise ConfigError(
                f"decode_errors is {self.decode_errors!r:.60}, but must be 'strict' or 'replace'"
            )
        if isinstance(self.tokenize, str) and self.tokenize not in ("whitespace", "words"):
            try:
                re.compile(self.tokenize)
            except re.error as error:
                raise ConfigError(
                    f"tokenize is {self.tokenize!r:.60}, which is neither 'whitespace' nor 'words' nor a regular "
                    f"expression: {error}"
                ) from error

    def as_dict(self) -> dict[str, Any]:
        """Return what tells how to split text like this, as plain values; a callable is called ``"custom"``."""
        rule = self.tokenize.pattern if isinstance(self.tokenize, re.Pattern) else self.tokenize
        return {"tokenize": rule if isinstance(rule, str) else "custom", "lowercase": self.lowercase}
