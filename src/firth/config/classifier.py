"""The settings of a classifier of texts."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

from firth.config.settings import Settings
from firth.errors import ConfigError

ClassifierLoss = Literal["softmax", "hierarchical-softmax", "one-vs-all", "negative-sampling"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassifierSettings(Settings):
    """A linear classifier over the mean of the rows of a text's words and n-grams (Joulin et al. 2017).

    Parameters
    ----------
    loss : {"softmax", "hierarchical-softmax", "one-vs-all", "negative-sampling"}
        The softmax is for texts with one label of not too many, hierarchical softmax for very many labels, one-vs-all
        for texts with several labels or none that fits; negative sampling is there because fastText has it. But
        for one-vs-all, a text with several labels learns one of them in each epoch, drawn at random.
    word_ngrams : int
        The longest run of words that has a row, 1 to 100; 2 for pairs, which tell of the order of words.
    min_n, max_n : int
        Shortest and longest character n-gram of a word, 0 to 100; none where `max_n` is 0.
    buckets : int
        N-grams of both kinds are hashed into so many rows; only those that are used take memory while training.
    min_count, min_label_count : int
        Rarer words and rarer labels are dropped.
    negatives : int
        With negative sampling, how many other labels each text is set against.
    label_prefix : str
        Tokens that begin with it are labels.
    learning_rate : float
        At the start; it falls to 0 over all epochs, text by text.
    dim, epochs, max_vocab, stop_words, seed
        See `Settings`.
    deterministic, held_out, patience
        Training is repeatable on any number of threads at no cost, so that `deterministic` changes nothing; the other
        two are refused: judge the classifier by a file of its own, see `Classifier.evaluate`.

    Raises
    ------
    ConfigError
        A value out of its range.
    """

    NAME: ClassVar[str] = "classifier"
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "loss": ("softmax", "hierarchical-softmax", "one-vs-all", "negative-sampling")
    }

    learning_rate: float = 0.1
    min_count: int = 1
    min_label_count: int = 1
    loss: ClassifierLoss = "softmax"
    negatives: int = 5
    word_ngrams: int = 1
    min_n: int = 0
    max_n: int = 0
    buckets: int = 2_000_000
    label_prefix: str = "__label__"

    def __post_init__(self) -> None:
        self._refuse_unless_default(
            ("held_out", "patience"),
            "a classifier is judged by labelled texts of their own: Classifier.evaluate",
        )
        super().__post_init__()
        if (
            not isinstance(self.label_prefix, str)
            or not self.label_prefix
            or self.label_prefix.split() != [self.label_prefix]
        ):
            raise ConfigError(
                f"label_prefix is {self.label_prefix!r:.60}, but must be text without white space, by which labels "
                "are told from words"
            )

    @property
    def has_buckets(self) -> bool:
        """Whether anything is hashed into buckets."""
        return self.word_ngrams > 1 or self.max_n >= max(self.min_n, 1)
