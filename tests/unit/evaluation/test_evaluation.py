"""Questions are read strictly and counted as the peers count (who are asked in tests/interop)."""

import math

import numpy as np
import pytest

from firth.errors import InputError
from firth.evaluation import analogies, evaluate_analogies, evaluate_similarity, kind_of
from firth.evaluation.questions import read_analogies, read_similarities
from firth.formats import VectorTable
from firth.vectors import WordVectors
from firth.vocabulary import Vocabulary


def make(words):
    return WordVectors(VectorTable(Vocabulary(list(words)), np.array(list(words.values()), np.float32)))


@pytest.fixture
def ask(tmp_path):
    def write(text, evaluate=None, *arguments, **options):
        path = tmp_path / "questions.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path if evaluate is None else evaluate(*arguments, path, **options)

    return write


PLANE = {
    "man": [1, 0.1, 0],
    "king": [1, 0.1, 1],
    "woman": [0.1, 1, 0],
    "queen": [0.1, 1, 1],
    "walk": [-1, 0.3, 0],
    "walked": [-1, 0.3, 1.2],
    "duke": [1, 0.2, 0.9],
}
FILE = """: family
man king woman queen
woman queen man king
king man queen woman
man king woman pope
: gram1-past
man king walk walked
: gram2-empty
x y z q
"""


def test_sections_and_totals(ask):
    result = ask(FILE, evaluate_analogies, make(PLANE))
    assert [(s.name, s.correct, s.answered, s.asked) for s in result.sections] == [
        ("family", 3, 3, 4),
        ("gram1-past", 1, 1, 1),
        ("gram2-empty", 0, 0, 1),
    ]
    for part, figures in (
        (result.total, (4, 4, 6)),
        (result.semantic, (3, 3, 4)),
        (result.syntactic, (1, 1, 2)),
    ):
        assert (part.correct, part.answered, part.asked) == figures
    assert result.total.accuracy == 1.0
    assert math.isnan(result.sections[2].accuracy)
    assert result.restrict == 7


def test_restrict_bounds_both_the_questions_and_the_answers(ask):
    vectors = make({**PLANE, "rival": PLANE["queen"]})
    moved = make({"rival": PLANE["queen"], **PLANE})
    assert ask(FILE, evaluate_analogies, vectors).sections[0].correct == 3
    # Of equal scores the first row wins, as in the peers.
    assert ask(FILE, evaluate_analogies, moved).sections[0].correct == 2
    assert ask(FILE, evaluate_analogies, vectors, restrict=4).total.answered == 3
    assert ask(FILE, evaluate_analogies, vectors, restrict=3).total.answered == 0
    assert ask(FILE, evaluate_analogies, vectors, restrict=None).restrict == 8
    with pytest.raises(InputError, match="restrict is 0"):
        ask(FILE, evaluate_analogies, vectors, restrict=0)
    with pytest.raises(InputError, match="restrict is -1"):
        ask("a b 1", evaluate_similarity, vectors, restrict=-1)


def test_case_is_ignored_unless_wanted(ask):
    vectors = make({word.capitalize(): row for word, row in PLANE.items()})
    assert ask(FILE, evaluate_analogies, vectors).total.correct == 4
    assert ask(FILE, evaluate_analogies, vectors, ignore_case=False).total.answered == 0
    assert ask("MAN king 3\nwoman QUEEN 2", evaluate_similarity, vectors).pairs_used == 2
    assert ask("MAN king 3\nwoman QUEEN 2", evaluate_similarity, vectors, ignore_case=False).pairs_used == 0


def test_a_word_of_the_question_in_other_case_is_no_answer(ask):
    # Both lie on the target; gensim passes over them, because they are words of the question.
    man, king, woman = (
        np.array(PLANE[word]) / np.linalg.norm(PLANE[word]) for word in ("man", "king", "woman")
    )
    rows = {**PLANE, "King": king - man + woman, "KING": king - man + woman}
    assert ask("man king woman queen", evaluate_analogies, make(rows)).total.correct == 1
    assert ask("man king woman queen", evaluate_analogies, make(rows), ignore_case=False).total.correct == 0


def test_of_words_that_differ_in_case_the_first_gives_the_vector_and_any_is_the_answer(ask):
    rows = {**PLANE, "Man": [0, 0, -1], "Queen": [0.1, 1, 1]}
    assert ask("man king woman queen", evaluate_analogies, make(rows)).total.correct == 1
    del rows["queen"]
    assert ask("man king woman queen", evaluate_analogies, make(rows)).total.correct == 1


@pytest.mark.parametrize(("rows", "questions"), [(1, 1), (3, 2), (100, 100)])
def test_blocks_do_not_change_the_counts(ask, rows, questions, monkeypatch):
    rng = np.random.default_rng(2)
    words = {f"w{i}": rng.normal(size=4) for i in range(90)}
    words |= {f"W{i}": rng.normal(size=4) for i in range(20)}
    lines = "\n".join(" ".join(f"w{i}" for i in rng.integers(0, 12, 4)) for _ in range(300))
    vectors = make({name: row for name, row in words.items() if name not in ("w3", "w5")})
    expected = ask(lines, evaluate_analogies, vectors)
    monkeypatch.setattr(analogies, "_BLOCK_ROWS", rows)
    monkeypatch.setattr(analogies, "_BLOCK_QUESTIONS", questions)
    assert ask(lines, evaluate_analogies, vectors) == expected
    assert 0 < expected.total.correct < expected.total.answered


def test_vectors_without_direction_are_no_answers(ask):
    rows = {**PLANE, "zero": [0, 0, 0], "nan": [np.nan, 1, 1]}
    result = ask(FILE + "zero king woman queen\nnan king woman queen\n", evaluate_analogies, make(rows))
    assert result.sections[0].correct == 3
    assert result.sections[2].answered == 2


def test_a_vocabulary_of_only_the_question_has_no_answer(ask):
    assert (
        ask("a b c a", evaluate_analogies, make({"a": [1, 0], "b": [0, 1], "c": [1, 1]})).total.correct == 0
    )


def test_similarity_is_the_rank_correlation_with_ties_at_their_mean(ask):
    vectors = make({"a": [1, 0], "b": [1, 0.1], "c": [1, 1], "d": [0, 1]})
    result = ask("a b 9\na c 5\na d 1\na unknown 7\n", evaluate_similarity, vectors)
    assert (result.spearman, result.pairs_used, result.pairs, result.coverage) == (
        pytest.approx(1.0),
        3,
        4,
        0.75,
    )
    assert ask("a b 1\na c 5\na d 9\n", evaluate_similarity, vectors).spearman == pytest.approx(-1)
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
    tied = ask("a d 1\na c 4\nc d 5\na b 5\n", evaluate_similarity, vectors).spearman
    assert tied == pytest.approx(np.corrcoef([1, 2, 3.5, 3.5], [1, 2.5, 2.5, 4])[0, 1])


def test_too_few_pairs_have_no_correlation(ask):
    vectors = make({"a": [1, 0], "b": [1, 0.1]})
    assert math.isnan(ask("a b 9\n", evaluate_similarity, vectors).spearman)
    assert math.isnan(ask("x y 9\n", evaluate_similarity, vectors).spearman)
    assert math.isnan(ask("a b 9\nb a 1\n", evaluate_similarity, vectors).spearman)


@pytest.mark.parametrize(
    "text",
    [
        "a b 9\nc d 1.5\n",
        "a\tb\t9\r\nc\td\t1.5\r\n",
        "a,b,9\nc,d,1.5",
        "a; b; 9\n\nc; d; 1.5",
        "\ufeffa b 9\nc d 1.5",
        "# taken from a book\na b 9\nc d 1.5",
        "Word 1,Word 2,Human (mean)\na,b,9\nc,d,1.5",
        "word1\tword2\tscore\na\tb\t9\nc\td\t1.5",
    ],
)
def test_pairs_are_read_whatever_parts_them(ask, text):
    assert read_similarities(ask(text)) == [("a", "b", 9.0), ("c", "d", 1.5)]
    assert kind_of(ask(text)) == "similarity"


def test_words_with_spaces_stand_between_tabs(ask):
    assert read_similarities(ask("new york\tcity\t9\n")) == [("new york", "city", 9.0)]


@pytest.mark.parametrize(
    "text", [FILE, "a b c d\n", "\ufeff: family\r\na b c d\r\n", "\n\n# y\n: in two words\n", ": a b\n"]
)
def test_analogies_are_recognised(ask, text):
    assert kind_of(ask(text)) == "analogies"


def test_analogies_without_a_heading_and_with_windows_line_ends(ask):
    (section,) = read_analogies(ask("a b c d\r\n\r\nA B C D\r\n"))
    assert section.name == ""
    assert section.questions == (("a", "b", "c", "d"), ("A", "B", "C", "D"))


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_analogies, ": s\na b c\n", "line 2: an analogy has four words"),
        (read_analogies, ": s\n\na b c d e\n", "line 3"),
        (read_analogies, ": s\n", "no questions"),
        (read_analogies, "", "no questions"),
        (read_similarities, "a b 1\nc d\n", "line 2"),
        (read_similarities, "a b 1\nc d x\n", "line 2"),
        (read_similarities, "a b 1\nc d nan\n", "line 2"),
        (read_similarities, "a b 1\nc d 2 3\n", "line 2"),
        (read_similarities, "word1 word2\na b 1\n", "line 1"),
        (read_similarities, "word1 word2 score\n", "no pairs"),
        (read_similarities, "", "no pairs"),
        (kind_of, "", "empty"),
        (kind_of, "once upon a time there was\n", "line 1"),
        (kind_of, b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_malformed_files_are_refused_with_the_line(ask, read, text, message):
    with pytest.raises(InputError, match=message):
        read(ask(text))


@pytest.mark.parametrize("read", [read_analogies, read_similarities, kind_of])
def test_what_cannot_be_opened_is_refused(read, tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "nothing")
    with pytest.raises(InputError, match="directory"):
        read(tmp_path)
