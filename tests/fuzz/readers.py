"""Everything in firth that reads what somebody else may have written, each with small valid inputs to start from."""

from __future__ import annotations

import bz2
import dataclasses
import functools
import gzip
import importlib.util
import lzma
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from firth import formats
from firth.config import SkipGram
from firth.corpus import Phrases, TokenCorpus, encode
from firth.corpus.graph import Graph
from firth.evaluation import questions
from firth.formats import VectorTable
from firth.subwords import ngram_buckets
from firth.training.progress import Epoch
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary
from firth.words import Words
from fuzz.face_readers import FACE_READERS
from fuzz.reader import Reader
from fuzz.table_readers import TABLE_READERS
from fuzz.vector_files import (
    archives,
    golden,
    int8_files,
    matrix_files,
    projector_files,
    static_model_files,
    table,
    written,
    zipped,
)

_LINES = b"to be or not to be\nthat is the question\n\nna\xc3\xafve \xe3\x80\x80caf\xc3\xa9 \xf0\x9f\x98\x80\r\nto be\n"


def _use_table(format: str | None) -> Callable[[Path], None]:
    return lambda path: _exercise(formats.read(path, format=format))


def _exercise(table: VectorTable) -> None:
    """Ask a table what users ask, so that one that does not fit together is found out."""
    vectors = WordVectors(table)
    words = list(table.vocabulary)
    assert len(words) == len(table.embeddings) >= 1
    assert vectors.vocabulary.words.find(words[0]) >= 0
    with np.errstate(all="ignore"):
        for word in words[:2]:
            assert vectors[word].shape == (vectors.dim,)
        vectors.neighbors(words[-1], k=min(2, len(words)))
    if table.subwords is not None:
        bound = 3 * table.subwords.max_n
        ngram_buckets(Words.of(["where"]), table.subwords.min_n, table.subwords.max_n, table.subwords.buckets)
        table.subwords.unseen(["unseen"[:bound]])
    if table.output_embeddings is not None:
        assert table.output_embeddings.shape == table.embeddings.shape


@functools.cache
def _native_files() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "vectors"
        made = dataclasses.replace(table(subwords=True), state={"places": np.ones((2, 3), np.float32)})
        formats.write(made, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _use_corpus(path: Path) -> None:
    for text in (None, firth_text("words", lowercase=True)):
        with encode(path, text, cache=False, threads=1) as corpus:
            assert corpus.n_tokens + corpus.n_documents == len(corpus.ids)
            assert int(corpus.ids.max()) < len(corpus.types)
            list(corpus.types)


def firth_text(tokenize: str, **options: bool) -> object:
    """Return options for text."""
    from firth.config import TextOptions

    return TextOptions(tokenize=tokenize, **options)


def _use_compressed(path: Path) -> None:
    with encode(path, cache=False, threads=1) as corpus:
        list(corpus.types)


def _zstd(content: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.compress(content)  # type: ignore[no-any-return]


def _compressed_seeds() -> list[bytes]:
    packers = (lambda text: gzip.compress(text, mtime=0), bz2.compress, lzma.compress, _zstd)
    return [
        packed for pack in packers for packed in (pack(_LINES), pack(_LINES) + pack(b"more\n"), pack(b""))
    ]


def _use_graph(path: Path) -> None:
    graph = Graph.of(path)
    assert len(graph.offsets) == graph.n_nodes + 1
    assert graph.offsets[-1] == len(graph.neighbors)
    list(graph.nodes)


def _phrase_seeds() -> list[bytes]:
    head = (
        b'{"kind": "firth phrases", "version": 1, "score": "npmi", "passes": 2, "min_count": [5, 3], "threshold": '
        b'[0.5, 0.1], "connector_words": ["of"], "delimiter": "_"}\n'
    )
    rows = (
        b'{"phrase": "new_york", "parts": ["new", "york"], "count": 10, "score": 0.9, "pass": 1}\n'
        b'{"phrase": "state_of_play", "parts": ["state", "of", "play"], "count": 7, "score": 0.6, "pass": 2}\n'
    )
    return [head + rows, head]


def _use_phrases(path: Path) -> None:
    phrases = Phrases.load(path)
    phrases.apply(["state", "of", "play", "in", "new", "york"])
    assert phrases == phrases  # noqa: PLR0124
    list(phrases)


def _use_vocabulary(path: Path) -> None:
    vocabulary = Vocabulary.load(path)
    assert len(vocabulary) >= 2
    assert len(set(vocabulary)) == len(vocabulary)
    assert vocabulary.total is None or vocabulary.total >= 0


def _use_weights(path: Path) -> None:
    from firth.cli.input import read_numbers

    _four_tokens().weighted(read_numbers(path))


@functools.cache
def _four_tokens() -> TokenCorpus:
    return encode(["a b", "c d"], threads=1)


def _use_questions(path: Path) -> None:
    questions.read_sessions(path)
    kind = questions.kind_of(path)
    if kind == "analogies":
        questions.read_analogies(path)
    elif kind == "categories":
        questions.read_categories(path)
    else:
        questions.read_similarities(path)


@functools.cache
def _checkpoint_files() -> dict[str, bytes]:
    """The checkpoints of a run that was killed, by names that a reader's folder gives them."""
    from firth.training.checkpoints import Checkpoints, RunRecord
    from firth.training.standing import Standing

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run.checkpoints"
        record = RunRecord(id="1", settings=_settings().as_dict(), text={"tokenize": "words"}, corpus="0")
        made = Checkpoints.begin(folder, record, Vocabulary(["to", "be"], [2, 1]))
        epoch = Epoch(epoch=1, loss=2.5, pairs=7, seconds=0.5, words_per_second=9.0, learning_rate=0.02)
        made.write(_run_weights(), Standing(epoch=1, position=64, loss=1.5, pairs=3.0, history=(epoch,)))
        made.close()
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {f"run/{path.relative_to(folder)}": path.read_bytes() for path in files} | {"firth/x": b""}


def _settings() -> SkipGram:
    return SkipGram(dim=3, stop_words=("a",))


def _run_weights() -> dict[str, np.ndarray]:
    return {"inputs": np.ones((2, 2, 8), np.float32), "outputs": np.zeros((2, 2, 8), np.float32)}


def _use_checkpoints(path: Path) -> None:
    from firth.config import settings_from_dict
    from firth.training.checkpoints import Checkpoints

    checkpoints = Checkpoints.open(path / "run")
    assert checkpoints is not None
    try:
        settings_from_dict(checkpoints.record.settings)
        list(checkpoints.vocabulary())
        for place in checkpoints.places():
            standing = checkpoints.read(place, _run_weights())
            assert standing.place >= (0, 0)
            standing.ended(_settings())
    finally:
        checkpoints.close()


@functools.cache
def _state_files() -> dict[str, bytes]:
    """A model whose training was interrupted, as `firth.train` saves it."""
    epoch = {
        "epoch": 1,
        "loss": 2.5,
        "pairs": 7,
        "seconds": 0.5,
        "words_per_second": 9.0,
        "learning_rate": 0.02,
    }
    metadata = {
        "settings": _settings().as_dict(),
        "text": {"tokenize": "words", "lowercase": False},
        "history": [epoch],
        "training": {"epoch": 1, "position": 64, "loss": 1.5, "pairs": 3, "corpus": "0", "run": "1"},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "vectors"
        formats.write(dataclasses.replace(table(), metadata=metadata), folder)
        wanted = ("firth/metadata.json", "firth/vocabulary.safetensors", "model.safetensors")
        return {name: (folder / name).read_bytes() for name in wanted}


def _use_state(path: Path) -> None:
    from firth.training.resume import find_earlier

    earlier = find_earlier(path)
    assert earlier is not None
    earlier.check_settings(earlier.settings)
    assert earlier.model is not None
    list(earlier.vocabulary())
    repr(earlier.model)


def _seeds_of(parts: Callable[[], dict[str, bytes]]) -> Callable[[], list[bytes]]:
    return lambda: [bytes([i]) + content for i, content in enumerate(parts().values())]


READERS = {
    reader.name: reader
    for reader in (
        Reader(
            "word2vec-text",
            lambda: zipped(
                [written("word2vec-text"), *golden("gensim.txt", "word2vec_c.txt", "gensim.txt.gz")]
            ),
            _use_table("word2vec-text"),
        ),
        Reader(
            "word2vec-binary",
            lambda: zipped([written("word2vec-binary"), *golden("gensim.bin", "word2vec_c.bin")]),
            _use_table("word2vec-binary"),
        ),
        Reader(
            "glove",
            lambda: zipped([written("glove"), *golden("gensim_no_header.txt")]),
            _use_table("glove"),
        ),
        Reader(
            "fasttext",
            lambda: [
                *zipped([written("fasttext", subwords=True), written("fasttext")]),
                *golden(
                    "fasttext_cbow.bin", "fasttext_norms.ftz", "fasttext_pruned.ftz", "fasttext_quantized.ftz"
                ),
            ],
            _use_table("fasttext"),
        ),
        Reader(
            "any format",
            lambda: [
                *golden(
                    "gensim.txt", "gensim.bin", "gensim.txt.gz", "gensim_no_header.txt", "fasttext_cbow.bin"
                ),
                written("glove"),
                written("npz"),
            ],
            _use_table(None),
        ),
        Reader(
            "gensim",
            lambda: golden(
                "gensim.kv", "gensim_word2vec.model", "gensim_fasttext.model", "gensim_protocol_2.model"
            ),
            _use_table("gensim"),
        ),
        Reader("npz", archives, _use_table("npz")),
        Reader(
            "npy",
            _seeds_of(matrix_files),
            lambda path: _exercise(formats.read(path / "vectors.npy")),
            matrix_files,
        ),
        Reader("projector", _seeds_of(projector_files), _use_table("projector"), projector_files),
        Reader("native", _seeds_of(_native_files), _use_table(None), _native_files),
        Reader("native int8", _seeds_of(int8_files), _use_table(None), int8_files),
        Reader("model2vec", _seeds_of(static_model_files), _use_table("model2vec"), static_model_files),
        Reader("checkpoints", _seeds_of(_checkpoint_files), _use_checkpoints, _checkpoint_files),
        Reader("training state", _seeds_of(_state_files), _use_state, _state_files),
        Reader(
            "corpus", lambda: [_LINES, b"\xef\xbb\xbfmarked\n", b"one document without an end"], _use_corpus
        ),
        Reader("compressed corpus", _compressed_seeds, _use_compressed),
        Reader(
            "edge list",
            lambda: [
                b"# nodes\na b\nb c\nc c\n",
                b"a,b,0.5\nb,c,2\n",
                b"1\t2\t1e-3\n2\t3\t4\r\n",
                b"n\xc3\xa4 b 3.25\nb n\xc3\xa4 .5",
            ],
            _use_graph,
        ),
        Reader("phrases", _phrase_seeds, _use_phrases),
        Reader(
            "vocabulary",
            lambda: [
                b"to\t5\nbe\t3\nnew york\t2\n",
                b"to 5\nbe 3\r\n",
                b"\xef\xbb\xbfto\nbe\nna\xc3\xafve\n",
            ],
            _use_vocabulary,
        ),
        Reader("weights", lambda: [b"1\n0.5\n", b"1\r\n2e-3\n\n3\n0\n", b"1\n1\n1\n1\n"], _use_weights),
        Reader(
            "questions",
            lambda: [
                b": capitals\na b c d\ne f g h\n: more\ni j k l\n",
                b"# pairs\nword1,word2,score\ntiger,cat,7.35\na,b,0\n",
                b"a\tb\t1.5\nc d 3\n",
                b"# animals\ncat animal\nrome\tcity\noslo,city\n",
            ],
            _use_questions,
        ),
        *FACE_READERS,
        *(TABLE_READERS if importlib.util.find_spec("pyarrow") else ()),
    )
}
