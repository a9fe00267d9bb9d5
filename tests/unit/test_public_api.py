import importlib
import inspect
import subprocess
import sys

import pytest

import firth

PUBLIC = [
    "CBOW",
    "FastText",
    "FirthError",
    "GloVe",
    "SkipGram",
    "TextOptions",
    "TokenCorpus",
    "TrainedModel",
    "Vocabulary",
    "WordVectors",
    "__version__",
    "load",
    "train",
]
SLOW = {"numba", "llvmlite", "numpy", "scipy", "typer", "rich", "safetensors", "platformdirs"}


def modules_after(code):
    """Run `code` in a process of its own and return the top-level packages that it has imported."""
    code += "\nimport sys\nprint(*{name.partition('.')[0] for name in sys.modules})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split("\n")[-2].split())


def test_the_public_names_are_these():
    assert sorted(firth.__all__) == PUBLIC


def test_dir_shows_the_names_that_are_not_loaded_yet():
    assert set(PUBLIC) <= set(dir(firth))


@pytest.mark.parametrize("name", PUBLIC)
def test_each_name_leads_to_what_its_home_defines(name):
    value = getattr(firth, name)
    home = firth._HOMES.get(name)
    assert home is None or value is getattr(importlib.import_module(home), name)


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_each_public_object_describes_itself(name):
    value = getattr(firth, name)
    assert inspect.getdoc(value)
    for attribute, member in vars(value).items() if inspect.isclass(value) else ():
        if not attribute.startswith("_") and (callable(member) or isinstance(member, property)):
            assert inspect.getdoc(getattr(value, attribute)), f"{name}.{attribute}"


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'firth' has no attribute 'word2vec'"):
        firth.word2vec  # noqa: B018


def test_star_import_brings_exactly_the_public_names():
    namespace = {}
    exec("from firth import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(PUBLIC)


def test_importing_firth_loads_nothing_slow():
    assert not modules_after("import firth; dir(firth); firth.__version__") & SLOW


def test_loading_vectors_needs_no_compiler():
    assert not modules_after("import firth; firth.load; firth.WordVectors") & {
        "numba",
        "llvmlite",
        "typer",
        "rich",
    }


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["neighbors", "--help"], ["train", "--help"]]
)
def test_help_needs_no_compiler(arguments):
    code = (
        f"from firth.cli.app import main; import firth.cli; status = main({arguments!r}); assert status == 0"
    )
    assert not modules_after(code) & {"numba", "llvmlite", "scipy"}
