"""Training: the plan, the loop and what it returns."""

from firth.training.loop import Standing
from firth.training.model import TrainedModel
from firth.training.progress import Callback, Epoch, Progress
from firth.training.train import train

__all__ = ["Callback", "Epoch", "Progress", "Standing", "TrainedModel", "train"]
