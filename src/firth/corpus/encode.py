"""The way in: whatever the user has, encoded."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.config import TextOptions
from firth.corpus.cache import CorpusCache, mark_file
from firth.corpus.chunks import Chunk, Part, cut_chunks
from firth.corpus.encoder import IdFile, documents_of, encode_pieces, encode_tokens
from firth.corpus.reading import SourceReader
from firth.corpus.sources import TextFile, find_files
from firth.corpus.token_corpus import IDS, TokenCorpus, open_corpus, write_manifest, write_types
from firth.corpus.tokenizing import document_rule, needs_documents, rewriting
from firth.errors import CorpusError
from firth.files import output_error
from firth.vocabulary import Words

Progress = Callable[[int, int | None], None]
Source = str | os.PathLike[str] | Iterable[Any]


def encode(
    source: Source,
    text: TextOptions | None = None,
    *,
    cache: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> TokenCorpus:
    """Turn text into ids, in one pass.

    Parameters
    ----------
    source : path, or iterable
        A path (str or PathLike) is a file, a folder, a glob, or ``"-"`` for standard input; a list or tuple whose items
        are all PathLike stands for several. Any other iterable holds documents: strings, in which a newline ends a
        document too, or sequences of tokens, any hashable being a token. A generator is passed over once.
        Files may be compressed with gzip, bzip2, xz or zstd, which is seen by their content.
    text : TextOptions, optional
        How text becomes tokens. Not applied to documents that are sequences of tokens already.
    cache : bool
        Keep what is made from files for the next time, found by their content and the options. Not for standard
        input, other iterables and callables.
    threads : int, optional
        How many split the text; all cores where it is not given. The ids do not depend on it.
    progress : callable, optional
        Called, in this thread, with the bytes done and the bytes in all, or None where that is not known.

    Returns
    -------
    TokenCorpus
        To be closed when it is not needed any more; a ``with`` block does.

    Raises
    ------
    CorpusError
        A path names nothing, a file cannot be read or is no text, or there are no tokens.
    OutputError
        The ids cannot be written.
    """
    text = text or TextOptions()
    told = progress or _untold
    threads = threads or os.cpu_count() or 1
    paths = _as_paths(source)
    if paths is None:
        documents = iter(source)  # type: ignore[arg-type]
        return _encode_into_temporary(lambda out: _encode_documents(documents, text, out, threads, told))
    files = find_files(paths)
    keepable = cache and not callable(text.tokenize) and all(file.size is not None for file in files)
    store = CorpusCache.default() if keepable else None
    if store is None:
        return _encode_into_temporary(
            lambda out: _encode_files(files, text, out, threads, told, SourceReader())
        )
    return store.find(files, text) or _encode_into_cache(store, files, text, threads, told)


def _untold(done: int, total: int | None) -> None:
    """Take the progress that nobody asked for."""


def _as_paths(source: Source) -> list[str | os.PathLike[str]] | None:
    """Return the paths that `source` is, or None where it holds documents."""
    if isinstance(source, bytes):
        raise CorpusError(
            "the corpus is bytes, but must be a path or text: decode it, and pass a list of strings"
        )
    if isinstance(source, (str, os.PathLike)):
        return [source]
    if isinstance(source, (list, tuple)) and source and all(isinstance(item, os.PathLike) for item in source):
        return list(source)
    if not isinstance(source, Iterable):
        raise CorpusError(
            f"the corpus is {source!r}, but must be a path or an iterable of strings or token lists"
        )
    return None


_Encode = Callable[[IdFile], tuple[Words, NDArray[np.int64]]]


def _encode_into_temporary(encode: _Encode) -> TokenCorpus:
    folder = Path(tempfile.mkdtemp(prefix="firth-corpus-"))
    try:
        _write(folder, encode)
        return open_corpus(folder, on_close=lambda: shutil.rmtree(folder, ignore_errors=True))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _encode_into_cache(
    store: CorpusCache, files: list[TextFile], text: TextOptions, threads: int, told: Progress
) -> TokenCorpus:
    """Encode `files` and keep the result under the hash of the bytes that were read for it."""
    digest = hashlib.sha256()
    reader = SourceReader(digest)
    folder = Path(tempfile.mkdtemp(prefix=".making-", dir=store.folder))
    try:
        _write(folder, lambda out: _encode_files(files, text, out, threads, told, reader, digest))
        return store.keep(folder, store.place(reader.bytes_read, digest.hexdigest(), text))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write(folder: Path, encode: _Encode) -> None:
    """Fill `folder` with an encoded corpus."""
    try:
        with (folder / IDS).open("wb") as file:
            out = IdFile(file)
            words, counts = encode(out)
        if not len(words):
            raise CorpusError("the corpus holds no tokens: it is empty, or the tokenizer finds nothing in it")
        write_types(folder, words, counts)
        write_manifest(folder, {"n_documents": out.n_documents, "fingerprint": out.fingerprint(words)})
    except OSError as error:
        raise output_error(folder, error) from error


def _encode_files(
    files: list[TextFile],
    text: TextOptions,
    out: IdFile,
    threads: int,
    told: Progress,
    reader: SourceReader,
    digest: Any = None,
) -> tuple[Words, NDArray[np.int64]]:
    sizes = [file.size for file in files]
    total = None if None in sizes else sum(size for size in sizes if size is not None)

    def parts() -> Iterator[Part]:
        for file in files:
            if digest is not None:
                mark_file(digest)
            yield Part(str(file), reader.text_blocks(file))

    return _encode_parts(
        parts(), lambda: reader.bytes_read, text, out, threads, lambda done: told(done, total)
    )


def _encode_documents(
    documents: Iterator[Any], text: TextOptions, out: IdFile, threads: int, told: Progress
) -> tuple[Words, NDArray[np.int64]]:
    """Encode strings, or sequences of tokens; the first document tells which."""
    first = next(documents, None)
    if first is None:
        raise CorpusError("the corpus is empty: it holds no documents")
    documents = itertools.chain([first], documents)
    if not isinstance(first, str):
        return encode_tokens(_token_lists(documents), out, lambda: told(4 * out.n_ids, None))
    done = 0

    def parts() -> Iterator[Part]:
        nonlocal done
        for number, document in enumerate(documents):
            if not isinstance(document, str):
                raise CorpusError(
                    f"document {number} is a {type(document).__name__}, but the first one is a string: give strings or "
                    "sequences of tokens, not both"
                )
            try:
                data = document.encode()
            except UnicodeEncodeError as error:
                raise CorpusError(
                    f"document {number} cannot be written as UTF-8: character {error.start} is a lone surrogate"
                ) from error
            done += len(data)
            yield Part(f"document {number}", [(0, data)])

    return _encode_parts(parts(), lambda: done, text, out, threads, lambda done: told(done, None))


def _token_lists(documents: Iterator[Any]) -> Iterator[tuple[list[Any], bool]]:
    for number, document in enumerate(documents):
        if isinstance(document, (str, bytes)) or not isinstance(document, Iterable):
            raise CorpusError(
                f"document {number} is {document!r:.60}, but the first one is a sequence of tokens: give strings or "
                "sequences of tokens, not both"
            )
        yield list(document), True


def _encode_parts(
    parts: Iterator[Part],
    position: Callable[[], int],
    text: TextOptions,
    out: IdFile,
    threads: int,
    progress: Callable[[int], None],
) -> tuple[Words, NDArray[np.int64]]:
    if not needs_documents(text):
        chunks: Iterator[Chunk] = cut_chunks(parts, position)
        return encode_pieces(
            chunks,
            out,
            rewrite=rewriting(text),
            decode_errors=text.decode_errors,
            threads=threads,
            progress=progress,
        )
    chunks = cut_chunks(parts, position, whole_documents=callable(text.tokenize))
    documents = documents_of(chunks, document_rule(text), text.decode_errors)
    return encode_tokens(documents, out, lambda: progress(position()))
