"""The compiled chunk against the readable objective, on fixed draws, for every model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numba
import numpy as np
import pytest

import firth
from firth.config import WindowSettings
from firth.kernels.compile import from_python
from firth.kernels.cpu import chunk, examples, state
from firth.kernels.cpu.noise import draw_noise
from firth.objectives.chunk import joint_loss_and_gradients, sampled_loss_and_gradients
from firth.objectives.examples import cbow_examples, skipgram_examples
from firth.objectives.hierarchical_softmax import huffman_tree
from firth.training.plan import make_options, make_tables
from firth.vocabulary import Vocabulary

VOCAB, LENGTH, RATE = 40, 120, 0.5
TREE, BOTH = "hierarchical-softmax", "hierarchical-softmax+negative-sampling"
LOSSES = ["negative-sampling", TREE, BOTH]


@numba.njit
def one_chunk(  # noqa: PLR0917 (as kernels take them)
    n, center, stop, stretch, text, tables, model, options, blocks, exchange, step, work
):
    """All that the drivers do with a chunk, up to its steps."""
    examples.prepare_chunk(0, center, stop, 0, 0, 0, stretch, text, tables, options, blocks, step, work)
    noise_logits, term_logits = exchange.noise_logits[0], exchange.term_logits[0]
    for part in range(state.SLICES):
        chunk.chunk_logits(
            part,
            0,
            0,
            center,
            n,
            model,
            tables,
            options,
            blocks,
            noise_logits[part],
            term_logits[part],
            step,
            work,
        )
    chunk.chunk_masses(0, 0, center, n, options, blocks, step, work)
    chunk.chunk_errors(
        0, 0, center, n, np.float32(RATE), options, blocks, noise_logits, term_logits, step, work
    )
    for part in range(state.SLICES):
        chunk.chunk_steps(part, 0, 0, center, n, model, tables, options, blocks, step, work)


def spans(rng: np.random.Generator, window: int, vocab: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random tokens in documents of random length, some of a single token, with random radii."""
    tokens = rng.integers(0, vocab, LENGTH).astype(np.int32)
    first, last = np.empty(LENGTH, np.int32), np.empty(LENGTH, np.int32)
    edges = [0, *np.flatnonzero(rng.random(LENGTH) < 0.1), LENGTH]
    for begin, end in itertools.pairwise(edges):
        for i in range(begin, end):
            radius = rng.integers(1, window + 1)
            first[i], last[i] = max(begin, i - radius), min(end - 1, i + radius)
    return tokens, first, last


@dataclass
class Case:
    """A chunk of a model with random weights, and what the kernel makes of it."""

    config: WindowSettings
    centers: tuple[int, int]
    n_centers: int
    weighted: bool = False
    scale: float = 3.0
    vocab: int = VOCAB

    def __post_init__(self):
        config, rng = self.config, np.random.default_rng([self.config.dim, self.n_centers, *self.centers])
        size, self.counts = self.vocab, np.arange(self.vocab, 0, -1) ** 2
        words = Vocabulary([f"{'aeiou'[i % 5]}n{i}" for i in range(size)], self.counts)
        self.spans = spans(rng, config.window, size)
        _, self.tables = make_tables(config, words, self.counts, np.full(size, 1 / size))
        self.options = make_options(config, self.tables, vocab_size=size, centers=self.n_centers, cap=128.0)
        n_inputs = size if not len(self.tables.subwords) else int(self.tables.subwords.max()) + 1
        n_outputs = {TREE: size - 1, BOTH: 2 * size - 1}.get(config.loss, size)
        scale = self.scale / np.sqrt(config.dim)  # logits of both signs, small and large
        shapes = (n_inputs, n_outputs, self.options.n_places)
        self.weights = [rng.normal(0, scale, (n, config.dim)).astype(np.float32) for n in shapes]
        self.token_weights = rng.uniform(0, 3, size).astype(np.float32) if self.weighted else None
        self.stretch = state.Stretch(0, LENGTH, np.uint64(1), np.uint64(2), RATE, 0.0)

    @property
    def noise(self) -> np.ndarray:
        drawn = np.empty(self.options.n_noise, np.int64)
        if len(drawn):
            counter = np.uint64(self.centers[0] * len(drawn))
            draw_noise(self.stretch.noise_key, counter, self.tables.noise, drawn)
        return drawn

    def expected(self):
        """Return the objective's result."""
        config, offsets = self.config, self.tables.subword_offsets
        options = {"weights": self.token_weights}
        if len(offsets):
            options["subword_ids"] = np.split(self.tables.subwords, offsets[1:-1])
        build = cbow_examples if config.predicts_center else skipgram_examples
        if isinstance(config, firth.CBOW):
            options |= {"mean": config.combine == "mean", "cbow_gradient": config.cbow_gradient}
        if self.options.n_places:
            options["position_weights"] = self.weights[2]
        tree = huffman_tree(self.counts)
        found = build(*self.spans, self.centers, tree=tree if config.loss == TREE else None, **options)
        inputs, outputs, _ = self.weights
        noise = {
            "negatives": config.negatives,
            "exclude_window_negatives": config.exclude_window_negatives,
        }
        if config.loss != BOTH:
            return found, sampled_loss_and_gradients(inputs, outputs, found, self.noise, **noise)
        paths = build(*self.spans, self.centers, tree=tree, **options)
        words, nodes = np.split(outputs, [self.vocab])
        return found, joint_loss_and_gradients(inputs, words, nodes, found, paths, self.noise, **noise)

    def compiled(self):
        """Return loss, pairs, dense gradients by inputs, outputs and position weights, and the super-step."""
        config, options = self.config, self.options
        matrices = []
        for rows in self.weights:
            matrix = state.make_matrix(len(rows), config.dim)
            state.put_rows(matrix, slice(None), rows)
            matrix.flags.writeable = False  # they are only read
            matrices.append(matrix)
        model = state.Model(*matrices)
        blocks = state.make_blocks(options._replace(block_length=LENGTH), 1, weighted=self.weighted)
        for line, values in zip(blocks[:3], self.spans, strict=True):
            line[0, :LENGTH] = values
        if self.weighted:
            blocks.weights[0, :LENGTH] = self.token_weights[self.spans[0]]
        step = state.make_super_step(options, width=state.slice_width(config.dim))
        step.steps[:], step.masses[:], step.hidden[:] = np.nan, np.nan, np.nan
        work = state.make_workspace(options, model, threads=1)
        text = state.Text(*(np.empty(0, kind) for kind in (np.int32, np.float32, np.int32, np.uint32)))
        start, stop = self.centers
        one_chunk(
            stop - start, start, stop, self.stretch, text, self.tables, model, options, blocks,
            state.make_exchange(options), step, work,
        )  # fmt: skip
        gradients = [np.zeros(matrix.shape) for matrix in matrices]
        rows, steps = step.rows[0], step.steps[0]
        offsets = self.tables.subword_offsets
        for part in range(state.SLICES):
            for slot in range(step.n_inputs[0]):
                word = int(rows[slot])
                own = self.tables.subwords[offsets[word] : offsets[word + 1]] if len(offsets) else [word]
                np.add.at(gradients[0][part], own, steps[part, slot])
            used = slice(options.n_inputs, step.n_rows[0])
            np.add.at(gradients[1][part], rows[used], steps[part, used])
            gradients[2][part] = steps[part, len(rows) :]
        dense = [-np.concatenate(list(slices), axis=1) / RATE for slices in gradients]
        assert not any(matrix[:, config.dim :].any() for matrix in dense)  # the padding stays zero
        return *step.totals[0], *(matrix[:, : config.dim] for matrix in dense), step


MODELS = {
    "skipgram": firth.SkipGram,
    "cbow": firth.CBOW,
    "cbow-exact": lambda **options: firth.CBOW(cbow_gradient="exact", **options),
    "cbow-sum": lambda **options: firth.CBOW(combine="sum", **options),
    "cbow-positions": lambda **options: firth.CBOW(position_weights=True, **options),
    "cbow-positions-exact": lambda **options: firth.CBOW(
        position_weights=True, cbow_gradient="exact", **options
    ),
    "fasttext": lambda **options: firth.FastText(min_n=1, max_n=3, buckets=30, **options),
    "fasttext-cbow": lambda **options: firth.FastText(
        architecture="cbow", min_n=1, max_n=3, buckets=30, **options
    ),
}


def assert_agrees(case: Case) -> None:
    found, expected = case.expected()
    loss, n_pairs, by_input, by_output, by_place, _ = case.compiled()
    assert n_pairs == pytest.approx(sum(e.weight * e.n_pairs for e in found), rel=1e-6)
    assert n_pairs > 0
    assert loss == pytest.approx(expected.loss, rel=4e-6)
    for ours, theirs in ((by_input, expected.input_gradient), (by_output, expected.output_gradient)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=4e-6 * np.abs(theirs).max())
    if case.options.n_places:
        theirs = place_gradients(case, expected)
        np.testing.assert_allclose(by_place, theirs, rtol=1e-5, atol=4e-6 * np.abs(theirs).max())


def place_gradients(case: Case, expected) -> np.ndarray:
    """The derivative by the position weights: of each place the rows that stood there, times the hidden gradient."""
    tokens, first, last = case.spans
    gradients = np.zeros_like(case.weights[2], np.float64)
    example = 0
    for i in range(*case.centers):
        around = [j for j in range(first[i], last[i] + 1) if j != i]
        for j in around:
            place = j - i + case.config.window - (j > i)
            row = case.weights[0][tokens[j]] / len(around)
            gradients[place] += row * expected.hidden_gradient[example]
        example += bool(around)
    return gradients


@pytest.mark.parametrize("dim", [1, 3, 97, 100, 300])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_a_chunk_is_what_the_objective_says(model, loss, dim):
    assert_agrees(Case(MODELS[model](dim=dim, loss=loss, window=4), (50, 82), 32))


@pytest.mark.parametrize("window", [1, 5])
@pytest.mark.parametrize(("n_centers", "n_used"), [(32, 7), (5, 5), (1, 1), (256, 40)])
@pytest.mark.parametrize("model", ["skipgram", "cbow", "fasttext"])
def test_chunks_need_not_be_full(model, n_centers, n_used, window):
    case = Case(MODELS[model](dim=20, window=window), (50, 50 + n_used), n_centers)
    if n_used <= case.options.n_centers:
        assert_agrees(case)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_each_center_counts_its_weight(model, loss):
    assert_agrees(Case(MODELS[model](dim=12, loss=loss), (40, 72), 32, weighted=True))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["negative-sampling", BOTH])
@pytest.mark.parametrize("model", MODELS)
def test_noise_of_the_window_can_be_excluded(model, loss, weighted):
    config = MODELS[model](dim=12, loss=loss, exclude_window_negatives=True, shared_negatives=48)
    case = Case(config, (40, 72), 32, weighted=weighted)
    _, excluded = case.expected()
    case.config = MODELS[model](dim=12, loss=loss, shared_negatives=48)
    _, included = case.expected()
    assert excluded.loss < included.loss  # there is something to exclude
    case.config = config
    assert_agrees(case)


@pytest.mark.parametrize("logit", [-80.0, -20.0, -1e-3, 0.0, 1e-3, 20.0, 80.0])
@pytest.mark.parametrize("loss", LOSSES)
def test_nothing_saturates_and_no_update_is_skipped(loss, logit):
    """Large logits of either sign keep the exact loss and gradient; word2vec.c's tables stop at 6."""
    case = Case(firth.SkipGram(dim=1, loss=loss, window=1), (50, 51), 1)
    case.weights[0][:] = 1.0
    case.weights[1][:] = logit
    case.weights[1][::2] = -logit
    _, expected = case.expected()
    # Beyond 37 the objective itself rounds 1 - sigmoid to 0 in float64, hence the absolute tolerance below.
    loss, _, by_input, by_output, _, _ = case.compiled()
    assert loss == pytest.approx(expected.loss, rel=2e-6, abs=1e-37)
    np.testing.assert_allclose(by_input, expected.input_gradient, rtol=2e-6, atol=2e-8)
    np.testing.assert_allclose(by_output, expected.output_gradient, rtol=2e-6, atol=2e-8)


def test_masses_count_the_terms_of_the_loss():
    case = Case(firth.SkipGram(dim=16, window=4, shared_negatives=8), (20, 36), 16)
    _, n_pairs, *_, step = case.compiled()
    masses = step.masses[0, : step.n_rows[0]]
    # Each pair has one positive term and five against noise.
    assert masses[:16].sum() == pytest.approx(n_pairs * 6)
    assert masses[16:24].sum() == pytest.approx(n_pairs * 5)
    assert masses[24:].sum() == pytest.approx(n_pairs)


def test_of_both_losses_each_pair_has_a_word_its_noise_and_its_nodes():
    case = Case(firth.SkipGram(dim=16, loss=BOTH, window=4, shared_negatives=8), (20, 36), 16)
    tokens, first, last = case.spans
    depths = np.diff(huffman_tree(case.counts).offsets)
    around = [j for i in range(20, 36) for j in range(first[i], last[i] + 1) if j != i]
    n_nodes = depths[tokens[around]].sum()
    _, n_pairs, *_, step = case.compiled()
    rows, masses = step.rows[0, : step.n_rows[0]], step.masses[0, : step.n_rows[0]]
    assert n_pairs == len(around)
    assert masses[:16].sum() == pytest.approx(n_pairs * 6 + n_nodes)
    assert masses[16:24].sum() == pytest.approx(n_pairs * 5)
    is_word = rows[24:] < case.vocab
    assert masses[24:][is_word].sum() == pytest.approx(n_pairs)
    assert masses[24:][~is_word].sum() == pytest.approx(n_nodes)


@pytest.mark.parametrize(("exact", "places"), [(False, False), (True, False), (True, True)])
def test_the_masses_of_a_context_are_those_of_its_centers(exact, places):
    gradient = "exact" if exact else "word2vec"
    config = firth.CBOW(dim=8, window=3, cbow_gradient=gradient, position_weights=places, shared_negatives=8)
    case = Case(config, (30, 62), 32)
    _, first, last = case.spans
    _, n_pairs, *_, step = case.compiled()
    contexts = (last - first)[30:62]
    expected = np.where(contexts > 0, 6, 0).sum() if exact else 6 * contexts.sum()
    assert step.masses[0, : step.n_inputs[0]].sum() == pytest.approx(expected)
    targets = slice(case.options.n_inputs + 8, step.n_rows[0])
    assert step.masses[0, targets].sum() == pytest.approx(n_pairs)
    if places:
        assert step.masses[0, step.rows.shape[1] :].sum() == pytest.approx(expected)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
@pytest.mark.parametrize("loss", [TREE, BOTH])
def test_a_path_is_followed_once_for_each_word(loss, model):
    case = Case(MODELS[model](dim=8, loss=loss), (50, 82), 32)
    *_, step = case.compiled()
    n_words = int(step.n_words[0])
    words = case.spans[0][50 if model == "cbow" else case.spans[1][50:82].min() :][:n_words]
    lengths, n_centers = (np.diff(each[0, : n_words + 1]) for each in (step.path_begin, step.begin))
    depths = np.diff(huffman_tree(case.counts).offsets) + (loss == BOTH)
    np.testing.assert_array_equal(lengths, np.where(n_centers > 0, depths[words], 0))
    assert step.n_terms[0] == (lengths * n_centers).sum() > 0
    rows = step.rows[0, case.options.n_inputs + case.options.n_noise : step.n_rows[0]]
    assert len(set(rows)) == len(rows)  # a slot for each row, however many paths lead over it
    slots, used = step.path_slots[0, : lengths.sum()], step.path_rows[0, : lengths.sum()]
    np.testing.assert_array_equal(rows[slots], used)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("vocab", [2, 3, 9, 33, 34, 300])
@pytest.mark.parametrize("model", ["skipgram", "cbow", "fasttext-cbow"])
def test_trees_of_any_size_are_followed(model, vocab, weighted):
    """Nodes that nearly every center meets, and nodes that one of them does."""
    config = MODELS[model](dim=12, loss=TREE, window=2)
    for centers, n_centers in (((40, 72), 32), ((50, 57), 32), ((50, 53), 3)):
        case = Case(config, centers, n_centers, weighted=weighted, vocab=vocab)
        assert_agrees(case)
        assert_masses_count_labels(case)
    assert_agrees(Case(MODELS[model](dim=12, loss=BOTH, window=2), (40, 72), 32, weighted, vocab=vocab))


def assert_masses_count_labels(case: Case) -> None:
    """A node's mass is how many labels all centers have there; so is a center's, over all nodes."""
    found, _ = case.expected()
    expected = np.zeros(case.vocab - 1)
    for example in found:
        np.add.at(expected, example.output_ids, example.weight)
    *_, step = case.compiled()
    used = slice(case.options.n_inputs, step.n_rows[0])
    nodes, masses = step.rows[0, used], step.masses[0, used]
    np.testing.assert_allclose(masses, expected[nodes], rtol=1e-5)
    assert masses.sum() == pytest.approx(expected.sum(), rel=1e-5)
    if not case.config.predicts_center:
        own = [len(example.output_ids) * example.weight for example in found]
        ours = step.masses[0, : step.n_inputs[0]]
        np.testing.assert_allclose(ours[ours > 0], [mass for mass in own if mass > 0], rtol=1e-5)


@pytest.mark.compiled
@pytest.mark.parametrize("n", [1, 8, 16, 37, 100])
@pytest.mark.parametrize("name", ["_term_errors", "_noise_errors"])
def test_bits_do_not_depend_on_where_arrays_lie(name, n):
    """Compilers may make two loops of one, for arrays that lie close together and others, which round differently."""
    rng, function = np.random.default_rng(n), from_python(getattr(chunk, name))
    shape = (n,) if name == "_term_errors" else (n, n)
    logits = rng.normal(0, 3, (2, *shape)).astype(np.float32)
    weights = (
        np.where(rng.random(n) < 0.5, -1, 1).astype(np.float32) if name == "_term_errors" else np.ones(n)
    )
    found = set()
    for gap in range(70):
        memory, at = np.zeros(5 * n * n + 5 * n + 500, np.float32), 0
        arrays = []
        for values in (logits, weights, np.zeros(shape), np.zeros(shape)):
            arrays.append(memory[at : at + np.size(values)].reshape(np.shape(values)))
            arrays[-1][:] = values
            at += np.size(values) + gap
        parts, given, first, second = arrays
        if name == "_term_errors":
            function(parts, given, np.float32(RATE), first)
        else:
            function(parts, np.float32(0.1), given, np.float32(RATE), first, second)
        found.add(tuple(array.tobytes() for array in arrays))
    assert len(found) == 1
