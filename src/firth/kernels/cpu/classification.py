"""Training a classifier of texts: the compiled twin of `firth.objectives.classification`.

A **super-step** is some texts. Their hidden vectors are computed from the rows as they stood at its start, on all
threads. Then the labels learn, text after text: each meets the output rows as the text before has left them, just as
one thread would do it. Where there are many labels they lie in tiles of 64, each of which belongs to one thread, and
the threads meet once for each text, when all logits are known. In the end the rows of the texts change, each by the
thread that owns it, in the order of the texts. So the same seed gives the same bits on any number of threads.

What a super-step computes too early is only the share of a text's hidden vector that the other texts of the super-step
change. Its length follows from that share; see `firth.classifier.learner`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firth.kernels.compile import kernel
from firth.kernels.cpu.activation import exp_minus_abs, sigmoid_of, softplus_of
from firth.kernels.cpu.intrinsics import wait_for_all
from firth.kernels.cpu.lanes import load, multiply_add, store, total, zeros
from firth.kernels.cpu.noise import draw_noise
from firth.kernels.cpu.rows import add_row, ask_for_row, clear_row
from firth.kernels.cpu.state import LANES
from firth.kernels.cpu.wild import any_wild

SOFTMAX, ONE_VS_ALL, HIERARCHICAL_SOFTMAX, NEGATIVE_SAMPLING = 0, 1, 2, 3
"""The losses."""

TILE = 64
"""Of so many labels one thread takes care at a time."""

_AHEAD = 4
_TRIES = 16
_NO, _ONE = np.float32(0.0), np.float32(1.0)


class Texts(NamedTuple):
    """Texts in the order in which they are trained.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_texts + 1,)
        Where the rows of each text begin.
    rows : ndarray of int32, shape (offsets[-1],)
        The rows of the texts, as `firth.kernels.cpu.text_rows.fill_rows` writes them.
    targets : ndarray of int32, shape (n_texts,)
        The label that each text shall learn now; not used with one-vs-all.
    label_offsets : ndarray of int64, shape (n_texts + 1,)
        Where the labels of each text begin; with one-vs-all it learns all of them.
    labels : ndarray of int32, shape (label_offsets[-1],)
    rates : ndarray of float32, shape (n_texts,)
        The learning rate of each.
    losses : ndarray of float64, shape (n_texts,)
        Filled with the loss of each before it is learned from.
    first : int
        The number of the first text in its epoch, which its noise labels are drawn by.
    """

    offsets: NDArray[np.int64]
    rows: NDArray[np.int32]
    targets: NDArray[np.int32]
    label_offsets: NDArray[np.int64]
    labels: NDArray[np.int32]
    rates: NDArray[np.float32]
    losses: NDArray[np.float64]
    first: int


class Weights(NamedTuple):
    """What is learned, and how.

    Parameters
    ----------
    inputs : ndarray of float32, shape (n_rows, padded_dim)
    outputs : ndarray of float32, shape (n_outputs, padded_dim)
        Rows of labels, or of inner nodes. `padded_dim` is a multiple of 8.
    paths : ndarray of int32
        With hierarchical softmax for each label the nodes on the way to it, each doubled plus its code.
    path_offsets : ndarray of int64, shape (n_labels + 1,)
    noise : ndarray of uint32, shape (n_labels, 2)
        With negative sampling the table of `firth.kernels.cpu.noise`.
    negatives : int
        How many noise labels each text draws.
    key : uint64
        Of the stream of these draws.
    loss : int
        Which of the losses.
    """

    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]
    paths: NDArray[np.int32]
    path_offsets: NDArray[np.int64]
    noise: NDArray[np.uint32]
    negatives: int
    key: np.uint64
    loss: int


class Space(NamedTuple):
    """Memory that the threads share during a round.

    Parameters
    ----------
    hidden : ndarray of float32, shape (texts of a super-step, padded_dim)
    steps : ndarray of float32, shape (texts of a super-step, n_tiles, padded_dim)
        What each tile adds to the hidden vector.
    losses : ndarray of float64, shape (texts of a super-step, n_tiles)
        The part of the loss that each tile knows.
    logits : ndarray of float32, shape (2, n_outputs)
        Of two texts in turn, so that nobody overwrites what others still read.
    highest : ndarray of float32, shape (2, n_tiles)
        The highest logit of each tile.
    """

    hidden: NDArray[np.float32]
    steps: NDArray[np.float32]
    losses: NDArray[np.float64]
    logits: NDArray[np.float32]
    highest: NDArray[np.float32]


@kernel(fastmath=True, allocates=True)
def train_texts(thread, threads, counters, texts, weights, space):
    """Train on texts, this thread's part of it; all threads must call it.

    Parameters
    ----------
    thread, threads : int
        The number of this one, and how many there are.
    counters : ndarray of int64
        See `wait_for_all`; ``counters[0]`` is zero.
    texts : Texts
        Its `losses` are filled. After a super-step with one that is not finite, all threads return.
    weights : Weights
        Its matrices are changed.
    space : Space
        Its first two arrays say how many texts a super-step has, and how many tiles there are.

    Notes
    -----
    For a text with the mean h of its rows and the errors e of the logits z = O h, which are p - y of the softmax and
    sigmoid(z) - y otherwise: O loses rate times e hᵀ, each of the text's n rows rate/n times Oᵀ e.
    """
    length, n_tiles = space.steps.shape[0], space.steps.shape[1]
    n_texts, meeting = len(texts.targets), 0
    drawn = np.empty(weights.negatives + _TRIES, np.int64)
    for first in range(0, n_texts, length):
        last = min(first + length, n_texts)
        for text in range(first + thread, last, threads):
            _mean(weights.inputs, texts, text, space.hidden[text - first])
        meeting += 1
        if not wait_for_all(counters, threads, meeting):
            return
        for text in range(first, last):
            place = text - first
            if weights.loss == SOFTMAX:
                side = text & 1
                _score_tiles(thread, threads, weights.outputs, space.hidden[place], space, side)
                if n_tiles > 1:
                    meeting += 1
                    if not wait_for_all(counters, threads, meeting):
                        return
                if n_tiles > 1 or thread == 0:
                    _learn_softmax(thread, threads, texts, text, weights.outputs, space, place, side)
            elif weights.loss == ONE_VS_ALL:
                _learn_each(thread, threads, texts, text, weights.outputs, space, place)
            elif thread == 0:
                _learn_terms(texts, text, weights, space, place, drawn)
        meeting += 1
        if not wait_for_all(counters, threads, meeting):
            return
        for text in range(first + thread, last, threads):
            loss = 0.0
            for tile in range(n_tiles):
                loss += space.losses[text - first, tile]
                if tile > 0:
                    add_row(space.steps[text - first, 0], space.steps[text - first, tile], _ONE)
            texts.losses[text] = loss
        if n_tiles > 1:
            meeting += 1
            if not wait_for_all(counters, threads, meeting):
                return
        for text in range(first, last):
            _give_back(thread, threads, weights.inputs, texts, text, space.steps[text - first, 0])
        meeting += 1
        if not wait_for_all(counters, threads, meeting) or any_wild(texts.losses[first:last]):
            return


@kernel(inner=True, fastmath=True)
def _mean(inputs, texts, text, hidden):
    """Fill `hidden` with the mean of the rows of a text."""
    clear_row(hidden)
    begin, end = texts.offsets[text], texts.offsets[text + 1]
    for k in range(begin, min(begin + _AHEAD, end)):
        ask_for_row(inputs[np.uint64(texts.rows[k])])
    for k in range(begin, end):
        if k + _AHEAD < end:
            ask_for_row(inputs[np.uint64(texts.rows[k + _AHEAD])])
        add_row(hidden, inputs[np.uint64(texts.rows[k])], _ONE)
    share = _ONE / np.float32(max(end - begin, 1))
    for d in range(len(hidden)):
        hidden[d] *= share


@kernel(inner=True, fastmath=True)
def _give_back(thread, threads, inputs, texts, text, step):
    """Add its share of a text's step to each of the text's rows that this thread owns."""
    begin, end = texts.offsets[text], texts.offsets[text + 1]
    share = _ONE / np.float32(max(end - begin, 1))
    for k in range(begin, end):
        row = texts.rows[k]
        if row % threads == thread:
            add_row(inputs[np.uint64(row)], step, share)


@kernel(inner=True, fastmath=True)
def _product(a, b):
    """Return the scalar product of two rows."""
    sums = zeros()
    for d in range(0, len(a), LANES):
        sums = multiply_add(load(a, d), load(b, d), sums)
    return total(sums)


@kernel(inner=True, fastmath=True)
def _learn_row(output, hidden, step, change):
    """Add `change` times the output row to the step of the hidden vector, and `change` times that to the output row."""
    for d in range(0, len(output), LANES):
        before = load(output, d)
        store(step, d, multiply_add(change, before, load(step, d)))
        store(output, d, multiply_add(change, load(hidden, d), before))


@kernel(inner=True, fastmath=True)
def _score_tiles(thread, threads, outputs, hidden, space, side):
    """Fill the logits of this thread's tiles, and the highest of each."""
    n_labels = len(outputs)
    for tile in range(thread, space.highest.shape[1], threads):
        highest = np.float32(-np.inf)
        for label in range(tile * TILE, min((tile + 1) * TILE, n_labels)):
            logit = _product(outputs[np.uint64(label)], hidden)
            space.logits[side, label] = logit
            highest = max(highest, logit)
        space.highest[side, tile] = highest


@kernel(inner=True)
def _learn_softmax(thread, threads, texts, text, outputs, space, place, side):
    """Let this thread's tiles learn one text; all logits are known."""
    n_labels, n_tiles = len(outputs), space.highest.shape[1]
    logits = space.logits[side]
    highest = space.highest[side, 0]
    for tile in range(1, n_tiles):
        highest = max(highest, space.highest[side, tile])
    sum_of_all = np.float32(0.0)
    for label in range(n_labels):
        sum_of_all += exp_minus_abs(logits[label] - highest)
    target, rate = texts.targets[text], texts.rates[text]
    scale = rate / sum_of_all
    hidden = space.hidden[place]
    for tile in range(thread, n_tiles, threads):
        step = space.steps[place, tile]
        clear_row(step)
        space.losses[place, tile] = 0.0
        for label in range(tile * TILE, min((tile + 1) * TILE, n_labels)):
            change = -scale * exp_minus_abs(logits[label] - highest)
            if label == target:
                change += rate
                space.losses[place, tile] = np.log(np.float64(sum_of_all)) - np.float64(
                    logits[label] - highest
                )
            _learn_row(outputs[np.uint64(label)], hidden, step, change)


@kernel(inner=True)
def _learn_each(thread, threads, texts, text, outputs, space, place):
    """Let each label of this thread's tiles learn whether it is one of the text's."""
    n_labels = len(outputs)
    rate, hidden = texts.rates[text], space.hidden[place]
    begin, end = texts.label_offsets[text], texts.label_offsets[text + 1]
    for tile in range(thread, space.highest.shape[1], threads):
        step = space.steps[place, tile]
        clear_row(step)
        loss = 0.0
        for label in range(tile * TILE, min((tile + 1) * TILE, n_labels)):
            wanted = _NO
            for k in range(begin, end):
                if texts.labels[k] == label:
                    wanted = _ONE
            loss += _learn_binary(outputs[np.uint64(label)], hidden, step, wanted, rate)
        space.losses[place, tile] = loss


@kernel(inner=True)
def _learn_binary(output, hidden, step, wanted, rate):
    """Let an output row learn that its logit shall say `wanted`, 0 or 1; return the loss before."""
    logit = _product(output, hidden)
    e = exp_minus_abs(logit)
    loss = softplus_of(-logit if wanted > 0 else logit, e)
    _learn_row(output, hidden, step, rate * (wanted - sigmoid_of(logit, e)))
    return np.float64(loss)


@kernel(inner=True)
def _learn_terms(texts, text, weights, space, place, drawn):
    """Let the nodes on the way to the target learn one text, or the target and its noise labels."""
    target, rate = texts.targets[text], texts.rates[text]
    hidden, step = space.hidden[place], space.steps[place, 0]
    outputs = weights.outputs
    clear_row(step)
    loss = 0.0
    if weights.loss == HIERARCHICAL_SOFTMAX:
        for k in range(weights.path_offsets[target], weights.path_offsets[target + 1]):
            wanted = np.float32(weights.paths[k] & 1)
            loss += _learn_binary(outputs[np.uint64(weights.paths[k] >> 1)], hidden, step, wanted, rate)
    else:
        loss += _learn_binary(outputs[np.uint64(target)], hidden, step, _ONE, rate)
        number = np.uint64(texts.first + text)
        draw_noise(weights.key, number * np.uint64(len(drawn)), weights.noise, drawn)
        left = weights.negatives
        for k in range(len(drawn)):
            if left > 0 and drawn[k] != target:
                loss += _learn_binary(outputs[np.uint64(drawn[k])], hidden, step, _NO, rate)
                left -= 1
    space.losses[place, 0] = loss
