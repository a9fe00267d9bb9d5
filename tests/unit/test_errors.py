import inspect
import pickle

import pytest

from firth import errors

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == "firth.errors"]


@pytest.mark.parametrize("cls", CLASSES)
def test_one_except_clause_catches_every_error(cls):
    assert issubclass(cls, errors.FirthError)


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (errors.InputError, ValueError),
        (errors.ConfigError, ValueError),
        (errors.CorpusError, ValueError),
        (errors.FormatError, ValueError),
        (errors.MissingFileError, FileNotFoundError),
        (errors.UnknownWordError, KeyError),
        (errors.OutputError, OSError),
        (errors.TrainingError, RuntimeError),
        (errors.MissingExtraError, ImportError),
    ],
)
def test_errors_are_what_code_that_knows_no_firth_expects(cls, builtin):
    assert issubclass(cls, builtin)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_message_is_shown_as_it_was_written(cls):
    shown = str(cls("min_count is 0"))
    assert shown.startswith(("min_count is 0", "'min_count is 0' is not in the vocabulary"))


def test_unknown_word_names_the_nearest_spellings():
    error = errors.UnknownWordError("pyton", ["python", "proton"])
    assert str(error) == "'pyton' is not in the vocabulary; did you mean 'python', 'proton'?"
    assert (error.word, error.suggestions) == ("pyton", ("python", "proton"))


def test_unknown_word_without_a_near_spelling_suggests_nothing():
    assert str(errors.UnknownWordError("qqq")) == "'qqq' is not in the vocabulary"


@pytest.mark.parametrize("cls", CLASSES)
def test_an_error_survives_the_way_from_a_worker_process(cls):
    error = cls("dim")
    returned = pickle.loads(pickle.dumps(error))
    assert (type(returned), str(returned)) == (cls, str(error))
