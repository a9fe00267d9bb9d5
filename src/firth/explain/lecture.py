"""The worked example of the lecture: [003] §2.5, figures 10 to 22.

The corpus is a sentence about Ned Stark. The center ``ned`` has two words in its context, ``stark`` and
``is``, which make two positive pairs; three negatives are drawn anew for each.
"""

from __future__ import annotations

import numpy as np

from firth.errors import ConfigError
from firth.explain.step import Example, explain_step
from firth.objectives.descent import Embeddings

LEARNING_RATE = 0.05

_CENTER = "ned"
_PAIRS = (
    ("stark", ("pimples", "zebra", "idiot")),
    ("is", ("coins", "donkey", "machine")),
)
_ROWS = (
    # word, row of W_input (figure 10), row of W_output (figure 16)
    ("honorable", (-0.014, 0.135, 0.109), (-0.351, -0.812, -0.082)),
    ("is", (-0.665, 0.669, 0.309), (0.743, -0.394, -0.824)),
    ("man", (0.702, 0.621, -0.981), (0.472, -0.873, -0.564)),
    ("most", (0.214, -0.813, -0.561), (-0.627, -0.678, 0.895)),
    ("ned", (-0.018, 0.404, -0.317), (-0.572, -0.588, -0.501)),
    ("stark", (0.204, -0.007, -0.733), (0.116, 0.723, -0.689)),
    ("the", (-0.652, -0.097, 0.499), (-0.165, -0.506, -0.341)),
    ("pimples", (-0.706, 0.745, 0.002), (-0.940, 0.601, 0.146)),
    ("zebra", (-0.492, -0.709, 0.133), (-0.622, 0.811, 0.640)),
    ("idiot", (-0.628, -0.073, 0.502), (-0.077, -0.375, -0.056)),
    ("coins", (0.456, 0.767, -0.629), (-0.028, -0.244, 0.018)),
    ("donkey", (0.348, 0.544, -0.740), (-0.411, -0.893, 0.518)),
    ("machine", (-0.627, 0.487, 0.466), (-0.691, 0.236, 0.363)),
)


def lecture_example(pair: int = 1) -> Example:
    """Return the lecture's first pair, (ned, stark), or its second, (ned, is).

    The second starts from the weights that the first has left, not rounded, as the lecture's own figures do.

    Parameters
    ----------
    pair : {1, 2}
        Which of the two.

    Raises
    ------
    ConfigError
        There is no such pair.
    """
    if pair not in (1, 2):
        raise ConfigError(f"pair is {pair!r}, but the lecture has two: 1 is (ned, stark), 2 is (ned, is)")
    words = tuple(word for word, _, _ in _ROWS)
    positive, negatives = _PAIRS[pair - 1]
    if pair == 1:
        embeddings = Embeddings(
            input=np.array([row for _, row, _ in _ROWS]), output=np.array([row for _, _, row in _ROWS])
        )
    else:
        embeddings = explain_step(lecture_example(1), learning_rate=LEARNING_RATE).after
    return Example(
        words=words,
        embeddings=embeddings,
        center_id=words.index(_CENTER),
        positive_id=words.index(positive),
        negative_ids=tuple(words.index(word) for word in negatives),
    )
