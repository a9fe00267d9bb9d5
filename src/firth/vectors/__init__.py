"""Trained vectors and what one asks of them."""

from firth.vectors.alignment import Alignment, align
from firth.vectors.index import NeighborIndex
from firth.vectors.loading import load
from firth.vectors.search import Neighbor
from firth.vectors.word_vectors import WordVectors

__all__ = ["Alignment", "Neighbor", "NeighborIndex", "WordVectors", "align", "load"]
