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
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import platformdirs

_Function = TypeVar("_Function", bound=Callable[..., Any])
_log = logging.getLogger(__name__)


def kernel(*, inner: bool = False, **options: Any) -> Callable[[_Function], _Function]:
    """Compile a function on its first call: no GIL, IEEE division without checks, cached on disk.

    Parameters
    ----------
    inner : bool
        Only other kernels call it, so that nothing is made by which Python could: unpacking tuples of many arrays
        takes a third of the time to compile. It becomes part of each of them: passing on such tuples took a tenth
        of the time to train.
    **options
        Passed on to ``numba.njit``; ``fastmath=True`` where sums may be reordered.
    """
    if inner:
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "forceinline": True}

    def decorate(function: _Function) -> _Function:
        dispatcher = numba.njit(nogil=True, error_model="numpy", **options)(function)
        folder = cache_folder()
        if folder is not None and not numba.config.DISABLE_JIT:
            # Numba reads the folder from its global configuration at this one moment.
            before = numba.config.CACHE_DIR
            numba.config.CACHE_DIR = str(folder)
            try:
                dispatcher.enable_caching()
            except (RuntimeError, OSError) as error:
                _log.info("kernels are compiled anew in each process: %s", error)
            finally:
                numba.config.CACHE_DIR = before
        return dispatcher

    return decorate


@functools.cache
def from_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what calls an inner kernel from Python, for tests and trials."""
    if numba.config.DISABLE_JIT:
        return function

    def call(*arguments: Any) -> Any:
        return function(*arguments)

    compiled: Callable[..., Any] = numba.njit(nogil=True, error_model="numpy")(call)
    return compiled


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
