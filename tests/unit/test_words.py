"""Words in two arrays, and the order that a file says they have."""

import numpy as np
from hypothesis import given, strategies as st

from firth.words import Words, is_sorted

SOME = ["to", "be", "or", "not", "", "naïve", "nai", "😀"]


def with_order(words, order):
    made = Words.of(words)
    return Words(made.text, made.offsets, np.array(order, np.int32))


@given(
    st.lists(st.text("abä", max_size=3), min_size=1, max_size=8).flatmap(
        lambda words: st.tuples(
            st.just(words),
            st.permutations(range(len(words)))
            | st.lists(st.integers(0, len(words) - 1), min_size=len(words), max_size=len(words)),
        )
    )
)
def test_an_order_is_one_only_if_it_names_each_word_once_by_bytes_and_position(made):
    words, order = made
    expected = sorted(range(len(words)), key=lambda i: (words[i].encode(), i))
    packed = Words.of(words)
    assert is_sorted(packed.text, packed.offsets, packed.order)
    assert is_sorted(packed.text, packed.offsets, np.array(order)) == (list(order) == expected)


def test_all_words_are_found_whatever_order_a_damaged_file_gives():
    for order in ([0] * len(SOME), range(len(SOME)), range(len(SOME))[::-1]):
        words = with_order(SOME, order)
        assert [words.find(word) for word in SOME] == list(range(len(SOME)))
        assert words.find("never") == -1


def test_a_good_order_is_used_as_it_is():
    words = with_order(SOME, Words.of(SOME).order)
    assert words.find("never") == -1
    assert words.find("to") == 0
    assert "_order" not in vars(words)  # nothing was sorted again
