"""The harness of the whole family of models: settings, the referee of the softmax, which records are shown."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import math
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import firth

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(
    not (ROOT / "benchmarks").is_dir(), reason="a source distribution comes without the benchmarks"
)


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"benchmarks.{name}")

    return load


def write_vectors(path: Path, rows: dict[str, tuple[float, ...]]) -> None:
    content = b"%d %d\n" % (len(rows), len(next(iter(rows.values()))))
    for word, row in rows.items():
        content += word.encode() + b" " + np.array(row, np.float32).tobytes() + b"\n"
    path.write_bytes(content)


def job_of(module, settings):
    """Take settings through the command line, as the harness gives them to a trainer."""
    contest, common = module("contest"), module("trainers.common")
    jobs = []

    def train(job):
        jobs.append(job)
        return common.Trained(trained_per_epoch=1, counted="pairs", seconds=1, timing="")

    options = contest._as_options({**dataclasses.asdict(settings), "min_count": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["trainer", "corpus.txt", "vectors.bin", *options])
        common.main(train)
    return jobs[0]


def test_settings_reach_a_trainer_unchanged(module):
    settings = module("contest").Settings(
        model="cbow", learning_rate=0.05, subsample=0.0, position_weights=True, cbow_gradient="exact", seed=7
    )
    job = job_of(module, settings)
    for name, value in dataclasses.asdict(settings).items():
        assert getattr(job, name) == value
    assert (job.min_count, job.hogwild, job.targets) == (1, False, None)


def test_every_contest_is_one_that_firth_can_train(module):
    trainer = module("trainers.firth")
    kinds = {"skipgram": firth.SkipGram, "cbow": firth.CBOW, "fasttext": firth.FastText}
    for match in module("matches").MATCHES.values():
        assert match.peer is None or match.peer in match.entries
        for entry in match.entries.values():
            settings = dataclasses.replace(match.settings, **entry.changes)
            config = trainer.settings(job_of(module, settings))
            assert type(config) is kinds[settings.model]
            assert (config.loss, config.learning_rate) == (settings.loss, settings.learning_rate)
            assert config.min_learning_rate == pytest.approx(1e-4 * config.learning_rate)


def test_a_tool_is_not_asked_for_what_it_has_not(module):
    job = module("trainers.common").Job(corpus=Path(), output=Path(), model="fasttext")
    with pytest.raises(SystemExit, match="gensim has no fasttext with negative-sampling"):
        job.refuse_unless("gensim", models=("skipgram", "cbow"), losses=("negative-sampling",))


def test_plain_skip_gram_is_told_as_before_and_taken_for_nothing_else(module):
    contest = module("contest")
    plain, cbow = contest.Settings(), contest.Settings(model="cbow")
    assert set(plain.identity()) == {
        "dim", "threads", "epochs", "seed", "window", "negatives", "subsample", "learning_rate"
    }  # fmt: skip
    records = [{"kind": "quality", **cbow.identity()}, {"kind": "quality", **plain.identity()}]
    for settings, record in zip((cbow, plain), records, strict=True):
        assert contest.find_run(records, {"kind": "quality", **settings.identity()}) is record
    assert contest.find_run(records[:1], {"kind": "quality", **plain.identity()}) is None


def test_rare_words_are_left_out_and_lines_keep_their_order(module, tmp_path):
    corpus = module("corpus")
    (tmp_path / "source.txt").write_text("a b a c\nd\nb a e", encoding="utf-8")
    recipe = corpus.Recipe(source=str(tmp_path / "source.txt"), max_vocab=2, min_count=1)
    folded = corpus.fold(recipe, tmp_path / "folded.txt")
    assert (tmp_path / "folded.txt").read_text(encoding="utf-8") == "a b a\nb a\n"
    assert (folded.tokens, folded.vocabulary, folded.lines) == (5, 2, 2)
    assert folded.expected("centers", 5, 0.0) == 5


def test_the_softmax_loss_is_that_of_the_pairs(module, tmp_path):
    judge = module("softmax_loss")
    vectors, targets, text = tmp_path / "v.bin", tmp_path / "t.bin", tmp_path / "text.txt"
    write_vectors(vectors, {"</s>": (9, 9), "a": (1, 0), "b": (0, 2), "c": (0, 0)})
    write_vectors(targets, {"c": (0, 1), "b": (1, 1), "a": (-1, 0), "</s>": (9, 9)})
    text.write_text("a b\na b\n", encoding="utf-8")
    loss, pairs = judge.softmax_loss(vectors, targets, text, 1, centers=4_000)

    def of(logits: list[float], right: int) -> float:
        return math.log(sum(map(math.exp, logits))) - logits[right]

    # Logits against a, b, c; the center a has the context b, and b has a.
    assert pairs == 4_000
    assert loss == pytest.approx((of([-1, 1, 0], 1) + of([0, 2, 2], 0)) / 2, rel=0.02)


def test_pairs_of_the_softmax_stay_in_their_line_and_window(module, tmp_path):
    words = [f"w{i}" for i in range(60)]
    lines = [" ".join(words[:25]), "", " ".join(words[25:])]
    (tmp_path / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    index = {word: i for i, word in enumerate(words)}
    draw = module("softmax_loss").draw_pairs
    pairs = draw(tmp_path / "text.txt", index, 3, centers=5_000, seed=1)
    distance = np.abs(pairs[:, 0] - pairs[:, 1])
    assert set(distance) == {1, 2, 3}
    assert ((pairs[:, 0] < 25) == (pairs[:, 1] < 25)).all()
    shares = np.array([count for _, count in sorted(Counter(distance.tolist()).items())]) / len(pairs)
    assert shares == pytest.approx([3 / 6, 2 / 6, 1 / 6], abs=0.03)


def record(kind: str, trainer: str, value: float, **changes: object) -> dict[str, object]:
    return {
        "kind": kind, "contest": "cbow", "trainer": trainer, "version": "1", "threads": 2, "epochs": 5, "dim": 100,
        "sha256": "x", "learning_rate": 0.05, "subsample": 1e-4, "window": 5, "seed": 1, "value": value, **changes,
    }  # fmt: skip


def test_only_the_latest_is_shown(module):
    lines = [
        {"kind": "run", "number": 0},
        record("speed", "firth", 1),
        record("quality", "firth", 2, version="0"),
        record("quality", "gensim", 3),
        {"kind": "run", "number": 1},
        record("speed", "firth", 4),
        record("quality", "firth", 5),
        record("quality", "firth", 6, seed=2),
        {"kind": "run", "number": 2},
        record("quality", "firth", 7),
    ]
    runs, shown = module("family_report").latest(lines)
    assert sorted(r["value"] for r in shown) == [3, 4, 6, 7]
    assert [run["number"] for run in runs] == [0, 1, 2]


@pytest.mark.parametrize("contestant", ["gensim", "firth"])
def test_a_peer_may_fail_and_firth_may_not(module, contestant):
    family, matches, contest = module("family"), module("matches"), module("contest")

    class Running:
        def run(self, *_, **__):
            raise SystemExit("command\nended with status 1:\nNaN encountered.")

        def identity(self, name, settings):
            return settings.identity()

    entry = matches.Entry(contestant=contestant)
    if contestant == "firth":
        with pytest.raises(SystemExit):
            family._run(Running(), contestant, entry, contest.Settings())
    else:
        told = family._run(Running(), contestant, entry, contest.Settings())
        assert (told["kind"], told["reason"]) == ("failed", "NaN encountered.")


def test_a_known_peer_is_not_trained_again(module, tmp_path):
    family, contest, matches = (module(name) for name in ("family", "contest", "matches"))
    (tmp_path / "corpus.txt").write_text("a b c d\n" * 10, encoding="utf-8")
    options = argparse.Namespace(
        corpus=tmp_path / "corpus.txt", data=tmp_path, limit=0, threads=1, epochs=None, seeds=[1]
    )
    match = dataclasses.replace(
        matches.MATCHES["cbow"], entries={"gensim": matches.Entry(contestant="gensim")}
    )
    running = contest.Contest(family._recipe(match, options, 0), tmp_path)
    settings = dataclasses.replace(match.settings, threads=1, epochs=5, seed=1)
    known = {"kind": "quality", **running.identity("gensim", settings), "quality": {"analogies": 0.5}}
    (told,) = family._judge(match, options, tmp_path, [known])
    assert (told["quality"], told["reused"]) == ({"analogies": 0.5}, True)


def test_the_lines_of_theory_run_through_what_follows_them(module):
    cost = module("cost")
    points = [
        {"loss": loss, "words": words, "microseconds": [factor * growth(words)], "pairs": 1.0}
        for words in (1_000, 30_000, 1_000_000)
        for factor, (loss, (_, growth)) in enumerate(cost.THEORY.items(), 1)
    ]
    for point in points:
        assert cost.theory(points, point["loss"])(point["words"]) == pytest.approx(point["microseconds"][0])
    assert [cost._exponent(points, loss) for loss in cost.THEORY] == ["1.00", "0.10", "0.00"]
    assert cost.merged(points[:1] * 2)[0]["microseconds"] == [1_000, 1_000]


def test_figures_are_rounded_to_three_places(module):
    write = module("tables").three_figures
    assert [write(v) for v in (0.29685, 25.02, 1043.7, 3.3e6, 0.0)] == [
        "0.297",
        "25",
        "1,040",
        "3,300,000",
        "0",
    ]


def test_drawn_text_follows_the_counts(module):
    point = module("cost_point")
    ids = point.drawn_ids(point.zipf_counts(100), 200_000)
    assert ids[-1] == -1
    assert (ids == -1).sum() == 200
    counts = np.bincount(ids[ids >= 0], minlength=100)
    assert counts[0] / counts[9] == pytest.approx(10, rel=0.1)
    assert counts.min() > 0


def test_a_cost_is_measured(module):
    told = module("cost_point").cost("negative-sampling", 50, 0.0, 2)
    assert len(told["microseconds"]) == 2
    assert all(0 < value < 1e6 for value in told["microseconds"])
    assert told["tokens"] == 512
