"""From text to a trained model."""

from __future__ import annotations

import concurrent.futures
import logging
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import ArrayLike

from firth import corpus as corpora
from firth.config import MODELS, Settings, SkipGram, TextOptions
from firth.corpus import TokenCorpus
from firth.corpus.sources import find_files
from firth.errors import ConfigError, InputError, OutputError
from firth.files import output_error
from firth.formats.native import is_native
from firth.training.callbacks import Callback
from firth.training.learners import make_learner, warm_up
from firth.training.loop import Standing, run
from firth.training.model import TrainedModel
from firth.training.resume import check_settings, resumable, take_up
from firth.vectors import WordVectors, load
from firth.vocabulary import Vocabulary

_log = logging.getLogger(__name__)

Corpus: TypeAlias = TokenCorpus | str | os.PathLike[str] | Iterable[Any]


def train(
    corpus: Corpus,
    config: Settings | None = None,
    *,
    output: str | os.PathLike[str] | None = None,
    text: TextOptions | None = None,
    vocabulary: Vocabulary | None = None,
    weights: ArrayLike | None = None,
    init: WordVectors | str | os.PathLike[str] | None = None,
    threads: int | None = None,
    cache: bool = True,
    overwrite: bool = False,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
) -> TrainedModel:
    """Learn vectors from a corpus.

    Parameters
    ----------
    corpus : TokenCorpus, path, or iterable
        What `firth.corpus.encode` takes (a path to a file or folder, a glob, ``"-"``, an iterable of strings or of
        token lists, each a document), or a corpus that it returned, which stays open.
    config : SkipGram, CBOW, FastText or GloVe, optional
        What to learn and how; skip-gram with its defaults where it is not given.
    output : path, optional
        Folder to save the model in. It is checked before anything is read, and written at the end or on Ctrl-C.
    text : TextOptions, optional
        How text becomes tokens.
    vocabulary : Vocabulary, optional
        The words to learn, instead of those that `config` chooses; counted anew in the corpus.
    weights : array_like of float, optional
        What each document, or each token, counts; see `firth.TokenCorpus.weighted`.
    init : WordVectors or path, optional
        Vectors that the words found there start from; the others start at random. If it holds output embeddings,
        these are taken over too.
    threads : int, optional
        How many; all cores that this process may use where it is not given.
    cache : bool
        Keep the encoded corpus for the next run, where the corpus consists of files.
    overwrite : bool
        Replace a model that is at `output` already.
    resume : bool
        Go on with the interrupted run at `output`. Without one, training starts from the beginning and a warning is
        logged; a finished one is returned as it is.
    callbacks : sequence of Callback
        Told about progress and epochs, in the calling thread.

    Returns
    -------
    TrainedModel
        After Ctrl-C (SIGINT) or SIGTERM, what there is by then: see `TrainedModel.finished`.

    Raises
    ------
    InputError
        The corpus, an option, the vocabulary or the initial vectors cannot be used.
    OutputError
        `output` exists, or cannot be written.
    TrainingError
        The model does not fit into memory, or its weights overflow.

    Examples
    --------
    >>> import firth
    >>> documents = [["the", "king", "and", "the", "queen"], ["the", "dog", "and", "the", "cat"]] * 50
    >>> model = firth.train(documents, firth.SkipGram(dim=8, subsample=0, seed=7))
    >>> model.vectors
    <WordVectors: 6 words, 8 dimensions, trained on 500 tokens>
    >>> len(model.history), model.history[-1].pairs
    (5, 1625)
    """
    config, text = config or SkipGram(), text or TextOptions()
    _check_kinds(config, text, vocabulary, init, callbacks)
    threads = _check_threads(threads)
    target = None if output is None else Path(output)
    _check_output(target, overwrite=overwrite, resume=resume)
    earlier = resumable(target) if resume and target is not None else None
    if earlier is not None:
        check_settings(earlier, config)
        if earlier.finished:
            _log.warning("the run at %s is finished: nothing is left to do", target)
            return earlier
    start = _as_vectors(init)
    if start is not None and start.dim != config.dim:
        raise ConfigError(
            f"the initial vectors have {start.dim} dimensions, but dim is {config.dim}: make them equal"
        )
    _check_paths(corpus)
    with concurrent.futures.ThreadPoolExecutor(1, "firth-compile") as compiler:
        # While the text is read, the kernel is compiled or fetched from its cache.
        compiled = compiler.submit(warm_up, config)
        encoded = _encode(corpus, text, cache, threads, callbacks)
        try:
            heeded = encoded if weights is None else encoded.weighted(weights)
            compiled.result()
            model = _train_encoded(
                heeded, config, text, vocabulary=vocabulary, start=start, earlier=earlier, threads=threads,
                callbacks=callbacks,
            )  # fmt: skip
        finally:
            if encoded is not corpus:
                encoded.close()
    if target is not None:
        model.save(target, format="native", overwrite=overwrite or resume)
    return model


def _check_kinds(
    config: object, text: object, vocabulary: object, init: object, callbacks: Sequence[object]
) -> None:
    """Refuse arguments of another kind than they must be, each with what it must be."""
    optional: tuple[type, ...] = (type(None),)
    wanted: list[tuple[str, object, tuple[type, ...]]] = [
        ("config", config, tuple(MODELS.values())),
        ("text", text, (TextOptions,)),
        ("vocabulary", vocabulary, (Vocabulary, *optional)),
        ("init", init, (WordVectors, str, os.PathLike, *optional)),
        *(("a callback", callback, (Callback,)) for callback in callbacks),
    ]
    for name, value, kinds in wanted:
        if not isinstance(value, kinds):
            names = " or ".join(kind.__name__ for kind in kinds if kind not in optional)
            raise ConfigError(f"{name} is {value!r:.60}, but must be a {names}")


def _check_paths(corpus: Corpus) -> None:
    """Refuse paths that name nothing before anything is compiled: most mistakes are slips of the pen."""
    if isinstance(corpus, (str, os.PathLike)):
        find_files([corpus])
    elif isinstance(corpus, (list, tuple)):
        find_files([path for path in corpus if isinstance(path, os.PathLike)])


def _encode(
    corpus: Corpus, text: TextOptions, cache: bool, threads: int, callbacks: Sequence[Callback]
) -> TokenCorpus:
    """Return the corpus as ids."""
    if isinstance(corpus, TokenCorpus):
        return corpus

    def progress(done: int, total: int | None) -> None:
        for callback in callbacks:
            callback.on_read(done, total)

    return corpora.encode(corpus, text, cache=cache, threads=threads, progress=progress)


def _train_encoded(
    corpus: TokenCorpus,
    config: Settings,
    text: TextOptions,
    *,
    vocabulary: Vocabulary | None,
    start: WordVectors | None,
    earlier: TrainedModel | None,
    threads: int,
    callbacks: Sequence[Callback],
) -> TrainedModel:
    """Train on an encoded corpus and return the model."""
    chosen = _choose_words(corpus, config, vocabulary)
    learner = make_learner(corpus, config, chosen, threads=threads, callbacks=callbacks)
    standing = Standing()
    if earlier is None:
        learner.initialise(start)
    else:
        standing = take_up(earlier, learner, chosen, corpus.fingerprint)
    for callback in callbacks:
        callback.on_start(chosen)
    standing = run(learner, threads=threads, standing=standing, callbacks=callbacks)
    model = TrainedModel(
        config=config,
        text=text,
        table=learner.finish(),
        history=standing.history,
        finished=standing.epoch == config.epochs,
        state={**standing.as_dict(), "corpus": corpus.fingerprint},
    )
    for callback in callbacks:
        callback.on_end(model)
    return model


def _choose_words(corpus: TokenCorpus, config: Settings, vocabulary: Vocabulary | None) -> Vocabulary:
    """Return the words to learn with their counts in the corpus."""
    if vocabulary is not None:
        if len(vocabulary) < 2:
            raise InputError(
                f"the vocabulary holds {len(vocabulary)} words, but at least two are needed: add words"
            )
        return corpus.count_in(vocabulary)
    return corpus.vocabulary(
        min_count=config.min_count, max_vocab=config.max_vocab, stop_words=config.stop_words
    )


def _as_vectors(init: WordVectors | str | os.PathLike[str] | None) -> WordVectors | None:
    return init if init is None or isinstance(init, WordVectors) else load(init)


def _check_threads(threads: int | None) -> int:
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= 1024:
        raise ConfigError(f"threads is {threads!r}, but must be a whole number from 1 to 1,024")
    return threads


def _check_output(target: Path | None, *, overwrite: bool, resume: bool) -> None:
    """Refuse an output that could not be written, before hours are spent on it."""
    if overwrite and resume:
        raise ConfigError("overwrite and resume exclude each other: choose one")
    if target is None:
        if resume:
            raise ConfigError("resume needs the output folder of the run to go on with")
        return
    if target.is_file():
        raise OutputError(f"the output {target} is a file, but a folder is written: choose another place")
    if target.is_dir() and any(target.iterdir()) and not (overwrite or resume):
        raise OutputError(
            f"the output folder {target} exists: choose another, or overwrite it, or resume the run that is in it"
        )
    if overwrite and target.is_dir() and any(target.iterdir()) and not is_native(target):
        raise OutputError(
            f"cannot overwrite {target}: it holds something else than vectors; choose another place"
        )
    existing = next(folder for folder in (target.absolute(), *target.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise output_error(target, error) from error
