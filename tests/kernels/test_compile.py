"""Kernels in their cache: what one process has put there is what another takes."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import firth.kernels.cpu
from firth.kernels.cpu import products

pytestmark = pytest.mark.compiled


def dispatchers():
    for module in pkgutil.iter_modules(firth.kernels.cpu.__path__, "firth.kernels.cpu."):
        for value in vars(importlib.import_module(module.name)).values():
            if hasattr(value, "py_func"):
                yield value


def test_no_two_kernels_have_one_name():
    """Numba tells functions apart by name and a number that each process counts anew."""
    names = {}
    for each in dispatchers():
        function = each.py_func
        names.setdefault((function.__module__, function.__qualname__), set()).add(each)
    assert len(names) > 100
    assert [name for name, those in names.items() if len(those) > 1] == []


def test_no_two_processes_write_one_file():
    cache = products.product._cache._cache_file
    assert cache._data_name(1) != cache._data_name(1)
