"""The rules by which text becomes tokens, from files and from strings alike."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings, strategies as st

from firth.config import TextOptions
from firth.corpus import encode
from firth.corpus.tokenizing import Matcher, word_expression
from firth.errors import ConfigError, CorpusError


@pytest.mark.parametrize(
    ("prose", "words"),
    [
        ('The king, he said: "No."', "The king he said No"),
        ("don't rock'n'roll o’clock l'été", "don't rock'n'roll o’clock l'été"),
        ("'tis the dogs' 'quoted'", "tis the dogs quoted"),
        ("well-known and/or e-mail", "well known and or e mail"),
        ("3.14 1,000 covid19 H₂O x²", "3 14 1 000 covid19 H₂O x²"),
        ("os.path.join(a_b, __init__)", "os path join a_b __init__"),
        ("naïve nai\u0308ve Łódź", "naïve nai\u0308ve Łódź"),
        ("हिन्दी में लिखा", "हिन्दी में लिखा"),
        ("السَّلامُ عليكم", "السَّلامُ عليكم"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("日本語、漢字。", "日本語 漢字"),
        ("— … ¿Qué? «oui»", "Qué oui"),
        ("a\u00a0b\u2003c\u2028d", "a b c d"),
    ],
)
def test_words_of_raw_prose(documents_in, prose, words):
    assert documents_in([prose], TextOptions(tokenize="words")) == [words.split()]


@settings(max_examples=200, deadline=None)
@given(st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("aB' ’\n_-.ΣσÍİ")), max_size=60))
@example("ΟΔΟΣ ΟΔΟΣ, ΣΑΣ'Σ Σ İstanbul ẞ ǅ K")
@pytest.mark.parametrize("rule", ["whitespace", "words", r"[^\W\d]+|\S"])
def test_lowercase_is_that_of_the_whole_text(rule, text):
    split = {"whitespace": str.split, "words": word_expression().findall}.get(
        rule, lambda line: re.findall(rule, line)
    )
    expected = [tokens for line in text.split("\n") if (tokens := split(line.lower()))]
    if not expected:
        return
    # Not a list: of one that holds the name of a file, as hypothesis may think of, paths are asked for.
    with encode(iter([text]), TextOptions(tokenize=rule, lowercase=True)) as corpus:
        types = list(corpus.types)
        found = [types[i] if i >= 0 else "\n" for i in corpus.ids.tolist()]
    assert found == [token for line in expected for token in [*line, "\n"]]


def test_regular_expressions(tmp_path, documents_in):
    text = "New York is big\r\nYork is old\n\n--\n"
    (tmp_path / "corpus.txt").write_bytes(text.encode())
    expected = [["New York", "is", "big"], ["York", "is", "old"]]
    for rule in (r"New York|\w+", r"(New) (York)|(\w+)", re.compile(r"new york|[a-z]+", re.IGNORECASE)):
        for source in (tmp_path, [text]):
            assert documents_in(source, TextOptions(tokenize=rule)) == expected
    assert documents_in([text], TextOptions(tokenize=r"[a-z]*")) == [
        ["ew", "ork", "is", "big"],
        ["ork", "is", "old"],
    ]
    assert documents_in(["a b"], TextOptions(tokenize=r"^\w+|\w+$")) == [["a", "b"]]
    with pytest.raises(CorpusError, match="no tokens"):
        documents_in(["a b"], TextOptions(tokenize=r"\d+"))
    with pytest.raises(ConfigError, match="for bytes"):
        documents_in(["a b"], TextOptions(tokenize=re.compile(rb"\w")))


def test_a_regular_expression_sees_long_documents_whole(tmp_path, documents_in):
    text = "New York, " * 700_000
    (tmp_path / "corpus.txt").write_text(text)
    assert documents_in(tmp_path, TextOptions(tokenize=r"New York")) == [["New York"] * 700_000]


@settings(max_examples=300, deadline=None)
@given(st.text("ab ,", max_size=60), st.lists(st.integers(1, 10), min_size=1, max_size=8))
@pytest.mark.parametrize(
    "rule", [r"\w+", r"a b", r"(?<=a)b", r"a(?=b)", r"\ba+\b", r"[ab]+,?|$", r"a*", "aa|bb"]
)
def test_matches_do_not_depend_on_the_parts_of_a_document(rule, text, lengths):
    matcher = Matcher(re.compile(rule), context=3)
    for _ in range(2):  # and a matcher begins each document anew
        found, begin = [], 0
        for length in lengths:
            found += matcher.matches(text[begin : begin + length], False)
            begin += length
        found += matcher.matches(text[begin:], True)
        assert found == [match[0] for match in re.finditer(rule, text) if match[0]]


def test_callables_are_given_whole_documents_without_their_ends(tmp_path, documents_in):
    seen = []

    def tokenizer(document):
        seen.append(document)
        return (token for token in document.split(" ") if token)

    long = "word " * 1_000_000
    (tmp_path / "corpus.txt").write_bytes(f"A b\r\n\n{long}\nlast".encode())
    documents = documents_in(tmp_path, TextOptions(tokenize=tokenizer, lowercase=True), cache=True)
    assert seen == ["a b", "", long, "last"]
    assert documents == [["a", "b"], ["word"] * 1_000_000, ["last"]]


def test_callables_may_return_what_prints_as_a_token(documents_in):
    text = TextOptions(tokenize=lambda document: [len(document), "", "two words"])
    assert documents_in(["abc"], text) == [["3", "two words"]]


@pytest.mark.parametrize("returned", ["text", None, 5, {"a": 1}, {"a"}, b"bytes", [["nested"]], [b"bytes"]])
def test_what_is_no_list_of_tokens_is_refused(documents_in, returned):
    with pytest.raises(CorpusError, match="must (be|return)") as caught:
        documents_in(["a b"], TextOptions(tokenize=lambda _: returned))
    assert "\n" not in str(caught.value)
