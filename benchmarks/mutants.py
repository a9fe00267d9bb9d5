"""Small changes to the sources, one at a time, and whether the tests notice.

``python -m benchmarks.mutants objectives`` changes one comparison, operator, sign, number or condition in a copy of
that package, and runs the package's tests until one of them fails. What no test notices has survived: either it
changes nothing that matters, or a test is missing; which, only a reader can tell. Each change has a number, the same
for the same sources and seed, with which ``--only`` makes it again.

Needs a system that can fork: the libraries are imported once, firth anew for each change.
"""

from __future__ import annotations

import argparse
import ast
import collections
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import hypothesis.extra.numpy  # noqa: F401 (for all that are forked)
import pytest
import scipy.special  # noqa: F401

_ROOT = Path(__file__).parents[1]
_TESTS = {
    "objectives": ("tests/unit/objectives", "tests/golden/test_lecture.py", "tests/golden/test_errata.py"),
    "formats": (
        *("tests/unit/formats", "tests/golden/test_formats.py", "tests/golden/test_fasttext.py"),
        "tests/unit/classifier",  # whose files are written and read there
    ),
}
_ELSEWHERE = {"columns.py", "extras.py"}  # what needs other libraries is tested by `make test-interop`
_SLOW = "not damaged and not test_size"
"""Without fuzzing, which asks for no particular numbers, and files of gigabytes."""
_PASSED = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
_OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.USub: ast.UAdd,
}  # fmt: skip


class Mutant(NamedTuple):
    """A change: the ``index``-th that is possible in ``path``."""

    path: Path
    index: int


def changes(tree: ast.AST) -> list[tuple[ast.AST, Callable[[], None]]]:
    """Give all changes that are possible: the node, and what changes it in place."""
    found: list[tuple[ast.AST, Callable[[], None]]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Compare():
                for at, op in enumerate(node.ops):
                    ops = [*node.ops[:at], _OTHER[type(op)](), *node.ops[at + 1 :]]
                    found.append((node, _set(node, "ops", ops)))
            case ast.BinOp() | ast.AugAssign() | ast.BoolOp() | ast.UnaryOp() if type(node.op) in _OTHER:
                found.append((node, _set(node, "op", _OTHER[type(node.op)]())))
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                found.append((node, _set(node, "value", value + 1)))
            case ast.If() | ast.IfExp() | ast.While():
                found.append((node, _set(node, "test", ast.UnaryOp(ast.Not(), node.test))))
    return found


def _set(node: ast.AST, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


def mutated(source: str, index: int) -> tuple[str, str]:
    """Make a change: the whole source with it, and the line and the words that it changes."""
    tree = ast.parse(source)
    node, change = changes(tree)[index]
    before = ast.unparse(node).split("\n")[0]
    change()
    after = ast.unparse(node).split("\n")[0]
    return ast.unparse(tree), f"{node.lineno}: {before}  ->  {after}"


def mutants(package: str, seed: int) -> list[Mutant]:
    """Give all changes to the modules of a package, in an order of chance."""
    found = [
        Mutant(path.relative_to(_ROOT), index)
        for path in sorted((_ROOT / "src/firth" / package).glob("*.py"))
        if path.name not in _ELSEWHERE
        for index in range(len(changes(ast.parse(path.read_text("utf-8")))))
    ]
    random.Random(seed).shuffle(found)  # noqa: S311 (no secrets)
    return found


class Judge:
    """Runs tests against the sources in the working folder, first what noticed the last change in a module."""

    def __init__(self, tests: list[str]) -> None:
        self._tests = tests
        self._last: dict[Path, str] = {}
        self.limit = 600.0

    def verdict(self, mutant: Mutant) -> str:
        """Run the tests against a change, and put the sources back."""
        path, times = mutant.path, mutant.path.stat()
        source = path.read_text("utf-8")
        path.write_text(mutated(source, mutant.index)[0], "utf-8")
        try:
            return self.run(path)
        finally:
            path.write_text(source, "utf-8")
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def run(self, path: Path) -> str:
        """Run the tests against the sources as they are, in a process of their own."""
        last, name = self._last.get(path), f"test_{path.stem.split('_')[0]}"
        tests = sorted(self._tests, key=lambda test: (test != last, not Path(test).name.startswith(name)))
        process = os.fork()
        if process == 0:
            _run_tests(tests)
        end = time.monotonic() + self.limit
        while time.monotonic() < end:
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                for test in re.findall(r"(?m)^(?:FAILED|ERROR) ([\w/]+\.py)", Path("log").read_text("utf-8")):
                    self._last[path] = test
                return "survived" if os.waitstatus_to_exitcode(status) in _PASSED else "killed"
            time.sleep(0.02)
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return "endless"


def _run_tests(tests: list[str]) -> None:
    os.setpgid(0, 0)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    flags = ["-q", "-x", "--tb=line", "-p", "no:cacheprovider", "-k", _SLOW]
    flags += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    code = 0
    try:
        for group in (tests[:1], tests[1:]):  # most changes need no more than the first
            if code in _PASSED:
                code = int(pytest.main([*flags, *group]))
    except BaseException:  # whatever a change does, this process ends here
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    os._exit(code)


def _copy(folder: Path) -> None:
    for name in ("src", "tests", "docs"):
        shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "found"))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy2(_ROOT / name, folder / name)
    os.chdir(folder)
    os.environ["PYTHONPATH"] = str(folder / "src")
    sys.path.insert(0, str(folder / "src"))


def main() -> None:
    """Change, test, and tell what survived."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", choices=_TESTS)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--count", type=int, help="how many changes to make; all by default")
    parser.add_argument("--only", type=int, nargs="+", metavar="NUMBER", help="make these changes only")
    options = parser.parse_args()
    possible = mutants(options.package, options.seed)
    numbers = options.only or range(len(possible))[: options.count]
    print(f"{len(possible)} changes possible, {len(numbers)} to make", flush=True)
    with tempfile.TemporaryDirectory(prefix="firth-mutants-") as folder:
        _copy(Path(folder))
        verdicts = _judged(possible, numbers, Judge(_files(_TESTS[options.package])))
    print(json.dumps(verdicts))


def _files(names: Iterable[str]) -> list[str]:
    found = (path for name in names for path in sorted(Path(name).glob("test_*.py")) or [Path(name)])
    return [str(path) for path in found]


def _judged(possible: list[Mutant], numbers: Iterable[int], judge: Judge) -> dict[str, int]:
    began = time.monotonic()
    if judge.run(Path()) != "survived":
        sys.exit(f"the tests fail without any change:\n{Path('log').read_text('utf-8')[-3000:]}")
    sys.dont_write_bytecode = True  # from here on: that of the sources as they were is there
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    judge.limit = max(20.0, 6 * (time.monotonic() - began))
    verdicts = collections.Counter[str]()
    for number in numbers:
        mutant = possible[number]
        what = mutated(mutant.path.read_text("utf-8"), mutant.index)[1]
        verdict = judge.verdict(mutant)
        verdicts[verdict] += 1
        if verdict != "killed":
            print(f"{verdict} {number} {mutant.path.name}:{what}", flush=True)
    return dict(verdicts)


if __name__ == "__main__":
    main()
