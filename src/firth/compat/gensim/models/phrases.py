"""``gensim.models.phrases``: neighbouring words that belong together.

Counts are kept, so that more text can be added and thresholds changed. For large corpora `firth.corpus.find_phrases`
finds the same phrases in a fraction of the time and memory.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Self

from firth.compat.gensim._old_names import Unoffered
from firth.compat.gensim._phrase_files import read_phrases, write_phrases
from firth.compat.gensim._phrase_scores import Scoring, npmi_scorer, original_scorer, scoring_of
from firth.compat.gensim._vector_files import PathLike
from firth.errors import ConfigError, InputError

ENGLISH_CONNECTOR_WORDS = frozenset(
    ["a", "an", "the", "at", "by", "for", "from", "in", "of", "on", "to", "with", "without", "and", "or"]
)
"""Articles, prepositions and conjunctions that may stand inside a phrase."""

Found = tuple[str, float | None]


class Joining(Unoffered, ABC):
    """What joins the words of phrases; the subclasses say which these are."""

    delimiter: str
    connector_words: frozenset[str]

    @abstractmethod
    def score_candidate(
        self, word_a: str, word_b: str, in_between: list[str]
    ) -> tuple[str, float] | tuple[None, None]:
        """Return the phrase of two words, with connector words between them, and its score; or None twice."""

    def analyze_sentence(self, sentence: Iterable[str]) -> Iterator[Found]:
        """Yield the words and phrases of a sentence from left to right; words without, phrases with their score."""
        waiting: list[str] = []  # a word that may begin a phrase, and connector words behind it
        for word in sentence:
            if word in self.connector_words:
                if waiting:
                    waiting.append(word)
                else:
                    yield word, None
                continue
            if waiting:
                phrase, score = self.score_candidate(waiting[0], word, waiting[1:])
                if phrase is not None:
                    yield phrase, score
                    waiting = []
                    continue
                yield from ((one, None) for one in waiting)
            waiting = [word]
        yield from ((one, None) for one in waiting)

    def find_phrases(self, sentences: Iterable[Iterable[str]]) -> dict[str, float]:
        """Return the phrases that occur in some sentences, with their scores."""
        return {
            token: score
            for sentence in sentences
            for token, score in self.analyze_sentence(sentence)
            if score is not None
        }

    def __getitem__(self, sentence: Iterable[Any]) -> Any:
        """Return a sentence with its phrases joined; of several sentences, an iterable of such."""
        if isinstance(sentence, str):
            raise InputError(
                f"the sentence is the string {sentence!r:.60}, but must be a list of tokens: split it"
            )
        if isinstance(sentence, (list, tuple)):
            first = sentence[0] if sentence else None
            rest: Iterable[Any] = sentence
        else:
            start = iter(sentence)
            looked_at = list(itertools.islice(start, 1))
            first = looked_at[0] if looked_at else None
            rest = itertools.chain(looked_at, start) if start is sentence else sentence
        if first is None:
            return []
        if isinstance(first, str):
            return [token for token, _ in self.analyze_sentence(rest)]
        return Joined(self, rest)


class Joined:
    """Sentences with their phrases joined, each when it is asked for.

    Parameters
    ----------
    phrases : Phrases or FrozenPhrases
    sentences : iterable of lists of tokens
        It can be passed over as often as this one is.
    """

    def __init__(self, phrases: Joining, sentences: Iterable[Iterable[str]]) -> None:
        self._phrases, self._sentences = phrases, sentences

    def __iter__(self) -> Iterator[list[str]]:
        for sentence in self._sentences:
            yield [token for token, _ in self._phrases.analyze_sentence(sentence)]

    def __len__(self) -> int:
        return len(self._sentences)  # type: ignore[arg-type]


class Phrases(Joining):
    """Finds pairs of neighbouring words that occur together more often than chance would have it.

    Parameters
    ----------
    sentences : iterable of lists of tokens, optional
        Passed over once.
    min_count : float
        Rarer words and pairs are passed over; it is also the discount of the score.
    threshold : float
        Pairs with a higher score are phrases.
    max_vocab_size : int
        If there are more words and pairs, the rarest are dropped.
    delimiter : str
        What stands between the words of a phrase.
    progress_per : int
        Without effect.
    scoring : {"default", "npmi"} or callable
        How a pair is judged; a callable takes the arguments of `original_scorer` by name.
    connector_words : set of str
        Words that neither begin nor end a phrase, but may stand inside it, as `ENGLISH_CONNECTOR_WORDS`.

    Raises
    ------
    ConfigError
        A value is out of its range.

    Examples
    --------
    >>> sentences = [["they", "love", "new", "york"], ["new", "york", "is", "new"], ["they", "love", "york"]] * 5
    >>> phrases = Phrases(sentences, min_count=1, threshold=0.4)
    >>> phrases[["a", "new", "york", "minute"]]
    ['a', 'new_york', 'minute']
    """

    def __init__(
        self,
        sentences: Iterable[Iterable[str]] | None = None,
        min_count: float = 5,
        threshold: float = 10.0,
        max_vocab_size: int = 40_000_000,
        delimiter: str = "_",
        progress_per: int = 10_000,
        scoring: str | Scoring = "default",
        connector_words: Iterable[str] = frozenset(),
    ) -> None:
        self.scoring = scoring_of(scoring)
        low = -1 if self.scoring is npmi_scorer else 0
        if min_count <= 0:
            raise ConfigError(f"min_count is {min_count}, but must be at least 1")
        if self.scoring is original_scorer and threshold <= 0:
            raise ConfigError(f"threshold is {threshold}, but must be above 0 for the default score")
        if low < 0 and not -1 <= threshold <= 1:
            raise ConfigError(f"threshold is {threshold}, but must be from -1 to 1 for npmi")
        if not str(delimiter):
            raise ConfigError(
                "delimiter is empty, so that no phrase could be told from a word: give a character"
            )
        if isinstance(connector_words, str):
            raise ConfigError(f"connector_words is {connector_words!r:.60}, but must be several words: a set")
        self.min_count, self.threshold, self.max_vocab_size = min_count, threshold, max_vocab_size
        self.delimiter, self.connector_words = str(delimiter), frozenset(connector_words)
        self.vocab: dict[str, int] = {}
        self.corpus_word_count = 0
        self.min_reduce = 1
        if sentences is not None:
            self.add_vocab(sentences)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.vocab)} vocab, min_count={self.min_count}, "
            f"threshold={self.threshold}, max_vocab_size={self.max_vocab_size}>"
        )

    __repr__ = __str__

    def add_vocab(self, sentences: Iterable[Iterable[str]]) -> None:
        """Count the words and pairs of more sentences."""
        vocab, connectors, delimiter = self.vocab, self.connector_words, self.delimiter
        for sentence in sentences:
            if isinstance(sentence, str):
                raise InputError(
                    f"the sentence {sentence!r:.60} is a string, but must be a list of tokens: split it"
                )
            waiting: list[str] = []
            for word in sentence:
                self.corpus_word_count += 1
                if word in connectors:
                    if waiting:
                        waiting.append(word)
                    continue
                vocab[word] = vocab.get(word, 0) + 1
                if waiting:
                    pair = delimiter.join([*waiting, word])
                    vocab[pair] = vocab.get(pair, 0) + 1
                waiting = [word]
            while len(vocab) > self.max_vocab_size:
                self._prune()

    def _prune(self) -> None:
        """Drop the rarest words and pairs; next time, those that occur once more often."""
        for token in [token for token, count in self.vocab.items() if count <= self.min_reduce]:
            del self.vocab[token]
        self.min_reduce += 1

    def score_candidate(
        self, word_a: str, word_b: str, in_between: list[str]
    ) -> tuple[str, float] | tuple[None, None]:
        """Return the phrase of two words, with connector words between them, and its score; or None twice."""
        phrase = self.delimiter.join([word_a, *in_between, word_b])
        counts = [self.vocab.get(token, 0) for token in (word_a, word_b, phrase)]
        if min(counts) <= 0:
            return None, None
        score = self.scoring(
            worda_count=float(counts[0]),
            wordb_count=float(counts[1]),
            bigram_count=float(counts[2]),
            len_vocab=float(len(self.vocab)),
            min_count=float(self.min_count),
            corpus_word_count=float(self.corpus_word_count),
        )
        return (phrase, score) if score > self.threshold else (None, None)

    def export_phrases(self) -> dict[str, float]:
        """Return all phrases with their scores."""
        found: dict[str, float] = {}
        for token in self.vocab:
            parts = token.split(self.delimiter)
            if len(parts) < 2:
                continue
            phrase, score = self.score_candidate(parts[0], parts[-1], parts[1:-1])
            if phrase is not None and score is not None:
                found[phrase] = score
        return found

    def freeze(self) -> FrozenPhrases:
        """Return the phrases alone, without the counts: smaller and faster, and no longer to be changed."""
        return FrozenPhrases(self)

    def save(self, fname_or_handle: PathLike, **options: Any) -> None:
        """Write a text file of JSON: the options, then a line for each word and pair with its count.

        Raises
        ------
        ConfigError
            `scoring` is a function, which is not saved.
        OutputError
            The file cannot be written.
        """
        write_phrases(fname_or_handle, self, {"corpus_word_count": self.corpus_word_count}, self.vocab)

    @classmethod
    def load(cls, fname: PathLike, **options: Any) -> Self:
        """Read what `save` has written.

        Raises
        ------
        FormatError
            The file cannot be read, or is no such file.
        """
        head, vocab = read_phrases(fname, cls.__name__)
        phrases = cls(**head["options"])
        phrases.vocab, phrases.corpus_word_count = vocab, head["corpus_word_count"]
        return phrases


class FrozenPhrases(Joining):
    """Phrases that were found, without the counts they were found by.

    Parameters
    ----------
    phrases_model : Phrases
        What has found them.
    """

    def __init__(self, phrases_model: Phrases | FrozenPhrases) -> None:
        self.threshold: float = phrases_model.threshold
        self.min_count: float = phrases_model.min_count
        self.delimiter, self.connector_words = phrases_model.delimiter, phrases_model.connector_words
        self.scoring: Scoring = phrases_model.scoring
        self.phrasegrams: dict[str, float] = (
            phrases_model.export_phrases()
            if isinstance(phrases_model, Phrases)
            else dict(phrases_model.phrasegrams)
        )

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.phrasegrams)} phrases, min_count={self.min_count}, "
            f"threshold={self.threshold}>"
        )

    __repr__ = __str__

    def score_candidate(
        self, word_a: str, word_b: str, in_between: list[str]
    ) -> tuple[str, float] | tuple[None, None]:
        """Return the phrase of two words, with connector words between them, and its score; or None twice."""
        phrase = self.delimiter.join([word_a, *in_between, word_b])
        score = self.phrasegrams.get(phrase)
        return (None, None) if score is None else (phrase, score)

    def export_phrases(self) -> dict[str, float]:
        """Return all phrases with their scores."""
        return dict(self.phrasegrams)

    def save(self, fname_or_handle: PathLike, **options: Any) -> None:
        """Write a text file of JSON; see `Phrases.save`."""
        write_phrases(fname_or_handle, self, {}, self.phrasegrams)

    @classmethod
    def load(cls, fname: PathLike, **options: Any) -> Self:
        """Read what `save` has written.

        Raises
        ------
        FormatError
            The file cannot be read, or is no such file.
        """
        head, phrasegrams = read_phrases(fname, cls.__name__)
        frozen = cls(Phrases(**head["options"]))
        frozen.phrasegrams = phrasegrams
        return frozen


Phraser = FrozenPhrases
