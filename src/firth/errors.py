"""The exceptions that firth raises: one tree, so that one ``except`` catches everything expected.

A message gives the value that was met, the limit that it broke and what the user can do about it.
"""

from __future__ import annotations

from collections.abc import Sequence


class FirthError(Exception):
    """Whatever firth reports on purpose; anything else is a bug in firth."""


class InputError(FirthError, ValueError):
    """What the user gave cannot be used as it is."""


class ConfigError(InputError):
    """An option is out of its range, or two options contradict each other."""


class CorpusError(InputError):
    """The text cannot be read or holds nothing that could be trained on."""


class FormatError(InputError):
    """A file of vectors, or a vocabulary, is truncated, lies about itself or is of no known format."""


class MissingFileError(FormatError, FileNotFoundError):
    """There is no file of that name: what scripts wait for that load a model, or else train it."""


class UnknownWordError(InputError, KeyError):
    """A word that the vocabulary does not hold, and whose vector cannot be composed of n-grams.

    Attributes
    ----------
    word : str
        The word that was asked for.
    suggestions : tuple of str
        The nearest spellings in the vocabulary, best first.
    reason : str
        Why its vector cannot be composed, where others can.
    """

    def __init__(self, word: str, suggestions: Sequence[str] = (), reason: str = "") -> None:
        self.word = word
        self.suggestions = tuple(suggestions)
        self.reason = reason
        hint = f"; did you mean {', '.join(map(repr, self.suggestions))}?" if self.suggestions else ""
        why = f", and {reason}" if reason else ""
        super().__init__(f"{word!r:.60} is not in the vocabulary{why}{hint}")

    def __reduce__(self) -> tuple[type[UnknownWordError], tuple[str, tuple[str, ...], str]]:
        # An exception is otherwise made anew from its message, which is not the word.
        return type(self), (self.word, self.suggestions, self.reason)

    def __str__(self) -> str:
        # KeyError would show the repr of the message.
        return str(self.args[0])


class OutputError(FirthError, OSError):
    """A result cannot be written: the folder exists, is not writable, or the disk is full."""


class TrainingError(FirthError, RuntimeError):
    """A run cannot go on."""


class MissingExtraError(FirthError, ImportError):
    """An optional dependency is needed and not installed; the message holds the command that installs it."""
