"""``firth evaluate``: judge vectors by files of analogies and of similarities."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json, table

if TYPE_CHECKING:
    from firth.evaluation import AnalogyResult, AnalogySection, SimilarityResult


@app.command()
def evaluate(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="A saved model, or a file of vectors.")],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Files of analogies or of similarities.")
    ],
    *,
    restrict: Annotated[
        int,
        typer.Option(
            help="For analogies, know only so many words, the most frequent ones; 0 for all of them. "
            "Papers and word2vec.c use 30,000."
        ),
    ] = 30_000,
    case_sensitive: Annotated[
        bool, typer.Option("--case-sensitive", help="Tell King from king, which is not done without this.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list instead of tables.")] = False,
) -> None:
    """Judge vectors by analogies and by similarities that people see.

    The content of each FILE tells its kind. Analogies: lines of four words
    under ": section" lines, as in questions-words.txt; the share of right
    answers among the questions whose words are all known, counted as
    word2vec's compute-accuracy and gensim count. Similarities: lines of two
    words and a score; Spearman's rank correlation with the cosines, over
    the pairs whose words are known.

    --json prints a list with an object for each FILE: "file", "kind", and
    for "analogies": "restrict", "sections" (a list), "semantic",
    "syntactic" and "total", each with "name", "correct", "answered",
    "asked", "accuracy"; for "similarity": "spearman", "pairs_used",
    "pairs", "coverage". An accuracy or a correlation of nothing is null.

    [bold]Examples[/bold]

    firth evaluate vectors/ questions-words.txt ws353.txt

    firth evaluate vectors.bin questions-words.txt --restrict 0 --json
    """
    from firth.evaluation import evaluate_analogies, evaluate_similarity, kind_of
    from firth.vectors import load

    model = load(vectors)
    kinds = [kind_of(file) for file in files]
    results: list[AnalogyResult | SimilarityResult] = [
        evaluate_analogies(model, file, restrict=restrict or None, ignore_case=not case_sensitive)
        if kind == "analogies"
        else evaluate_similarity(model, file, ignore_case=not case_sensitive)
        for file, kind in zip(files, kinds, strict=True)
    ]
    if as_json:
        print_json([_as_dict(file, result) for file, result in zip(files, results, strict=True)])
    else:
        _show(files, results)


def _as_dict(file: Path, result: AnalogyResult | SimilarityResult) -> dict[str, Any]:
    from firth.evaluation import SimilarityResult

    if isinstance(result, SimilarityResult):
        return {
            "file": str(file),
            "kind": "similarity",
            "spearman": result.spearman,
            "pairs_used": result.pairs_used,
            "pairs": result.pairs,
            "coverage": result.coverage,
        }
    return {
        "file": str(file),
        "kind": "analogies",
        "restrict": result.restrict,
        "sections": [_section(section) for section in result.sections],
        "semantic": _section(result.semantic),
        "syntactic": _section(result.syntactic),
        "total": _section(result.total),
    }


def _section(section: AnalogySection) -> dict[str, Any]:
    return {
        "name": section.name,
        "correct": section.correct,
        "answered": section.answered,
        "asked": section.asked,
        "accuracy": section.accuracy,
    }


def _show(files: list[Path], results: list[AnalogyResult | SimilarityResult]) -> None:
    from firth.evaluation import SimilarityResult

    out = console()
    pairs = []
    for file, result in zip(files, results, strict=True):
        if isinstance(result, SimilarityResult):
            pairs.append((file.name, result.spearman, result.pairs_used, result.pairs))
            continue
        totals = [result.total]
        if result.syntactic.asked and result.semantic.asked:
            totals = [result.semantic, result.syntactic, result.total]
        shown = table(
            "section",
            "accuracy",
            "correct",
            "answered",
            "asked",
            title=f"{file.name}, among {result.restrict:,} words",
            rows=[
                (section.name, _percent(section.accuracy), section.correct, section.answered, section.asked)
                for section in [*result.sections, *totals]
            ],
        )
        shown.columns[1].justify = "right"
        out.print(shown)
        out.print()
    if pairs:
        out.print(table("similarities", "spearman", "pairs used", "pairs", rows=pairs))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if math.isfinite(share) else "–"
