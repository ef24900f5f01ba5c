from __future__ import annotations

import pickle
import random
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards import (
    AbstentionReward,
    Binary,
    Brier,
    ConfidenceTarget,
    FormatBonus,
    Judgement,
    LengthPenalty,
    LogScore,
    Ternary,
    Verdict,
    Weighted,
    alias_match,
)
from abstain.rewards.payoffs.breakeven import wrong_on_purpose
from abstain.rewards.payoffs.compose import reward_break_even
from abstain.rewards.payoffs.proper import PriorScore, Spherical

targets = st.floats(min_value=0, max_value=0.99)
ANSWERS = (Verdict.CORRECT, Verdict.WRONG)
TAGGED = FormatBonus(amount=0.1, pattern=r"<answer>.*</answer>")


@dataclass(frozen=True)
class NeverUngraded:
    """A grader that says of itself that it always reaches a verdict."""

    can_be_ungraded = False

    def __call__(self, completion: str, answers: Any, choices: Any = None) -> Judgement:
        return alias_match()(completion, answers)


@dataclass(frozen=True)
class JudgeDown:
    def __call__(self, completion: str, answers: Any, choices: Any = None) -> Judgement:
        return Judgement(Verdict.UNGRADED, reason="grader failed")


@given(targets, st.floats(0.01, 5))
def test_a_bonus_paid_to_every_verdict_moves_no_break_even(t: float, weight: float) -> None:
    even = reward_break_even(ConfidenceTarget(), (TAGGED,), weight=weight, t=t)
    assert even.usual == pytest.approx(t, abs=1e-9)
    assert not even.moved


def test_a_bonus_paid_for_answers_alone_lowers_the_break_even_and_is_found() -> None:
    bonus = FormatBonus(amount=0.1, pattern="x", paid_for=ANSWERS)
    # Bounded at t = 0.75: (0 - (-0.75 + 0.1)) / ((0.25 + 0.1) - (-0.75 + 0.1)) = 0.65.
    even = reward_break_even(ConfidenceTarget(), (bonus,), t=0.75)
    assert even.usual == pytest.approx(0.65)
    assert even.moved
    # Twice the payoff halves the shift.
    assert reward_break_even(ConfidenceTarget(), (bonus,), weight=2.0, t=0.75).usual == pytest.approx(0.70)


def test_a_bonus_paid_for_abstentions_too_says_how_far_it_moves_when_they_miss_the_form() -> None:
    even = reward_break_even(ConfidenceTarget(), (TAGGED,), t=0.75)
    # Least: answers have the form, abstentions do not: (0.75 - 0.1) / 1. Greatest: the other way round.
    assert (even.low, even.high) == (pytest.approx(0.65), pytest.approx(0.85))
    assert str(even) == "0.75 (0.65 to 0.85)"


def test_a_length_penalty_says_how_far_it_can_raise_the_break_even() -> None:
    penalty = LengthPenalty(amount=0.2, start=10, end=20)
    even = reward_break_even(ConfidenceTarget(t=0.5), (penalty,))
    # Long answers beside short abstentions: (0 + 0.5 + 0.2) / 1.
    assert (even.usual, even.high, even.moved) == (pytest.approx(0.5), pytest.approx(0.7), False)
    assert [penalty("", Judgement(Verdict.CORRECT), n) for n in (0, 10, 15, 20, 99)] == [0, 0, -0.1, -0.2, -0.2]


def test_terms_larger_than_the_difference_between_right_and_wrong_leave_no_break_even() -> None:
    bonus = FormatBonus(amount=2.0, pattern="x", paid_for=(Verdict.WRONG,))
    even = reward_break_even(ConfidenceTarget(t=0.5), (bonus,))
    assert even.usual is None
    assert even.moved
    assert (even.low, even.high) == (0.0, 1.0)
    assert "being wrong pays as much" in str(even)


def test_a_term_is_added_to_a_negative_reward_never_multiplied() -> None:
    reward = AbstentionReward(
        payoff=ConfidenceTarget(t=0.5), terms=(LengthPenalty(amount=0.2, start=0, end=2),), weight=2.0
    )
    rows = {"answers": [["Paris"]] * 3, "completion_ids": [[1, 1]] * 3}
    paid = reward(completions=["Paris", "Rome", "I don't know"], **rows)
    # 2 · 0.5 - 0.2, 2 · (-0.5) - 0.2, 0 - 0.2: being long costs a wrong answer as much as a right one.
    assert paid == [pytest.approx(0.8), pytest.approx(-1.2), pytest.approx(-0.2)]


def test_a_row_without_a_verdict_has_no_reward_whatever_its_format() -> None:
    reward = AbstentionReward(payoff=ConfidenceTarget(t=0.5), grader=JudgeDown(), terms=(TAGGED,))
    assert reward(completions=["<answer>Paris</answer>"], answers=[["Paris"]]) == [None]
    cut_off = AbstentionReward(payoff=ConfidenceTarget(t=0.5), terms=(TAGGED,), end_token_ids=(2,))
    assert cut_off(completions=["<answer>Paris</answer>"], completion_ids=[[5]], answers=[["Paris"]]) == [None]


def test_an_answer_without_a_confidence_has_no_reward_unless_a_number_is_named_for_it() -> None:
    texts = ["Paris\nConfidence: 90%", "Paris", "Rome. Confidence: 120%", "I don't know. Confidence: 0.1"]
    rows = {"completions": texts, "answers": [["Paris"]] * 4}
    extra: dict[str, list[Any]] = {}
    counts: dict[str, float] = {}
    paid = AbstentionReward(payoff=Brier())(**rows, log_extra=extra.__setitem__, log_metric=counts.__setitem__)
    assert paid == [pytest.approx(0.99), None, None, None]
    assert extra["verdict"] == ["correct", "correct", "wrong", "abstained"]
    assert extra["stated_confidence"] == [pytest.approx(0.9), None, None, pytest.approx(0.1)]
    assert extra["confidence_reason"] == [None, "no confidence", "confidence out of range: 120%", None]
    assert counts["count/unstated"] == 2
    named = AbstentionReward(payoff=Brier(unstated=-1.0, abstained=0.0))
    assert named(**rows) == [pytest.approx(0.99), -1.0, -1.0, 0.0]


def test_parts_are_weighed_and_one_without_pay_leaves_none() -> None:
    both = Weighted(parts=((0.5, ConfidenceTarget(t=0.5)), (2.0, Brier(abstained=0.0))))
    # 0.5 · 0.5 + 2 · (1 - 0.2^2) and 0.5 · (-0.5) - 2 · 0.8^2
    assert both(Verdict.CORRECT, confidence=0.8) == pytest.approx(2.17)
    assert both(Verdict.WRONG, confidence=0.8) == pytest.approx(-1.53)
    assert both(Verdict.CORRECT) is None
    assert both(Verdict.UNGRADED, confidence=0.8) is None
    assert both.reads_confidence
    # Honest pay 0.5 (p - 0.5) + 2 p^2 reaches 0 at p = (-0.5 + sqrt(0.25 + 2)) / 4 = 0.25.
    assert both.break_even == pytest.approx(0.25, abs=1e-3)
    assert Weighted(parts=((1.0, ConfidenceTarget()),)).break_even == "threshold"
    assert Weighted(parts=((1.0, Binary()), (1.0, ConfidenceTarget(t=0.5)))).break_even == pytest.approx(0.25)


def test_a_mix_whose_score_outweighs_being_right_pays_for_wrong_answers() -> None:
    score = Brier(correctness=0.0, abstained=0.0)
    assert wrong_on_purpose(Weighted(parts=((1.0, Binary()), (1.0, score)))) is None
    found = wrong_on_purpose(Weighted(parts=((1.0, Binary()), (2.0, score))))
    # Honest pay p - 2 p (1 - p) = 2 p^2 - p is least at 1/4, where it is -1/8, and below 0 up to 1/2.
    assert found is not None
    assert (found.gain, found.below) == (pytest.approx(1 / 8), pytest.approx(0.5, abs=1e-3))


ROWS = [
    ("Paris. Confidence: 0.9", ["Paris"], 0.75),
    ("<answer>Rome</answer> confidence: 40%", ["Rome"], 0.1),
    ("London", ["Rome"], 0.5),
    ("I don't know", ["Rome"], 0.9),
    ("I'm not sure, but Rome. Confidence: 20%", ["Rome"], 0.3),
    ("Confidence: 80", ["Rome"], 0.6),
    ("", ["Rome"], 0.2),
]
REWARDS = [
    AbstentionReward(),
    AbstentionReward(payoff=ConfidenceTarget(bounded=False), terms=(TAGGED,), weight=0.5),
    AbstentionReward(payoff=Brier(unstated=-1.0, abstained=0.0)),
    AbstentionReward(payoff=LogScore(epsilon=0.3)),
    AbstentionReward(payoff=Spherical(), terms=(LengthPenalty(amount=1, start=5, end=9, unit="characters"),)),
    AbstentionReward(payoff=PriorScore(abstained=0.0)),
    AbstentionReward(payoff=Weighted(parts=((1.0, ConfidenceTarget()), (0.5, Brier(abstained=0.0))))),
    AbstentionReward(payoff=Ternary(correct=1, abstained=0, wrong=-1)),
]


def call(reward: AbstentionReward, rows: list[tuple[str, list[str], float]]) -> list[float | None]:
    texts, answers, thresholds = zip(*rows, strict=True)
    return reward(completions=list(texts), answers=list(answers), threshold=list(thresholds))


@pytest.mark.parametrize("reward", REWARDS, ids=lambda r: type(r.payoff).__name__)
@given(st.lists(st.sampled_from(ROWS), min_size=1, max_size=12), st.randoms(), st.integers(0, 12))
def test_a_rows_reward_depends_neither_on_its_place_nor_on_its_batch(
    reward: AbstentionReward, rows: list[tuple[str, list[str], float]], rng: random.Random, cut: int
) -> None:
    whole = call(reward, rows)
    order = list(range(len(rows)))
    rng.shuffle(order)
    assert call(reward, [rows[i] for i in order]) == [whole[i] for i in order]
    parts = [part for part in (rows[:cut], rows[cut:]) if part]
    assert [pay for part in parts for pay in call(reward, part)] == whole
    assert call(pickle.loads(pickle.dumps(reward)), rows) == whole


def test_a_reward_says_whether_a_row_can_come_out_without_one() -> None:
    safe = AbstentionReward(payoff=ConfidenceTarget(t=0.5), grader=NeverUngraded(), truncated=Verdict.WRONG)
    assert not safe.can_be_none
    assert replace(safe, truncated=Verdict.UNGRADED).can_be_none  # the trainer may tell what was cut off
    assert replace(safe, truncated=Verdict.UNGRADED, end_token_ids=()).can_be_none  # so may a thought left open
    assert AbstentionReward(payoff=ConfidenceTarget(t=0.5), grader=JudgeDown()).can_be_none
    assert AbstentionReward(payoff=ConfidenceTarget(t=0.5), grader=NeverUngraded(), end_token_ids=(2,)).can_be_none
    assert AbstentionReward(payoff=Brier(), grader=NeverUngraded()).can_be_none
    assert not replace(safe, payoff=Brier(unstated=-1, abstained=0)).can_be_none


def test_bad_parts_name_what_was_allowed() -> None:
    with pytest.raises(ValueError, match="pattern '\\(' is not a regular expression"):
        FormatBonus(amount=1, pattern="(")
    with pytest.raises(ValueError, match="paid_for must name some of"):
        FormatBonus(amount=1, pattern="x", paid_for=(Verdict.UNGRADED,))
    with pytest.raises(ValueError, match="0 <= start < end, got 5 and 5"):
        LengthPenalty(amount=1, start=5, end=5)
    with pytest.raises(ValueError, match="amount must be a finite number of at least 0"):
        LengthPenalty(amount=-1, start=0, end=5)
    with pytest.raises(ValueError, match="weight must be a positive number, got 0"):
        AbstentionReward(weight=0)
    with pytest.raises(ValueError, match="weight must be a positive number, got -1"):
        Weighted(parts=((-1, Binary()),))
    with pytest.raises(ValueError, match="got no `completion_ids`"):
        AbstentionReward(payoff=Binary(), terms=(LengthPenalty(amount=1, start=0, end=5),))(
            completions=["Paris"], answers=[["Paris"]]
        )
    with pytest.raises(ValueError, match=r"wrap a function with custom_payoff"):
        AbstentionReward(payoff=lambda verdict, t, confidence: 0.0)  # pyright: ignore


def test_a_term_without_its_methods_is_refused_when_the_reward_is_made() -> None:
    class Bare:
        def __call__(self, completion: str, judgement: Judgement, tokens: int | None = None) -> float:
            return 0.1

    with pytest.raises(ValueError, match="terms: Bare has no amounts and no usual: a term has the methods __call__"):
        AbstentionReward(terms=(Bare(),))  # pyright: ignore
