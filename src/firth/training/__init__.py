"""Training: the plan, the loop and what it returns."""

from firth.training.callbacks import Callback
from firth.training.model import TrainedModel
from firth.training.plot import plot_history
from firth.training.progress import Epoch, Progress
from firth.training.progress_bar import ProgressBar
from firth.training.session import train
from firth.training.standing import Standing

__all__ = [
    "Callback",
    "Epoch",
    "Progress",
    "ProgressBar",
    "Standing",
    "TrainedModel",
    "plot_history",
    "train",
]
