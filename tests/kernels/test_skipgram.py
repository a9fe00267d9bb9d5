"""The compiled chunk against the readable objective, on fixed draws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from firth.kernels.cpu import skipgram, state
from firth.objectives.chunk import chunk_loss_and_gradients

VOCAB = 40


def sliced(rows: np.ndarray) -> np.ndarray:
    matrix = state.make_matrix(*rows.shape)
    state.put_rows(matrix, slice(None), rows)
    return matrix


def text(
    rng: np.random.Generator, n: int, window: int, vocab: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random tokens in documents of random length, with random radii."""
    tokens = rng.integers(0, vocab, n).astype(np.int32)
    first, last = np.empty(n, np.int32), np.empty(n, np.int32)
    edges = [0, *np.flatnonzero(rng.random(n) < 0.1), n]
    for begin, end in itertools.pairwise(edges):
        for i in range(begin, end):
            radius = rng.integers(1, window + 1)
            first[i], last[i] = max(begin, i - radius), min(end - 1, i + radius)
    return tokens, first, last


def compiled(inputs, outputs, spans, centers, noise, *, negatives, window, n_centers, rate=1.0):
    """Loss, pairs, dense gradients and masses of a chunk, slice by slice as the drivers do it."""
    tokens, first, last = spans
    dim = inputs.shape[1]
    options = state.Options(
        window=window, dynamic=True, negatives=negatives, n_centers=n_centers, n_noise=len(noise), n_chunks=1,
        cap=128.0, block_length=len(tokens),
    )  # fmt: skip
    work = state.make_workspace(options, vocab_size=len(inputs), threads=1)
    step, exchange = (
        state.make_super_step(options, width=state.slice_width(dim)),
        state.make_exchange(options),
    )
    rows, steps, masses = step.rows[0], step.steps[0], step.masses[0]
    steps[:], masses[:] = np.nan, np.nan
    low, n_rows = skipgram.chunk_rows(tokens, first, last, *centers, n_centers, len(noise), rows)
    rows[n_centers : n_centers + len(noise)] = noise
    noise_logits, pair_logits = exchange.noise_logits[0, 0], exchange.pair_logits[0, 0]
    slices = list(zip(sliced(inputs), sliced(outputs), strict=True))
    for part, (input_slice, output_slice) in enumerate(slices):
        input_slice.flags.writeable = output_slice.flags.writeable = False  # they are only read
        skipgram.chunk_logits(
            first, last, *centers, low, rows, input_slice, output_slice, step.centers[0, part], step.noise[0, part],
            noise_logits[part], pair_logits[part],
        )  # fmt: skip
    loss, n_pairs = skipgram.chunk_errors(
        first, last, *centers, low, rows, n_rows, noise_logits, pair_logits, np.float32(rate), negatives, work, masses
    )  # fmt: skip
    gradients = np.zeros((2, *sliced(inputs).shape))
    for part, (_, output_slice) in enumerate(slices):
        skipgram.chunk_steps(
            first, last, *centers, low, rows, n_rows, output_slice, step.centers[0, part], step.noise[0, part], work,
            steps[part],
        )  # fmt: skip
        np.add.at(gradients[0, part], rows[:n_centers], steps[part, :n_centers])
        np.add.at(gradients[1, part], rows[n_centers:n_rows], steps[part, n_centers:n_rows])
    by_input, by_output = (-np.concatenate(list(side), axis=1) / rate for side in gradients)
    assert not by_input[:, dim:].any()
    assert not by_output[:, dim:].any()
    return loss, n_pairs, by_input[:, :dim], by_output[:, :dim], masses[:n_rows]


@pytest.mark.parametrize("dim", [1, 3, 97, 100, 300])
@pytest.mark.parametrize("window", [1, 5])
@pytest.mark.parametrize(("n_centers", "n_used"), [(32, 32), (32, 7), (5, 5), (1, 1)])
def test_a_chunk_is_what_the_objective_says(dim, window, n_centers, n_used):
    rng = np.random.default_rng([dim, window, n_centers, n_used])
    spans = text(rng, 120, window, VOCAB)
    scale = 3.0 / np.sqrt(dim)  # logits of both signs, small and large
    inputs, outputs = rng.normal(0, scale, (2, VOCAB, dim)).astype(np.float32)
    noise = rng.integers(0, VOCAB, 32)  # many equal context words, and each other
    centers = (50, 50 + n_used)
    expected = chunk_loss_and_gradients(inputs, outputs, *spans, centers, noise, negatives=5)
    loss, n_pairs, by_input, by_output, _ = compiled(
        inputs, outputs, spans, centers, noise,
        negatives=5, window=window, n_centers=n_centers, rate=0.5,
    )  # fmt: skip
    assert n_pairs == expected.n_pairs > 0
    assert loss == pytest.approx(expected.loss, rel=2e-6)
    tolerance = 2e-6 * np.abs(expected.output_gradient).max()
    np.testing.assert_allclose(by_input, expected.input_gradient, rtol=1e-5, atol=tolerance)
    np.testing.assert_allclose(by_output, expected.output_gradient, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("logit", [-80.0, -20.0, -1e-3, 0.0, 1e-3, 20.0, 80.0])
def test_nothing_saturates_and_no_update_is_skipped(logit):
    """Large logits of either sign keep the exact loss and gradient; word2vec.c's tables stop at 6."""
    inputs, outputs = np.full((2, 1), 1.0, np.float32), np.array([[logit], [-logit]], np.float32)
    spans = tuple(np.array(a, np.int32) for a in ([0, 0], [0, 0], [1, 1]))
    noise = np.array([1])
    expected = chunk_loss_and_gradients(inputs, outputs, *spans, (0, 1), noise, negatives=5)
    # Beyond 37 the objective itself rounds 1 - sigmoid to 0 in float64, hence the absolute tolerance below.
    loss, _, by_input, by_output, _ = compiled(
        inputs, outputs, spans, (0, 1), noise, negatives=5, window=1, n_centers=1
    )
    assert loss == pytest.approx(expected.loss, rel=1e-6, abs=1e-37)
    np.testing.assert_allclose(by_input, expected.input_gradient, rtol=1e-6, atol=1e-14)
    np.testing.assert_allclose(by_output, expected.output_gradient, rtol=1e-6, atol=1e-14)


def test_masses_count_the_terms_of_the_loss():
    rng = np.random.default_rng(3)
    spans = text(rng, 60, 4, VOCAB)
    inputs, outputs = rng.normal(0, 1, (2, VOCAB, 16)).astype(np.float32)
    noise = rng.integers(0, VOCAB, 8)
    _, n_pairs, _, _, masses = compiled(
        inputs, outputs, spans, (20, 36), noise, negatives=5, window=4, n_centers=16
    )
    assert masses[:16].sum() == pytest.approx(
        n_pairs * 6
    )  # each pair has one positive term and five against noise
    assert masses[16:24].sum() == pytest.approx(n_pairs * 5)
    assert masses[24:].sum() == pytest.approx(n_pairs)
