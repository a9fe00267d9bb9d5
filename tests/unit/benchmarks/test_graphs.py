"""What decides whether the figures of node vectors mean anything."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(
    not (ROOT / "benchmarks").is_dir(), reason="a source distribution comes without the benchmarks"
)


@pytest.fixture
def graphs(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.graphs")


def run(trainer, speed, macro, micro):
    speeds = {"words_per_second": speed, "words_per_cpu_second": speed / 2}
    return {"trainer": trainer, **speeds, "peak_bytes": 5e6, "macro_f1": macro, "micro_f1": micro}


def test_the_table_has_medians_of_speed_and_the_spread_of_seeds(graphs):
    records = [
        *(
            run("firth", speed, [f1, f1 + 0.02], [0.5, 0.5])
            for speed, f1 in [(2e6, 0.3), (3e6, 0.4), (9e6, 0.5)]
        ),
        run("gensim", 3e5, [0.2], [0.4]),
    ]
    lines = graphs.table(records).split("\n")
    assert lines[2:] == [
        "| firth | 3.000 | 10.0 | 1.500 | 10.0 | 0.4100 ± 0.1000 | 0.5000 ± 0.0000 | 5 |",
        "| gensim | 0.300 | 1.0 | 0.150 | 1.0 | 0.2000 | 0.4000 | 5 |",
    ]
    assert "| – |" in graphs.table(records[:1])


def test_labels_that_cannot_be_halved_are_left_out(graphs, tmp_path):
    path = tmp_path / "labels"
    path.write_text("".join(f"n{i} big\n" for i in range(4)) + "m small\nk small\nj small\n")
    assert graphs.read_labels(path) == {f"n{i}": "big" for i in range(4)}


def test_a_trainer_that_trains_a_part_is_stopped(graphs):
    graphs._check_amount("gensim", 9_800_000, 10_000_000)
    with pytest.raises(SystemExit, match="gensim trained on 5,000,000 tokens, but the walks have 10,000,000"):
        graphs._check_amount("gensim", 5_000_000, 10_000_000)


def test_walks_are_written_and_trained_on(graphs, tmp_path):
    edges, walks, vectors = tmp_path / "edges", tmp_path / "walks.txt", tmp_path / "vectors.npy"
    edges.write_text("".join(f"n{i} n{(i + 1) % 30}\n" for i in range(30)))
    facts = graphs.write_walks(
        edges=str(edges), output=str(walks), walks=3, length=10, p=1.0, q=0.5, seed=1, threads=1
    )
    assert [facts[key] for key in ("nodes", "edges", "walks", "tokens")] == [30, 30, 90, 900]
    report = graphs.train(
        trainer="firth", walks=str(walks), output=str(vectors), dim=8, window=3, epochs=2, threads=1, seed=1,
        learning_rate=0.025,
    )  # fmt: skip
    assert report["tokens"] == 1800
    with vectors.open("rb") as file:
        rows, names = np.load(file), bytes(np.load(file)[()]).decode().split("\n")
    assert rows.shape == (30, 8)
    assert sorted(names) == sorted(f"n{i}" for i in range(30))
