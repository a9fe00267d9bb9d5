"""Flags as word2vec.c and fastText have them: a single dash, a name, and a value behind a blank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from firth.errors import ConfigError


def parse_flags(
    arguments: Sequence[str], defaults: Mapping[str, Any], *, switches: Sequence[str] = (), program: str
) -> dict[str, Any]:
    """Return the values of all flags, the defaults included.

    Parameters
    ----------
    arguments : sequence of str
        ``-name value ...``; a switch has no value.
    defaults : mapping
        Every flag with its default, whose type says what the value is. The default None stands for a number.
    switches : sequence of str
        Flags that are true where they are named.
    program : str
        For messages.

    Raises
    ------
    ConfigError
        A flag is not known, or its value is missing or of the wrong kind.
    """
    return {**defaults, **given_flags(arguments, defaults, switches=switches, program=program)}


def given_flags(
    arguments: Sequence[str], defaults: Mapping[str, Any], *, switches: Sequence[str] = (), program: str
) -> dict[str, Any]:
    """Return the values of the flags that are given; see `parse_flags`."""
    values: dict[str, Any] = {}
    left = list(arguments)
    while left:
        flag = left.pop(0)
        name = flag.removeprefix("-")
        if not flag.startswith("-") or name not in defaults:
            from firth.spelling import nearest_spellings
            from firth.words import Words

            near = nearest_spellings(name, Words.of(defaults), 1)
            hint = f"; did you mean -{near[0]}?" if near else f"; it has -{', -'.join(defaults)}"
            raise ConfigError(f"{program} has no flag {flag!r:.60}{hint}")
        if name in switches:
            values[name] = True
            continue
        if not left:
            raise ConfigError(f"the flag {flag} of {program} needs a value behind it")
        values[name] = _value(flag, left.pop(0), defaults[name])
    return values


def _value(flag: str, text: str, default: Any) -> Any:
    if isinstance(default, str):
        return text
    kind = float if isinstance(default, float) else int
    try:
        return kind(text)
    except ValueError as error:
        what = "a number" if kind is float else "a whole number"
        raise ConfigError(f"{flag} is {text!r:.60}, but must be {what}") from error


def needed(values: Mapping[str, Any], name: str, what: str) -> str:
    """Return the value of a flag that must be given.

    Raises
    ------
    ConfigError
        It is empty.
    """
    if not values[name]:
        raise ConfigError(f"the flag -{name} is missing: give {what}")
    return str(values[name])


FOREIGN: dict[str, Any] = {
    "ignore_unknown_options": True,
    "allow_interspersed_args": False,
    "help_option_names": ["--help"],
}
"""How typer takes a command with flags of its own: all that follows its name as it is."""


def wants_help(arguments: Sequence[str]) -> bool:
    """Return whether somebody who knows no flags asks for help."""
    return not arguments or arguments[0] in ("-h", "-help", "help")
