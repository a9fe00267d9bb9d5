"""Files of vectors: reading goes by content, writing by extension.

====================  =====================  ==========================================================
name                  written for            what it is
====================  =====================  ==========================================================
``native``            a folder               firth's own, which model2vec and sentence-transformers load
====================  =====================  ==========================================================
"""

from firth.formats.registry import NAMES, detect, read, write
from firth.formats.table import VectorTable

__all__ = ["NAMES", "VectorTable", "detect", "read", "write"]
