"""A way into firth that takes what somebody else may have written."""

from __future__ import annotations

import dataclasses
import functools
import shutil
from collections.abc import Callable
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Reader:
    """One way into firth.

    Parameters
    ----------
    name : str
        What it is called in reports.
    seeds : callable
        Returns valid inputs.
    use : callable
        Reads what lies at a path, and uses the result as a user would; raises what firth raises.
    parts : callable, optional
        Where inputs are a folder: returns its valid files. The first byte of an input chooses the one that it
        replaces.
    """

    name: str
    seeds: Callable[[], list[bytes]]
    use: Callable[[Path], object]
    parts: Callable[[], dict[str, bytes]] | None = None

    def put(self, content: bytes, folder: Path) -> Path:
        """Write an input to `folder`, and return what to read."""
        path = _place(folder, self.name)
        if self.parts is None:
            path.write_bytes(content)
            return path
        valid, lying = self.parts(), _lying.setdefault(path, {})
        if not lying:
            (path / "firth").mkdir(parents=True, exist_ok=True)
        names = list(valid)
        chosen = names[content[0] % len(names)] if content else names[0]
        for name, own in valid.items():
            replaced = content[1:] if name == chosen else own
            if lying.get(name) != replaced:
                # A new file, because the old one may still be mapped.
                file = path / name
                file.parent.mkdir(exist_ok=True, parents=True)
                file.unlink(missing_ok=True)
                file.write_bytes(replaced)
                lying[name] = replaced
        return path


# What was written last to a reader's folder, so that it is not written anew for each input.
_lying: dict[Path, dict[str, bytes]] = {}


@functools.cache
def _place(folder: Path, name: str) -> Path:
    return folder / name.replace(" ", "-")


def clear(folder: Path) -> None:
    """Remove what inputs have left."""
    _lying.clear()
    shutil.rmtree(folder, ignore_errors=True)
