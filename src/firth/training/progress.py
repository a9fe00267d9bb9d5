"""What a run tells while it goes on."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands.

    Parameters
    ----------
    epoch, epochs : int
        The running epoch, counted from 1, of how many.
    words, total_words : int
        Tokens of the vocabulary that were passed, before subsampling, over all epochs, of how many.
    words_per_second : float
        Since the start or the resumption of training.
    loss : float
        Mean per positive pair since the beginning of the epoch; NaN before the first pair.
    learning_rate : float
        Now.
    seconds, seconds_left : float
        Since the start of training, and until its end at the present rate.
    """

    epoch: int
    epochs: int
    words: int
    total_words: int
    words_per_second: float
    loss: float
    learning_rate: float
    seconds: float
    seconds_left: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one pass over the corpus came to.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    loss : float
        Mean of the objective per positive pair, with K noise words each, over the whole epoch.
    pairs : int
        Positive pairs that were trained on.
    seconds : float
        Spent training, in this process, since the epoch began or was resumed.
    words_per_second : float
        Tokens of the vocabulary, before subsampling, per second of that time.
    learning_rate : float
        At the end of the epoch.
    held_out_loss : float, optional
        The same mean over the documents that are held out, after the epoch; None where there are none.
    """

    epoch: int
    loss: float
    pairs: int
    seconds: float
    words_per_second: float
    learning_rate: float
    held_out_loss: float | None = None
