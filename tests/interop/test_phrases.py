"""gensim and word2phrase, really run: the same phrases with the same scores, and the same joined text.

Run by ``make test-interop`` in an environment of its own; a tool that is missing skips its tests.
"""

import itertools
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firth.corpus import encode, find_phrases, standard_library_documents
from firth.corpus.plain_text import text_blocks

# gensim warns about itself, which is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

CONNECTORS = ["a", "an", "and", "by", "for", "in", "of", "or", "the", "to", "with"]


@pytest.fixture(scope="module")
def prose():
    """Real English: a part of the standard library's documentation, without underscores."""
    some = itertools.islice(standard_library_documents(), 4_000)
    documents = [document.lower().replace("_", "-").split() for document in some]
    return [document for document in documents if document]


def drawn(seed):
    """Return text of few words, where nearly everything can be a phrase, and options for each pass."""
    draws = random.Random(seed)
    words = [f"w{number}" for number in range(draws.randint(2, 12))]
    repeated = draws.choices(words, k=draws.randint(2, 9))
    documents = []
    for _ in range(draws.randint(1, 20)):
        document = draws.choices(words, k=draws.choice([1, 2, 5, 30, 100]))
        documents.append(document + repeated if draws.random() < 0.5 else document)
    passes = draws.randint(1, 5)
    score = draws.choice(["gensim", "npmi"])
    thresholds = [0.05, 0.5, 1, 2, 5] if score == "gensim" else [-1, -0.1, 0, 0.1, 0.25, 0.5, 0.9]
    return documents, {
        "score": score,
        "min_count": draws.choices(range(1, 5), k=passes),
        "threshold": draws.choices(thresholds, k=passes),
        "connector_words": draws.sample(words, draws.randint(0, min(3, len(words) - 1))),
    }


def hold_to_gensim(documents, options):
    """Find and join with both; return how many phrases there are."""
    models = pytest.importorskip("gensim.models.phrases", reason="gensim is not installed")
    passes = len(options["min_count"])
    phrases = find_phrases(documents, passes=passes, **options)
    stream = documents
    for number in range(passes):
        model = models.Phrases(
            stream,
            min_count=options["min_count"][number],
            threshold=options["threshold"][number],
            scoring="npmi" if options["score"] == "npmi" else "default",
            connector_words=frozenset(options["connector_words"]),
        )
        found = {phrase.token: phrase.score for phrase in phrases if phrase.found_in == number + 1}
        if number == 0:  # later, gensim takes exported phrases apart at every delimiter
            assert model.export_phrases() == found
        joined = model.find_phrases(stream)
        assert joined == {token: found[token] for token in joined}
        stream = [model[document] for document in stream]
    assert [phrases.apply(document) for document in documents] == stream
    with phrases.join(documents) as ours, encode(stream) as theirs:
        assert ours.fingerprint == theirs.fingerprint
    return len(phrases)


@pytest.mark.parametrize("seed", range(40))
def test_gensim_finds_the_same_in_text_of_few_words(seed):
    documents, options = drawn(seed)
    hold_to_gensim(documents, options)


@pytest.mark.parametrize("connector_words", [[], CONNECTORS])
@pytest.mark.parametrize(("score", "threshold"), [("gensim", [10.0, 5.0]), ("npmi", [0.5, 0.4])])
def test_gensim_finds_the_same_in_prose(prose, score, threshold, connector_words):
    options = {"score": score, "min_count": [5, 3], "threshold": threshold}
    assert hold_to_gensim(prose, {**options, "connector_words": connector_words}) > 300


def test_word2phrase_joins_the_same(prose, tmp_path):
    program = shutil.which("word2phrase", path=str(Path(sys.executable).parent)) or shutil.which(
        "word2phrase"
    )
    if program is None:
        pytest.skip("word2phrase is not installed")
    # In one line, because it counts across the ends of lines; it cuts words to 60 bytes.
    text = [word for document in prose for word in document if len(word.encode()) < 15]
    (tmp_path / "0").write_text(" ".join(text) + "\n", "utf-8")
    thresholds = [200, 100]
    for number, threshold in enumerate(thresholds, 1):
        # Short names of files: it copies them, unchecked, to 60 bytes.
        command = [program, "-train", str(number - 1), "-output", str(number), "-threshold", str(threshold)]
        subprocess.run([*command, "-min-count", "5", "-debug", "0"], cwd=tmp_path, check=True)
    phrases = find_phrases([text], min_count=5, threshold=thresholds, passes=2)
    assert len(phrases) > 100
    with phrases.join([text]) as joined:
        ours = b"".join(text_blocks(joined)).split()
    assert ours == (tmp_path / "2").read_bytes().split()
