"""``gensim.models.word2vec``: skip-gram and continuous bag of words."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.compat.gensim._old_model import OldModelNames
from firth.compat.gensim._old_names import refuse, take_old
from firth.compat.gensim._sentences import LineSentence, PathLineSentences, Text8Corpus, encoded
from firth.compat.gensim._settings import TrimRule, check_losses
from firth.compat.gensim.models.keyedvectors import KeyedVectors
from firth.errors import ConfigError, InputError

__all__ = ["FAST_VERSION", "KeyedVectors", "LineSentence", "PathLineSentences", "Text8Corpus", "Word2Vec"]

FAST_VERSION = 1
"""What scripts hold above -1 to be sure of compiled code; firth's always is."""

_OLD_OPTIONS = {"size": "vector_size", "iter": "epochs"}


class Word2Vec(OldModelNames):
    """Vectors of words, learned with skip-gram or continuous bag of words.

    Without sentences, build the vocabulary with `build_vocab` and learn with `train`.

    Parameters
    ----------
    sentences : iterable of lists of tokens, optional
        Passed over once, whatever the number of epochs, so that a generator will do.
    corpus_file : path, optional
        A file of sentences, one a line, tokens between white space; in place of `sentences`.
    vector_size : int
        Length of a vector.
    alpha, min_alpha : float
        The learning rate falls from the first to the second.
    window : int
        Largest distance of the words that predict each other.
    min_count : int
        Rarer words are dropped.
    max_vocab_size : int, optional
        Without effect: counting is exact, whatever the number of words.
    sample : float
        Threshold above which frequent words are thinned out; 0 keeps all.
    seed : int
        Chooses all random draws; the same seed gives the same bits on any number of workers.
    workers : int
        How many threads train.
    sg : {0, 1}
        1 for skip-gram, 0 for continuous bag of words.
    hs : {0, 1}
        1 for hierarchical softmax; both losses are added up unless `negative` is 0.
    negative : int
        How many noise words are drawn for each pair.
    ns_exponent : float
        Noise words are drawn in proportion to count to this power.
    cbow_mean : {0, 1}
        1 to take the mean of the context's vectors, 0 the sum.
    hashfxn, batch_words : optional
        Without effect.
    epochs : int
        How often the sentences are learned from.
    null_word : int
        Not offered.
    trim_rule : callable, optional
        See `build_vocab`.
    sorted_vocab : {0, 1}
        1 to put the most frequent word first, 0 to keep the order in which the text first shows them.
    compute_loss : bool
        Without effect: the loss is always known, at no cost.
    callbacks : iterable of CallbackAny2Vec
        Told how the training goes that the constructor does.
    comment : str, optional
        Kept with the model.
    max_final_vocab : int, optional
        Raise `min_count` until at most so many words are left.
    shrink_windows : bool
        Draw the distance for each word from 1 to `window`; otherwise it is always `window`.
    **old
        gensim 3's ``size`` and ``iter``, with a DeprecationWarning.

    Raises
    ------
    ConfigError
        A value is out of its range, or not offered.
    CorpusError
        The sentences cannot be used.

    Examples
    --------
    >>> sentences = [["the", "king", "and", "the", "queen"], ["the", "dog", "and", "the", "cat"]] * 50
    >>> model = Word2Vec(sentences, vector_size=8, seed=7)
    >>> print(model)
    Word2Vec<vocab=6, vector_size=8, alpha=0.025>
    >>> model.wv["king"].shape
    (8,)
    """

    def __init__(
        self,
        sentences: Iterable[Any] | None = None,
        corpus_file: Any = None,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        sample: float = 1e-3,
        seed: int = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        sg: int = 0,
        hs: int = 0,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        hashfxn: Callable[[Any], int] = hash,
        epochs: int = 5,
        null_word: int = 0,
        trim_rule: TrimRule | None = None,
        sorted_vocab: int = 1,
        batch_words: int = 10_000,
        compute_loss: bool = False,
        callbacks: Iterable[Any] = (),
        comment: str | None = None,
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
        **old: Any,
    ) -> None:
        chosen = take_old(old, _OLD_OPTIONS, type(self).__name__)
        refuse(null_word, "null_word", "windows end at the ends of sentences, and nothing stands beyond", 0)
        check_losses(hs, negative)
        self.vector_size = int(chosen.get("vector_size", vector_size))
        self.alpha, self.min_alpha = float(alpha), float(min_alpha)
        self.window = int(window)
        self.min_count = int(min_count or 0)
        self.max_vocab_size, self.max_final_vocab = max_vocab_size, max_final_vocab
        self.sample = sample
        self.seed = seed
        self.workers = int(workers)
        self.sg, self.hs = int(sg), int(hs)
        self.negative = int(negative)
        self.ns_exponent = ns_exponent
        self.cbow_mean = int(cbow_mean)
        self.hashfxn, self.batch_words = hashfxn, batch_words
        self.epochs = int(chosen.get("epochs", epochs))
        self.null_word = null_word
        self.trim_rule = trim_rule
        self.sorted_vocab = int(sorted_vocab)
        self.compute_loss = compute_loss
        self.comment = comment
        self.shrink_windows = bool(shrink_windows)
        self.wv = self._new_vectors()
        self._begin()
        self._config()
        if sentences is not None or corpus_file is not None:
            corpus, self.corpus_count, numbers = encoded(sentences, corpus_file, self.workers)
            with corpus:
                counts = np.array(corpus.type_counts)
                self.corpus_total_words = int(counts.sum())
                self._choose(
                    corpus.types, counts, update=False, trim_rule=trim_rule, numbers=numbers, min_count=None
                )
                self._learn(corpus, callbacks, {})

    def _new_vectors(self) -> KeyedVectors:
        return KeyedVectors(self.vector_size)

    def train(
        self,
        corpus_iterable: Iterable[Any] | None = None,
        corpus_file: Any = None,
        total_examples: int | None = None,
        total_words: int | None = None,
        epochs: int | None = None,
        start_alpha: float | None = None,
        end_alpha: float | None = None,
        word_count: int = 0,
        queue_factor: int = 2,
        report_delay: float = 1.0,
        compute_loss: bool = False,
        callbacks: Iterable[Any] = (),
        *,
        sentences: Iterable[Any] | None = None,
    ) -> tuple[int, int]:
        """Learn from sentences, beginning with the weights there are; words without a vector are passed over.

        Parameters
        ----------
        corpus_iterable : iterable of lists of tokens
            Passed over once.
        corpus_file : path
            A file of sentences, one a line, in its place.
        total_examples, total_words, word_count, queue_factor, report_delay, compute_loss : optional
            Without effect: the sentences are counted before the first epoch.
        epochs : int, optional
            How often they are learned from; as the model says where it is not given.
        start_alpha, end_alpha : float, optional
            The learning rate falls from the first to the second; as the model says where they are not given.
        callbacks : iterable of CallbackAny2Vec
            Told how it goes.
        sentences : iterable
            gensim 3's name of `corpus_iterable`.

        Returns
        -------
        trained, raw : int
            How many words were learned from, about, after thinning out, and how many there were, in all epochs.

        Raises
        ------
        InputError
            There is no vocabulary yet, or there are no sentences.
        ConfigError
            `hs` or `negative` was set after the vocabulary was built, so that its weights are not there.
        KeyboardInterrupt
            After Ctrl-C, with what is learned by then in the model.
        """
        if not len(self.wv):
            raise InputError("the model has no vocabulary yet: build it first, with build_vocab")
        given = sentences if corpus_iterable is None else corpus_iterable
        corpus, _, _ = encoded(given, corpus_file, self.workers)
        changes = {"epochs": epochs, "alpha": start_alpha, "min_alpha": end_alpha}
        with corpus:
            return self._learn(corpus, callbacks, changes)

    def _learn(self, corpus: Any, callbacks: Iterable[Any], changes: dict[str, Any]) -> tuple[int, int]:
        """Train on an encoded corpus and tell the callbacks."""
        from firth.compat.gensim._learning import learn
        from firth.objectives.sampling import keep_probabilities
        from firth.training.checks import checked_threads

        if np.any(np.asarray(self.wv.vectors_lockf) != 1):
            raise ConfigError(
                "vectors_lockf holds factors other than 1, but firth trains all rows: set them to 1"
            )
        for name, option in (("syn1", "hs"), ("syn1neg", "negative")):
            if (value := getattr(self, option)) > 0:
                self._check_output(name, f"{option} is {value}")
        config, table, told = self._config(**changes), self._table(), list(callbacks)
        self.running_training_loss = 0.0
        self.history = []
        begin = time.perf_counter()

        def on_epoch(epoch: Any) -> None:
            self.running_training_loss += epoch.loss * epoch.pairs
            self.history.append({"epoch": epoch.epoch, "loss": epoch.loss, "pairs": epoch.pairs})
            self.min_alpha_yet_reached = epoch.learning_rate
            for callback in told:
                callback.on_epoch_end(self)
            if epoch.epoch < config.epochs:
                for callback in told:
                    callback.on_epoch_begin(self)

        for name in ("on_train_begin", "on_epoch_begin"):
            for callback in told:
                getattr(callback, name)(self)
        finished = learn(
            corpus, config, table, threads=checked_threads(self.workers), on_epoch=on_epoch, take=self._take,
            live=bool(told),
        )  # fmt: skip
        self.total_train_time += time.perf_counter() - begin
        self.train_count += 1
        if not finished:
            raise KeyboardInterrupt("training was interrupted; the model has what it has learned so far")
        for callback in told:
            callback.on_train_end(self)
        if not any(epoch["pairs"] for epoch in self.history):
            warnings.warn(
                "nothing was learned: no two words side by side are left of these sentences without unknown words and "
                f"after thinning out frequent ones (sample={config.subsample}); give more text, or sample=0",
                UserWarning,
                stacklevel=3,
            )
        rows = corpus.lookup_table(table.vocabulary)
        keep = keep_probabilities(self.wv.expandos["count"], config.subsample)
        kept = float(corpus.type_counts[rows >= 0] @ keep[rows[rows >= 0]])
        return round(kept * config.epochs), corpus.n_tokens * config.epochs

    def get_latest_training_loss(self) -> float:
        """Return the sum of the loss over all pairs of the training that is running, or was the last one."""
        return self.running_training_loss

    def predict_output_word(
        self, context_words_list: Sequence[Any], topn: int = 10
    ) -> list[tuple[Any, float]] | None:
        """Return the most probable words between given ones, with their probabilities; None if none is known.

        A softmax over the output embeddings, which negative sampling does not quite learn: take them as a ranking.

        Raises
        ------
        InputError
            The model has no vocabulary yet.
        ConfigError
            Its vocabulary was not built for negative sampling.
        """
        self._check_output("syn1neg", "output words are predicted by negative sampling")
        known = [word for word in context_words_list if self.wv.get_index(word, -1) >= 0]
        if not known:
            return None
        rows = [self.wv.get_index(word) for word in known]
        hidden = self.wv.vectors[rows].sum(axis=0, dtype=np.float64) / (len(rows) if self.cbow_mean else 1)
        logits = self.syn1neg @ hidden
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        best = np.argsort(-shares, kind="stable")[:topn]
        return [(self.wv.index_to_key[row], float(shares[row])) for row in best.tolist()]

    def score(
        self,
        sentences: Iterable[Sequence[Any]],
        total_sentences: int = 1_000_000,
        chunksize: int = 100,
        queue_factor: int = 2,
        report_delay: float = 1,
    ) -> NDArray[np.float32]:
        """Return the log-likelihood of each sentence, shape (n_sentences,); unknown words are passed over.

        Of each word given each word of its window (skip-gram), or given them all (CBOW). Only with hierarchical
        softmax, whose probabilities are normalized.

        Parameters
        ----------
        sentences : iterable of lists of tokens
        total_sentences : int
            So many at most.
        chunksize, queue_factor, report_delay
            Without effect.

        Raises
        ------
        InputError
            The model has no vocabulary yet.
        ConfigError
            Its vocabulary was not built for hierarchical softmax.
        """
        from firth.compat.gensim._scoring import Scorer

        self._check_output("syn1", "sentences are scored by hierarchical softmax")
        scorer = Scorer(
            self.wv.vectors, self.syn1, self.wv.expandos["count"], window=self.window, skip_gram=bool(self.sg),
            mean=bool(self.cbow_mean),
        )  # fmt: skip
        scores = []
        for number, sentence in enumerate(sentences):
            if number >= total_sentences:
                break
            scores.append(
                scorer.score([row for word in sentence if (row := self.wv.get_index(word, -1)) >= 0])
            )
        return np.array(scores, np.float32)

    def estimate_memory(
        self, vocab_size: int | None = None, report: dict[str, int] | None = None
    ) -> dict[str, int]:
        """Return how many bytes the words and weights take, about."""
        n_words = vocab_size or len(self.wv)
        rows = n_words * self.vector_size * 4
        found = {**(report or {}), "vocab": n_words * 500, "vectors": rows}
        found |= {name: rows for name, used in (("syn1", self.hs), ("syn1neg", self.negative > 0)) if used}
        found["total"] = sum(size for name, size in found.items() if name != "total")
        return found

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<vocab={len(self.wv)}, vector_size={self.vector_size}, alpha={self.alpha}>"
        )

    __repr__ = __str__
