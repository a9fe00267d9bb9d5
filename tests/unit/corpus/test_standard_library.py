"""The demo's text: prose about Python that every machine with Python has."""

from __future__ import annotations

import sysconfig
from itertools import islice

import pytest

from firth.corpus import standard_library_documents
from firth.errors import CorpusError


@pytest.fixture(scope="module")
def documents():
    return list(standard_library_documents())


def test_it_is_much_text_in_paragraphs_of_one_line(documents):
    assert sum(map(len, documents)) > 1_500_000
    assert all(document == " ".join(document.split()) and document for document in documents)


def test_it_holds_topics_docstrings_and_comments(documents):
    text = set(documents)
    assert any("list comprehension" in document.lower() for document in documents)
    assert "Return True if all entries of self.__dict__ are equal." not in text  # nothing made up
    import textwrap

    assert " ".join(textwrap.dedent.__doc__.split("\n\n")[0].split()) in text


def test_the_order_is_fixed(documents):
    assert list(islice(standard_library_documents(), 2000)) == documents[:2000]


@pytest.fixture
def library(tmp_path, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    return tmp_path


def test_bad_sources_are_passed_over(library):
    (library / "a.py").write_text(
        '"""First paragraph\n   of two lines.\n\nSecond."""\n# A comment\n# of two\nx = 1\n# Another\n'
    )
    (library / "b.py").write_text("print 'Python 2'")
    (library / "c.py").write_bytes(b'"""caf\xe9"""')
    (library / "d.py").write_bytes(b"\0")
    (library / "e.py").write_text('x = "\\d"\ndef f():\n    """Of f."""\n    class C:\n        """Of C."""\n')
    (library / "test").mkdir()
    (library / "test" / "f.py").write_text('"""Not this."""')
    found = list(standard_library_documents())
    assert found[-6:] == [
        "First paragraph of two lines.",
        "Second.",
        "A comment of two",
        "Another",
        "Of f.",
        "Of C.",
    ]


def test_a_library_without_sources_is_an_error(library):
    with pytest.raises(CorpusError, match="no sources of the standard library"):
        next(standard_library_documents())
