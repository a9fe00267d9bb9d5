"""The contests of the whole family of models: who meets whom, with which settings, and what is asked of firth."""

from __future__ import annotations

import dataclasses
from typing import Any

from benchmarks.contest import Settings

HOGWILD = "firth-hogwild"
OURS = ("firth", HOGWILD)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """Who takes part, and how its settings differ from those of the contest."""

    contestant: str
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)

    def settings(self, common: Settings) -> Settings:
        """Return its own settings."""
        return dataclasses.replace(common, **self.changes)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Match:
    """One contest.

    Parameters
    ----------
    title : str
    settings : Settings
        Those of all entries; the command line gives threads, epochs and seed.
    entries : dict of str to Entry
        By the name that the tables show.
    peer : str, optional
        The entry whose speed is 1.
    least, stretch : float
        How many times faster than the peer firth is to be, and would like to be; 0 where nothing was set.
    limit, max_vocab : int
        Words of the corpus in timed runs, and different words in all; 0 is no limit.
    min_count : int
    repeats : int
        Timed runs of each entry, at the most; where one takes minutes, fewer than usual.
    timed, judged : bool
        Whether the contest is one of speed, and one of quality.
    note : str
        What a reader must know.
    """

    title: str
    settings: Settings
    entries: dict[str, Entry]
    peer: str | None = None
    least: float = 0.0
    stretch: float = 0.0
    limit: int = 0
    max_vocab: int = 0
    min_count: int = 5
    repeats: int = 99
    timed: bool = True
    judged: bool = True
    note: str = ""


def _entries(*names: str) -> dict[str, Entry]:
    return {name: Entry(contestant=name) for name in names}


_CBOW = Settings(model="cbow", learning_rate=0.05)
_VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "position weights": {"position_weights": True},
    "exact gradient": {"cbow_gradient": "exact"},
    "exact gradient, rate 0.25": {"cbow_gradient": "exact", "learning_rate": 0.25},
}

MATCHES = {
    "cbow": Match(
        title="CBOW, negative sampling",
        settings=_CBOW,
        entries=_entries(*OURS, "gensim"),
        peer="gensim",
        least=2.0,
        stretch=3.0,
    ),
    "cbow-slow": Match(
        title="CBOW, negative sampling, at the rate of skip-gram",
        settings=dataclasses.replace(_CBOW, learning_rate=0.025),
        entries=_entries(*OURS, "gensim"),
        peer="gensim",
        timed=False,
        note="With W threads gensim's rate falls only 1/W of its way in each epoch, as each thread measures "
        "its own words against those of the whole corpus. So its mean rate is higher than it was told, which "
        "helps where that is too low, as here.",
    ),
    "hierarchical-softmax": Match(
        title="Skip-gram, hierarchical softmax",
        settings=Settings(loss="hierarchical-softmax"),
        entries=_entries(*OURS, "gensim"),
        peer="gensim",
        least=2.5,
        stretch=4.0,
        limit=8_000_000,
    ),
    "fasttext": Match(
        title="FastText: skip-gram with n-grams of 3 to 6 characters, negative sampling",
        settings=Settings(model="fasttext", learning_rate=0.05, min_n=3, max_n=6, buckets=2_000_000),
        entries=_entries(*OURS, "fasttext"),
        peer="fasttext",
        least=6.0,
        stretch=10.0,
        limit=4_000_000,
        note="fastText 0.9.3 fills a tenth of its input matrix for each thread; the rest is what the memory "
        "held before, zeros as a rule. Runs whose vectors are not finite are counted as failed.",
    ),
    "softmax": Match(
        title="Skip-gram, full softmax over 10,000 words",
        settings=Settings(loss="softmax", learning_rate=0.05, subsample=0.0, window=2),
        entries=_entries("firth", "fasttext"),
        peer="fasttext",
        least=10.0,
        limit=80_000,
        max_vocab=10_000,
        min_count=1,
        repeats=2,
        judged=False,
        note="Without subsampling and with a window of 2, so that fastText ends in minutes and the loss moves "
        "at all. The loss is that of the trained vectors over 20,000 centers of the text, judged alike for all: "
        "fastText's own figure counts every probability below 1/512 as exp(-17.75). The full softmax has one way "
        "to train, so `deterministic=False` changes nothing. fastText's vocabulary has one word more, the end of "
        "a line.",
    ),
    "cbow-variants": Match(
        title="CBOW: position weights, and the exact gradient of the mean",
        settings=_CBOW,
        entries={
            **{name: Entry(contestant="firth", changes=changes) for name, changes in _VARIANTS.items()},
            **{
                f"{name}, Hogwild": Entry(contestant=HOGWILD, changes=changes)
                for name, changes in _VARIANTS.items()
            },
        },
        timed=False,
        note="With the exact gradient a row receives its share of a mean of about six words, so it wants a "
        "higher rate.",
    ),
}
