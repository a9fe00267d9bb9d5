"""The referee: analogies and word similarity of a word2vec binary file, with NumPy and SciPy alone.

Nothing of firth or its peers is used, so that no contestant judges itself.

``python -m benchmarks.judge VECTORS.bin DATA`` prints one line of JSON. DATA is a folder with
questions-words.txt (Mikolov et al. 2013), ws353.txt, men3k.txt and simlex999.txt (``word word score``).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

RESTRICT = 30_000
SIMILARITY = {"ws353": "ws353.txt", "men": "men3k.txt", "simlex": "simlex999.txt"}
LINE_END = "</s>"
_BATCH = 1_000

Rows = NDArray[np.float32]
Index = dict[str, int]


def judge(vectors: Path, data: Path) -> dict[str, float]:
    """Return the share of analogies answered, rank correlations, and how many items each rests on."""
    words, rows = read_vectors(vectors)
    if not np.isfinite(rows).all():
        raise SystemExit(f"{vectors} holds values that are not finite")
    # Two of the tools keep a word for the end of a line, which would push another out of the 30,000.
    keep = [i for i, word in enumerate(words) if word != LINE_END]
    rows = rows[keep] / np.maximum(np.linalg.norm(rows[keep], axis=1, keepdims=True), 1e-12)
    index: Index = {}
    for position, i in enumerate(keep):
        index.setdefault(words[i].lower(), position)
    asked, correct = analogies(rows[:RESTRICT], index, data / "questions-words.txt")
    result: dict[str, float] = {"analogies": correct / asked if asked else 0.0, "analogies_asked": asked}
    for name, file in SIMILARITY.items():
        result[name], result[f"{name}_pairs"] = similarity(rows, index, data / file)
    return result


def analogies(rows: Rows, index: Index, questions: Path) -> tuple[int, int]:
    """Count the questions whose four words all have a row, and those answered rightly by 3CosAdd.

    As in word2vec.c's compute-accuracy: case is ignored and the three given words are no answers.
    `rows` are of unit length, the most frequent words first.
    """
    lines = (line.lower().split() for line in questions.read_text(encoding="utf-8").split("\n"))
    known = [
        [index[word] for word in line]
        for line in lines
        if len(line) == 4 and line[0] != ":" and all(index.get(word, len(rows)) < len(rows) for word in line)
    ]
    correct = 0
    for start in range(0, len(known), _BATCH):
        a, b, c, answer = np.array(known[start : start + _BATCH]).T
        scores = (rows[b] - rows[a] + rows[c]) @ rows.T
        for given in (a, b, c):
            scores[np.arange(len(scores)), given] = -np.inf
        correct += int((scores.argmax(axis=1) == answer).sum())
    return len(known), correct


def similarity(rows: Rows, index: Index, pairs: Path) -> tuple[float, int]:
    """Return Spearman's correlation of cosine and human score, and over how many pairs that have rows."""
    cosines, scores = [], []
    for line in pairs.read_text(encoding="utf-8").split("\n"):
        match line.lower().split():
            case [left, right, score] if left in index and right in index:
                cosines.append(float(rows[index[left]] @ rows[index[right]]))
                scores.append(float(score))
    if len(scores) < 2:
        return 0.0, len(scores)
    return float(spearmanr(cosines, scores).statistic), len(scores)


def read_vectors(path: Path) -> tuple[list[str], Rows]:
    """Read word2vec's binary format, with or without a newline after each row."""
    content = path.read_bytes()
    at = content.index(b"\n") + 1
    size, dim = map(int, content[:at].split())
    words: list[str] = []
    rows = np.empty((size, dim), np.float32)
    for row in rows:
        end = content.index(b" ", at)
        words.append(content[at:end].lstrip(b"\n").decode("utf-8", "replace"))
        row[:] = np.frombuffer(content, np.float32, dim, end + 1)
        at = end + 1 + 4 * dim
    return words, rows


if __name__ == "__main__":
    print(json.dumps(judge(Path(sys.argv[1]), Path(sys.argv[2]))))
