"""Places on the Hugging Face Hub, as far as they need no client; the rest is in tests/interop."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

import firth
from firth import formats
from firth.errors import FormatError, InputError, MissingExtraError, OutputError
from firth.formats import VectorTable, hub
from firth.vocabulary import Vocabulary


@pytest.fixture
def table():
    words = Vocabulary(["to", "be"], [2, 1])
    return VectorTable(words, np.eye(2, 3, dtype=np.float32), metadata={"settings": {"model": "skipgram"}})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("hf://me/words", ("me/words", None, None)),
        ("hf:/me/words", ("me/words", None, None)),
        ("hf://me/words@v1.0", ("me/words", "v1.0", None)),
        ("hf://me/words/deep/in/it.bin", ("me/words", None, "deep/in/it.bin")),
        ("hf://me/words@main/it.vec", ("me/words", "main", "it.vec")),
    ],
)
def test_addresses(text, wanted):
    address = hub.address_of(text)
    assert tuple(address) == wanted
    assert hub.address_of(Path(text)) == address
    assert hub.address_of(str(address)) == address


@pytest.mark.parametrize("path", ["vectors", "/hf/words", "hf", "a:/b", Path("hf"), "me/words"])
def test_paths_of_this_machine_are_none(path):
    assert hub.address_of(path) is None


@pytest.mark.parametrize("text", ["hf://", "hf://me", "hf://me/", "hf:///words", "hf://me@v1/words"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InputError, match="write hf://OWNER/NAME"):
        hub.address_of(text)


def test_a_missing_client_is_named_with_its_remedy(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for use in (
        lambda: firth.load("hf://me/words"),
        lambda: formats.write(table, "hf://me/words"),
        lambda: firth.WordVectors(table).push_to_hub("me/words"),
    ):
        with pytest.raises(
            MissingExtraError, match=r"hf://me/words.* needs huggingface_hub.*pip install 'firth\[hub\]'"
        ):
            use()


def test_only_whole_repositories_are_written_and_only_in_the_native_format(table):
    with pytest.raises(InputError, match="the Hub takes the native format"):
        formats.write(table, "hf://me/words", format="glove")
    with pytest.raises(InputError, match="a whole repository is written"):
        formats.write(table, "hf://me/words/vectors.bin")
    with pytest.raises(InputError, match="dtype is 'int4'"):
        formats.write(table, "hf://me/words", dtype="int4")


def test_what_the_client_raises_is_told_on_one_line(table, monkeypatch):
    def fail(*args, **options):
        raise ConnectionError("no\nroute\nto host")

    client = types.SimpleNamespace(repo_exists=fail)
    utils = types.SimpleNamespace(are_progress_bars_disabled=lambda: True)
    fake = types.SimpleNamespace(
        snapshot_download=fail, hf_hub_download=fail, HfApi=lambda **options: client, utils=utils
    )
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    monkeypatch.setitem(sys.modules, "huggingface_hub.utils", utils)
    for address in ("hf://me/words", "hf://me/words/a.bin"):
        with pytest.raises(FormatError, match=r"cannot fetch hf://me/words.*: no route to host; check"):
            firth.load(address)
    with pytest.raises(OutputError, match=r"cannot write hf://me/words: no route to host; check"):
        formats.write(table, "hf://me/words")
