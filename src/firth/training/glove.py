"""The learner of GloVe, around its kernel."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from firth.config import GloVe
from firth.corpus import TokenCorpus
from firth.corpus.cooccurrence import Cooccurrences, count_cooccurrences
from firth.errors import InputError
from firth.formats import VectorTable
from firth.kernels.cpu import glove, state
from firth.training.crew import crew
from firth.training.loop import Part, Work
from firth.training.memory import refuse_what_does_not_fit
from firth.training.weights import words_of_given
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary
from firth.words import Words

_PIECES = 4
"""Each block of records is trained in so many parts of an epoch."""

_NUMBERS_OF_A_ROUND = 1 << 28
_ROWS_AT_ONCE = 65_536
_SIDES = ("input", "output")


class GloVeLearner:
    """GloVe in training; see `firth.training.loop.Learner`.

    An epoch has a position for each stratum of each piece of the records: see `firth.kernels.cpu.glove`.

    Parameters
    ----------
    config : GloVe
    vocabulary : Vocabulary
        With counts.
    counts : Cooccurrences
        Closed by `finish`.
    """

    def __init__(self, config: GloVe, vocabulary: Vocabulary, counts: Cooccurrences) -> None:
        self._config = config
        self._vocabulary = vocabulary
        self._counts = counts
        self._model = glove.Model(*(glove.make_side(len(vocabulary), config.dim) for _ in _SIDES))
        self._options = glove.Options(
            width=glove.row_width(config.dim),
            n_strips=counts.n_strips,
            n_pieces=_PIECES,
            log_x_max=np.float32(np.log(config.x_max)),
            exponent=np.float32(config.weighting_exponent),
            rate=np.float32(config.learning_rate),
        )
        self._finished = False

    @classmethod
    def of(
        cls,
        corpus: TokenCorpus,
        config: GloVe,
        vocabulary: Vocabulary,
        *,
        threads: int,
        progress: Callable[[float], None] | None = None,
    ) -> GloVeLearner:
        """Count co-occurrences in a corpus, and return a learner of them.

        Raises
        ------
        TrainingError
            The weights do not fit into the memory of this machine.
        ConfigError, CorpusError, OutputError
            See `firth.corpus.cooccurrence.count_cooccurrences`.
        """
        # The weights with their sums of squares, and copies of them at the end.
        row = 2 * (2 * glove.row_width(config.dim) + state.LANES) + 5 * config.dim
        refuse_what_does_not_fit(4 * len(vocabulary) * row, f"{len(vocabulary):,} words", config.dim)
        counts = count_cooccurrences(
            corpus,
            vocabulary,
            window=config.window,
            distance_weighting=config.distance_weighting,
            symmetric=config.symmetric,
            memory_limit=config.memory_limit,
            threads=threads,
            seed=config.seed,
            progress=progress,
        )
        return cls(config, vocabulary, counts)

    def initialise(self, start: WordVectors | None) -> None:
        """Fill the weights of a new run: uniform in (-1/2, 1/2) / dim as in GloVe's own tool, or given vectors.

        As a word's vector is the sum of its two rows in the end, each row starts from half of the given vector.

        Raises
        ------
        InputError
            The given vectors hold none of the words, or values that are not finite.
        """
        dim = self._config.dim
        generator = np.random.default_rng(self._config.seed)
        for side in self._model:
            parts = glove.parts_of(side, dim)
            for begin in range(0, len(side), _ROWS_AT_ONCE):
                rows = slice(begin, min(begin + _ROWS_AT_ONCE, len(side)))
                numbers = (
                    generator.random((rows.stop - begin, dim + 1), np.float32) - np.float32(0.5)
                ) / np.float32(dim)
                parts.weights[rows] = numbers[:, :dim]
                parts.biases[rows] = numbers[:, dim]
        if start is None:
            return
        known, found = words_of_given(start, self._vocabulary)
        given = start.embeddings[found]
        if not np.isfinite(given).all():
            raise InputError(
                "the initial vectors hold values that are not finite: remove the words that have them"
            )
        for side in self._model:
            glove.parts_of(side, dim).weights[known] = given * np.float32(0.5)

    def restore(self, table: VectorTable) -> None:
        """Fill the weights from what `finish` has returned.

        Raises
        ------
        KeyError, ValueError
            The table does not hold them, or in another shape.
        """
        for name, part in self._named_parts():
            saved = table.state[name]
            if saved.shape != part.shape:
                raise ValueError(f"{name} is of shape {saved.shape}, but must be of {part.shape}")
            part[:] = saved

    def finish(self) -> VectorTable:
        """Return the words with the sums of their two rows, and give the weights and the counts up.

        What training needs to go on is kept only while something is left to train.
        """
        self._counts.close()
        dim = self._config.dim
        embeddings = (
            glove.parts_of(self._model.inputs, dim).weights + glove.parts_of(self._model.outputs, dim).weights
        )
        embeddings.flags.writeable = False
        left = {}
        if not self._finished:
            left = {name: np.array(part) for name, part in self._named_parts()}
        del self._model
        return VectorTable(self._vocabulary, embeddings, state=left)

    def _named_parts(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yield all that is learned, as views, with the names under which it is saved."""
        for side, rows in zip(_SIDES, self._model, strict=True):
            for name, part in glove.parts_of(rows, self._config.dim)._asdict().items():
                yield f"{side}_{name}", part

    @property
    def settings(self) -> GloVe:
        """What to learn and how."""
        return self._config

    @property
    def weights(self) -> Mapping[str, NDArray[np.float32]]:
        """Both sides, a row for each word: weights, sums of squares, bias."""
        return {f"{side} rows": rows for side, rows in zip(_SIDES, self._model, strict=True)}

    def row_name(self, name: str, row: int) -> str:
        """Return the word of a row."""
        return repr(self._vocabulary.words[row])

    def held_out_loss(self, threads: int, stopped: Callable[[], bool]) -> float | None:
        """Return None: pairs are summed up over all documents before they are trained on."""
        return None

    @property
    def n_positions(self) -> int:
        """The strata of all pieces."""
        return _PIECES * self._options.n_strips

    @property
    def n_words(self) -> int:
        """How many tokens of the corpus the vocabulary holds; all of them are in the counts."""
        return self._vocabulary.total or 0

    def round_length(self, threads: int) -> int:
        """Return the positions between two looks at the clock, the same for any number of threads."""
        numbers = self._options.width * len(self._counts) // self.n_positions
        return min(max(1, _NUMBERS_OF_A_ROUND // max(1, numbers)), self.n_positions)

    def learning_rate(self, epoch: int, position: int) -> float:
        """Return the initial rate: AdaGrad lowers it for each weight by itself."""
        return self._config.learning_rate

    def release(self, start: int, stop: int) -> None:
        """Let go of the pages of the records that are done."""
        for first, last in self._stretches(start, stop):
            self._counts.release(first, last)

    def nothing_to_learn(self) -> str:
        """Say that there is no record, which counting has refused before."""
        return "there are no co-occurrence counts to train on: give more text"

    @contextlib.contextmanager
    def workers(self, threads: int) -> Iterator[Work]:
        """Yield a function that trains on some positions of an epoch with all threads."""
        records = self._counts.records.view(np.ndarray)  # the plain type, for which the kernel is compiled
        losses = np.zeros((self.round_length(threads), self._options.n_strips))

        def work(thread: int, counters: NDArray[np.int64], part: tuple[int, int]) -> None:
            glove.train_glove(
                thread,
                threads,
                counters,
                *part,
                records,
                self._counts.starts,
                self._model,
                self._options,
                losses,
            )

        with crew(threads, work) as on_all:

            def on_part(epoch: int, start: int, stop: int) -> Part:
                on_all((start, stop))
                self._finished = epoch + 1 == self._config.epochs and stop == self.n_positions
                n_records = sum(last - first for first, last in self._stretches(start, stop))
                summed = losses[: stop - start].sum(axis=1)
                wild = np.flatnonzero(~np.isfinite(summed))
                reached = start + int(wild[0]) if len(wild) else stop
                return Part(float(losses[: stop - start].sum()), float(n_records), reached)

            yield on_part

    def _stretches(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield where the records of the positions from `start` to `stop` begin and end, block by block."""
        n_strips, starts = self._options.n_strips, self._counts.starts
        for position in range(start, stop):
            piece, stratum = divmod(position, n_strips)
            for strip in range(n_strips):
                block = strip * n_strips + (strip + stratum) % n_strips
                first, length = int(starts[block]), int(starts[block + 1] - starts[block])
                yield first + length * piece // _PIECES, first + length * (piece + 1) // _PIECES


def warm_up(config: GloVe) -> None:
    """Compile the kernels that `config` needs, or fetch them from the cache, by training on four tokens."""
    ids = np.array([0, 1, 0, 1, -1], np.int32)
    ids.flags.writeable = False
    words, counts = ["a", "b"], np.array([2, 2])
    small = dataclasses.replace(config, dim=1, epochs=1, window=1)
    with TokenCorpus(ids, Words.of(words), counts, n_documents=1, fingerprint="") as corpus:
        learner = GloVeLearner.of(corpus, small, Vocabulary(words, counts), threads=1)
        with learner.workers(1) as work:
            work(0, 0, learner.round_length(1))
        learner.finish()
