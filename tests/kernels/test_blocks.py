"""Subsampling and windows of a block, against a plain reading of the same draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.kernels.compile import from_python
from firth.kernels.cpu import blocks, state
from firth.kernels.cpu.random import stream_key

N_TYPES = 20
UNWEIGHTED = np.empty(0, np.float32)
_MASK = (1 << 64) - 1
prepare_block = from_python(blocks.prepare_block)


def bits_at(key: np.uint64, position: int) -> int:
    """SplitMix64, in Python's whole numbers."""
    value = (int(key) + position * 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def windows(ids, lookup, keep, key, window, dynamic):
    """Each kept token with the tokens left and right of it in its window, document by document."""
    documents = [[]]
    for position, kind in enumerate(ids):
        if kind < 0:
            documents.append([])
        elif (row := lookup[kind]) >= 0:
            bits = bits_at(key, position)
            if bits >> 32 <= keep[row]:
                radius = ((bits & 0xFFFFFFFF) * window >> 32) + 1 if dynamic else window
                documents[-1].append((row, radius))
    found = []
    for document in documents:
        rows = [row for row, _ in document]
        for i, (row, radius) in enumerate(document):
            found.append((row, rows[max(0, i - radius) : i], rows[i + 1 : i + radius + 1]))
    return found


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 2**32), window=st.integers(1, 6), dynamic=st.booleans(), length=st.integers(1, 70))
def test_blocks_together_are_the_whole_text(seed, window, dynamic, length):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 250))
    ids = rng.integers(0, N_TYPES, n).astype(np.int32)
    ids[rng.random(n) < rng.choice([0.0, 0.05, 0.3])] = -1
    lookup = rng.permutation(N_TYPES).astype(np.int32) - 3  # three types are not in the vocabulary
    lookup[lookup < 0] = -1
    keep = rng.integers(2**30, 2**32, N_TYPES).astype(np.uint32)
    key = stream_key(seed, 0, 0)
    text = state.Text(ids, rng.random(n).astype(np.float32), lookup, keep)
    found, found_weights = [], []
    for start in range(0, n, length):
        stop = min(n, start + length)
        tokens, first, last = np.full((3, stop - start + 2 * window), -9, np.int32)
        weights = np.zeros(len(tokens), np.float32)
        begin, end = prepare_block(text, start, stop, key, window, dynamic, tokens, first, last, weights)
        for i in range(begin, end):
            found.append((tokens[i], list(tokens[first[i] : i]), list(tokens[i + 1 : last[i] + 1])))
        found_weights.extend(weights[begin:end])
    kept = [
        position
        for position, kind in enumerate(ids)
        if kind >= 0 and lookup[kind] >= 0 and bits_at(key, position) >> 32 <= keep[lookup[kind]]
    ]
    assert found_weights == list(text.weights[kept])
    assert found == windows(ids, lookup, keep, key, window, dynamic)


def test_keep_and_radius_have_the_right_frequencies():
    n, window = 200_000, 5
    ids = np.zeros(n, np.int32)
    keep = np.array([int(0.3 * 2**32)], np.uint32)
    tokens, first, last = np.zeros((3, n + 2 * window), np.int32)
    text = state.Text(ids, UNWEIGHTED, np.zeros(1, np.int32), keep)
    begin, end = prepare_block(text, 0, n, stream_key(1, 2, 0), window, True, tokens, first, last, UNWEIGHTED)
    assert (end - begin) / n == pytest.approx(0.3, abs=0.005)
    radii = (last - np.arange(len(last)))[begin + window : end - window]
    shares = np.bincount(radii, minlength=window + 1)[1:] / len(radii)
    assert shares == pytest.approx([0.2] * 5, abs=0.01)


def test_the_largest_probability_keeps_everything():
    n = 100_000
    tokens, first, last = np.zeros((3, n + 2), np.int32)
    keep = np.array([2**32 - 1], np.uint32)
    text = state.Text(np.zeros(n, np.int32), UNWEIGHTED, np.zeros(1, np.int32), keep)
    begin, end = prepare_block(text, 0, n, stream_key(0, 0, 0), 1, False, tokens, first, last, UNWEIGHTED)
    assert (begin, end) == (0, n)


def test_positions_beyond_two_to_the_31_draw_as_any_other():
    """Positions are 64 bits wide: the draws of a far position are those that its number says."""
    far = 2**33
    from firth.kernels.cpu.random import draw

    assert int(draw(np.uint64(5), np.uint64(far))) == bits_at(np.uint64(5), far)
