"""Tables and a plot from the raw results.

``python -m benchmarks.report RESULTS.jsonl`` writes the .md and the .png beside the file.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import EngFormatter, MaxNLocator

from benchmarks.tables import (
    Record,
    by_trainer,
    conditions,
    judged_on,
    number,
    one,
    quality_table,
    speed_table,
    timing_notes,
)

BASELINE = "gensim"
_OURS, _PEERS = ("#9ec5e8", "#1f6fb2"), ("#d0d0d0", "#808080")


def main(results: Path) -> None:
    """Write the Markdown and, where there are timings, the plot."""
    records = [json.loads(line) for line in results.read_text(encoding="utf-8").split("\n") if line]
    runs, speed, quality = ([r for r in records if r["kind"] == kind] for kind in ("run", "speed", "quality"))
    parts = [_conditions(runs, results.name)]
    if speed:
        plot = results.with_suffix(".png")
        _plot(speed, plot)
        parts += [f"## Speed and memory\n\n![Words per second, wall time and peak memory]({plot.name})"]
        parts += [_speed(group, dim, threads) for (dim, threads), group in _settings(speed)]
        parts += [timing_notes(speed)]
    if quality:
        parts += [_quality(quality)]
    results.with_suffix(".md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(json.dumps({"records": len(records)}))


def _conditions(runs: list[Record], raw: str) -> str:
    """Say on what, with what and how the figures came about."""
    return f"""# firth and its peers

Skip-gram with negative sampling; every contestant gets the same corpus in lines of at most 1,000 words and
the same settings. Raw figures: [{raw}]({raw}).

{conditions(runs)}"""


def _speed(records: list[Record], dim: int, threads: int) -> str:
    runs, epochs = max(len(group) for group in by_trainer(records).values()), one(records, "epochs")
    title = f"### dim {dim}, {number(threads, 'thread')}, {number(epochs, 'epoch')}"
    caption = f"Medians of {number(runs, 'run')} each, taken in turn (lowest to highest)."
    return f"{title}\n\n{caption}\n\n{speed_table(records, BASELINE)}"


def _quality(records: list[Record]) -> str:
    epochs, threads = one(records, "epochs"), one(records, "threads")
    title = f"## Quality: dim {one(records, 'dim')}, {number(epochs, 'epoch')}, {number(threads, 'thread')}"
    reused = sum(bool(record.get("reused")) for record in records)
    caption = (
        f"Mean ± standard error over the runs, each with another seed ({reused} of {len(records)} taken from "
        "an earlier run of the same settings on the same corpus). word2vec.c takes no seed: its runs differ "
        f"by the races of its threads. {judged_on(records)}"
    )
    return f"{title}\n\n{caption}\n\n{quality_table(records)}"


def _plot(records: list[Record], path: Path) -> None:
    """Draw medians as bars, lowest to highest as whiskers; a row of panels for each dim."""
    panels = {
        "million words/s in training": ("words_per_second", 1e-6),
        "wall time, text to saved vectors, s": ("wall_seconds", 1.0),
        "peak memory, MB": ("peak_bytes", 1e-6),
    }
    dims = sorted({r["dim"] for r in records})
    threads = sorted({r["threads"] for r in records})
    trainers = list(by_trainer(records))[::-1]
    size = (13, 1 + len(dims) * (0.6 + 0.22 * len(trainers) * len(threads)))
    figure, axes = plt.subplots(len(dims), len(panels), figsize=size, squeeze=False, layout="constrained")
    height = 0.8 / len(threads)
    for row, dim in zip(axes, dims, strict=True):
        for axis, (title, (key, scale)) in zip(row, panels.items(), strict=True):
            for i, trainer in enumerate(trainers):
                shades = _OURS if trainer.startswith("firth") else _PEERS
                for j, count in enumerate(threads):
                    chosen = (
                        r for r in records if (r["trainer"], r["dim"], r["threads"]) == (trainer, dim, count)
                    )
                    values = [r[key] * scale for r in chosen]
                    if not values:
                        continue
                    middle = statistics.median(values)
                    whisker = [[middle - min(values)], [max(values) - middle]]
                    at = i + (len(threads) / 2 - j - 0.5) * height
                    shade = shades[0] if j == 0 and len(threads) > 1 else shades[1]
                    label = f" {middle:.3g}, {number(count, 'thread')}"
                    axis.barh(at, middle, height, xerr=whisker, color=shade, ecolor="#333333", capsize=2)
                    axis.text(max(values), at, label, va="center", fontsize=8)
            axis.set_yticks(range(len(trainers)), trainers)
            axis.set_title(f"dim {dim}: {title}", fontsize=10)
            axis.margins(x=0.3)
            axis.set_xlim(left=0)
            axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def plot_growth(records: list[Record], axes_titles: dict[str, str], path: Path) -> None:
    """Draw time in training for each token (above) and peak memory (below) against what was changed."""
    measures: dict[str, Callable[[Record], float]] = {
        "training, µs a token": lambda r: 1e6 * r["training_seconds"] / r["tokens"],
        "peak memory, MB": lambda r: 1e-6 * r["peak_bytes"],
    }
    size = (3 * len(axes_titles), 6)
    figure, panels = plt.subplots(len(measures), len(axes_titles), figsize=size, layout="constrained")
    for row, (measured, value_of) in zip(panels, measures.items(), strict=True):
        for panel, (changed, title) in zip(row, axes_titles.items(), strict=True):
            for trainer, group in by_trainer(r for r in records if r["axis"] == changed).items():
                values = sorted({r[changed] for r in group})
                medians = [statistics.median(value_of(r) for r in group if r[changed] == v) for v in values]
                panel.plot(values, medians, marker="o", markersize=4, label=trainer)
            panel.set_xlabel(title)
            panel.xaxis.set_major_formatter(EngFormatter(sep=""))
            panel.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            panel.set_xlim(0, 1.1 * panel.dataLim.xmax)
            panel.set_ylim(0, 1.1 * panel.dataLim.ymax)
            panel.spines[["top", "right"]].set_visible(False)
        row[0].set_ylabel(measured)
    panels[0][0].legend(frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _settings(records: list[Record]) -> list[tuple[tuple[int, int], list[Record]]]:
    keys = sorted({(r["dim"], r["threads"]) for r in records})
    return [(key, [r for r in records if (r["dim"], r["threads"]) == key]) for key in keys]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
