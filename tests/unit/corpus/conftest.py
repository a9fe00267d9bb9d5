"""What the tests of corpora share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firth.corpus import TokenCorpus, encode


def read_back(corpus: TokenCorpus) -> list[list[str]]:
    """Return the documents of a corpus as words, after checking that its parts fit together."""
    types, ids = list(corpus.types), np.array(corpus.ids)
    assert not corpus.ids.flags.writeable
    assert ids[-1] == -1
    np.testing.assert_array_equal(np.bincount(ids[ids >= 0], minlength=len(types)), corpus.type_counts)
    assert corpus.n_tokens == (ids >= 0).sum()
    assert corpus.n_documents == (ids < 0).sum()
    tokens = ids[ids >= 0]
    first_seen = tokens[np.sort(np.unique(tokens, return_index=True)[1])]
    np.testing.assert_array_equal(first_seen, np.arange(len(types)))
    documents: list[list[str]] = [[]]
    for number in ids.tolist():
        if number < 0:
            documents.append([])
        else:
            documents[-1].append(types[number])
    assert documents.pop() == []
    assert all(documents)
    return documents


@pytest.fixture
def documents_in() -> Callable[..., list[list[str]]]:
    """Encode, without the cache, and return the documents."""

    def encode_and_read(source: object, text: object = None, **options: object) -> list[list[str]]:
        with encode(source, text, **{"cache": False, **options}) as corpus:  # type: ignore[arg-type]
            return read_back(corpus)

    return encode_and_read


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an empty cache of corpora."""
    monkeypatch.setenv("FIRTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FIRTH_CACHE_LIMIT", raising=False)
    return tmp_path / "cache" / "corpora"
