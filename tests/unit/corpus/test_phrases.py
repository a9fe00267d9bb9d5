"""Phrases: found, joined and kept, against a few lines of plain Python that count by spelling."""

from __future__ import annotations

import collections
import itertools
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import firth
from firth.config.phrases import PhraseOptions
from firth.corpus import (
    Phrase,
    encode,
    find_phrases,
    phrase_counts,
    phrase_joining,
    phrase_search,
    plain_text,
)
from firth.errors import ConfigError, CorpusError, InputError, OutputError


def candidates(document, connectors):
    """Yield the words between which a pair of neighbours reaches: its two, and connector words between them."""
    begin = None
    for place, word in enumerate(document):
        if word not in connectors:
            if begin is not None:
                yield tuple(document[begin : place + 1])
            begin = place


def joined(document, phrases, connectors):
    """Join from left to right: what ends a phrase begins none."""
    out, place = [], 0
    while place < len(document):
        end = place + 1
        while end < len(document) and document[end] in connectors:
            end += 1
        if document[place] not in connectors and tuple(document[place : end + 1]) in phrases:
            out.append("_".join(document[place : end + 1]))
            place = end + 1
        else:
            out.append(document[place])
            place += 1
    return out


def scored(documents, options, number):
    """Return the phrases of a pass with count and score, counting what is spelled alike together, as gensim does."""
    words = collections.Counter(itertools.chain.from_iterable(documents))
    pairs = collections.Counter(
        pair for document in documents for pair in candidates(document, options.connector_words)
    )
    spelled = collections.Counter(
        {word: n for word, n in words.items() if word not in options.connector_words}
    )
    for pair, n in pairs.items():
        spelled["_".join(pair)] += n
    n_tokens, least = sum(words.values()), options.min_counts[number]
    found = {}
    for pair in pairs:
        both, first, second = (spelled[word] for word in ("_".join(pair), pair[0], pair[-1]))
        if options.score == "npmi":
            chance = first / n_tokens * (second / n_tokens)
            score = math.log(both / n_tokens / chance) / -math.log(both / n_tokens) if both >= least else -9.0
        else:
            scale = n_tokens if options.score == "word2phrase" else len(spelled)
            score = (both - least) / (first * second) * scale
        if both >= least and score > options.thresholds[number]:
            found[pair] = (both, score)
    return found


def found_in_python(documents, options):
    """Return the phrases of all passes, and the documents with these joined."""
    rows = set()
    for number in range(options.passes):
        found = scored(documents, options, number)
        rows |= {("_".join(pair), pair, count, score, number + 1) for pair, (count, score) in found.items()}
        documents = [joined(document, found, options.connector_words) for document in documents]
    return rows, documents


def documents_of(corpus):
    with corpus:
        words = [None if number < 0 else corpus.types[number] for number in corpus.ids.tolist()]
    cuts = [place for place, word in enumerate(words) if word is None]
    return [words[begin:end] for begin, end in zip([0, *(cut + 1 for cut in cuts)], cuts, strict=False)]


WORDS = st.sampled_from(["a", "b", "c", "d", "of", "and"])
THRESHOLDS = {"word2phrase": [0, 0.5, 1, 4], "gensim": [0, 0.5, 1, 4], "npmi": [-1, -0.2, 0, 0.4]}
REPEATED = [["a", "b", "c", "d", "a", "b"], ["b", "c", "d"], ["a", "b", "c"], ["c", "d", "a"]] * 2


@settings(deadline=None, max_examples=60)
@given(
    documents=st.lists(st.lists(WORDS, min_size=1, max_size=12), min_size=1, max_size=12),
    repeats=st.integers(1, 3),
    score=st.sampled_from(list(THRESHOLDS)),
    level=st.integers(0, 3),
    passes=st.integers(1, 4),
    min_count=st.integers(1, 3),
    connectors=st.sampled_from([(), ("of",), ("and", "of"), ("x",)]),
    threads=st.integers(1, 3),
    tiny=st.booleans(),
)
@example(REPEATED, 1, "gensim", 1, 4, 1, (), 2, True)
@example([["of"], ["of", "and"]], 1, "npmi", 0, 2, 1, ("and", "of"), 1, False)
def test_what_is_found_and_joined_is_what_plain_python_finds(  # noqa: PLR0917 (what hypothesis draws)
    documents, repeats, score, level, passes, min_count, connectors, threads, tiny
):
    documents = documents * repeats
    given_options = {
        "score": score,
        "threshold": THRESHOLDS[score][level],
        "passes": passes,
        "min_count": min_count,
        "connector_words": connectors,
    }
    options = PhraseOptions(**given_options)
    with pytest.MonkeyPatch.context() as patch:
        if tiny:  # tables that grow, give up half of their range, and blocks that end anywhere
            patch.setattr(phrase_counts, "_FIRST_SLOTS", 8)
            patch.setattr(phrase_counts, "_BYTES_OF_A_SLOT", (1 << 24) // 16)
            patch.setattr(phrase_counts, "_STEP", 5)
            patch.setattr(phrase_counts, "_FIRST_NODES", 1)
            patch.setattr(phrase_joining, "_BLOCK", 3)
            patch.setattr(plain_text, "_BLOCK", 4)
        try:
            rows, expected = found_in_python(documents, options)
        except ZeroDivisionError:  # a single spelling is all there is
            return
        phrases = find_phrases(documents, **given_options, memory_limit=1 << 24, threads=threads)
        assert {
            (phrase.token, phrase.parts, phrase.count, phrase.score, phrase.found_in) for phrase in phrases
        } == rows
        assert [phrases.apply(document) for document in documents] == expected
        assert documents_of(phrases.join(documents)) == expected
        with phrases.join(documents) as corpus, encode(expected) as again:
            assert corpus.fingerprint == again.fingerprint
            np.testing.assert_array_equal(corpus.type_counts, again.type_counts)
            text = b"".join(plain_text.text_blocks(corpus)).decode()
        assert text == "".join(" ".join(document) + "\n" for document in expected)


NEWS = [
    "he reads the new york times",
    "new york is large",
    "york and more",
    "the bank of america is in new york",
    "read the new york times",
] * 10 + ["the old is large", "the times he had"] * 8


def test_a_second_pass_finds_longer_phrases():
    one = find_phrases(NEWS, min_count=12, threshold=4)
    two = find_phrases(NEWS, passes=2, min_count=(12, 5), threshold=(4, 3.4))
    assert [phrase.token for phrase in one] == ["new_york"]
    assert list(two)[: len(one)] == list(one)
    (times,) = (phrase for phrase in two if phrase.token == "new_york_times")
    assert times == Phrase("new_york_times", ("new_york", "times"), 20, times.score, 2)
    assert two.apply(["the", "new", "york", "times"]) == ["the", "new_york_times"]
    assert one.apply(["the", "new", "york", "times"]) == ["the", "new_york", "times"]


def test_connector_words_stand_inside_a_phrase_but_neither_begin_nor_end_it():
    phrases = find_phrases(NEWS, min_count=2, threshold=1, connector_words={"of", "the", "is"})
    tokens = {phrase.token for phrase in phrases}
    assert "bank_of_america" in tokens
    assert not any(
        part in ("of", "the", "is") for phrase in phrases for part in (phrase.parts[0], phrase.parts[-1])
    )
    assert phrases.apply(["the", "bank", "of", "america", "of"]) == ["the", "bank_of_america", "of"]
    assert phrases.apply(["bank", "of", "the", "america"]) == ["bank", "of", "the", "america"]


def test_text_that_is_not_split_is_refused():
    with pytest.raises(
        InputError, match="tokens is the string 'new york', but must be several tokens: split it"
    ):
        find_phrases(NEWS).apply("new york")


def test_no_phrase_reaches_across_documents():
    phrases = find_phrases(["new", "york"] * 50 + ["other words here"] * 3, min_count=1, threshold=0)
    assert {phrase.token for phrase in phrases} == {"other_words", "words_here"}
    assert documents_of(phrases.join(["other", "words"])) == [["other"], ["words"]]


def test_phrases_are_a_sequence_best_first():
    phrases = find_phrases(NEWS, min_count=2, threshold=1)
    scores = [phrase.score for phrase in phrases]
    assert scores == sorted(scores, reverse=True)
    assert all(score > 1 for score in scores)
    assert len(phrases) == len(scores) > 3
    assert phrases[0] in phrases
    assert phrases[:2] == tuple(phrases)[:2]
    assert phrases[-1] == list(phrases)[-1]
    assert f"{len(phrases)} found in 1 pass" in repr(phrases)
    with pytest.raises(AttributeError):
        phrases[0].count = 3


def test_the_memory_and_the_threads_do_not_matter(monkeypatch):
    rng = np.random.default_rng(5)
    documents = [[f"w{number}" for number in rng.zipf(1.3, 400) if number < 3_000] for _ in range(120)]
    options = {"min_count": 2, "threshold": 0, "passes": 2, "connector_words": ["w1", "w2"]}
    expected = find_phrases(documents, threads=1, **options)
    assert len(expected) > 1_000
    sweeps = []
    count = phrase_counts._Counter._count
    monkeypatch.setattr(
        phrase_counts._Counter, "_count", lambda self, *bounds: sweeps.append(bounds) or count(self, *bounds)
    )
    monkeypatch.setattr(phrase_counts, "_FIRST_SLOTS", 64)
    monkeypatch.setattr(phrase_counts, "_BYTES_OF_A_SLOT", (1 << 24) // 2_048)
    for threads in (1, 2, 5):
        assert find_phrases(documents, memory_limit=1 << 24, threads=threads, **options) == expected
    assert len(sweeps) > 2 * (1 + 2 + 5)  # ranges were given up


def test_tokens_are_those_of_the_text_options(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("In New York, they say: new York!\nnew and York\n" * 20)
    text = firth.TextOptions(tokenize="words", lowercase=True)
    phrases = find_phrases(path, text=text, cache=False, min_count=20, threshold=1)
    assert "new_york" in {phrase.token for phrase in phrases}
    with phrases.join(path, text=text, cache=False) as corpus, encode(path, text, cache=False) as encoded:
        assert "new_york" in corpus.types
        assert phrases.join(encoded).fingerprint == corpus.fingerprint
        assert encoded.ids[-1] == -1  # still open


def test_a_joined_corpus_is_trained_on():
    phrases = find_phrases(NEWS, min_count=12, threshold=4)
    with phrases.join(NEWS) as corpus:
        model = firth.train(corpus, firth.SkipGram(dim=4, epochs=1, min_count=1, subsample=0))
    assert "new_york" in model.vectors


def test_phrases_of_other_words_change_nothing():
    phrases = find_phrases(NEWS, min_count=2, threshold=1)
    with phrases.join(["nothing here is known", "new bread"]) as corpus:
        assert corpus.n_tokens == 6


@pytest.mark.parametrize("delimiter", ["+", " ", "~~", "␣"])
def test_any_delimiter(delimiter):
    phrases = find_phrases(NEWS, min_count=2, threshold=1, passes=2, delimiter=delimiter)
    assert f"new{delimiter}york" in {phrase.token for phrase in phrases}
    assert phrases.apply(["new", "york"]) == [f"new{delimiter}york"]


def test_tokens_that_a_long_delimiter_makes_alike_become_one():
    documents = [["a~", "b"]] * 3 + [["a", "~b"]] * 4 + [["x"], ["y"]]
    phrases = find_phrases(documents, min_count=1, threshold=0, delimiter="~~")
    assert {(phrase.token, phrase.parts, phrase.count) for phrase in phrases} == {
        ("a~~~b", ("a~", "b"), 3),
        ("a~~~b", ("a", "~b"), 4),
    }
    with phrases.join(documents) as corpus:
        assert (list(corpus.types), corpus.type_counts.tolist()) == (["a~~~b", "x", "y"], [7, 1, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": "o"}, "the delimiter 'o' stands in the token 'york' of the corpus"),
        ({"delimiter": "or"}, "the delimiter 'or' stands in the token 'york'"),
        ({"memory_limit": 5}, "memory_limit is 5, but must be a whole number of bytes, at least 16,777,216"),
        ({"threads": 0}, "threads is 0, but must be at least 1"),
        ({"score": "npmi", "threshold": 1.5}, "threshold is 1.5, but must be a number from -1 to 1"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options, message):
    with pytest.raises(InputError) as caught:
        find_phrases(["new york"], **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_delimiter_between_two_tokens_is_none():
    find_phrases(["ab cd", "b c"], delimiter="bc", min_count=1, threshold=0)


@pytest.mark.parametrize("corpus", [[], ["", " "], "no-such-file.txt"])
def test_an_empty_corpus_is_refused(corpus):
    with pytest.raises(CorpusError):
        find_phrases(corpus)


def test_a_closed_corpus_is_refused():
    corpus = encode(["a b"])
    corpus.close()
    with pytest.raises(InputError, match="closed"):
        find_phrases(corpus)


def test_a_corpus_may_hold_no_pairs():
    assert len(find_phrases(["one", "two"])) == 0
    assert len(find_phrases(["of and of"], connector_words=["of", "and"], passes=2)) == 0
    assert documents_of(find_phrases(["one"]).join(["a b"])) == [["a", "b"]]


def test_progress_tells_what_is_done_in_this_thread_and_can_stop_it(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told = []
    phrases = find_phrases(
        NEWS, passes=2, min_count=2, threshold=1, progress=lambda *facts: told.append(facts)
    )
    assert {what for what, _, _ in told} == {"reading", "counting", "joining"}
    assert all(total is None or 0 <= done <= total + 1e-9 for _, done, total in told)
    assert max(done for what, done, _ in told if what == "counting") == pytest.approx(2)
    told.clear()
    n_ids = sum(len(document.split()) + 1 for document in NEWS)
    phrases.join(NEWS, progress=lambda *facts: told.append(facts)).close()
    assert told[-1] == ("joining", n_ids, n_ids)
    for what in ("reading", "counting", "joining"):

        def stop(now, _done, _total, what=what):
            if now == what:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            find_phrases(NEWS, passes=2, min_count=2, threshold=1, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_counting_reaches_the_caller(monkeypatch):
    def fail(*arguments):
        raise MemoryError("no memory for this test")

    monkeypatch.setattr(phrase_counts.bigrams, "frequent_pairs", fail)
    with pytest.raises(MemoryError, match="for this test"):
        find_phrases(NEWS)


def test_a_temporary_folder_that_cannot_be_written_is_one_clear_error(monkeypatch, tmp_path):
    with encode(NEWS) as corpus:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
        with pytest.raises(OutputError, match="cannot write the encoded corpus to .*none"):
            find_phrases(corpus, connector_words=["of"])


@pytest.mark.parametrize("token", ["new york", "a\u2003b", "x\ny"])
def test_text_cannot_hold_tokens_with_whitespace(token):
    with encode([["good", token]]) as corpus, pytest.raises(CorpusError, match="holds whitespace"):
        list(plain_text.text_blocks(corpus))


def test_a_mark_that_belongs_to_the_first_token_survives(tmp_path):
    path: Path = tmp_path / "text"
    with encode([["\ufeffa", "b"]]) as corpus:
        path.write_bytes(b"".join(plain_text.text_blocks(corpus)))
        with encode(path, cache=False) as again:
            assert again.fingerprint == corpus.fingerprint


def test_defaults_are_those_of_the_options():
    assert find_phrases.__kwdefaults__ is not None
    for name, value in PhraseOptions().__dict__.items():
        assert find_phrases.__kwdefaults__[name] == value
    assert find_phrases.__kwdefaults__["memory_limit"] >= phrase_search._LEAST_MEMORY


def test_bad_options_are_refused_before_the_corpus_is_read():
    with pytest.raises(ConfigError):
        find_phrases(iter(()), passes=0)
