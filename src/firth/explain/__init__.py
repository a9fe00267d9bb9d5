"""One training step, shown as the lecture shows it: what ``firth explain`` prints, as data.

The worked example of the lecture is `lecture_example`; `model_example` takes the rows of any saved model.
`explain_step` computes a step and keeps everything on the way; `explain_steps` repeats it.

Examples
--------
>>> step = explain_step(lecture_example(), learning_rate=0.05)
>>> step.center, step.words
('ned', ('stark', 'pimples', 'zebra', 'idiot'))
>>> step.errors.round(3).tolist()
[-0.376, 0.553, 0.534, 0.467]
>>> step.new_hidden.round(3).tolist()
[0.029, 0.388, -0.35]
"""

from firth.explain.lecture import LEARNING_RATE, lecture_example
from firth.explain.model import draw_negatives, model_example
from firth.explain.step import Example, Step, explain_step, explain_steps

__all__ = [
    "LEARNING_RATE",
    "Example",
    "Step",
    "draw_negatives",
    "explain_step",
    "explain_steps",
    "lecture_example",
    "model_example",
]
