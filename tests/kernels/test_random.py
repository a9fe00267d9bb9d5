"""The counter-based generator, the noise distribution, the activations."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy import stats

from firth.kernels.compile import kernel
from firth.kernels.cpu.activation import exp_minus_abs, sigmoid_of, softplus_of
from firth.kernels.cpu.noise import alias_table, draw_noise
from firth.kernels.cpu.random import stream_key

SHARE = 50 if numba.config.DISABLE_JIT else 1


def test_streams_of_another_seed_epoch_or_number_differ():
    keys = {
        int(stream_key(seed, epoch, stream))
        for seed in range(20)
        for epoch in range(20)
        for stream in range(3)
    }
    assert len(keys) == 20 * 20 * 3
    assert stream_key(2**63 - 1, 10**6, 1) == stream_key(2**63 - 1, 10**6, 1)


@pytest.mark.parametrize("size", [1, 2, 3, 100, 5000])
def test_noise_comes_as_its_weights_say(size):
    rng = np.random.default_rng(size)
    weights = rng.pareto(1.0, size) + 1e-3
    weights[rng.random(size) < 0.1] = 0.0
    weights[0] = 1.0
    draws = np.empty(1_000_000 // SHARE, np.uint32)
    draw_noise(stream_key(1, 2, 3), np.uint64(0), alias_table(weights), draws)
    found = np.bincount(draws, minlength=size)
    assert not found[weights == 0].any()
    expected = weights / weights.sum() * len(draws)
    often = expected >= 5
    if often.sum() > 1:
        rest = [found[~often].sum()] if (~often).any() and expected[~often].sum() >= 5 else []
        rest_expected = [expected[~often].sum()] if rest else []
        f, e = np.array([*found[often], *rest]), np.array([*expected[often], *rest_expected])
        assert stats.chisquare(f, e * f.sum() / e.sum()).pvalue > 1e-4


def test_the_alias_table_is_exact():
    """Each word's slots add up to its probability, up to the resolution of 2**-32."""
    weights = np.arange(1, 1001, dtype=np.float64) ** -0.75
    table = alias_table(weights)
    kept = (table[:, 0].astype(np.float64) + 0.5) / 2**32
    probabilities = kept.copy()
    np.add.at(probabilities, table[:, 1], 1 - kept)
    np.testing.assert_allclose(probabilities / 1000, weights / weights.sum(), rtol=0, atol=1e-11)


def test_draws_depend_only_on_their_number():
    table = alias_table(np.ones(1000))
    whole, part = np.empty(100, np.uint32), np.empty(40, np.uint32)
    draw_noise(np.uint64(7), np.uint64(2**40), table, whole)
    draw_noise(np.uint64(7), np.uint64(2**40 + 60), table, part)
    np.testing.assert_array_equal(whole[60:], part)


@kernel(fastmath=True)
def _activations(x, sigmoids, softpluses):
    for i in range(len(x)):
        e = exp_minus_abs(x[i])
        sigmoids[i] = sigmoid_of(x[i], e)
        softpluses[i] = softplus_of(x[i], e)


def test_sigmoid_and_softplus_are_exact_to_float32():
    x = np.linspace(-87, 87, 1_000_000 // SHARE + 1, dtype=np.float32)
    sigmoids, softpluses = np.empty_like(x), np.empty_like(x)
    _activations(x, sigmoids, softpluses)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(sigmoids, 1 / (1 + np.exp(-exact)), rtol=4e-6)  # exp's argument has 24 bits
    np.testing.assert_allclose(softpluses, np.logaddexp(0, exact), rtol=4e-6)
    near = np.abs(x) < 8
    np.testing.assert_allclose(sigmoids[near], (1 / (1 + np.exp(-exact)))[near], rtol=6e-7)
    assert np.isfinite(softpluses).all()
    np.testing.assert_array_equal(sigmoids[x == 0], 0.5)
