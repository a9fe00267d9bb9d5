"""What the reports share: records grouped, summed up and laid out as Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from typing import Any

Record = dict[str, Any]
SCORES = {"analogies": "analogies", "ws353": "WordSim-353", "men": "MEN", "simlex": "SimLex-999"}


def conditions(runs: list[Record]) -> str:
    """Say on what, with what and by which commands the figures came about."""
    run = runs[-1]
    machine, corpus = run["machine"], run["corpus"]
    memory = f"{machine['memory_bytes'] / 2**30:.0f} GiB"
    peers = ", ".join(f"{name} {version}" for name, version in run["versions"].items() if name != "firth")
    commands = "\n".join(f"# {r['date']}, firth {r['versions'].get('firth')}\n{r['command']}" for r in runs)
    return f"""| | |
|---|---|
| machine | {machine["processor"]}, {machine["cores"]} cores, {memory}, {machine["system"]} |
| versions | Python {machine["python"]}, {peers} |
| corpus | {corpus["name"]}: {corpus["tokens"]:,} tokens, {corpus["vocabulary"]:,} words kept |

```
{commands}
```"""


def speed_table(records: list[Record], baseline: str) -> str:
    """Lay out medians, with the lowest and highest value, and ratios to the medians of `baseline`."""
    groups = by_trainer(records)
    base = groups.get(baseline)
    rows = []
    for trainer, group in groups.items():
        ratio, faster = "", ""
        if base:
            ratio = f"{median(group, 'words_per_second') / median(base, 'words_per_second'):.1f} ×"
            faster = f"{median(base, 'wall_seconds') / median(group, 'wall_seconds'):.1f} ×"
        rows.append(
            [
                trainer,
                spread(group, "words_per_second", lambda v: f"{v / 1e6:.2f} M"),
                ratio,
                spread(group, "wall_seconds", lambda v: f"{v:.1f}"),
                faster,
                spread(group, "cpu_seconds", lambda v: f"{v:.1f}"),
                f"{median(group, 'peak_bytes') / 1e6:,.0f} MB",
            ]
        )
    header = [
        "trainer",
        "words/s in training",
        f"to {baseline}",
        "wall s, text to vectors",
        "faster",
        "CPU s",
        "peak",
    ]
    return table(header, rows)


def quality_table(records: list[Record]) -> str:
    """Lay out the mean and its standard error over the seeds."""
    rows = []
    for trainer, group in by_trainer(records).items():
        scores = [[record["quality"][score] for record in group] for score in SCORES]
        means = (mean(values, name) for name, values in zip(SCORES, scores, strict=True))
        rows.append([trainer, str(len(group)), *means])
    return table(["trainer", "runs", *SCORES.values()], rows)


def judged_on(records: list[Record]) -> str:
    """Say how many items the quality rests on."""
    asked = records[0]["quality"]
    return (
        f"Analogies: {asked['analogies_asked']:,} questions within the 30,000 most frequent words; Spearman's "
        f"correlation over {asked['ws353_pairs']:,}, {asked['men_pairs']:,} and {asked['simlex_pairs']:,} pairs."
    )


def timing_notes(records: list[Record]) -> str:
    """Say what words per second rests on, for each tool."""
    notes = {name: group[0]["timing"] for name, group in by_trainer(records).items()}
    listed = "\n".join(f"- {name}: {timing}" for name, timing in notes.items())
    return f"""Words per second are tokens of the corpus, rare ones too, times epochs, by time in training:

{listed}

Wall time, CPU time and peak memory are those of the whole process, measured from outside."""


def by_trainer(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Group records by what trained them, in the order in which they first come."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["trainer"], []).append(record)
    return groups


def median(records: list[Record], key: str) -> float:
    """Return the median of one figure."""
    return float(statistics.median(r[key] for r in records))


def mean(values: list[float], score: str) -> str:
    """Write a mean, with its standard error where there are several values."""
    scale, digits, unit = (100, 1, " %") if score == "analogies" else (1, 3, "")
    middle = f"{scale * statistics.fmean(values):.{digits}f}"
    if len(values) < 2:
        return middle + unit
    error = scale * statistics.stdev(values) / math.sqrt(len(values))
    return f"{middle} ± {error:.{digits}f}{unit}"


def spread(records: list[Record], key: str, text: Callable[[float], str]) -> str:
    """Write a median with the lowest and the highest value."""
    values = [r[key] for r in records]
    return f"{text(statistics.median(values))} ({text(min(values))} to {text(max(values))})"


def three_figures(value: float) -> str:
    """Write a value to three significant figures, never with an exponent."""
    return f"{float(f'{value:.3g}'):,.10g}"


def number(count: int, noun: str) -> str:
    """Write a number of things."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def one(records: list[Record], key: str) -> Any:
    """Return the value that all records share."""
    values = {r[key] for r in records}
    if len(values) > 1:
        raise SystemExit(
            f"results with {key} {sorted(values)} cannot share a table: write them to different files"
        )
    return values.pop()


def table(header: list[str], rows: list[list[str]]) -> str:
    """Lay out a table whose first column is text and whose others are figures."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
