"""Positions and elements beyond 2**31 and 2**32: the arithmetic of offsets, on files and matrices full of holes."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from firth.corpus.chunks import Part, cut_chunks
from firth.corpus.pages import release_pages
from firth.errors import CorpusError
from firth.kernels.cpu import cooccurrence, state
from firth.kernels.cpu.random import stream_key
from kernels.test_blocks import bits_at, prepare_block
from kernels.test_training import DIM, TYPES, VOCAB, WINDOW, a_run, reference, train

FAR = [2**31 - 1500, 2**32 - 1500]
pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="needs files with holes")


def with_holes(path, dtype, length, begin, content):
    """Return a read-only array on disk, zero but for `content` from `begin` on: it takes a few pages."""
    array = np.memmap(path, dtype, "w+", shape=(length,))
    array[begin : begin + len(content)] = content
    array.flush()
    return np.memmap(path, dtype, "r")


@pytest.mark.parametrize("begin", FAR)
def test_tokens_far_away_are_kept_and_windowed_as_their_position_says(tmp_path, begin):
    rng = np.random.default_rng(1)
    own = rng.integers(0, 9, 3000).astype(np.int32)
    own[rng.random(3000) < 0.05] = -1
    own[0] = -1  # before it lie zeros, which are a type
    text = state.Text(
        with_holes(tmp_path / "ids", np.int32, begin + 3000, begin, own),
        np.empty(0, np.float32),
        np.arange(9, dtype=np.int32),
        rng.integers(2**30, 2**32, 9).astype(np.uint32),
    )
    tokens, first, last = np.zeros((3, 3000 + 2 * WINDOW), np.int32)
    key = stream_key(3, 1, 0)
    start, end = prepare_block(
        text, begin, begin + 3000, key, WINDOW, True, tokens, first, last, np.empty(0, np.float32)
    )
    kept = [
        (kind, ((bits & 0xFFFFFFFF) * WINDOW >> 32) + 1)
        for place, kind in enumerate(own)
        if kind >= 0 and (bits := bits_at(key, begin + place)) >> 32 <= text.keep[kind]
    ]
    assert tokens[start:end].tolist() == [kind for kind, _ in kept]
    for i, (_, radius) in enumerate(kept, start):
        assert i - radius <= first[i] <= i <= last[i] <= i + radius


@pytest.mark.parametrize("begin", FAR)
def test_training_far_away_is_as_the_objectives_say(tmp_path, begin):
    run = a_run()
    n = len(run.text.ids)
    own = run.text.ids.copy()
    own[0] = -1
    text = run.text._replace(
        ids=with_holes(tmp_path / "ids", np.int32, begin + n, begin, own),
        weights=with_holes(tmp_path / "weights", np.float32, begin + n, begin, run.text.weights),
    )
    run = run._replace(text=text, stretch=run.stretch._replace(start=begin, stop=begin + n))
    weights, loss, pairs = reference(run)
    np.testing.assert_allclose(train(2, run), [loss, pairs], rtol=1e-5)
    for trained, wanted in zip(run.rows(), weights, strict=True):
        np.testing.assert_allclose(trained, wanted, atol=2e-5)


@pytest.mark.parametrize("threads", [1, 2])
def test_matrices_of_more_than_2_to_the_31_elements(threads):
    """The same training on rows at the end of a huge matrix as on a small one; only the rows in use take memory."""
    width = state.slice_width(DIM)
    base = 2**31 // (state.SLICES * width)
    results = []
    for offset in (0, base):
        run = a_run()
        n_rows = offset + TYPES + 1
        try:
            inputs, outputs = (state.make_matrix(n_rows, DIM) for _ in range(2))
            keep, noise = np.zeros(n_rows, np.uint32), np.zeros((n_rows, 2), np.uint32)
        except MemoryError:
            pytest.skip("the system promises no memory beyond what it has")
        mine = slice(offset + 1, offset + 1 + VOCAB)
        for matrix, given in zip((inputs, outputs), run.rows(), strict=False):
            state.put_rows(matrix, mine, given)
            state.put_rows(matrix, slice(0, 1), given[:1])
        keep[mine] = run.text.keep
        lookup = np.where(run.text.lookup < 0, -1, run.text.lookup + offset + 1).astype(np.int32)
        run = run._replace(
            # All noise words are row 0, which no token is: so says a table of zeros.
            tables=run.tables._replace(noise=noise),
            text=run.text._replace(lookup=lookup, keep=keep),
            model=run.model._replace(inputs=inputs, outputs=outputs),
        )
        assert offset == 0 or inputs.size > 2**31
        totals = train(threads, run)
        rows = [*range(1), *range(mine.start, mine.stop)]
        results.append([totals, *(matrix[:, rows].copy() for matrix in (inputs, outputs))])
    for small, large in zip(*results, strict=True):
        np.testing.assert_array_equal(small, large)
    assert not np.array_equal(results[0][1], 0)


def test_dense_rows_are_put_and_taken_beyond_2_to_the_31():
    base = 2**31 // state.slice_width(8)
    try:
        matrix = state.make_matrix(base + 4, 8)
    except MemoryError:
        pytest.skip("the system promises no memory beyond what it has")
    rows = np.arange(32, dtype=np.float32).reshape(4, 8)
    state.put_rows(matrix, slice(base, base + 4), rows)
    state.put_rows(matrix, np.array([base + 3, base]), rows[:2])
    np.testing.assert_array_equal(matrix[0, base:], [rows[1], rows[1], rows[2], rows[0]])
    assert matrix.reshape(-1)[2**31] == rows[1, 0]


def test_neighbors_are_counted_at_places_up_to_2_to_the_32(tmp_path):
    begin = 2**32 - 20
    own = np.array([-1, 0, 1, 2, 0, 1, -1, 2, 1, 0, -1], np.int32)
    tokens = with_holes(tmp_path / "tokens", np.int32, begin + len(own), begin, own)
    near = np.concatenate([[-1], own[1:]]).astype(np.int32)
    counted = []
    for offset, ids in ((0, near), (begin, tokens)):
        places = np.concatenate([offset + np.flatnonzero(own == word) for word in range(3)]).astype(np.uint32)
        starts = np.array([0, 3, 6, 8], np.int64)
        weights = np.array([0, 6, 3, 2], np.uint64)
        counts, neighbors = np.zeros(3, np.int64), np.empty(20, cooccurrence.NEIGHBOR)
        n = cooccurrence.count_rows(
            0, 3, ids, offset, starts, places, weights, True, np.zeros(3, np.uint64), np.zeros(4, np.int32), counts,
            neighbors,
        )  # fmt: skip
        counted.append((counts.tolist(), neighbors[:n].tolist()))
    assert counted[0] == counted[1]
    assert sum(counted[0][0]) > 4


def test_offsets_of_text_go_on_beyond_2_to_the_32():
    offset = 2**32 + 5
    chunks = list(cut_chunks([Part("corpus", [(offset, b"fine \xff")])], lambda: 0))
    with pytest.raises(CorpusError, match=r"corpus is not UTF-8: byte 4,294,967,306 of its text"):
        chunks[0].text("strict")


def test_pages_beyond_2_to_the_31_bytes_are_released(tmp_path):
    begin = 2**30  # of four bytes each
    array = with_holes(tmp_path / "ids", np.int32, begin + 100_000, begin, np.arange(100_000, dtype=np.int32))
    assert array[begin:].sum(dtype=np.int64) == 99_999 * 50_000
    release_pages(array, begin - 5, begin + 50_000)
    release_pages(array, begin, len(array))
    assert array[begin:].sum(dtype=np.int64) == 99_999 * 50_000
