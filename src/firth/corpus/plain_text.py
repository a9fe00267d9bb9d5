"""An encoded corpus as text again: one document a line, a space between tokens."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from firth.corpus.token_corpus import TokenCorpus
from firth.errors import CorpusError
from firth.kernels.cpu import joining

_BLOCK = 1 << 20
_MARK = "\ufeff".encode()


def text_blocks(corpus: TokenCorpus) -> Iterator[bytes]:
    """Yield the text of a corpus as UTF-8: one document a line, a space between tokens.

    Reading it with tokens split at whitespace gives the corpus again.

    Raises
    ------
    CorpusError
        A token holds whitespace, which would split it.
    """
    for token in corpus.types:
        if token.split() != [token]:
            raise CorpusError(
                f"the token {token!r:.60} cannot be written as text: it holds whitespace, which splits tokens; use the "
                "corpus as it is, or tokenize otherwise"
            )
    text, offsets = corpus.types.text.copy(), corpus.types.offsets.copy()
    if text[: len(_MARK)].tobytes() == _MARK:  # a mark of its own keeps one that belongs to the first token
        yield _MARK
    n_ids = len(corpus.ids)
    for start in range(0, n_ids, _BLOCK):
        stop = min(start + _BLOCK, n_ids)
        next_id = int(corpus.ids[stop]) if stop < n_ids else -1
        yield joining.spell(np.array(corpus.ids[start:stop]), next_id, text, offsets).tobytes()
        corpus.release(start, stop)
