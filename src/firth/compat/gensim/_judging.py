"""Judging keyed vectors by analogies and by similarities, as gensim reports it."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firth.compat.gensim._queries import Queries
from firth.errors import InputError
from firth.evaluation.analogies import judge
from firth.evaluation.questions import Lookup, Section, read_analogies
from firth.files import read_whole
from firth.formats import VectorTable
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary
from firth.words import Words

_log = logging.getLogger(__name__)

Judged = dict[str, Any]
_CANDIDATES = 5


class Judging(Queries):
    """The evaluations of gensim's ``KeyedVectors``."""

    def evaluate_word_analogies(
        self,
        analogies: str | os.PathLike[str],
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[Judged]]:
        """Ask the analogies of a file, such as Google's ``questions-words.txt``.

        Parameters
        ----------
        analogies : path
            Lines of four words, under lines of ``: section``.
        restrict_vocab : int, optional
            Only the first so many keys are known and are answers.
        case_insensitive : bool
            Take keys that differ in case only for one.
        dummy4unknown : bool
            Count questions with unknown words as wrong, instead of leaving them out.
        similarity_function : str
            The method that answers: ``"most_similar"`` or ``"most_similar_cosmul"``.

        Returns
        -------
        score : float
            The share of right answers, 0 to 1.
        sections : list of dict
            For each section and, last, for all of them together: ``"section"``, its name, ``"correct"`` and
            ``"incorrect"``, lists of the questions.

        Raises
        ------
        InputError
            The file cannot be read, or a line has not four words.
        """
        asked = read_analogies(analogies)
        names = [str(key) for key in self.index_to_key]
        limit = len(names) if not restrict_vocab else min(restrict_vocab, len(names))
        if similarity_function == "most_similar":
            embeddings = np.ascontiguousarray(self.vectors, np.float32)
            vectors = WordVectors(VectorTable(Vocabulary(names), embeddings))
            known, correct = judge(vectors, asked, limit=limit, ignore_case=case_insensitive)
        else:
            known, correct = self._judge_with(similarity_function, asked, limit, case_insensitive)
        sections, at = [], 0
        for section in asked:
            result: Judged = {"section": section.name, "correct": [], "incorrect": []}
            for question in section.questions:
                shown = tuple(word.upper() for word in question) if case_insensitive else question
                if known[at] or dummy4unknown:
                    result["correct" if correct[at] else "incorrect"].append(shown)
                at += 1
            sections.append(result)
        total: Judged = {
            "section": "Total accuracy",
            **{
                name: [one for result in sections for one in result[name]]
                for name in ("correct", "incorrect")
            },
        }
        return self.log_accuracy(total), [*sections, total]

    def evaluate_word_pairs(
        self,
        pairs: str | os.PathLike[str],
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Compare the cosines of pairs of keys with the scores that people gave them.

        Parameters
        ----------
        pairs : path
            Lines of two words and a score; others are passed over.
        delimiter : str
            What stands between them.
        encoding : str
            Of the file.
        restrict_vocab : int, optional
            Only the first so many keys are known.
        case_insensitive : bool
            Take keys that differ in case only for one.
        dummy4unknown : bool
            Give pairs with unknown words the similarity 0, instead of leaving them out.

        Returns
        -------
        pearson, spearman : result of scipy.stats
            Each with ``statistic`` and ``pvalue``.
        oov_ratio : float
            The share of pairs with unknown words, in percent.

        Raises
        ------
        InputError
            The file cannot be read, or holds no two pairs that are known.
        """
        from scipy import stats

        names = [str(key) for key in self.index_to_key]
        limit = len(names) if not restrict_vocab else min(restrict_vocab, len(names))
        lookup = Lookup(Words.of(names), limit, case_insensitive)
        cosines, scores, unknown = [], [], 0
        for first, second, score in _pairs(Path(pairs), delimiter, encoding):
            low, high = lookup.rows((first, second)).tolist()
            unknown += low < 0 or high < 0
            if low >= 0 and high >= 0:
                cosines.append(
                    float(self.cosine_similarities(self.vectors[low], self.vectors[high : high + 1])[0])
                )
            elif dummy4unknown:
                cosines.append(0.0)
            else:
                continue
            scores.append(score)
        if len(scores) < 2:
            raise InputError(
                f"{pairs} holds {len(scores)} pairs with known words, but two are needed at least"
            )
        pearson, spearman = stats.pearsonr(scores, cosines), stats.spearmanr(scores, cosines)
        ratio = 100.0 * unknown / (unknown + len(scores) - (unknown if dummy4unknown else 0))
        self.log_evaluate_word_pairs(pearson.statistic, spearman.statistic, ratio, pairs)
        return pearson, spearman, ratio

    @staticmethod
    def log_accuracy(section: Judged) -> float:
        """Log the share of right answers of a section and return it; 0 where there are none."""
        correct, incorrect = len(section["correct"]), len(section["incorrect"])
        share = correct / (correct + incorrect) if correct + incorrect else 0.0
        _log.info("%s: %.1f%% (%d/%d)", section["section"], 100 * share, correct, correct + incorrect)
        return share

    @staticmethod
    def log_evaluate_word_pairs(pearson: float, spearman: float, oov: float, pairs: object) -> None:
        """Log what came out of `evaluate_word_pairs`."""
        _log.info("%s: Pearson %.4f, Spearman %.4f, %.1f%% unknown", pairs, pearson, spearman, oov)

    def _judge_with(
        self, method: str, asked: list[Section], limit: int, ignore_case: bool
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return of each question whether its words are known, and whether a method answers it right."""
        answer = getattr(self, method, None)
        if answer is None:
            raise InputError(
                f"similarity_function is {method!r:.60}, but must be the name of a method of the vectors"
            )
        lookup = Lookup(Words.of(map(str, self.index_to_key)), limit, ignore_case)
        known, correct = [], []
        for question in (question for section in asked for question in section.questions):
            rows = lookup.rows(question)
            known.append(bool((rows >= 0).all()))
            if not known[-1]:
                correct.append(False)
                continue
            a, b, c = (self.index_to_key[row] for row in rows[:3].tolist())
            found = answer(positive=[b, c], negative=[a], topn=_CANDIDATES, restrict_vocab=limit)
            answers = lookup.first[[self.get_index(key) for key, _ in found]]
            allowed = answers[~np.isin(answers, rows[:3])]
            correct.append(bool(len(allowed) and allowed[0] == rows[3]))
        return np.array(known, np.bool_), np.array(correct, np.bool_)


def _pairs(path: Path, delimiter: str, encoding: str) -> Iterator[tuple[str, str, float]]:
    """Yield two words and a score from each line that holds them."""
    try:
        text = read_whole(path, 1 << 28).decode(encoding)
    except (OSError, ValueError, LookupError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    for number, line in enumerate(text.split("\n"), 1):
        fields = [field.strip() for field in line.split(delimiter)]
        if line.startswith("#") or not line.strip():
            continue
        try:
            first, second, score = fields[0], fields[1], float(fields[2])
        except (IndexError, ValueError):
            score = math.nan
        if math.isfinite(score) and len(fields) == 3:
            yield first, second, score
        else:
            _log.info("%s, line %d is not two words and a score: passed over", path, number)
