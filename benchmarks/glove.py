"""GloVe beside a plain float64 descent on the same counts, and beside skip-gram on the same text.

The first comparison trains on ``--limit`` words: firth's GloVe (float32, block by block) and a reference that takes
the records one by one in a drawn order, in float64, on one thread, each with several seeds. The reference is held
to `firth.objectives.glove` before it is used. The second trains GloVe and skip-gram on the whole text. Both are
judged by `benchmarks.judge`; nothing is timed. The tables are printed as Markdown, runs also go to ``--output``.

    python -m benchmarks.glove --threads 1
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

import firth
from benchmarks import measure, tables
from benchmarks.corpus import Recipe, fold
from benchmarks.judge import judge
from firth.corpus.cooccurrence import count_cooccurrences
from firth.objectives import glove as objective

Record = dict[str, Any]
Floats = NDArray[np.float64]

_CHECKED_RECORDS = 300


@numba.njit(cache=False, error_model="numpy")
def _descend(  # type: ignore[no-untyped-def]  # noqa: PLR0917
    order, records, vectors, biases, vector_squares, bias_squares, x_max, exponent, rate
):
    """Take a step for each record in `order`; arrays of two sides, centers and contexts. Return the mean loss."""
    total = 0.0
    dim = vectors.shape[2]
    for at in order:
        row, column, count = records[at].row, records[at].column, np.float64(records[at].weight)
        center, context = vectors[0, row], vectors[1, column]
        error = biases[0, row] + biases[1, column] - np.log(count)
        for d in range(dim):
            error += center[d] * context[d]
        weight = min(1.0, count / x_max) ** exponent
        total += 0.5 * weight * error * error
        step = rate * weight * error
        center_squares, context_squares = vector_squares[0, row], vector_squares[1, column]
        for d in range(dim):
            by_center, by_context = step * context[d], step * center[d]
            center[d] -= by_center / np.sqrt(center_squares[d])
            context[d] -= by_context / np.sqrt(context_squares[d])
            center_squares[d] += by_center * by_center
            context_squares[d] += by_context * by_context
        for side, word in ((0, row), (1, column)):
            biases[side, word] -= step / np.sqrt(bias_squares[side, word])
            bias_squares[side, word] += step * step
    return total / len(order)


class Reference:
    """GloVe's weights in float64, at random as its authors' program begins."""

    def __init__(self, config: firth.GloVe, vocab_size: int, seed: int) -> None:
        self.config = config
        self.draw = np.random.default_rng([seed, 64])
        self.vectors = (self.draw.random((2, vocab_size, config.dim)) - 0.5) / config.dim
        self.biases = (self.draw.random((2, vocab_size)) - 0.5) / config.dim
        self.vector_squares = np.ones_like(self.vectors)
        self.bias_squares = np.ones_like(self.biases)

    def descend(self, order: NDArray[np.int64], records: Any) -> float:
        """Take a step for each record in `order` and return the mean of their losses."""
        config = self.config
        return float(
            _descend(
                order,
                records,
                self.vectors,
                self.biases,
                self.vector_squares,
                self.bias_squares,
                float(config.x_max),
                float(config.weighting_exponent),
                float(config.learning_rate),
            )
        )

    def check(self, records: Any) -> None:
        """Compare some steps with those of the readable objective.

        Raises
        ------
        SystemExit
            They differ.
        """
        config = self.config
        order = self.draw.permutation(len(records))[:_CHECKED_RECORDS]
        weights, squares = (
            objective.Weights(
                input=rows[0].copy(),
                output=rows[1].copy(),
                input_bias=bias[0].copy(),
                output_bias=bias[1].copy(),
            )
            for rows, bias in ((self.vectors, self.biases), (self.vector_squares, self.bias_squares))
        )
        chosen = [(int(r["row"]), int(r["column"]), float(r["weight"])) for r in records[order]]
        options = {"x_max": config.x_max, "exponent": config.weighting_exponent}
        wanted = objective.descend_records(
            weights, squares, chosen, **options, learning_rate=config.learning_rate
        )
        found = self.descend(order, records) * len(order)
        same = np.allclose(self.vectors[0], weights.input, rtol=1e-9, atol=1e-12)
        same &= np.allclose(self.biases[1], weights.output_bias, rtol=1e-9, atol=1e-12)
        if not same or not np.isclose(found, wanted, rtol=1e-9):
            raise SystemExit("the reference does not take the steps of firth.objectives.glove")


def compare_with_reference(options: argparse.Namespace, text: Path, work: Path) -> Iterator[Record]:
    """Train firth's GloVe and the reference on the same text, and judge both."""
    config = firth.GloVe(dim=options.dim, epochs=options.epochs, min_count=5)
    for seed in options.seeds:
        seeded = dataclasses.replace(config, seed=seed)
        model = firth.train(text, seeded, threads=options.threads, cache=False)
        yield {"trainer": "firth", "seed": seed, **_judged(model.vectors, options.data, work)} | {
            "loss": model.history[-1].loss
        }
        vocabulary = model.vectors.vocabulary
        reference = Reference(seeded, len(vocabulary), seed)
        with (
            firth.corpus.encode(text, cache=False, threads=options.threads) as corpus,
            count_cooccurrences(
                corpus, vocabulary, window=config.window, threads=options.threads, seed=seed
            ) as counts,
        ):
            records = np.array(counts.records)
        Reference(seeded, len(vocabulary), seed).check(records)
        order = reference.draw.permutation(len(records))
        for epoch in range(options.epochs):
            loss = reference.descend(order, records)
            measure.say(f"  reference, seed {seed}: epoch {epoch + 1} of {options.epochs}, loss {loss:.5f}")
        summed = reference.vectors.sum(axis=0).astype(np.float32)
        vectors = firth.WordVectors(firth.formats.VectorTable(vocabulary, summed))
        yield {"trainer": "float64 reference", "seed": seed, **_judged(vectors, options.data, work)} | {
            "loss": loss,
            "records": len(records),
        }


def compare_with_skipgram(options: argparse.Namespace, text: Path, work: Path) -> Iterator[Record]:
    """Train GloVe and skip-gram on the whole text, and judge both."""
    contestants: dict[str, firth.GloVe | firth.SkipGram] = {
        "GloVe": firth.GloVe(dim=options.dim, epochs=options.whole_epochs, min_count=5),
        "skip-gram": firth.SkipGram(dim=options.dim, epochs=5, min_count=5, subsample=1e-4),
    }
    for seed in options.seeds:
        for name, config in contestants.items():
            model = firth.train(
                text, dataclasses.replace(config, seed=seed), threads=options.threads, cache=False
            )
            yield {
                "trainer": name,
                "seed": seed,
                "epochs": config.epochs,
                "training_seconds": sum(epoch.seconds for epoch in model.history),
                "loss": model.history[-1].loss,
                **_judged(model.vectors, options.data, work),
            }


def _judged(vectors: firth.WordVectors, data: Path, work: Path) -> Record:
    path = work / "vectors.bin"
    vectors.save(path, format="word2vec-binary", overwrite=True)
    return {"quality": judge(path, data)}


def main() -> None:
    """Run both comparisons and print their tables."""
    options = _parse()
    records = []
    with tempfile.TemporaryDirectory(prefix="firth-bench-", dir=options.work) as folder:
        work = Path(folder)
        runs = []
        if "reference" in options.only:
            few = fold(Recipe(source=str(options.corpus), limit=options.limit), work / "few.txt")
            runs.append(("reference", compare_with_reference(options, Path(few.path), work)))
        if "skip-gram" in options.only:
            whole = fold(Recipe(source=str(options.corpus)), work / "whole.txt")
            runs.append(("skip-gram", compare_with_skipgram(options, Path(whole.path), work)))
        for comparison, its in runs:
            for run in its:
                records.append({"comparison": comparison, **run})
                measure.say(json.dumps(records[-1]))
                if options.output is not None:
                    with options.output.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(records[-1]) + "\n")
    for comparison in options.only:
        its = [r for r in records if r["comparison"] == comparison]
        print(f"\n{comparison}\n\n{tables.quality_table(its)}\n\n{tables.judged_on(its)}")
        for name, group in tables.by_trainer(its).items():
            losses = ", ".join(f"{run['loss']:.5f}" for run in group)
            print(f"- {name}: loss of the last epoch {losses}")


def _parse() -> argparse.Namespace:
    data = Path(os.environ.get("FIRTH_DATA", "."))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.glove",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--corpus", type=Path, default=data / "wiki100m.txt.xz", help="text, also .xz, .gz or .bz2")
    add("--data", type=Path, default=data, help="folder of the judge's files (default: $FIRTH_DATA)")
    add("--only", nargs="+", choices=["reference", "skip-gram"], default=["reference", "skip-gram"])
    add("--limit", type=int, default=4_000_000, help="words of the comparison with the reference")
    add("--dim", type=int, default=100)
    add("--epochs", type=int, default=15, help="of the comparison with the reference")
    add("--whole-epochs", type=int, default=15, help="of GloVe on the whole text")
    add("--threads", type=int, default=2)
    add("--seeds", nargs="+", type=int, default=[1, 2, 3])
    add("--output", type=Path, help="add each run to this file, a line of JSON each")
    add("--work", type=Path, help="folder for texts and vectors (default: a temporary one)")
    options = parser.parse_args()
    for path in (options.corpus, options.data / "questions-words.txt"):
        if not path.is_file():
            parser.error(
                f"no {path.name} in {str(path.parent)!r}: give --corpus and --data, or set FIRTH_DATA"
            )
    return options


if __name__ == "__main__":
    main()
