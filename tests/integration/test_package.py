"""The wheel is built, installed apart from the sources, and used from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import firth

ROOT = Path(__file__).parents[2]


def run(*command, cwd, **environment):
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The built wheel; hatchling is called without isolation, so that no network is needed."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds the installed wheel and nothing else, to be put before everything else."""
    target = tmp_path_factory.mktemp("installed")
    run(
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(wheel),
        cwd=target,
    )
    return target


@pytest.mark.skipif("FIRTH_TESTED" not in os.environ, reason="the sources are tested, not the wheel")
def test_what_is_tested_is_the_wheel(tmp_path):
    assert Path(firth.__file__).parent == Path(os.environ["FIRTH_TESTED"]) / "firth"
    assert Path(run("-c", "import firth; print(firth.__file__)", cwd=tmp_path).stdout.strip()) == Path(
        firth.__file__
    )


def test_one_wheel_serves_every_platform(wheel):
    assert wheel.name == f"firth-{firth.__version__}-py3-none-any.whl"


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel):
    sources = ROOT / "src"
    wanted = {
        path.relative_to(sources).as_posix()
        for path in (sources / "firth").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packaged = {name for name in names if ".dist-info/" not in name}
    assert packaged == wanted
    assert "firth/py.typed" in packaged
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_metadata_say_what_a_user_needs_to_know(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    assert f"\nVersion: {firth.__version__}\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata


def test_the_installed_command_runs(installed, tmp_path):
    (script,) = (path for path in (installed / "bin").iterdir() if path.stem == "firth")
    result = run(str(script), "--version", cwd=tmp_path, PYTHONPATH=str(installed))
    assert result.stdout == f"firth {firth.__version__}\n"


def test_the_installed_package_trains_and_answers(installed, tmp_path):
    (tmp_path / "corpus.txt").write_text("the cat sat on the mat\nthe dog sat on the rug\n" * 30)
    program = """
import firth
print(firth.__file__)
config = firth.SkipGram(dim=8, epochs=2, min_count=1, subsample=0.0)
firth.train("corpus.txt", config, output="vectors", threads=1)
print(firth.load("vectors").neighbors("cat", k=3)[0][0])
"""
    result = run("-c", program, cwd=tmp_path, PYTHONPATH=str(installed))
    home, neighbor = result.stdout.splitlines()
    assert Path(home).is_relative_to(installed)
    assert neighbor in {"the", "sat", "on", "mat", "dog", "rug"}
