"""Words that are spelled nearly like one that is not there."""

from __future__ import annotations

import difflib
import string
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_LOOK_AT = 200_000
_LONGEST_SLIP = 100


class Known(Protocol):
    """The words that there are, the most frequent first; `firth.vocabulary.Words` is such."""

    def __contains__(self, word: object, /) -> bool: ...

    def __getitem__(self, index: slice, /) -> list[str]: ...

    def find_all(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return the positions of `words`, or -1."""


def nearest_spellings(word: str, known: Known, limit: int) -> tuple[str, ...]:
    """Return up to `limit` known words that are spelled nearly like `word`.

    Words one slip away come first, the most frequent before others: a letter too many, too few or wrong, or two that
    are swapped. Then come those that look alike among the most frequent 200,000.
    """
    for variant in (word.lower(), word.capitalize(), word.upper(), word.strip()):
        if variant != word and variant in known:
            return (variant,)
    rows = known.find_all(_one_slip_away(word))
    nearest = np.unique(rows[rows >= 0])[:limit]
    found = dict.fromkeys(known[row : row + 1][0] for row in nearest.tolist())
    if len(found) < limit:
        alike = [other for other in known[:_LOOK_AT] if abs(len(other) - len(word)) <= 2]
        found |= dict.fromkeys(difflib.get_close_matches(word, alike, limit, 0.75))
    return tuple(found)[:limit]


def _one_slip_away(word: str) -> list[str]:
    """Return the spellings that one slip makes of `word` (Norvig's edits), of any length that a user types."""
    if len(word) > _LONGEST_SLIP:
        return []
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    letters = sorted({*string.ascii_lowercase, *word})
    slips = {left + right[1:] for left, right in cuts if right}
    slips |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    slips |= {left + letter + right[1:] for left, right in cuts if right for letter in letters}
    slips |= {left + letter + right for left, right in cuts for letter in letters}
    return sorted(slips - {word, ""})
