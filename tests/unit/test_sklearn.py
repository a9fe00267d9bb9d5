"""The estimator without scikit-learn; with it, see tests/interop/test_sklearn.py."""

import sys

import pytest

from firth.errors import MissingExtraError


def test_a_missing_extra_is_named_with_its_command(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("firth.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError, match=r"needs scikit-learn.*pip install 'firth\[sklearn\]'"):
        import firth.sklearn  # noqa: F401
