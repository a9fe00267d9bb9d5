"""Character n-grams of words and the rows that they share, as fastText makes them (Bojanowski et al. 2017).

A word is put between ``<`` and ``>``; its n-grams are all runs of `min_n` to `max_n` characters (code points) of
that, but not the two marks alone. Their UTF-8 is hashed, and the hash modulo the number of buckets says which row
of a matrix stands for the n-gram; n-grams that meet in a bucket share its row. ``</s>``, which fastText puts at the
end of each line, has no n-grams. The vector of a word is the mean of its own row, if it has one, and the rows of its
n-grams.

`ngrams` and `bucket` are the definition; `ngram_buckets` does the same for many words in NumPy, fast enough for
queries and files. `firth.kernels.cpu.subwords` is its compiled twin for training.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from firth.errors import InputError
from firth.words import Words

END_OF_SENTENCE = "</s>"
LONGEST_NGRAM = 100
MOST_BUCKETS = 2**31 - 1

_OFFSET_BASIS, _PRIME, _MASK = 2_166_136_261, 16_777_619, 0xFFFFFFFF
_NGRAMS_AT_ONCE = 1 << 18


def ngrams(word: str, min_n: int, max_n: int) -> list[str]:
    """Return the n-grams of a word in fastText's order: by where they begin, the short ones first.

    Examples
    --------
    >>> ngrams("where", 3, 3)
    ['<wh', 'whe', 'her', 'ere', 're>']
    """
    if word == END_OF_SENTENCE:
        return []
    marked = f"<{word}>"
    return [
        marked[start : start + n]
        for start in range(len(marked))
        for n in range(max(min_n, 1), min(max_n, len(marked) - start) + 1)
        if not (n == 1 and start in (0, len(marked) - 1))
    ]


def bucket(ngram: str, buckets: int) -> int:
    """Return the bucket of an n-gram, 0 to ``buckets - 1``: its hash modulo `buckets`.

    The hash is FNV-1a in 32 bits, except that fastText takes bytes as signed numbers, so that those of characters
    beyond ASCII flip the upper bits as well.

    Examples
    --------
    >>> bucket("<wh", 2_000_000)
    167652
    """
    value = _OFFSET_BASIS
    for byte in ngram.encode():
        signed = byte - 256 if byte >= 128 else byte
        value = (value ^ (signed & _MASK)) * _PRIME & _MASK
    return value % buckets


def ngram_buckets(
    words: Words, min_n: int, max_n: int, buckets: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the buckets of the n-grams of several words.

    Takes memory in proportion to the characters of the words times `max_n`. Bytes that are not UTF-8 are taken as
    fastText takes them: whatever is no continuation byte begins a character.

    Returns
    -------
    offsets : ndarray of int64, shape (len(words) + 1,)
        The n-grams of word ``i`` are those from ``offsets[i]`` to ``offsets[i + 1]``.
    bucket_ids : ndarray of int32, shape (offsets[-1],)
        The bucket of each n-gram, in the order of `ngrams`.
    """
    marked, begins = _marked(words)
    starts = np.flatnonzero((marked & 0xC0) != 0x80)  # of characters
    firsts = np.searchsorted(starts, begins)
    lasts = np.append(firsts[1:], len(starts))[: len(words)] - 1
    shortest = max(min_n, 1)
    longest = min(max_n, int((lasts - firsts).max(initial=-1)) + 1)
    if longest < shortest:
        return np.zeros(len(words) + 1, np.int64), np.empty(0, np.int32)
    # How many characters there are from each one to the end of its word.
    left = np.repeat(lasts, lasts - firsts + 1) - np.arange(len(starts)) + 1
    wanted = left[:, None] >= np.arange(shortest, longest + 1)
    if shortest == 1:
        wanted[firsts, 0] = wanted[lasts, 0] = False
    for word in _ends_of_sentences(words):
        wanted[firsts[word] : lasts[word] + 1] = False
    hashes = _hashes(marked, starts, shortest, longest)
    so_far = np.concatenate([[0], np.cumsum(wanted.sum(axis=1))])
    bucket_ids = (hashes[wanted] % np.uint32(buckets)).astype(np.int32)
    return so_far[np.append(firsts, len(starts))], bucket_ids


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Subwords:
    """What vectors of words are composed of: rows of the words themselves and rows of their n-grams.

    Parameters
    ----------
    min_n, max_n : int
        Shortest and longest n-gram in characters, 0 to 100; `max_n` at least 1.
    buckets : int
        N-grams are hashed into so many buckets, 1 to 2**31 - 1.
    word_rows : ndarray of float32, shape (vocab_size, dim)
        The own row of each word of the vocabulary.
    bucket_rows : ndarray of float32, shape (n_used, dim)
        The rows of buckets. May be a read-only memory map.
    bucket_ids : ndarray of int32, shape (n_used,), optional
        Which buckets the rows stand for, rising; all of them where it is not given.
    pruned : bool
        What a bucket without a row means: that training never met its n-grams, which count as zeros; or, if true,
        that its row was dropped to save space, as fastText's quantisation can do, and its n-grams do not count.

    Raises
    ------
    InputError
        A value is out of its range, or the arrays do not fit together.
    """

    min_n: int
    max_n: int
    buckets: int
    word_rows: NDArray[np.float32] = dataclasses.field(repr=False)
    bucket_rows: NDArray[np.float32] = dataclasses.field(repr=False)
    bucket_ids: NDArray[np.int32] | None = dataclasses.field(default=None, repr=False)
    pruned: bool = False

    def __post_init__(self) -> None:
        limits = {"min_n": (0, LONGEST_NGRAM), "max_n": (1, LONGEST_NGRAM), "buckets": (1, MOST_BUCKETS)}
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} is {getattr(self, name)}, but must be from {low} to {high:,}")
        for name in ("word_rows", "bucket_rows"):
            rows = getattr(self, name)
            if rows.dtype != np.float32 or rows.ndim != 2:
                raise InputError(
                    f"{name} must be a matrix of float32, not {rows.dtype} of shape {rows.shape}"
                )
        if self.word_rows.shape[1] != self.bucket_rows.shape[1]:
            raise InputError(
                f"rows of words have {self.word_rows.shape[1]} columns, but rows of buckets {self.bucket_rows.shape[1]}"
            )
        self._check_buckets()
        for name in ("word_rows", "bucket_rows", "bucket_ids"):
            if (values := getattr(self, name)) is not None:
                # What others see cannot be changed through it; the array that was given stays as it is.
                object.__setattr__(self, name, view := values.view())
                view.flags.writeable = False

    def _check_buckets(self) -> None:
        ids, n_rows = self.bucket_ids, len(self.bucket_rows)
        if ids is None:
            if n_rows != self.buckets:
                raise InputError(f"{self.buckets:,} buckets need as many rows, not {n_rows:,}, or bucket_ids")
            return
        if ids.dtype != np.int32 or ids.shape != (n_rows,):
            raise InputError(
                f"bucket_ids must be int32 of shape ({n_rows},), not {ids.dtype} of shape {ids.shape}"
            )
        if n_rows and not (ids[0] >= 0 and ids[-1] < self.buckets and np.all(ids[1:] > ids[:-1])):
            raise InputError(f"bucket_ids must rise within 0 to {self.buckets - 1:,}")

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return int(self.word_rows.shape[1])

    def take(self, rows: NDArray[np.integer]) -> Subwords:
        """Return the same for the words at `rows`, in that order; words beyond them become unseen ones."""
        return dataclasses.replace(self, word_rows=self.word_rows[rows])

    def known(self, words: Words) -> NDArray[np.float32]:
        """Return the vectors of the vocabulary's words, shape (len(words), dim).

        Parameters
        ----------
        words : Words
            As many as `word_rows` has rows, in their order.

        Notes
        -----
        Rows are added in fastText's order in float32, and the sum is multiplied by the reciprocal of their number,
        so that the bits are those of fastText.
        """
        if len(words) != len(self.word_rows):
            raise InputError(f"{len(words)} words are given for {len(self.word_rows)} rows of words")
        means = np.empty((len(words), self.dim), np.float32)
        for first, last in _blocks(words, self.max_n):
            self._fill(means[first:last], _part(words, first, last), self.word_rows[first:last])
        return means

    def unseen(self, words: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return vectors made from n-grams alone, for words that the vocabulary does not hold.

        Returns
        -------
        vectors : ndarray of float32, shape (len(words), dim)
            Zeros where none of a word's n-grams has a row.
        n_found : ndarray of int64, shape (len(words),)
            How many of each word's n-grams have a row.

        Raises
        ------
        InputError
            A word holds a lone surrogate, which UTF-8 cannot say.
        """
        given = Words.of(words)
        means = np.empty((len(given), self.dim), np.float32)
        n_found = np.empty(len(given), np.int64)
        for first, last in _blocks(given, self.max_n):
            n_found[first:last] = self._fill(means[first:last], _part(given, first, last), None)
        return means, n_found

    def _fill(
        self, means: NDArray[np.float32], words: Words, own: NDArray[np.float32] | None
    ) -> NDArray[np.int64]:
        """Write the mean of each word's rows to `means`, and return how many n-grams of each have a row."""
        offsets, ids = ngram_buckets(words, self.min_n, self.max_n, self.buckets)
        counts = np.diff(offsets)
        rows, found = self._rows_of(ids)
        if not found.all():
            offsets = np.concatenate([[0], np.cumsum(found)])[offsets]
            rows = rows[found]
        n_found = np.diff(offsets)
        # Words with most n-grams first: then those that have a k-th one are a block, and one addition serves all.
        order = np.argsort(-n_found, kind="stable")
        firsts, falling = offsets[order], -n_found[order]
        sums = np.zeros_like(means) if own is None else own[order]
        with np.errstate(over="ignore", invalid="ignore"):  # of rows near the limit of float32
            for k in range(int(-falling.min(initial=0))):
                n_longer = int(np.searchsorted(falling, -k))
                sums[:n_longer] += self.bucket_rows[rows[firsts[:n_longer] + k]]
        counted = (n_found if self.pruned else counts) + (own is not None)
        sums *= (1.0 / np.maximum(counted[order], 1)).astype(np.float32)[:, None]
        means[order] = sums
        return n_found

    def _rows_of(self, ids: NDArray[np.int32]) -> tuple[NDArray[np.integer], NDArray[np.bool_]]:
        """Return the row of each bucket, and whether it has one; if not, the row means nothing."""
        if self.bucket_ids is None:
            return ids, np.ones(len(ids), np.bool_)
        if not len(self.bucket_ids):
            return ids, np.zeros(len(ids), np.bool_)
        rows = np.minimum(np.searchsorted(self.bucket_ids, ids), len(self.bucket_ids) - 1)
        return rows, self.bucket_ids[rows] == ids


def _marked(words: Words) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the bytes of the words, each between its marks, and where each begins."""
    begins = words.offsets[:-1] + 2 * np.arange(len(words))
    marked = np.empty(len(words.text) + 2 * len(words), np.uint8)
    inside = np.ones(len(marked), np.bool_)
    ends = words.offsets[1:] + 2 * np.arange(len(words)) + 1
    inside[begins] = inside[ends] = False
    marked[inside] = words.text
    marked[begins], marked[ends] = ord("<"), ord(">")
    return marked, begins


def _hashes(
    marked: NDArray[np.uint8], starts: NDArray[np.int64], shortest: int, longest: int
) -> NDArray[np.uint32]:
    """Return the hashes of the n-grams of each length from each character, shape (n_characters, n_lengths).

    Those that reach beyond a word mean nothing.
    """
    signed = marked.view(np.int8).astype(np.int32).view(np.uint32)
    widths = np.diff(starts, append=len(marked))
    widest = int(widths.max())
    prime = np.uint32(_PRIME)
    running = np.full(len(starts), _OFFSET_BASIS, np.uint32)
    hashes = np.zeros((len(starts), longest - shortest + 1), np.uint32)
    for n in range(1, min(longest, len(starts)) + 1):
        # One character more for all n-grams at once: its first byte, and then what follows in some of them.
        behind, width = starts[n - 1 :], widths[n - 1 :]
        growing = running[: len(behind)]
        growing ^= signed[behind]
        growing *= prime
        for place in range(1, widest):
            some = np.flatnonzero(width > place)
            growing[some] = (growing[some] ^ signed[behind[some] + place]) * prime
        if n >= shortest:
            hashes[: len(behind), n - shortest] = growing
    return hashes


def _ends_of_sentences(words: Words) -> list[int]:
    """Return which of the words are ``</s>``."""
    wanted = END_OF_SENTENCE.encode()
    candidates = np.flatnonzero(np.diff(words.offsets) == len(wanted))
    places = words.offsets[candidates][:, None] + np.arange(len(wanted))
    same = (words.text[places] == np.frombuffer(wanted, np.uint8)).all(axis=1)
    return [int(word) for word in candidates[same]]


def _blocks(words: Words, max_n: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of words whose n-grams together take little memory."""
    sizes = (words.offsets + 2 * np.arange(len(words) + 1)) * max_n
    first = 0
    while first < len(words):
        last = int(np.searchsorted(sizes, sizes[first] + _NGRAMS_AT_ONCE, side="right")) - 1
        last = max(last, first + 1)
        yield first, last
        first = last


def _part(words: Words, first: int, last: int) -> Words:
    offsets = words.offsets[first : last + 1]
    return Words(words.text[offsets[0] : offsets[-1]], offsets - offsets[0])
