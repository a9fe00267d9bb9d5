"""Documents that are held out: a corpus divided into what is trained on and what it is judged by."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firth.corpus.encoder import unwritable
from firth.corpus.pages import release_pages
from firth.corpus.temporary import make_temporary_folder
from firth.corpus.token_corpus import TokenCorpus
from firth.errors import CorpusError
from firth.kernels.cpu.random import draw, stream_key

_STREAM = 4
_IDS_AT_ONCE = 1 << 22


def hold_out(corpus: TokenCorpus, share: float, seed: int) -> tuple[TokenCorpus, TokenCorpus]:
    """Divide the documents of a corpus in two, by draws that depend on the seed and a document's number only.

    The ids are written to temporary files. The types of both are those of the corpus, so that ids mean the same.

    Parameters
    ----------
    corpus : TokenCorpus
        Stays open.
    share : float
        About how many of the documents are held out, above 0.
    seed : int

    Returns
    -------
    trained, held_out : TokenCorpus
        To be closed.

    Raises
    ------
    CorpusError
        None of the documents is drawn, or all.
    OutputError
        There is no room for the files.
    """
    folder, remove = make_temporary_folder("held-out")
    with contextlib.ExitStack() as undo:
        undo.callback(remove)
        try:
            counts, documents = _write(corpus, folder, share, stream_key(seed, 0, _STREAM))
        except OSError as error:
            raise unwritable(folder, error) from error
        if not documents.all():
            raise CorpusError(
                f"held_out is {share}, but of {corpus.n_documents:,} documents {documents[1]:,} are held out and "
                f"{documents[0]:,} left to train on: give more documents, one a line, or another share"
            )
        parts = [
            TokenCorpus(
                np.memmap(folder / f"ids{part}", np.int32, "r"),
                corpus.types,
                counts[part],
                n_documents=int(documents[part]),
                fingerprint=f"{corpus.fingerprint}:{share}:{seed}:{part}",
                weights=_weights(folder / f"weights{part}") if corpus.weights is not None else None,
                on_close=remove,
            )
            for part in (0, 1)
        ]
        if os.name == "posix":  # the maps stay, and nothing is left behind, however the process ends
            remove()
        undo.pop_all()
    return parts[0], parts[1]


def _write(
    corpus: TokenCorpus, folder: Path, share: float, key: np.uint64
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write the ids of both parts, and their weights; return the counts of their types and of their documents."""
    counts = np.zeros((2, len(corpus.types)), np.int64)
    documents = np.zeros(2, np.int64)
    with contextlib.ExitStack() as files:
        outs = [files.enter_context((folder / f"ids{part}").open("wb")) for part in (0, 1)]
        weighted = corpus.weights is not None
        names = [folder / f"weights{part}" for part in (0, 1)] if weighted else []
        weights = [files.enter_context(name.open("wb")) for name in names]
        for place, chosen in _chosen(corpus.ids, share, key):
            for part, mask in enumerate((~chosen, chosen)):
                own = corpus.ids[place][mask]
                outs[part].write(own.data)
                counts[part] += np.bincount(own[own >= 0], minlength=counts.shape[1])
                documents[part] += int((own < 0).sum())
                if corpus.weights is not None:
                    weights[part].write(corpus.weights[place][mask].data)
            release_pages(corpus.ids, place.start, place.stop)
    counts.flags.writeable = False
    return counts, documents


def _chosen(
    ids: NDArray[np.int32], share: float, key: np.uint64
) -> Iterator[tuple[slice, NDArray[np.bool_]]]:
    """Yield places of the corpus, and which of the ids there belong to documents that are held out."""
    first = 0
    for start in range(0, len(ids), _IDS_AT_ONCE):
        place = slice(start, min(start + _IDS_AT_ONCE, len(ids)))
        ends = ids[place] < 0
        documents = first + np.cumsum(ends) - ends
        # As plain Python, the function takes arrays.
        drawn = getattr(draw, "py_func", draw)(key, documents.astype(np.uint64))
        yield place, drawn < np.uint64(share * 2.0**64)
        first += int(ends.sum())


def _weights(path: Path) -> NDArray[np.float32]:
    return np.asarray(np.memmap(path, np.float32, "r"))
