import dataclasses
import inspect
import json
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.config import SkipGram, TextOptions
from firth.errors import ConfigError

WHOLE = {
    "dim": (1, 65_536),
    "window": (1, 1_000),
    "negatives": (1, 1_000),
    "shared_negatives": (1, 1_024),
    "epochs": (1, 1_000_000),
    "min_count": (1, 2**62),
    "max_vocab": (2, 2**31 - 1),
    "seed": (0, 2**63 - 1),
}
REAL = {
    "noise_exponent": (-10.0, 10.0),
    "subsample": (0.0, 1.0),
    "learning_rate": (0.0, 10.0),
    "min_learning_rate": (0.0, 10.0),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_are_taken_up_to_their_limits(name):
    low, high = WHOLE[name]
    for value in (low, high):
        assert getattr(SkipGram(**{name: value}), name) == value
    for value in (low - 1, high + 1, low + 0.5, str(low), True, math.nan):
        with pytest.raises(
            ConfigError, match=f"^{name} is {re.escape(repr(value))}, but must be a whole number"
        ):
            SkipGram(**{name: value})


@pytest.mark.parametrize("name", REAL)
def test_real_numbers_are_taken_up_to_their_limits(name):
    low, high = REAL[name]
    other = {"learning_rate": 10.0} if name == "min_learning_rate" else {"min_learning_rate": 0.0}
    assert getattr(SkipGram(**{name: high}, **other), name) == high
    for value in (low - 1, high + 1, math.nan, math.inf, "0.5", None, True):
        with pytest.raises(ConfigError, match=f"^{name} is .*but must be a number"):
            SkipGram(**{name: value}, **other)


def test_a_learning_rate_of_zero_would_learn_nothing():
    with pytest.raises(ConfigError, match="learning_rate is 0, but must be a number above 0, up to 10"):
        SkipGram(learning_rate=0, min_learning_rate=0)


def test_the_learning_rate_never_rises():
    with pytest.raises(ConfigError, match=r"min_learning_rate is 0\.1, but must not be above learning_rate"):
        SkipGram(min_learning_rate=0.1)


def test_numbers_of_numpy_are_numbers():
    config = SkipGram(dim=np.int32(50), learning_rate=np.float32(0.5), subsample=0)
    assert config == SkipGram(dim=50, learning_rate=0.5, subsample=0.0)
    assert json.loads(json.dumps(config.as_dict()))["dim"] == 50


def test_stop_words_are_several_words():
    assert SkipGram(stop_words=["the", "of"]).stop_words == ("the", "of")
    with pytest.raises(ConfigError, match="stop_words is the string 'the', but must be several words"):
        SkipGram(stop_words="the")


def test_settings_cannot_be_changed_and_have_no_order():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SkipGram().dim = 5
    with pytest.raises(TypeError):
        SkipGram(100)


@settings(deadline=None, max_examples=30)
@given(
    dim=st.integers(1, 65_536),
    rate=st.floats(1e-6, 10.0),
    stop_words=st.lists(st.text(), max_size=3),
    max_vocab=st.none() | st.integers(2, 2**31 - 1),
)
def test_as_dict_goes_through_json_and_back(dim, rate, stop_words, max_vocab):
    config = SkipGram(
        dim=dim, learning_rate=rate, min_learning_rate=0.0, stop_words=stop_words, max_vocab=max_vocab
    )
    plain = json.loads(json.dumps(config.as_dict()))
    assert plain.pop("model") == "skipgram"
    assert SkipGram(**plain) == config


def test_every_setting_is_described():
    for cls in (SkipGram, TextOptions):
        described = set(re.findall(r"^(\w+(?:, \w+)*) : ", inspect.getdoc(cls), re.MULTILINE))
        named = {name for group in described for name in group.split(", ")}
        assert named == {field.name for field in dataclasses.fields(cls)}


def test_a_tokenizer_is_a_name_a_regular_expression_or_a_function():
    for tokenize in ("whitespace", "words", r"\d+", re.compile(r"\w"), str.split):
        assert TextOptions(tokenize=tokenize).tokenize is tokenize
    with pytest.raises(ConfigError, match=r"tokenize is '\(', which is neither 'whitespace' nor 'words'"):
        TextOptions(tokenize="(")


def test_what_to_do_with_bad_bytes_is_one_of_two_things():
    with pytest.raises(ConfigError, match="decode_errors is 'ignore', but must be 'strict' or 'replace'"):
        TextOptions(decode_errors="ignore")
