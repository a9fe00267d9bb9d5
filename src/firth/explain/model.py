"""A step on the rows of a model that was trained and saved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firth.config import SkipGram
from firth.errors import InputError
from firth.explain.step import Example
from firth.objectives.descent import Embeddings
from firth.objectives.sampling import noise_distribution
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary


def model_example(vectors: WordVectors, *, center: str, context: str, negatives: Sequence[str]) -> Example:
    """Return the rows of a model that one pair needs, and nothing else of it.

    Parameters
    ----------
    vectors : WordVectors
        A trained model with its output embeddings.
    center, context : str
        The positive pair.
    negatives : sequence of str
        The noise words, at least one; see `draw_negatives`.

    Raises
    ------
    InputError
        The vectors have no output embeddings, no negative is given, or a row is not finite.
    UnknownWordError
        A word is not in the vocabulary.
    """
    if vectors.output_vectors is None:
        raise InputError(
            "these vectors have no output embeddings, which a training step needs: "
            "give the folder that firth train wrote, not a file converted from it"
        )
    if not negatives:
        raise InputError("no negatives are given, but a step of negative sampling needs at least one")
    words = list(dict.fromkeys([center, context, *negatives]))
    rows = {word: row for row, word in enumerate(words)}
    embeddings = Embeddings(
        input=vectors[words].astype(np.float64), output=vectors.output_vectors[words].astype(np.float64)
    )
    for word, row in rows.items():
        if not (np.isfinite(embeddings.input[row]).all() and np.isfinite(embeddings.output[row]).all()):
            raise InputError(f"the rows of {word!r} hold values that are not finite: choose another word")
    return Example(
        words=words,
        embeddings=embeddings,
        center_id=rows[center],
        positive_id=rows[context],
        negative_ids=tuple(rows[word] for word in negatives),
    )


def draw_negatives(
    vocabulary: Vocabulary,
    *,
    negatives: int | None = None,
    noise_exponent: float | None = None,
    seed: int = 1,
) -> tuple[str, ...]:
    """Draw words from the noise distribution, with replacement, as training does.

    The draws are those of NumPy's generator; training itself draws differently from the same distribution.

    Parameters
    ----------
    vocabulary : Vocabulary
        The words with their counts.
    negatives : int, optional
        K, how many to draw, at least 1; as `SkipGram` has it where not given.
    noise_exponent : float, optional
        As `SkipGram` has it where not given.
    seed : int
        Chooses the draws, at least 0.

    Raises
    ------
    InputError
        The vocabulary has no counts.
    """
    if vocabulary.counts is None or not vocabulary.total:
        raise InputError("these vectors have no counts, from which negatives are drawn: name the negatives")
    defaults = SkipGram()
    distribution = noise_distribution(
        vocabulary.counts, defaults.noise_exponent if noise_exponent is None else noise_exponent
    )
    size = defaults.negatives if negatives is None else negatives
    drawn = np.random.default_rng(seed).choice(len(distribution), size=size, p=distribution)
    return tuple(vocabulary.words[row] for row in drawn.tolist())
