import dataclasses
import itertools
import json

import numpy as np
import pytest

from firth.errors import ConfigError
from firth.explain import Example, explain_step, explain_steps, lecture_example
from firth.objectives.descent import Embeddings
from firth.objectives.negative_sampling import gradients, loss


@pytest.fixture
def example():
    random = np.random.default_rng(7)
    return Example(
        words=["a", "b", "c", "d"],
        embeddings=Embeddings(input=random.normal(size=(4, 3)), output=random.normal(size=(4, 3))),
        center_id=0,
        positive_id=1,
        negative_ids=(2, 3),
    )


def test_step_holds_what_the_objective_computes(example):
    step = explain_step(example, learning_rate=0.1)
    v, u = example.embeddings.input, example.embeddings.output
    gradient = gradients(v[0], u[1], u[[2, 3]])
    assert step.loss == pytest.approx(loss(v[0], u[1], u[[2, 3]]))
    np.testing.assert_allclose(step.logits, u[[1, 2, 3]] @ v[0])
    np.testing.assert_allclose(step.errors, step.probabilities - step.labels)
    np.testing.assert_allclose(step.input_gradient, gradient.center)
    np.testing.assert_allclose(step.contributions.sum(axis=0), gradient.center)
    np.testing.assert_allclose(step.output_gradients, [gradient.positive, *gradient.negatives])
    np.testing.assert_allclose(step.new_hidden, v[0] - 0.1 * gradient.center)
    np.testing.assert_allclose(step.new_output_rows, step.old_output_rows - 0.1 * step.output_gradients)


def test_step_leaves_the_example_as_it_is(example):
    before = example.embeddings.output.copy()
    explain_step(example, learning_rate=0.1)
    assert np.array_equal(example.embeddings.output, before)


def test_repeated_draw_shows_the_row_moved_by_both_gradients(example):
    step = explain_step(dataclasses.replace(example, negative_ids=(2, 2)), learning_rate=0.1)
    moved = step.old_output_rows[1] - 0.1 * (step.output_gradients[1] + step.output_gradients[2])
    np.testing.assert_allclose(step.new_output_rows[1], moved)
    np.testing.assert_allclose(step.new_output_rows[2], moved)


def test_draw_that_is_the_context_word_counts_nothing(example):
    with_it = explain_step(dataclasses.replace(example, negative_ids=(1, 2)), learning_rate=0.1)
    without = explain_step(dataclasses.replace(example, negative_ids=(2,)), learning_rate=0.1)
    assert with_it.weights.tolist() == [1.0, 0.0, 1.0]
    assert with_it.errors[1] == 0.0
    assert with_it.loss == pytest.approx(without.loss)
    np.testing.assert_allclose(with_it.after.output, without.after.output)


def test_as_dict_is_plain_json_with_all_of_the_step(example):
    step = explain_step(example, learning_rate=0.1)
    said = json.loads(json.dumps(step.as_dict()))
    assert said["learning_rate"] == 0.1
    assert said["center"]["word"] == "a"
    assert said["center"]["new"] == step.new_hidden.tolist()
    assert [output["word"] for output in said["outputs"]] == ["b", "c", "d"]
    assert [output["label"] for output in said["outputs"]] == [1, 0, 0]
    assert [output["error"] for output in said["outputs"]] == step.errors.tolist()
    assert said["outputs"][2]["gradient"] == step.output_gradients[2].tolist()


def test_steps_follow_from_each_other_and_bring_the_errors_to_zero():
    steps = list(explain_steps(lecture_example(), steps=1000, learning_rate=0.05))
    assert len(steps) == 1000
    for before, after in itertools.pairwise(steps):
        assert np.array_equal(after.hidden, before.new_hidden)
        assert after.loss < before.loss
    assert np.abs(steps[0].errors).min() > 0.3
    assert np.abs(steps[-1].errors).max() < 0.002


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 10.1])
def test_learning_rate_out_of_range(example, rate):
    with pytest.raises(ConfigError, match=r"learning_rate is .*must be above 0 and at most 10"):
        explain_step(example, learning_rate=rate)


def test_learning_rate_that_leaves_the_numbers(example):
    huge = Embeddings(input=example.embeddings.input * 1e200, output=example.embeddings.output * -1e200)
    with pytest.raises(ConfigError, match="lower it"):
        explain_step(dataclasses.replace(example, embeddings=huge), learning_rate=10.0)


def test_number_of_steps_out_of_range(example):
    with pytest.raises(ConfigError, match="steps is 0"):
        list(explain_steps(example, steps=0, learning_rate=0.1))


def test_the_lecture_has_two_pairs():
    assert lecture_example(1).positive_id != lecture_example(2).positive_id
    with pytest.raises(ConfigError, match="pair is 3"):
        lecture_example(3)
