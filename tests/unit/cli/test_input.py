"""Files of words or numbers that options name."""

from __future__ import annotations

import pytest

from firth.cli.input import read_numbers, read_words
from firth.errors import InputError


def test_empty_lines_are_left_out_and_counted(tmp_path):
    path = tmp_path / "numbers"
    path.write_bytes(b"\xef\xbb\xbf1\r\n\r\n 2.5 \n")
    assert read_numbers(path) == [1.0, 2.5]
    assert read_words(path) == ["1", "2.5"]
    path.write_text("1\n\nx\n")
    with pytest.raises(InputError, match="line 3: 'x' is no number"):
        read_numbers(path)


@pytest.mark.parametrize("content", [None, b"\xff\n"])
def test_what_cannot_be_read_is_named(content, tmp_path):
    path = tmp_path / "words"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="cannot read .*words"):
        read_words(path)
