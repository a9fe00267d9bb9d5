"""firth's face for scikit-learn: documents in, a matrix of features out."""

from __future__ import annotations

from firth.errors import MissingExtraError

try:
    import sklearn as _sklearn  # noqa: F401 (only to see whether it is there)
except ImportError as error:
    raise MissingExtraError(
        "firth.sklearn needs scikit-learn, which is not installed: pip install 'firth[sklearn]'"
    ) from error

from firth.sklearn.vectorizer import DocumentVectorizer

__all__ = ["DocumentVectorizer"]
