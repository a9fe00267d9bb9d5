"""What commands write: tables and messages through rich, results for programs as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

_WHOLE = 10_000


def console() -> Console:
    """Return the console for standard output.

    Off a terminal it is wide enough that nothing is cut or folded, and it writes no colours. A new one
    each time, because standard output may have been replaced since.
    """
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=_WHOLE, color_system=None, legacy_windows=False)


def print_json(value: Any) -> None:
    """Write `value` to standard output as one line of JSON, with words as they are (not escaped)."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
