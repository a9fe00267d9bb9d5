"""Corpora: whatever text the user has, as ids on disk."""

from firth.corpus.encode import encode
from firth.corpus.standard_library import standard_library_documents
from firth.corpus.token_corpus import TokenCorpus

__all__ = ["TokenCorpus", "encode", "standard_library_documents"]
