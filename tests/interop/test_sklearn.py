"""The estimator in scikit-learn's own hands: its checks, a pipeline, a search over a grid.

Run by ``make test-interop`` in an environment of its own; without scikit-learn all is skipped.
"""

# ruff: noqa: E402 (without scikit-learn nothing below can be imported)

import doctest
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import firth
from firth.corpus.encode import encode
from firth.errors import CorpusError, InputError

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from firth.sklearn import DocumentVectorizer, vectorizer as home

pytestmark = pytest.mark.filterwarnings("ignore")

PETS, ROYALS = "the cat and the dog sleep", "the king and the queen rule"
DOCUMENTS = [PETS, ROYALS] * 40
SMALL = {"dim": 8, "epochs": 2, "min_count": 1, "subsample": 0.0}


@pytest.fixture(scope="module")
def vectors():
    return DocumentVectorizer(**SMALL).fit(DOCUMENTS).vectors_


def checks():
    """Return those of scikit-learn's checks that take what reads text, with an estimator for each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the others want matrices
        estimators = [DocumentVectorizer(weighting=weighting) for weighting in ("mean", "sif", "idf")]
        return [
            pair
            for estimator in estimators
            for pair in estimator_checks.estimator_checks_generator(estimator)
        ]


@pytest.mark.parametrize(("estimator", "check"), checks())
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


# scikit-learn leaves these out, too, where matrices are no input, though they give no data.
MORE_CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


@pytest.mark.parametrize("name", MORE_CHECKS)
def test_the_checks_that_need_no_data(name):
    getattr(estimator_checks, name)("DocumentVectorizer", DocumentVectorizer())


def tokens_of(documents):
    return [document.split() for document in documents]


@pytest.mark.parametrize("weighting", ["mean", "sif", "idf"])
@pytest.mark.parametrize("remove_component", [False, True])
def test_the_vectors_of_documents(vectors, weighting, remove_component):
    fitted = [*DOCUMENTS, "the dog", "unheard", ""]
    vectorizer = DocumentVectorizer(vectors=vectors, weighting=weighting, remove_component=remove_component)
    found = vectorizer.fit(fitted).transform(fitted)
    counts = {word: vectors.count(word) for word in vectors}
    total = sum(counts.values())
    holding = {word: sum(word in document.split() for document in fitted) for word in vectors}

    def mean(document):
        known = [word for word in document.split() if word in vectors]
        weight = {
            "mean": lambda word: 1.0,
            "sif": lambda word: 1e-3 / (1e-3 + counts[word] / total),
            "idf": lambda word: np.log((1 + len(fitted)) / (1 + holding[word])) + 1,
        }[weighting]
        if not known:
            return np.zeros(vectors.dim)
        weighted = sum(weight(word) * vectors[word].astype(float) for word in known)
        return weighted / (sum(map(weight, known)) if weighting == "idf" else len(known))

    expected = np.array([mean(document) for document in fitted])
    if weighting == "sif" and remove_component:
        axis = TruncatedSVD(1, algorithm="arpack", random_state=0).fit(expected).components_[0]
        expected = expected - np.outer(expected @ axis, axis)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    np.testing.assert_array_equal(found[-2:], 0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(vectorizer.fit_transform(fitted), found, atol=1e-6)
    np.testing.assert_allclose(vectorizer.transform(tokens_of(fitted)), found, atol=1e-7)


def test_idf_is_that_of_scikit_learn(vectors):
    vectorizer = DocumentVectorizer(vectors=vectors, weighting="idf").fit(DOCUMENTS)
    counts = [[document.split().count(word) for word in vectors] for document in DOCUMENTS]
    np.testing.assert_allclose(vectorizer.weights_, TfidfTransformer().fit(counts).idf_)


def test_fit_learns_what_train_learns():
    settings = firth.SkipGram(**SMALL, seed=5)
    trained = firth.train(DOCUMENTS, settings).vectors
    vectorizer = DocumentVectorizer(**SMALL, random_state=5, n_jobs=1).fit(DOCUMENTS)
    np.testing.assert_array_equal(vectorizer.vectors_.embeddings, trained.embeddings)
    again = DocumentVectorizer(**SMALL, random_state=np.random.RandomState(3)).fit(DOCUMENTS)
    assert not np.array_equal(again.vectors_.embeddings, trained.embeddings)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tokenize": "words", "lowercase": True},
        {"tokenize": "[a-z]+"},
        {"tokenize": str.split, "lowercase": True},
    ],
)
def test_documents_are_split_as_training_splits_them(vectors, options):
    documents = ["The king,\nthe Queen's \u0394\u039f\u03a3\u2028end", "don't\r\nx", "a\tb"]
    split = list(DocumentVectorizer(**options)._documents(documents))
    with encode(documents, firth.TextOptions(**options)) as one, encode(split) as other:
        assert list(one.types) == list(other.types)
        assert [i for i in one.ids.tolist() if i >= 0] == [i for i in other.ids.tolist() if i >= 0]


def test_words_with_ngrams_are_composed():
    vectorizer = DocumentVectorizer("fasttext", **SMALL, settings={"buckets": 1_000}).fit(DOCUMENTS)
    found = vectorizer.transform(["kings", "x"])
    np.testing.assert_allclose(found[0], vectorizer.vectors_["kings"], atol=1e-7)


def test_a_search_over_a_grid_of_a_pipeline(tmp_path, vectors):
    vectors.save(tmp_path / "vectors")
    kinds = [0, 1] * 40
    pipeline = make_pipeline(DocumentVectorizer(**SMALL), LogisticRegression())
    grid = [
        {"documentvectorizer__dim": [4, 6]},
        {
            "documentvectorizer__vectors": [tmp_path / "vectors"],
            "documentvectorizer__weighting": ["sif", "idf"],
        },
    ]
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(DOCUMENTS, kinds)
    assert search.best_score_ == 1
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict([PETS, ROYALS]), [0, 1])


def test_parameters_copies_and_names(vectors):
    vectorizer = DocumentVectorizer(dim=4, weighting="sif", settings={"noise_exponent": 0.5})
    copy = clone(vectorizer).set_params(weighting="idf")
    assert copy.get_params() == {**vectorizer.get_params(), "weighting": "idf"}
    with pytest.raises(NotFittedError):
        vectorizer.transform(DOCUMENTS)
    fitted = DocumentVectorizer(vectors=vectors).fit(DOCUMENTS)
    assert list(fitted.get_feature_names_out()) == [f"documentvectorizer{n}" for n in range(vectors.dim)]
    frame = pytest.importorskip("pandas") and fitted.set_output(transform="pandas").transform([PETS])
    assert frame.shape == (1, vectors.dim)


@pytest.mark.parametrize(
    ("options", "documents", "error", "message"),
    [
        (
            {"weighting": "max"},
            DOCUMENTS,
            InputError,
            "weighting is 'max', but must be one of mean, sif, idf",
        ),
        ({"model": "bert"}, DOCUMENTS, InputError, "model is 'bert', but must be one of skipgram"),
        ({"model": "glove", "negatives": 5}, DOCUMENTS, InputError, "glove has no such setting: .*negatives"),
        (
            {"weighting": "sif", "sif_smoothing": 0},
            DOCUMENTS,
            InputError,
            "sif_smoothing is 0, but must be above 0",
        ),
        ({}, "one string", CorpusError, "the documents are 'one string', a str, but must be an iterable"),
        ({}, [PETS, 3], CorpusError, "document 1 is 3, a int"),
        ({}, [], CorpusError, "holds no documents"),
    ],
)
def test_what_cannot_be_used(options, documents, error, message):
    with pytest.raises(error, match=message):
        DocumentVectorizer(**{**({} if "model" in options else SMALL), **options}).fit(documents)


def test_the_snippets_of_the_guide_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[2] / "docs" / "guides" / "scikit-learn.md"
    names = {}
    snippets = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, str(page), "exec"), names)


def test_the_examples_of_the_docstrings():
    result = doctest.testmod(home)
    assert result.attempted
    assert not result.failed
