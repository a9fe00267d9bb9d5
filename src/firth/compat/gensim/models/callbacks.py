"""``gensim.models.callbacks``: who is told how training goes."""

from __future__ import annotations

from typing import Any


class CallbackAny2Vec:
    """Is told how training goes; override what is of interest.

    The model that the methods are given has the vectors as they are at that moment. Whatever one raises ends the
    training and reaches the caller; the model keeps what it has learned.
    """

    def on_epoch_begin(self, model: Any) -> None:
        """A pass over the text begins."""

    def on_epoch_end(self, model: Any) -> None:
        """A pass over the text is done."""

    def on_train_begin(self, model: Any) -> None:
        """Training begins."""

    def on_train_end(self, model: Any) -> None:
        """Training is over."""
