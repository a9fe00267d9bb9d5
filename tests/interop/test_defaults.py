"""The page that says where defaults differ, held to the tools themselves."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import firth

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "defaults.md"


def rows(heading):
    """Return the rows of the table under a heading: what each tool says, by its name."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    head, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body[1:]}


WORDS, NGRAMS = rows("Words"), rows("Words and n-grams")


def given(table, tool):
    """Return the names and values that a column gives, with the title of their row: `name=value`."""
    found = []
    for title, cells in table.items():
        found += [(title, *pair) for pair in re.findall(r"`(\w+)=([^`]+)`", cells[tool])]
    return found


def value(text):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def defaults_of(function):
    return {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}


def kind(title):
    """Return the dataclass that a row of the first table is about."""
    return firth.CBOW if "CBOW" in title or title == "... where it ends" else firth.SkipGram


def test_the_tables_are_found():
    assert len(WORDS) == 20
    assert len(NGRAMS) == 5
    assert len(given(WORDS, "gensim")) == 18
    assert len(given(WORDS, "fastText")) == 11
    assert len(re.findall(r"`-[\w-]+ ", "".join(cells["word2vec.c"] for cells in WORDS.values()))) == 12


def test_firth():
    for title, name, text in given(WORDS, "firth"):
        settings = kind(title)()
        ours = getattr(settings, name) if hasattr(settings, name) else defaults_of(firth.train)[name]
        assert ours == value(text), (title, name)
    for _, name, text in given(NGRAMS, "firth"):
        assert getattr(firth.FastText(), name) == value(text), name


def test_gensim():
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    for table, model in ((WORDS, models.Word2Vec), (NGRAMS, models.FastText)):
        defaults = defaults_of(model.__init__)
        for _, name, text in given(table, "gensim"):
            assert defaults[name] == value(text), name


def test_fasttext():
    fasttext = pytest.importorskip("fasttext", reason="fastText is not installed")
    defaults = fasttext.FastText.unsupervised_default
    for table in (WORDS, NGRAMS):
        for _, name, text in given(table, "fastText"):
            assert defaults[name] == value(text), name


def test_word2vec_c():
    program = Path(sys.executable).parent / "word2vec"
    if not program.exists():
        pytest.skip("word2vec.c is not installed")
    text = subprocess.run([program], capture_output=True, text=True).stdout
    told = dict(re.findall(r"^\s+-([\w-]+) <\w+>\n((?:\t\t.*\n)+)", text, re.MULTILINE))
    for title, cells in WORDS.items():
        for name, number in re.findall(r"`-([\w-]+) ([^`]+)`", cells["word2vec.c"]):
            found = re.findall(
                r"default (?:is |= )?([\d.e-]*\d)(?: for skip-gram and ([\d.]+) for CBOW)?", told[name]
            )
            ((common, bag),) = found
            expected = bag if bag and "CBOW" in title else common
            assert float(expected) == float(number), name


def test_what_differs_is_bold():
    for table in (WORDS, NGRAMS):
        for title, cells in table.items():
            if not (ours := re.fullmatch(r"`\w+=([^`]+)`(?:: all)?", cells["firth"])):
                continue
            for tool in list(cells)[1:]:
                theirs = re.findall(r"`[-\w]+[= ]([^`]+)`", cells[tool])
                if len(theirs) != 1 or title in ("the model", "the loss", "seed"):
                    continue
                same = _same(value(ours[1]), value(theirs[0]))
                assert same != cells[tool].startswith("**"), (title, tool)


def _same(ours, theirs):
    named = {"skipgram": "skipgram", "mean": 1, True: True}
    return theirs in (ours, named.get(ours, ours)) if ours is not None else theirs is None
