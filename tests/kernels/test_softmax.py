"""The compiled softmax against the readable objective: whole super-steps, over several tiles of the vocabulary."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import firth
from firth.kernels.compile import from_python
from firth.kernels.cpu import blocks, intrinsics, softmax, state
from firth.kernels.cpu.random import stream_key
from firth.objectives.chunk import softmax_loss_and_gradients
from firth.objectives.examples import cbow_examples, skipgram_examples
from firth.training.plan import make_options, make_tables
from firth.vocabulary import Vocabulary
from kernels.test_training import SHARE, or_compiled

VOCAB, WINDOW, RATE = 2 * softmax.TILE + 88, 3, 0.4
MODELS = {
    "skipgram": firth.SkipGram,
    "cbow": firth.CBOW,
    "cbow-positions": lambda **options: firth.CBOW(position_weights=True, cbow_gradient="exact", **options),
    "fasttext": lambda **options: firth.FastText(min_n=1, max_n=2, buckets=50, **options),
}
prepare_block = from_python(blocks.prepare_block)


class Run:
    """A text of a few hundred tokens with documents and weights, and a model of random weights."""

    def __init__(self, model, *, dim=20, centers=40, cap=1e9, scale=1.0, n=300):
        n //= SHARE
        rng = np.random.default_rng([dim, centers])
        self.config = MODELS[model](dim=dim, window=WINDOW, loss="softmax")
        ids = rng.integers(0, VOCAB, n).astype(np.int32)
        ids[rng.random(n) < 0.05] = -1
        counts = rng.integers(1, 100, VOCAB)
        words = Vocabulary([f"{'aeiou'[i % 5]}{i}" for i in range(VOCAB)], counts)
        _, self.tables = make_tables(self.config, words, counts, np.full(VOCAB, 1 / VOCAB))
        keep = np.full(VOCAB, 2**32 - 1, np.uint32)
        weights = rng.uniform(0, 2, n).astype(np.float32)
        self.text = state.Text(ids, weights, np.arange(VOCAB, dtype=np.int32), keep)
        options = make_options(self.config, self.tables, vocab_size=VOCAB, centers=centers, cap=cap)
        self.options = options._replace(n_chunks=2, block_length=n)
        n_inputs = int(self.tables.subwords.max()) + 1 if len(self.tables.subwords) else VOCAB
        sizes = (n_inputs, VOCAB, self.options.n_places)
        self.weights = [rng.normal(0, scale, (size, dim)).astype(np.float32) for size in sizes]
        self.model = state.Model(*(state.make_matrix(size, dim) for size in sizes))
        for matrix, rows in zip(self.model, self.weights, strict=True):
            state.put_rows(matrix, slice(None), rows)
        self.stretch = state.Stretch(0, n, stream_key(1, 0, 0), stream_key(1, 0, 1), RATE, 0.0)

    def train(self, threads):
        """Train on the whole text, and return the totals."""
        options, width = self.options, self.model.inputs.shape[2]
        counters, totals = np.zeros(intrinsics.N_COUNTERS, np.int64), np.zeros((threads, 3))
        lines = state.make_blocks(options, 1, weighted=True)
        room = softmax.make_softmax(options, vocab_size=VOCAB, width=width, threads=threads)
        step = state.make_super_step(options, width=width)
        work = [state.make_workspace(options, self.model, threads=threads, groups=1) for _ in range(threads)]

        def go(t):
            softmax.train_softmax(
                t, threads, counters, self.stretch, self.text, self.tables, self.model, options, lines, room, step,
                work[t], totals[t],
            )  # fmt: skip

        pool = [threading.Thread(target=go, args=(t,)) for t in range(threads)]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
        return totals.sum(axis=0)

    def expected(self):
        """Return loss, pairs and weights as the objective has them, super-step by super-step in float64."""
        options = self.options
        spans = np.zeros((3, options.block_length + 2 * WINDOW), np.int32)
        token_weights = np.zeros(spans.shape[1], np.float32)
        begin, end = prepare_block(
            self.text,
            0,
            options.block_length,
            self.stretch.text_key,
            WINDOW,
            options.dynamic,
            *spans,
            token_weights,
        )
        weights = [rows.astype(np.float64) for rows in self.weights]
        loss = pairs = 0.0
        size = options.n_centers * options.n_chunks
        for start in range(begin, end, size):
            sums = [np.zeros_like(rows) for rows in weights]
            for i in range(start, min(start + size, end)):
                found = self.example(spans, token_weights[i], weights, i)
                if not found:
                    continue
                result = softmax_loss_and_gradients(*weights[:2], found)
                loss, pairs = loss + result.loss, pairs + found[0].weight * found[0].n_pairs
                sums[0] -= RATE * result.input_gradient
                sums[1] -= RATE * result.output_gradient
                if options.n_places:
                    tokens, first, last = spans
                    around = [j for j in range(first[i], last[i] + 1) if j != i]
                    for j in around:
                        row = weights[0][tokens[j]] / len(around)
                        sums[2][j - i + WINDOW - (j > i)] -= RATE * row * result.hidden_gradient[0]
            weights = [rows + addition for rows, addition in zip(weights, sums, strict=True)]
        return loss, pairs, weights

    def example(self, spans, weight, weights, i):
        args = {"weights": np.full(VOCAB, weight)}
        if len(self.tables.subwords):
            args["subword_ids"] = np.split(self.tables.subwords, self.tables.subword_offsets[1:-1])
        if not self.config.predicts_center:
            return skipgram_examples(*spans, (i, i + 1), **args)
        if self.options.n_places:
            args["position_weights"] = weights[2]
        if self.options.exact:
            args["cbow_gradient"] = "exact"
        return cbow_examples(*spans, (i, i + 1), **args)


@pytest.mark.parametrize("dim", or_compiled(3, 1, 97, 100, 300))
@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_super_steps_are_what_the_objective_says(model, dim):
    assert_agrees(Run(model, dim=dim, scale=dim**-0.5))


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_predict_by_the_softmax(model):
    assert_agrees(Run(model, scale=0.3))


def test_large_logits_neither_overflow_nor_vanish():
    assert_agrees(Run("skipgram", dim=4, scale=4.0, n=60))


def assert_agrees(run):
    loss, pairs, weights = run.expected()
    totals = run.train(1)
    assert totals[1] == pytest.approx(pairs, rel=1e-6)
    assert totals[0] == pytest.approx(loss, rel=2e-6)
    for matrix, theirs, before in zip(run.model, weights, run.weights, strict=True):
        ours = state.dense_rows(matrix, run.config.dim)
        np.testing.assert_allclose(
            ours, theirs, rtol=2e-5, atol=2e-5 * max(1.0, np.abs(theirs).max(initial=0))
        )
        assert not ours.size or np.abs(theirs - before).max() > 0.01  # there was something to learn


@pytest.mark.parametrize("threads", or_compiled(3, 2, 8))
@pytest.mark.parametrize("model", MODELS)
def test_the_same_bits_on_any_number_of_threads(model, threads):
    alone, together = Run(model, cap=8.0), Run(model, cap=8.0)
    assert alone.train(1).tobytes() == together.train(threads).tobytes()
    for one, other in zip(alone.model, together.model, strict=True):
        assert one.tobytes() == other.tobytes()


def test_rows_that_sum_up_much_are_damped():
    free, damped = Run("skipgram", cap=1e9), Run("skipgram", cap=1e-3)
    free.train(1)
    damped.train(1)
    for before, one, other in zip(free.weights[:2], free.model[:2], damped.model[:2], strict=True):
        moved = [np.abs(state.dense_rows(matrix, 20) - before).sum() for matrix in (one, other)]
        assert moved[1] < 0.05 * moved[0]
