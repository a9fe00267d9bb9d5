"""More than 2**31 tokens: one training over a corpus that no disk holds, read from a pipe.

``python -m benchmarks.size`` writes 2.2 billion tokens into a pipe and trains on them, prints a line of JSON, and fails
unless all that is known of the corpus beforehand comes out: how often each word occurs, and which words stand side by
side only behind token 2**31. The ids take 4 bytes a token in the folder for temporary files.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

import firth
from firth.corpus import encode

BLOCK_TOKENS, N_BLOCKS, LINE = 1 << 20, 16, 32
COMPANIONS = 20
"""So many pairs of words stand side by side, from token 2**31 on and nowhere else."""


def blocks(vocab_size: int) -> tuple[list[bytes], np.ndarray]:
    """Return stretches of text whose words follow Zipf's law, and how often each word occurs in each of them."""
    rng = np.random.default_rng(1)
    probabilities = 1 / np.arange(3, vocab_size + 3)
    texts, counts = [], []
    for _ in range(N_BLOCKS):
        ids = rng.choice(vocab_size, BLOCK_TOKENS, p=probabilities / probabilities.sum())
        counts.append(np.bincount(ids, minlength=vocab_size))
        lines = np.char.mod("%d", ids).reshape(-1, LINE).tolist()
        texts.append("".join(" ".join(line) + "\n" for line in lines).encode())
    return texts, np.array(counts)


def companions() -> bytes:
    """Return lines in which ``left7`` always stands beside ``right7``."""
    rng = np.random.default_rng(2)
    numbers = rng.integers(0, COMPANIONS, (2_000, 8))
    return "".join(
        " ".join(f"left{number} right{number}" for number in [line[0]] * 8) + "\n"
        for line in numbers.tolist()
    ).encode()


def write(pipe: str, vocab_size: int, n_blocks: int, late_from: int) -> None:
    """Write the corpus into a pipe."""
    texts, _ = blocks(vocab_size)
    late = companions()
    with Path(pipe).open("wb", buffering=0) as file:
        for i in range(n_blocks):
            rest = memoryview(texts[i % N_BLOCKS] + (late if i * BLOCK_TOKENS >= late_from else b""))
            while rest:
                rest = rest[file.write(rest) :]


def main() -> None:
    """Make the corpus, train on it, and judge what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens", type=float, default=2.2e9)
    parser.add_argument(
        "--late-from", type=int, default=2**31, help="the token behind which companions stand"
    )
    parser.add_argument("--vocab-size", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=8)
    parser.add_argument("--subsample", type=float, default=2e-6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--deterministic", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    n_blocks = -(-int(options.tokens) // BLOCK_TOKENS)
    n_late = sum(i * BLOCK_TOKENS >= options.late_from for i in range(n_blocks))
    with tempfile.TemporaryDirectory() as folder:
        pipe = str(Path(folder) / "pipe")
        os.mkfifo(pipe)
        writer = multiprocessing.get_context("spawn").Process(
            target=write, args=(pipe, options.vocab_size, n_blocks, options.late_from)
        )
        writer.start()
        begun = time.perf_counter()
        corpus = encode(Path(pipe))
        encoded = time.perf_counter() - begun
        writer.join()
    config = firth.SkipGram(
        dim=options.dim,
        window=2,
        epochs=1,
        min_count=1,
        subsample=options.subsample,
        deterministic=options.deterministic,
    )
    begun = time.perf_counter()
    with corpus:
        n_positions = len(corpus.ids)
        model = firth.train(corpus, config, threads=options.threads)
    record = {
        "tokens": corpus.n_tokens,
        "positions": n_positions,
        "documents": corpus.n_documents,
        "encode_seconds": round(encoded, 1),
        "train_seconds": round(time.perf_counter() - begun, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "pairs": model.history[0].pairs,
        "loss": round(model.history[0].loss, 4),
        "threads": options.threads,
        "deterministic": options.deterministic,
        "firth": firth.__version__,
    }
    record |= judge(model, options.vocab_size, n_blocks, n_late)
    print(json.dumps(record))


def judge(model: firth.TrainedModel, vocab_size: int, n_blocks: int, n_late: int) -> dict[str, object]:
    """Return how many companions found each other; fail if a count is wrong."""
    _, counts = blocks(vocab_size)
    wanted = sum(counts[i] * len(range(i, n_blocks, N_BLOCKS)) for i in range(N_BLOCKS))
    found = dict(zip(model.vocabulary, model.vocabulary.counts.tolist(), strict=True))
    wrong = [word for word in range(vocab_size) if found.get(str(word), 0) != wanted[word]]
    assert not wrong, f"{len(wrong)} words are counted wrong, such as {wrong[0]}"
    if not n_late:
        return {"companions": None}
    lefts, rights = ([f"{side}{number}" for number in range(COMPANIONS)] for side in ("left", "right"))
    ids = model.vocabulary.ids
    logits = model.input_embeddings[ids(lefts)] @ model.output_embeddings[ids(rights)].T
    together = int((logits.argmax(axis=1) == np.arange(COMPANIONS)).sum())
    assert together >= 0.9 * COMPANIONS, f"only {together} of {COMPANIONS} companions found each other"
    return {"companions": f"{together} of {COMPANIONS}"}


if __name__ == "__main__":
    main()
