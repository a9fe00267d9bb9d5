"""gensim's own files, ``.kv`` and ``.model``: read without running the pickles that they are; never written.

A pickle of gensim's describes a model as attributes. Of these, words, counts and matrices are taken from the
description (`firth.formats.pickles`); large matrices lie beside in ``FILE.vectors.npy`` and the like. FastText's models
bring the rows of their n-grams, and models with negative sampling their output embeddings. Settings are left behind.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.errors import FormatError, InputError
from firth.files import read_whole
from firth.formats import arrays, stream
from firth.formats.pickles import MAGIC, Built, Name, read_pickle
from firth.formats.table import VectorTable
from firth.subwords import Subwords
from firth.vocabulary import Vocabulary
from firth.words import Words

NAME = "gensim"

_HEAD = 512
_MOST_BYTES = 1 << 36
# What gensim's pickles name besides gensim itself, none of which is looked up.
_KNOWN = frozenset(
    {
        *(f"collections.{name}" for name in ("OrderedDict", "defaultdict", "deque", "Counter")),
        *(
            f"{module}.{name}"
            for module in ("builtins", "__builtin__")
            for name in (
                *("object", "set", "frozenset", "int", "long", "float", "str", "list", "dict", "bytearray"),
                *("hash", "tuple", "bool", "complex", "slice", "range", "xrange", "unicode"),
            )
        ),
        *("copyreg._reconstructor", "copy_reg._reconstructor", "_codecs.encode"),
    }
)
_ARRAYS = frozenset({"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"})
_BUFFERS = frozenset({"numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"})


def recognises(path: Path) -> bool:
    """Return whether `path` is a pickle that begins with a class of gensim's."""
    if path.is_dir():
        return False
    head = stream.head(path)[:_HEAD]
    return head.startswith(MAGIC) and b"gensim.models" in head


def write(table: VectorTable, path: Path, *, overwrite: bool = False) -> None:  # noqa: ARG001 (as all do)
    """Refuse to write a pickle.

    Raises
    ------
    InputError
        Always; the message says what gensim reads.
    """
    raise InputError(
        f"cannot write {path} in gensim's own format, which is a pickle: use word2vec-binary, which gensim reads with "
        "KeyedVectors.load_word2vec_format(path, binary=True), or fasttext, which load_facebook_model(path) reads"
    )


def read(path: Path, *, memory_map: bool = True) -> VectorTable:
    """Read words, vectors and what else there is of counts, n-grams and output embeddings.

    Parameters
    ----------
    path : Path
        The file that ``save`` wrote; what it wrote beside it must be there, too.
    memory_map : bool
        Map matrices that lie in files of their own.

    Raises
    ------
    FormatError
        The file is truncated or damaged, holds something else than vectors of words, or names a class or a function
        that is neither gensim's nor needed for arrays.
    """
    with stream.reading(path):
        pass  # for its errors: no such file, a pipe
    try:
        data = read_whole(path, _MOST_BYTES)
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    root = _Object(read_pickle(data, _is_known, path), path, str(path), memory_map)
    keyed = root.part("wv") if "wv" in root.attributes else root
    words = keyed.words()
    counts = keyed.counts(words)
    if keyed.has("vectors_ngrams") and keyed.number("max_n") and keyed.hashes_as_fasttext():
        return _with_ngrams(path, root, keyed, words, counts)
    names = [name for name in ("vectors", "syn0", "vectors_vocab") if keyed.has(name)]
    if not names:
        raise FormatError(f"{path} holds words but no vectors of them: it is no model of word vectors")
    rows = keyed.matrix(names[0])
    metadata = {"gensim": {"numbers": True}} if keyed.has_numbers() else {}
    table = stream.table(path, [word.encode() for word in words], rows, counts)
    table = dataclasses.replace(table, metadata=metadata)
    return _with_outputs(table, root, len(words))


def _with_ngrams(
    path: Path, root: _Object, keyed: _Object, words: list[str], counts: NDArray[np.int64] | None
) -> VectorTable:
    """Return a model of FastText's, its vectors composed anew."""
    if len(set(words)) < len(words):
        raise FormatError(f"{path} is damaged: a word stands in it twice")
    ngrams = keyed.matrix("vectors_ngrams")
    try:
        subwords = Subwords(
            min_n=keyed.number("min_n"),
            max_n=keyed.number("max_n"),
            buckets=len(ngrams),
            word_rows=np.ascontiguousarray(keyed.matrix("vectors_vocab")),
            bucket_rows=ngrams,
        )
        vocabulary = Vocabulary(words, counts)
        table = VectorTable(vocabulary, subwords.known(Words.of(words)), subwords=subwords)
    except InputError as error:
        raise FormatError(f"{path} is damaged: {error}") from error
    return _with_outputs(table, root, len(words))


def _with_outputs(table: VectorTable, root: _Object, n_words: int) -> VectorTable:
    """Add the output embeddings of negative sampling, if they are there for these words."""
    if not root.has("syn1neg") or len(table.vocabulary) != n_words:
        return table
    outputs = root.matrix("syn1neg")
    if outputs.shape != table.embeddings.shape:
        return table
    return dataclasses.replace(table, output_embeddings=outputs)


def _is_known(name: Name) -> bool:
    text = str(name)
    own = name.module == "gensim" or name.module.startswith("gensim.")
    of_numpy = name.module == "numpy" or name.module.startswith(("numpy.", "scipy.sparse"))
    return own or of_numpy or text in _KNOWN


class _Object:
    """An object of gensim's as its pickle describes it.

    Parameters
    ----------
    described : object
        What the pickle says.
    path : Path
        The file, for messages.
    prefix : str
        How the names of files with its matrices begin.
    memory_map : bool
        Whether to map these.

    Raises
    ------
    FormatError
        It is none.
    """

    def __init__(self, described: Any, path: Path, prefix: str, memory_map: bool) -> None:
        self._path, self._prefix, self._memory_map = path, prefix, memory_map
        state = described.state if type(described) is Built else None
        if type(state) is tuple and state:
            state = state[0]
        if type(state) is not dict:
            raise FormatError(f"{path} holds no model of gensim's that has vectors of words")
        self.attributes: Mapping[str, Any] = state

    def part(self, name: str) -> _Object:
        """Return an object that belongs to this one."""
        return _Object(self.attributes[name], self._path, f"{self._prefix}.{name}", self._memory_map)

    def has(self, name: str) -> bool:
        """Return whether there is an array of this name, here or beside."""
        return isinstance(self.attributes.get(name), Built) or self._beside(name)

    def number(self, name: str) -> int:
        """Return a whole number, 0 where there is none."""
        value = self.attributes.get(name, 0)
        if type(value) is not int or not 0 <= value < 2**31:
            raise FormatError(f"{self._path} is damaged: {name!r} is no whole number")
        return value

    def hashes_as_fasttext(self) -> bool:
        """Return whether n-grams are found as fastText finds them; gensim's first versions took other rows."""
        return self.attributes.get("compatible_hash", True) is True and "hash2index" not in self.attributes

    def words(self) -> list[str]:
        """Return the keys in the order of the rows."""
        listed = self._keys()
        if type(listed) is not list or not listed:
            raise FormatError(
                f"{self._path} holds no list of words with vectors: it is another model of gensim's than Word2Vec, "
                "FastText, Doc2Vec or KeyedVectors"
            )
        if not set(map(type, listed)) <= {str, int, Built}:
            raise FormatError(f"{self._path} has words that are neither text nor numbers; save them as text")
        try:
            words = [word if type(word) is str else str(_whole(word)) for word in listed]
            "".join(words).encode()
        except ValueError as error:
            raise FormatError(f"{self._path} has a word that is no text: {error}; rename it") from error
        return words

    def has_numbers(self) -> bool:
        """Return whether the keys that `words` has returned as text are whole numbers."""
        return all(type(word) is not str for word in self._keys())

    def _keys(self) -> Any:
        return self.attributes.get("index_to_key", self.attributes.get("index2word"))

    def counts(self, words: list[str]) -> NDArray[np.int64] | None:
        """Return the counts of words, if they are there."""
        expandos = self.attributes.get("expandos")
        if type(expandos) is dict and isinstance(expandos.get("count"), Built):
            values = _array(expandos["count"], self._path)
            if values.shape == (len(words),) and values.dtype.kind in "iu":
                return values.astype(np.int64)
        vocab = self.attributes.get("vocab")  # before gensim 4
        if type(vocab) is dict:
            entries = [getattr(vocab.get(word), "state", None) for word in words]
            counted = [entry.get("count") if type(entry) is dict else None for entry in entries]
            if all(type(count) is int and 0 <= count < 2**62 for count in counted):
                return np.array(counted, np.int64)
        return None

    def matrix(self, name: str) -> NDArray[np.float32]:
        """Return a matrix, from the pickle or from the file beside it."""
        value = self.attributes.get(name)
        if isinstance(value, Built):
            return arrays.matrix(_array(value, self._path), f"{name!r} of {self._path}")
        beside = Path(f"{self._prefix}.{name}.npy")
        if not self._beside(name) or not beside.exists():
            raise FormatError(
                f"{self._path} needs {beside}, which lies beside it where gensim saved it: copy that, too"
            )
        return arrays.matrix(arrays.map_array(beside, memory_map=self._memory_map), beside)

    def _beside(self, name: str) -> bool:
        listed = self.attributes.get("__numpys")
        return type(listed) is list and name in listed


def _whole(value: Any) -> int:
    """Return a key that is a number of Python's or NumPy's."""
    if type(value) is Built:
        dtype: Any = None
        raw: Any = None
        if len(value.arguments) == 2:
            dtype, raw = value.arguments
        kind = _dtype(dtype)
        if (
            value.kind.name != "scalar"
            or kind is None
            or kind.kind not in "iu"
            or len(_raw(raw)) != kind.itemsize
        ):
            raise ValueError("a key of another kind")
        return int(np.frombuffer(_raw(raw), kind)[0])
    if type(value) is not int or abs(value) > 2**64:
        raise ValueError("a key of another kind")
    return value


def _array(described: Built, path: Path) -> NDArray[Any]:
    """Make the array that a pickle describes, of numbers that are there.

    Raises
    ------
    FormatError
        It is none, is damaged, or holds Python objects.
    """
    kind = str(described.kind)
    state: Any = described.state
    if kind in _ARRAYS and type(state) is tuple and len(state) == 5:
        _, shape, dtype, fortran_order, raw = state
    elif kind in _BUFFERS and len(described.arguments) == 4:
        raw, dtype, shape, order = described.arguments
        fortran_order = order == "F"
    else:
        raise FormatError(f"{path} holds {kind!r:.80} where an array must be")
    numbers, content = _dtype(dtype), _raw(raw)
    if numbers is None:
        raise FormatError(f"{path} holds an array of something else than numbers")
    if (
        type(shape) is not tuple
        or not 1 <= len(shape) <= 2
        or not all(type(n) is int and n > 0 for n in shape)
    ):
        raise FormatError(f"{path} is damaged: an array has no shape of one or two numbers")
    if math.prod(shape) * numbers.itemsize != len(content):
        raise FormatError(f"{path} is damaged: an array and its bytes do not fit together")
    return np.frombuffer(content, numbers).reshape(shape, order="F" if fortran_order is True else "C")


def _dtype(described: Any) -> np.dtype[Any] | None:
    """Return the kind of number that a pickle describes, or None."""
    if type(described) is not Built or str(described.kind) != "numpy.dtype" or not described.arguments:
        return None
    code: Any = described.arguments[0]
    code = code.decode("latin-1") if type(code) is bytes else code
    if type(code) is not str or code not in {f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8)} - {
        "f1"
    }:
        return None
    state: Any = described.state
    order = state[1] if type(state) is tuple and len(state) > 1 else "<"
    order = order.decode("latin-1") if type(order) is bytes else order
    return np.dtype(code).newbyteorder(">" if order == ">" else "<")


def _raw(value: Any) -> bytes | memoryview:
    """Return bytes as protocol 2 to 5 describe them; none where it is something else."""
    if type(value) is Built and str(value.kind) == "_codecs.encode" and value.arguments:
        text = value.arguments[0]  # Python 3 writing protocol 2, which knows no bytes
        if type(text) is not str:
            return b""
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return b""
    if type(value) is Built and value.kind.name == "bytearray" and value.arguments:
        return _raw(value.arguments[0])
    return value if isinstance(value, bytes | memoryview) else b""
