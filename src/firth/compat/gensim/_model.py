"""What ``Word2Vec`` and ``FastText`` share beneath their names: parameters, vocabulary, weights."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.compat.gensim._old_names import Unoffered
from firth.compat.gensim._sentences import encoded
from firth.compat.gensim._settings import TrimRule, kept_words, settings_of
from firth.compat.gensim.models.keyedvectors import FastTextKeyedVectors, KeyedVectors
from firth.config import WindowSettings
from firth.errors import ConfigError, CorpusError, InputError
from firth.formats import VectorTable
from firth.vocabulary import Vocabulary
from firth.words import Words

_log = logging.getLogger(__name__)

_NODES = "node_embeddings"
_KINDS = {
    "syn1neg": "negative sampling (negative=5)",
    "syn1": "hierarchical softmax (hs=1)",
}


_OPTIONS = {"syn1neg": "negative", "syn1": "hs"}


class Model(Unoffered):
    """A model that has words and weights, and grows them; the subclasses have gensim's parameters.

    The weights lie where gensim's users look for them: in ``wv``, ``syn1neg`` and ``syn1``. Each training begins
    with what is there then.
    """

    wv: KeyedVectors
    vector_size: int
    alpha: float
    min_alpha: float
    window: int
    min_count: int
    sample: float
    seed: int
    sg: int
    hs: int
    negative: int
    ns_exponent: float
    cbow_mean: int
    epochs: int
    shrink_windows: bool
    workers: int
    sorted_vocab: int
    max_final_vocab: int | None
    trim_rule: TrimRule | None

    def _begin(self) -> None:
        """Set what is known before there are words."""
        self.layer1_size = self.vector_size
        self.corpus_count = 0
        self.corpus_total_words = 0
        self.effective_min_count = max(self.min_count, 1)
        self.raw_vocab: dict[Any, int] = {}
        self.train_count = 0
        self.total_train_time = 0.0
        self.running_training_loss = 0.0
        self.min_alpha_yet_reached = self.alpha
        self.history: list[dict[str, Any]] = []
        self._outputs: dict[str, NDArray[np.float32]] = {}

    def build_vocab(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        update: bool = False,
        progress_per: int = 10_000,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        *,
        sentences: Iterable[Any] | None = None,
        min_count: int | None = None,
    ) -> None:
        """Choose the words to learn, and give them their first vectors.

        Parameters
        ----------
        corpus_iterable : iterable of lists of tokens
            Passed over once.
        corpus_file : path
            A file of sentences, one a line, in its place.
        update : bool
            Keep the words and weights there are: counts are added up, and new words come behind the others.
        progress_per : int
            Without effect.
        keep_raw_vocab : bool
            Keep the counts of all words as `raw_vocab`.
        trim_rule : callable, optional
            Takes a word, its count and the least count, and returns one of ``utils.RULE_DEFAULT``, ``RULE_DISCARD``
            and ``RULE_KEEP``.
        sentences : iterable
            gensim 3's name of `corpus_iterable`.
        min_count : int, optional
            In place of the model's.

        Raises
        ------
        CorpusError
            There are no sentences, or fewer than two words are left.
        """
        given = sentences if corpus_iterable is None else corpus_iterable
        corpus, n_sentences, numbers = encoded(given, corpus_file, self.workers)
        with corpus:
            types, counts = corpus.types, np.array(corpus.type_counts)
        self._choose(
            types, counts, update=update, trim_rule=trim_rule or self.trim_rule, numbers=numbers, min_count=min_count
        )  # fmt: skip
        self.corpus_count, self.corpus_total_words = n_sentences, int(counts.sum())
        if keep_raw_vocab:
            self.raw_vocab = dict(zip(types, counts.tolist(), strict=True))

    def build_vocab_from_freq(
        self,
        word_freq: Mapping[Any, int],
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        trim_rule: TrimRule | None = None,
        update: bool = False,
    ) -> None:
        """Choose the words to learn from counts that are known already; see `build_vocab`.

        Parameters
        ----------
        word_freq : mapping of word to count
        corpus_count : int, optional
            How many sentences were counted.
        keep_raw_vocab, trim_rule, update
            See `build_vocab`.
        """
        counts = np.fromiter(word_freq.values(), np.int64, len(word_freq))
        numbers = bool(word_freq) and all(type(word) is int for word in word_freq)
        self._choose(
            Words.of(map(str, word_freq)), counts, update=update, trim_rule=trim_rule or self.trim_rule,
            numbers=numbers, min_count=None,
        )  # fmt: skip
        self.corpus_count, self.corpus_total_words = corpus_count or 0, int(counts.sum())
        if keep_raw_vocab:
            self.raw_vocab = dict(word_freq)

    def init_weights(self) -> None:
        """Give all words new first vectors, as before any training."""
        self._renew(None)

    def reset_from(self, other_model: Model) -> None:
        """Take over the words of another model, with new first vectors."""
        other = other_model.wv
        self._set_words(list(other.index_to_key), np.array(other.expandos["count"]))
        self.corpus_count, self.corpus_total_words = other_model.corpus_count, other_model.corpus_total_words
        self._renew(None)

    def _choose(
        self,
        types: Words,
        counts: NDArray[np.int64],
        *,
        update: bool,
        trim_rule: TrimRule | None,
        numbers: bool,
        min_count: int | None,
    ) -> None:
        """Choose words by their counts, and make their weights."""
        chosen, least = kept_words(
            types,
            counts,
            min_count=self.min_count if min_count is None else min_count,
            most=self.max_final_vocab,
            trim_rule=trim_rule,
            by_count=bool(self.sorted_vocab),
        )
        before: VectorTable | None = None
        keys: list[Any] = list(types.take(chosen))
        keys, kept = _as_numbers(keys) if numbers else keys, counts[chosen]
        if update:
            before = self._table() if self._outputs else None
            keys, kept = self._grown(keys, kept, dict(zip(types, counts.tolist(), strict=True)))
        if len(keys) < 2:
            raise CorpusError(
                f"{len(keys)} of {len(types):,} different words are left with min_count={least}, but two are needed at "
                "least: lower min_count or give more text"
            )
        self.effective_min_count = least
        self._set_words(keys, kept)
        self._renew(before)

    def _grown(
        self, keys: list[Any], kept: NDArray[np.int64], found: dict[str, int]
    ) -> tuple[list[Any], NDArray[np.int64]]:
        """Return the words there are with their counts in the old and the new text, and behind them the new ones."""
        if not len(self.wv):
            raise InputError("update is True, but there is no vocabulary yet: build the first one without it")
        if self.hs:
            raise ConfigError(
                "update is True and hs is 1: with new counts another tree would grow, in which the old rows of inner "
                "nodes mean nothing; train with negative sampling, or a new model"
            )
        old = self.wv.index_to_key
        counts = self.wv.expandos["count"] + np.array([found.get(str(key), 0) for key in old], np.int64)
        new = [at for at, key in enumerate(keys) if key not in self.wv.key_to_index]
        return [*old, *(keys[at] for at in new)], np.concatenate([counts, kept[new]])

    def _set_words(self, keys: list[Any], counts: NDArray[np.int64]) -> None:
        wv = self.wv
        wv.index_to_key = keys
        wv.key_to_index = {key: row for row, key in enumerate(keys)}
        wv.next_index = len(keys)
        wv.expandos = {"count": counts}

    def _renew(self, start: VectorTable | None) -> None:
        from firth.compat.gensim._learning import new_weights

        vocabulary = Vocabulary(map(str, self.wv.index_to_key), self.wv.expandos["count"])
        self._take(new_weights(self._config(), vocabulary, start))

    def _config(self, **changes: Any) -> WindowSettings:
        return settings_of(self, **changes)

    def _take(self, table: VectorTable) -> None:
        """Put weights where gensim's users look for them."""
        wv = self.wv
        if isinstance(wv, FastTextKeyedVectors):
            wv.subwords = table.subwords
        wv.vectors = np.array(table.embeddings)
        wv.norms = None
        outputs = {"syn1neg": table.output_embeddings, "syn1": table.state.get(_NODES)}
        self._outputs = {name: np.array(rows) for name, rows in outputs.items() if rows is not None}

    def _table(self) -> VectorTable:
        """Return the weights as they are now.

        Raises
        ------
        InputError
            There are none, or their shapes were changed.
        """
        if not self._outputs or not len(self.wv):
            raise InputError("the model has no vocabulary yet: build it first, with build_vocab")
        table = self.wv.to_table()
        nodes = self._outputs.get("syn1")
        return dataclasses.replace(
            table,
            output_embeddings=self._outputs.get("syn1neg"),
            state=table.state if nodes is None else {**table.state, _NODES: nodes},
        )

    def _check_output(self, name: str, why: str) -> None:
        """Refuse what needs weights that the model does not have.

        Raises
        ------
        InputError
            There is no vocabulary yet.
        ConfigError
            The vocabulary was built without them.
        """
        if not self._outputs:
            raise InputError("the model has no vocabulary yet: build it first, with build_vocab")
        if name not in self._outputs:
            option = _OPTIONS[name]
            raise ConfigError(
                f"{why}, but the model has no {name}, as {option} was 0 when its vocabulary was built: set {option} "
                "above 0 and call build_vocab, which begins anew"
            )

    def __getattr__(self, name: str) -> Any:
        """Return ``syn1neg``, the output embeddings, or ``syn1``, the rows of inner nodes; both may be written to."""
        if name not in _KINDS:
            return super().__getattr__(name)
        outputs = self.__dict__.get("_outputs", {})
        if name not in outputs:
            raise AttributeError(
                f"the model has no {name}: build a vocabulary, and train with {_KINDS[name]}"
            )
        return outputs[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _KINDS:
            self._outputs[name] = np.ascontiguousarray(value, np.float32)
        else:
            super().__setattr__(name, value)


def _as_numbers(keys: list[str]) -> list[Any]:
    """Return keys as the whole numbers that the tokens were; as text where one is none."""
    try:
        return [int(key) for key in keys]
    except ValueError:
        _log.warning("the first token is a whole number, but not all are: keys are text")
        return list(keys)
