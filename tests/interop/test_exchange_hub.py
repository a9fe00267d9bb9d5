"""The Hugging Face Hub, by its own client against a stand-in for its server on this machine.

The client reads its settings when it is imported, so that each use is a process of its own.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import firth
from interop.hub_double import running

pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")


@pytest.fixture
def hub():
    with running() as hub:
        yield hub


@pytest.fixture
def run(hub, tmp_path):
    """Run a program that knows the stand-in for the Hub, and an empty cache."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(tmp_path / "hub"),
        "HF_TOKEN": "hf_notoken",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
    }
    environment.pop("HF_HUB_OFFLINE", None)

    def program(*arguments, status=0):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return program


@pytest.mark.exchange("hf://", "huggingface_hub", "both")
def test_vectors_go_to_the_hub_and_come_back(exchanged, hub, run, tmp_path, check_same):
    exchanged.save(tmp_path / "vectors")
    told = run("-m", "firth", "convert", tmp_path / "vectors", "hf://me/words", "--json")
    assert told.stderr == ""
    assert hub.repositories["me/words"]["private"]
    assert set(hub.tokens) == {"Bearer hf_notoken", None}  # large files go by an address of their own
    _, files = hub.files("me/words")
    assert {"model.safetensors", "tokenizer.json", "firth/metadata.json", "README.md"} <= files.keys()
    assert 'firth.load("hf://me/words")' in files["README.md"].decode()
    run("-m", "firth", "convert", "hf://me/words", tmp_path / "back")
    check_same(firth.load(tmp_path / "back"), exchanged, counts=True)
    # A second state, in fewer bytes; the first is still there.
    refused = run("-m", "firth", "convert", tmp_path / "vectors", "hf://me/words", status=2)
    assert "exists already" in refused.stderr
    run("-m", "firth", "convert", tmp_path / "vectors", "hf://me/words", "--dtype", "int8", "--overwrite")
    found = json.loads(run("-m", "firth", "neighbors", "hf://me/words", "king", "-k", "1", "--json").stdout)
    assert exchanged.neighbors("king", k=1)[0].word in json.dumps(found, ensure_ascii=False)
    run("-m", "firth", "convert", f"hf://me/words@{1:040x}", tmp_path / "first")
    check_same(firth.load(tmp_path / "first"), exchanged, counts=True)


@pytest.mark.exchange("hf://", "model2vec", "out")
def test_model2vec_loads_the_repository_by_its_name(exchanged, hub, run, tmp_path):
    pytest.importorskip("model2vec")
    exchanged.save(tmp_path / "vectors")
    push = "import sys, firth; firth.load(sys.argv[1]).push_to_hub('me/words', private=False)"
    run("-c", push, tmp_path / "vectors")
    assert not hub.repositories["me/words"]["private"]
    encode = "import model2vec; print(model2vec.StaticModel.from_pretrained('me/words').encode('the king').tolist())"
    encoded = json.loads(run("-c", encode).stdout.splitlines()[-1])
    np.testing.assert_allclose(encoded, exchanged[["the", "king"]].mean(axis=0), atol=1e-6)


def test_a_file_of_any_format_is_fetched(exchanged, hub, run, tmp_path, check_same):
    one = exchanged.subset(["the", "king"])
    one.save(tmp_path / "vectors.bin")
    content = {"old/vectors.bin": (tmp_path / "vectors.bin").read_bytes()}
    hub.repositories["some/where"] = {"private": False, "states": [content]}
    run("-m", "firth", "convert", "hf://some/where/old/vectors.bin", tmp_path / "back")
    check_same(firth.load(tmp_path / "back"), one)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("hf://no/body", "cannot fetch hf://no/body"),
        ("hf://nobody", "no place on the Hugging Face Hub"),
        ("hf://some/where/else.bin", "cannot fetch hf://some/where/else.bin"),
        ("hf://some/where", "a folder without firth/metadata.json"),
        ("hf://some/where@never", "cannot fetch hf://some/where@never"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(source, reason, hub, run):
    hub.repositories["some/where"] = {"private": False, "states": [{"config.json": b"{}"}]}
    told = run("-m", "firth", "info", source, status=2)
    assert reason in told.stderr
    assert told.stderr.count("\n") == 1
