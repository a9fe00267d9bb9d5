"""The estimator: learns vectors of words, and gives the weighted mean of a document's."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Set as AbstractSet
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from firth.config import CBOW, FastText, GloVe, Settings, SkipGram, TextOptions
from firth.corpus.tokenizing import as_tokens, document_rule, needs_documents, rewriting
from firth.errors import ConfigError, CorpusError
from firth.sklearn.weighting import WEIGHTINGS, common_component, idf_weights, sif_weights, weighted_means
from firth.training import train
from firth.vectors import WordVectors, load

_MODELS: dict[str, type[Settings]] = {
    "skipgram": SkipGram,
    "cbow": CBOW,
    "fasttext": FastText,
    "glove": GloVe,
}
_SEEDS = 2**31 - 1


class DocumentVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Documents to vectors: word vectors are learned in `fit`, and averaged over each document in `transform`.

    Documents are strings or sequences of tokens. Words that are not known count nothing, but for vectors with n-grams,
    which compose theirs; a document without known words gives zeros.

    Parameters
    ----------
    model : {"skipgram", "cbow", "fasttext", "glove"}
        What to learn.
    dim, window, negatives, epochs, min_count, subsample, learning_rate : number, optional
        Settings of the model under the same name; its default where one is None.
    settings : mapping, optional
        Further settings of the model, by name.
    weighting : {"mean", "sif", "idf"}
        What a word counts. ``"mean"``: each the same. ``"sif"``: a / (a + p(w)), divided by the number of words, and
        the common component of the documents of `fit` is taken away (Arora, Liang and Ma 2017, algorithm 1).
        ``"idf"``: ln((1 + n) / (1 + n(w))) + 1 over the n documents of `fit`, divided by the sum of the weights.
    sif_smoothing : float
        The a of ``"sif"``, above 0.
    remove_component : bool
        Take the common component away; for ``"sif"``.
    vectors : WordVectors or path, optional
        Use these vectors, and learn none; the settings are then without effect. A path is better than `WordVectors`
        where scikit-learn copies the estimator often, as a search over a grid does.
    tokenize, lowercase
        How strings become tokens: see `firth.TextOptions`.
    random_state : int, RandomState or None
        The seed of training; the model's own where it is None, so that results can be repeated.
    n_jobs : int, optional
        Threads of training, which do not change the result; all cores where it is None or -1.

    Attributes
    ----------
    vectors_ : WordVectors
        The vectors in use.
    weights_ : ndarray of float64, shape (len(vectors_),), or None
        What each word counts; of None, each the same.
    component_ : ndarray of float32, shape (dim,), or None
        The common component that is taken away.

    Examples
    --------
    >>> documents = ["the king rules", "the queen rules", "the cat sleeps"] * 20
    >>> vectorizer = DocumentVectorizer(dim=8, subsample=0.0).fit(documents)
    >>> vectorizer.transform(["the king sleeps", "who knows"]).shape
    (2, 8)
    """

    def __init__(
        self,
        model: str = "skipgram",
        *,
        dim: int | None = None,
        window: int | None = None,
        negatives: int | None = None,
        epochs: int | None = None,
        min_count: int | None = None,
        subsample: float | None = None,
        learning_rate: float | None = None,
        settings: Mapping[str, Any] | None = None,
        weighting: str = "mean",
        sif_smoothing: float = 1e-3,
        remove_component: bool = True,
        vectors: WordVectors | str | os.PathLike[str] | None = None,
        tokenize: str | Callable[[str], Iterable[str]] = "whitespace",
        lowercase: bool = False,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        # scikit-learn copies an estimator by its parameters, so that they are stored as they come.
        self.model = model
        self.dim = dim
        self.window = window
        self.negatives = negatives
        self.epochs = epochs
        self.min_count = min_count
        self.subsample = subsample
        self.learning_rate = learning_rate
        self.settings = settings
        self.weighting = weighting
        self.sif_smoothing = sif_smoothing
        self.remove_component = remove_component
        self.vectors = vectors
        self.tokenize = tokenize
        self.lowercase = lowercase
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.vectors_.dim

    def fit(self, X: Iterable[Any], y: Any = None) -> Self:  # noqa: N803 (scikit-learn's name)
        """Learn the vectors of the words, and what the words count.

        Parameters
        ----------
        X : iterable of str or of sequences of tokens
            The documents.
        y : object
            Not used.

        Raises
        ------
        InputError
            A parameter is out of its range, or the documents cannot be used.
        """
        self._fit(list(self._documents(X)))
        return self

    def fit_transform(self, X: Iterable[Any], y: Any = None, **params: Any) -> NDArray[np.float32]:  # noqa: N803
        """As `fit` and then `transform`, but the documents are split only once."""
        documents = list(self._documents(X))
        means = self._fit(documents)
        return self._without_component(self._means(self._count(documents)) if means is None else means)

    def transform(self, X: Iterable[Any]) -> NDArray[np.float32]:  # noqa: N803
        """Return the vectors of documents.

        Parameters
        ----------
        X : iterable of str or of sequences of tokens
            The documents.

        Returns
        -------
        ndarray of float32, shape (n_documents, dim)

        Raises
        ------
        NotFittedError
            `fit` comes first.
        CorpusError
            The documents cannot be used.
        """
        check_is_fitted(self)
        return self._without_component(self._means(self._count(self._documents(X))))

    def _fit(self, documents: list[list[str]]) -> NDArray[np.float32] | None:
        """Fit; return the means of the documents where they were needed for it."""
        if self.weighting not in WEIGHTINGS:
            raise ConfigError(f"weighting is {self.weighting!r}, but must be one of {', '.join(WEIGHTINGS)}")
        self.vectors_ = self._word_vectors(documents)
        self.weights_: NDArray[np.float64] | None = None
        self.component_: NDArray[np.float32] | None = None
        if self.weighting == "mean":
            return None
        occurrences = self._count(documents)
        known = self._of_words(occurrences)
        if self.weighting == "idf":
            self.weights_ = idf_weights(known)
        else:
            counts = self.vectors_.vocabulary.counts
            if counts is None:  # vectors from a file may have none
                counts = np.asarray(known.sum(axis=0)).reshape(-1)
            self.weights_ = sif_weights(counts, self.sif_smoothing)
        means = self._means(occurrences)
        if self.weighting == "sif" and self.remove_component:
            self.component_ = common_component(means)
        return means

    def _word_vectors(self, documents: list[list[str]]) -> WordVectors:
        if self.vectors is not None:
            return self.vectors if isinstance(self.vectors, WordVectors) else load(self.vectors)
        if self.model not in _MODELS:
            raise ConfigError(f"model is {self.model!r}, but must be one of {', '.join(_MODELS)}")
        names = ("dim", "window", "negatives", "epochs", "min_count", "subsample", "learning_rate")
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.random_state is not None:
            seed = self.random_state
            whole = isinstance(seed, (int, np.integer))
            given["seed"] = int(seed) if whole else int(check_random_state(seed).randint(_SEEDS))
        try:
            config = _MODELS[self.model](**{**given, **(self.settings or {})})
        except TypeError as error:
            raise ConfigError(f"{self.model} has no such setting: {error}; leave it None") from error
        threads = None if self.n_jobs is None or self.n_jobs < 0 else self.n_jobs
        return train(documents, config, threads=threads).vectors

    def _documents(self, documents: Iterable[Any]) -> Iterator[list[str]]:
        """Yield the tokens of each document."""
        if isinstance(documents, (str, bytes, Mapping, AbstractSet)) or not isinstance(documents, Iterable):
            raise CorpusError(
                f"the documents are {documents!r:.60}, a {type(documents).__name__}, but must be an iterable of "
                "strings or of token lists, in an order"
            )
        split = self._splitting()
        for number, document in enumerate(documents):
            if isinstance(document, str):
                yield split(str(document))
            elif isinstance(document, (bytes, Mapping, AbstractSet)) or not isinstance(document, Iterable):
                raise CorpusError(
                    f"document {number:,} is {document!r:.60}, a {type(document).__name__}, but must be a string or a "
                    "sequence of tokens, in an order"
                )
            else:
                yield as_tokens(document)

    def _splitting(self) -> Callable[[str], list[str]]:
        """Return what splits a document as training would split it."""
        text = TextOptions(tokenize=self.tokenize, lowercase=self.lowercase)
        if needs_documents(text):
            rule = document_rule(text)
            return lambda document: [token for line in document.split("\n") for token in rule(line, True)]
        rewrite = rewriting(text)
        if rewrite is None:
            return str.split
        return lambda document: list(itertools.chain.from_iterable(rewrite(document.split())))

    def _count(self, documents: Iterable[list[str]]) -> _Occurrences:
        """Return how often each different token occurs in each document."""
        numbers: dict[str, int] = {}
        tokens: list[int] = []
        ends = [0]
        for document in documents:
            tokens.extend(numbers.setdefault(token, len(numbers)) for token in document)
            ends.append(len(tokens))
        shape = (len(ends) - 1, len(numbers))
        matrix = sparse.csr_array(
            (np.ones(len(tokens)), np.array(tokens, np.int64), np.array(ends)), shape=shape
        )
        matrix.sum_duplicates()
        return matrix, list(numbers)

    def _of_words(self, occurrences: _Occurrences) -> sparse.csr_array:
        """Return the same for the words of the vocabulary."""
        matrix, tokens = occurrences
        ids = self.vectors_.vocabulary.words.find_all(tokens)
        at = np.flatnonzero(ids >= 0)
        place = sparse.csr_array(
            (np.ones(len(at)), (at, ids[at])), shape=(len(tokens), len(self.vectors_.vocabulary))
        )
        return sparse.csr_array(matrix @ place)

    def _means(self, occurrences: _Occurrences) -> NDArray[np.float32]:
        """Return the weighted means; of tokens that are composed of n-grams, too, which count as the rarest word."""
        matrix, tokens = occurrences
        ids = self.vectors_.vocabulary.words.find_all(tokens)
        rows = np.zeros((len(tokens), self.vectors_.dim), np.float32)
        known = ids >= 0
        rows[known] = self.vectors_.embeddings[ids[known]]
        if self.vectors_.subwords is not None:
            for at in np.flatnonzero(~known):
                try:
                    rows[at] = self.vectors_[tokens[at]]
                except KeyError:  # too short for any n-gram
                    continue
                known[at] = True
        weights = None
        if self.weights_ is not None:
            weights = np.where(ids >= 0, self.weights_[ids], self.weights_.max(initial=0.0))[known]
        return weighted_means(
            sparse.csr_array(matrix[:, np.flatnonzero(known)]),
            weights,
            rows[known],
            by_weight=self.weighting == "idf",
        )

    def _without_component(self, means: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.component_ is None:
            return means
        return means - (means @ self.component_)[:, None] * self.component_


_Occurrences = tuple[sparse.csr_array, list[str]]
