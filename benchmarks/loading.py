"""How fast vectors are loaded, beside gensim: ``python -m benchmarks.loading``.

300,000 words of 300 random numbers, 360 MB, in word2vec's binary format for both, and in firth's own. Each load is a
process of its own and ends with the vector of one word; importing comes before it and is not counted. The contestants
take turns. The files have been read before, so that they come from memory: the reader is measured, not the disk.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import firth
from firth.formats import VectorTable
from firth.vocabulary import Vocabulary

WORDS, DIM, ROUNDS = 300_000, 300, 5

_TIMED = """
import json, sys, time
{imports}
start, used = time.perf_counter(), time.process_time()
vector = ({load})[sys.argv[2]]
print(json.dumps([time.perf_counter() - start, time.process_time() - used, float(abs(vector).sum())]))
"""
_FIRTH = "from firth.vectors import load"
CONTESTANTS = {
    "gensim, word2vec binary": (
        "vectors.bin",
        "from gensim.models import KeyedVectors",
        "KeyedVectors.load_word2vec_format(sys.argv[1], binary=True)",
    ),
    "firth, word2vec binary": ("vectors.bin", _FIRTH, "load(sys.argv[1])"),
    "firth, native": ("vectors", _FIRTH, "load(sys.argv[1])"),
    "firth, native, int8": ("int8", _FIRTH, "load(sys.argv[1])"),
    "firth, npy": ("vectors.npy", _FIRTH, "load(sys.argv[1])"),
}


def write(folder: Path) -> str:
    """Write the same vectors for all; return a word from their middle."""
    draws = np.random.default_rng(1)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    lengths = draws.integers(4, 12, 2 * WORDS)
    made = (
        "".join(row[:length])
        for row, length in zip(letters[draws.integers(0, 26, (2 * WORDS, 12))], lengths, strict=True)
    )
    words = list(dict.fromkeys(made))[:WORDS]
    vectors = firth.WordVectors(
        VectorTable(Vocabulary(words), draws.standard_normal((WORDS, DIM), np.float32))
    )
    vectors.save(folder / "vectors.bin")
    vectors.save(folder / "vectors")
    vectors.save(folder / "int8", dtype="int8")
    vectors.save(folder / "vectors.npy")
    return words[WORDS // 2]


def load(path: Path, imports: str, expression: str, word: str) -> tuple[float, float, float]:
    """Load in a process of its own; return wall and CPU seconds, and a sum to check."""
    program = _TIMED.format(imports=imports, load=expression)
    told = subprocess.run(
        [sys.executable, "-c", program, path, word], check=True, capture_output=True, text=True
    )
    wall, cpu, total = json.loads(told.stdout)
    return wall, cpu, total


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        word = write(folder)
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in CONTESTANTS}
        for number in range(ROUNDS + 1):
            for contestant, (file, imports, expression) in CONTESTANTS.items():
                measured = load(folder / file, imports, expression, word)
                if number:  # the first round fills the caches of the system
                    found[contestant].append(measured)
    peer = statistics.median(wall for wall, _, _ in found["gensim, word2vec binary"])
    for contestant, runs in found.items():
        walls, cpus, totals = zip(*runs, strict=True)
        assert max(totals) < 1.02 * min(found["firth, native"][0][2], *totals), "not the same vectors"
        middle = statistics.median(walls)
        print(
            f"{contestant:26} {1e3 * middle:7.1f} ms ({1e3 * min(walls):.1f} to {1e3 * max(walls):.1f}), "
            f"CPU {1e3 * statistics.median(cpus):7.1f} ms, {peer / middle:7.1f} x"
        )


if __name__ == "__main__":
    main()
