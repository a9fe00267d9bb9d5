"""Compiled training on co-occurrence records against the readable objective, and against itself on other threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from firth.kernels.compile import from_python
from firth.kernels.cpu import glove, intrinsics
from firth.kernels.cpu.cooccurrence import RECORD
from firth.objectives.glove import Weights, descend_records
from kernels.test_training import SHARE, or_compiled

X_MAX, EXPONENT, RATE = 10.0, 0.75, 0.05
VOCAB = 40
train_records = from_python(glove.train_records)


def random_model(dim, *, vocab=VOCAB, seed=0, spread=1.0):
    rng = np.random.default_rng([dim, seed])
    model = glove.Model(*(glove.make_side(vocab, dim) for _ in range(2)))
    for side in model:
        parts = glove.parts_of(side, dim)
        parts.weights[:] = rng.normal(0, spread / np.sqrt(dim), (vocab, dim))
        parts.biases[:] = rng.normal(0, 0.5, vocab)
        parts.squares[:] = 1 + rng.random((vocab, dim))
        parts.bias_squares[:] = 1 + rng.random(vocab)
    return model


def in_float64(model, dim):
    """The weights and the sums of squares as the objective takes them; copies."""
    inputs, outputs = (glove.parts_of(side, dim) for side in model)
    weights = Weights(
        input=inputs.weights.astype(float),
        output=outputs.weights.astype(float),
        input_bias=inputs.biases.astype(float),
        output_bias=outputs.biases.astype(float),
    )
    squares = Weights(
        input=inputs.squares.astype(float),
        output=outputs.squares.astype(float),
        input_bias=inputs.bias_squares.astype(float),
        output_bias=outputs.bias_squares.astype(float),
    )
    return weights, squares


def options_for(dim, *, n_strips=1, n_pieces=1):
    return glove.Options(
        width=glove.row_width(dim),
        n_strips=n_strips,
        n_pieces=n_pieces,
        log_x_max=np.float32(np.log(X_MAX)),
        exponent=np.float32(EXPONENT),
        rate=np.float32(RATE),
    )


def random_records(n, *, vocab=VOCAB, seed=1):
    """Records with counts from 0.05 to 3,000, far below x_max and far above; words meet themselves, too."""
    rng = np.random.default_rng(seed)
    records = np.zeros(n, RECORD)
    records["row"] = rng.integers(0, vocab, n)
    records["column"] = rng.integers(0, vocab, n)
    records["weight"] = np.exp(rng.uniform(-3, 8, n))
    return records


def assert_close(model, dim, weights, squares, rtol):
    got = in_float64(model, dim)
    for ours, expected in zip(got, (weights, squares), strict=True):
        for name in ("input", "output", "input_bias", "output_bias"):
            one, other = getattr(ours, name), getattr(expected, name)
            np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * np.abs(other).max(), err_msg=name)


@pytest.mark.parametrize("dim", [1, 3, 97, 100, 300])
@pytest.mark.parametrize("n", [1, 60])
def test_records_are_trained_as_the_objective_says(dim, n):
    model, records = random_model(dim), random_records(n)
    weights, squares = in_float64(model, dim)
    expected = descend_records(
        weights, squares, records.tolist(), x_max=X_MAX, exponent=EXPONENT, learning_rate=RATE
    )
    loss = train_records(records, 0, n, model, options_for(dim))
    assert loss == pytest.approx(expected, rel=1e-5)
    assert_close(model, dim, weights, squares, 1e-5 if n == 1 else 1e-4)
    for side in model:  # what lies beyond dim stays: 0 in weights, 1 in squares
        width = glove.row_width(dim)
        assert not side[:, dim:width].any()
        assert (side[:, width + dim : 2 * width] == 1).all()
        assert not side[:, 2 * width + 2 :].any()


@pytest.mark.parametrize("weight", [1e-3, 9.999, 10.0, 10.001, 1e9])
def test_weighting_at_its_edges(weight):
    records = np.array([(0, 1, weight)], RECORD)
    model = random_model(8)
    weights, squares = in_float64(model, 8)
    count = float(records["weight"][0])
    expected = descend_records(
        weights, squares, [(0, 1, count)], x_max=X_MAX, exponent=EXPONENT, learning_rate=RATE
    )
    assert train_records(records, 0, 1, model, options_for(8)) == pytest.approx(expected, rel=1e-5)
    assert_close(model, 8, weights, squares, 1e-5)


def blocks_of(records, n_strips):
    """Records sorted by block, and where blocks start."""
    block = records["row"] % n_strips * n_strips + records["column"] % n_strips
    order = np.argsort(block, kind="stable")
    return records[order], np.searchsorted(block[order], np.arange(n_strips**2 + 1))


def train(model, records, starts, options, threads, first=0, last=None, *, unset=np.nan):
    """Train on positions, with all threads at once; return the summed loss of each block of each position."""
    last = options.n_strips * options.n_pieces if last is None else last
    counters = np.zeros(intrinsics.N_COUNTERS, np.int64)
    losses = np.full((last - first, options.n_strips), unset)
    workers = [
        threading.Thread(
            target=glove.train_glove,
            args=(thread, threads, counters, first, last, records, starts, model, options, losses),
        )
        for thread in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return losses


@pytest.mark.parametrize(("n_strips", "n_pieces"), or_compiled((4, 3), (1, 1), (1, 3), (3, 1), (32, 4)))
@pytest.mark.parametrize("n", [3, 2000])
def test_an_epoch_is_a_float64_run_in_the_same_order(n_strips, n_pieces, n):
    dim = 10
    model = random_model(dim)
    records, starts = blocks_of(random_records(n), n_strips)
    weights, squares = in_float64(model, dim)
    order = [
        records[starts[b] + size * piece // n_pieces : starts[b] + size * (piece + 1) // n_pieces]
        for piece in range(n_pieces)
        for stratum in range(n_strips)
        for strip in range(n_strips)
        for b in [strip * n_strips + (strip + stratum) % n_strips]
        for size in [starts[b + 1] - starts[b]]
    ]
    assert sum(map(len, order)) == n
    expected = [
        descend_records(weights, squares, part.tolist(), x_max=X_MAX, exponent=EXPONENT, learning_rate=RATE)
        for part in order
    ]
    losses = train(model, records, starts, options_for(dim, n_strips=n_strips, n_pieces=n_pieces), threads=2)
    np.testing.assert_allclose(losses.ravel(), expected, rtol=1e-3, atol=1e-4)
    assert_close(model, dim, weights, squares, 2e-3)


@pytest.mark.parametrize("dim", or_compiled(5, 100))
def test_the_same_bits_on_any_number_of_threads(dim):
    records, starts = blocks_of(random_records(20_000 // SHARE**2, vocab=300), 4)
    options = options_for(dim, n_strips=4, n_pieces=2)
    results = []
    for threads in (1, 2, 3, 8)[: 2 if SHARE > 1 else 4]:
        model = random_model(dim, vocab=300, spread=0.1)
        losses = [train(model, records, starts, options, threads) for _ in range(2)]
        results.append((model.inputs.tobytes(), model.outputs.tobytes(), np.array(losses).tobytes()))
    assert len(set(results)) == 1


def test_positions_one_by_one_are_positions_at_once():
    records, starts = blocks_of(random_records(5000 // SHARE**2), 3)
    options = options_for(12, n_strips=3, n_pieces=2)
    at_once, one_by_one = random_model(12), random_model(12)
    losses = train(at_once, records, starts, options, 2)
    for position in range(6):
        part = train(one_by_one, records, starts, options, 2, position, position + 1)
        np.testing.assert_array_equal(part[0], losses[position])
    assert at_once.inputs.tobytes() == one_by_one.inputs.tobytes()
    assert at_once.outputs.tobytes() == one_by_one.outputs.tobytes()


def test_whoever_waits_for_a_thread_that_failed_goes_home():
    records, starts = blocks_of(random_records(100), 2)
    counters = np.zeros(intrinsics.N_COUNTERS, np.int64)
    losses = np.zeros((4, 2))
    worker = threading.Thread(
        target=glove.train_glove,
        args=(
            0,
            2,
            counters,
            0,
            4,
            records,
            starts,
            random_model(4),
            options_for(4, n_strips=2, n_pieces=2),
            losses,
        ),
    )
    worker.start()
    worker.join(0.2)
    assert worker.is_alive()
    counters[intrinsics.ABANDONED] = 1
    worker.join(30)
    assert not worker.is_alive()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("n_strips", [1, 4])
@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_weights_that_overflow_end_the_round_at_their_block(n_strips, threads, value):
    dim, n_pieces = 5, 3
    records, starts = blocks_of(random_records(600), n_strips)
    model = random_model(dim)
    word = int(records["row"][starts[1] - 1])  # of the first block's last piece
    glove.parts_of(model.inputs, dim).weights[word, 2] = value
    wanted = np.flatnonzero(
        [
            any(
                word in records["row"][first:last]
                for first, last in stretches(starts, n_strips, n_pieces, at)
            )
            for at in range(n_strips * n_pieces)
        ]
    )[0]
    options = options_for(dim, n_strips=n_strips, n_pieces=n_pieces)
    losses = train(model, records, starts, options, threads, unset=-1.0)
    assert np.isfinite(losses[:wanted]).all()
    assert not np.isfinite(losses[wanted]).all()
    assert wanted + 1 < len(losses)
    assert (losses[wanted + 1 :] == -1.0).all()
    untouched = in_float64(model, dim)[0].input[[w for w in range(VOCAB) if w % n_strips != word % n_strips]]
    assert np.isfinite(untouched).all()


def stretches(starts, n_strips, n_pieces, position):
    """Where the records of a position lie."""
    piece, stratum = divmod(position, n_strips)
    for strip in range(n_strips):
        block = strip * n_strips + (strip + stratum) % n_strips
        start, length = starts[block], starts[block + 1] - starts[block]
        yield start + length * piece // n_pieces, start + length * (piece + 1) // n_pieces
