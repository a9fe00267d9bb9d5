"""Write the golden files of tools that exchange vectors: ``python tests/golden/make_exchange.py``.

To be run in the environment of ``make test-interop``. ``formats/exchange.json`` says what each tool itself holds:
words, counts where it keeps them, and vectors in hexadecimal. Written with gensim 4.4.0, NumPy 2.4.6, pandas 3.1.1,
Polars 2.1.0, DuckDB 2.0.0 and PyTorch 2.13.0.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import torch
from gensim.models import FastText, KeyedVectors, Word2Vec
from torch.utils.tensorboard import SummaryWriter

FOLDER = Path(__file__).parent / "formats"
SENTENCES = [["the", "king", "naïve", "日本"], ["the", "king", "new york", "a\xa0b"], ["the", "queen"]] * 3
OPTIONS: dict[str, Any] = {"vector_size": 5, "min_count": 1, "workers": 1, "seed": 3, "epochs": 2}


def main() -> None:
    """Write all files, and what they hold."""
    warnings.simplefilter("ignore")
    expected = gensim_files() | tables(KeyedVectors.load(str(FOLDER / "gensim.kv")))
    text = json.dumps(expected, ensure_ascii=False, indent=1)
    (FOLDER / "exchange.json").write_text(text + "\n", "utf-8")


def gensim_files() -> dict[str, Any]:
    """Write gensim's pickles, of both models and of both ways to keep matrices."""
    word2vec, fasttext = Word2Vec(SENTENCES, **OPTIONS), FastText(SENTENCES, bucket=30, **OPTIONS)
    for model in (word2vec, fasttext, word2vec.wv, fasttext.wv):
        model.lifecycle_events = None  # which would tell of the machine
    word2vec.save(str(FOLDER / "gensim_word2vec.model"))
    word2vec.save(str(FOLDER / "gensim_protocol_2.model"), pickle_protocol=2)
    word2vec.wv.save(str(FOLDER / "gensim.kv"))
    word2vec.wv.save(str(FOLDER / "gensim_separate.kv"), separately=["vectors"])
    fasttext.save(str(FOLDER / "gensim_fasttext.model"))
    held = {}
    for name in (
        "gensim_word2vec.model",
        "gensim_protocol_2.model",
        "gensim.kv",
        "gensim_separate.kv",
        "gensim_fasttext.model",
    ):
        loaded = KeyedVectors.load(str(FOLDER / name))
        held[name] = content(getattr(loaded, "wv", loaded))
    unseen = {word: hexadecimal(fasttext.wv[word]) for word in ("kings", "naïveté")}
    held["gensim_fasttext.model"]["unseen"] = unseen
    return held


def tables(vectors: Any) -> dict[str, Any]:
    """Write the same vectors with tools for tables."""
    words, counts = vectors.index_to_key, vectors.expandos["count"]
    np.savez_compressed(FOLDER / "numpy.npz", words=np.array(words), vectors=vectors.vectors, counts=counts)
    np.save(FOLDER / "numpy.npy", np.asfortranarray(vectors.vectors))
    (FOLDER / "numpy.words.txt").write_text("\n".join(words) + "\n", "utf-8")
    frame = pd.DataFrame({"word": words, "count": counts, "vector": vectors.vectors.tolist()})
    frame.to_parquet(FOLDER / "pandas.parquet")
    pl.DataFrame(frame).write_ipc(FOLDER / "polars.arrow")
    with duckdb.connect() as database:
        database.execute(f"COPY (SELECT * FROM frame) TO '{FOLDER / 'duckdb.parquet'}' (FORMAT parquet)")
    with tempfile.TemporaryDirectory() as logs:
        with SummaryWriter(logs) as writer:
            rows = [[word, str(count)] for word, count in zip(words, counts, strict=True)]
            writer.add_embedding(torch.tensor(vectors.vectors), rows, metadata_header=["word", "count"])
        (made,) = [path.parent for path in Path(logs).rglob("tensors.tsv")]
        shutil.rmtree(FOLDER / "torch_projector", ignore_errors=True)
        shutil.copytree(made, FOLDER / "torch_projector")
    names = ["numpy.npz", "numpy.npy", "pandas.parquet", "polars.arrow", "duckdb.parquet", "torch_projector"]
    held = {name: content(vectors) for name in names}
    del held["numpy.npy"]["counts"]
    return held


def content(vectors: Any) -> dict[str, Any]:
    """Return what keyed vectors of gensim's hold."""
    return {
        "words": vectors.index_to_key,
        "counts": vectors.expandos["count"].tolist(),
        "vectors": [hexadecimal(row) for row in vectors.vectors],
    }


def hexadecimal(row: Any) -> list[str]:
    """Return numbers so that they come back to the bit."""
    return [float(number).hex() for number in row]


if __name__ == "__main__":
    main()
