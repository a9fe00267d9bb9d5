"""What TensorBoard's embedding projector takes: a folder with vectors and words as tables of text.

::

    vectors.tsv             a line of numbers for each word, tabs between them
    metadata.tsv            the words, one a line; with counts, two columns and a line with their names
    projector_config.pbtxt  names both, so that ``tensorboard --logdir FOLDER`` shows them

https://projector.tensorflow.org takes the two tables as they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError, OutputError
from firth.files import output_error, read_whole, replacing_folder
from firth.formats import stream, text_rows
from firth.formats.table import VectorTable

NAME = "projector"
VECTORS, METADATA, CONFIG = "vectors.tsv", "metadata.tsv", "projector_config.pbtxt"

_TENSORS = "tensors.tsv"
_HEADER = "word\tcount"
_CONFIG = f"""embeddings {{
  tensor_name: "firth"
  tensor_path: "{VECTORS}"
  metadata_path: "{METADATA}"
}}
"""


def recognises(path: Path) -> bool:
    """Return whether `path` is a folder with the two tables."""
    return _vectors_path(path).is_file() and (path / METADATA).is_file()


def read(path: Path, *, memory_map: bool = True) -> VectorTable:  # noqa: ARG001 (text cannot be mapped)
    """Read the two tables; of other columns than the word and its count, nothing.

    Raises
    ------
    FormatError
        A file is missing or damaged, or they hold another number of lines.
    """
    rows = _read_vectors(_vectors_path(path))
    lines = _lines(path / METADATA)
    counts = None
    first = lines[0][1].split(b"\t") if lines else []
    if len(first) > 1:
        # Several columns have a line of names; the projector takes no other sign for one.
        lines = lines[1:]
        names = [name.lower() for name in first]
        counts = _counts(path / METADATA, lines, names.index(b"count")) if b"count" in names else None
        at = names.index(b"word") if b"word" in names else 0
        words = [_field(path / METADATA, line, at) for line in lines]
    else:
        words = [text for _, text in lines]
    return stream.table(path, words, rows, counts)


def write(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:
    """Write the folder; output embeddings have no place in it.

    Raises
    ------
    InputError
        A word is blank or holds a tab or an end of line, or a number is not finite.
    OutputError
        The folder exists and `overwrite` is false, or it holds something else, or it cannot be written.
    """
    if overwrite and _holds_something_else(path):
        raise OutputError(
            f"cannot overwrite {path}: it holds something else than {NAME}'s tables; choose another place"
        )
    stream.check_table(table, NAME, end_of_word=(b"\t\n\r", "a tab or the end of a line"))
    for word in table.vocabulary:
        if not word.strip():
            raise InputError(
                f"{NAME} cannot hold the word {word!r:.60}: the projector skips blank lines; leave it out"
            )
    counts = table.vocabulary.counts
    with replacing_folder(path, overwrite=overwrite) as folder:
        with (folder / VECTORS).open("w", encoding="ascii", newline="\n") as file:
            line = "\t".join([text_rows.NUMBER] * table.embeddings.shape[1]) + "\n"
            for start in range(0, len(table.embeddings), stream.ROWS_AT_ONCE):
                rows = table.embeddings[start : start + stream.ROWS_AT_ONCE].tolist()
                file.writelines(line % tuple(row) for row in rows)
        with (folder / METADATA).open("w", encoding="utf-8", newline="\n") as file:
            if counts is None:
                file.writelines(f"{word}\n" for word in table.vocabulary)
            else:
                file.write(f"{_HEADER}\n")
                pairs = zip(table.vocabulary, counts.tolist(), strict=True)
                file.writelines(f"{word}\t{count}\n" for word, count in pairs)
        (folder / CONFIG).write_text(_CONFIG, "utf-8")


def _vectors_path(path: Path) -> Path:
    """Return where the vectors of a folder are; PyTorch's SummaryWriter calls them tensors."""
    tensors = path / _TENSORS
    return tensors if tensors.is_file() else path / VECTORS


def _holds_something_else(path: Path) -> bool:
    try:
        return path.exists() and not recognises(path) and not (path.is_dir() and not any(path.iterdir()))
    except OSError as error:
        raise output_error(path, error) from error


def _lines(path: Path) -> list[text_rows.Line]:
    """Return the lines that are not blank, with their numbers; a word may end with a space."""
    with stream.reading(path):
        pass  # for its errors: a pipe, a folder
    try:
        content = read_whole(path)
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    lines = enumerate(content.removeprefix(text_rows.BOM).split(b"\n"), 1)
    return [(number, line.removesuffix(b"\r")) for number, line in lines if line.strip()]


def _read_vectors(path: Path) -> NDArray[np.float32]:
    blocks: list[NDArray[np.float32]] = []
    with stream.reading(path) as file:
        for lines in text_rows.lines(file, path, 1):
            if not lines:
                continue
            rows = text_rows.parsed([line for _, line in lines])
            if rows is None or len(rows) != len(lines) or (blocks and rows.shape[1] != blocks[0].shape[1]):
                raise FormatError(
                    f"{path}, lines {lines[0][0]} to {lines[-1][0]}: not all are the same number of numbers"
                )
            blocks.append(rows)
    if not blocks:
        raise FormatError(f"{path} is empty: there is nothing in it")
    return np.concatenate(blocks)


def _field(path: Path, line: text_rows.Line, at: int) -> bytes:
    number, text = line
    fields = text.split(b"\t")
    if at >= len(fields):
        raise FormatError(
            f"{path}, line {number}: {len(fields)} columns stand here, but the first line has more"
        )
    return fields[at]


def _counts(path: Path, lines: list[text_rows.Line], at: int) -> NDArray[np.int64]:
    fields = [_field(path, line, at) for line in lines]
    for (number, _), field in zip(lines, fields, strict=True):
        if not field.isdigit() or len(field) > 18:
            raise FormatError(
                f"{path}, line {number}: {field.decode('utf-8', 'replace')!r:.60} is no count; rename the column"
            )
    return np.array([int(field) for field in fields], np.int64)
