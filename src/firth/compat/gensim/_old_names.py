"""gensim 3's names: each leads to what it is called now, with a DeprecationWarning; and what is not offered."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import ConfigError

if TYPE_CHECKING:
    from firth.compat.gensim._store import VectorStore


def renamed(old: str, new: str, *, depth: int = 3) -> None:
    """Warn that a name of gensim 3 was used; `depth` frames up is who used it."""
    warnings.warn(
        f"{old} is gensim 3's name and may go: use {new} instead", DeprecationWarning, stacklevel=depth
    )


def take_old(options: dict[str, Any], names: Mapping[str, str], of: str) -> dict[str, Any]:
    """Return options under the names they have now, of those under gensim 3's names; refuse unknown ones.

    Raises
    ------
    TypeError
        An option has no such name.
    """
    unknown = sorted(options.keys() - names.keys())
    if unknown:
        raise TypeError(f"{of} got an unexpected keyword argument {unknown[0]!r}")
    for old in options:
        renamed(f"{of}({old}=...)", f"{names[old]}=...", depth=4)
    return {names[old]: value for old, value in options.items()}


def refuse(value: object, name: str, reason: str, default: object) -> None:
    """Refuse an option that has another value than its default, because firth has nothing of the kind.

    Raises
    ------
    ConfigError
        It has; the message gives the reason.
    """
    if value != default:
        raise ConfigError(f"{name} is {value!r:.60}, but firth does not offer it: {reason}")


_UNOFFERED = {
    **dict.fromkeys(
        ("scan_vocab", "prepare_vocab", "prepare_weights", "update_weights"),
        "building a vocabulary is one step: use build_vocab",
    ),
    **dict.fromkeys(
        ("create_binary_tree", "make_cum_table", "cum_table", "seeded_vector"),
        "these are gensim's inner tables; firth makes its own when it trains",
    ),
    "add_null_word": "firth has no null word",
    **dict.fromkeys(
        ("add_lifecycle_event", "lifecycle_events"),
        "it is gensim's own record; see the metadata that firth saves",
    ),
    **dict.fromkeys(
        ("trainables", "vocabulary"), "these are gensim 3's parts: their attributes are the model's"
    ),
    "load_binary_data": "use load_facebook_model or load_facebook_vectors",
    **dict.fromkeys(
        ("init_post_load", "recalc_char_ngram_buckets"),
        "these are gensim's inner steps; n-grams are looked up when they are asked for",
    ),
    "similarity_unseen_docs": "gensim does not have it either: use n_similarity or wmdistance",
}


class Unoffered:
    """Says of gensim's names that firth does not offer why not."""

    def __getattr__(self, name: str) -> Any:
        kind = type(self).__name__
        if name in _UNOFFERED:
            raise AttributeError(f"{kind}.{name} is not offered by firth: {_UNOFFERED[name]}")
        raise AttributeError(f"{kind!r} object has no attribute {name!r}")


class OldVocabulary(Mapping[str, "OldEntry"]):
    """What gensim 3 called ``wv.vocab``: words with their places and counts, read-only."""

    def __init__(self, store: VectorStore) -> None:
        self._store = store

    def __getitem__(self, key: str) -> OldEntry:
        return OldEntry(self._store, self._store.key_to_index[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._store.index_to_key)

    def __len__(self) -> int:
        return len(self._store.index_to_key)


class OldEntry:
    """A word in `OldVocabulary`: its ``index`` and its ``count``."""

    def __init__(self, store: VectorStore, index: int) -> None:
        counts = store.expandos.get("count")
        self.index = index
        self.count = 0 if counts is None else int(counts[index])

    def __repr__(self) -> str:
        return f"Vocab(count:{self.count}, index:{self.index})"


class OldVectorNames(Unoffered, ABC):
    """gensim 3's names on keyed vectors."""

    index_to_key: list[Any]
    vectors: NDArray[Any]

    @property
    def vocab(self) -> OldVocabulary:
        """gensim 3's mapping of words to objects with ``index`` and ``count``."""
        renamed("wv.vocab", "wv.key_to_index, and wv.get_vecattr(word, 'count')")
        return OldVocabulary(self)  # type: ignore[arg-type]

    @property
    def index2word(self) -> list[Any]:
        """gensim 3's `index_to_key`."""
        renamed("wv.index2word", "wv.index_to_key")
        return self.index_to_key

    @property
    def index2entity(self) -> list[Any]:
        """gensim 3's `index_to_key`."""
        renamed("wv.index2entity", "wv.index_to_key")
        return self.index_to_key

    @property
    def syn0(self) -> NDArray[Any]:
        """gensim 3's `vectors`."""
        renamed("wv.syn0", "wv.vectors")
        return self.vectors

    @property
    def vectors_norm(self) -> NDArray[Any]:
        """gensim 3's matrix of unit vectors."""
        renamed("wv.vectors_norm", "wv.get_normed_vectors()")
        return self.get_normed_vectors()

    @property
    def syn0norm(self) -> NDArray[Any]:
        """gensim 3's matrix of unit vectors."""
        renamed("wv.syn0norm", "wv.get_normed_vectors()")
        return self.get_normed_vectors()

    def init_sims(self, replace: bool = False) -> None:
        """Bring all vectors to length 1 if `replace` says so; otherwise nothing need be done."""
        renamed("init_sims()", "wv.unit_normalize_all() for replace=True, or leave it out")
        if replace:
            self.unit_normalize_all()

    def word_vec(self, word: str, use_norm: bool = False) -> NDArray[np.float32]:
        """Return the vector of a word, as `get_vector` does."""
        renamed("wv.word_vec()", "wv.get_vector()")
        return self.get_vector(word, norm=use_norm)

    def words_closer_than(self, word1: str, word2: str) -> list[Any]:
        """Return what `closer_than` returns."""
        renamed("wv.words_closer_than()", "wv.closer_than()")
        return self.closer_than(word1, word2)

    @abstractmethod
    def get_normed_vectors(self) -> NDArray[Any]:
        """Return the vectors at length 1."""

    @abstractmethod
    def unit_normalize_all(self) -> None:
        """Bring all vectors to length 1."""

    @abstractmethod
    def get_vector(self, key: Any, norm: bool = False) -> NDArray[Any]:
        """Return the vector of a word."""

    @abstractmethod
    def closer_than(self, key1: Any, key2: Any) -> list[Any]:
        """Return the words that are nearer to the first than the second is."""
