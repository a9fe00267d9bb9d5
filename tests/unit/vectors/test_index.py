"""Without usearch, an approximate index names what it needs; tests/interop has it."""

import sys

import numpy as np
import pytest

from firth import formats
from firth.cli import run
from firth.errors import MissingExtraError
from firth.formats import VectorTable
from firth.vectors import NeighborIndex, WordVectors
from firth.vocabulary import Vocabulary

TABLE = VectorTable(Vocabulary(["a", "b"]), np.eye(2, dtype=np.float32))


@pytest.fixture(autouse=True)
def without_usearch(monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch.index", None)


def test_the_extra_is_named():
    with pytest.raises(MissingExtraError, match=r"pip install 'firth\[index\]'"):
        NeighborIndex.build(WordVectors(TABLE))


def test_the_command_line_names_it_in_one_line(tmp_path, capsys):
    formats.write(TABLE, tmp_path / "vectors")
    assert run(["index", str(tmp_path / "vectors"), "--output", str(tmp_path / "index")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "firth[index]" in err
    assert not (tmp_path / "index").exists()
