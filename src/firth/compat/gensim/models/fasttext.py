"""``gensim.models.fasttext``: skip-gram and continuous bag of words over character n-grams."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from firth import formats
from firth.compat.gensim._old_names import refuse, renamed
from firth.compat.gensim._settings import TrimRule, settings_of
from firth.compat.gensim._vector_files import PathLike, existing, path_of
from firth.compat.gensim.models.keyedvectors import FastTextKeyedVectors, KeyedVectors
from firth.compat.gensim.models.word2vec import Word2Vec
from firth.config import WindowSettings
from firth.errors import FormatError
from firth.vocabulary import Vocabulary

__all__ = [
    "FastText",
    "FastTextKeyedVectors",
    "load_facebook_model",
    "load_facebook_vectors",
    "save_facebook_model",
]


class FastText(Word2Vec):
    """Vectors composed of those of character n-grams, so that words never seen have one, too.

    Parameters
    ----------
    word_ngrams : int
        Must be 1: n-grams of words are for fastText's classifier.
    min_n, max_n : int
        The shortest and the longest n-gram; there are none where `max_n` is below `min_n`.
    bucket : int
        N-grams are hashed into so many rows.
    sentences, corpus_file, sg, hs, vector_size, ...
        See `Word2Vec`.

    Examples
    --------
    >>> sentences = [["the", "king", "and", "the", "queen"], ["the", "kings", "and", "the", "cat"]] * 50
    >>> model = FastText(sentences, vector_size=8, seed=7)
    >>> "kingly" in model.wv, "kingly" in model.wv.key_to_index
    (True, False)
    """

    wv: FastTextKeyedVectors

    def __init__(
        self,
        sentences: Iterable[Any] | None = None,
        corpus_file: Any = None,
        sg: int = 0,
        hs: int = 0,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        word_ngrams: int = 1,
        sample: float = 1e-3,
        seed: int = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        hashfxn: Callable[[Any], int] = hash,
        epochs: int = 5,
        null_word: int = 0,
        min_n: int = 3,
        max_n: int = 6,
        sorted_vocab: int = 1,
        bucket: int = 2_000_000,
        trim_rule: TrimRule | None = None,
        batch_words: int = 10_000,
        callbacks: Iterable[Any] = (),
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
        *,
        comment: str | None = None,
        compute_loss: bool = False,
        **old: Any,
    ) -> None:
        refuse(word_ngrams, "word_ngrams", "n-grams of words are for fastText's classifier; leave it at 1", 1)
        self.word_ngrams = 1
        self.min_n, self.max_n, self.bucket = int(min_n), int(max_n), int(bucket)
        super().__init__(
            sentences,
            corpus_file,
            vector_size=vector_size,
            alpha=alpha,
            window=window,
            min_count=min_count,
            max_vocab_size=max_vocab_size,
            sample=sample,
            seed=seed,
            workers=workers,
            min_alpha=min_alpha,
            sg=sg,
            hs=hs,
            negative=negative,
            ns_exponent=ns_exponent,
            cbow_mean=cbow_mean,
            hashfxn=hashfxn,
            epochs=epochs,
            null_word=null_word,
            trim_rule=trim_rule,
            sorted_vocab=sorted_vocab,
            batch_words=batch_words,
            compute_loss=compute_loss,
            callbacks=callbacks,
            comment=comment,
            max_final_vocab=max_final_vocab,
            shrink_windows=shrink_windows,
            **old,
        )

    def _new_vectors(self) -> KeyedVectors:
        return FastTextKeyedVectors(self.vector_size, self.min_n, self.max_n, self.bucket)

    @classmethod
    def load_fasttext_format(cls, model_file: PathLike, encoding: str = "utf8") -> FastText:
        """gensim 3's `load_facebook_model`."""
        renamed("FastText.load_fasttext_format()", "load_facebook_model() or load_facebook_vectors()")
        return load_facebook_model(model_file, encoding)

    def _config(self, **changes: Any) -> WindowSettings:
        return settings_of(self, subwords=(self.min_n, self.max_n, self.bucket), **changes)


def load_facebook_vectors(path: PathLike, encoding: str = "utf8") -> FastTextKeyedVectors:
    """Read the vectors of a model that fastText has written (``.bin``, also ``.ftz``), with its n-grams.

    Raises
    ------
    FormatError
        The file is damaged, or no model of fastText's.
    """
    refuse(encoding.lower().replace("-", ""), "encoding", "fastText's files are UTF-8", "utf8")
    return FastTextKeyedVectors.of_table(formats.read(existing(path), format="fasttext"))


def load_facebook_model(path: PathLike, encoding: str = "utf8") -> FastText:
    """Read a model that fastText has written (``.bin``), to train it further.

    Its settings are those in the file; `min_alpha`, `sample` and `seed` are gensim's defaults. Rows of n-grams that
    none of its words has are not kept.

    Raises
    ------
    FormatError
        The file is damaged, or no model of fastText's for words.
    """
    from firth.compat.gensim._learning import new_weights

    refuse(encoding.lower().replace("-", ""), "encoding", "fastText's files are UTF-8", "utf8")
    table = formats.read(existing(path), format="fasttext")
    facts, parts = table.metadata.get("fasttext", {}), table.subwords
    if table.output_embeddings is None or facts.get("loss") != "negative-sampling":
        raise FormatError(
            f"{path} cannot be trained further: it has no output embeddings of words, as models with negative sampling "
            "have; use load_facebook_vectors"
        )
    model = FastText(
        vector_size=table.embeddings.shape[1],
        sg=int(facts["model"] == "skipgram"),
        window=facts["window"],
        negative=facts["negatives"],
        epochs=facts["epochs"],
        min_count=facts["min_count"],
        min_n=0 if parts is None else parts.min_n,
        max_n=0 if parts is None else parts.max_n,
        bucket=0 if parts is None else parts.buckets,
    )
    model._take_all(table)
    vocabulary = Vocabulary(table.vocabulary.words, model.wv.expandos["count"])
    model._take(new_weights(model._config(), vocabulary, table))
    return model


def save_facebook_model(
    model: FastText, path: PathLike, encoding: str = "utf-8", lr_update_rate: int = 100, word_ngrams: int = 1
) -> None:
    """Write a model in fastText's own format, for its program and its library.

    Parameters
    ----------
    model : FastText
    path : path
        What is there is replaced.
    encoding, lr_update_rate, word_ngrams
        Without effect.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    formats.write(model.to_table(), path_of(path), format="fasttext", overwrite=True)
