"""Keyed vectors in files: firth's folders, and word2vec's text and binary formats."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from firth import formats
from firth.compat.gensim._judging import Judging
from firth.compat.gensim._old_names import refuse
from firth.errors import FormatError, InputError, MissingFileError
from firth.files import replacing
from firth.formats import VectorTable
from firth.vocabulary import Vocabulary

PathLike = str | os.PathLike[str]

_ATTRIBUTE = "attribute."
_KEPT = (np.float32, np.int64, np.int32, np.uint8)
_UTF8 = ("utf8", "utf-8", "UTF-8", "UTF8")


class VectorFiles(Judging):
    """Saving and loading of ``KeyedVectors``."""

    def save(self, fname_or_handle: PathLike, **options: Any) -> None:
        """Write a folder in firth's own format, which `firth.load` reads, too; what was saved there is replaced.

        Parameters
        ----------
        fname_or_handle : path
            Of the folder, whatever its extension.
        **options
            gensim's options for its pickles (``separately``, ``sep_limit``, ``ignore``, ``pickle_protocol``), which
            mean nothing here.

        Raises
        ------
        OutputError
            The folder cannot be written, or something else is there.
        """
        save_folder(self.to_table(), fname_or_handle)

    @classmethod
    def load(cls, fname: PathLike, mmap: str | None = None) -> Self:
        """Read what `save` or ``firth train`` has written, or whatever else firth knows.

        Parameters
        ----------
        fname : path
        mmap : str, optional
            ``"r"`` to map the vectors, read-only, instead of reading all of them now.

        Raises
        ------
        FormatError
            There is nothing, or it is of no known format. Of gensim's own pickles, words and vectors are read, and
            nothing is run.
        """
        return cls.of_table(formats.read(existing(fname), memory_map=mmap is not None), writable=mmap is None)

    @classmethod
    def of_table(cls, table: VectorTable, *, writable: bool = True) -> Self:
        """Return keyed vectors with the words and vectors of a table; copied if they shall be written to."""
        keys: list[Any] = list(table.vocabulary)
        if _is_numbered(table):
            keys = _numbers(keys)
        vectors = cls(table.embeddings.shape[1])
        vectors.index_to_key = keys
        vectors.key_to_index = {key: row for row, key in enumerate(keys)}
        vectors.next_index = len(keys)
        vectors.vectors = np.array(table.embeddings) if writable else table.embeddings
        if table.vocabulary.counts is not None:
            vectors.expandos["count"] = np.array(table.vocabulary.counts)
        for name, values in table.state.items():
            if name.startswith(_ATTRIBUTE):
                if values.ndim < 1 or len(values) < len(keys):
                    raise FormatError(
                        f"{name!r:.60} has shape {values.shape}, but there are {len(keys):,} keys"
                    )
                vectors.expandos[name.removeprefix(_ATTRIBUTE)] = np.array(values)
        return vectors

    def to_table(self) -> VectorTable:
        """Return the keys, the vectors and their attributes as a table of `firth.formats`.

        Raises
        ------
        InputError
            Two keys are the same as text.
        """
        names = [str(key) for key in self.index_to_key[: self.next_index]]
        if len(set(names)) < len(names):
            raise InputError(
                "two keys are the same as text, such as 1 and '1': a file cannot tell them apart"
            )
        counts = self.expandos.get("count")
        kept = {name: values for name, values in self.expandos.items() if values.dtype.type in _KEPT}
        return VectorTable(
            Vocabulary(names, None if counts is None else counts[: len(names)].astype(np.int64)),
            np.ascontiguousarray(self.vectors[: len(names)], np.float32),
            metadata={"gensim": {"numbers": self._has_numbers()}},
            state={_ATTRIBUTE + name: values for name, values in kept.items() if name != "count"},
        )

    def _has_numbers(self) -> bool:
        return bool(self.index_to_key) and all(type(key) is int for key in self.index_to_key)

    @classmethod
    def load_word2vec_format(
        cls,
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: DTypeLike = np.float32,
        no_header: bool = False,
    ) -> Self:
        """Read a file of vectors as word2vec.c, fastText (``.vec``), GloVe or gensim write it, gzipped or not.

        Parameters
        ----------
        fname : path
        fvocab : path, optional
            A file of the words' counts, a word and its count a line.
        binary : bool
            Whether it is word2vec's binary format.
        encoding, unicode_errors : str
            Words are read as UTF-8, and get U+FFFD where they are damaged.
        limit : int, optional
            Keep the first so many words; the file is read whole.
        datatype : dtype
            Of the vectors in memory.
        no_header : bool
            Whether the first line is a word already, as in GloVe's files.

        Raises
        ------
        FormatError
            The file is truncated or damaged, or of another format.
        """
        refuse(encoding in _UTF8, "encoding", "words are read as UTF-8; convert the file", True)
        kind = "word2vec-binary" if binary else "glove" if no_header else "word2vec-text"
        table = formats.read(existing(fname), format=kind)
        names = table.vocabulary.words[:limit]
        embeddings = table.embeddings[: len(names)]
        counts: NDArray[np.int64] | None = None
        if fvocab is not None:
            listed = Vocabulary.load(path_of(fvocab))
            rows = listed.words.find_all(names)
            known = np.zeros(len(listed), np.int64) if listed.counts is None else listed.counts
            counts = np.where(rows >= 0, known[rows], 0)
        else:
            counts = np.arange(len(names), 0, -1)  # gensim's: the order of the file is all that is known
        vectors = cls.of_table(VectorTable(Vocabulary(names, counts), embeddings), writable=False)
        if limit is None and embeddings.flags.owndata and embeddings.dtype == datatype:
            embeddings.flags.writeable = True  # nobody else has it, and two of a large matrix may not fit
        else:
            vectors.vectors = embeddings.astype(datatype)
        return vectors

    def save_word2vec_format(
        self,
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Write the keys and vectors in word2vec's text or binary format; what is there is replaced.

        Parameters
        ----------
        fname : path
        fvocab : path, optional
            Write the words and their counts here, too.
        binary : bool
            Whether to write the binary format.
        total_vec : int, optional
            Not offered: the header tells how many vectors there are.
        write_header : bool
            Whether the text begins with the two sizes; the binary format always does.
        prefix : str
            Put before each key.
        append : bool
            Not offered.
        sort_attr : str
            Keys with most of this attribute come first; without it they keep their order.

        Raises
        ------
        InputError
            A key holds white space, which the format cannot hold, or a number is not finite.
        OutputError
            A file cannot be written.
        """
        refuse(append, "append", "files are written whole or not at all; write one file", False)
        refuse(total_vec in (None, len(self)), "total_vec", "the header tells what is there", True)
        refuse(binary and not write_header, "write_header", "the binary format needs its header", False)
        values = self.expandos.get(sort_attr)
        order = np.arange(len(self)) if values is None else np.argsort(-values, kind="stable")
        names = [f"{prefix}{self.index_to_key[row]}" for row in order.tolist()]
        table = VectorTable(Vocabulary(names), np.ascontiguousarray(self.vectors[order], np.float32))
        kind = "word2vec-binary" if binary else "word2vec-text" if write_header else "glove"
        formats.write(table, path_of(fname), format=kind, overwrite=True)
        if fvocab is not None:
            lines = [
                f"{name} {0 if values is None else values[row]}\n"
                for name, row in zip(names, order.tolist(), strict=True)
            ]
            with replacing(path_of(fvocab)) as temporary:
                temporary.write_text("".join(lines), "utf-8", newline="\n")

    def intersect_word2vec_format(
        self,
        fname: PathLike,
        lockf: float = 0.0,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
    ) -> None:
        """Take over the vectors of the keys that a file has as well; its other words are passed over.

        Parameters
        ----------
        fname : path
        lockf : float
            Must be 1.0: gensim's default 0.0 keeps these vectors from being trained, which firth does not offer.
        binary, encoding, unicode_errors
            See `load_word2vec_format`.

        Raises
        ------
        ConfigError
            `lockf` is not 1.0.
        InputError
            The vectors of the file have another length.
        """
        refuse(lockf, "lockf", "all rows are trained; give lockf=1.0", 1.0)
        refuse(encoding in _UTF8, "encoding", "words are read as UTF-8; convert the file", True)
        table = formats.read(existing(fname), format="word2vec-binary" if binary else "word2vec-text")
        if table.embeddings.shape[1] != self.vector_size:
            raise InputError(
                f"{fname} has vectors of {table.embeddings.shape[1]} numbers, but these have {self.vector_size}"
            )
        found = table.vocabulary.words.find_all([str(key) for key in self.index_to_key])
        known = np.flatnonzero(found >= 0)
        self.vectors[known] = table.embeddings[found[known]]
        self.fill_norms(force=True)


def save_folder(table: VectorTable, path: PathLike) -> None:
    """Write a folder in firth's own format; it replaces such a folder, or an empty file.

    Raises
    ------
    OutputError
        It cannot be written, or something else is there.
    """
    target = path_of(path)
    with contextlib.suppress(OSError):
        # What tempfile.NamedTemporaryFile has made to have a name.
        if target.is_file() and not target.is_symlink() and target.stat().st_size == 0:
            target.unlink()
    formats.write(table, target, format="native", overwrite=True)


def _is_numbered(table: VectorTable) -> bool:
    kept = table.metadata.get("gensim", {})
    return isinstance(kept, dict) and bool(kept.get("numbers"))


def _numbers(keys: list[str]) -> list[int]:
    """Return keys that were numbers as such again.

    Raises
    ------
    FormatError
        One is no number, or the same as another.
    """
    try:
        numbers = [int(key) for key in keys]
    except ValueError as error:
        raise FormatError(f"the keys are said to be numbers, but one is not: {error!s:.100}") from error
    if len(set(numbers)) < len(numbers):
        raise FormatError("the keys are said to be numbers, but two of them are the same number")
    return numbers


def path_of(given: object) -> Path:
    """Return a path.

    Raises
    ------
    InputError
        It is an open file, for example.
    """
    if not isinstance(given, (str, os.PathLike)):
        raise InputError(f"{given!r:.60} is given, but must be a path: open files are not offered")
    return Path(given)


def existing(given: object) -> Path:
    """Return the path of something that is there.

    Raises
    ------
    InputError
        It is no path.
    MissingFileError
        Nothing is there.
    """
    path = path_of(given)
    if not path.exists():
        raise MissingFileError(f"cannot read {path}: No such file or directory; check the path")
    return path
