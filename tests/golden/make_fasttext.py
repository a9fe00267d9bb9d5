"""Makes ``formats/fasttext_*`` and ``formats/fasttext.json`` with the ``fasttext`` package 0.9.3.

Run by hand, in an environment that has the package, with the folder to write to: the files that the tests read were
made so once. They are not made anew by the tests; fastText's training differs from run to run.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

import numpy as np

SYLLABLES = ["ka", "ro", "na\u00ef", "st", "日本", "e\u0301", "ш", "\u0928", "lo", "x", "mi", "😀"]
UNSEEN = ["karo", "日本語", "naïf", "e\u0301x", "q", "😀😀", "kilometre", "\u2028", "</s>"]
# With fewer than 11 threads, that package leaves a part of its matrix as it finds the memory.
OPTIONS = {"minCount": 1, "lr": 0.05, "epoch": 3, "verbose": 0, "thread": 11}


def words(n: int, draws: random.Random) -> list[str]:
    made = dict.fromkeys("".join(draws.choices(SYLLABLES, k=draws.randint(1, 4))) for _ in range(20 * n))
    return list(made)[:n]


def corpora(folder: Path) -> tuple[str, str]:
    """Write a text without and one with labels, 260 of them, and return their paths."""
    draws = random.Random(7)
    vocabulary = words(60, draws)
    weights = [1 / (rank + 2) for rank in range(60)]
    lines = [" ".join(draws.choices(vocabulary, weights, k=12)) for _ in range(150)]
    plain, labelled = folder / "plain.txt", folder / "labelled.txt"
    plain.write_text("\n".join(lines) + "\n", "utf-8")
    labels = [f"__label__{i}" for i in range(260)]
    labelled.write_text("".join(f"{label} {draws.choice(lines)}\n" for label in labels + labels[:5]), "utf-8")
    return str(plain), str(labelled)


def hexadecimal(rows: np.ndarray) -> list[str]:
    """Return the bytes of each row, float32, the lowest byte first."""
    return [row.astype("<f4").tobytes().hex() for row in rows]


def expected(path: Path) -> dict[str, object]:
    """Return what the package itself finds in a file."""
    import fasttext  # this file is imported, but not run, where the package is not

    model = fasttext.load_model(str(path))
    names, counts = model.get_words(include_freq=True)
    unseen = [word for word in UNSEEN if word not in names and len(model.get_subwords(word)[1])]
    return {
        "words": names,
        "counts": counts.tolist(),
        "labels": len(model.get_labels()) if "supervised" in str(model.f.getArgs().model) else 0,
        "vectors": hexadecimal(np.stack([model.get_word_vector(word) for word in names])),
        "unseen": unseen,
        "unseen_vectors": hexadecimal(np.array([model.get_word_vector(word) for word in unseen])),
    }


def main(target: Path) -> None:
    """Write all files."""
    import fasttext

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        plain, labelled = corpora(Path(folder))
        skipgram = fasttext.train_unsupervised(plain, dim=5, minn=2, maxn=4, bucket=120, **OPTIONS)
        cbow = fasttext.train_unsupervised(plain, model="cbow", dim=4, minn=0, maxn=0, **OPTIONS)
        of_labels = {"dim": 5, "minn": 2, "maxn": 3, "bucket": 200, "wordNgrams": 2, **OPTIONS}
        models = {
            "fasttext_skipgram.bin": skipgram,
            "fasttext_cbow.bin": cbow,
            "fasttext_supervised.bin": fasttext.train_supervised(labelled, **of_labels),
        }
        for name, options in {
            "fasttext_quantized.ftz": {"dsub": 2},
            "fasttext_norms.ftz": {"dsub": 3, "qnorm": True, "qout": True},
            "fasttext_pruned.ftz": {"dsub": 2, "qnorm": True, "cutoff": 256},
        }.items():
            models[name] = fasttext.train_supervised(labelled, **of_labels | {"bucket": 260})
            models[name].quantize(input=labelled, **options)
        for name, model in models.items():
            model.save_model(str(target / name))
            found[name] = expected(target / name)
            if name in ("fasttext_skipgram.bin", "fasttext_cbow.bin"):
                found[name]["outputs"] = hexadecimal(model.get_output_matrix())
        old = Path(folder) / "fasttext_version_11.bin"
        content = (target / "fasttext_supervised.bin").read_bytes()
        old.write_bytes(content[:4] + (11).to_bytes(4, "little") + content[8:])
        found[old.name] = expected(old)
    (target / "fasttext.json").write_text(json.dumps(found, ensure_ascii=True, indent=0), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
