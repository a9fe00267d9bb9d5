"""Finding phrases in a corpus, in one pass or several."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from firth.config import TextOptions
from firth.config.phrases import PhraseOptions, PhraseScore
from firth.corpus.encode import Source, checked_threads
from firth.corpus.encoder import IdFile
from firth.corpus.phrase_counts import Lefts, count_pairs
from firth.corpus.phrase_joining import Joiner
from firth.corpus.phrases import Phrase, Phrases, Progress, encoded, untold
from firth.corpus.temporary import make_temporary_folder
from firth.corpus.token_corpus import TokenCorpus
from firth.errors import ConfigError, CorpusError
from firth.objectives.phrases import discounted_ratio, normalized_mutual_information
from firth.words import Words

_LEAST_MEMORY = 1 << 24


def find_phrases(
    corpus: TokenCorpus | Source,
    *,
    text: TextOptions | None = None,
    min_count: int | Sequence[int] = PhraseOptions.min_count,
    threshold: float | Sequence[float] | None = PhraseOptions.threshold,
    score: PhraseScore = PhraseOptions.score,
    passes: int = PhraseOptions.passes,
    connector_words: Iterable[str] = PhraseOptions.connector_words,
    delimiter: str = PhraseOptions.delimiter,
    memory_limit: int = 2 << 30,
    threads: int | None = None,
    cache: bool = True,
    progress: Progress | None = None,
) -> Phrases:
    """Find pairs of neighbouring words that belong together, such as ``new york``.

    Parameters
    ----------
    corpus : TokenCorpus, path, or iterable
        What `firth.corpus.encode` takes, or what it returned, which stays open. No pair reaches across the end of a
        document.
    text : TextOptions, optional
        How text becomes tokens.
    min_count : int, or one for each pass
        Pairs that occur less often are no phrases. It is also the discount of the scores but NPMI.
    threshold : float, or one for each pass, optional
        A pair whose score is above it is a phrase. 100 for ``"word2phrase"``, 10 for ``"gensim"``, 0.5 for ``"npmi"``
        where it is not given.
    score : {"word2phrase", "gensim", "npmi"}
        How a pair ab is judged. The first two are (count(ab) - min_count) / (count(a) count(b)) times, for
        ``"word2phrase"``, the number of tokens and, for ``"gensim"``, the number of different words and pairs (Mikolov
        et al. 2013, eq. 6, and as these programs have it); ``"npmi"`` is normalized pointwise mutual information,
        -1 to 1 (Bouma 2009).
    passes : int
        How often pairs are sought, each time in what the last time has joined: the second finds ``new_york times``.
    connector_words : iterable of str
        Words that neither begin nor end a phrase but may stand inside it, uncounted: with ``of``, ``bank of america``
        is scored as a pair of bank and america.
    delimiter : str
        What stands between the words of a phrase.
    memory_limit : int
        Bytes that the counts of pairs may take at a time, at least 16 MiB. With less, the ids are passed over more
        often; what is found does not depend on it.
    threads : int, optional
        How many count, at least 1; all cores where it is not given. What is found does not depend on it.
    cache : bool
        Keep the encoded corpus for the next time, where it consists of files.
    progress : callable, optional
        Called in this thread with what is being done (``"reading"``, ``"counting"``, ``"joining"``), how much is done
        and how much in all, or None where that is not known.

    Returns
    -------
    Phrases

    Raises
    ------
    ConfigError
        An option is out of its range.
    CorpusError
        The corpus cannot be read, is empty, or holds the delimiter inside a token.
    OutputError
        What a pass has joined cannot be written to the temporary folder.

    Notes
    -----
    Counts are exact: nothing is pruned. Beside `memory_limit`, memory holds the types and, with connector words, each
    different beginning (``bank of``), about 40 bytes for each.
    """
    options = PhraseOptions(
        min_count=min_count,
        threshold=threshold,
        score=score,
        passes=passes,
        connector_words=connector_words,
        delimiter=delimiter,
    )
    search = _Search(options, _checked_memory(memory_limit), checked_threads(threads), progress or untold)
    with encoded(corpus, text, threads=threads, cache=cache, progress=search.progress) as given:
        _refuse_rare(given)
        _refuse_delimiter(given.types, options.delimiter)
        found: list[list[Phrase]] = []
        for _ in range(options.passes):
            found.append(search.find(given, found))
    return Phrases(options, itertools.chain.from_iterable(found))


def _refuse_rare(corpus: TokenCorpus) -> None:
    if corpus.n_rare:
        raise CorpusError(
            f"{corpus.n_rare:,} rare tokens of the corpus were given up, and no phrase can be found among them: read "
            "the text with a larger max_types"
        )


@dataclasses.dataclass(frozen=True)
class _Search:
    """How phrases are sought, in each of the passes."""

    options: PhraseOptions
    memory_limit: int
    threads: int
    progress: Progress

    def find(self, corpus: TokenCorpus, earlier: Sequence[Sequence[Phrase]]) -> list[Phrase]:
        """Return the phrases of the next pass, given those of the earlier ones."""
        options, number = self.options, len(earlier)
        delimiter, connector_words = options.delimiter, tuple(options.connector_words)
        passes = [[phrase.parts for phrase in phrases] for phrases in earlier]
        joiner = Joiner(corpus.types, passes, connector_words, delimiter)
        lefts = Lefts(joiner.connector)
        with self._stream(corpus, joiner, lefts) as (stream, word_counts):
            counted = count_pairs(
                stream,
                lefts.words,
                min_count=options.min_counts[number],
                threads=self.threads,
                memory_limit=self.memory_limit,
                progress=lambda share: self.progress("counting", number + share, options.passes),
            )
        first, second = word_counts[lefts.words[counted.pairs[:, 0]]], word_counts[counted.pairs[:, 1]]
        # gensim takes connector words for tokens, but not for different words.
        n_words = int(np.count_nonzero(word_counts[~joiner.connector]))
        scale = int(word_counts.sum()) if options.score != "gensim" else n_words + counted.n_pairs
        scores = self._scores(counted.counts, first, second, options.min_counts[number], scale)
        chosen = np.flatnonzero(scores > options.thresholds[number])
        parts = [(*lefts.parts(left), right) for left, right in counted.pairs[chosen].tolist()]
        return [
            Phrase(delimiter.join(spelled), spelled, count, score, number + 1)
            for spelled, count, score in zip(
                _spelled(parts, joiner.words),
                counted.counts[chosen].tolist(),
                scores[chosen].tolist(),
                strict=True,
            )
        ]

    def _scores(
        self,
        pair_counts: NDArray[np.int64],
        first_counts: NDArray[np.int64],
        second_counts: NDArray[np.int64],
        min_count: int,
        scale: int,
    ) -> NDArray[np.float64]:
        counts = (pair_counts, first_counts, second_counts)
        if self.options.score == "npmi":
            return normalized_mutual_information(*counts, n_tokens=scale)
        return discounted_ratio(*counts, discount=min_count, scale=scale)

    @contextlib.contextmanager
    def _stream(
        self, corpus: TokenCorpus, joiner: Joiner, lefts: Lefts
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
        """Yield the lefts of a corpus, joined so far, and how often each word occurs there."""
        if len(joiner.words) == len(corpus.types) and not joiner.connector.any():
            yield corpus.ids, np.array(corpus.type_counts)
            return
        word_counts = np.zeros(len(joiner.words), np.int64)

        def blocks() -> Iterator[NDArray[np.int32]]:
            for block in joiner.blocks(corpus, lambda done, total: self.progress("joining", done, total)):
                word_counts[:] += np.bincount(block[block >= 0], minlength=len(word_counts))
                yield block

        folder, remove = make_temporary_folder("phrases")
        try:
            with IdFile(folder / "lefts.int32") as out:
                for block in lefts.number(blocks()):
                    out.write(block, 0)
            yield np.memmap(folder / "lefts.int32", np.int32, "r"), word_counts
        finally:
            remove()


def _spelled(parts: Sequence[tuple[int, ...]], words: Words) -> Iterator[tuple[str, ...]]:
    needed = np.unique(np.fromiter(itertools.chain.from_iterable(parts), np.int64))
    names = dict(zip(needed.tolist(), words.take(needed), strict=True))
    return (tuple(names[word] for word in each) for each in parts)


def _checked_memory(limit: int) -> int:
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < _LEAST_MEMORY:
        raise ConfigError(
            f"memory_limit is {limit!r}, but must be a whole number of bytes, at least {_LEAST_MEMORY:,}"
        )
    return limit


def _refuse_delimiter(types: Words, delimiter: str) -> None:
    """Refuse a delimiter that a token holds: a phrase could not be told from it."""
    text, wanted = types.text.tobytes(), delimiter.encode()
    at = text.find(wanted)
    while at >= 0:
        number = int(np.searchsorted(types.offsets, at, "right")) - 1
        if at + len(wanted) <= types.offsets[number + 1]:
            raise CorpusError(
                f"the delimiter {delimiter!r} stands in the token {types[number]!r:.60} of the corpus, which could not "
                "be told from a phrase: choose another delimiter"
            )
        at = text.find(wanted, at + 1)
