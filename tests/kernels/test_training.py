"""Whole stretches of training against the objectives, and against themselves on other numbers of threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from firth.kernels.cpu import intrinsics, state
from firth.kernels.cpu.blocks import prepare_block
from firth.kernels.cpu.hogwild import train_hogwild
from firth.kernels.cpu.noise import alias_table, draw_noise
from firth.kernels.cpu.random import stream_key
from firth.kernels.cpu.synchronous import train_synchronous
from firth.objectives.chunk import chunk_loss_and_gradients

VOCAB, DIM, RATE, SLOPE = 30, 20, 0.05, -1e-6


def a_run(*, cap=8.0, n_chunks=3, n=3000, block_length=700):
    """A small corpus with documents, unknown types and subsampling, and fresh weights."""
    rng = np.random.default_rng(5)
    ids = rng.choice(VOCAB, n, p=np.arange(VOCAB, 0, -1) / np.arange(VOCAB, 0, -1).sum()).astype(np.int32)
    ids[rng.random(n) < 0.04] = -1
    lookup = np.arange(VOCAB, dtype=np.int32)
    lookup[-2:] = -1
    text = state.Text(
        ids,
        lookup,
        rng.integers(2**31, 2**32, VOCAB).astype(np.uint32),
        alias_table(rng.random(VOCAB - 2) + 0.1),
    )
    model = state.Model(state.make_matrix(VOCAB, DIM), state.make_matrix(VOCAB, DIM))
    for matrix in model:
        state.put_rows(matrix, slice(None), rng.normal(0, 0.3, (VOCAB, DIM)).astype(np.float32))
    options = state.Options(3, True, 5, 8, 16, n_chunks, cap, block_length)
    stretch = state.Stretch(0, n, stream_key(1, 0, 0), stream_key(1, 0, 1), RATE, SLOPE)
    return text, model, options, stretch


def train(threads, text, model, options, stretch, *, deterministic=True):
    options = options if deterministic else options._replace(n_chunks=2)
    groups = state.n_groups(threads) if deterministic else threads
    n_blocks = -(-(stretch.stop - stretch.start) // options.block_length)
    counters = np.zeros(intrinsics.N_COUNTERS, np.int64)
    blocks = state.make_blocks(options, n_blocks)
    exchanges = [state.make_exchange(options) for _ in range(threads)]
    steps = [state.make_super_step(options, width=state.slice_width(DIM)) for _ in range(groups)]
    work = [state.make_workspace(options, vocab_size=VOCAB, threads=threads) for _ in range(threads)]
    totals = np.zeros((threads, 2))

    def go(t):
        shared = (counters, stretch, text, model, options, blocks)
        if deterministic:
            train_synchronous(t, threads, *shared, exchanges[0], steps[t % groups], work[t], totals[t])
        else:
            train_hogwild(t, *shared, exchanges[t], steps[t], work[t], totals[t])

    pool = [threading.Thread(target=go, args=(t,)) for t in range(threads)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    return totals.sum(axis=0)


def reference(text, model, options, stretch):
    """The same training in float64: super-step by super-step, each computed from the weights at its start."""
    weights = [state.dense_rows(matrix, DIM).astype(np.float64) for matrix in model]
    loss = pairs = 0.0
    size = options.n_centers * options.n_chunks
    for start in range(stretch.start, stretch.stop, options.block_length):
        length = min(options.block_length, stretch.stop - start)
        tokens, first, last = np.zeros((3, options.block_length + 2 * options.window), np.int32)
        begin, end = prepare_block(
            text.ids, start, start + length, text.lookup, text.keep, stretch.text_key, options.window,
            options.dynamic, tokens, first, last,
        )  # fmt: skip
        for step in range(begin, end, size):
            sums = [np.zeros_like(matrix) for matrix in weights]
            masses = np.zeros((2, VOCAB))
            stop = min(step + size, end)
            for center in range(step, stop, options.n_centers):
                behind = min(center + options.n_centers, stop)
                noise = np.empty(options.n_noise, np.uint32)
                counter = np.uint64(start + center - begin) * np.uint64(options.n_noise)
                draw_noise(stretch.noise_key, counter, text.noise, noise)
                result = chunk_loss_and_gradients(
                    *weights, tokens, first, last, (center, behind), noise, negatives=options.negatives
                )
                rate = stretch.rate + stretch.rate_slope * (
                    start - stretch.start + length * (center - begin) / (end - begin)
                )
                sums[0] -= rate * result.input_gradient
                sums[1] -= rate * result.output_gradient
                loss += result.loss
                pairs += result.n_pairs
                for i in range(center, behind):
                    context = [j for j in range(first[i], last[i] + 1) if j != i]
                    masses[0, tokens[i]] += len(context) * (1 + options.negatives)
                    np.add.at(masses[1], tokens[context], 1.0)
                    np.add.at(masses[1], noise, len(context) * options.negatives / options.n_noise)
            for matrix, addition, mass in zip(weights, sums, masses, strict=True):
                damping = np.minimum(1.0, options.cap / np.maximum(mass, 1e-9))
                matrix[:] += damping[:, None] * addition
    return weights, loss, pairs


@pytest.mark.parametrize("cap", [8.0, 40.0, 1e9])
def test_a_stretch_is_what_the_objective_says_damping_included(cap):
    text, model, options, stretch = a_run(cap=cap)
    weights, loss, pairs = reference(text, model, options, stretch)
    totals = train(1, text, model, options, stretch)
    assert totals[1] == pairs
    assert totals[0] == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(state.dense_rows(model.inputs, DIM), weights[0], atol=2e-4)
    np.testing.assert_allclose(state.dense_rows(model.outputs, DIM), weights[1], atol=2e-4)


@pytest.mark.parametrize("threads", [2, 3, 4, 6])
def test_the_same_bits_on_any_number_of_threads(threads):
    text, alone, options, stretch = a_run()
    totals = train(1, text, alone, options, stretch)
    _, together, _, _ = a_run()
    totals_together = train(threads, text, together, options, stretch)
    assert totals.tobytes() == totals_together.tobytes()
    for one, other in zip(alone, together, strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_stretch_in_two_parts_is_the_whole_stretch():
    text, whole, options, stretch = a_run()
    train(2, text, whole, options, stretch)
    _, parts, _, _ = a_run()
    middle = 2 * options.block_length
    train(2, text, parts, options, stretch._replace(stop=middle))
    train(2, text, parts, options, stretch._replace(start=middle, rate=RATE + SLOPE * middle))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)  # the rate is rounded at another place


def test_hogwild_alone_is_undamped_chunk_after_chunk():
    text, model, options, stretch = a_run()
    weights, loss, pairs = reference(text, model, options._replace(n_chunks=1, cap=1e9), stretch)
    totals = train(1, text, model, options, stretch, deterministic=False)
    assert totals[1] == pairs
    assert totals[0] == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(state.dense_rows(model.inputs, DIM), weights[0], atol=2e-4)


def test_hogwild_trains_the_same_pairs_on_any_number_of_threads():
    pairs = []
    for threads in (1, 2, 4):
        text, model, options, stretch = a_run()
        pairs.append(train(threads, text, model, options, stretch, deterministic=False)[1])
    assert pairs[0] == pairs[1] == pairs[2] > 0


def test_threads_go_home_when_one_has_failed():
    """A thread that never comes to a meeting must not hold the others forever."""
    text, model, options, stretch = a_run()
    counters = np.zeros(intrinsics.N_COUNTERS, np.int64)
    args = (
        0, 2, counters, stretch, text, model, options, state.make_blocks(options, 8), state.make_exchange(options),
        state.make_super_step(options, width=state.slice_width(DIM)),
        state.make_workspace(options, vocab_size=VOCAB, threads=2), np.zeros(2),
    )  # fmt: skip
    waiting = threading.Thread(target=train_synchronous, args=args)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    counters[intrinsics.ABANDONED] = 1
    waiting.join(120)  # it may have to compile first
    assert not waiting.is_alive()
