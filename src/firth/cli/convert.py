"""``firth convert``: vectors from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="What to read; its content tells the format.")
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="TARGET",
            help="Where to write: a folder (native), .bin (word2vec's binary), .txt or .vec (its text), .parquet, "
            ".arrow, .npz or .npy.",
        ),
    ],
    *,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="native, fasttext, word2vec-binary, word2vec-text, glove, parquet, arrow, npz, npy or projector; "
            "decides against the extension.",
        ),
    ] = None,
    dtype: Annotated[
        Literal["float32", "float16", "int8"],
        typer.Option(help="How the native format stores the numbers."),
    ] = "float32",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace TARGET if it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Convert vectors between formats.

    The native format keeps everything; fastText's own keeps counts, output
    embeddings and n-grams; tables (parquet, arrow, npz, projector) keep counts;
    the others keep words and vectors. Files of word2vec, GloVe and fastText may
    be read gzipped. fastText's quantised .ftz and gensim's own .kv and .model
    are read, not written. hf://OWNER/NAME is a repository of the Hugging Face
    Hub, as SOURCE or as TARGET; a new one is private.

    --json prints one object: "source", "source_format", "target",
    "target_format", "words", "dim" and "dropped", a list of what the
    target's format cannot keep.

    [bold]Examples[/bold]

    firth convert vectors/ vectors.bin

    firth convert GoogleNews-vectors-negative300.bin.gz news/

    firth convert cc.en.300.bin english/

    firth convert vectors/ model.bin --to fasttext

    firth convert vectors/ glove.txt --to glove --overwrite

    firth convert vectors/ vectors.parquet

    firth convert vectors/ projector/ --to projector

    firth convert vectors/ small/ --dtype int8

    firth convert vectors/ hf://me/my-vectors
    """
    from firth import formats

    here = formats.local(source)
    source_format = formats.detect(here)
    table = formats.read(here, format=source_format)
    target_format = formats.format_for(target) if to is None else to
    formats.write(table, target, format=target_format, overwrite=overwrite, dtype=dtype)
    dropped = formats.dropped(table, target_format)
    n_words, dim = table.embeddings.shape
    if as_json:
        print_json(
            {
                "source": str(source),
                "source_format": source_format,
                "target": str(target),
                "target_format": target_format,
                "words": n_words,
                "dim": dim,
                "dropped": dropped,
            }
        )
        return
    out = console()
    line = f"{n_words:,} words of {dim} dimensions: {source} ({source_format}) to {target} ({target_format})"
    out.print(line, markup=False, soft_wrap=True)
    if dropped:
        out.print(f"not kept, for lack of a place in {target_format}: {', '.join(dropped)}", markup=False)
