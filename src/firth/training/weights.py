"""The weights of the models over windows: how they start, how they are saved and how they come back."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from firth.config import FastText
from firth.errors import InputError
from firth.formats import VectorTable
from firth.kernels.cpu import state
from firth.subwords import Subwords
from firth.training.plan import Plan
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

_log = logging.getLogger(__name__)

_ROWS_AT_ONCE = 65_536
_WORDS_AT_ONCE = 4_096
_NODES, _PLACES = "node_embeddings", "position_weights"


def make_weights(plan: Plan) -> state.Model:
    """Return the weights of a run, all zero."""
    return state.Model(
        inputs=state.make_matrix(plan.n_inputs, plan.config.dim),
        outputs=state.make_matrix(plan.n_outputs, plan.config.dim),
        places=state.make_matrix(plan.options.n_places, plan.config.dim),
    )


def initialise(model: state.Model, plan: Plan, start: WordVectors | None) -> None:
    """Fill the weights of a new run.

    The input embeddings are uniform, in (-1/2, 1/2) / dim as in word2vec.c or, with n-grams, in (-1, 1) / dim as in
    fastText; or they are taken from given vectors. The output embeddings are 0, position weights 1.

    Raises
    ------
    InputError
        The given vectors hold none of the words, or values that are not finite.
    """
    dim = plan.config.dim
    generator = np.random.default_rng(plan.config.seed)
    spread = np.float32(2.0 if isinstance(plan.config, FastText) else 1.0)
    for begin in range(0, plan.n_inputs, _ROWS_AT_ONCE):
        part = slice(begin, min(begin + _ROWS_AT_ONCE, plan.n_inputs))
        numbers = generator.random((part.stop - begin, dim), np.float32)
        state.put_rows(model.inputs, part, (numbers - np.float32(0.5)) * (spread / np.float32(dim)))
    if plan.options.n_places:
        state.put_rows(model.places, slice(None), np.ones((plan.options.n_places, dim), np.float32))
    if start is not None:
        _take_vectors(model, plan, start)


def _take_vectors(model: state.Model, plan: Plan, start: WordVectors) -> None:
    """Put given rows in the place of random ones: those of n-grams too, where hashed alike, and of places."""
    n_words = len(plan.vocabulary)
    known, found = words_of_given(start, plan.vocabulary)
    config, given = plan.config, start.subwords
    alike = isinstance(config, FastText) and given is not None
    if alike and given is not None and isinstance(config, FastText):
        alike = (given.min_n, given.max_n, given.buckets) == (config.min_n, config.max_n, config.buckets)
    rows = start.embeddings if given is None or not alike else given.word_rows
    state.put_rows(model.inputs, known, rows[found])
    if given is not None and alike:
        ids = np.arange(given.buckets, dtype=np.int32) if given.bucket_ids is None else given.bucket_ids
        at = np.searchsorted(ids, plan.bucket_ids)
        shared = np.flatnonzero(ids[np.minimum(at, len(ids) - 1)] == plan.bucket_ids)
        state.put_rows(model.inputs, n_words + shared, given.bucket_rows[at[shared]])
    if start.output_vectors is not None and plan.n_output_words:
        state.put_rows(model.outputs, known, start.output_vectors.embeddings[found])
    places = start.state.get(_PLACES)
    if places is not None and places.shape == (plan.options.n_places, config.dim):
        state.put_rows(model.places, slice(None), places)
    if not all(np.isfinite(matrix).all() for matrix in model):
        raise InputError(
            "the initial vectors hold values that are not finite: remove the words that have them"
        )


def words_of_given(start: WordVectors, vocabulary: Vocabulary) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which words have a given vector, and the rows of these vectors.

    Raises
    ------
    InputError
        None of the words has one.
    """
    found = start.vocabulary.words.find_all(list(vocabulary.words))
    known = np.flatnonzero(found >= 0)
    if not len(known):
        raise InputError(
            f"none of the {len(vocabulary):,} words of the corpus is among the {len(start):,} initial vectors: "
            "check that both are lowercased and tokenized alike"
        )
    _log.info("%d of %d words start from given vectors", len(known), len(vocabulary))
    return known, found[known]


def restore(model: state.Model, plan: Plan, table: VectorTable) -> None:
    """Fill the weights from what `to_table` has made of them.

    Raises
    ------
    KeyError, ValueError
        Something is missing, or of another shape.
    """
    n_words = len(plan.vocabulary)
    own = table.embeddings if table.subwords is None else table.subwords.word_rows
    state.put_rows(model.inputs, slice(0, n_words), own)
    if table.subwords is not None:
        state.put_rows(model.inputs, slice(n_words, None), table.subwords.bucket_rows)
    if plan.n_output_words:
        if table.output_embeddings is None:
            raise KeyError("output_embeddings")
        state.put_rows(model.outputs, slice(0, n_words), table.output_embeddings)
    if plan.n_nodes:
        state.put_rows(model.outputs, slice(plan.n_output_words, None), table.state[_NODES])
    if plan.options.n_places:
        state.put_rows(model.places, slice(None), table.state[_PLACES])


def to_table(weights: list[NDArray[np.float32]], plan: Plan) -> VectorTable:
    """Return weights as words with their vectors.

    Parameters
    ----------
    weights : list
        The matrices of a `Model`. It is emptied: one matrix goes before the next is made, so that at no time there
        are more than three.
    plan : Plan
    """
    dim, n_words = plan.config.dim, len(plan.vocabulary)
    places = _dense(weights.pop(), dim)
    outputs = _dense(weights.pop(), dim)
    inputs = _dense(weights.pop(), dim)
    extra = {_PLACES: places} if plan.options.n_places else {}
    if plan.n_nodes:
        extra[_NODES] = outputs[plan.n_output_words :]
    subwords = None
    embeddings = inputs
    if isinstance(plan.config, FastText) and len(plan.tables.subword_offsets):
        embeddings = _composed(inputs, plan.tables)
        subwords = Subwords(
            min_n=plan.config.min_n,
            max_n=plan.config.max_n,
            buckets=plan.config.buckets,
            word_rows=inputs[:n_words],
            bucket_rows=inputs[n_words:],
            bucket_ids=plan.bucket_ids,
        )
    return VectorTable(
        plan.vocabulary,
        embeddings,
        output_embeddings=outputs[:n_words] if plan.n_output_words else None,
        subwords=subwords,
        state=extra,
    )


def _dense(matrix: NDArray[np.float32], dim: int) -> NDArray[np.float32]:
    rows = state.dense_rows(matrix, dim)
    rows.flags.writeable = False
    return rows


def _composed(inputs: NDArray[np.float32], tables: state.Tables) -> NDArray[np.float32]:
    """Return the mean of the rows of each word."""
    offsets = tables.subword_offsets
    embeddings = np.empty((len(offsets) - 1, inputs.shape[1]), np.float32)
    for begin in range(0, len(embeddings), _WORDS_AT_ONCE):
        behind = min(begin + _WORDS_AT_ONCE, len(embeddings))
        rows = inputs[tables.subwords[offsets[begin] : offsets[behind]]]
        own = offsets[begin:behind]
        sums = np.add.reduceat(rows, own - own[0], axis=0)
        embeddings[begin:behind] = sums / np.diff(offsets[begin : behind + 1])[:, np.newaxis]
    embeddings.flags.writeable = False
    return embeddings
