"""Words in two arrays behave as a tuple of strings does; vocabularies choose, find, save and load them."""

from __future__ import annotations

import collections
import pathlib
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth import words as module
from firth.errors import ConfigError, CorpusError, FormatError, InputError, UnknownWordError
from firth.vocabulary import Vocabulary
from firth.words import Words

words_lists = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=30)


class TestWords:
    @settings(deadline=None, max_examples=200)
    @given(words_lists, st.lists(st.text(max_size=3), max_size=5))
    def test_finding_agrees_with_a_list(self, items: list[str], others: list[str]) -> None:
        words = Words.of(items)
        for word in [*items, *others]:
            assert words.find(word) == (items.index(word) if word in items else -1)
            assert (word in words) == (word in items)
        searched = words.find_all([*items, *others]).tolist()
        assert searched == [items.index(word) if word in items else -1 for word in [*items, *others]]

    def test_the_dictionary_and_the_search_agree(self, monkeypatch: pytest.MonkeyPatch) -> None:
        items = ["b", "a", "b", "", "ä", "a\0", "中"]
        asked = [*items, "c", "\udc80"]
        searched = Words.of(items).find_all(asked)
        monkeypatch.setattr(module, "_DICTIONARY_PAYS_FROM", 0)
        looked_up = Words.of(items)
        np.testing.assert_array_equal(searched, looked_up.find_all(asked))
        assert searched.tolist() == [0, 1, 0, 3, 4, 5, 6, -1, -1]
        assert looked_up.find("b") == 0

    @settings(deadline=None, max_examples=200)
    @given(words_lists, st.slices(12), st.data())
    def test_it_is_a_sequence(self, items: list[str], part: slice, data: st.DataObject) -> None:
        words = Words.of(items)
        assert list(words) == items
        assert len(words) == len(items)
        assert words[part] == items[part]
        assert list(reversed(words)) == items[::-1]
        assert [words[-i - 1] for i in range(len(items))] == items[::-1]
        ids = data.draw(st.lists(st.integers(0, len(items) - 1), max_size=8)) if items else []
        assert list(words.take(np.array(ids, np.int64))) == [items[i] for i in ids]

    @settings(deadline=None, max_examples=100)
    @given(words_lists)
    def test_the_order_is_by_bytes_and_then_by_position(self, items: list[str]) -> None:
        expected = sorted(range(len(items)), key=lambda i: (items[i].encode(), i))
        assert Words.of(items).order.tolist() == expected

    def test_a_given_order_is_used(self) -> None:
        made = Words.of(["b", "a", "c"])
        given_order = Words(made.text, made.offsets, made.order.copy())
        assert [given_order.find(word) for word in "abcd"] == [1, 0, 2, -1]

    @pytest.mark.parametrize("index", [2, -3])
    def test_an_index_outside_is_an_error(self, index: int) -> None:
        with pytest.raises(IndexError, match="of 2"):
            Words.of(["a", "b"])[index]

    def test_what_is_no_word_is_not_in_it(self) -> None:
        assert 5 not in Words.of(["5"])

    def test_equality_and_hash_go_by_content(self) -> None:
        first, second = Words.of(["ab", "c"]), Words.of(["ab", "c"])
        assert first == second
        assert hash(first) == hash(second)
        assert first != Words.of(["a", "bc"])
        assert first != ["ab", "c"]

    def test_it_cannot_be_changed(self) -> None:
        words = Words.of(["ab"])
        with pytest.raises(ValueError, match="read-only"):
            words.text[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            words.offsets[0] = 1

    def test_a_lone_surrogate_is_refused(self) -> None:
        with pytest.raises(InputError, match="cannot be written as UTF-8"):
            Words.of(["fine", "\ud800"])

    @pytest.mark.parametrize("offsets", [[], [1, 3], [0, 2], [0, 2, 1, 3], [0, 4]])
    def test_offsets_that_do_not_fit_are_refused(self, offsets: list[int]) -> None:
        with pytest.raises(FormatError, match="offsets of words must rise from 0 to 3"):
            Words(np.frombuffer(b"abc", np.uint8), np.array(offsets, np.int64))

    def test_an_order_of_another_length_is_refused(self) -> None:
        with pytest.raises(FormatError, match="order of 1 words has 2 entries"):
            Words(np.frombuffer(b"abc", np.uint8), np.array([0, 3]), np.array([0, 1], np.int32))


class TestChoosing:
    COUNTS: ClassVar = {"b": 3, "a": 3, "Z": 3, "ä": 3, "rare": 1, "most": 2**40}

    def test_by_count_and_then_by_bytes(self) -> None:
        vocabulary = Vocabulary.from_counts(self.COUNTS)
        assert list(vocabulary) == ["most", "Z", "a", "b", "ä", "rare"]
        assert vocabulary.counts is not None
        assert vocabulary.counts.tolist() == [2**40, 3, 3, 3, 3, 1]
        assert vocabulary.total == 2**40 + 13

    @settings(deadline=None, max_examples=100)
    @given(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=4), st.integers(1, 9), min_size=3
        ),
        st.integers(1, 4),
        st.one_of(st.none(), st.integers(2, 6)),
        st.data(),
    )
    def test_it_agrees_with_sorting(
        self, counts: dict[str, int], min_count: int, max_vocab: int | None, data: st.DataObject
    ) -> None:
        stop_words = data.draw(st.lists(st.sampled_from([*counts, "absent"]), max_size=3))
        kept = [word for word, count in counts.items() if count >= min_count and word not in stop_words]
        expected = sorted(kept, key=lambda word: (-counts[word], word.encode()))[:max_vocab]
        pair = Words.of(counts), np.array(list(counts.values()), np.int64)
        options = {"min_count": min_count, "max_vocab": max_vocab, "stop_words": stop_words}
        for given_counts in (counts, pair):
            if len(expected) < 2:
                with pytest.raises(CorpusError, match="at least two are needed"):
                    Vocabulary.from_counts(given_counts, **options)
            else:
                assert list(Vocabulary.from_counts(given_counts, **options)) == expected

    def test_too_few_words_say_what_would_help(self) -> None:
        with pytest.raises(
            CorpusError, match=r"nothing is left of 6 .*min_count=\d+.*occurs 1099511627776 times"
        ):
            Vocabulary.from_counts(self.COUNTS, min_count=2**41)
        with pytest.raises(CorpusError, match="only 'most' is left"):
            Vocabulary.from_counts(self.COUNTS, min_count=4)
        with pytest.raises(CorpusError, match="no words at all"):
            Vocabulary.from_counts({})

    @pytest.mark.parametrize("options", [{"min_count": 0}, {"max_vocab": 1}])
    def test_options_out_of_range(self, options: dict[str, int]) -> None:
        name, value = next(iter(options.items()))
        with pytest.raises(ConfigError, match=f"{name} is {value}, but must be at least"):
            Vocabulary.from_counts(self.COUNTS, **options)  # type: ignore[arg-type]


class TestVocabulary:
    def test_rows_of_words(self) -> None:
        vocabulary = Vocabulary(["king", "queen", "king"], [3, 2, 1])
        assert vocabulary.id("king") == 0
        assert vocabulary.ids(["queen", "king"]).tolist() == [1, 0]
        assert vocabulary.ids([]).tolist() == []
        assert "queen" in vocabulary
        assert len(vocabulary) == 3
        assert repr(vocabulary) == "Vocabulary(3 words, 6 tokens)"

    def test_the_first_unknown_word_is_named_with_near_spellings(self) -> None:
        vocabulary = Vocabulary(["king", "queen", "kind", "Paris"])
        with pytest.raises(
            UnknownWordError, match="'quen' is not in the vocabulary; did you mean 'queen'"
        ) as caught:
            vocabulary.ids(["king", "quen", "other"])
        assert caught.value.word == "quen"
        assert vocabulary.suggest("KING") == ("king",)
        assert vocabulary.suggest("paris") == ("Paris",)
        assert set(vocabulary.suggest("kins")) == {"king", "kind"}
        assert vocabulary.suggest("zzzzzz") == ()

    def test_counts_must_fit(self) -> None:
        with pytest.raises(InputError, match="whole numbers, but are float64"):
            Vocabulary(["a", "b"], [1.5, 2.0])
        with pytest.raises(InputError, match="2 words need as many counts"):
            Vocabulary(["a", "b"], [1])
        with pytest.raises(InputError, match="never negative, but one is -1"):
            Vocabulary(["a", "b"], [1, -1])

    def test_counts_of_the_caller_are_copied(self) -> None:
        counts = np.array([2, 1])
        vocabulary = Vocabulary(["a", "b"], counts)
        counts[0] = 9
        assert vocabulary.counts is not None
        assert vocabulary.counts.tolist() == [2, 1]
        with pytest.raises(ValueError, match="read-only"):
            vocabulary.counts[0] = 5

    def test_equality(self) -> None:
        assert Vocabulary(["a", "b"], [2, 1]) == Vocabulary(["a", "b"], [2, 1])
        assert hash(Vocabulary(["a", "b"], [2, 1])) == hash(Vocabulary(["a", "b"]))
        assert Vocabulary(["a", "b"], [2, 1]) != Vocabulary(["a", "b"])
        assert Vocabulary(["a", "b"]) == Vocabulary(["a", "b"])
        assert Vocabulary(["a", "b"]) != Vocabulary(["b", "a"])
        assert Vocabulary(["a"]) != ["a"]


def savable(word: str) -> bool:
    return bool(word.strip()) and "\n" not in word and "\t" not in word


class TestFiles:
    @settings(deadline=None, max_examples=150)
    @given(
        st.lists(
            st.one_of(
                st.sampled_from(["area 51", "new york", "7", "\ufeffx", "a\rb", "a\u2028b", "\x85", "1 2 3"]),
                st.text(st.characters(exclude_categories=["Cs"]), max_size=5).filter(savable),
            ),
            min_size=2,
            max_size=10,
            unique=True,
        ),
        st.booleans(),
    )
    def test_what_was_saved_is_loaded(
        self, tmp_path_factory: pytest.TempPathFactory, words: list[str], counted: bool
    ) -> None:
        path = tmp_path_factory.mktemp("saved") / "words.txt"
        vocabulary = Vocabulary(words, range(10**17, 10**17 + len(words)) if counted else None)
        vocabulary.save(path)
        assert Vocabulary.load(path) == vocabulary

    @pytest.mark.parametrize("word", ["", "a\nb", "a\tb"])
    def test_words_that_a_line_cannot_hold_are_refused(self, tmp_path: pathlib.Path, word: str) -> None:
        path = tmp_path / "words.txt"
        with pytest.raises(InputError, match="cannot stand in a file of one word a line"):
            Vocabulary(["fine", word]).save(path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("text", "words", "counts"),
        [
            ("a 3\nb 2\n", ["a", "b"], [3, 2]),
            ("a\t3\r\n\r\nnew york\t2\r\n", ["a", "new york"], [3, 2]),
            ("\ufeffking\nqueen", ["king", "queen"], None),
            ("area 51\t\nking\n", ["area 51", "king"], None),
            ("</s> 0\nthe 99\n", ["</s>", "the"], [0, 99]),
            ("a\u2028b 1\n c 2\n", ["a\u2028b", "c"], [1, 2]),
            ("a ٣\nb\n", ["a ٣", "b"], None),
        ],
    )
    def test_files_of_others(
        self, tmp_path: pathlib.Path, text: str, words: list[str], counts: list[int] | None
    ) -> None:
        path = tmp_path / "words.txt"
        path.write_bytes(text.encode())
        assert Vocabulary.load(path) == Vocabulary(words, counts)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "holds 0 words, but at least two"),
            (b"\n \nonly\n", "holds 1 words, but at least two"),
            (b"a\nb\n\na\n", r"line 4: 'a' stands in line 1 already"),
            (b"abc\n\xff\n", r"line 2: byte 4 of the file is not UTF-8"),
            (b"king 5\narea\n", r"line 2: 'area' has no count, but the first word has a count"),
            (b"king\narea 51\n", r"line 2: 'area 51' has a count, but the first word has no count"),
            (b"a\t1\nb\tmany\n", r"line 2: the count of 'b' is 'many', but must be a whole number"),
            (b"a 1\nb 99999999999999999999\n", r"line 2: the count of 'b' is .* below 2\*\*63"),
            (b"a\t1\n\t7\n", r"line 2: the count '7' has no word"),
        ],
    )
    def test_bad_files(self, tmp_path: pathlib.Path, content: bytes, message: str) -> None:
        path = tmp_path / "words.txt"
        path.write_bytes(content)
        with pytest.raises(FormatError, match=message) as caught:
            Vocabulary.load(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)

    def test_no_such_file(self, tmp_path: pathlib.Path) -> None:
        with pytest.raises(FormatError, match="cannot read the vocabulary .*No such file"):
            Vocabulary.load(tmp_path / "none.txt")
        with pytest.raises(FormatError, match="cannot read the vocabulary"):
            Vocabulary.load(tmp_path)


def test_many_words_are_chosen_as_a_counter_would() -> None:
    rng = np.random.default_rng(3)
    counter = collections.Counter(f"w{number}" for number in rng.zipf(1.3, 30_000) % 5_000)
    chosen = Vocabulary.from_counts(counter, min_count=2, stop_words=[f"w{i}" for i in range(0, 2_000, 2)])
    kept = {w: c for w, c in counter.items() if c >= 2 and not (int(w[1:]) < 2_000 and int(w[1:]) % 2 == 0)}
    assert list(chosen) == sorted(kept, key=lambda word: (-kept[word], word))


def test_one_slip_is_mended_by_the_most_frequent_word():
    vocabulary = Vocabulary(["queen", "king", "queue", "kin", "skin", "ign"])
    assert vocabulary.suggest("kign")[0] == "king"
    assert vocabulary.suggest("quene")[0] == "queen"
    assert vocabulary.suggest("kng")[0] == "king"
    assert vocabulary.suggest("x" * 1000) == ()


@pytest.mark.parametrize("words", [["b", "ab", "a", "", "ab", "naïve", "日本", "abc"], ["only"], ["", ""]])
def test_words_are_found_the_same_before_and_after_they_are_sorted(words):
    for wanted in [*words, "c", "abcd", "\ud800", "naive"]:
        found = [Words.of(words).find(wanted)]
        sorted_ones = Words.of(words)
        _ = sorted_ones.order
        found.append(sorted_ones.find(wanted))
        often = Words.of(words)
        found += [often.find(wanted) for _ in range(40)]
        assert set(found) == {words.index(wanted) if wanted in words else -1}
