"""Pitfalls of pay and of stated confidence, seen in other tools: what happens here instead."""

from __future__ import annotations

import math
from typing import Any

import pytest

from abstain.rewards import (
    AbstentionReward,
    Brier,
    ConfidenceParser,
    ConfidenceTarget,
    Judgement,
    LengthPenalty,
    Verdict,
    custom_payoff,
)
from abstain.rewards.confidence import stated_confidence


def test_a_nan_confidence_is_not_the_most_confident() -> None:
    assert stated_confidence("Confidence: NaN") is None
    with pytest.raises(ValueError, match="confidence must be a fraction"):
        Brier()(Verdict.CORRECT, confidence=math.nan)


def test_confidences_of_0_to_100_are_not_mixed_with_those_of_0_to_1() -> None:
    assert [stated_confidence(f"Confidence: {x}") for x in ("80", "80%", "0.8")] == [None, 0.8, 0.8]
    percent = ConfidenceParser(scale="percent")
    assert [percent.read(f"Confidence: {x}").value for x in ("80", "80%", "0.8")] == [0.8, 0.8, None]


def test_a_missing_confidence_is_no_number_and_is_not_paid() -> None:
    assert stated_confidence("Paris") is None
    assert AbstentionReward(payoff=Brier())(completions=["Paris"], answers=[["Paris"]]) == [None]


def test_a_length_penalty_makes_no_negative_reward_smaller() -> None:
    penalty = LengthPenalty(amount=0.5, start=0, end=4, unit="characters")
    plain, long = (
        AbstentionReward(payoff=ConfidenceTarget(t=0.9)),
        AbstentionReward(payoff=ConfidenceTarget(t=0.9), terms=(penalty,)),
    )
    for text in ("Paris", "Rome of old", "I don't know"):
        (without,), (with_penalty,) = (r(completions=[text], answers=[["Paris"]]) for r in (plain, long))
        assert without is not None
        assert with_penalty == pytest.approx(without - 0.5)


def test_an_exception_in_a_payoff_or_grader_never_becomes_0() -> None:
    def failing_payoff(verdict: Verdict, t: float | None, confidence: float | None) -> float:
        return {Verdict.CORRECT: 1.0, Verdict.ABSTAINED: 0.0, Verdict.WRONG: -1.0}[verdict] / (0 if t == 0.3 else 1)

    def failing_grader(completion: str, answers: Any, choices: Any = None) -> Judgement:
        raise ConnectionError("judge is down")

    with pytest.raises(ValueError, match=r"row 0: failing_payoff\(CORRECT, t=0.3, .*ZeroDivisionError"):
        AbstentionReward(payoff=custom_payoff(failing_payoff))(
            completions=["Paris"], answers=[["Paris"]], threshold=[0.3]
        )
    with pytest.raises(ConnectionError):
        AbstentionReward(payoff=ConfidenceTarget(t=0.5), grader=failing_grader)(
            completions=["Paris"], answers=[["Paris"]]
        )


@pytest.mark.parametrize("t", [0.0, 0.3, 0.75, 0.99])
def test_answering_pays_more_than_abstaining_exactly_when_p_is_above_t(t: float) -> None:
    for bounded in (True, False):
        pay = ConfidenceTarget(t=t, bounded=bounded)
        right, wrong, idk = (pay(v) for v in (Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED))
        for p in [i / 1000 for i in range(1001)]:
            if abs(p - t) > 1e-9:
                assert (p * right + (1 - p) * wrong > idk) == (p > t)
