"""Character n-grams of words and the buckets that they share, as fastText makes them (Bojanowski et al. 2017).

A word is put between ``<`` and ``>``; its n-grams are all runs of `min_n` to `max_n` characters (code points) of
that, but not the two marks alone. Their UTF-8 is hashed, and the hash modulo the number of buckets says which row
of a matrix stands for the n-gram; n-grams that meet in a bucket share its row. ``</s>``, which fastText puts at the
end of each line, has no n-grams.

What a query needs is here, readable; `firth.kernels.cpu.subwords` is the compiled twin for training.
"""

from __future__ import annotations

END_OF_SENTENCE = "</s>"

_OFFSET_BASIS, _PRIME, _MASK = 2_166_136_261, 16_777_619, 0xFFFFFFFF


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
