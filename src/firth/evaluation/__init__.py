"""Judging vectors: by analogies, similarities, categories and sessions, and beside other vectors."""

from firth.evaluation.analogies import AnalogyResult, AnalogySection, evaluate_analogies
from firth.evaluation.categories import CategoriesResult, Cluster, evaluate_categories
from firth.evaluation.overlap import OverlapResult, neighbor_overlap
from firth.evaluation.questions import kind_of
from firth.evaluation.retrieval import RetrievalResult, evaluate_retrieval
from firth.evaluation.similarity import SimilarityResult, evaluate_similarity

__all__ = [
    "AnalogyResult",
    "AnalogySection",
    "CategoriesResult",
    "Cluster",
    "OverlapResult",
    "RetrievalResult",
    "SimilarityResult",
    "evaluate_analogies",
    "evaluate_categories",
    "evaluate_retrieval",
    "evaluate_similarity",
    "kind_of",
    "neighbor_overlap",
]
