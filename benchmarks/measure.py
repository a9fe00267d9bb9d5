"""Run one process and measure it from outside; describe the machine and what is installed.

Standard library only: on Linux a child's peak memory starts from its parent's size, so that must be small.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("firth", "gensim", "fasttext", "word2vec", "numpy", "scipy", "numba")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """What one process cost and printed.

    Parameters
    ----------
    wall_seconds, cpu_seconds : float
        From start to end; user and system time of the process and its children.
    peak_bytes : int
        Largest resident memory of the process or of one of its children.
    report : dict
        The JSON of the last line on standard output.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    report: dict[str, Any]


def module(name: str, *arguments: object, environment: Mapping[str, str] | None = None) -> Measured:
    """Run ``python -m benchmarks.NAME ARGUMENTS`` and measure it.

    Raises
    ------
    SystemExit
        The process failed or printed no JSON; the message has the end of its standard error.
    """
    command = [sys.executable, "-m", f"benchmarks.{name}", *map(str, arguments)]
    with tempfile.TemporaryFile() as errors:
        environment = {**os.environ, **(environment or {})}
        start = time.perf_counter()
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, env=environment
        ) as process:
            output = process.stdout.read() if process.stdout else b""
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        tail = errors.read()[-2000:].decode(errors="replace")
    lines = output.decode().rstrip().split("\n")
    try:
        report = json.loads(lines[-1])
    except ValueError:
        report = None
    if process.returncode != 0 or not isinstance(report, dict):
        raise SystemExit(f"{' '.join(command)}\nended with status {process.returncode}:\n{tail}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Measured(
        wall_seconds=wall,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * unit,
        report=report,
    )


def machine() -> dict[str, Any]:
    """Describe the processor, memory and system, without the machine's name."""
    return {
        "processor": _processor(),
        "cores": available_cores(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of what is installed, and firth's commit where git knows it."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    try:
        git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
        found["firth"] = f"{found.get('firth', '')} ({commit})".strip()
    except (OSError, subprocess.CalledProcessError):
        pass
    return found


def command_line(arguments: Sequence[str]) -> str:
    """Return the command as another machine would give it: folders are left out of paths."""
    return " ".join(["python", *(Path(a).name if "/" in a else a for a in arguments)])


def say(line: str) -> None:
    """Tell who watches, on standard error."""
    print(line, file=sys.stderr, flush=True)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n")
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
