"""Compiling with Numba: one decorator, one cache that knows when any kernel's source has changed.

Numba looks only at the file of the function itself: edit a function that it calls, in another file, and
the stale result is loaded. So the cache lies in a folder named after a hash of all kernels' sources.
Where no folder can be written, kernels are compiled anew in each process.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numba.extending
import numpy as np
import platformdirs

_Function = TypeVar("_Function", bound=Callable[..., Any])
_log = logging.getLogger(__name__)


def kernel(
    *, inner: bool = False, allocates: bool = False, variant: int | None = None, **options: Any
) -> Callable[[_Function], _Function]:
    """Compile a function on its first call: no GIL, IEEE division without checks, cached on disk.

    Parameters
    ----------
    inner : bool
        Only other kernels call it, so that nothing is made by which Python could: unpacking tuples of many arrays
        takes a third of the time to compile. It becomes part of each of them: passing on such tuples took a tenth
        of the time to train.
    allocates : bool
        It makes arrays, or takes some from a kernel that does. All others work on arrays that somebody else owns, and
        count no references to them: counting took an eighth of the time to train.
    variant : int, optional
        Which of several that a factory makes of one source: it becomes part of the name. Numba tells functions apart by
        name and a number that each process counts anew, so of two with one name one could run as the other.
    **options
        Passed on to ``numba.njit``; ``fastmath=True`` where sums may be reordered; ``inline="always"`` for what is
        called once and does little but call others, which saves LLVM to optimise all of them once more.
    """
    # What is not said, Numba takes from whoever calls the function first, and caches the result for all others: the
    # same kernel would be compiled in two ways, and could round in two.
    options = {"fastmath": False, "forceinline": inner, "_nrt": allocates, **options}
    if inner:
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

    def decorate(function: _Function) -> _Function:
        if variant is not None:
            function.__name__, function.__qualname__ = (
                f"{name}_{variant}" for name in (function.__name__, function.__qualname__)
            )
        if numba.config.DISABLE_JIT:  # numbers go on as compiled ones do
            return np.errstate(all="ignore")(function)
        dispatcher = numba.njit(nogil=True, error_model="numpy", **options)(function)
        folder = cache_folder()
        if folder is not None:
            # Numba reads the folder from its global configuration at this one moment.
            before = numba.config.CACHE_DIR
            numba.config.CACHE_DIR = str(folder)
            try:
                dispatcher.enable_caching()
                _name_files_apart(dispatcher._cache._cache_file)
            except (RuntimeError, OSError, AttributeError) as error:
                _log.info("kernels are compiled anew in each process: %s", error)
            finally:
                numba.config.CACHE_DIR = before
        return dispatcher

    return decorate


def _name_files_apart(cache: Any) -> None:
    """Let no process write over a file that another has put into the cache.

    Numba numbers the files of what it makes of a function for different types. Two processes that compile at once can
    give the same number to two of them; then one would run as the other.
    """
    numbered = cache._data_name
    cache._data_name = lambda number: f"{numbered(number).removesuffix('.nbc')}.{uuid.uuid4().hex[:12]}.nbc"


def instruction(
    plain: _Function, *, prefer_literal: bool = False
) -> Callable[[Callable[..., Any]], _Function]:
    """Make an instruction for kernels of a function that generates it; its meaning is `plain`.

    Parameters
    ----------
    plain : callable
        The same in Python, which runs in its place where Numba is told not to compile (``NUMBA_DISABLE_JIT=1``).
    prefer_literal : bool
        Whether what is generated depends on the values of constants.
    """

    def decorate(generate: Callable[..., Any]) -> _Function:
        if numba.config.DISABLE_JIT:
            return plain
        made: _Function = numba.extending.intrinsic(prefer_literal=prefer_literal)(generate)
        return made

    return decorate


@functools.cache
def from_python(function: Any) -> Callable[..., Any]:
    """Return what calls an inner kernel from Python, for tests and trials."""
    if numba.config.DISABLE_JIT:
        return function
    others = ("nopython", "inline", "forceinline", "no_cpython_wrapper", "no_cfunc_wrapper")
    options = {name: value for name, value in function.targetoptions.items() if name not in others}
    made: Callable[..., Any] = numba.njit(**options)(function.py_func)
    return made


@functools.cache
def cache_folder() -> Path | None:
    """Return the folder for compiled kernels, made on first use; None where none can be written."""
    try:
        root = os.environ.get("FIRTH_CACHE") or platformdirs.user_cache_dir("firth", appauthor=False)
    except RuntimeError:  # no home folder
        return None
    folder = Path(root) / "kernels" / _sources_hash()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _log.info("no cache for compiled kernels at %s: %s", folder, error)
        return None
    return folder


def _sources_hash() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    here = Path(__file__).parent
    for source in sorted(here.rglob("*.py")):
        digest.update(source.relative_to(here).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
