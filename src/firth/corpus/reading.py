"""Bytes out of files: compression recognised by content, other encodings than UTF-8 recognised and refused."""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from firth.corpus.sources import TextFile
from firth.errors import CorpusError

_BLOCK = 1 << 20
_LOOKED_AT = 1 << 13
_XZ_MEMORY = 1 << 28  # four times what xz -9 makes necessary
_UTF8_BOM = b"\xef\xbb\xbf"
# UTF-32's little-endian mark begins with UTF-16's.
_FOREIGN_BOMS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


class SourceReader:
    """Reads files one after the other; counts their bytes as they lie on disk, and hashes them if asked to.

    Parameters
    ----------
    keep_hash : bool
        Whether `hash` will be wanted.

    Attributes
    ----------
    bytes_read : int
        Bytes read so far of all files, before decompression.
    """

    def __init__(self, *, keep_hash: bool) -> None:
        self.bytes_read = 0
        self._digest = hashlib.sha256() if keep_hash else None

    @property
    def keeps_hash(self) -> bool:
        """Whether there will be a hash."""
        return self._digest is not None

    @property
    def hash(self) -> str:
        """The hash of all files that were read to their end, of their bytes and of where each ends."""
        if self._digest is None:
            raise ValueError("no hash was kept")
        return self._digest.hexdigest()

    def raw_blocks(self, file: TextFile) -> Iterator[bytes]:
        """Yield the bytes of `file` as they lie on disk.

        Raises
        ------
        CorpusError
            The file cannot be read.
        """
        with self._reading(file) as raw:
            yield from _blocks(raw)

    def text_blocks(self, file: TextFile) -> Iterator[tuple[int, bytes]]:
        """Yield the text of `file`, decompressed, as pairs of an offset in the text and bytes.

        A byte order mark at the start is left out: the first offset is then 3.

        Raises
        ------
        CorpusError
            The file cannot be read, is compressed and truncated or damaged, or is no UTF-8 text.
        """
        with self._reading(file) as raw:
            compression = _compression(raw.peek(_LOOKED_AT))
            blocks = _blocks(raw) if compression is None else _decompressed(raw, compression, file)
            offset = 0
            for block in blocks:
                skipped = 0
                if offset == 0:
                    _check_text(block[:_LOOKED_AT], file)
                    skipped = len(_UTF8_BOM) if block.startswith(_UTF8_BOM) else 0
                yield offset + skipped, block[skipped:]
                offset += len(block)

    @contextlib.contextmanager
    def _reading(self, file: TextFile) -> Iterator[_Raw]:
        before = self.bytes_read
        with _open(file) as stream:
            raw = _Raw(stream, file, self._took)
            yield raw
            # What may follow compressed data counts for the hash.
            for _ in _blocks(raw):
                pass
        if self._digest is not None:
            self._digest.update((self.bytes_read - before).to_bytes(8, "little"))

    def _took(self, block: bytes) -> None:
        self.bytes_read += len(block)
        if self._digest is not None:
            self._digest.update(block)


class _Raw(io.RawIOBase):
    """An open file that can be looked ahead into even where it cannot seek, and that reports its errors."""

    def __init__(self, stream: BinaryIO, file: TextFile, took: Callable[[bytes], None]) -> None:
        self._stream, self._file, self._took = stream, file, took
        self._ahead = b""

    def readable(self) -> bool:
        return True

    def peek(self, length: int) -> bytes:
        """Return the first bytes, up to `length`, without consuming them."""
        while len(self._ahead) < length and (more := self._fetch(length - len(self._ahead))):
            self._ahead += more
        return self._ahead

    def read(self, size: int = -1, /) -> bytes:
        size = _BLOCK if size < 0 else size
        if self._ahead:
            block, self._ahead = self._ahead[:size], self._ahead[size:]
            return block
        return self._fetch(size)

    def readinto(self, buffer: Any, /) -> int:
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def _fetch(self, size: int) -> bytes:
        try:
            block = self._stream.read(size)
        except OSError as error:
            raise _unreadable(self._file, error) from error
        self._took(block)
        return block


@contextlib.contextmanager
def _open(file: TextFile) -> Iterator[BinaryIO]:
    """Open `file` for reading bytes; standard input stays open afterwards."""
    if file.path is None:
        if not hasattr(sys.stdin, "buffer"):
            raise CorpusError("there is no standard input to read: name a file instead of '-'")
        yield sys.stdin.buffer
        return
    try:
        stream = file.path.open("rb", buffering=0)
    except OSError as error:
        raise _unreadable(file, error) from error
    with stream:
        yield stream


def _unreadable(file: TextFile, error: OSError) -> CorpusError:
    return CorpusError(f"cannot read {file}: {error.strerror or error}; check the file and its permissions")


def _blocks(stream: io.RawIOBase | BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


def _compression(start: bytes) -> str | None:
    """Return the compression that a file's first bytes show, or None."""
    if start.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    # "BZh" alone could begin a text; a block, or the end of an empty stream, follows it.
    if start.startswith(b"BZh") and start[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bz2"
    if start.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    return None


def _decompressed(raw: _Raw, compression: str, file: TextFile) -> Iterator[bytes]:
    try:
        if compression == "xz":
            yield from _xz_blocks(raw, file)
            return
        with _decompressor(raw, compression) as stream:
            yield from _blocks(stream)
    except CorpusError:
        raise
    except EOFError as error:
        raise CorpusError(
            f"{file} is truncated: its {compression} data ends too early; fetch or compress the file again"
        ) from error
    except ImportError as error:
        raise CorpusError(
            f"{file} is compressed with {compression}, which this Python was built without: decompress it first"
        ) from error
    # Each decompressor has an exception of its own, and errors of the disk have become CorpusError before.
    except Exception as error:
        raise CorpusError(
            f"{file} is damaged: its {compression} data is not valid ({error}); fetch or compress the file again"
        ) from error


def _decompressor(raw: _Raw, compression: str) -> BinaryIO:
    source: Any = raw
    if compression == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=source)  # type: ignore[return-value]
    if compression == "bz2":
        import bz2

        return bz2.BZ2File(source)  # type: ignore[return-value]
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdFile(source)  # type: ignore[return-value]


def _xz_blocks(raw: _Raw, file: TextFile) -> Iterator[bytes]:
    """Yield the text of one xz stream after another, in bounded memory, which `lzma.LZMAFile` does not promise."""
    import lzma

    data, begun = raw.read(_BLOCK), False
    while data:
        unpacker = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        try:
            text = unpacker.decompress(data, _BLOCK)
        except lzma.LZMAError as error:
            if "limit" in str(error):
                raise CorpusError(
                    f"{file} takes more than {_XZ_MEMORY:,} bytes of memory to decompress: decompress it with xz first"
                ) from error
            if begun:
                return  # as LZMAFile does: what follows a stream and is none is passed over
            raise
        while True:
            if text:
                yield text
            if unpacker.eof:
                break
            data = b""
            if unpacker.needs_input and not (data := raw.read(_BLOCK)):
                raise EOFError
            text = unpacker.decompress(data, _BLOCK)
        rest, begun = unpacker.unused_data or raw.read(_BLOCK), True
        while rest and not (data := rest.lstrip(b"\0")):  # zeros may stand between streams
            rest = raw.read(_BLOCK)
        if not rest:
            return


def _check_text(start: bytes, file: TextFile) -> None:
    """Refuse what is no UTF-8 text, as its first bytes show it."""
    for mark, encoding in _FOREIGN_BOMS.items():
        if start.startswith(mark):
            raise CorpusError(
                f"{file} is {encoding} text, but must be UTF-8: convert it (iconv -f {encoding} -t UTF-8)"
            )
    if start.startswith((b"PAR1", b"ARROW1")):
        kind = "a Parquet" if start.startswith(b"PAR1") else "an Arrow"
        raise CorpusError(
            f"{file} is {kind} file, a table: name the column to read (column=..., --column), and the file itself, "
            "neither compressed nor as standard input"
        )
    at = start.find(b"\0")
    if at >= 0:
        raise CorpusError(
            f"{file} is not text: byte {at:,} is NUL, as in binary files and UTF-16; leave the file out or convert it "
            "to UTF-8 text"
        )
