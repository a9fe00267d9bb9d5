"""Five million words of 300 dimensions: one training by ``firth train``, ``python -m benchmarks.large_vocabulary``.

Prints a line of JSON with its time and its memory. The text holds each word once, in any order, and as many tokens
again by Zipf's law; it takes 16 bytes a word on the disk, the vectors that are saved 8 bytes a number.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import firth

LINE = 20


def write(path: Path, vocab_size: int) -> int:
    """Write the text, and return how many tokens it has."""
    rng = np.random.default_rng(1)
    probabilities = 1 / np.arange(3.0, vocab_size + 3)
    again = rng.choice(vocab_size, vocab_size, p=probabilities / probabilities.sum())
    ids = rng.permutation(np.concatenate([np.arange(vocab_size), again]))
    ids = np.append(ids, ids[: -len(ids) % LINE])
    with path.open("w", encoding="ascii") as file:
        for lines in np.array_split(ids.reshape(-1, LINE), 200):
            file.write("".join(" ".join(map(str, line)) + "\n" for line in lines.tolist()))
    return len(ids)


def main() -> None:
    """Write, train, and look at what was saved."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=int, default=5_000_000)
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpoint-seconds", default="600", help="0 for none; each takes 8 bytes a number")
    parser.add_argument("--work", help="a folder with room for the text, the vectors and three checkpoints")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        text, output = Path(name) / "text", Path(name) / "vectors"
        n_tokens = write(text, options.words)
        command = [sys.executable, "-m", "firth", "train", str(text), "-o", str(output), "--epochs", "1"]
        command += ["--min-count", "1", "--dim", str(options.dim), "--threads", str(options.threads)]
        command += ["--checkpoint-seconds", options.checkpoint_seconds]
        begun = time.perf_counter()
        subprocess.run(command, check=True)
        seconds = time.perf_counter() - begun
        vectors = firth.load(output)
        assert len(vectors) == options.words, f"{len(vectors):,} words came out"
        sample = vectors.embeddings[:: max(1, len(vectors) // 10_000)]
        assert np.isfinite(sample).all(), "there are vectors of no numbers"
        record = {
            "words": len(vectors),
            "dim": vectors.dim,
            "tokens": n_tokens,
            "seconds": round(seconds, 1),
            "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6, 2),
            "threads": options.threads,
            "firth": firth.__version__,
        }
        print(json.dumps(record))


if __name__ == "__main__":
    main()
