"""Readers of what lies outside `firth.formats`: classifiers, tables of text, and what gensim's face saves."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np

from firth.classifier import Classifier
from firth.compat.gensim.models import FastText, Phrases, Word2Vec
from firth.compat.gensim.models.phrases import FrozenPhrases
from firth.corpus import encode
from firth.errors import FirthError
from fuzz.reader import Reader
from fuzz.vector_files import golden

_SENTENCES = [["the", "new", "york", "of", "old"], ["new", "york", "is", "new"]]


def _use_classifier(path: Path) -> None:
    classifier = Classifier.load(path)
    assert len(classifier.labels) >= 1
    classifier.predict("to be or not to be", k=2)
    classifier.predict("")


def _use_columns(path: Path) -> None:
    with encode(path, column="text", cache=False, threads=1) as corpus:
        assert corpus.n_tokens + corpus.n_documents == len(corpus.ids)
        list(corpus.types)


@functools.cache
def _phrase_files() -> list[bytes]:
    """Return phrases as gensim's face saves them, with counts and without."""
    found = []
    for scoring, threshold in (("default", 0.1), ("npmi", -1)):
        phrases = Phrases(
            _SENTENCES, min_count=1, threshold=threshold, scoring=scoring, connector_words={"of"}
        )
        for kind in (phrases, phrases.freeze()):
            with tempfile.TemporaryDirectory() as folder:
                kind.save(Path(folder) / "phrases")
                found.append((Path(folder) / "phrases").read_bytes())
    return found


def _use_phrases(path: Path) -> None:
    refused = 0
    for kind in (Phrases, FrozenPhrases):
        try:
            phrases = kind.load(path)
        except FirthError:
            refused += 1
            if refused == 2:
                raise
        else:
            repr(phrases)
            list(phrases[_SENTENCES])
            phrases.export_phrases()


@functools.cache
def _model_files(kind: type[Word2Vec]) -> dict[str, bytes]:
    """Return what of a model of gensim's face is read again."""
    model = kind(vector_size=3, min_count=1, seed=1, **({"bucket": 5} if kind is FastText else {}))
    model.build_vocab(_SENTENCES)
    model.wv.set_vecattr("new", "weight", 2.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "model"
        model.save(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        read = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {name: content for name, content in read.items() if not name.startswith(("tokenizer", "modules"))}


def _use_model(path: Path) -> None:
    model = Word2Vec.load(path)
    repr(model)
    first = model.wv.index_to_key[0]
    with np.errstate(all="ignore"):  # vectors may be no numbers
        model.wv.most_similar(first, topn=1)
    for name in model.wv.expandos:
        model.wv.get_vecattr(first, name)
    model._config()
    model._table()


def _seeds(kind: type[Word2Vec]) -> list[bytes]:
    return [bytes([i]) + content for i, content in enumerate(_model_files(kind).values())]


FACE_READERS = (
    Reader("classifier", lambda: golden("fasttext_supervised.bin"), _use_classifier),
    Reader(
        "tables of text",
        lambda: [
            b'id,text\n1,to be\n2,"or ""not"", to\nbe"\n',
            b"text\r\nto be\r\n\r\nna\xc3\xafve\r\n",
            b'{"id": 1, "text": "to be"}\n{"text": "\\u00e9 \\ud83d\\ude00", "id": null}\n\n',
            b'{"text": ["or", "not"]}\n{"text": []}\n{"text": ["to", "be"]}\n',
        ],
        _use_columns,
    ),
    Reader("compat phrases", _phrase_files, _use_phrases),
    Reader("compat word2vec", lambda: _seeds(Word2Vec), _use_model, lambda: _model_files(Word2Vec)),
    Reader("compat fasttext", lambda: _seeds(FastText), _use_model, lambda: _model_files(FastText)),
)
