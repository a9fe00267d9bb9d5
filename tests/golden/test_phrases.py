"""Phrases that gensim and word2phrase found and joined in ``phrases/corpus.txt``: the same ones, the same scores.

``expected.json`` holds scores in hexadecimal and the hash of the joined text, one document a line.
"""

import hashlib
import json
from pathlib import Path

import pytest

from firth.corpus import encode, find_phrases
from firth.corpus.plain_text import text_blocks

FOLDER = Path(__file__).parent / "phrases"
EXPECTED = json.loads((FOLDER / "expected.json").read_text("utf-8"))


def found_in(corpus, options):
    """Return the phrases, and the hash of the joined text."""
    phrases = find_phrases(corpus, passes=len(options["min_count"]), cache=False, **options)
    with phrases.join(corpus, cache=False) as joined:
        return phrases, hashlib.sha256(b"".join(text_blocks(joined))).hexdigest()


@pytest.mark.parametrize("expected", EXPECTED["gensim"], ids=lambda one: str(one["options"]))
def test_phrases_are_those_of_gensim_to_the_last_bit(expected):
    phrases, joined = found_in(FOLDER / "corpus.txt", expected["options"])
    assert joined == expected["joined"]
    for number, scores in enumerate(expected["passes"], 1):
        found = {phrase.token: phrase.score for phrase in phrases if phrase.found_in == number}
        assert len(scores) > 3
        # gensim tells those that it joins; a phrase whose words always go to others is not among them.
        assert {token: found[token].hex() for token in scores} == scores


def test_joined_text_is_that_of_word2phrase():
    expected = EXPECTED["word2phrase"]
    with encode(FOLDER / "corpus.txt", cache=False) as corpus:
        words = [corpus.types[number] for number in corpus.ids.tolist() if number >= 0]
    phrases, joined = found_in([words], expected["options"])
    assert joined == expected["joined"]
    assert {phrase.found_in for phrase in phrases} == {1, 2}
