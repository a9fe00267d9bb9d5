"""Every number that the lecture prints ([003]), to its three decimals.

The expected values are written as printed. Computed ones are rounded half away from zero, as the lecture
does (1.8485 is printed 1.849), and the second pair starts from the unrounded result of the first.
"""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from firth.explain import LEARNING_RATE, explain_step, lecture_example
from firth.objectives.descent import descend, descend_rows


def printed(text):
    """The numbers of a printed table, one row a line."""
    return [[Decimal(number) for number in line.split()] for line in text.strip().split("\n")]


def rounded(values):
    """Numbers as the lecture prints them; nine decimals first, so that binary fractions break no tie."""
    return [
        [
            Decimal(f"{value:.9f}").quantize(Decimal("0.001"), ROUND_HALF_UP) + 0  # + 0: no negative zero
            for value in np.ravel(row)
        ]
        for row in np.atleast_1d(values)
    ]


def column(values):
    return np.reshape(values, (-1, 1))


W_OUTPUT = printed("""
-0.560  0.340  0.160
-0.910 -0.440  1.560
-1.210 -0.130 -1.320
 1.670 -0.150 -1.030
 1.720 -1.460  0.730
 0.000  1.390 -0.120
-0.060  1.520 -0.790
 0.800  1.850 -1.670
-1.370  1.320 -0.480
 0.670  1.990 -1.850
-1.520 -1.740 -1.860
""")
VANILLA_GRADIENT = printed("""
 0.064  0.071 -0.014
 0.098  0.015  0.063
 0.069  0.089  0.045
 0.014  0.085  0.079
-0.021  0.067  0.071
-0.098 -0.088  0.091
-0.072 -0.078 -0.089
 0.046 -0.079 -0.053
-0.049 -0.087  0.025
-0.060  0.092  0.042
 0.074  0.050  0.070
""")
VANILLA_NEW = printed("""
-0.563  0.336  0.161
-0.915 -0.441  1.557
-1.213 -0.134 -1.322
 1.669 -0.154 -1.034
 1.721 -1.463  0.726
 0.005  1.394 -0.125
-0.056  1.524 -0.786
 0.798  1.854 -1.667
-1.368  1.324 -0.481
 0.673  1.985 -1.852
-1.524 -1.743 -1.864
""")
SAMPLED_GRADIENT = printed("""
 0.031  0.030  0.041
-0.090  0.031 -0.065
 0.056  0.098 -0.061
 0.069  0.084 -0.044
""")
SAMPLED_NEW = W_OUTPUT[:7] + printed("""
 0.798  1.849 -1.672
-1.366  1.318 -0.477
 0.667  1.985 -1.847
-1.523 -1.744 -1.858
""")


def floats(table):
    return np.array(table, float)


def test_vanilla_update_moves_all_eleven_rows():
    assert rounded(descend(floats(W_OUTPUT), floats(VANILLA_GRADIENT), 0.05)) == VANILLA_NEW


def test_negative_sampling_update_moves_four_of_eleven_rows():
    new = descend_rows(floats(W_OUTPUT), [7, 8, 9, 10], floats(SAMPLED_GRADIENT), 0.05)
    assert rounded(new) == SAMPLED_NEW
    assert np.array_equal(new[:7], floats(W_OUTPUT)[:7])


def test_the_printed_gradients_of_both_updates_are_made_up():
    """A pair's gradient by W_output is errors × h, of rank 1 (see test_softmax.py); theirs are of rank 3."""
    assert np.linalg.matrix_rank(floats(VANILLA_GRADIENT), tol=0.01) == 3
    assert np.linalg.matrix_rank(floats(SAMPLED_GRADIENT), tol=0.01) == 3
    assert np.abs(floats(VANILLA_GRADIENT).sum(axis=0)).max() > 0.05


@pytest.fixture(scope="module")
def first():
    return explain_step(lecture_example(1), learning_rate=LEARNING_RATE)


@pytest.fixture(scope="module")
def second():
    return explain_step(lecture_example(2), learning_rate=LEARNING_RATE)


WORDS = ["honorable", "is", "man", "most", "ned", "stark", "the"]
WORDS += ["pimples", "zebra", "idiot", "coins", "donkey", "machine"]


def with_changes(matrix, changes):
    """The table of all thirteen words, with the printed rows of some of them put in."""
    table = [list(row) for row in matrix]
    for word, row in changes.items():
        table[WORDS.index(word)] = printed(row)[0]
    return table


W_INPUT_0 = printed("""
-0.014  0.135  0.109
-0.665  0.669  0.309
 0.702  0.621 -0.981
 0.214 -0.813 -0.561
-0.018  0.404 -0.317
 0.204 -0.007 -0.733
-0.652 -0.097  0.499
-0.706  0.745  0.002
-0.492 -0.709  0.133
-0.628 -0.073  0.502
 0.456  0.767 -0.629
 0.348  0.544 -0.740
-0.627  0.487  0.466
""")
W_OUTPUT_0 = printed("""
-0.351 -0.812 -0.082
 0.743 -0.394 -0.824
 0.472 -0.873 -0.564
-0.627 -0.678  0.895
-0.572 -0.588 -0.501
 0.116  0.723 -0.689
-0.165 -0.506 -0.341
-0.940  0.601  0.146
-0.622  0.811  0.640
-0.077 -0.375 -0.056
-0.028 -0.244  0.018
-0.411 -0.893  0.518
-0.691  0.236  0.363
""")
W_INPUT_1 = with_changes(W_INPUT_0, {"ned": "0.029 0.388 -0.350"})
W_INPUT_2 = with_changes(W_INPUT_0, {"ned": "0.071 0.395 -0.388"})
W_OUTPUT_1 = with_changes(
    W_OUTPUT_0,
    {
        "stark": "0.116 0.731 -0.695",
        "pimples": "-0.940 0.590 0.155",
        "zebra": "-0.622 0.800 0.648",
        "idiot": "-0.077 -0.384 -0.049",
    },
)
W_OUTPUT_2 = with_changes(
    W_OUTPUT_1,
    {
        "is": "0.744 -0.385 -0.832",
        "coins": "-0.029 -0.253 0.026",
        "donkey": "-0.412 -0.900 0.524",
        "machine": "-0.692 0.227 0.372",
    },
)


class TestFirstPair:
    """(ned, stark) against pimples, zebra and idiot: figures 10 to 16."""

    def test_words(self, first):
        assert (first.center, first.words) == ("ned", ("stark", "pimples", "zebra", "idiot"))

    def test_matrices_before(self):
        example = lecture_example(1)
        assert list(example.words) == WORDS
        assert rounded(example.embeddings.input) == W_INPUT_0
        assert rounded(example.embeddings.output) == W_OUTPUT_0

    def test_hidden_layer_figure_10(self, first):
        assert rounded([first.hidden]) == printed("-0.018 0.404 -0.317")

    def test_prediction_errors_figures_12_and_14(self, first):
        assert rounded([first.errors]) == printed("-0.376 0.553 0.534 0.467")

    def test_gradient_by_the_input_row_figures_13_and_15(self, first):
        assert rounded([first.input_gradient]) == printed("-0.932 0.319 0.655")

    def test_gradient_by_the_output_rows_figure_14(self, first):
        assert rounded(first.output_gradients) == printed("""
             0.007 -0.152  0.119
            -0.010  0.223 -0.175
            -0.010  0.216 -0.169
            -0.008  0.189 -0.148
        """)

    def test_input_matrix_after_figure_15(self, first):
        assert rounded([first.new_hidden]) == printed("0.029 0.388 -0.350")
        assert rounded(first.after.input) == W_INPUT_1

    def test_output_matrix_after_figure_16(self, first):
        assert rounded(first.after.output) == W_OUTPUT_1


class TestSecondPair:
    """(ned, is) against coins, donkey and machine: figures 17 to 22."""

    def test_words(self, second):
        assert (second.center, second.words) == ("ned", ("is", "coins", "donkey", "machine"))

    def test_hidden_layer_figure_17(self, second):
        assert rounded([second.hidden]) == printed("0.029 0.388 -0.350")
        assert rounded(lecture_example(2).embeddings.input) == W_INPUT_1

    def test_logits_and_sigmoid_figure_18(self, second):
        assert rounded(lecture_example(2).embeddings.output) == W_OUTPUT_1
        assert rounded([second.logits]) == printed("0.157 -0.102 -0.539 -0.055")
        assert rounded([second.probabilities]) == printed("0.539 0.475 0.368 0.486")

    def test_prediction_errors_figure_19(self, second):
        assert second.labels.tolist() == [1, 0, 0, 0]
        assert rounded([second.errors]) == printed("-0.461 0.475 0.368 0.486")

    def test_rows_that_make_up_the_input_gradient_figure_20(self, second):
        assert rounded(second.old_output_rows) == printed("""
             0.743 -0.394 -0.824
            -0.028 -0.244  0.018
            -0.411 -0.893  0.518
            -0.691  0.236  0.363
        """)

    def test_gradient_by_the_output_rows_figure_21(self, second):
        assert rounded(second.output_gradients) == printed("""
            -0.013 -0.179  0.161
             0.014  0.184 -0.166
             0.011  0.143 -0.129
             0.014  0.189 -0.170
        """)

    def test_gradient_by_the_input_row_and_matrix_after(self, second):
        assert rounded([second.input_gradient]) == printed("-0.843 -0.148 0.756")
        assert rounded([second.new_hidden]) == printed("0.071 0.395 -0.388")
        assert rounded(second.after.input) == W_INPUT_2

    def test_output_matrix_after_figure_22(self, second):
        assert rounded(second.after.output) == W_OUTPUT_2


def test_positive_word_of_the_second_pair_is_not_the_one_that_the_text_names(second):
    """The text calls `stark` the positive word; only with `is` the printed errors come out."""
    assert second.words[0] == "is"
    assert second.errors[0] < 0
    assert "stark" not in second.words


def test_update_without_the_factor_h_gives_other_numbers(second):
    """Equation 25 lacks it; the printed rows of figure 22 have it."""
    without = second.old_output_rows[1:] - LEARNING_RATE * column(second.errors[1:])
    assert rounded(without) != rounded(second.new_output_rows[1:])


def test_sigmoid_layer_is_no_probability_distribution(first):
    """Figure 11 calls the K + 1 values one; each is the probability of a question of its own."""
    assert first.probabilities.sum() == pytest.approx(2.178, abs=0.001)


def test_log_must_cover_the_product():
    """Equation 11 as printed, log p · Π (1 - q), rewards taking noise for observed pairs."""
    p, good, bad = 0.6, np.array([0.1, 0.2]), np.array([0.9, 0.99])

    def as_printed(q):
        return np.log(p) * np.prod(1 - q)

    def likelihood(q):
        return p * np.prod(1 - q)

    assert likelihood(bad) < likelihood(good)
    assert np.log(likelihood(bad)) < np.log(likelihood(good))
    assert as_printed(bad) > as_printed(good)
