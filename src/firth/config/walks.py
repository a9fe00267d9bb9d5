"""How to walk over a graph."""

from __future__ import annotations

import dataclasses

from firth.config.settings import real_number, whole_number


@dataclasses.dataclass(frozen=True, kw_only=True)
class WalkOptions:
    """How many random walks to take, how long, and where they tend to go (`firth.corpus.random_walks`).

    Parameters
    ----------
    walks : int
        Walks that begin at each node, 1 to 1,000,000.
    length : int
        Nodes of a walk, its first one among them, 2 to 1,000,000.
    p, q : float
        node2vec's parameters, above 0: a step back to the node before weighs 1/p, one away from it 1/q.
    seed : int
        Chooses all random draws, 0 to 2**63 - 1.

    Raises
    ------
    ConfigError
        A value out of its range; the message gives the value, the range and the remedy.
    """

    walks: int = 10
    length: int = 80
    p: float = 1.0
    q: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        # Numbers of NumPy become Python's own.
        for name, low, high in (
            ("walks", 1, 1_000_000),
            ("length", 2, 1_000_000),
            ("seed", 0, 2**63 - 1),
        ):
            object.__setattr__(self, name, whole_number(name, getattr(self, name), low, high))
        for name in ("p", "q"):
            object.__setattr__(self, name, real_number(name, getattr(self, name), 0.0, 1e9, above=True))
