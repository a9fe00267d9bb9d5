"""Text as fastText and word2vec.c read it: split at the white space of ASCII, with a token for the end of each line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator

from firth.config import TextOptions
from firth.corpus.encode import encode_into_temporary
from firth.corpus.encoder import encode_tokens
from firth.corpus.reading import SourceReader
from firth.corpus.sources import find_files
from firth.corpus.token_corpus import TokenCorpus
from firth.errors import CorpusError

FASTTEXT_TOKEN = "[^ \t\n\v\f\r\0]+"  # noqa: S105 (no password)
"""What fastText takes as a token, as a regular expression."""

WORD2VEC_TOKEN = "[^ \t\n]+"  # noqa: S105
"""What word2vec.c takes as one; it passes over carriage returns, wherever they stand."""


def encode_lines(
    paths: Iterable[str | os.PathLike[str]],
    *,
    token: str = FASTTEXT_TOKEN,
    end_of_line: str | None = "</s>",
    without: str = "",
    progress: Callable[[int, int | None], None] | None = None,
) -> TokenCorpus:
    """Turn text into ids, each line a document.

    Parameters
    ----------
    paths : iterable of paths
        Files, compressed ones too.
    token : str
        A regular expression for what lies between white space.
    end_of_line : str, optional
        A token that is put where a line ends, empty ones as well; not where a file ends without a newline.
    without : str
        Characters that are left out of the text first.
    progress : callable, optional
        Called with the bytes done and the bytes in all, if they are known.

    Returns
    -------
    TokenCorpus
        To be closed when it is not needed any more. Bytes that are not UTF-8 are U+FFFD.

    Raises
    ------
    CorpusError
        A path names nothing, a file cannot be read, or there are no tokens.
    OutputError
        The ids cannot be written.
    """
    files = find_files(paths)
    sizes = [file.size for file in files if file.size is not None]
    total = sum(sizes) if len(sizes) == len(files) else None
    reader = SourceReader(keep_hash=False)
    find, none = re.compile(token).findall, str.maketrans("", "", without)

    def documents() -> Iterator[tuple[list[str], bool]]:
        for file in files:
            within = False
            for text, ended in _lines(block for _, block in reader.text_blocks(file)):
                tokens = find(text.translate(none) if without else text)
                if ended and end_of_line is not None:
                    tokens.append(end_of_line)
                yield tokens, ended
                within = not ended
            if within:
                yield [], True

    told = progress or (lambda _done, _total: None)
    return encode_into_temporary(
        lambda out: encode_tokens(
            documents(),
            out,
            decode_errors="replace",
            max_types=TextOptions.max_types,
            progress=lambda _: told(reader.bytes_read, total),
        )
    )


def count_line_ends(paths: Iterable[str | os.PathLike[str]]) -> int:
    """Return how many newlines the files hold.

    Raises
    ------
    CorpusError
        A path names nothing, or a file cannot be read.
    """
    reader = SourceReader(keep_hash=False)
    return sum(block.count(b"\n") for file in find_files(paths) for _, block in reader.text_blocks(file))


def encode_texts(
    texts: Iterable[str], *, token: str = FASTTEXT_TOKEN, end_of_line: str = "</s>"
) -> TokenCorpus:
    """Turn texts in memory into ids as `encode_lines` does, each a line of its own.

    Raises
    ------
    CorpusError
        A text is no string, or there are no tokens.
    OutputError
        The ids cannot be written.
    """
    find = re.compile(token).findall

    def documents() -> Iterator[tuple[list[str], bool]]:
        for number, text in enumerate(texts):
            if not isinstance(text, str):
                raise CorpusError(
                    f"text {number:,} is {text!r:.60}, a {type(text).__name__}, but must be a string, or all must be "
                    "paths"
                )
            yield [*find(text), end_of_line], True

    return encode_into_temporary(
        lambda out: encode_tokens(
            documents(),
            out,
            decode_errors="replace",
            max_types=TextOptions.max_types,
            progress=lambda _: None,
        )
    )


def _lines(blocks: Iterable[bytes]) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a file, long ones in parts that end at a blank, and whether the line ends with the part."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace"), True
        blank = rest.rfind(b" ")
        if blank >= 0 and len(rest) >= len(block):
            yield rest[:blank].decode("utf-8", "replace"), False
            rest = rest[blank:]
    if rest:
        yield rest.decode("utf-8", "replace"), False
