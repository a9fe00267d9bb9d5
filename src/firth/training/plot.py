"""A picture of how the loss fell."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

from firth.errors import InputError, MissingExtraError, OutputError
from firth.files import replacing
from firth.training.progress import Epoch

_SIZE = (8.0, 4.5)
_DOTS_PER_INCH = 150
_MARKED_UP_TO = 40


def check_plot(path: str | os.PathLike[str]) -> None:
    """Refuse a picture that could not be drawn, before hours are spent on what it shows.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    InputError
        The extension names no kind of picture.
    OutputError
        There is no such folder.
    """
    target = Path(path)
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("a plot needs matplotlib, which is not installed: pip install 'firth[plot]'")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    kinds = FigureCanvasAgg.get_supported_filetypes()
    if target.suffix[1:].lower() not in kinds:
        raise InputError(
            f"the plot {target} ends with {target.suffix!r}, but must end with one of {', '.join(sorted(kinds))}: "
            "loss.png for example"
        )
    if not target.absolute().parent.is_dir():
        raise OutputError(
            f"cannot write {target}: there is no folder {target.parent}; make it, or choose another"
        )


def plot_history(history: Sequence[Epoch], path: str | os.PathLike[str]) -> None:
    """Draw the loss of each epoch and, where documents were held out, theirs.

    Parameters
    ----------
    history : sequence of Epoch
        Of a `TrainedModel`.
    path : path
        A picture; its extension says of which kind: ``.png``, ``.svg``, ``.pdf``.

    Raises
    ------
    InputError
        No epoch was finished, or the extension names no kind of picture.
    MissingExtraError
        matplotlib is not installed.
    OutputError
        The file cannot be written.
    """
    check_plot(path)
    if not history:
        raise InputError("there is nothing to plot: no epoch was finished")
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    epochs = [epoch.epoch for epoch in history]
    marker = "o" if len(history) <= _MARKED_UP_TO else ""
    axes.plot(epochs, [epoch.loss for epoch in history], marker=marker, label="trained on")
    held_out = [epoch.held_out_loss for epoch in history]
    if any(loss is not None for loss in held_out):
        losses = [float("nan") if loss is None else loss for loss in held_out]
        axes.plot(epochs, losses, marker=marker, linestyle="--", label="held out")
        axes.legend(frameon=False)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss, mean per pair")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=_DOTS_PER_INCH, format=Path(path).suffix[1:].lower())
