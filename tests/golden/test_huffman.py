"""The Huffman codes against those of gensim, which wrote the golden file."""

import json
from pathlib import Path

import numpy as np
import pytest

from firth.objectives.hierarchical_softmax import huffman_tree

GOLDEN = json.loads((Path(__file__).parent / "huffman.json").read_text(encoding="utf-8"))


def test_codes_and_points_are_those_of_gensim():
    expected = GOLDEN["without_ties"]
    tree = huffman_tree(expected["counts"])
    for word, (points, codes) in enumerate(zip(expected["points"], expected["codes"], strict=True)):
        assert tree.path(word)[0].tolist() == points
        assert tree.path(word)[1].tolist() == codes


@pytest.mark.parametrize("case", ["without_ties", "with_ties"])
def test_codes_are_as_short_as_those_of_gensim(case):
    """gensim's heap breaks ties in an order of its own; the expected length is the least in any order."""
    expected = GOLDEN[case]
    lengths = np.diff(huffman_tree(expected["counts"]).offsets)
    assert lengths @ expected["counts"] == np.dot(
        [len(code) for code in expected["codes"]], expected["counts"]
    )
