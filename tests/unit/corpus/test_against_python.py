"""Any bytes, read in tiny blocks and cut into tiny chunks, against a few lines of plain Python."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings, strategies as st

from firth.config import TextOptions
from firth.corpus import chunks, encode, reading
from firth.corpus.tokenizing import word_expression
from firth.errors import CorpusError

_PHRASE = r"[a-z]+(?: [A-Z]\w*)?"
_RULES = {
    "whitespace": str.split,
    "words": lambda document: word_expression().findall(document),
    _PHRASE: lambda document: re.findall(_PHRASE, document),
    "callable": lambda document: document.split(","),
}
# Whole characters, their halves, what resembles them, and what ends or does not end a document.
_SPACES = [" ", "\n", "\n\n", "\r", "\r\n", "\x1c", "\x85", "\u2003", "\u2028", "\u3000", " \ufeff"]
_CHARACTERS = [
    "a",
    "B",
    "c,d",
    "Σ",
    "ΑΣ",
    "Σ.",
    "İ",
    "ß",
    "é",
    "e\u0301",
    "字",
    "😀",
    "it's",
    "longer than eight",
]
_HALVES = [b"\xff", b"\xe2", b"\xe2\x80", b"\xf0\x9f\x98", b"\xc2", b"\x85", b"\xed\xa0\x80", b"\xc0\xaf"]
_TEXT = st.one_of(
    st.sampled_from(_SPACES), st.sampled_from(_CHARACTERS), st.text(string.ascii_letters, max_size=12)
)
_BYTES = st.lists(_TEXT.map(str.encode) | st.sampled_from(_HALVES), max_size=25).map(b"".join)


def documents_as_python_finds_them(data: bytes, rule: str, lowercase: bool) -> list[list[str]]:
    documents = []
    for line in data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n"):
        document = line.removesuffix("\r")
        tokens = [token for token in _RULES[rule](document.lower() if lowercase else document) if token]
        if tokens:
            documents.append(tokens)
    return documents


@pytest.mark.parametrize("rule", _RULES)
@settings(deadline=None, max_examples=150)
@given(
    files=st.lists(_BYTES, min_size=1, max_size=3),
    block=st.integers(1, 9),
    size=st.integers(1, 20),
    lowercase=st.booleans(),
    threads=st.integers(1, 3),
)
def test_encoding_agrees_with_python(tmp_path_factory, rule, files, block, size, lowercase, threads):
    folder = tmp_path_factory.mktemp("files")
    expected = []
    for number, data in enumerate(files):
        (folder / str(number)).write_bytes(data)
        expected += documents_as_python_finds_them(data, rule, lowercase)
    tokenize = _RULES[rule] if rule == "callable" else rule
    options = TextOptions(tokenize=tokenize, lowercase=lowercase, decode_errors="replace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_BLOCK", block)
        patch.setattr(reading, "_LOOKED_AT", max(block, 3))
        patch.setitem(chunks.cut_chunks.__kwdefaults__, "size", size)
        if not expected:
            with pytest.raises(CorpusError, match="no tokens"):
                encode(folder, options, cache=False, threads=threads)
            return
        with encode(folder, options, cache=False, threads=threads) as corpus:
            found: list[list[str]] = [[]]
            for number in corpus.ids.tolist():
                if number < 0:
                    found.append([])
                else:
                    found[-1].append(corpus.types[number])
    assert found == [*expected, []]


@settings(deadline=None, max_examples=150)
@given(data=_BYTES, block=st.integers(3, 9), size=st.integers(1, 20))
def test_the_first_byte_that_is_not_utf8_is_named(tmp_path_factory, data, block, size):
    path = tmp_path_factory.mktemp("files") / "corpus.txt"
    path.write_bytes(b"word " + data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_BLOCK", block)
        patch.setitem(chunks.cut_chunks.__kwdefaults__, "size", size)
        try:
            path.read_bytes().decode()
        except UnicodeDecodeError as error:
            at = error.start
            with pytest.raises(CorpusError, match=rf"corpus\.txt is not UTF-8: byte {at} of its text is 0x"):
                encode(path, cache=False)
        else:
            encode(path, cache=False).close()
