"""From text to a trained model."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import logging
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import ArrayLike

from firth import corpus as corpora
from firth.config import Settings, SkipGram, TextOptions
from firth.corpus import TokenCorpus
from firth.corpus.holding_out import hold_out
from firth.corpus.sources import find_files
from firth.errors import ConfigError, InputError
from firth.training.callbacks import Callback
from firth.training.checkpoints import RunRecord
from firth.training.checks import check_kinds, check_output, checked_threads
from firth.training.continuing import (
    check_continuation,
    grown_vocabulary,
    model_to_continue,
    text_of,
)
from firth.training.keeper import DEFAULT_SECONDS, Interval, Keeper, keeping
from firth.training.learners import make_learner, warm_up
from firth.training.loop import Learner, run
from firth.training.model import TrainedModel
from firth.training.resume import Earlier, find_earlier
from firth.training.standing import Standing
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
    column: str | None = None,
    vocabulary: Vocabulary | None = None,
    weights: ArrayLike | None = None,
    init: WordVectors | str | os.PathLike[str] | None = None,
    continue_from: TrainedModel | str | os.PathLike[str] | None = None,
    threads: int | None = None,
    cache: bool = True,
    overwrite: bool = False,
    resume: bool = False,
    checkpoint_seconds: float | None = DEFAULT_SECONDS,
    checkpoint_tokens: int | None = None,
    callbacks: Sequence[Callback] = (),
) -> TrainedModel:
    """Learn vectors from a corpus.

    Parameters
    ----------
    corpus : TokenCorpus, path, or iterable
        What `firth.corpus.encode` takes (a path to a file or folder, a glob, ``"-"``, an iterable of strings or of
        token lists, each a document; a table of many a kind), or a corpus that it returned, which stays open.
    config : SkipGram, CBOW, FastText or GloVe, optional
        What to learn and how; skip-gram with its defaults where it is not given, or what the model to continue has.
    output : path, optional
        Folder to save the model in. It is checked before anything is read, and written at the end or on Ctrl-C.
    text : TextOptions, optional
        How text becomes tokens; where it is not given, as in the model to continue, or by default at whitespace.
    column : str, optional
        The column to read, where the corpus is a table, or files that are tables: Parquet, Arrow, CSV, JSON Lines.
    vocabulary : Vocabulary, optional
        The words to learn, instead of those that `config` chooses; counted anew in the corpus.
    weights : array_like of float, optional
        What each document, or each token, counts; see `firth.TokenCorpus.weighted`.
    init : WordVectors or path, optional
        Vectors that the words found there start from; the others start at random. If it holds output embeddings,
        these are taken over too.
    continue_from : TrainedModel or path, optional
        A model to train further on this corpus. Its words keep all of their rows, those of the corpus that it does not
        know are added as `config` says, and counts are added up. GloVe and hierarchical softmax cannot be continued.
    threads : int, optional
        How many; all cores that this process may use where it is not given.
    cache : bool
        Keep the encoded corpus for the next run, where the corpus consists of files.
    overwrite : bool
        Replace a model that is at `output` already.
    resume : bool
        Go on with the run into `output` that was interrupted, or killed, from where it was interrupted or from its last
        checkpoint. Without either, training starts from the beginning and a warning is logged. Of a finished one only
        the corpus is read, to see that it is the same; it is returned as it is, and a warning is logged.
    checkpoint_seconds : float, optional
        Write a checkpoint beside `output` after so many seconds of training; None or 0 for none by time.
    checkpoint_tokens : int, optional
        Write one after so many tokens of the vocabulary, before subsampling; None or 0 for none by tokens.
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
        The model does not fit into memory, or its weights overflow. The last checkpoints stay.

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
    base = None if continue_from is None else model_to_continue(continue_from)
    if base is None:
        config, text = config or SkipGram(), text or TextOptions()
    else:
        config, text = config or base.config, text or text_of(base)
    check_kinds(config, text, vocabulary, init, callbacks)
    if base is not None:
        check_continuation(base, config, vocabulary=vocabulary, init=init)
    interval = Interval(seconds=checkpoint_seconds, tokens=checkpoint_tokens)
    target = None if output is None else Path(output)
    task = _Task(config, text, checked_threads(threads), tuple(callbacks), target, interval, uuid.uuid4().hex)
    check_output(target, overwrite=overwrite, resume=resume)
    with contextlib.ExitStack() as stack:
        earlier = find_earlier(target) if resume and target is not None else None
        if earlier is not None:
            stack.callback(earlier.close)
            earlier.check_settings(config)
            if not isinstance(corpus, TokenCorpus):  # which has been read already, by rules unknown here
                earlier.check_text(text)
            task = dataclasses.replace(task, run=earlier.run or task.run)
        start = _as_vectors(init) if base is None else base.vectors
        if start is not None and start.dim != config.dim:
            raise ConfigError(
                f"the initial vectors have {start.dim} dimensions, but dim is {config.dim}: make them equal"
            )
        _check_paths(corpus)
        # While the text is read, the kernel is compiled or fetched from its cache.
        compiler = stack.enter_context(concurrent.futures.ThreadPoolExecutor(1, "firth-compile"))
        done = None if earlier is None else earlier.finished
        compiled = None if done is not None else compiler.submit(warm_up, config)
        encoded = _encode(corpus, task, column, cache)
        if encoded is not corpus:
            stack.callback(encoded.close)
        heeded = encoded if weights is None else encoded.weighted(weights)
        choose = functools.partial(_choose_words, config, vocabulary, base, earlier)
        if earlier is not None and done is not None:
            return _as_it_is(done, earlier, heeded, task, choose)
        if compiled is not None:
            compiled.result()
        return _train_encoded(
            heeded, task, choose=choose, start=start, earlier=earlier, overwrite=overwrite or resume
        )


@dataclasses.dataclass(frozen=True, eq=False)
class _Task:
    """What all steps of a run need to know.

    Parameters
    ----------
    config : Settings
    text : TextOptions
    threads : int
    callbacks : tuple of Callback
    target : Path, optional
        Where the model is saved.
    interval : Interval
        Of checkpoints.
    run : str
        The run's id.
    """

    config: Settings
    text: TextOptions
    threads: int
    callbacks: tuple[Callback, ...]
    target: Path | None
    interval: Interval
    run: str


def _check_paths(corpus: Corpus) -> None:
    """Refuse paths that name nothing before anything is compiled: most mistakes are slips of the pen."""
    if isinstance(corpus, (str, os.PathLike)):
        find_files([corpus])
    elif isinstance(corpus, (list, tuple)):
        find_files([path for path in corpus if isinstance(path, os.PathLike)])


def _encode(corpus: Corpus, task: _Task, column: str | None, cache: bool) -> TokenCorpus:
    """Return the corpus as ids."""
    if isinstance(corpus, TokenCorpus):
        if column is not None:
            raise ConfigError(
                f"column is {column!r:.60}, but the corpus is encoded already: leave column out"
            )
        return corpus

    def progress(done: int, total: int | None) -> None:
        for callback in task.callbacks:
            callback.on_read(done, total)

    return corpora.encode(
        corpus, task.text, column=column, cache=cache, threads=task.threads, progress=progress
    )


def _as_it_is(
    model: TrainedModel,
    earlier: Earlier,
    corpus: TokenCorpus,
    task: _Task,
    choose: Callable[[TokenCorpus], Vocabulary],
) -> TrainedModel:
    """Return the model of a finished run, if it is the run that is asked for.

    Raises
    ------
    InputError
        The corpus or the vocabulary is another one.
    """
    with _divided(corpus, task.config) as (trained, _):
        earlier.check_corpus(corpus.fingerprint, choose(trained))
    _log.warning("the run at %s is finished: nothing is left to do", task.target)
    return model


def _train_encoded(
    corpus: TokenCorpus,
    task: _Task,
    *,
    choose: Callable[[TokenCorpus], Vocabulary],
    start: WordVectors | None,
    earlier: Earlier | None,
    overwrite: bool,
) -> TrainedModel:
    """Train on an encoded corpus, save the model and return it."""
    with _divided(corpus, task.config) as (trained, held_out):
        chosen = choose(trained)
        learner = make_learner(
            trained, task.config, chosen, held_out=held_out, threads=task.threads, callbacks=task.callbacks
        )
        standing = None if earlier is None else earlier.take_up(learner, chosen, corpus.fingerprint)
        if standing is None:
            learner.initialise(start)
            standing = Standing()
        record = RunRecord(
            id=task.run, settings=task.config.as_dict(), text=task.text.as_dict(), corpus=corpus.fingerprint
        )
        kept = None if earlier is None else earlier.checkpoints
        keep = keeping(
            task.target, kept, record, chosen, lambda: learner.weights, task.interval, standing=standing,
            best=task.config.patience is not None, callbacks=task.callbacks,
        )  # fmt: skip
        with keep as keeper:
            for callback in task.callbacks:
                callback.on_start(chosen)
            standing = run(
                learner, threads=task.threads, standing=standing, callbacks=task.callbacks, keeper=keeper
            )
            model = _finished(learner, standing, task, corpus.fingerprint, keeper)
            _hand_over(model, task, overwrite)
            if keeper is not None:
                keeper.settle(standing, finished=model.finished)
    return model


@contextlib.contextmanager
def _divided(corpus: TokenCorpus, config: Settings) -> Iterator[tuple[TokenCorpus, TokenCorpus | None]]:
    """Yield what is trained on, and what is held out."""
    if not config.held_out:
        yield corpus, None
        return
    trained, held_out = hold_out(corpus, config.held_out, config.seed)
    with trained, held_out:
        yield trained, held_out


def _finished(
    learner: Learner, standing: Standing, task: _Task, fingerprint: str, keeper: Keeper | None
) -> TrainedModel:
    """Return the model of a run that has ended, or was interrupted; with patience, that of the best epoch."""
    state = {**standing.as_dict(), "corpus": fingerprint, "run": task.run}
    finished = standing.ended(task.config)
    if finished and task.config.patience is not None and keeper is not None:
        best = standing.best_epoch()
        state["best_epoch"] = best if best == standing.epoch or keeper.take_back(standing) else standing.epoch
    return TrainedModel(
        config=task.config,
        text=task.text,
        table=learner.finish(),
        history=standing.history,
        finished=finished,
        state=state,
    )


def _hand_over(model: TrainedModel, task: _Task, overwrite: bool) -> None:
    """Tell that training is over, and save the model, also if a callback fails."""
    try:
        for callback in task.callbacks:
            callback.on_end(model)
    finally:
        if task.target is not None:
            model.save(task.target, format="native", overwrite=overwrite)


def _choose_words(
    config: Settings,
    vocabulary: Vocabulary | None,
    base: TrainedModel | None,
    earlier: Earlier | None,
    corpus: TokenCorpus,
) -> Vocabulary:
    """Return the words to learn with their counts: given ones, or those of the corpus, behind those of `base`."""
    if base is not None:
        # The model may have been replaced by the run that is resumed, which has counted the corpus already.
        return grown_vocabulary(base.vocabulary, corpus, config) if earlier is None else earlier.vocabulary()
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
