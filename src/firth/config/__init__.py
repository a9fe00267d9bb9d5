"""What a user can choose: frozen dataclasses, the only home of defaults, each value checked as it is made."""

from firth.config.classifier import ClassifierSettings as ClassifierSettings
from firth.config.models import (
    CBOW as CBOW,
    MODELS as MODELS,
    FastText as FastText,
    GloVe as GloVe,
    SkipGram as SkipGram,
    WindowSettings as WindowSettings,
    settings_from_dict as settings_from_dict,
)
from firth.config.settings import Settings as Settings
from firth.config.text import TextOptions as TextOptions, Tokenizer as Tokenizer
