"""The sub-commands of ``firth fasttext`` that ask a model, with fastText's output."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from firth.classifier.lines import tokenized_lines
from firth.errors import ConfigError, InputError

_STDIN = "-"
_DIGITS = 5


def _load(arguments: Sequence[str], usage: str, least: int, most: int) -> tuple[Any, list[str]]:
    """Return the model that the first argument names, and the other arguments."""
    if not least <= len(arguments) <= most:
        raise ConfigError(f"{len(arguments)} arguments are given, but must be: firth fasttext {usage}")
    from firth.compat.fasttext import load_model

    return load_model(arguments[0]), list(arguments[1:])


def _test(arguments: Sequence[str], each: bool = False) -> None:
    name = "test-label" if each else "test"
    model, rest = _load(arguments, f"{name} MODEL TEXT [K] [THRESHOLD]", 2, 4)
    k, threshold = _k_and_threshold(rest[1:])
    with _path(rest[0]) as path:
        judged = model.judge(path, k, threshold)
    if each:
        for label in model.labels:
            score = judged.by_label.get(label)
            numbers = (math.nan,) * 3 if score is None else (score.f1, score.precision, score.recall)
            told = (
                f"{what} : {'--------' if math.isnan(number) else f'{number:.6f}'}"
                for what, number in zip(("F1-Score", "Precision", "Recall"), numbers, strict=True)
            )
            _say("  ".join(told) + f"   {label}")
    _say(f"N\t{judged.n_texts}")
    _say(f"P@{k}\t{judged.precision:.3g}")
    _say(f"R@{k}\t{judged.recall:.3g}")


def _test_label(arguments: Sequence[str]) -> None:
    _test(arguments, each=True)


def _predict(arguments: Sequence[str], probabilities: bool = False) -> None:
    name = "predict-prob" if probabilities else "predict"
    model, rest = _load(arguments, f"{name} MODEL TEXT [K] [THRESHOLD]", 2, 4)
    k, threshold = _k_and_threshold(rest[1:])
    with _path(rest[0]) as path:
        for said in model.predicted(tokenized_lines(path), k, threshold):
            _say(" ".join(f"{label} {number:g}" if probabilities else label for label, number in said))


def _predict_prob(arguments: Sequence[str]) -> None:
    _predict(arguments, probabilities=True)


def _print_word_vectors(arguments: Sequence[str]) -> None:
    model, _ = _load(arguments, "print-word-vectors MODEL < WORDS", 1, 1)
    for line in _input():
        for word in line.split():
            _say(f"{word} {_numbers(model.get_word_vector(word))}")


def _print_sentence_vectors(arguments: Sequence[str]) -> None:
    model, _ = _load(arguments, "print-sentence-vectors MODEL < TEXT", 1, 1)
    for line in _input():
        _say(_numbers(model.get_sentence_vector(line)))


def _print_ngrams(arguments: Sequence[str]) -> None:
    model, (word,) = _load(arguments, "print-ngrams MODEL WORD", 2, 2)
    parts, rows = model.get_subwords(word)
    for part, row in zip(parts, rows, strict=False):
        _say(f"{part} {_numbers(model.get_input_vector(int(row)))}")


def _nn(arguments: Sequence[str]) -> None:
    model, rest = _load(arguments, "nn MODEL [K]", 1, 2)
    k = _whole(rest[0], "K") if rest else 10
    for line in _asked("Query word? "):
        for word in line.split():
            _tell(model.get_nearest_neighbors(word, k))


def _analogies(arguments: Sequence[str]) -> None:
    model, rest = _load(arguments, "analogies MODEL [K]", 1, 2)
    k = _whole(rest[0], "K") if rest else 10
    for line in _asked("Query triplet (A - B + C)? "):
        words = line.split()
        if len(words) != 3:
            raise InputError(f"{line!r:.60} is given, but must be three words: A B C")
        _tell(model.get_analogies(*words, k))


def _dump(arguments: Sequence[str]) -> None:
    model, (what,) = _load(arguments, "dump MODEL args|dict|input|output", 2, 2)
    if what == "args":
        from firth.compat.fasttext._program import file_arguments

        for name, value in file_arguments(model).items():
            _say(f"{name} {value}")
    elif what == "dict":
        kinds = [(*model.get_words(include_freq=True), "word")]
        if model.labels != model.words:
            kinds.append((*model.get_labels(include_freq=True), "label"))
        _say(str(sum(len(words) for words, _, _ in kinds)))
        for words, counts, kind in kinds:
            for word, count in zip(words, counts.tolist(), strict=True):
                _say(f"{word} {count} {kind}")
    elif what in ("input", "output"):
        matrix = model.get_input_matrix() if what == "input" else model.get_output_matrix()
        _say(f"{matrix.shape[0]} {matrix.shape[1]}")
        for row in matrix:
            _say(" ".join(f"{number:g}" for number in row.tolist()))
    else:
        raise ConfigError(f"dump is asked for {what!r:.60}, but must be args, dict, input or output")


QUERIES: dict[str, Callable[[Sequence[str]], None]] = {
    "test": _test,
    "test-label": _test_label,
    "predict": _predict,
    "predict-prob": _predict_prob,
    "print-word-vectors": _print_word_vectors,
    "print-sentence-vectors": _print_sentence_vectors,
    "print-ngrams": _print_ngrams,
    "nn": _nn,
    "analogies": _analogies,
    "dump": _dump,
}
"""The sub-commands that ask a model, in the order in which they are listed."""


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _numbers(vector: Iterable[float]) -> str:
    return "".join(f"{float(number):.{_DIGITS}g} " for number in vector)


def _tell(found: list[tuple[float, str]]) -> None:
    for score, word in found:
        _say(f"{word} {score:g}")


def _input() -> Iterator[str]:
    """Yield the lines of standard input; bytes that are not UTF-8 become U+FFFD."""
    source = getattr(sys.stdin, "buffer", None)
    lines = sys.stdin if source is None else io.TextIOWrapper(source, "utf-8", "replace", newline="\n")
    for line in lines:
        yield line.rstrip("\r\n")


def _asked(question: str) -> Iterator[str]:
    """Yield the lines of standard input, each asked for on standard output as fastText does."""
    sys.stdout.write(question)
    sys.stdout.flush()
    for line in _input():
        yield line
        sys.stdout.write(question)
        sys.stdout.flush()


def _k_and_threshold(rest: Sequence[str]) -> tuple[int, float]:
    k = _whole(rest[0], "K") if rest else 1
    if len(rest) < 2:
        return k, 0.0
    try:
        return k, float(rest[1])
    except ValueError as error:
        raise ConfigError(f"THRESHOLD is {rest[1]!r:.60}, but must be a number") from error


def _whole(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ConfigError(f"{name} is {text!r:.60}, but must be a whole number") from error


class _path:  # noqa: N801 (used as a function)
    """The path of a text; of standard input, that of a file that holds it as long as this is entered."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> Path:
        if self._name != _STDIN:
            return Path(self._name)
        import tempfile

        self._folder = tempfile.TemporaryDirectory(prefix="firth-")
        path = Path(self._folder.name) / "stdin"
        source: Any = getattr(sys.stdin, "buffer", None)
        path.write_bytes(sys.stdin.read().encode() if source is None else source.read())
        return path

    def __exit__(self, *_: object) -> None:
        if self._name == _STDIN:
            self._folder.cleanup()
