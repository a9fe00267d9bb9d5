"""fastText's module of the same name: the four functions and the class of models."""  # noqa: N999

from __future__ import annotations

import os
from typing import Any

from firth.classifier.features import TOKEN
from firth.compat.fasttext._arguments import given_arguments, read_arguments
from firth.compat.fasttext._model import _FastText
from firth.compat.fasttext._quality import _Meter
from firth.subwords import END_OF_SENTENCE

__all__ = ["_FastText", "_Meter", "load_model", "tokenize", "train_supervised", "train_unsupervised"]


def train_unsupervised(*args: Any, **kwargs: Any) -> _FastText:
    """Learn vectors of words from a text file, and return the model.

    Parameters
    ----------
    input : path
        A file of text in UTF-8; a token ``</s>`` stands for the end of each line.
    model : {"skipgram", "cbow"}
    lr : float
        Learning rate at the start, 0.05; it falls to 0.
    dim : int
        Length of a vector, 100.
    ws : int
        Window, 5.
    epoch : int
        Passes over the text, 5.
    minCount : int
        Rarer words are dropped, 5.
    minn, maxn : int
        Shortest and longest character n-gram, 3 and 6; no n-grams where `maxn` is 0.
    neg : int
        Noise words for each pair, 5, drawn by the square root of their counts.
    loss : {"ns", "hs", "softmax"}
    bucket : int
        Rows that n-grams are hashed into, 2,000,000; only those that are used are kept.
    thread : int
        How many; all cores but one where it is not given. The result does not depend on it.
    t : float
        Threshold of subsampling, 1e-4.
    label : str
        Words that begin with it, ``__label__``, are left out.
    verbose : int
        A bar shows progress on a terminal where it is above 0, as it is by default, 2.
    pretrainedVectors : path
        A ``.vec`` file whose vectors the words found in it start from.
    seed : int
        0 where it is not given.
    minCountLabel, wordNgrams, lrUpdateRate
        Without effect on vectors of words.

    Returns
    -------
    _FastText

    Raises
    ------
    ValueError
        The file cannot be read, or a value is out of its range.
    TypeError
        An argument is not known.
    """
    from firth.compat.fasttext._training import train_words

    return train_words(read_arguments(args, kwargs, supervised=False))


def train_supervised(*args: Any, **kwargs: Any) -> _FastText:
    """Learn to say which labels a text has, and return the model.

    Parameters
    ----------
    input : path
        A file of text in UTF-8, a text a line; tokens that begin with `label` are its labels.
    lr : float
        Learning rate at the start, 0.1; it falls to 0.
    dim : int
        Length of a vector, 100.
    epoch : int
        Passes over the text, 5.
    minCount, minCountLabel : int
        Rarer words and labels are dropped, 1 and 0.
    minn, maxn : int
        Shortest and longest character n-gram, 0 and 0: none.
    neg : int
        Noise labels for each text, 5, with ``loss="ns"``.
    wordNgrams : int
        The longest run of words that has a row of its own, 1.
    loss : {"softmax", "hs", "ova", "ns"}
    bucket : int
        Rows that n-grams are hashed into, 2,000,000; only those that are used are kept.
    thread : int
        How many; all cores but one where it is not given. The result does not depend on it.
    label : str
        What labels begin with, ``__label__``.
    verbose : int
        A bar shows progress on a terminal where it is above 0, as it is by default, 2.
    pretrainedVectors : path
        A ``.vec`` file whose words become words of the model, with these vectors to start from.
    seed : int
        0 where it is not given.
    autotuneValidationFile : path
        Labelled text of its own, for which the best `lr`, `dim`, `epoch`, `wordNgrams`, `minn`, `maxn` and `bucket` are
        searched for, as far as they are not given here; the model has them as attributes.
    autotuneMetric : str
        What the best is told by: ``f1``, ``f1:LABEL``, ``precisionAtRecall:PERCENT`` or
        ``recallAtPrecision:PERCENT``, the last two with or without ``:LABEL``.
    autotunePredictions : int
        How many labels are predicted for each line, 1.
    autotuneDuration : int
        Seconds that the search takes, 300. Ctrl-C ends it with the best model so far.
    autotuneModelSize : str
        How large the file of the model may be, such as ``2M``: it is quantised then.
    ws, t, lrUpdateRate
        Without effect on a classifier.

    Returns
    -------
    _FastText

    Raises
    ------
    ValueError
        The file cannot be read, holds no labels, or a value is out of its range.
    TypeError
        An argument is not known.
    """
    values = read_arguments(args, kwargs, supervised=True)
    if values["autotuneValidationFile"]:
        from firth.compat.fasttext._tuning import tune_labels

        return tune_labels(values, given_arguments(args, kwargs, supervised=True))
    from firth.compat.fasttext._training import train_labels

    return train_labels(values)


def load_model(path: str | os.PathLike[str]) -> _FastText:
    """Load a model, ``.bin`` or ``.ftz``, whether fastText or firth wrote it.

    Raises
    ------
    ValueError
        There is no such file, or it is no model of fastText's, or damaged.
    """
    return _FastText(model_path=path)


def tokenize(text: str) -> list[str]:
    r"""Return the tokens of a text as fastText splits it; ``</s>`` stands for each newline.

    Examples
    --------
    >>> tokenize("one two\nthree")
    ['one', 'two', '</s>', 'three']
    """
    *lines, last = text.split("\n")
    return [
        *(token for line in lines for token in (*TOKEN.findall(line), END_OF_SENTENCE)),
        *TOKEN.findall(last),
    ]
