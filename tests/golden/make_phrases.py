"""Makes ``phrases/`` with gensim 4.4.0 and with word2phrase of the ``word2vec`` package 0.11.1.

Run by hand, in an environment that has both, with the folder to write to. The files that the tests read were made so
once; they are not made anew by the tests.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SYLLABLES = ["ka", "ro", "na\u00ef", "st", "東", "e\u0301", "ш", "lo", "mi", "ve"]
CONNECTORS = ["of", "the", "and"]
GENSIM = [
    {"score": "gensim", "min_count": [3], "threshold": [4.0], "connector_words": []},
    {"score": "gensim", "min_count": [3, 2, 2], "threshold": [6.0, 4.0, 2.0], "connector_words": CONNECTORS},
    {"score": "npmi", "min_count": [3, 3], "threshold": [0.4, 0.3], "connector_words": []},
    {"score": "npmi", "min_count": [5], "threshold": [0.25], "connector_words": CONNECTORS},
]
WORD2PHRASE = {"score": "word2phrase", "min_count": [5, 5], "threshold": [12.0, 6.0], "connector_words": []}


def documents() -> list[list[str]]:
    """Return text in which some words like to stand together."""
    draws = random.Random(13)
    made = dict.fromkeys("".join(draws.choices(SYLLABLES, k=draws.randint(1, 3))) for _ in range(2_000))
    words = list(made)[:150] + CONNECTORS
    weights = [1 / (rank + 3) for rank in range(150)] + [0.15] * 3
    names = [[*draws.choices(words, k=draws.randint(2, 4))] for _ in range(12)]
    names += [[first, "of", *rest] for first, *rest in names[:4]]
    text = []
    for _ in range(220):
        document: list[str] = []
        while len(document) < 14:
            document += draws.choice(names) if draws.random() < 0.25 else draws.choices(words, weights)
        text.append(document)
    return text


def digest(text: list[list[str]]) -> str:
    return hashlib.sha256("".join(" ".join(document) + "\n" for document in text).encode()).hexdigest()


def by_gensim(text: list[list[str]], options: dict[str, list[float]]) -> dict[str, object]:
    """Return the phrases that gensim joins in each pass, with their scores in hexadecimal, and the joined text."""
    from gensim.models.phrases import Phrases  # this file is imported, but not run, where gensim is not

    passes = []
    for min_count, threshold in zip(options["min_count"], options["threshold"], strict=True):
        model = Phrases(
            text,
            min_count=min_count,
            threshold=threshold,
            scoring="npmi" if options["score"] == "npmi" else "default",
            connector_words=frozenset(options["connector_words"]),
        )
        passes.append({phrase: score.hex() for phrase, score in sorted(model.find_phrases(text).items())})
        text = [model[document] for document in text]
    return {"options": options, "passes": passes, "joined": digest(text)}


def by_word2phrase(text: list[list[str]], options: dict[str, list[float]]) -> dict[str, object]:
    """Return what word2phrase joins; all in one line, because it counts across the ends of lines."""
    program = shutil.which("word2phrase", path=str(Path(sys.executable).parent)) or "word2phrase"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "0"
        source.write_text(" ".join(word for document in text for word in document) + "\n", "utf-8")
        for number, (min_count, threshold) in enumerate(
            zip(options["min_count"], options["threshold"], strict=True), 1
        ):
            target = Path(folder) / str(number)
            numbers = ["-min-count", str(min_count), "-threshold", str(threshold)]
            subprocess.run(
                [program, "-train", source, "-output", target, "-debug", "0", *numbers], check=True
            )
            source = target
        return {"options": options, "joined": digest([source.read_text("utf-8").split()])}


def main(folder: Path) -> None:
    text = documents()
    folder.mkdir(exist_ok=True)
    (folder / "corpus.txt").write_text("".join(" ".join(document) + "\n" for document in text), "utf-8")
    expected = {
        "gensim": [by_gensim(text, options) for options in GENSIM],
        "word2phrase": by_word2phrase(text, WORD2PHRASE),
    }
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
