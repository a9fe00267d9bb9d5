"""Node vectors by firth and gensim from the same random walks: speed, and how well they tell what a node is.

For each seed the walks are written once, as lines of text; then the contestants take turns, each in a process of its
own, on that file. The referee is scikit-learn's logistic regression: it learns the labels of one half of the nodes from
their vectors and is asked for those of the other half, by macro- and micro-F1, over several halvings. The table is
printed as Markdown; what each run gave goes to standard error, and as JSON lines to ``--output``. Speed is also told by
the second of CPU, which says more where others use the machine.

    python -m benchmarks.graphs
    python -m benchmarks.graphs --window 5 --dim 100 --shared-negatives 128
    python -m benchmarks.graphs --seeds 1 2 3 4 5 -p 0.25 -q 4 --epochs 5
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import measure

Record = dict[str, Any]

CONTESTANTS = ("firth", "firth-hogwild", "gensim")
_REFERENCE = "gensim"
_LEARNING_RATE, _MIN_LEARNING_RATE, _NEGATIVES = 0.025, 0.025e-4, 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """One training run on a file of walks.

    Parameters
    ----------
    trainer : {"firth", "firth-hogwild", "gensim"}
    walks, output : str
        Text, a walk a line; the vectors as NumPy arrays, of which the second holds the names of the nodes.
    dim, window, epochs, threads, seed : int
    learning_rate : float
        At the start; it falls to a ten-thousandth of the usual 0.025.
    shared_negatives : int
        Noise words that firth's centers of a chunk share; gensim draws anew for each pair.
    """

    trainer: str
    walks: str
    output: str
    dim: int
    window: int
    epochs: int
    threads: int
    seed: int
    learning_rate: float
    shared_negatives: int = 32


def write_walks(
    *, edges: str, output: str, walks: int, length: int, p: float, q: float, seed: int, threads: int
) -> Record:
    """Write the walks over a graph to a file; return how many nodes, walks and tokens it has, and the time."""
    from firth.config.walks import WalkOptions
    from firth.corpus.graph import Graph
    from firth.corpus.walks import walk_text

    began = time.perf_counter()
    graph = Graph.of(edges)
    read = time.perf_counter()
    lines = tokens = 0
    with Path(output).open("wb") as file:
        for block in walk_text(
            graph, WalkOptions(walks=walks, length=length, p=p, q=q, seed=seed), threads=threads
        ):
            file.write(block)
            lines += block.count(b"\n")
            tokens += block.count(b"\n") + block.count(b" ")
    return {
        "nodes": graph.n_nodes,
        "edges": graph.n_edges,
        "walks": lines,
        "tokens": tokens,
        "reading_seconds": read - began,
        "walking_seconds": time.perf_counter() - read,
    }


def train(**job: Any) -> Record:
    """Train as a `Job` says, save the vectors, and return what training took and how much it had."""
    wanted = Job(**job)
    return _train_gensim(wanted) if wanted.trainer == "gensim" else _train_firth(wanted)


def _train_firth(job: Job) -> Record:
    import firth

    config = firth.SkipGram(
        dim=job.dim,
        window=job.window,
        negatives=_NEGATIVES,
        shared_negatives=job.shared_negatives,
        subsample=0,
        min_count=1,
        epochs=job.epochs,
        learning_rate=job.learning_rate,
        min_learning_rate=_MIN_LEARNING_RATE,
        seed=job.seed,
        deterministic=job.trainer == "firth",
    )
    with firth.corpus.encode(job.walks, cache=False, threads=job.threads) as corpus:
        before = time.process_time()
        model = firth.train(corpus, config, threads=job.threads)
        cpu_seconds = time.process_time() - before
        tokens = corpus.n_tokens * len(model.history)
    _save(job.output, list(model.vectors.vocabulary), model.vectors.embeddings)
    seconds = sum(epoch.seconds for epoch in model.history)
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "tokens": tokens}


def _train_gensim(job: Job) -> Record:
    from gensim.models import Word2Vec

    model = Word2Vec(
        sg=1,
        hs=0,
        vector_size=job.dim,
        window=job.window,
        negative=_NEGATIVES,
        sample=0,
        min_count=1,
        alpha=job.learning_rate,
        min_alpha=_MIN_LEARNING_RATE,
        workers=job.threads,
        seed=job.seed,
    )
    model.build_vocab(corpus_file=job.walks)
    began, before = time.perf_counter(), time.process_time()
    _, tokens = model.train(
        corpus_file=job.walks,
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=job.epochs,
    )
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - before
    _save(job.output, model.wv.index_to_key, model.wv.vectors)
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "tokens": tokens}


def _save(path: str, names: list[str], vectors: Any) -> None:
    import numpy as np

    with Path(path).open("wb") as file:
        np.save(file, np.asarray(vectors, np.float32))
        np.save(file, np.array("\n".join(names).encode()))


def judge(vectors: str, labels: str, splits: int) -> Record:
    """Return macro- and micro-F1 of labels told from vectors, one of each for each halving of the labelled nodes."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with Path(vectors).open("rb") as file:
        rows, names = np.load(file), bytes(np.load(file)[()]).decode().split("\n")
    if not np.isfinite(rows).all():
        raise SystemExit(f"{vectors} holds values that are not finite")
    known = read_labels(Path(labels))
    # In the order of the names: trainers order nodes of equal counts differently, and all shall have the same halves.
    labelled = sorted((i for i, name in enumerate(names) if name in known), key=lambda i: names[i])
    features, classes = rows[labelled], np.array([known[names[i]] for i in labelled])
    macro, micro = [], []
    for split in range(splits):
        learned, asked, answers, wanted = train_test_split(
            features, classes, test_size=0.5, random_state=split, stratify=classes
        )
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, tol=1e-3))
        found = model.fit(learned, answers).predict(asked)
        macro.append(float(f1_score(wanted, found, average="macro")))
        micro.append(float(f1_score(wanted, found, average="micro")))
    return {"macro_f1": macro, "micro_f1": micro, "labelled": len(labelled), "classes": len(set(classes))}


def read_labels(path: Path) -> dict[str, str]:
    """Read ``node label`` lines; labels that fewer than four nodes have are left out, for both halves need some."""
    pairs = [line.split() for line in path.read_text(encoding="utf-8").split("\n") if line]
    counts: dict[str, int] = {}
    for _, label in pairs:
        counts[label] = counts.get(label, 0) + 1
    return {node: label for node, label in pairs if counts[label] >= 4}


def table(records: Iterable[Record]) -> str:
    """Return a Markdown table: a line for each trainer, medians of speed, means and spread of F1 over seeds."""
    runs: dict[str, list[Record]] = {}
    for record in records:
        runs.setdefault(record["trainer"], []).append(record)
    reference = runs.get(_REFERENCE)
    lines = [
        "| trainer | M words/s | times gensim | M words/CPU s | times gensim | macro-F1 | micro-F1 | memory, MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, its in runs.items():
        cells = [name]
        for key in ("words_per_second", "words_per_cpu_second"):
            speed = _median(its, key)
            cells += [f"{speed / 1e6:.3f}", f"{speed / _median(reference, key):.1f}" if reference else "–"]
        cells += [_spread([statistics.mean(run[key]) for run in its]) for key in ("macro_f1", "micro_f1")]
        cells.append(f"{max(run['peak_bytes'] for run in its) / 1e6:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _median(runs: list[Record], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def _spread(values: list[float]) -> str:
    mean = f"{statistics.mean(values):.4f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.4f}"


def main() -> None:
    """Run what the command line asks for and print the table."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="firth-bench-", dir=options.work) as folder:
        records = []
        for record in _runs(options, Path(folder)):
            records.append(record)
            measure.say(_summary(record))
            if options.output is not None:
                with options.output.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(record) + "\n")
    first = records[0]
    print(
        f"{first['nodes']:,} nodes, {first['edges']:,} edges, {first['walk_tokens']:,} tokens in walks of "
        f"{options.length} (p={options.p:g}, q={options.q:g}); dim {options.dim}, window {options.window}, "
        f"{options.epochs} epochs, {options.shared_negatives} shared noise words, {options.threads} threads, "
        f"seeds {' '.join(map(str, options.seeds))}, "
        f"{options.splits} halvings of {first['labelled']:,} labels in {first['classes']} classes; "
        f"{measure.machine()['processor']}\n"
    )
    print(table(records))


def _runs(options: argparse.Namespace, work: Path) -> Iterator[Record]:
    walks, vectors = work / "walks.txt", work / "vectors.npy"
    for seed in options.seeds:
        facts = _part(
            "write_walks", edges=str(options.edges), output=str(walks), walks=options.walks, length=options.length,
            p=options.p, q=options.q, seed=seed, threads=options.threads,
        ).report  # fmt: skip
        measure.say(
            f"seed {seed}: {facts['tokens']:,} tokens, graph read in {facts['reading_seconds']:.1f} s, walked and "
            f"written in {facts['walking_seconds']:.1f} s"
        )
        if seed == options.seeds[0]:
            _warm_up(options, walks, work)
        for name in options.contestants:
            job = _job(options, name, walks, vectors, seed)
            run = _part("train", **dataclasses.asdict(job))
            _check_amount(name, run.report["tokens"], facts["tokens"] * options.epochs)
            yield {
                **dataclasses.asdict(job) | {"walks": options.walks, "p": options.p, "q": options.q},
                **{key: facts[key] for key in ("nodes", "edges")},
                "walk_tokens": facts["tokens"],
                "words_per_second": facts["tokens"] * options.epochs / run.report["seconds"],
                "training_seconds": run.report["seconds"],
                "words_per_cpu_second": facts["tokens"] * options.epochs / run.report["cpu_seconds"],
                "training_cpu_seconds": run.report["cpu_seconds"],
                "cpu_seconds": run.cpu_seconds,
                "peak_bytes": run.peak_bytes,
                **_part(
                    "judge", vectors=str(vectors), labels=str(options.labels), splits=options.splits
                ).report,
            }


def _warm_up(options: argparse.Namespace, walks: Path, work: Path) -> None:
    """Let firth compile, or fetch what is compiled, before it is timed."""
    few = work / "few.txt"
    with walks.open("rb") as file:
        few.write_bytes(b"".join(line for line, _ in zip(file, range(500), strict=False)))
    for name in options.contestants:
        if name != _REFERENCE:
            _part("train", **dataclasses.asdict(_job(options, name, few, work / "few.npy", 1)))


def _job(options: argparse.Namespace, name: str, walks: Path, vectors: Path, seed: int) -> Job:
    return Job(
        trainer=name,
        walks=str(walks),
        output=str(vectors),
        dim=options.dim,
        window=options.window,
        epochs=options.epochs,
        threads=options.threads,
        seed=seed,
        learning_rate=options.learning_rate,
        shared_negatives=options.shared_negatives,
    )


def _check_amount(name: str, trained: int, expected: int) -> None:
    """Stop where a trainer did not train on all walks: its figures would mean nothing."""
    # gensim's threads start at shares of the bytes and may end some batches early or late.
    if abs(trained - expected) > 0.03 * expected + 100_000:
        raise SystemExit(f"{name} trained on {trained:,} tokens, but the walks have {expected:,}")


def _part(name: str, **arguments: Any) -> measure.Measured:
    return measure.module("graphs", name, json.dumps(arguments))


def _summary(record: Record) -> str:
    return (
        f"  {record['trainer']:14} seed {record['seed']}: {record['words_per_second'] / 1e6:.3f} M words/s, "
        f"{record['words_per_cpu_second'] / 1e6:.3f} M words/CPU s, {record['peak_bytes'] / 1e6:.0f} MB, macro-F1 "
        f"{statistics.mean(record['macro_f1']):.4f}, micro-F1 {statistics.mean(record['micro_f1']):.4f}"
    )


def _parse() -> argparse.Namespace:
    data = Path(os.environ.get("FIRTH_DATA", "."))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.graphs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--edges",
        type=Path,
        default=data / "debian-depends.edgelist",
        help="two nodes a line, and perhaps a weight",
    )
    add("--labels", type=Path, default=data / "debian-section.labels", help="a node and its label a line")
    add("--contestants", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS), metavar="NAME")
    add("--walks", type=int, default=10, help="walks that begin at each node")
    add("--length", type=int, default=40, help="nodes of a walk; the papers take 80")
    add("-p", type=float, default=1.0)
    add("-q", type=float, default=1.0)
    add("--dim", type=int, default=128)
    add("--window", type=int, default=10)
    add("--epochs", type=int, default=1)
    add("--learning-rate", type=float, default=_LEARNING_RATE)
    add("--shared-negatives", type=int, default=32, help="noise words that 32 of firth's centers share")
    add("--threads", type=int, default=measure.available_cores())
    add("--seeds", nargs="+", type=int, default=[1, 2, 3], help="of walks and training")
    add("--splits", type=int, default=3, help="halvings of the labels")
    add("--output", type=Path, help="add the results to this file, as lines of JSON")
    add("--work", type=Path, help="folder for walks and vectors (default: the system's temporary one)")
    options = parser.parse_args()
    for path in (options.edges, options.labels):
        if not path.is_file():
            parser.error(
                f"no file {str(path)!r}: give it with --edges and --labels, or set FIRTH_DATA to its folder"
            )
    options.edges, options.labels = options.edges.resolve(), options.labels.resolve()
    return options


_PARTS: dict[str, Callable[..., Record]] = {"write_walks": write_walks, "train": train, "judge": judge}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in _PARTS:  # a process of its own, which this program starts
        print(json.dumps(_PARTS[sys.argv[1]](**json.loads(sys.argv[2]))))
    else:
        main()
