"""Whole stretches of training against the objectives, and against themselves on other numbers of threads."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numba
import numpy as np
import pytest

import firth
from firth.kernels.compile import from_python
from firth.kernels.cpu import blocks, intrinsics, state
from firth.kernels.cpu.hogwild import train_hogwild
from firth.kernels.cpu.noise import draw_noise
from firth.kernels.cpu.random import stream_key
from firth.kernels.cpu.synchronous import train_synchronous
from firth.objectives.chunk import joint_loss_and_gradients, sampled_loss_and_gradients
from firth.objectives.examples import cbow_examples, skipgram_examples
from firth.objectives.hierarchical_softmax import huffman_tree
from firth.training.plan import make_options, make_tables
from firth.vocabulary import Vocabulary

TYPES, DIM, WINDOW, RATE, SLOPE = 30, 20, 3, 0.05, -1e-6
VOCAB = TYPES - 2
prepare_block = from_python(blocks.prepare_block)

MODELS = {
    "skipgram": firth.SkipGram,
    "cbow": firth.CBOW,
    "cbow-positions": lambda **options: firth.CBOW(position_weights=True, cbow_gradient="exact", **options),
    "fasttext": lambda **options: firth.FastText(min_n=1, max_n=3, buckets=25, **options),
    "fasttext-cbow": lambda **options: firth.FastText(
        architecture="cbow", min_n=1, max_n=3, buckets=25, **options
    ),
}
TREE, BOTH = "hierarchical-softmax", "hierarchical-softmax+negative-sampling"
LOSSES = ["negative-sampling", TREE, BOTH]
# Where kernels run as plain Python, a fifth of the text and a part of the cases must do.
SHARE = 5 if numba.config.DISABLE_JIT else 1


def or_compiled(*values):
    """Return values of parameters, for all but the first of which kernels must be compiled."""
    rest = (value if isinstance(value, tuple) else (value,) for value in values[1:])
    return [values[0], *(pytest.param(*value, marks=pytest.mark.compiled) for value in rest)]


class Run(NamedTuple):
    """A small corpus with documents, unknown types and subsampling, and fresh weights."""

    config: firth.SkipGram | firth.CBOW | firth.FastText
    counts: np.ndarray
    text: state.Text
    tables: state.Tables
    model: state.Model
    options: state.Options
    stretch: state.Stretch

    def rows(self) -> list[np.ndarray]:
        return [state.dense_rows(matrix, DIM) for matrix in self.model]


def a_run(model="skipgram", loss="negative-sampling", *, cap=8.0, n_chunks=3, n=3000, block_length=700):
    n, block_length = n // SHARE, block_length // SHARE
    noise = {} if loss == TREE else {"shared_negatives": 16}
    config = MODELS[model](dim=DIM, window=WINDOW, loss=loss, **noise)
    rng = np.random.default_rng(5)
    ids = rng.choice(TYPES, n, p=np.arange(TYPES, 0, -1) / np.arange(TYPES, 0, -1).sum()).astype(np.int32)
    ids[rng.random(n) < 0.04] = -1
    lookup = np.arange(TYPES, dtype=np.int32)
    lookup[VOCAB:] = -1
    counts = np.bincount(ids[ids >= 0], minlength=TYPES)[:VOCAB]
    noise = rng.random(VOCAB) + 0.1
    words = Vocabulary([f"{'aeiou'[i % 5]}{i}" for i in range(VOCAB)], counts)
    _, tables = make_tables(config, words, counts, noise / noise.sum())
    keep = rng.integers(2**31, 2**32, VOCAB).astype(np.uint32)
    weights = np.where(np.arange(n) < n // 2, 1.0, 0.5).astype(np.float32)
    text = state.Text(ids, weights, lookup, keep)
    options = make_options(config, tables, vocab_size=VOCAB, centers=8, cap=cap)
    options = options._replace(n_chunks=n_chunks, block_length=block_length)
    n_inputs = int(tables.subwords.max()) + 1 if len(tables.subwords) else VOCAB
    n_outputs = {TREE: VOCAB - 1, BOTH: 2 * VOCAB - 1}.get(loss, VOCAB)
    sizes = (n_inputs, n_outputs, options.n_places)
    weights = state.Model(*(state.make_matrix(size, DIM) for size in sizes))
    for matrix in weights:
        rows = rng.normal(0, 0.3, (matrix.shape[1], DIM)).astype(np.float32)
        state.put_rows(matrix, slice(None), rows)
    # Undamped, the steps of both losses run away at the full rate, and what is rounded with them.
    rate = RATE if cap < 1e9 else RATE / 2
    stretch = state.Stretch(0, n, stream_key(1, 0, 0), stream_key(1, 0, 1), rate, SLOPE)
    return Run(config, counts, text, tables, weights, options, stretch)


def train(threads, run, *, deterministic=True):
    """Train on the whole stretch, and return the loss and the number of pairs."""
    return train_until(threads, run, deterministic=deterministic)[:2]


def train_until(threads, run, *, deterministic=True):
    options = run.options if deterministic else run.options._replace(n_chunks=2)
    n_blocks = -(-(run.stretch.stop - run.stretch.start) // options.block_length)
    counters = np.zeros(intrinsics.N_COUNTERS, np.int64)
    lines = state.make_blocks(options, n_blocks, weighted=True)
    exchanges = [state.make_exchange(options) for _ in range(threads)]
    groups, width = state.n_groups(threads), state.slice_width(DIM)
    steps = state.make_super_steps(options, width=width, groups=groups)
    own_steps = [state.make_super_step(options, width=width) for _ in range(threads)]
    owners = threads if deterministic else 1
    work = [state.make_workspace(options, run.model, threads=owners) for _ in range(threads)]
    totals = np.zeros((threads, 3))

    def go(t):
        shared = (counters, run.stretch, run.text, run.tables, run.model, options, lines)
        if deterministic:
            train_synchronous(t, threads, *shared, exchanges[0], *steps[t % groups], work[t], totals[t])
        else:
            train_hogwild(t, *shared, exchanges[t], own_steps[t], work[t], totals[t])

    pool = [threading.Thread(target=go, args=(t,)) for t in range(threads)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    return totals.sum(axis=0)


def reference(run):
    """The same training in float64: super-step by super-step, each computed from the weights at its start."""
    text, tables, options, stretch = run.text, run.tables, run.options, run.stretch
    weights = [rows.astype(np.float64) for rows in run.rows()]
    loss = pairs = 0.0
    size = options.n_centers * options.n_chunks
    for start in range(stretch.start, stretch.stop, options.block_length):
        length = min(options.block_length, stretch.stop - start)
        tokens, first, last = np.zeros((3, options.block_length + 2 * options.window), np.int32)
        token_weights = np.zeros(len(tokens), np.float32)
        begin, end = prepare_block(
            text, start, start + length, stretch.text_key, options.window, options.dynamic, tokens, first, last,
            token_weights,
        )  # fmt: skip
        for step in range(begin, end, size):
            sums = [np.zeros_like(matrix) for matrix in weights]
            masses = [np.zeros(len(matrix)) for matrix in weights]
            for center in range(step, min(step + size, end), options.n_centers):
                behind = min(center + options.n_centers, step + size, end)
                rate = stretch.rate + stretch.rate_slope * (
                    start - stretch.start + length * (center - begin) / (end - begin)
                )
                noise = np.empty(options.n_noise, np.int64)
                if len(noise):
                    counter = np.uint64(start + center - begin) * np.uint64(len(noise))
                    draw_noise(stretch.noise_key, counter, tables.noise, noise)
                for i in range(center, behind):
                    add_example(
                        run, weights, (tokens, first, last, token_weights), i, noise, rate, sums, masses
                    )
                    if last[i] > first[i]:
                        found = 1 if run.config.predicts_center else last[i] - first[i]
                        pairs += found * token_weights[i]
                        loss += add_example.loss
            for matrix, addition, mass in zip(weights, sums, masses, strict=True):
                damping = np.minimum(1.0, options.cap / np.maximum(mass, 1e-9))
                matrix[:] += damping[:, None] * addition
    return weights, loss, pairs


def add_example(run, weights, spans, i, noise, rate, sums, masses):  # noqa: PLR0917
    """Add what one center changes the rows by, and how many terms of the loss that sums up."""
    tokens, first, last, token_weights = spans
    options, offsets = run.options, run.tables.subword_offsets
    args = {"weights": np.full(VOCAB, token_weights[i])}
    if len(offsets):
        args["subword_ids"] = np.split(run.tables.subwords, offsets[1:-1])
    build = cbow_examples if run.config.predicts_center else skipgram_examples
    if options.exact:
        args["cbow_gradient"] = "exact"
    if options.n_places:
        args["position_weights"] = weights[2]
    words = build(tokens, first, last, (i, i + 1), **args)
    paths = build(tokens, first, last, (i, i + 1), tree=huffman_tree(run.counts), **args)
    if not words:
        return
    ((example,), (path,)), negatives = (words, paths), options.negatives
    n_terms, terms = negatives * example.n_pairs, np.append(example.output_ids, VOCAB + path.output_ids)
    if run.config.loss == "negative-sampling":
        result = sampled_loss_and_gradients(*weights[:2], words, noise, negatives=negatives)
        terms = example.output_ids
    elif run.config.loss == TREE:
        result = sampled_loss_and_gradients(*weights[:2], paths, noise, negatives=negatives)
        n_terms, terms = 0, path.output_ids
    else:
        outputs, nodes = np.split(weights[1], [VOCAB])
        result = joint_loss_and_gradients(
            weights[0], outputs, nodes, words, paths, noise, negatives=negatives
        )
    n_terms += len(terms)
    add_example.loss = result.loss
    sums[0] -= rate * result.input_gradient
    sums[1] -= rate * result.output_gradient
    scales = np.full(len(example.input_ids), 1.0 / len(example.input_ids) if options.exact else 1.0)
    np.add.at(masses[0], example.input_ids, scales * n_terms * example.weight)
    np.add.at(masses[1], terms, example.weight)
    if len(noise):
        np.add.at(masses[1], noise, options.negatives * example.n_pairs * example.weight / len(noise))
    if options.n_places:
        around = [j for j in range(first[i], last[i] + 1) if j != i]
        for j in around:
            place = j - i + options.window - (j > i)
            sums[2][place] -= rate * weights[0][tokens[j]] / len(around) * result.hidden_gradient[0]
            masses[2][place] += n_terms * example.weight / len(around)


@pytest.mark.parametrize("cap", or_compiled(8.0, 40.0, 1e9))
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_a_stretch_is_what_the_objective_says_damping_included(model, loss, cap):
    run = a_run(model, loss, cap=cap, n=1200)
    weights, expected_loss, pairs = reference(run)
    totals = train(1, run)
    assert totals[1] == pytest.approx(pairs)
    assert totals[0] == pytest.approx(expected_loss, rel=1e-5)
    for ours, theirs in zip(run.rows(), weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=3e-4)


@pytest.mark.parametrize("threads", or_compiled(2, 3, 4, 8))
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_the_same_bits_on_any_number_of_threads(model, loss, threads):
    alone, together = a_run(model, loss), a_run(model, loss)
    before = [matrix.tobytes() for matrix in alone.model]
    assert train(1, alone).tobytes() == train(threads, together).tobytes()
    for one, other, old in zip(alone.model, together.model, before, strict=True):
        assert one.tobytes() == other.tobytes()
        assert not one.size or one.tobytes() != old


def test_a_stretch_in_two_parts_is_the_whole_stretch():
    whole, parts = a_run(), a_run()
    train(2, whole)
    middle = 2 * parts.options.block_length
    train(2, parts._replace(stretch=parts.stretch._replace(stop=middle)))
    train(2, parts._replace(stretch=parts.stretch._replace(start=middle, rate=RATE + SLOPE * middle)))
    for one, other in zip(whole.model, parts.model, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)  # the rate is rounded at another place


@pytest.mark.parametrize("cap", or_compiled(8.0, 1e9))
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_hogwild_alone_is_super_steps_of_one_chunk(model, loss, cap):
    run = a_run(model, loss, n_chunks=1, cap=cap, n=1200)
    weights, expected_loss, pairs = reference(run)
    totals = train(1, run, deterministic=False)
    assert totals[1] == pytest.approx(pairs)
    assert totals[0] == pytest.approx(expected_loss, rel=1e-5)
    for ours, theirs in zip(run.rows(), weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=3e-4)


def test_hogwild_trains_the_same_pairs_on_any_number_of_threads():
    pairs = [train(threads, a_run(), deterministic=False)[1] for threads in (1, 2, 4)]
    assert pairs[0] == pytest.approx(pairs[1])
    assert pairs[0] == pytest.approx(pairs[2])
    assert pairs[0] > 0


@pytest.mark.parametrize("value", or_compiled(np.nan, np.inf, 3e38))
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_a_chunk_without_a_finite_loss_ends_training_before_its_steps_are_added(model, loss, side, value):
    """One token in the middle has a row that is no number: nothing is trained from its super-step on."""
    ends = set()
    for threads, deterministic in ((1, True), (2, True), (3, True), (1, False)):
        run = a_run(model, loss)
        middle, row = len(run.text.ids) // 2, VOCAB - 1
        users = {row}
        if side == 1 and loss == TREE:
            row, users = a_leaf(run.tables)
        run.text.ids[np.isin(run.text.ids, list(users))] = 0
        run.text.ids[middle - WINDOW : middle + WINDOW] = 0
        run.text.ids[middle] = max(users)
        run.text.keep[:] = 2**32 - 1
        run.tables.noise[:] = 0  # all noise words are word 0
        run.model[side][:, row] = value
        reached = train_until(threads, run, deterministic=deterministic)[2] - 1
        overflows = reached >= 0 or not np.isfinite(value)  # a sum of the largest numbers may stay finite
        assert not overflows or abs(reached - middle) < 60
        run.model[side][:, row] = 0
        assert all(np.isfinite(matrix).all() for matrix in run.model)
        if deterministic:
            ends.add((reached, *(matrix.tobytes() for matrix in run.model)))
    assert len(ends) == 1


def a_leaf(tables):
    """Return a node of the tree that only two words have on their paths, and these words."""
    paths = np.split(tables.paths // 2, tables.path_offsets[1:-1])
    nodes, counts = np.unique(tables.paths // 2, return_counts=True)
    node = int(nodes[counts == 2][0])
    return node, {word for word, path in enumerate(paths) if node in path}


def test_threads_go_home_when_one_has_failed():
    """A thread that never comes to a meeting must not hold the others forever."""
    run = a_run()
    counters = np.zeros(intrinsics.N_COUNTERS, np.int64)
    args = (
        0, 2, counters, run.stretch, run.text, run.tables, run.model, run.options,
        state.make_blocks(run.options, 8, weighted=True), state.make_exchange(run.options),
        *state.make_super_steps(run.options, width=state.slice_width(DIM), groups=2)[0],
        state.make_workspace(run.options, run.model, threads=2), np.zeros(3),
    )  # fmt: skip
    waiting = threading.Thread(target=train_synchronous, args=args)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    counters[intrinsics.ABANDONED] = 1
    waiting.join(120)  # it may have to compile first
    assert not waiting.is_alive()
