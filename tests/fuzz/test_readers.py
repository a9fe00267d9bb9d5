"""Every reader against damaged files: a valid result or a `FirthError`, in bounded memory and time."""

from __future__ import annotations

import faulthandler
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from fuzz.mutations import mutate
from fuzz.oracle import check
from fuzz.reader import clear
from fuzz.readers import READERS

KEPT = Path(__file__).parent / "found"
_HANG = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz")
    yield path
    clear(path)


@pytest.fixture(autouse=True)
def _watchdog():
    """End the process where a compiled loop does not: no exception reaches it there."""
    faulthandler.dump_traceback_later(_HANG, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.mark.parametrize("name", READERS)
def test_valid_files_are_read(name, folder):
    outcomes = [check(READERS[name], seed, folder) for seed in READERS[name].seeds()]
    assert outcomes.count("refused") == (4 if name == "compressed corpus" else 0)  # empty text, four times


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_files_are_read_or_refused(name, folder, data):
    seeds = READERS[name].seeds()
    content = mutate(
        lambda low, high: data.draw(st.integers(low, high)), data.draw(st.sampled_from(seeds)), seeds
    )
    check(READERS[name], content, folder)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200))
def test_noise_is_read_or_refused(name, folder, content):
    check(READERS[name], content, folder)


@pytest.mark.parametrize("path", sorted(KEPT.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_once_stays_mended(path, folder):
    name = path.parent.name.replace("_", " ")
    if name not in READERS:
        pytest.skip(f"{name} needs pyarrow")
    check(READERS[name], path.read_bytes(), folder)
