"""The kernel of the classifier against its definition, on fixed draws: every loss, any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from firth.kernels.cpu import classification as kernels
from firth.kernels.cpu.classification import Space, Texts, Weights
from firth.kernels.cpu.noise import alias_table, draw_noise
from firth.kernels.cpu.text_rows import TypeTable, count_rows, fill_rows, mark_runs
from firth.objectives import classification as objective
from firth.objectives.hierarchical_softmax import huffman_tree
from firth.training.crew import crew

DIM, WIDTH, N_ROWS, N_TEXTS = 11, 16, 30, 40
NEGATIVES, KEY, FIRST = 3, np.uint64(12345), 7
LOSSES = [
    kernels.SOFTMAX,
    kernels.ONE_VS_ALL,
    kernels.HIERARCHICAL_SOFTMAX,
    kernels.NEGATIVE_SAMPLING,
]


def case(loss, n_labels):
    """Return texts and weights, always the same."""
    draws = np.random.default_rng(1)
    inputs, outputs = np.zeros((N_ROWS, WIDTH), np.float32), np.zeros((n_labels, WIDTH), np.float32)
    inputs[:, :DIM], outputs[:, :DIM] = (
        draws.normal(size=(N_ROWS, DIM)),
        draws.normal(size=(n_labels, DIM)) * 0.3,
    )
    offsets = np.concatenate([[0], np.cumsum(draws.integers(1, 9, N_TEXTS))])
    label_offsets = np.concatenate([[0], np.cumsum(draws.integers(1, 3, N_TEXTS))])
    labels = draws.integers(0, n_labels, label_offsets[-1]).astype(np.int32)
    tree = huffman_tree(draws.integers(1, 9, n_labels))
    texts = Texts(
        offsets=offsets,
        rows=draws.integers(0, N_ROWS, offsets[-1]).astype(np.int32),
        targets=labels[label_offsets[:-1]].copy(),
        label_offsets=label_offsets,
        labels=labels,
        rates=np.linspace(0.3, 0.1, N_TEXTS).astype(np.float32),
        losses=np.zeros(N_TEXTS),
        first=FIRST,
    )
    weights = Weights(
        inputs=inputs,
        outputs=outputs,
        paths=(tree.points * 2 + tree.codes).astype(np.int32),
        path_offsets=tree.offsets,
        noise=alias_table(draws.integers(1, 9, n_labels) ** 0.5),
        negatives=NEGATIVES,
        key=KEY,
        loss=loss,
    )
    return texts, weights


def trained(loss, n_labels, threads, step, given=None):
    """Return texts with their losses, and weights, after the kernel has seen all texts once."""
    texts, weights = given or case(loss, n_labels)
    n_tiles = -(-n_labels // kernels.TILE) if loss in (kernels.SOFTMAX, kernels.ONE_VS_ALL) else 1
    space = Space(
        hidden=np.zeros((step, WIDTH), np.float32),
        steps=np.zeros((step, n_tiles, WIDTH), np.float32),
        losses=np.zeros((step, n_tiles)),
        logits=np.zeros((2, n_labels), np.float32),
        highest=np.zeros((2, n_tiles), np.float32),
    )

    def work(thread, counters, _):
        kernels.train_texts(thread, threads, counters, texts, weights, space)

    with crew(threads, work) as on_all:
        on_all(None)
    return texts, weights


def parts_of(texts, weights, text):
    """Return the output rows that a text meets, and what they shall say."""
    target, n_labels = int(texts.targets[text]), len(weights.noise)
    if weights.loss == kernels.SOFTMAX:
        return list(range(n_labels)), target
    if weights.loss == kernels.ONE_VS_ALL:
        right = texts.labels[texts.label_offsets[text] : texts.label_offsets[text + 1]]
        return list(range(n_labels)), np.isin(np.arange(n_labels), right).astype(float)
    path = weights.paths[weights.path_offsets[target] : weights.path_offsets[target + 1]]
    return (path >> 1).tolist(), (path & 1).astype(float)


def defined(loss, n_labels, step):
    """Return weights and losses by the definition: rows of a super-step as at its start, labels text after text."""
    texts, weights = case(loss, n_labels)
    inputs, outputs = weights.inputs.astype(float), weights.outputs.astype(float)
    losses = []
    for first in range(0, N_TEXTS, step):
        before = inputs.copy()
        for text in range(first, min(first + step, N_TEXTS)):
            rows = texts.rows[texts.offsets[text] : texts.offsets[text + 1]].tolist()
            rate = float(texts.rates[text])
            if loss == kernels.NEGATIVE_SAMPLING:
                losses.append(noise_step(texts, weights, text, before, inputs, outputs))
                continue
            found = objective.gradients(before, outputs, rows, *parts_of(texts, weights, text))
            inputs -= rate * found.inputs
            outputs -= rate * found.outputs
            losses.append(found.loss)
    return inputs, outputs, losses


def noise_step(texts, weights, text, before, inputs, outputs):
    """Set one text against its label and the noise labels, one after the other; return the loss."""
    target, rate = int(texts.targets[text]), float(texts.rates[text])
    drawn = np.empty(NEGATIVES + 16, np.int64)
    draw_noise(KEY, np.uint64((FIRST + text) * len(drawn)), weights.noise, drawn)
    noise = [label for label in drawn.tolist() if label != target][:NEGATIVES]
    rows = texts.rows[texts.offsets[text] : texts.offsets[text + 1]].tolist()
    hidden, step, loss = objective.hidden_vector(before, rows), np.zeros(WIDTH), 0.0
    for label, wanted in [(target, 1.0), *((label, 0.0) for label in noise)]:
        terms = objective.binary_terms([outputs[label] @ hidden], [wanted])
        loss += terms.loss
        step -= rate * terms.errors[0] * outputs[label]
        outputs[label] -= rate * terms.errors[0] * hidden
    np.add.at(inputs, rows, step / len(rows))
    return loss


@pytest.mark.parametrize("n_labels", [2, 5, 65, 200])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_kernel_does_what_the_objective_says(loss, n_labels):
    for step in (1, 6):
        texts, weights = trained(loss, n_labels, 1, step)
        inputs, outputs, losses = defined(loss, n_labels, step)
        np.testing.assert_allclose(weights.inputs, inputs, atol=3e-6)
        np.testing.assert_allclose(weights.outputs, outputs, atol=3e-6)
        np.testing.assert_allclose(texts.losses, losses, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n_labels", [5, 200])
@pytest.mark.parametrize("loss", LOSSES)
def test_threads_do_not_change_a_bit(loss, n_labels):
    texts, weights = trained(loss, n_labels, 1, 6)
    for threads in (2, 3):
        others, same = trained(loss, n_labels, threads, 6)
        np.testing.assert_array_equal(same.inputs, weights.inputs)
        np.testing.assert_array_equal(same.outputs, weights.outputs)
        np.testing.assert_array_equal(others.losses, texts.losses)


def test_rows_of_a_text_are_its_words_and_runs_of_words():
    table = TypeTable(
        offsets=np.array([0, 1, 3, 3, 4]),
        rows=np.array([0, 1, 9, 2], np.int32),
        hashes=np.array([5, -7, 0, 11]),
        is_word=np.array([True, True, False, True]),
    )
    ids = np.array([2, 0, 1, 3, -1, 3, -1], np.int32)  # a label and three words; one word
    starts = np.array([0, 5, 7])
    counts = np.zeros(2, np.int64)
    row_of = np.arange(1000, dtype=np.int32)
    count_rows(ids, starts, table, 3, row_of, counts)
    assert counts.tolist() == [4 + 2 + 1, 1]

    def run(*hashes):
        joined = hashes[0] % 2**64
        for one in hashes[1:]:
            joined = (joined * 116_049_371 + one) % 2**64
        return joined % 1000

    used = np.zeros(1000, np.bool_)
    mark_runs(ids, starts, table, 3, used)
    assert set(np.flatnonzero(used)) == {run(5, -7), run(-7, 11), run(5, -7, 11)}
    offsets, rows = np.array([0, 1, 8]), np.full(8, -1, np.int32)
    for thread in range(2):
        fill_rows(ids, starts, np.array([1, 0]), table, 3, row_of, offsets, rows, thread, 2)
    assert rows[0] == 2
    assert sorted(rows[1:]) == sorted([0, 1, 9, 2, run(5, -7), run(-7, 11), run(5, -7, 11)])
    row_of[run(5, -7)] = -1  # pruned
    count_rows(ids, starts, table, 3, row_of, counts)
    assert counts.tolist() == [4 + 1 + 1, 1]
    rows[:] = -1
    fill_rows(ids, starts, np.array([0]), table, 3, row_of, np.array([0, 6]), rows, 0, 1)
    assert sorted(rows[:6]) == sorted([0, 1, 9, 2, run(-7, 11), run(5, -7, 11)])
    assert rows[6] == -1


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("n_labels", [5, 200])
@pytest.mark.parametrize("loss", LOSSES)
def test_weights_that_overflow_end_the_round_at_their_super_step(loss, n_labels, value):
    step = 6
    for threads in (1, 2):
        texts, weights = case(loss, n_labels)
        texts.losses[:] = -1.0
        row = texts.rows[texts.offsets[N_TEXTS // 2]]
        weights.inputs[row, 1] = value
        first = np.flatnonzero(texts.rows == row)[0]
        begin = (int(np.searchsorted(texts.offsets, first, side="right")) - 1) // step * step
        trained(loss, n_labels, threads, step, given=(texts, weights))
        assert begin + step < N_TEXTS
        assert np.isfinite(texts.losses[:begin]).all()
        assert not np.isfinite(texts.losses[begin : begin + step]).all()
        assert (texts.losses[begin + step :] == -1.0).all()
