"""Packages that only some users need: imported where they are used, and missed with the command that installs them."""

from __future__ import annotations

import importlib
from typing import Any

from firth.errors import MissingExtraError


def needed(module: str, extra: str, what: str) -> Any:
    """Return a module of an optional dependency.

    Parameters
    ----------
    module : str
        Its name, as it is imported.
    extra : str
        The extra of firth that installs it.
    what : str
        What it is needed for, as the message begins: "a Parquet file".

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"{what} needs {package}, which is not installed: pip install 'firth[{extra}]'"
        ) from error
