"""What a positive pair costs as the vocabulary grows, by firth's three losses: O(V), O(log V), O(K + 1).

Each point is a process of its own (`benchmarks.cost_point`), and all points are passed through several times, so that
what disturbs the machine for a while disturbs all of them. Writes raw results, a table and a plot.

    python -m benchmarks.cost
"""

from __future__ import annotations

import argparse
import datetime
import math
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import contest, measure
from benchmarks.run import RESULTS
from benchmarks.tables import Record, table, three_figures

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
THEORY: dict[str, tuple[str, Callable[[float], float]]] = {
    "softmax": ("V", lambda v: v),
    "hierarchical-softmax": ("log V", math.log),
    "negative-sampling": ("K + 1", lambda _: 1.0),
}
"""Each loss with the growth of its cost in the size of the vocabulary."""
_COLOURS = {"softmax": "#b2452f", "hierarchical-softmax": "#6b8e23", "negative-sampling": "#1f6fb2"}


def main() -> None:
    """Measure, then write the raw results, the table and the plot."""
    options = _parse()
    results = options.output / f"{options.name}.jsonl"
    options.output.mkdir(parents=True, exist_ok=True)
    contest.write_records(_records(options), results)
    run, *measured = contest.read_records(results)
    points = merged(measured)
    # Imported after the last run, so that this process is small while others are measured.
    plot(points, results.with_suffix(".png"))
    results.with_suffix(".md").write_text(markdown(run, points), encoding="utf-8")
    measure.say(f"wrote {results}, the table and the plot beside it")


def _records(options: argparse.Namespace) -> Iterator[Record]:
    yield {
        "kind": "run",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": measure.command_line(["-m", "benchmarks.cost", *sys.argv[1:]]),
        "machine": measure.machine(),
        "versions": measure.versions(),
    }
    for number in range(options.passes):
        for words in options.sizes:
            for loss in options.losses:
                measured = measure.module("cost_point", loss, words, options.seconds, options.repeats)
                yield {
                    "kind": "cost",
                    "pass": number,
                    "loss": loss,
                    "words": words,
                    "peak_bytes": measured.peak_bytes,
                    **measured.report,
                }


def merged(measured: list[Record]) -> list[Record]:
    """Return one record a point, with the repeats of all passes."""
    points: dict[tuple[int, str], Record] = {}
    for record in measured:
        key = record["words"], record["loss"]
        earlier = points.get(key, {}).get("microseconds", [])
        points[key] = {**record, "microseconds": earlier + record["microseconds"]}
    return list(points.values())


def theory(points: list[Record], loss: str) -> Callable[[float], float]:
    """Return the line of a loss's growth that runs through its points in the geometric mean."""
    growth = THEORY[loss][1]
    logs = [math.log(_middle(point) / growth(point["words"])) for point in points if point["loss"] == loss]
    factor = math.exp(statistics.fmean(logs))
    return lambda words: factor * growth(words)


def _middle(point: Record) -> float:
    return float(statistics.median(point["microseconds"]))


def plot(points: list[Record], path: Path) -> None:
    """Draw microseconds a pair against words, both logarithmic, with the line of each theory thin beside them."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    for loss, (growth, _) in THEORY.items():
        own = [point for point in points if point["loss"] == loss]
        if not own:
            continue
        words, middles = [point["words"] for point in own], [_middle(point) for point in own]
        spread = [
            [middle - min(point["microseconds"]) for middle, point in zip(middles, own, strict=True)],
            [max(point["microseconds"]) - middle for middle, point in zip(middles, own, strict=True)],
        ]
        line = theory(points, loss)
        axes.errorbar(
            words,
            middles,
            spread,
            fmt="o",
            color=_COLOURS[loss],
            capsize=2,
            markersize=5,
            label=f"{loss}, O({growth})",
        )
        axes.plot(words, [line(v) for v in words], color=_COLOURS[loss], linewidth=0.7)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("words in the vocabulary")
    axes.set_ylabel("µs for each positive pair, one thread")
    axes.grid(which="major", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def markdown(run: Record, points: list[Record]) -> str:
    """Lay out the table, with how it was measured."""
    machine = run["machine"]
    losses = [loss for loss in THEORY if any(point["loss"] == loss for point in points)]
    found = {(point["words"], point["loss"]): point for point in points}
    sizes = sorted({point["words"] for point in points})
    rows = [
        [f"{words:,}", *(_cell(found[words, loss]) if (words, loss) in found else "" for loss in losses)]
        for words in sizes
    ]
    steps = [["exponent, first to last", *(_exponent(points, loss) for loss in losses)]]
    return f"""# What a pair costs as the vocabulary grows

{machine["processor"]}, one thread; firth {run["versions"].get("firth")}, {run["date"]}. `{run["command"]}`

![Microseconds for each positive pair against the words of the vocabulary](cost.png)

Microseconds for each positive pair, the median of {len(points[0]["microseconds"])} repeats (lowest to highest):

{table(["words", *(f"{loss}, O({THEORY[loss][0]})" for loss in losses)], rows + steps)}

Skip-gram with firth's defaults (window 5, K = 5 noise words of which a chunk shares 32, subsample 1e-4), dim 100. The
text is drawn word by word from Zipf's law, as ids. What is timed is the kernel, on one thread, after a call that warms
it up, over the positive pairs that it reports; it includes thinning out the text and drawing radius and noise, not
reading, counting or saving. The text of a repeat is doubled until it takes a given time: a repeat has
{_pairs(points)} pairs. The thin lines are the growth that theory expects, through the points' geometric
mean; an exponent of 1 is growth with V, and of 0 none.
"""


def _cell(point: Record) -> str:
    values = point["microseconds"]
    return f"{three_figures(_middle(point))} ({three_figures(min(values))} to {three_figures(max(values))})"


def _exponent(points: list[Record], loss: str) -> str:
    own = sorted((point["words"], _middle(point)) for point in points if point["loss"] == loss)
    (first, least), (last, most) = own[0], own[-1]
    return f"{math.log(most / least) / math.log(last / first):.2f}" if last > first else ""


def _pairs(points: list[Record]) -> str:
    pairs = [point["pairs"] for point in points]
    return f"{min(pairs):,.0f} to {max(pairs):,.0f}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--sizes", nargs="+", type=int, default=SIZES, help="words of the vocabulary")
    add("--losses", nargs="+", choices=THEORY, default=list(THEORY))
    add(
        "--seconds", type=float, default=1.0, help="how long a repeat takes at least, where the text suffices"
    )
    add("--repeats", type=int, default=3, help="repeats of a point in each pass")
    add("--passes", type=int, default=3, help="how often all points are passed through")
    add("--output", type=Path, default=RESULTS, help="folder of the results (default: docs/benchmarks)")
    add("--name", default="cost", help="stem of the files that are written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
