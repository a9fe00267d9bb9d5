"""Co-occurrence counts: against a plain count in Python, the same bits however made, and nothing left behind."""

from __future__ import annotations

import collections
import itertools
import os
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.corpus import cooccurrence, encode, spill
from firth.corpus.cooccurrence import count_cooccurrences, n_strips
from firth.corpus.counting import Sizes, choose_sizes
from firth.errors import ConfigError, CorpusError, InputError, OutputError
from firth.vocabulary import Vocabulary


def counted(documents, vocabulary, *, window, distance_weighting, symmetric):
    """The definition: pairs of (center, context) with their weights."""
    weights = collections.Counter()
    for document in documents:
        words = [word for word in document if word in vocabulary]
        for i, center in enumerate(words):
            for j in range(max(0, i - window), min(len(words), i + window + 1)):
                if j < i or (symmetric and j > i):
                    weight = 1 / abs(i - j) if distance_weighting else 1.0
                    weights[vocabulary.index(center), vocabulary.index(words[j])] += weight
    return dict(weights)


def as_dict(counts):
    records = counts.records
    pairs = {(int(r), int(c)): float(w) for r, c, w in records}
    assert len(pairs) == len(records) == len(counts)
    return pairs


@pytest.fixture
def text():
    """300 words, most of them rare, in documents of 1 to 60 words."""
    rng = np.random.default_rng(5)
    words = [str(int(word)) for word in rng.zipf(1.3, 6000) % 300]
    edges = [0, *np.flatnonzero(rng.random(6000) < 0.04), 6000]
    documents = [words[a:b] for a, b in itertools.pairwise(edges) if a < b]
    with encode(documents) as corpus:
        yield corpus, corpus.vocabulary(min_count=2), documents


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("window", [1, 2, 10, 1000])
@pytest.mark.parametrize("distance_weighting", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
def test_counts_are_those_of_the_definition(text, window, distance_weighting, symmetric):
    corpus, vocabulary, documents = text
    options = {"window": window, "distance_weighting": distance_weighting, "symmetric": symmetric}
    expected = counted(documents, list(vocabulary), **options)
    with count_cooccurrences(corpus, vocabulary, threads=2, **options) as counts:
        pairs = as_dict(counts)
    assert pairs.keys() == expected.keys()
    np.testing.assert_allclose([pairs[pair] for pair in expected], list(expected.values()), rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=8), min_size=1, max_size=6),
    st.integers(1, 9),
    st.booleans(),
    st.integers(1, 12),
)
def test_counts_in_tiny_parts_are_those_of_the_definition(documents, window, symmetric, n_tokens):
    documents = [["a", "b"], *documents]
    vocabulary = list("abcde")  # f and g are not in it
    expected = counted(documents, vocabulary, window=window, distance_weighting=True, symmetric=symmetric)
    with pytest.MonkeyPatch.context() as patch, encode(documents) as corpus:
        patch.setattr(cooccurrence, "choose_sizes", lambda *_: Sizes(1, n_tokens, 5, 2))
        with count_cooccurrences(
            corpus, Vocabulary(vocabulary), window=window, symmetric=symmetric
        ) as counts:
            pairs = as_dict(counts)
    assert pairs.keys() == expected.keys()
    np.testing.assert_allclose([pairs[pair] for pair in expected], list(expected.values()), rtol=1e-6)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize(
    ("n_tokens", "n_neighbors", "n_records"),
    [(10_000, 1 << 16, 1 << 16), (1000, 1 << 16, 100), (700, 300, 7), (61, 2000, 1 << 16)],
)
def test_bits_depend_neither_on_threads_nor_on_memory(
    text, monkeypatch, threads, n_tokens, n_neighbors, n_records
):
    corpus, vocabulary, _ = text
    with count_cooccurrences(corpus, vocabulary) as counts:
        expected, starts = counts.records.tobytes(), counts.starts.tolist()
    monkeypatch.setattr(
        cooccurrence, "choose_sizes", lambda *_: Sizes(threads, n_tokens, n_neighbors, n_records)
    )
    with count_cooccurrences(corpus, vocabulary, threads=threads) as counts:
        assert counts.starts.tolist() == starts
        assert counts.records.tobytes() == expected


def test_blocks_hold_the_crossings_of_their_strips(text):
    corpus, vocabulary, _ = text
    with count_cooccurrences(corpus, vocabulary) as counts:
        strips = n_strips(len(vocabulary))
        assert counts.n_strips == strips > 1
        blocks = np.repeat(np.arange(strips**2), np.diff(counts.starts))
        np.testing.assert_array_equal(counts.records["row"] % strips, blocks // strips)
        np.testing.assert_array_equal(counts.records["column"] % strips, blocks % strips)


def test_the_order_within_a_block_is_random_and_follows_the_seed(text):
    corpus, vocabulary, _ = text

    def of_seed(seed):
        with count_cooccurrences(corpus, vocabulary, seed=seed) as counts:
            return as_dict(counts), np.array(counts.records[: counts.starts[1]])

    pairs, block = of_seed(1)
    same, again = of_seed(1)
    others, other = of_seed(2)
    assert pairs == same == others
    assert np.array_equal(block, again)
    assert not np.array_equal(block, other)
    for name in ("row", "column", "weight"):  # neither in order, nor alike in both seeds
        ranks = np.arange(len(block))
        assert abs(np.corrcoef(ranks, block[name])[0, 1]) < 0.2
        assert abs(np.corrcoef(block[name], other[name])[0, 1]) < 0.2


def test_the_number_of_strips():
    assert [n_strips(size) for size in (1, 2, 127, 128, 2047, 2048, 10**6)] == [1, 1, 1, 2, 31, 32, 32]


def test_records_cannot_be_changed_and_are_gone_when_closed(text, own_folder):
    corpus, vocabulary, _ = text
    counts = count_cooccurrences(corpus, vocabulary)
    assert {path.name for path in next(own_folder.iterdir()).iterdir()} == {".lock", "records"}
    with pytest.raises(ValueError, match="read-only"):
        counts.records["weight"][0] = 1
    counts.close()
    counts.close()
    assert not any(own_folder.iterdir())
    with pytest.raises(InputError, match="the co-occurrence counts are closed"):
        _ = counts.records


def test_files_go_as_soon_as_they_are_not_needed(text, own_folder, monkeypatch):
    corpus, vocabulary, _ = text
    monkeypatch.setattr(cooccurrence, "choose_sizes", lambda *_: Sizes(2, 700, 300, 1000))
    seen = set()

    def look(share):
        names = {path.name for path in next(own_folder.iterdir()).iterdir()}
        seen.add((any(name.startswith("part-") for name in names), "unsorted" in names, "records" in names))

    count_cooccurrences(corpus, vocabulary, progress=look).close()
    assert (True, True, False) in seen
    assert (False, True, True) in seen
    assert not any(parts and records for parts, _, records in seen)


def test_a_forgotten_result_is_removed(text, own_folder):
    corpus, vocabulary, _ = text
    count_cooccurrences(corpus, vocabulary)
    assert not any(own_folder.iterdir())


def test_too_little_memory_is_refused_with_what_is_needed(text):
    corpus, vocabulary, _ = text
    message = rf"memory_limit is 1,000, .* {len(vocabulary)} words takes at least (\S+) bytes"
    with pytest.raises(ConfigError, match=message):
        count_cooccurrences(corpus, vocabulary, memory_limit=1000)
    least = 2 * (12 * len(vocabulary) + 36 * 65_536)
    with pytest.raises(ConfigError):
        count_cooccurrences(corpus, vocabulary, memory_limit=least - 2)
    count_cooccurrences(corpus, vocabulary, memory_limit=least, threads=8).close()


def test_threads_share_the_memory():
    for memory_limit, vocab_size, threads in itertools.product(
        (16 << 20, 1 << 30, 1 << 40), (2, 10**5), (1, 64)
    ):
        sizes = choose_sizes(memory_limit, vocab_size, threads)
        assert 1 <= sizes.threads <= threads
        assert sizes.n_neighbors >= vocab_size
        working = sizes.threads * (12 * vocab_size + 36 * sizes.n_neighbors)
        assert working + 8 * sizes.n_tokens + 24 * vocab_size <= memory_limit
        assert sizes.threads * sizes.n_records * 72 <= memory_limit
        assert sizes.n_tokens > 100_000


def test_words_without_neighbours_are_refused(own_folder):
    with (
        encode(["alone", "alone again", "again"]) as corpus,
        pytest.raises(CorpusError, match="no pair to train on"),
    ):
        count_cooccurrences(corpus, Vocabulary(["alone"]))
    assert not any(own_folder.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError(28, "No space left on device")])
def test_whatever_fails_leaves_nothing_behind(text, own_folder, monkeypatch, error):
    corpus, vocabulary, _ = text
    written = []

    def fail(self, start, array):
        written.append(start)
        if len(written) > 5:
            raise error

    monkeypatch.setattr(cooccurrence, "choose_sizes", lambda *_: Sizes(2, 700, 300, 100))
    monkeypatch.setattr(spill.ArrayFile, "_write", fail)
    with pytest.raises(type(error) if isinstance(error, OSError) else error):
        count_cooccurrences(corpus, vocabulary, threads=2)
    assert not any(own_folder.iterdir())


def test_no_folder_for_temporary_files(text, monkeypatch, tmp_path):
    corpus, vocabulary, _ = text
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(
        OutputError, match=r"missing: No such file .*; make room there, or name another folder with TMPDIR"
    ):
        count_cooccurrences(corpus, vocabulary)


_FULL_DISK = """
import resource, signal, sys
from firth.corpus import encode
from firth.corpus.cooccurrence import count_cooccurrences
from firth.errors import OutputError
words = [str(i % 997) for i in range(20_000)]
with encode([words]) as corpus:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        count_cooccurrences(corpus, corpus.vocabulary(), threads=2)
    except OutputError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of POSIX")
def test_a_full_disk(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", _FULL_DISK], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"cannot write the co-occurrence counts to {tmp_path}")
    assert "File too large; make room there" in ran.stdout
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("n_tokens", [10_000, 700])
def test_progress_goes_up_to_the_end(text, monkeypatch, n_tokens):
    corpus, vocabulary, _ = text
    monkeypatch.setattr(cooccurrence, "choose_sizes", lambda *_: Sizes(2, n_tokens, 300, 1000))
    monkeypatch.setattr(spill, "_PATIENCE", 0.0)
    shares = []
    count_cooccurrences(corpus, vocabulary, threads=2, progress=shares.append).close()
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 1
    assert shares[-1] == 1


def test_a_progress_that_fails_ends_the_count(text, own_folder, monkeypatch):
    corpus, vocabulary, _ = text
    monkeypatch.setattr(spill, "_PATIENCE", 0.0)

    def fail(share):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        count_cooccurrences(corpus, vocabulary, progress=fail)
    assert not any(own_folder.iterdir())


def test_released_records_come_back(text):
    corpus, vocabulary, _ = text
    with count_cooccurrences(corpus, vocabulary) as counts:
        before = np.array(counts.records)
        for start, stop in ((0, len(counts)), (5, len(counts) - 5), (0, 0)):
            counts.release(start, stop)
            np.testing.assert_array_equal(counts.records, before)
