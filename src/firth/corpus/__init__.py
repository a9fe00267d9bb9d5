"""Corpora: whatever text the user has, as ids on disk."""

from firth.corpus.encode import encode
from firth.corpus.phrase_search import find_phrases
from firth.corpus.phrases import Phrase, Phrases
from firth.corpus.standard_library import standard_library_documents
from firth.corpus.token_corpus import TokenCorpus

__all__ = ["Phrase", "Phrases", "TokenCorpus", "encode", "find_phrases", "standard_library_documents"]
