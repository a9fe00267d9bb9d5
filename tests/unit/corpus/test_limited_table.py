"""More different tokens than there is memory for: rare ones go, what remains is right, and what is not is said."""

from __future__ import annotations

import collections
import logging

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import firth
from firth.corpus import chunks, encode, encoder, find_phrases
from firth.errors import ConfigError, CorpusError

LIMIT = 100


def a_corpus(seed: int = 0, n: int = 6_000) -> list[list[str]]:
    """A few words that are frequent all along, some that come late, and many that come once or twice."""
    rng = np.random.default_rng(seed)
    documents = []
    for i in range(0, n, 10):
        frequent = [f"often{number}" for number in rng.integers(0, 20, 5)]
        late = [f"late{number}" for number in rng.integers(0, 10, 2)] if i > n // 2 else []
        rare = [f"rare{number}" for number in rng.integers(0, 4 * n, 3)]
        documents.append([*frequent, *late, *rare])
    return documents


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(chunks.cut_chunks, "__kwdefaults__", {"whole_documents": False, "size": 1_000})
    monkeypatch.setattr(encoder, "_BATCH_TOKENS", 60)


def check(corpus, documents, *, lowest: int = 0):
    """Every id must stand for its own token, or for a rare one."""
    tokens = [token for document in documents for token in document]
    exact, types = collections.Counter(tokens), list(corpus.types)
    ids = np.array(corpus.ids)
    assert (ids < 0).sum() == corpus.n_documents == len(documents)
    assert [len(part) for part in np.split(ids, np.flatnonzero(ids < 0))[:-1]] == [
        len(document) + (i > 0) for i, document in enumerate(documents)
    ]
    kept = ids[ids >= 0]
    rare = 0
    for number, token in zip(kept.tolist(), tokens, strict=True):
        assert types[number] in (token, "")
        rare += types[number] == ""
    assert rare == corpus.n_rare
    np.testing.assert_array_equal(np.bincount(kept, minlength=len(types)), recounted(corpus, kept, types))
    return exact, types


def recounted(corpus, kept, types):
    return np.array([int((kept == i).sum()) for i in range(len(types))])


@pytest.mark.parametrize("kind", ["tokens", "text", "words", "file"])
def test_ids_stay_right_and_what_is_frequent_survives(kind, small_chunks, caplog, tmp_path, monkeypatch):
    monkeypatch.setenv("FIRTH_CACHE", str(tmp_path / "cache"))
    documents = a_corpus()
    lines = [" ".join(document) for document in documents]
    source = {
        "tokens": documents,
        "text": lines,
        "words": [line.upper() for line in lines],
        "file": tmp_path / "text",
    }
    (tmp_path / "text").write_text("\n".join(lines))
    options = {"tokenize": "words", "lowercase": True} if kind == "words" else {}
    with (
        caplog.at_level(logging.WARNING, "firth"),
        encode(source[kind], firth.TextOptions(max_types=LIMIT, **options), threads=1) as corpus,
    ):
        exact, types = check(corpus, documents)
        assert len(types) <= 2 * LIMIT
        counts = dict(zip(types, corpus.type_counts.tolist(), strict=True))
        lost = int(caplog.text.partition("too low by ")[2].partition(";")[0])
        for token, count in exact.items():
            assert count - lost <= counts.get(token, 0) <= count, token
        vocabulary = corpus.vocabulary(min_count=20)
        assert set(vocabulary) == {token for token, count in exact.items() if count >= 20}
        assert "" not in corpus.vocabulary(min_count=1)
        assert corpus.n_rare > 0
        assert f"{corpus.n_rare:,} tokens of {corpus.n_tokens:,}" in caplog.text
        assert [path.name for path in corpus.ids.filename.parent.iterdir() if "numbers" in path.name] == []
    assert exact["late3"] > 20


def test_a_limit_that_is_not_reached_changes_nothing(caplog):
    documents = a_corpus(n=300)
    with encode(documents) as free, encode(documents, firth.TextOptions(max_types=1_000)) as bound:
        assert free.fingerprint == bound.fingerprint
        assert bound.n_rare == 0
        assert list(free.types) == list(bound.types)
    assert not caplog.text


def test_a_cached_corpus_is_found_by_its_limit(tmp_path, monkeypatch, small_chunks):
    monkeypatch.setenv("FIRTH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "text").write_text("\n".join(" ".join(document) for document in a_corpus()))
    limited = firth.TextOptions(max_types=LIMIT)
    with encode(tmp_path / "text", limited) as made, encode(tmp_path / "text", limited) as found:
        assert made.fingerprint == found.fingerprint
        assert made.ids.filename == found.ids.filename
        assert found.n_rare == made.n_rare > 0
    with encode(tmp_path / "text") as free:
        assert free.n_rare == 0


def test_training_and_weights_go_on_and_phrases_are_refused(small_chunks):
    documents = a_corpus(n=2_000)
    with encode(documents, firth.TextOptions(max_types=LIMIT)) as corpus:
        assert corpus.n_rare
        config = firth.SkipGram(dim=8, epochs=1, min_count=10, subsample=0)
        model = firth.train(corpus, config, weights=np.ones(corpus.n_tokens), threads=1)
        assert "" not in model.vocabulary
        with pytest.raises(CorpusError, match="raise|larger max_types"):
            find_phrases(corpus)


@pytest.mark.parametrize("value", [99, 2**31, 1e6, True, "many", None])
def test_a_limit_out_of_its_range_is_refused(value):
    with pytest.raises(ConfigError, match="max_types is"):
        firth.TextOptions(max_types=value)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), batch=st.integers(20, 400))
def test_any_order_of_rare_and_frequent_tokens_stays_right(seed, batch):
    rng = np.random.default_rng(seed)
    documents = [[f"t{number}" for number in rng.zipf(1.2, rng.integers(1, 9)) % 3_000] for _ in range(300)]
    before, encoder._BATCH_TOKENS = encoder._BATCH_TOKENS, batch
    try:
        with encode(documents, firth.TextOptions(max_types=LIMIT)) as corpus:
            check(corpus, documents)
    finally:
        encoder._BATCH_TOKENS = before
