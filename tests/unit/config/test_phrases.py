import numpy as np
import pytest

from firth.config.phrases import THRESHOLDS, PhraseOptions
from firth.errors import ConfigError


def test_one_number_is_for_all_passes_and_several_are_for_one_each():
    options = PhraseOptions(passes=3, min_count=4, threshold=[3, 2.5, 2])
    assert options.min_counts == (4, 4, 4)
    assert options.thresholds == (3.0, 2.5, 2.0)


@pytest.mark.parametrize(("score", "threshold"), THRESHOLDS.items())
def test_each_score_has_a_threshold_of_its_own(score, threshold):
    assert PhraseOptions(score=score, passes=2).thresholds == (threshold, threshold)


def test_numbers_of_numpy_and_sets_of_words_become_plain_values():
    options = PhraseOptions(min_count=np.int32(3), threshold=np.float32(0.5), connector_words={"b", "a"})
    assert options.as_dict() == {
        "score": "word2phrase",
        "passes": 1,
        "min_count": [3],
        "threshold": [0.5],
        "connector_words": ["a", "b"],
        "delimiter": "_",
    }
    assert PhraseOptions(**options.as_dict()).as_dict() == options.as_dict()
    assert hash(options) == hash(PhraseOptions(min_count=3, threshold=0.5, connector_words=("b", "a", "a")))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"score": "pmi"}, "score is 'pmi', but must be 'word2phrase', 'gensim' or 'npmi'"),
        ({"score": ["npmi"]}, "score is"),
        ({"passes": 0}, "passes is 0, but must be a whole number from 1 to 100"),
        ({"passes": 1.0}, "passes is 1.0"),
        ({"min_count": 0}, "min_count is 0, but must be a whole number from 1"),
        ({"min_count": "5"}, "min_count is '5'"),
        ({"min_count": (5, 0), "passes": 2}, "min_count is 0"),
        ({"min_count": (5, 4)}, "min_count has 2 values, but passes is 1: give one for each pass"),
        ({"threshold": (1.0,), "passes": 2}, "threshold has 1 values, but passes is 2"),
        ({"threshold": -0.5}, "threshold is -0.5, but must be a number of at least 0 for word2phrase"),
        ({"threshold": -1, "score": "gensim"}, "of at least 0 for gensim"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"threshold": float("inf")}, "threshold is inf"),
        ({"threshold": True}, "threshold is True"),
        (
            {"threshold": 1.01, "score": "npmi"},
            "threshold is 1.01, but must be a number from -1 to 1 for npmi",
        ),
        ({"threshold": -1.01, "score": "npmi"}, "threshold is -1.01"),
        ({"delimiter": ""}, "delimiter is '', but must be text of one character or more"),
        ({"delimiter": 5}, "delimiter is 5"),
        ({"delimiter": "\ud800"}, "delimiter is"),
        ({"connector_words": "of the"}, "connector_words is 'of the', but must be several words"),
        ({"connector_words": None}, "connector_words is None"),
        ({"connector_words": [b"of"]}, "a connector word is b'of'"),
        ({"connector_words": ["\ud800"]}, "a connector word is"),
    ],
)
def test_what_is_out_of_range_is_refused(values, message):
    with pytest.raises(ConfigError) as caught:
        PhraseOptions(**values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("threshold", [-1, 1, 0])
def test_the_limits_themselves_are_allowed(threshold):
    assert PhraseOptions(score="npmi", threshold=threshold).thresholds == (threshold,)
