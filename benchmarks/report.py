"""Tables and a plot from the raw results.

``python -m benchmarks.report RESULTS.jsonl`` writes the .md and the .png beside the file.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import EngFormatter, MaxNLocator

Record = dict[str, Any]
BASELINE = "gensim"
SCORES = {"analogies": "analogies", "ws353": "WordSim-353", "men": "MEN", "simlex": "SimLex-999"}
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
        parts += [_speed_table(group, dim, threads) for (dim, threads), group in _settings(speed)]
        parts += [_timing_notes(speed)]
    if quality:
        parts += [_quality_table(quality)]
    results.with_suffix(".md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(json.dumps({"records": len(records)}))


def _conditions(runs: list[Record], raw: str) -> str:
    """Say on what, with what and how the figures came about."""
    run = runs[-1]
    machine, corpus = run["machine"], run["corpus"]
    memory = f"{machine['memory_bytes'] / 2**30:.0f} GiB"
    peers = ", ".join(f"{name} {version}" for name, version in run["versions"].items() if name != "firth")
    commands = "\n".join(f"# {r['date']}, firth {r['versions'].get('firth')}\n{r['command']}" for r in runs)
    return f"""# firth and its peers

Skip-gram with negative sampling; every contestant gets the same corpus in lines of at most 1,000 words and
the same settings. Raw figures: [{raw}]({raw}).

| | |
|---|---|
| machine | {machine["processor"]}, {machine["cores"]} cores, {memory}, {machine["system"]} |
| versions | Python {machine["python"]}, {peers} |
| corpus | {corpus["name"]}: {corpus["tokens"]:,} tokens, {corpus["vocabulary"]:,} words kept |

```
{commands}
```"""


def _speed_table(records: list[Record], dim: int, threads: int) -> str:
    """Lay out medians, with the lowest and highest value, and ratios to gensim's medians."""
    by_trainer = _by_trainer(records)
    base = by_trainer.get(BASELINE)
    rows = []
    for trainer, group in by_trainer.items():
        ratio, faster = "", ""
        if base:
            ratio = f"{_median(group, 'words_per_second') / _median(base, 'words_per_second'):.1f} ×"
            faster = f"{_median(base, 'wall_seconds') / _median(group, 'wall_seconds'):.1f} ×"
        rows.append(
            [
                trainer,
                _spread(group, "words_per_second", lambda v: f"{v / 1e6:.2f} M"),
                ratio,
                _spread(group, "wall_seconds", lambda v: f"{v:.1f}"),
                faster,
                _spread(group, "cpu_seconds", lambda v: f"{v:.1f}"),
                f"{_median(group, 'peak_bytes') / 1e6:,.0f} MB",
            ]
        )
    runs, epochs = max(len(group) for group in by_trainer.values()), _one(records, "epochs")
    title = f"### dim {dim}, {_number(threads, 'thread')}, {_number(epochs, 'epoch')}"
    caption = f"Medians of {_number(runs, 'run')} each, taken in turn (lowest to highest)."
    header = [
        "trainer",
        "words/s in training",
        f"to {BASELINE}",
        "wall s, text to vectors",
        "faster",
        "CPU s",
        "peak",
    ]
    return f"{title}\n\n{caption}\n\n{_table(header, rows)}"


def _timing_notes(records: list[Record]) -> str:
    """Say what words per second rests on, for each tool."""
    notes = {name: group[0]["timing"] for name, group in _by_trainer(records).items()}
    listed = "\n".join(f"- {name}: {timing}" for name, timing in notes.items())
    return f"""Words per second are tokens of the corpus, rare ones too, times epochs, by time in training:

{listed}

Wall time, CPU time and peak memory are those of the whole process, measured from outside."""


def _quality_table(records: list[Record]) -> str:
    """Lay out the mean and its standard error over the seeds."""
    rows = []
    for trainer, group in _by_trainer(records).items():
        scores = [[record["quality"][score] for record in group] for score in SCORES]
        rows.append(
            [
                trainer,
                str(len(group)),
                *(_mean(values, name) for name, values in zip(SCORES, scores, strict=True)),
            ]
        )
    first = records[0]
    asked, epochs, threads = first["quality"], _one(records, "epochs"), _one(records, "threads")
    title = (
        f"## Quality: dim {_one(records, 'dim')}, {_number(epochs, 'epoch')}, {_number(threads, 'thread')}"
    )
    reused = sum(bool(record.get("reused")) for record in records)
    caption = (
        f"Mean ± standard error over the runs, each with another seed ({reused} of {len(records)} taken from "
        "an earlier run of the same settings on the same corpus). word2vec.c takes no seed: its runs differ "
        f"by the races of its threads. Analogies: {asked['analogies_asked']:,} questions within the 30,000 "
        f"most frequent words; Spearman's correlation over {asked['ws353_pairs']:,}, {asked['men_pairs']:,} "
        f"and {asked['simlex_pairs']:,} pairs."
    )
    return f"{title}\n\n{caption}\n\n{_table(['trainer', 'runs', *SCORES.values()], rows)}"


def _mean(values: list[float], score: str) -> str:
    scale, digits, unit = (100, 1, " %") if score == "analogies" else (1, 3, "")
    mean = f"{scale * statistics.fmean(values):.{digits}f}"
    if len(values) < 2:
        return mean + unit
    error = scale * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean} ± {error:.{digits}f}{unit}"


def _plot(records: list[Record], path: Path) -> None:
    """Draw medians as bars, lowest to highest as whiskers; a row of panels for each dim."""
    panels = {
        "million words/s in training": ("words_per_second", 1e-6),
        "wall time, text to saved vectors, s": ("wall_seconds", 1.0),
        "peak memory, MB": ("peak_bytes", 1e-6),
    }
    dims = sorted({r["dim"] for r in records})
    threads = sorted({r["threads"] for r in records})
    trainers = list(_by_trainer(records))[::-1]
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
                    label = f" {middle:.3g}, {_number(count, 'thread')}"
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
            for trainer, group in _by_trainer(r for r in records if r["axis"] == changed).items():
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


def _by_trainer(records: Iterable[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["trainer"], []).append(record)
    return groups


def _median(records: list[Record], key: str) -> float:
    return float(statistics.median(r[key] for r in records))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _spread(records: list[Record], key: str, text: Callable[[float], str]) -> str:
    values = [r[key] for r in records]
    return f"{text(statistics.median(values))} ({text(min(values))} to {text(max(values))})"


def _one(records: list[Record], key: str) -> Any:
    """Return the value that all records share."""
    values = {r[key] for r in records}
    if len(values) > 1:
        raise SystemExit(
            f"results with {key} {sorted(values)} cannot share a table: write them to different files"
        )
    return values.pop()


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
