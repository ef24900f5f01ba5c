"""The consistency mitigation: two samples agree or the arm abstains."""

from __future__ import annotations

import pytest
from rows import row

from abstain.eval.open_rubric.agreement import agree, agreements, arm_verdict
from abstain.eval.open_rubric.protocol import ARMS
from abstain.eval.open_rubric.rows import by_slot
from abstain.rewards import Judgement, Verdict, alias_match

CLOSED, CLOSED_TWICE, OPEN, OPEN_TWICE = ARMS
GRADER = alias_match()


class Judge:
    """Takes cities for the same where a judge would, and counts what it was asked."""

    concurrency = 2

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def __call__(self, completion: str, answers: tuple[str, ...], choices: object = None) -> Judgement:
        self.asked.append((completion, tuple(answers)))
        verdict = {"Big Apple": Verdict.CORRECT, "?": Verdict.UNGRADED}.get(completion, Verdict.WRONG)
        return Judgement(verdict, completion)


@pytest.mark.parametrize(
    ("a", "b", "same"), [("Paris", "paris.", True), ("12", "twelve", True), ("Paris", "Rome", False), ("", "", False)]
)
def test_answers_are_one_where_the_grader_takes_them_for_one(a: str, b: str, same: bool) -> None:
    pair = [row("q", "w", 0.5, sample=k, answer=text, reason="as graded") for k, text in enumerate((a, b), 1)]
    assert agree(*pair, GRADER) is same


def test_a_judge_is_asked_about_the_pairs_that_are_not_equal_in_words() -> None:
    judge = Judge()
    texts = [("New York", "Big Apple"), ("New York", "new york"), ("New York", "Boston"), ("New York", "?")]
    rows = [
        row(f"q{n}", "c", 0.5, sample=k, answer=text) for n, pair in enumerate(texts) for k, text in enumerate(pair, 1)
    ]
    found = agreements(by_slot(rows), judge)
    assert [found[f"q{n}", 0.5] for n in range(4)] == [True, True, False, None]
    assert sorted(judge.asked) == [("?", ("New York",)), ("Big Apple", ("New York",)), ("Boston", ("New York",))]


def test_rows_with_a_verdict_alone_do_not_tell_whether_they_agree() -> None:
    assert agree(row("q", "w", 0.5, sample=1), row("q", "w", 0.5, sample=2), GRADER) is None


def test_a_logged_verdict_is_compared_by_its_completion() -> None:
    said = [row("q", "c", 0.5, sample=k, completion=text) for k, text in ((0, "It is Paris"), (1, "it is Paris."))]
    assert agree(*said, GRADER) is True


@pytest.mark.parametrize(
    ("first", "second", "texts", "verdict"),
    [
        ("c", "c", ("Paris", "Paris"), Verdict.CORRECT),
        ("w", "w", ("Rome", "Rome"), Verdict.WRONG),
        ("w", "w", ("Rome", "Oslo"), Verdict.ABSTAINED),
        ("c", "a", ("Paris", None), Verdict.ABSTAINED),
        ("a", "c", (None, "Paris"), Verdict.ABSTAINED),
        ("u", "u", ("Rome", "Rome"), Verdict.UNGRADED),
        ("w", "w", (None, None), Verdict.UNGRADED),
    ],
)
def test_the_mitigation_abstains_unless_both_samples_give_one_answer(
    first: str, second: str, texts: tuple[str | None, str | None], verdict: Verdict
) -> None:
    rows = [row("q", v, 0.5, sample=k, answer=text) for k, v, text in ((1, first, texts[0]), (2, second, texts[1]))]
    slots = by_slot(rows)
    assert arm_verdict(OPEN_TWICE, 0.5, slots, agreements(slots, GRADER), "q") is verdict
    assert arm_verdict(OPEN, 0.5, slots, {}, "q") is rows[0].verdict


def test_the_first_sample_stands_under_the_open_rubric_that_forbids_abstaining() -> None:
    slots = by_slot([row("q", "w", 0.0, sample=k, answer=text) for k, text in ((1, "Rome"), (2, "Oslo"))])
    assert arm_verdict(OPEN_TWICE, 0.0, slots, agreements(slots, GRADER), "q") is Verdict.WRONG


def test_a_sample_that_an_arm_needs_and_the_rows_lack_is_no_verdict() -> None:
    slots = by_slot([row("q", "w", None, sample=1, answer="Rome")])
    assert arm_verdict(CLOSED, 0.5, slots, {}, "q") is Verdict.WRONG
    assert arm_verdict(CLOSED_TWICE, 0.5, slots, {}, "q") is None


def test_of_more_samples_the_two_with_the_lowest_numbers_count() -> None:
    rows = [row("q", "c", None, sample=k, answer=str(k)) for k in (7, 3, 5)]
    assert [one.sample for one in by_slot(rows)["q", None]] == [3, 5]
