"""Grading many rows at once is grading each of them, and both are what a reader says."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from golden import CASES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from abstain.rewards import (
    AbstentionDetector,
    AbstentionReward,
    ConfidenceTarget,
    FixedPenalty,
    Judgement,
    Verdict,
    alias_match,
    auto_match,
)
from abstain.rewards.answer_grader import AnswerGrader
from abstain.rewards.matching.match import Aliases, aliases_of_rows
from abstain.rewards.matching.plain import SHORT, plain_words
from abstain.rewards.matching.text import normalize

JUDGED = Path(__file__).parents[2] / "data_files" / "judged_answers" / "free_text_answers.jsonl"
READERS = Path(__file__).parents[3] / "benchmarks" / "readers" / "third"
NAMES = (
    *(
        "Paris",
        "the Beatles",
        "A Flat",
        "a a",
        "Bb",
        "E flat",
        "U. S. A.",
        "I",
        "a",
        "The",
        "O'Brien",
        "New-York",
        "i i",
    ),
    *("1987", "12 May 1776", "May 12, 1776", "1776-05-12", "5", "five", "World War II", "world war 2", "$5k", "5000"),
    *("5 km", "5000 m", "6 / 3", "2", "- 5", "5%", "about 5", "12th", "twelfth", "1e3", "1000", "No one", "Unknown"),
    *("Maybe I'm Amazed", "São Paulo", "AC/DC", "R&B", "C#", "\0", "\1", "x\0y", "It is Paris", "in Paris", "", "..."),
    *("I don't know", "a\x1cb", "May", "It may be Paris", "1,000", "½", "007", "7", "9" * 45, "x" * SHORT, "x" * 300),
)
FRAMES = (
    *(
        "{}",
        "{}",
        "{}",
        "{}.",
        "the {}",
        "The answer is {}.",
        "Answer: {}",
        "ANSWER: {}",
        "  {}\n",
        "<b>{}</b>",
        "`{}`",
    ),
    *("I don't know", "I don’t know.", "I'm not sure, but {}", "Perhaps {}", "{}, but I'm not certain.", "It is {}"),
    *(
        "{}. Actually, I don't know.",
        "{}, no, wait, Rome",
        "<think>{}</think> {}",
        "<think>{}",
        "final{}",
        "analysisThey ask.assistantfinal{}",
        "{} or {}",
        "{}\n{}",
    ),
)
texts = st.one_of(
    st.builds(lambda frame, name: frame.replace("{}", name), st.sampled_from(FRAMES), st.sampled_from(NAMES)),
    st.text(max_size=30),
    st.text("aI i.,-/12 '\0\1flt&the", max_size=12),
)
rows = st.lists(
    st.tuples(texts, st.lists(st.one_of(st.sampled_from(NAMES), texts), min_size=1, max_size=4)), max_size=9
)


@settings(max_examples=150, deadline=None)
@given(rows, st.sampled_from(("I don't know", "pass", "the end", "a", "No answer (A)")))
@example([("6 / 3", ["2"]), ("5000", ["$5k"]), ("Paris", ["paris"]), ("12 May 1776", ["May 1776"])], "pass")
@example([("a a", ["aa"]), ("a I x", ["aix"]), ("b flat", ["Bb"]), ("I I", ["ii", "2"])], "pass")
def test_a_batch_is_judged_as_its_rows_are(given_rows: list[tuple[str, list[str]]], phrase: str) -> None:
    check_batch(alias_match(abstention=phrase), given_rows)


@settings(max_examples=50, deadline=None)
@given(rows, st.sampled_from(("I don't know", "pass", "the end")))
@example([("Sea Shells", ["seashells"]), ("Shells of the sea", ["sea shell"]), ("twelve", ["12"])], "pass")
@example([("12 May 1776", ["Paris", "May 1776"]), ("No Mo", ["2565"]), ("Paris or Rome", ["Rome"])], "pass")
def test_a_batch_of_texts_that_may_state_an_answer_is_judged_as_its_rows_are(
    given_rows: list[tuple[str, list[str]]], phrase: str
) -> None:
    check_batch(auto_match(abstention=phrase), given_rows)


PIECES = str.split(
    "sky skies box boxes berry berries run running slow slowing slowed sea shells seashells new york john johnny smith"
    " smithson jr the of in and war 2 ii two twelve 12 12th may 1931 1792 3 km m 3000 gas gases pass passes process red"
    " reds redness ring rings king kings US U.S. St saint St. Louis x y i a no or is it It's Paris, Paris-Nord 5% 0.5"
)
spoken = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map(" ".join)
framed = st.builds(
    lambda text, frame: frame(text), spoken, st.sampled_from((str, str.title, str.upper, "It is {}.".format))
)


@settings(max_examples=200, deadline=None)
@given(framed, st.lists(st.one_of(spoken, framed), min_size=1, max_size=3))
@example("Skies", ["sky"])
@example("smith, john", ["John Q. Smith"])
@example("28 May 1931", ["28 May"])
@example("Zeus's", ["Zeus"])
@example("the vertebral column", ["have a vertebral column"])
@example("Seattle", ["Seattle, Washington"])
@example("Dan Daylewis", ["Daniel Day-Lewis"])
def test_a_text_that_surely_states_no_answer_has_the_verdict_of_a_search(text: str, answers: list[str]) -> None:
    check_batch(auto_match(), [(text, answers)])


def test_readers_texts_in_a_batch_have_the_verdicts_of_each_alone() -> None:
    lines = [line for path in sorted(READERS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    given = [json.loads(line) for line in lines[::20]]
    answers = [row["answers"] for row in given]
    others = [[*answers[i - 5], accepted[0]] for i, accepted in enumerate(answers)]
    rows = [(row["text"], row["answers"]) for row in given] + [
        (answers[i - 7][0], other) for i, other in enumerate(others)
    ]
    for grade in (alias_match(), auto_match()):
        check_batch(grade, rows)


def check_batch(grade: AnswerGrader, given_rows: list[tuple[str, list[str]]]) -> None:
    completions, answers = [text for text, _ in given_rows], [accepted for _, accepted in given_rows]
    assert grade.grade_batch(completions, answers) == [grade(c, a) for c, a in given_rows]


@settings(max_examples=100, deadline=None)
@given(st.lists(texts, max_size=9))
def test_plain_words_are_those_of_the_normal_form(given_texts: list[str]) -> None:
    found = plain_words(given_texts)
    assert len(found) == len(given_texts)
    for text, words in zip(given_texts, found, strict=True):
        assert not words or " ".join(words) == normalize(text)
    assert plain_words(["The Rolling Stones!", "U.S.A.", "3.5", "a b"]) == [["rolling", "stones"], [], [], []]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), max_size=6))
def test_accepted_answers_are_normalised_together_as_they_are_alone(given_rows: list[list[str]]) -> None:
    together = aliases_of_rows([[*row, "unseen"] for row in given_rows])
    assert [each.keys for each in together] == [Aliases((*row, "unseen")).keys for row in given_rows]


def test_the_golden_table_in_one_batch_has_its_verdicts() -> None:
    cases = [case for case in CASES if case.grader == "short-answer" and not case.cut and case.choices is None]
    judged = alias_match().grade_batch([case.completion for case in cases], [case.answers for case in cases])
    assert len(cases) > 150
    differing = [
        (case.id, case.verdict, judgement.verdict.value)
        for case, judgement in zip(cases, judged, strict=True)
        if judgement.verdict.value != case.verdict
    ]
    assert differing == []


# Decided by reading, each with what it is accepted for.
READ: list[tuple[str, list[str], str]] = [
    ("Paris", ["Paris"], "correct"),
    ("the Beatles.", ["Beatles"], "correct"),
    ("  SÃO PAULO\n", ["São Paulo"], "correct"),
    ("Rome", ["Paris"], "wrong"),
    ("", ["Paris"], "wrong"),
    ("Paris or Rome", ["Paris"], "wrong"),
    ("I don’t know.", ["Paris"], "abstained"),
    ("I don't know", ["I don't know"], "abstained"),
    ("12 May 1776", ["May 12, 1776"], "correct"),
    ("1776-05-13", ["May 12, 1776"], "wrong"),
    ("5000", ["5,000"], "correct"),
    ("five", ["5"], "correct"),
    ("5 km", ["5000 m"], "correct"),
    ("6", ["5"], "wrong"),
    ("ww2", ["World War II"], "wrong"),
    ("World War 2", ["World War II"], "correct"),
    ("<think>Rome?</think> Paris", ["Paris"], "correct"),
    ("<think>Paris</think> Rome", ["Paris"], "wrong"),
    ("analysisThey ask.assistantfinalParis", ["Paris"], "correct"),
    ("I'm not sure, but Paris", ["Paris"], "correct"),
    ("C#", ["C"], "wrong"),
    ("AC/DC", ["AC DC"], "correct"),
]


def test_a_batch_has_the_verdicts_of_a_reader() -> None:
    judged = alias_match().grade_batch([row[0] for row in READ], [row[1] for row in READ])
    verdicts = [judgement.verdict.value for judgement in judged]
    assert [(*row[:2], verdict) for row, verdict in zip(READ, verdicts, strict=True)] == READ


def test_free_text_of_real_models_in_one_batch() -> None:
    given_rows = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    shorter = [row["response"].partition(" is ")[2] or row["response"] for row in given_rows]
    completions = [*shorter, *(row["response"] for row in given_rows)]
    answers = [[row["gold"]] for row in given_rows] * 2
    for grade in (alias_match(), auto_match()):
        alone = [grade(c, a) for c, a in zip(completions, answers, strict=True)]
        assert grade.grade_batch(completions, answers) == alone


def test_reasoning_is_cut_off_in_a_batch_as_alone() -> None:
    completions = ["finalParis", "analysisThey ask of France.assistantfinalParis", "<think>Rome</think>Paris"]
    assert [j.verdict for j in alias_match().grade_batch(completions, [["Paris"]] * 3)] == [Verdict.CORRECT] * 3


def test_one_hostile_row_changes_no_other() -> None:
    honest = [("Paris", ["Paris"]), ("I don't know", ["Paris"]), ("London", ["Paris"])] * 30
    grade = alias_match()
    alone = [grade(c, a) for c, a in honest]
    for hostile in ("\0" * 100, "(" * 1_000_000, "a " * 500_000, "\ud800", "\0\1\0", "I " * 100_000):
        for accepted in (["Paris"], [hostile], ["Paris"] * 300):
            together = [*honest[:45], (hostile, accepted), *honest[45:]]
            judged = grade.grade_batch([c for c, _ in together], [a for _, a in together])
            assert judged[:45] + judged[46:] == alone
            assert judged[45] == grade(hostile, accepted)


@pytest.mark.parametrize("answers", ["Paris", [], ()])
def test_rows_without_accepted_answers_are_refused_as_alone(answers: Sequence[str]) -> None:
    with pytest.raises(ValueError, match="answers must be a non-empty list of strings"):
        alias_match().grade_batch(["Paris", "Rome"], [["Paris"], answers])


class Counted:
    """A grader of the user's own, without a method for batches."""

    can_be_ungraded = False

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        return Judgement(Verdict.CORRECT if completion in answers else Verdict.WRONG, completion, "own rule")


def test_a_grader_without_batches_is_asked_row_by_row() -> None:
    reward = AbstentionReward(grader=Counted(), payoff=FixedPenalty(penalty=1))
    assert reward(completions=["a", "b"], answers=[["a"], ["a"]]) == [1.0, -1.0]


def test_rows_of_all_kinds_in_one_call_get_what_they_get_alone() -> None:
    random_ = random.Random(0)
    reward = AbstentionReward(end_token_ids=(2,))
    columns = {
        "completions": [random_.choice(("Paris", "Rome", "I don't know", "A", "Perhaps Paris")) for _ in range(60)],
        "answers": [["Paris"]] * 60,
        "choices": [random_.choice((None, ["Paris", "Rome"])) for _ in range(60)],
        "answerable": [random_.random() < 0.8 for _ in range(60)],
        "question": [random_.choice((None, "Where?")) for _ in range(60)],
        "threshold": [random_.choice((0.25, 0.5)) for _ in range(60)],
        "completion_ids": [[7, random_.choice((2, 2, 7))] for _ in range(60)],
    }
    alone = [reward(**{name: [column[i]] for name, column in columns.items()})[0] for i in range(60)]
    assert reward(**columns) == alone
    assert len(set(alone)) > 4


def test_a_target_that_is_no_number_is_refused_beside_one_that_equals_it() -> None:
    with pytest.raises(ValueError, match="column `threshold`, row 1: must be a fraction"):
        AbstentionReward(payoff=ConfidenceTarget())(
            completions=["x", "x"], answers=[["x"], ["x"]], threshold=[0.0, False]
        )


def test_a_grader_that_has_judged_a_batch_still_pickles() -> None:
    grade = alias_match(abstention=AbstentionDetector(tag="abstain"))
    assert grade.grade_batch(["<abstain/>", "Paris"], [["Paris"]] * 2)[0].verdict is Verdict.ABSTAINED
    assert pickle.loads(pickle.dumps(grade)) == grade
    assert pickle.loads(pickle.dumps(Verdict.WRONG)) is Verdict.WRONG
