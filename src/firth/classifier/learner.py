"""A classifier in training: what `firth.training.loop` asks of it."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from firth.classifier.dictionary import Dictionary, LabelledTexts
from firth.config import ClassifierSettings
from firth.formats import VectorTable
from firth.kernels.cpu import classification as kernels
from firth.kernels.cpu.classification import Space, Texts, Weights
from firth.kernels.cpu.noise import alias_table
from firth.kernels.cpu.random import stream_key
from firth.kernels.cpu.state import LANES
from firth.kernels.cpu.text_rows import fill_rows
from firth.objectives.hierarchical_softmax import huffman_tree
from firth.training.crew import crew
from firth.training.loop import Part, Work
from firth.training.memory import refuse_what_does_not_fit
from firth.training.pace import Pace
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary

LOSSES = {
    "softmax": kernels.SOFTMAX,
    "one-vs-all": kernels.ONE_VS_ALL,
    "hierarchical-softmax": kernels.HIERARCHICAL_SOFTMAX,
    "negative-sampling": kernels.NEGATIVE_SAMPLING,
}
_NOISE_EXPONENT = 0.5
_NOISE_STREAM = 200
_LONGEST_STEP = 32
# Of a text's hidden vector, the share that the other texts of its super-step change, times the learning rate.
_STALENESS = 0.4
_ROWS_OF_A_ROUND = 1 << 19
_ROWS_AT_ONCE = 1 << 14


class ClassifierLearner:
    """The weights of a classifier, and how a round changes them.

    Positions are texts, in an order that is drawn anew for each epoch.

    Parameters
    ----------
    texts : LabelledTexts
    dictionary : Dictionary
    settings : ClassifierSettings
    n_words : int
        How many tokens the text has, by which progress is told.

    Raises
    ------
    TrainingError
        The weights do not fit into memory.
    """

    def __init__(
        self, texts: LabelledTexts, dictionary: Dictionary, settings: ClassifierSettings, n_words: int
    ) -> None:
        self._texts, self._dictionary, self._settings, self._n_words = texts, dictionary, settings, n_words
        n_rows = len(dictionary.words) + len(texts.bucket_ids)
        n_labels = len(dictionary.labels)
        width = -(-settings.dim // LANES) * LANES
        refuse_what_does_not_fit(
            4 * (n_rows + n_labels) * width, f"{n_rows:,} rows of words and n-grams", settings.dim
        )
        self._inputs = np.zeros((n_rows, width), np.float32)
        # Hierarchical softmax has one inner node fewer; its last row stays zero.
        self._outputs = np.zeros((n_labels, width), np.float32)
        tree = huffman_tree(dictionary.label_counts)
        self._paths = (tree.points.astype(np.int32) * 2 + tree.codes).astype(np.int32), tree.offsets
        self._noise = alias_table(np.maximum(dictionary.label_counts, 1) ** _NOISE_EXPONENT)
        self._step = _texts_of_a_step(texts, settings)

    @property
    def settings(self) -> ClassifierSettings:
        """What to learn and how."""
        return self._settings

    @property
    def n_positions(self) -> int:
        """How many texts are trained on."""
        return len(self._texts.lines)

    @property
    def n_words(self) -> int:
        """How many tokens the text has."""
        return self._n_words

    @property
    def weights(self) -> Mapping[str, NDArray[np.float32]]:
        """Rows of words and buckets, and rows of labels."""
        return {"inputs": self._inputs, "outputs": self._outputs}

    def row_name(self, name: str, row: int) -> str:
        """Return what a row stands for."""
        if name == "outputs":
            return repr(self._dictionary.labels[row])
        words = self._dictionary.words
        return repr(words[row]) if row < len(words) else f"an n-gram (row {row - len(words):,})"

    def round_length(self, threads: int) -> int:
        """Return of how many texts a round consists."""
        mean = self._texts.counts[self._texts.lines].mean()
        return max(1, int(_ROWS_OF_A_ROUND / mean))

    def learning_rate(self, epoch: int, position: int) -> float:
        """Return the rate at a text of an epoch: it falls in a line to 0."""
        progress = (epoch + position / self.n_positions) / self._settings.epochs
        return self._settings.learning_rate * max(1.0 - progress, 0.0)

    @contextlib.contextmanager
    def workers(self, threads: int) -> Iterator[Work]:
        """Yield a function that trains on some texts of an epoch, on fewer threads where cores are short."""
        space, pace = self._space(), Pace(threads)

        def do(
            thread: int, counters: NDArray[np.int64], task: Callable[[int, NDArray[np.int64]], None]
        ) -> None:
            task(thread, counters)

        with crew(threads, do) as on_all:

            def train(epoch: int, start: int, stop: int) -> Part:
                order, texts = self._round(epoch, start, stop)
                weights, wanted = self._weights(epoch), pace.threads

                def fill(thread: int, _: NDArray[np.int64]) -> None:
                    given, n_max = self._texts, self._settings.word_ngrams
                    fill_rows(
                        given.ids, given.starts, order, given.table, n_max, given.row_of, texts.offsets, texts.rows,
                        thread, threads,
                    )  # fmt: skip

                def learn(thread: int, counters: NDArray[np.int64]) -> None:
                    if thread < wanted:
                        kernels.train_texts(thread, wanted, counters, texts, weights, space)

                on_all(fill)
                begun, used = time.perf_counter(), time.process_time()
                on_all(learn)
                pace.note(
                    positions=stop - start,
                    seconds=time.perf_counter() - begun,
                    cpu_seconds=time.process_time() - used,
                )
                wild = np.flatnonzero(~np.isfinite(texts.losses))
                reached = start + int(wild[0]) if len(wild) else stop
                return Part(float(texts.losses.sum()), float(stop - start), reached)

            yield train

    def held_out_loss(self, threads: int, stopped: Callable[[], bool]) -> float | None:
        """Return nothing: a classifier is judged by texts of their own."""
        return None

    def release(self, start: int, stop: int) -> None:
        """Keep everything: texts come in any order."""

    def nothing_to_learn(self) -> str:
        """Say why an epoch had no text."""
        return "no line has both a known label and a known word: check the labels' prefix"

    def initialise(self, start: WordVectors | None) -> None:
        """Fill the rows with numbers between -1/dim and 1/dim, those of words in `start` with their vectors."""
        dim = self._settings.dim
        draws = np.random.default_rng(self._settings.seed)
        for first in range(0, len(self._inputs), _ROWS_AT_ONCE):
            rows = self._inputs[first : first + _ROWS_AT_ONCE, :dim]
            rows[:] = draws.random(rows.shape, np.float32) * np.float32(2 / dim) - np.float32(1 / dim)
        if start is not None:
            places = self._dictionary.words.find_all(list(start))
            found = np.flatnonzero(places >= 0)
            self._inputs[places[found], :dim] = start.embeddings[found]

    def take_over(self, rows: NDArray[np.float32], outputs: NDArray[np.float32]) -> None:
        """Fill the weights from those of a model with the same words, buckets and labels."""
        self._inputs[:, : self._settings.dim] = rows
        self._outputs[:, : self._settings.dim] = outputs

    def restore(self, table: VectorTable) -> None:
        """Fill the rows of words from a table of all of them."""
        self._inputs[: len(table.embeddings), : self._settings.dim] = table.embeddings

    def finish(self) -> VectorTable:
        """Return the words with their rows."""
        dictionary = self._dictionary
        rows = np.ascontiguousarray(self._inputs[: len(dictionary.words), : self._settings.dim])
        return VectorTable(Vocabulary(dictionary.words, dictionary.word_counts), rows)

    def rows(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the input and the output matrix without their padding."""
        dim = self._settings.dim
        return np.ascontiguousarray(self._inputs[:, :dim]), np.ascontiguousarray(self._outputs[:, :dim])

    def _space(self) -> Space:
        n_labels, width = self._outputs.shape
        tiled = self._settings.loss in ("softmax", "one-vs-all")
        n_tiles = -(-n_labels // kernels.TILE) if tiled else 1
        return Space(
            hidden=np.zeros((self._step, width), np.float32),
            steps=np.zeros((self._step, n_tiles, width), np.float32),
            losses=np.zeros((self._step, n_tiles)),
            logits=np.zeros((2, n_labels), np.float32),
            highest=np.zeros((2, n_tiles), np.float32),
        )

    def _weights(self, epoch: int) -> Weights:
        return Weights(
            inputs=self._inputs,
            outputs=self._outputs,
            paths=self._paths[0],
            path_offsets=self._paths[1],
            noise=self._noise,
            negatives=self._settings.negatives,
            key=stream_key(self._settings.seed, epoch, _NOISE_STREAM),
            loss=LOSSES[self._settings.loss],
        )

    def _round(self, epoch: int, start: int, stop: int) -> tuple[NDArray[np.int64], Texts]:
        """Return the lines of a round, and its texts, whose rows are still to be filled."""
        texts = self._texts
        lines, chosen = _order(texts, self._settings.seed, epoch)
        order = lines[start:stop]
        offsets = np.concatenate([[0], np.cumsum(texts.counts[order])])
        begins, ends = texts.label_offsets[order], texts.label_offsets[order + 1]
        lengths = ends - begins
        label_offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(begins - label_offsets[:-1], lengths) + np.arange(label_offsets[-1])
        progress = (epoch + np.arange(start, stop) / self.n_positions) / self._settings.epochs
        return order, Texts(
            offsets=offsets,
            rows=np.empty(offsets[-1], np.int32),
            targets=texts.labels[begins + (chosen[start:stop] * lengths).astype(np.int64)],
            label_offsets=label_offsets,
            labels=texts.labels[places],
            rates=(self._settings.learning_rate * (1.0 - progress)).astype(np.float32),
            losses=np.zeros(stop - start),
            first=start,
        )


@functools.lru_cache(maxsize=1)
def _order(texts: LabelledTexts, seed: int, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the lines in the order of an epoch, and a number from 0 to 1 for each, which chooses among its labels."""
    draws = np.random.default_rng((seed, epoch + 1))
    return texts.lines[draws.permutation(len(texts.lines))], draws.random(len(texts.lines))


def _texts_of_a_step(texts: LabelledTexts, settings: ClassifierSettings) -> int:
    """Return how many texts a super-step has: 32, or fewer where texts share so many rows that they would mislead.

    With q, the share of each row in all texts, two texts have Σ q² of their hidden vectors in common on average.
    """
    ids = texts.ids[: 1 << 22]
    counts = np.bincount(ids[ids >= 0], minlength=len(texts.table.is_word))
    weights = np.repeat(counts, np.diff(texts.table.offsets)).astype(np.float64)
    of_rows = np.bincount(texts.table.rows, weights)
    total = of_rows.sum()
    common = float(np.square(of_rows / total).sum()) if total else 0.0
    return int(min(max(_STALENESS / max(settings.learning_rate * common, 1e-9), 1.0), _LONGEST_STEP))
