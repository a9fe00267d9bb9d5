"""How fast a column is read and encoded, beside the same text in a plain file: ``python -m benchmarks.columns``.

Needs pyarrow (``pip install 'firth[arrow]'``). The text is the documentation of the running Python's standard library,
repeated to 60 MB. Parquet is compressed with Snappy, as pyarrow does where nothing is said,
and text beside it with zstd. The kinds of files take turns, so that a machine's moods meet them all.
"""

from __future__ import annotations

import csv
import json
import statistics
import tempfile
import time
from pathlib import Path

import pyarrow
import pyarrow.parquet

from firth.corpus import encode, standard_library_documents

MEGABYTES, ROUNDS = 60, 5


def write(folder: Path) -> dict[str, str | None]:
    """Write the same documents in all kinds of files; return the column to read of each."""
    documents = [text for each in standard_library_documents() if (text := " ".join(each.split()))]
    documents *= -(-MEGABYTES * 10**6 // sum(len(text.encode()) + 1 for text in documents))
    (folder / "text").write_text("\n".join(documents) + "\n", encoding="utf-8")
    table = pyarrow.table({"number": range(len(documents)), "text": documents})
    pyarrow.parquet.write_table(table, folder / "parquet")
    pyarrow.parquet.write_table(table, folder / "parquet, not compressed", compression="none")
    with pyarrow.output_stream(folder / "text, zstd", compression="zstd") as out:
        out.write((folder / "text").read_bytes())
    tokens = pyarrow.table({"tokens": [text.split() for text in documents]})
    pyarrow.parquet.write_table(tokens, folder / "parquet, lists of tokens")
    lines = (json.dumps({"text": text}) + "\n" for text in documents)
    (folder / "json lines").write_text("".join(lines), encoding="utf-8")
    with (folder / "csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["text"], *([text] for text in documents)])
    columns = {
        "parquet": "text",
        "parquet, not compressed": "text",
        "parquet, lists of tokens": "tokens",
        "json lines": "text",
        "csv": "text",
    }
    return {"text": None, "text, zstd": None, **columns}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        columns = write(folder)
        megabytes = (folder / "text").stat().st_size / 1e6
        encode(["compile"]).close()
        encode([["compile"]]).close()
        speeds: dict[str, list[float]] = {kind: [] for kind in columns}
        for _ in range(ROUNDS):
            for kind, column in columns.items():
                start = time.perf_counter()
                encode(folder / kind, column=column, cache=False).close()
                speeds[kind].append(megabytes / (time.perf_counter() - start))
        for kind, found in speeds.items():
            middle, share = (
                statistics.median(found),
                statistics.median(found) / statistics.median(speeds["text"]),
            )
            print(f"{kind:26} {middle:6.0f} MB of text/s, {share:.2f} of plain text's")


if __name__ == "__main__":
    main()
