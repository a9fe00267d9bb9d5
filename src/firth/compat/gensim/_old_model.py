"""gensim 3's names on models, and gensim 4's that firth does not offer."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from firth.compat.gensim._files import ModelFiles
from firth.compat.gensim._old_names import renamed

_OLD_QUERIES = frozenset(
    [
        "most_similar",
        "most_similar_cosmul",
        "similarity",
        "n_similarity",
        "doesnt_match",
        "wmdistance",
        "similar_by_word",
        "similar_by_vector",
        "distance",
        "distances",
        "vocab",
        "index2word",
        "index2entity",
        "syn0",
        "syn0norm",
        "word_vec",
    ]
)


class OldModelNames(ModelFiles):
    """Names that lead to what they are called now, with a DeprecationWarning, and those that lead nowhere."""

    def init_sims(self, replace: bool = False) -> None:
        """Bring all vectors to length 1 if `replace` says so, as gensim 3 did; they cannot be trained well after."""
        renamed("model.init_sims()", "model.wv.unit_normalize_all() for replace=True, or leave it out")
        if replace:
            self.wv.unit_normalize_all()

    def delete_temporary_training_data(self, **options: Any) -> None:
        """Do nothing: gensim 3's way of saving memory."""
        renamed("model.delete_temporary_training_data()", "model.wv, which holds the vectors alone")

    @property
    def iter(self) -> int:
        """gensim 3's `epochs`."""
        renamed("model.iter", "model.epochs")
        return self.epochs

    def __getitem__(self, words: Any) -> NDArray[Any]:
        """Return vectors of words, as gensim 3 did."""
        renamed("model[...]", "model.wv[...]")
        return self.wv[words]

    def __contains__(self, word: object) -> bool:
        """Return whether there is a vector for a word, as gensim 3 did."""
        renamed("word in model", "word in model.wv")
        return word in self.wv

    def __getattr__(self, name: str) -> Any:
        if name in _OLD_QUERIES:
            renamed(f"model.{name}", f"model.wv.{name}")
            return getattr(self.wv, name)
        return super().__getattr__(name)
