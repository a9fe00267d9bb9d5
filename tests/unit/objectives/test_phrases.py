import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from firth.objectives.phrases import discounted_ratio, normalized_mutual_information

COUNTS = st.integers(1, 10**6)


@given(pair=COUNTS, first=COUNTS, second=COUNTS, discount=st.integers(0, 50), scale=st.integers(1, 10**9))
def test_the_discounted_ratio_is_equation_6_times_the_scale(pair, first, second, discount, scale):
    exact = Fraction(pair - discount, first * second) * scale
    (got,) = discounted_ratio([pair], [first], [second], discount=discount, scale=scale)
    assert got == pytest.approx(float(exact), rel=1e-14, abs=0)


@given(pair=COUNTS, first=COUNTS, second=COUNTS)
def test_npmi_is_the_information_over_its_largest_possible_value(pair, first, second):
    n = 10**7
    (got,) = normalized_mutual_information([pair], [first], [second], n_tokens=n)
    information = math.log(pair) + math.log(n) - math.log(first) - math.log(second)
    assert got == pytest.approx(information / (math.log(n) - math.log(pair)), abs=1e-12)


def test_npmi_at_its_landmarks():
    together = normalized_mutual_information([7], [7], [7], n_tokens=1_000)
    independent = normalized_mutual_information([10], [100], [100], n_tokens=1_000)
    np.testing.assert_allclose([*together, *independent], [1, 0], atol=1e-15)
    apart = normalized_mutual_information([1], [10**6], [10**6], n_tokens=4 * 10**6)
    assert -1 < apart[0] < -0.7


def test_no_pairs_have_no_scores():
    assert discounted_ratio([], [], [], discount=5, scale=1).shape == (0,)
    scores = normalized_mutual_information([], [], [], n_tokens=9)
    assert (scores.shape, scores.dtype) == ((0,), np.float64)
