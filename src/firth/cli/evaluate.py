"""``firth evaluate``: judge vectors by files of analogies, similarities, categories and sessions."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from firth.cli.app import app
from firth.cli.output import console, print_json, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firth.evaluation import (
        AnalogyResult,
        AnalogySection,
        CategoriesResult,
        RetrievalResult,
        SimilarityResult,
    )

    Result = AnalogyResult | SimilarityResult | CategoriesResult | RetrievalResult

_RETRIEVAL = "Only with --kind retrieval"


@app.command()
def evaluate(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="A saved model, or a file of vectors.")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Files of analogies, similarities, categories or sessions."),
    ],
    *,
    kind: Annotated[
        Literal["analogies", "similarity", "categories", "retrieval"] | None,
        typer.Option(help="What the files hold; told by their content, but for retrieval."),
    ] = None,
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
    k: Annotated[
        int, typer.Option("-k", help="How many items are recommended.", rich_help_panel=_RETRIEVAL)
    ] = 10,
    context: Annotated[
        int,
        typer.Option(
            help="How many items before the last are asked with; 0 for all of them.",
            rich_help_panel=_RETRIEVAL,
        ),
    ] = 0,
    outputs: Annotated[
        bool,
        typer.Option(
            "--outputs",
            help="Seek among the output vectors: what is likely around the items.",
            rich_help_panel=_RETRIEVAL,
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list instead of tables.")] = False,
) -> None:
    """Judge vectors by analogies, similarities, categories or sessions.

    The content of each FILE tells its kind. Analogies: lines of four words
    under ": section" lines, as in questions-words.txt; the share of right
    answers among the questions whose words are all known, counted as
    word2vec's compute-accuracy and gensim count. Similarities: lines of two
    words and a score; Spearman's rank correlation with the cosines, over
    the pairs whose words are known. Categories: lines of a word and its
    category; the purity of as many clusters of the words.

    Sessions or baskets of items, a line each, need --kind retrieval: how
    often the last item is among the k nearest to those before it (hit rate),
    and how near to the first place (NDCG).

    --json prints a list with an object for each FILE: "file", "kind", and
    for "analogies": "restrict", "sections" (a list), "semantic",
    "syntactic" and "total", each with "name", "correct", "answered",
    "asked", "accuracy"; for "similarity": "spearman", "pairs_used",
    "pairs", "coverage"; for "categories": "purity", "clusters" (a list,
    each with "category", "correct", "words"), "words_used", "words",
    "coverage"; for "retrieval": "k", "hit_rate", "ndcg", "answered",
    "asked", "coverage". A figure of nothing is null.

    [bold]Examples[/bold]

    firth evaluate vectors/ questions-words.txt ws353.txt

    firth evaluate vectors.bin questions-words.txt --restrict 0 --json

    firth evaluate items/ sessions.txt --kind retrieval -k 20 --context 1
    """
    from firth import evaluation
    from firth.vectors import load

    model = load(vectors)
    ignore_case = not case_sensitive
    judges: dict[str, Callable[[Path], Result]] = {
        "analogies": lambda file: evaluation.evaluate_analogies(
            model, file, restrict=restrict or None, ignore_case=ignore_case
        ),
        "similarity": lambda file: evaluation.evaluate_similarity(model, file, ignore_case=ignore_case),
        "categories": lambda file: evaluation.evaluate_categories(model, file, ignore_case=ignore_case),
        "retrieval": lambda file: evaluation.evaluate_retrieval(
            model, file, k=k, context=context or None, outputs=outputs
        ),
    }
    kinds = [kind or evaluation.kind_of(file) for file in files]
    judged = [(file, each, judges[each](file)) for file, each in zip(files, kinds, strict=True)]
    if as_json:
        print_json([{"file": str(file), "kind": each, **_as_dict(result)} for file, each, result in judged])
    else:
        _show(judged)


def _as_dict(result: Result) -> dict[str, Any]:
    from firth.evaluation import AnalogyResult, CategoriesResult

    if isinstance(result, AnalogyResult):
        return {
            "restrict": result.restrict,
            "sections": [_section(section) for section in result.sections],
            "semantic": _section(result.semantic),
            "syntactic": _section(result.syntactic),
            "total": _section(result.total),
        }
    purity = {"purity": result.purity} if isinstance(result, CategoriesResult) else {}
    return {**purity, **dataclasses.asdict(result), "coverage": result.coverage}


def _section(section: AnalogySection) -> dict[str, Any]:
    return {
        "name": section.name,
        "correct": section.correct,
        "answered": section.answered,
        "asked": section.asked,
        "accuracy": section.accuracy,
    }


def _show(judged: Sequence[tuple[Path, str, Result]]) -> None:
    """Print a table for each file of analogies, and one for each other kind."""
    from firth.evaluation import AnalogyResult, CategoriesResult, RetrievalResult

    out = console()
    pairs, categories, sessions = list[Any](), list[Any](), list[Any]()
    for file, _, result in judged:
        if isinstance(result, AnalogyResult):
            _show_analogies(file, result)
        elif isinstance(result, CategoriesResult):
            categories.append(
                (file.name, result.purity, len(result.clusters), result.words_used, result.words)
            )
        elif isinstance(result, RetrievalResult):
            sessions.append((file.name, result.hit_rate, result.ndcg, result.answered, result.asked))
        else:
            pairs.append((file.name, result.spearman, result.pairs_used, result.pairs))
    tables: list[tuple[tuple[str, ...], list[Any]]] = [
        (("similarities", "spearman", "pairs used", "pairs"), pairs),
        (("categories", "purity", "clusters", "words used", "words"), categories),
        (("sessions", "hit rate", "NDCG", "answered", "asked"), sessions),
    ]
    shown = [table(*columns, rows=rows) for columns, rows in tables if rows]
    for place, each in enumerate(shown):
        if place:
            out.print()
        out.print(each)


def _show_analogies(file: Path, result: AnalogyResult) -> None:
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
    out = console()
    out.print(shown)
    out.print()


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if math.isfinite(share) else "–"
