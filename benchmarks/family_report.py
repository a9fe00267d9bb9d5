"""Tables of the whole family of models from the raw results.

``python -m benchmarks.family_report RESULTS.jsonl`` writes the .md beside the file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import contest, measure, tables
from benchmarks.matches import MATCHES, OURS, Match
from benchmarks.tables import Record, by_trainer, median, number, one, spread, table

_KINDS = ("speed", "quality")


def main(results: Path) -> None:
    """Write the Markdown."""
    runs, records = latest(contest.read_records(results))
    parts = [
        f"""# The family of models and its peers

Each contest in turn on one machine, with the same corpus in lines of at most 1,000 words and the same settings
on both sides. "firth" is the deterministic default, "firth-hogwild" has `deterministic=False`. Raw figures:
[{results.name}]({results.name}).

{tables.conditions(runs)}"""
    ]
    for name, match in MATCHES.items():
        chosen = [record for record in records if record["contest"] == name]
        if chosen:
            parts.append(_section(match, chosen))
    speed = [record for record in records if record["kind"] == "speed"]
    if speed:
        parts.append(f"## How it was measured\n\n{tables.timing_notes(speed)}")
    quality = [record for record in records if record["kind"] == "quality"]
    if quality:
        reused = sum(bool(record.get("reused")) for record in quality)
        parts.append(
            f"Quality is the mean ± standard error over the runs, each with another seed; {reused} of "
            f"{len(quality)} were taken from an earlier run of the same version, settings and corpus. "
            + tables.judged_on(quality)
        )
    results.with_suffix(".md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    measure.say(f"{len(records)} records")
    print(json.dumps({"records": len(records)}))


def latest(lines: list[Record]) -> tuple[list[Record], list[Record]]:
    """Return the runs that have something to tell, and what they tell: the latest of each contest and entry.

    Of speed that is what the contest's last run measured, so that all was measured in turn. Of quality it is one
    record a seed, from however many runs of one version, settings and corpus, those of the entry's last record.
    """
    runs: list[Record] = []
    told: list[tuple[int, Record]] = []
    for line in lines:
        if line["kind"] == "run":
            runs.append(line)
        else:
            told.append((len(runs) - 1, line))
    last_speed = {r["contest"]: number for number, r in told if r["kind"] == "speed"}
    kept = [(n, r) for n, r in told if r["kind"] == "speed" and n == last_speed[r["contest"]]]
    kept += _latest_quality([(n, r) for n, r in told if r["kind"] == "quality"])
    used = {n for n, _ in kept}
    failed = [(n, r) for n, r in told if r["kind"] == "failed" and n in used]
    kept += failed
    return [run for n, run in enumerate(runs) if n in used], [record for _, record in kept]


def _latest_quality(told: list[tuple[int, Record]]) -> list[tuple[int, Record]]:
    """Return one record a seed of each entry, all of the settings of the entry's last one."""
    last = {(r["contest"], r["trainer"]): r for _, r in told}
    by_seed = {
        (r["contest"], r["trainer"], r["seed"]): (n, r)
        for n, r in told
        if _same_but_seed(r, last[r["contest"], r["trainer"]])
    }
    return list(by_seed.values())


def _same_but_seed(one: Record, other: Record) -> bool:
    keys = ("version", "threads", "epochs", "dim", "sha256", "learning_rate", "subsample", "window")
    return all(one[key] == other[key] for key in keys)


def _section(match: Match, records: list[Record]) -> str:
    """Lay out one contest: what was asked, speed, quality, what to know."""
    speed, quality = ([r for r in records if r["kind"] == kind] for kind in _KINDS)
    parts = [f"## {match.title}"]
    if speed:
        parts += [_conditions(speed), _speed(match, speed)]
        if match.peer and match.least:
            parts += [_verdict(match, speed)]
    if quality:
        parts += [_conditions(quality), tables.quality_table(quality)]
    failures = [f"{r['trainer']}, seed {r['seed']}: {r['reason']}" for r in records if r["kind"] == "failed"]
    if failures:
        parts.append("Failed: " + "; ".join(failures) + ".")
    if match.note:
        parts.append(match.note)
    return "\n\n".join(parts)


def _conditions(records: list[Record]) -> str:
    first = records[0]
    runs = max(len(group) for group in by_trainer(records).values())
    kind = "Speed, medians of" if first["kind"] == "speed" else "Quality, up to"
    rates = sorted({record["learning_rate"] for record in records})
    return (
        f"{kind} {number(runs, 'run')} each: {first['tokens']:,} tokens, {first['vocabulary']:,} words, dim "
        f"{first['dim']}, window {first['window']}, subsample {first['subsample']:g}, learning rate "
        f"{' or '.join(f'{rate:g}' for rate in rates)}, {number(one(records, 'epochs'), 'epoch')}, "
        f"{number(one(records, 'threads'), 'thread')}."
    )


def _speed(match: Match, records: list[Record]) -> str:
    if match.settings.loss != "softmax":
        return tables.speed_table(records, match.peer or "")
    groups = by_trainer(records)
    for record in records:
        pairs = record["pairs_per_epoch"] * record["epochs"]
        record["microseconds_a_pair"] = 1e6 * record["training_seconds"] / pairs
    base = groups.get(match.peer or "")
    rows = []
    for trainer, group in groups.items():
        ratio = ""
        if base:
            ratio = f"{median(base, 'microseconds_a_pair') / median(group, 'microseconds_a_pair'):.1f} ×"
        rows.append(
            [
                trainer,
                spread(group, "microseconds_a_pair", tables.three_figures),
                ratio,
                f"{group[0]['pairs_per_epoch'] * group[0]['epochs']:,.0f}",
                spread(group, "softmax_loss", lambda v: f"{v:.3f}"),
                f"{median(group, 'peak_bytes') / 1e6:,.0f} MB",
            ]
        )
    return table(["trainer", "µs a pair", "faster", "pairs", "loss reached", "peak"], rows)


def _verdict(match: Match, records: list[Record]) -> str:
    """Say what was asked and what was reached."""
    groups = by_trainer(records)
    if match.peer not in groups:
        return f"{match.peer} did not run, so nothing can be said on the ratio."
    base = median(groups[match.peer], "words_per_second")
    reached = ", ".join(
        f"{name} {median(groups[name], 'words_per_second') / base:.1f} ×" for name in OURS if name in groups
    )
    wish = f", better {match.stretch:g} ×" if match.stretch else ""
    return f"Asked for: at least {match.least:g} × the speed of {match.peer}{wish}. Reached: {reached}."


if __name__ == "__main__":
    main(Path(sys.argv[1]))
