"""Vectors in repositories of the Hugging Face Hub: ``hf://OWNER/NAME``.

A repository holds the native format, as model2vec and sentence-transformers load it by the same name, and a page that
says so; ``hf://OWNER/NAME@REVISION`` is an earlier state, ``hf://OWNER/NAME/PATH`` a single file of any format. The
Hub's own client does the work, with its cache, its token (``hf auth login`` or ``HF_TOKEN``) and its endpoint
(``HF_ENDPOINT``).
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from firth.errors import FormatError, InputError, OutputError
from firth.formats import native
from firth.formats.compact import check_dtype
from firth.formats.extras import needed
from firth.formats.table import VectorTable

_ADDRESS = re.compile(r"hf:/{1,2}(?P<repository>[^/@]+/[^/@]+)(?:@(?P<revision>[^/]+))?(?:/(?P<path>.+))?")
_FILES = ("model.safetensors", "tokenizer.json", "config.json", "modules.json", "firth/*")
_OF_OTHERS = "0_StaticEmbedding/*"
_PAGE = "README.md"


class Address(NamedTuple):
    """A place on the Hub.

    Parameters
    ----------
    repository : str
        ``OWNER/NAME``.
    revision : str or None
        A branch, a tag or a commit; None for the newest state.
    path : str or None
        A file in it; None for all of it.
    """

    repository: str
    revision: str | None
    path: str | None

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"hf://{self.repository}{revision}" + (f"/{self.path}" if self.path else "")


def address_of(path: str | os.PathLike[str]) -> Address | None:
    """Return the place on the Hub that `path` names; None where it is a path of this machine.

    Raises
    ------
    InputError
        It begins as one and is none.
    """
    text = os.fspath(path).replace("\\", "/")  # a Path, which the command line makes of it, loses a slash
    return parsed(text) if text.startswith("hf:/") else None


def parsed(text: str) -> Address:
    """Return the place on the Hub that ``hf://OWNER/NAME`` names.

    Raises
    ------
    InputError
        It is none.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r:.80} is no place on the Hugging Face Hub: write hf://OWNER/NAME")
    return Address(match["repository"], match["revision"], match["path"])


def fetched(address: Address) -> Path:
    """Return where a repository or file lies on this machine, fetched if the Hub has it newer.

    Raises
    ------
    MissingExtraError
        The client is not installed.
    FormatError
        There is no such repository, revision or file, or it cannot be fetched.
    """
    hub = needed("huggingface_hub", "hub", str(address))
    place: dict[str, Any] = {"repo_id": address.repository, "revision": address.revision}
    try:
        with _quiet():
            if address.path is not None:
                return Path(hub.hf_hub_download(filename=address.path, **place))
            return Path(hub.snapshot_download(allow_patterns=[*_FILES, _OF_OTHERS], **place))
    except Exception as error:
        raise FormatError(f"cannot fetch {address}: {_said(error)}") from error


def push(
    table: VectorTable,
    address: Address,
    *,
    overwrite: bool = False,
    dtype: str = "float32",
    private: bool = True,
    token: str | None = None,
) -> None:
    """Make a repository, or a new state of one, that holds the native format.

    Parameters
    ----------
    table : VectorTable
    address : Address
        Without a path; its revision must be a branch that exists.
    overwrite : bool
        Replace what an existing repository holds of the format; its page and other files stay.
    dtype : {"float32", "float16", "int8"}
        How matrices are stored.
    private : bool
        Whether a new repository is for its owner only.
    token : str, optional
        Instead of the one that the client knows.

    Raises
    ------
    MissingExtraError
        The client is not installed.
    InputError
        `address` names a file, or `dtype` is none of these.
    OutputError
        The repository exists and `overwrite` is false, or it cannot be written.
    """
    if address.path is not None:
        raise InputError(
            f"cannot write {address}: a whole repository is written; leave out {address.path!r:.60}"
        )
    check_dtype(dtype)
    hub = needed("huggingface_hub", "hub", str(address))
    client = hub.HfApi(token=token, library_name="firth")
    with _reporting(address):
        there = client.repo_exists(address.repository)
    if there and not overwrite:
        raise OutputError(f"cannot write {address}: it exists already; choose another name or overwrite it")
    with tempfile.TemporaryDirectory(prefix="firth-hub-") as name:
        folder = Path(name) / "vectors"
        native.write(table, folder, dtype=dtype)
        with _reporting(address), _quiet():
            client.create_repo(address.repository, private=private, exist_ok=there)
            if not (there and client.file_exists(address.repository, _PAGE, revision=address.revision)):
                (folder / _PAGE).write_text(_page(table, address), "utf-8")
            client.upload_folder(
                repo_id=address.repository,
                revision=address.revision,
                folder_path=folder,
                commit_message="Upload word vectors with firth",
                delete_patterns=list(_FILES) if there else None,
            )


@contextlib.contextmanager
def _reporting(address: Address) -> Iterator[None]:
    """Report what goes wrong with the Hub, whichever library says so."""
    try:
        yield
    except Exception as error:
        raise OutputError(f"cannot write {address}: {_said(error)}") from error


def _said(error: Exception) -> str:
    """Return what the client says, on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text:.400}; check the name, the network and your token (hf auth login)"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the client's bars for terminals."""
    utils = needed("huggingface_hub.utils", "hub", "the Hugging Face Hub")
    if sys.stderr.isatty() or utils.are_progress_bars_disabled():
        yield
        return
    utils.disable_progress_bars()
    try:
        yield
    finally:
        utils.enable_progress_bars()


def _page(table: VectorTable, address: Address) -> str:
    n_words, dim = table.embeddings.shape
    settings = table.metadata.get("settings")
    model = settings.get("model", "") if isinstance(settings, Mapping) else ""
    return f"""---
library_name: model2vec
tags:
- word-vectors
- static-embeddings
- firth
- sentence-transformers
---

# {address.repository.partition("/")[2]}

{n_words:,} word vectors of {dim} dimensions{f", trained as {model}" if model else ""}.

```python
import firth

vectors = firth.load("{address}")
vectors.neighbors({table.vocabulary.words[0]!r})
```

They load in model2vec, `StaticModel.from_pretrained("{address.repository}")`, and in sentence-transformers,
`SentenceTransformer("{address.repository}")`, too.
"""
