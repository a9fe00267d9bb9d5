"""Documents that are held out: which, and that nothing of the corpus is lost or doubled."""

from __future__ import annotations

import os
import tempfile

import numpy as np
import pytest

from firth.corpus import encode, holding_out
from firth.corpus.holding_out import hold_out
from firth.errors import CorpusError

DOCUMENTS = [[f"w{i}", "and", f"w{i % 7}"] for i in range(500)]


def texts(corpus):
    """Return the documents of a corpus, as lists of words."""
    words, found = list(corpus.types), [[]]
    for number in corpus.ids:
        if number < 0:
            found.append([])
        else:
            found[-1].append(words[number])
    return found[:-1]


@pytest.mark.parametrize("at_once", [1, 7, 1 << 20])
def test_each_document_is_in_one_of_the_two_parts(at_once, monkeypatch):
    monkeypatch.setattr(holding_out, "_IDS_AT_ONCE", at_once)
    with encode(DOCUMENTS) as corpus:
        trained, held_out = hold_out(corpus, 0.2, seed=5)
        with trained, held_out:
            parts = [texts(part) for part in (trained, held_out)]
            assert sorted(parts[0] + parts[1]) == sorted(DOCUMENTS)
            assert 60 < len(parts[1]) < 140
            # Each part keeps the order of the text.
            assert [document for document in DOCUMENTS if document in parts[1]] == parts[1]
            for part, documents in zip((trained, held_out), parts, strict=True):
                assert part.n_documents == len(documents)
                assert part.n_tokens == sum(map(len, documents))
                assert list(part.types) == list(corpus.types)
                numbers = part.ids[part.ids >= 0]
                np.testing.assert_array_equal(
                    part.type_counts, np.bincount(numbers, minlength=len(part.types))
                )


def test_which_documents_depends_on_the_seed_and_their_numbers_only():
    def chosen(documents, seed):
        with encode(documents) as corpus:
            trained, held_out = hold_out(corpus, 0.2, seed)
            with trained, held_out:
                return texts(held_out)

    assert chosen(DOCUMENTS, 5) == chosen(DOCUMENTS, 5)
    assert chosen(DOCUMENTS, 5) != chosen(DOCUMENTS, 6)
    assert chosen(DOCUMENTS[:200], 5) == [d for d in chosen(DOCUMENTS, 5) if d in DOCUMENTS[:200]]


def test_weights_are_divided_with_their_documents():
    weights = np.arange(1, 501, dtype=np.float32)
    with encode(DOCUMENTS) as corpus:
        parts = hold_out(corpus.weighted(weights), 0.3, seed=1)
        found = []
        for part in parts:
            with part:
                assert len(part.weights) == len(part.ids)
                found += list(part.weights[part.ids < 0])
        assert sorted(found) == sorted(weights)


@pytest.mark.skipif(os.name != "posix", reason="files that are open cannot be removed there")
def test_nothing_is_left_in_the_folder_of_temporary_files(tmp_path, monkeypatch):
    with encode(DOCUMENTS) as corpus:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        parts = hold_out(corpus, 0.2, seed=1)
        assert list(tmp_path.iterdir()) == []  # a process that is killed leaves nothing, either
        assert len(parts[0].ids) + len(parts[1].ids) == len(corpus.ids)


@pytest.mark.parametrize("documents", [[["a", "b"]], DOCUMENTS[:3]])
def test_a_share_that_leaves_a_part_empty_is_refused_with_the_numbers(documents):
    with encode(documents) as corpus, pytest.raises(CorpusError, match=r"of \d documents 0 are held out"):
        hold_out(corpus, 1e-6, seed=1)
