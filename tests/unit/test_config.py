import dataclasses
import json
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from firth.config import CBOW, MODELS, FastText, SkipGram, TextOptions, settings_from_dict
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
    for cls in (*MODELS.values(), TextOptions):
        texts = [kind.__doc__ for kind in cls.__mro__ if dataclasses.is_dataclass(kind)]
        described = re.findall(r"^ *(\w+(?:, \w+)*) : ", "\n".join(texts), re.MULTILINE)
        named = {name for group in described for name in group.split(", ")}
        assert named == {field.name for field in dataclasses.fields(cls)}


CHOSEN = {
    "skipgram": {"loss": "hierarchical-softmax", "schedule": "cosine"},
    "cbow": {"combine": "sum", "position_weights": True, "negatives": 7},
    "fasttext": {"architecture": "cbow", "min_n": 2, "max_n": 4, "buckets": np.int64(1000)},
    "glove": {"x_max": 100, "symmetric": False, "memory_limit": 1 << 30},
}


@pytest.mark.parametrize("name", MODELS)
def test_the_settings_of_each_model_survive_json(name):
    settings = MODELS[name](**CHOSEN[name])
    assert settings_from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


def test_settings_of_a_newer_firth_are_refused():
    with pytest.raises(ConfigError, match="glove has no setting 'beta': use a newer firth"):
        settings_from_dict({"model": "glove", "beta": 1})
    with pytest.raises(
        ConfigError, match="model is 'bert', but must be one of skipgram, cbow, fasttext, glove"
    ):
        settings_from_dict({"model": "bert"})


@pytest.mark.parametrize("name", ["schedule", "loss"])
def test_a_choice_is_one_of_its_names(name):
    with pytest.raises(ConfigError, match=f"{name} is 'fast', but must be '[a-z-]+', .* or '"):
        SkipGram(**{name: "fast"})


@pytest.mark.parametrize("loss", ["hierarchical-softmax", "softmax"])
@pytest.mark.parametrize(
    ("name", "value"), [("negatives", 7), ("noise_exponent", 0.5), ("exclude_window_negatives", True)]
)
def test_options_of_noise_are_refused_where_none_is_drawn(loss, name, value):
    with pytest.raises(
        ConfigError, match=f"{name} is {value}, but {loss} draws no noise words: leave it out"
    ):
        SkipGram(loss=loss, **{name: value})


def test_both_losses_have_the_options_of_noise():
    loss = "hierarchical-softmax+negative-sampling"
    settings = CBOW(loss=loss, negatives=7, noise_exponent=0.5, exclude_window_negatives=True)
    assert settings.draws_noise
    assert settings.follows_paths
    assert settings_from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


def test_the_gradient_of_a_sum_is_no_choice():
    with pytest.raises(ConfigError, match="cbow_gradient is 'exact', but of a sum each row"):
        CBOW(combine="sum", cbow_gradient="exact")


def test_n_grams_have_a_shortest_and_a_longest():
    with pytest.raises(ConfigError, match="min_n is 5, but must not be above max_n, which is 4"):
        FastText(min_n=5, max_n=4)
    assert FastText(min_n=3, max_n=0).max_n == 0


def test_a_tokenizer_is_a_name_a_regular_expression_or_a_function():
    for tokenize in ("whitespace", "words", r"\d+", re.compile(r"\w"), str.split):
        assert TextOptions(tokenize=tokenize).tokenize is tokenize
    with pytest.raises(ConfigError, match=r"tokenize is '\(', which is neither 'whitespace' nor 'words'"):
        TextOptions(tokenize="(")


def test_what_to_do_with_bad_bytes_is_one_of_two_things():
    with pytest.raises(ConfigError, match="decode_errors is 'ignore', but must be 'strict' or 'replace'"):
        TextOptions(decode_errors="ignore")
