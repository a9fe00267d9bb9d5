"""What commands write: tables and messages through rich, results for programs as JSON."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_WHOLE = 10_000


def console() -> Console:
    """Return the console for standard output.

    Off a terminal it is wide enough that nothing is cut or folded, and it writes no colours. A new one
    each time, because standard output may have been replaced since.
    """
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=_WHOLE, color_system=None, legacy_windows=False)


def table(*columns: str, rows: Iterable[Sequence[object]], title: str | None = None) -> Table:
    """Return a table; what is no str stands at the right of its column.

    Parameters
    ----------
    *columns : str
        The headings.
    rows : iterable of sequences
        One value a column: a str as it is (no markup), a float with four decimals, an int with commas.
    title : str, optional
        What stands above the table, as it is.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    filled = [list(row) for row in rows]
    result = Table(
        title=None if title is None else Text(printable(title), "bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD if sys.stdout.isatty() else None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    for place, column in enumerate(columns):
        text = all(isinstance(row[place], str) for row in filled)
        result.add_column(column, justify="left" if text else "right", overflow="fold")
    for row in filled:
        result.add_row(*map(_cell, row))
    return result


def printable(text: str) -> str:
    """Return `text`, or its repr if it holds characters that would disturb the terminal or the table."""
    return text if text.isprintable() and text.strip() == text and text else repr(text)


def print_json(value: Any) -> None:
    """Write `value` to standard output as one line of JSON, with words as they are (not escaped).

    JSON has no NaN and no infinity: they become null.
    """
    sys.stdout.write(json.dumps(_finite(value), ensure_ascii=False, allow_nan=False) + "\n")


def _cell(value: object) -> Text:
    from rich.text import Text

    if isinstance(value, str):
        return Text(printable(value) if value else "")
    if isinstance(value, float):
        return Text("–" if math.isnan(value) else f"{value:.4f}")
    return Text(f"{value:,}" if isinstance(value, int) else str(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
