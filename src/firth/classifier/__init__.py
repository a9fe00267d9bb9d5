"""Text classification by words, their n-grams and n-grams of words, as fastText's users know it.

::

    from firth.classifier import Classifier, ClassifierSettings, train_classifier

    classifier = train_classifier("labelled.txt", ClassifierSettings(word_ngrams=2))
    classifier.predict("which baking dish is best for a banana bread ?")

Names are loaded on first use: to ask a classifier needs no compiler.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firth.classifier.model import Classifier as Classifier
    from firth.classifier.prediction import Prediction as Prediction
    from firth.classifier.quantizing import quantize as quantize
    from firth.classifier.scores import Evaluation as Evaluation, LabelScore as LabelScore
    from firth.classifier.training import train_classifier as train_classifier
    from firth.classifier.tuning import Trial as Trial, Tuned as Tuned, tune_classifier as tune_classifier
    from firth.config import ClassifierSettings as ClassifierSettings

_HOMES = {
    "Classifier": "firth.classifier.model",
    "ClassifierSettings": "firth.config",
    "Evaluation": "firth.classifier.scores",
    "LabelScore": "firth.classifier.scores",
    "Prediction": "firth.classifier.prediction",
    "Trial": "firth.classifier.tuning",
    "Tuned": "firth.classifier.tuning",
    "quantize": "firth.classifier.quantizing",
    "train_classifier": "firth.classifier.training",
    "tune_classifier": "firth.classifier.tuning",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 (all of them are strings)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'firth.classifier' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
