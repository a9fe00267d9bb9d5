"""Phrases under gensim's names: those that firth finds, and files without pickles."""

import random

import pytest

from firth.compat.gensim import ENGLISH_CONNECTOR_WORDS, FrozenPhrases, Phraser, Phrases
from firth.corpus import find_phrases
from firth.errors import ConfigError, FormatError, InputError

draws = random.Random(4)
WORDS = [f"w{number}" for number in range(8)]
# Neighbours by number are neighbours in the text more often than others.
SENTENCES = [
    [
        word
        for start in draws.choices(range(8), k=draws.choice([0, 1, 3, 8]))
        for word in WORDS[start : start + 2]
    ]
    for _ in range(60)
]


@pytest.mark.parametrize(("scoring", "threshold"), [("default", 0.3), ("npmi", 0.02)])
@pytest.mark.parametrize("connectors", [[], ["w1", "w2"]])
def test_they_are_those_of_firth(scoring, threshold, connectors):
    options = {"min_count": 2, "threshold": threshold, "connector_words": connectors}
    phrases = Phrases(SENTENCES, scoring=scoring, **options)
    same = find_phrases(SENTENCES, score="gensim" if scoring == "default" else scoring, **options)
    assert phrases.export_phrases() == {phrase.token: phrase.score for phrase in same}
    assert len(same) > 3
    for model in (phrases, phrases.freeze(), Phraser(phrases)):
        assert [model[sentence] for sentence in SENTENCES] == [same.apply(sentence) for sentence in SENTENCES]


def test_sentences_are_joined_when_they_are_asked_for_and_again():
    phrases = Phrases(SENTENCES, min_count=1, threshold=0.3)
    joined = phrases[SENTENCES]
    assert len(joined) == len(SENTENCES)
    assert list(joined) == list(joined) == [phrases[sentence] for sentence in SENTENCES]
    assert list(phrases[(sentence for sentence in SENTENCES)]) == list(joined)
    assert list(phrases[phrases[SENTENCES]])  # phrases of phrases, as a second model would be given them
    assert phrases[[]] == []


def test_counts_are_added_to_and_pruned():
    phrases = Phrases(min_count=1, threshold=0.3)
    for sentence in SENTENCES:
        phrases.add_vocab([sentence])
    assert phrases.vocab == Phrases(SENTENCES).vocab
    small = Phrases(SENTENCES, max_vocab_size=20)
    assert len(small.vocab) <= 20
    assert set(small.vocab) < set(phrases.vocab)


def test_a_function_can_score():
    def scoring(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
        return bigram_count

    phrases = Phrases(SENTENCES, threshold=9, scoring=scoring)
    assert phrases.export_phrases() == {
        token: count for token, count in phrases.vocab.items() if count > 9 and "_" in token
    }
    with pytest.raises(ConfigError, match="scoring is a function, which cannot be saved"):
        phrases.save("nowhere")


def test_they_are_saved_as_text(tmp_path):
    options = {
        "min_count": 2,
        "threshold": 0.02,
        "scoring": "npmi",
        "connector_words": ENGLISH_CONNECTOR_WORDS,
    }
    phrases = Phrases([*SENTENCES, ["bank", "of", "england", "naïve"]], **options)
    phrases.save(tmp_path / "phrases.pkl")
    back = Phrases.load(tmp_path / "phrases.pkl")
    assert back.vocab == phrases.vocab
    assert back.export_phrases() == phrases.export_phrases()
    back.add_vocab(SENTENCES)
    frozen = phrases.freeze()
    frozen.save(tmp_path / "frozen")
    again = FrozenPhrases.load(tmp_path / "frozen")
    assert again.phrasegrams == frozen.phrasegrams
    assert again[SENTENCES[5]] == frozen[SENTENCES[5]]
    with pytest.raises(FormatError, match="holds FrozenPhrases, not Phrases"):
        Phrases.load(tmp_path / "frozen")
    (tmp_path / "pickle").write_bytes(b"\x80\x04 and so on")
    with pytest.raises(FormatError, match="no file of phrases"):
        Phrases.load(tmp_path / "pickle")
    with pytest.raises(FormatError, match="cannot read"):
        Phrases.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_count": 0}, "min_count is 0"),
        ({"threshold": 0}, "threshold is 0"),
        ({"threshold": 2, "scoring": "npmi"}, "from -1 to 1"),
        ({"scoring": "best"}, "scoring is 'best'"),
        ({"scoring": lambda bigram_count: 1}, "lacks the parameter worda_count"),
        ({"connector_words": "of"}, "must be several words"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Phrases(**options)


def test_strings_are_no_sentences():
    with pytest.raises(InputError, match="split it"):
        Phrases(["new york"])
    with pytest.raises(InputError, match="split it"):
        Phrases()["new york"]
