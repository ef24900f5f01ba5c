"""Questions without a right answer: declining them is right, any answer is wrong."""

from __future__ import annotations

import pytest

from abstain.rewards import (
    AbstentionReward,
    ConfidenceParser,
    Grader,
    Judgement,
    Verdict,
    alias_match,
    choice_match,
    math_match,
    numeric_match,
)
from abstain.rewards.extract import Tag
from abstain.rewards.judge_row import judge_row
from abstain.rewards.unanswerable import says_unanswerable

DECLINES = [
    "I don't know.",
    "This question cannot be answered.",
    "It cannot be determined from the given information.",
    "There isn't enough information to determine how many autobiographies he has.",
    "The problem does not say how many autobiographies there are.",
    "There is no answer to this question.",
    "The number of autobiographies is not given.",
    "We cannot determine the total.",
    "No such person existed.",
    "Each shelf holds 55 books. The problem doesn't mention autobiographies.",
]
ANSWERS = [
    "42",
    "Nobody.",
    "Paris",
    "There isn't enough information, but probably 42.",
    "The problem does not say, so I assume 9 each: 90.",
    "He did not say anything.",
    "It cannot be determined exactly. The answer is 42.",
]


@pytest.mark.parametrize("text", DECLINES)
def test_saying_that_it_cannot_be_answered_is_abstaining(text: str) -> None:
    assert judge_row(alias_match(), text, (), answerable=False).verdict is Verdict.ABSTAINED


@pytest.mark.parametrize("text", ANSWERS)
def test_any_answer_is_wrong(text: str) -> None:
    judged = judge_row(alias_match(), text, (), answerable=False)
    assert (judged.verdict, judged.answer is not None) == (Verdict.WRONG, True)


@pytest.mark.parametrize("grader", [numeric_match(), choice_match(), math_match(), alias_match(extract=Tag("answer"))])
def test_graders_that_read_the_accepted_answers_do_without_them(grader: Grader) -> None:
    assert judge_row(grader, "<answer>42</answer>", (), ["41", "42"], answerable=False).verdict is Verdict.WRONG
    assert judge_row(grader, "I don't know", (), ["41", "42"], answerable=False).verdict is Verdict.ABSTAINED
    declined = judge_row(grader, "The problem does not say.", (), ["1", "2"], answerable=False)
    assert declined.verdict is Verdict.ABSTAINED


def test_a_stated_confidence_is_no_answer() -> None:
    parser = ConfidenceParser()
    for text, verdict in {"I don't know. Confidence: 0.9": "abstained", "Lima. Confidence: 0.9": "wrong"}.items():
        judged = judge_row(alias_match(), text, (), answerable=False, confidence=parser)
        assert judged.verdict is Verdict(verdict)


def test_only_an_unanswerable_question_makes_a_statement_about_it_an_abstention() -> None:
    assert alias_match()("The problem does not say.", ["42"]).verdict is Verdict.WRONG


def test_a_reward_reads_the_column_answerable() -> None:
    reward = AbstentionReward()
    said = ["Lima", "I don't know", "Lima"]
    pay = reward(completions=said, answers=[[], [], ["Lima"]], threshold=[0.25] * 3, answerable=[False, False, True])
    assert pay == [-0.25, 0.0, 0.75]


def test_a_grader_that_cannot_do_without_answers_is_named() -> None:
    def mine(completion: str, answers: object, choices: object = None) -> Judgement:
        return Judgement(Verdict.WRONG)

    with pytest.raises(TypeError, match="function cannot judge an unanswerable question: it has no `for_unanswerable`"):
        judge_row(mine, "42", (), answerable=False)


def test_a_statement_far_from_the_end_is_none() -> None:
    assert not says_unanswerable("The problem does not say. It is 42.")
    assert not says_unanswerable("It is not known " + "x" * 700)
