"""The one judgement of a row: cut off, stated confidence, no answer, question, and the same in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from golden import CASES

from abstain.rewards import ConfidenceParser, Grader, Judgement, Verdict, alias_match, choice_match, numeric_match
from abstain.rewards.judge_row import judge_row, judge_rows
from abstain.rewards.matching.match import AliasMatch

ROOT = Path(__file__).parents[2]
ANSWERS = ["Paris"]


@dataclass(frozen=True)
class ReadsQuestion:
    """Right iff the completion is the question: shows what reaches a grader."""

    reads_question: ClassVar[bool] = True
    concurrency: int = 1

    def __call__(
        self,
        completion: str,
        answers: Sequence[str],
        choices: Sequence[str] | None = None,
        *,
        question: str | None = None,
    ) -> Judgement:
        return Judgement(Verdict.CORRECT if completion == question else Verdict.WRONG, completion)


@pytest.mark.parametrize("rule", [Verdict.WRONG, Verdict.UNGRADED])
def test_a_completion_that_was_cut_off_has_the_verdict_of_the_rule_whatever_it_says(rule: Verdict) -> None:
    for text in ("Paris", "I don't know", ""):
        assert judge_row(alias_match(), text, ANSWERS, truncated=rule) == Judgement(rule, reason="truncated")


def test_the_grader_does_not_see_a_confidence_that_is_scored() -> None:
    assert judge_row(alias_match(), "Paris. Confidence: 0.9", ANSWERS, confidence=ConfidenceParser()).verdict is (
        Verdict.CORRECT
    )
    assert judge_row(alias_match(), "Paris. Confidence: 0.9", ANSWERS).verdict is Verdict.WRONG


def test_any_answer_to_a_question_without_one_is_wrong_and_declining_is_not() -> None:
    assert judge_row(alias_match(), "Paris", ANSWERS, answerable=False).verdict is Verdict.WRONG
    assert judge_row(alias_match(), "There is no such city.", ANSWERS, answerable=False).verdict is Verdict.ABSTAINED


def test_the_question_reaches_a_grader_that_reads_it_and_no_other() -> None:
    assert judge_row(ReadsQuestion(), "Where?", ANSWERS, question="Where?").verdict is Verdict.CORRECT
    assert judge_row(ReadsQuestion(), "Where?", ANSWERS).verdict is Verdict.WRONG

    def plain(completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        return Judgement(Verdict.CORRECT)

    assert judge_row(plain, "Paris", ANSWERS, question="Where?").verdict is Verdict.CORRECT


@pytest.mark.parametrize("grader", [alias_match(), numeric_match(), choice_match(), ReadsQuestion(concurrency=3)])
def test_a_batch_has_the_judgements_of_its_rows(grader: Grader) -> None:
    texts = ["4", "B", "I don't know", "five. Confidence: 70%", "four", "Where?", "4"] * 3
    answers = [["4"]] * len(texts)
    choices = [None, ["5", "4"], None, ["4", "5"], None, None, ["4", "5"]] * 3
    if grader == choice_match():
        choices = [["4", "5"]] * len(texts)
    answerable = [True, True, True, True, False, True, True] * 3
    question = ["Where?", None, "Where?", "Where?", "Where?", "Where?", "Where?"] * 3
    truncated = [None, None, None, None, None, None, Verdict.UNGRADED] * 3
    if isinstance(grader, ReadsQuestion):
        answerable = [True] * len(texts)  # it cannot judge others
    for confidence in (None, ConfidenceParser()):
        rows = zip(texts, answers, choices, answerable, question, truncated, strict=True)
        one_by_one = [
            judge_row(grader, text, a, c, answerable=can, question=q, truncated=cut, confidence=confidence)
            for text, a, c, can, q, cut in rows
        ]
        together = judge_rows(
            grader,
            texts,
            answers,
            choices,
            answerable=answerable,
            question=question,
            truncated=truncated,
            confidence=confidence,
        )
        assert together == one_by_one
        assert {j.verdict for j in together} >= {Verdict.WRONG, Verdict.UNGRADED}


def test_short_answers_are_judged_in_one_batch_even_beside_rows_that_cannot_be() -> None:
    seen: list[int] = []

    @dataclass(frozen=True)
    class Batched:
        def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
            return AliasMatch()(completion, answers, choices)

        def grade_batch(self, completions: Sequence[str], answers: Sequence[Sequence[str]]) -> list[Judgement]:
            seen.append(len(completions))
            return [self(c, a) for c, a in zip(completions, answers, strict=True)]

    texts, answers = ["Paris", "Rome", "Paris"], [ANSWERS] * 3
    cut = [None, None, Verdict.WRONG]
    judged = judge_rows(Batched(), texts, answers, truncated=cut)
    assert [j.verdict.value for j in judged] == ["correct", "wrong", "wrong"]
    judge_rows(Batched(), texts, answers)
    assert seen == [2, 3]


def test_the_golden_verdicts_are_those_of_judge_row() -> None:
    wrong: list[str] = []
    for case in CASES:
        reward = case.reward()
        judged = judge_row(
            reward.grader,
            case.completion,
            case.answers,
            case.choices,
            truncated=reward.truncated if case.cut else None,
            confidence=reward.confidence if reward.payoff.reads_confidence else None,
        )
        wrong += [] if judged.verdict.value == case.verdict else [case.id]
    assert not wrong


def test_rows_are_judged_in_one_file() -> None:
    """What every caller would have to repeat: the verdict of what was cut off, and the grader of what has no answer."""
    folders = ("rewards", "data", "eval", "training", "recipes")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    for text in ("reason=TRUNCATED", "unanswerable_grader(grader)", ".without("):
        users = {path.name for path in paths if text in path.read_text(encoding="utf-8")} - {"unanswerable.py"}
        assert users == {"judge_row.py"}, text
