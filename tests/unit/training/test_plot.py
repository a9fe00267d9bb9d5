"""The picture of the loss, and what is refused before a run that it should show."""

from __future__ import annotations

import importlib.util

import pytest

import firth
from firth.cli.app import main
from firth.errors import InputError, MissingExtraError, OutputError
from firth.training import Epoch, plot_history

ARGUMENTS = [
    "--min-count",
    "1",
    "--dim",
    "4",
    "--epochs",
    "3",
    "--held-out",
    "0.2",
    "--subsample",
    "0",
    "--no-cache",
    "--quiet",
]


def history(*held_out):
    return [
        Epoch(
            epoch=i + 1,
            loss=3 - i,
            pairs=9,
            seconds=1,
            words_per_second=1,
            learning_rate=1,
            held_out_loss=loss,
        )
        for i, loss in enumerate(held_out)
    ]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("the king and the queen\nthe dog, the cat\n" * 300, "utf-8")
    return path


@pytest.mark.parametrize(("name", "begin"), [("a.png", b"\x89PNG"), ("b.SVG", b"<?xml"), ("c.pdf", b"%PDF")])
def test_a_run_draws_its_losses(name, begin, corpus, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / name
    assert main(["train", str(corpus), "-o", str(tmp_path / "out"), "--plot", str(picture), *ARGUMENTS]) == 0
    assert picture.read_bytes().startswith(begin)
    assert len(firth.load(tmp_path / "out").metadata["history"]) == 3


@pytest.mark.parametrize("losses", [(None,), (None, None), (2.0, 1.5, 1.6), (2.0, None)])
def test_what_is_drawn_are_the_numbers(losses, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *args, **options: figures.append(self))
    plot_history(history(*losses), tmp_path / "loss.png")
    lines = figures[0].axes[0].lines
    assert list(lines[0].get_ydata()) == [3 - i for i in range(len(losses))]
    assert len(lines) == (1 if set(losses) == {None} else 2)
    assert [line.get_label() for line in lines] == ["trained on", "held out"][: len(lines)]


def test_what_cannot_be_drawn_is_refused_before_the_run(corpus, tmp_path, capfd, monkeypatch):
    pytest.importorskip("matplotlib")
    output = tmp_path / "out"
    for path, message in (
        (tmp_path / "loss.txt", "must end with one of"),
        (tmp_path / "no" / "a.png", "no folder"),
    ):
        assert main(["train", str(corpus), "-o", str(output), "--plot", str(path), *ARGUMENTS]) == 2
        assert message in capfd.readouterr().err
    assert not output.exists()
    with pytest.raises(InputError, match="no epoch was finished"):
        plot_history([], tmp_path / "loss.png")
    with pytest.raises(OutputError):
        plot_history(history(None), tmp_path / "no" / "loss.png")


def test_without_matplotlib_the_command_that_installs_it_is_told(corpus, tmp_path, capfd, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "matplotlib" else find(name, *rest)
    )
    with pytest.raises(MissingExtraError, match=r"pip install 'firth\[plot\]'"):
        plot_history(history(None), tmp_path / "loss.png")
    assert main(["train", str(corpus), "-o", str(tmp_path / "out"), "--plot", "a.png", *ARGUMENTS]) == 2
    assert "pip install 'firth[plot]'" in capfd.readouterr().err
