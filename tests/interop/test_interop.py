"""The tools around us, really run: what they load of ours, what we load of theirs, what they count.

Run by ``make test-interop`` in an environment of its own; a tool that is missing skips its tests.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import firth
from firth.evaluation import evaluate_analogies, evaluate_similarity
from firth.formats import VectorTable
from firth.vocabulary import Vocabulary

# These tools warn about themselves (SWIG types, renamed modules), which is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

WORDS = ["the", "king", "naïve", "日本", "a\xa0b", "new york", "[UNK]", "\u2028"]


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture
def vectors():
    rows = np.random.default_rng(3).normal(size=(2, len(WORDS), 7)).astype(np.float32)
    counts = np.arange(len(WORDS), 0, -1)
    return firth.WordVectors(
        VectorTable(Vocabulary(WORDS, counts), rows[0], rows[1], {"settings": {"dim": 7}})
    )


@pytest.fixture
def folder(vectors, tmp_path):
    vectors.save(tmp_path / "vectors")
    return tmp_path / "vectors"


@pytest.fixture
def plain(vectors):
    """The words that a text file can hold."""
    return vectors.subset([word for word in WORDS if word != "new york"])


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Sentences of an artificial language with one relation, so that analogies have answers."""
    rng = np.random.default_rng(11)
    lines = []
    for _ in range(700):
        pair, side = rng.integers(0, 20), rng.integers(0, 2)
        # One mark in four is wrong, so that one answer or another is, too.
        mark = f"s{side if rng.random() < 0.75 else 1 - side}"
        filler = [f"f{i}" for i in rng.integers(0, 60, 2)]
        word = f"{'ab'[side]}{pair}"
        lines.append(" ".join([f"p{pair}", filler[0], word, mark, filler[1], f"p{pair}", word, mark]))
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def trained(corpus, tmp_path_factory):
    """Vectors that word2vec.c trained, in its binary format."""
    word2vec = tool("word2vec")
    path = tmp_path_factory.mktemp("trained") / "vectors.bin"
    options = (
        "-binary 1 -size 16 -window 4 -negative 5 -hs 0 -sample 1e-2 -iter 4 -threads 1 -cbow 0 -min-count 1"
    )
    # Short names of files: it copies them, unchecked, to 100 bytes.
    command = [word2vec, "-train", os.path.relpath(corpus, path.parent), "-output", path.name]
    subprocess.run([*command, *options.split()], cwd=path.parent, check=True, stdout=subprocess.DEVNULL)
    return path


@pytest.fixture(scope="session")
def questions(tmp_path_factory):
    lines = [": family"]
    pairs = [(f"a{i}", f"b{i}") for i in range(20)] + [("a3", "nowhere")]
    for number, (a, b) in enumerate(pairs):
        if number == 8:
            lines.append(": gram1-other")
        lines += [f"{a} {b} {c} {d}".title() for c, d in pairs if c != a]
    # compute-accuracy takes the first five sections for the semantic ones.
    lines[1:1] = [": s2", "a1 b1 a2 b2", ": s3", "a1 b1 a2 b2", ": s4", "a1 b1 a2 b2", ": s5"]
    path = tmp_path_factory.mktemp("questions") / "questions.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    rng = np.random.default_rng(5)
    lines = [
        f"{a}{rng.integers(0, 26)}\t{b}{rng.integers(0, 26)}\t{rng.integers(0, 11)}"
        for a in "abf"
        for b in "ABFP"
    ]
    path = tmp_path_factory.mktemp("pairs") / "pairs.txt"
    path.write_text("\n".join(lines * 3) + "\n")
    return path


def tool(name):
    """Return the path of a program that a package of this environment installed, or skip."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def keyed_vectors():
    return pytest.importorskip("gensim.models", reason="gensim is not installed").KeyedVectors


def test_model2vec_loads_the_folder_and_encodes_a_sentence_as_the_mean(vectors, folder):
    model2vec = pytest.importorskip("model2vec")
    model = model2vec.StaticModel.from_pretrained(folder)
    assert model.dim == vectors.dim
    assert list(model.tokens) == [*WORDS, "[[UNK]]"]
    for sentence, words in {
        "the king": ["the", "king"],
        "king 日本 unheard king naïve": ["king", "日本", "king", "naïve"],
        "the [UNK]": ["the", "[UNK]"],
        "the " * 3_000 + "king": ["the"] * 3_000 + ["king"],
    }.items():
        np.testing.assert_allclose(model.encode(sentence), vectors[words].mean(axis=0), atol=2e-5)
    np.testing.assert_array_equal(model.encode("unheard"), 0)


def test_sentence_transformers_loads_the_folder_and_encodes(vectors, folder):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    encoded = model.encode(["the king", "naïve 日本 the", "king unheard"])
    np.testing.assert_allclose(encoded[0], vectors[["the", "king"]].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(encoded[1], vectors[["naïve", "日本", "the"]].mean(axis=0), atol=1e-6)
    # The unknown token counts as a zero: the length changes, the direction does not.
    np.testing.assert_allclose(encoded[2], vectors["king"] / 2, atol=1e-6)


@pytest.mark.parametrize("lowercase", [False, True])
def test_text_is_split_as_the_training_text_was(lowercase, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    words = ["the", "The", "king's", "l’état", "naïve", "x2", "日本"]
    text = {"tokenize": "words", "lowercase": lowercase}
    table = VectorTable(Vocabulary(words), np.eye(len(words), dtype=np.float32), metadata={"text": text})
    firth.WordVectors(table).save(tmp_path / "vectors")
    tokenizer = tokenizers.Tokenizer.from_file(str(tmp_path / "vectors" / "tokenizer.json"))
    prose = "The king's (naïve) l’état: «日本», x2!\n -- the?"
    found = re.findall(r"\w+(?:['’]\w+)*", prose.lower() if lowercase else prose)
    assert tokenizer.encode(prose).tokens == found


@pytest.mark.exchange("native", "safetensors", "out")
def test_the_library_of_safetensors_reads_all_files(vectors, folder):
    numpy = pytest.importorskip("safetensors.numpy")
    np.testing.assert_array_equal(
        numpy.load_file(folder / "model.safetensors")["embeddings"][:-1], vectors.embeddings
    )
    outputs = numpy.load_file(folder / "firth" / "output_embeddings.safetensors")["output_embeddings"]
    np.testing.assert_array_equal(outputs, vectors.output_vectors.embeddings)
    counts = numpy.load_file(folder / "firth" / "vocabulary.safetensors")["counts"]
    np.testing.assert_array_equal(counts, vectors.vocabulary.counts)


@pytest.mark.exchange("word2vec-binary", "gensim", "both")
@pytest.mark.exchange("word2vec-text", "gensim", "both")
@pytest.mark.exchange("glove", "gensim", "both")
@pytest.mark.parametrize(
    ("format", "options"),
    [("word2vec-binary", {"binary": True}), ("word2vec-text", {}), ("glove", {"no_header": True})],
)
def test_gensim_loads_ours_and_we_load_gensims(format, options, plain, tmp_path):
    plain.save(tmp_path / "ours", format=format)
    theirs = keyed_vectors().load_word2vec_format(str(tmp_path / "ours"), **options)
    assert theirs.index_to_key == list(plain)
    np.testing.assert_array_equal(theirs.vectors, plain.embeddings)
    header = not options.pop("no_header", False)
    theirs.save_word2vec_format(str(tmp_path / "theirs"), write_header=header, **options)
    back = firth.load(tmp_path / "theirs")
    assert list(back) == list(plain)
    np.testing.assert_array_equal(back.embeddings, plain.embeddings)


def test_the_words_of_word2vec_c_find_the_same_neighbors_in_gensim(trained):
    theirs = keyed_vectors().load_word2vec_format(str(trained), binary=True)
    ours = firth.load(trained)
    for word in ("a3", "f7", "s0"):
        found = ours.neighbors(word, k=5)
        assert [near.word for near in found] == [near for near, _ in theirs.most_similar(word, topn=5)]
        np.testing.assert_allclose(
            [near.score for near in found],
            [score for _, score in theirs.most_similar(word, topn=5)],
            atol=1e-6,
        )
    for method, name in (("3cosadd", "most_similar"), ("3cosmul", "most_similar_cosmul")):
        answers = getattr(theirs, name)(positive=["b1", "a2"], negative=["a1"], topn=5)
        assert [answer.word for answer in ours.analogy("a1", "b1", "a2", 5, method=method)] == [
            word for word, _ in answers
        ]


@pytest.mark.parametrize("restrict", [60, 30_000])
def test_analogies_are_counted_as_gensim_counts(trained, questions, restrict):
    theirs = keyed_vectors().load_word2vec_format(str(trained), binary=True)
    _, sections = theirs.evaluate_word_analogies(str(questions), restrict_vocab=restrict)
    ours = evaluate_analogies(firth.load(trained), questions, restrict=restrict)
    counted = [(s["section"], len(s["correct"]), len(s["correct"]) + len(s["incorrect"])) for s in sections]
    assert [(s.name, s.correct, s.answered) for s in ours.sections] == counted[:-1]
    assert (ours.total.correct, ours.total.answered) == counted[-1][1:]
    assert 0 < ours.total.correct < ours.total.answered < ours.total.asked


@pytest.mark.parametrize("restrict", [60, 30_000])
def test_analogies_are_counted_as_compute_accuracy_counts(trained, questions, restrict):
    command = [tool("word2vec-compute-accuracy"), trained, str(restrict)]
    with questions.open() as file:
        told = subprocess.run(command, stdin=file, capture_output=True, text=True, check=True).stdout
    ours = evaluate_analogies(firth.load(trained), questions, restrict=restrict)
    # A section without an answered question is "0 / 1" there.
    counted = [tuple(map(int, pair)) for pair in re.findall(r"\((\d+) / (\d+)\)", told)]
    assert [(s.correct, s.answered or 1) for s in ours.sections] == counted
    totals = re.findall(
        r"Total accuracy: (\S+) % +Semantic accuracy: (\S+) % +Syntactic accuracy: (\S+) %", told
    )
    for part, percent in zip((ours.total, ours.semantic, ours.syntactic), totals[-1], strict=True):
        assert 100 * part.accuracy == pytest.approx(float(percent), abs=0.006)
    seen = re.search(r"Questions seen / total: (\d+) (\d+)", told)
    assert (ours.total.answered, ours.total.asked) == tuple(map(int, seen.groups()))


def test_similarities_are_those_of_gensim(trained, pairs):
    theirs = keyed_vectors().load_word2vec_format(str(trained), binary=True)
    _, spearman, unknown = theirs.evaluate_word_pairs(str(pairs))
    ours = evaluate_similarity(firth.load(trained), pairs)
    assert ours.spearman == pytest.approx(spearman.statistic, abs=1e-6)
    assert 100 * (1 - ours.coverage) == pytest.approx(unknown)
    assert 0 < ours.pairs_used < ours.pairs
