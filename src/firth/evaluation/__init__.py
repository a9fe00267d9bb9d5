"""Judging vectors: by the analogies they solve and by the similarities people see."""

from firth.evaluation.analogies import AnalogyResult, AnalogySection, evaluate_analogies
from firth.evaluation.questions import kind_of
from firth.evaluation.similarity import SimilarityResult, evaluate_similarity

__all__ = [
    "AnalogyResult",
    "AnalogySection",
    "SimilarityResult",
    "evaluate_analogies",
    "evaluate_similarity",
    "kind_of",
]
