"""What prompts state of the target and the penalty, against what is paid."""

from __future__ import annotations

import pytest

from abstain.data import InputError, PromptStyle
from abstain.rewards import Binary, Brier, ConfidenceTarget, FixedPenalty, Payoff, Ternary, Verdict
from abstain.rewards.payoffs.payoff import PaysActions
from abstain.training.preflight.paid import check_paid_target, check_pays

TARGETS = (0.0, 0.25, 0.5, 0.75)


def warned(payoff: Payoff, rubric: str = PromptStyle.rubric, targets: tuple[float, ...] = TARGETS) -> list[str]:
    return [str(finding) for finding in check_paid_target(payoff, targets, PromptStyle(rubric=rubric))]


@pytest.mark.parametrize("payoff", [ConfidenceTarget(), ConfidenceTarget(bounded=False), Brier(unstated=-1)])
def test_a_payoff_by_the_target_or_by_a_statement_is_fine(payoff: Payoff) -> None:
    assert warned(payoff) == []


@pytest.mark.parametrize(
    ("payoff", "even"),
    # (abstained − wrong) / (correct − wrong): (0 + 1) / 2, (0 + 3) / 4, (0 − 0) / 1
    [(Ternary(correct=1, abstained=0, wrong=-1), "0.5"), (FixedPenalty(penalty=3), "0.75"), (Binary(), "0")],
)
def test_a_payoff_that_ignores_the_stated_target_is_warned_of_with_the_fix(payoff: Payoff, even: str) -> None:
    (text,) = warned(payoff)
    assert f"{type(payoff).__name__} ignores it: at every target it breaks even at {even}, " in text
    assert "Fix: rl.payoff={kind: confidence_target}" in text


def test_one_target_that_is_the_break_even_is_no_contradiction_and_a_forced_prompt_states_none() -> None:
    assert warned(FixedPenalty(penalty=3), targets=(0.75,)) == []
    assert warned(Binary(), targets=(0.0,)) == []


def test_a_number_in_the_rubric_that_is_not_the_penalty_paid_is_warned_of() -> None:
    (text,) = warned(ConfidenceTarget(), "If you are under {target} sure, pass: a wrong answer costs 3 points.")
    assert "costs 3, which breaks even at 0.75; at target 0.25 the payoff breaks even at 0.25" in text
    assert "{penalty}" in text
    assert warned(ConfidenceTarget(), "Under {target}, pass: a wrong answer costs {penalty} points.") == []
    assert warned(ConfidenceTarget(), "Under {target}, pass: an error costs 3 points.", (0.75,)) == []


class Brittle(PaysActions):
    break_even = "threshold"

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        assert t is not None
        return {Verdict.CORRECT: 1.0, Verdict.ABSTAINED: 0.0, Verdict.WRONG: -1 / t}[verdict]


def test_a_payoff_is_tried_at_every_target_of_training() -> None:
    check_pays(Brittle(), (0.01, 0.5), "recipe: rl.payoff")
    with pytest.raises(InputError, match=r"recipe: rl.payoff: at target 0: ZeroDivisionError: float division by zero"):
        check_pays(Brittle(), (0.5, 0.0), "recipe: rl.payoff")


def test_a_payoff_that_is_no_number_at_one_target_is_named() -> None:
    class Holey(Brittle):
        def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
            return float("nan") if t == 0.97 else None if t == 0.98 else 1.0

    with pytest.raises(InputError, match=r"at target 0.97: correct is paid nan, no finite number"):
        check_pays(Holey(), (0.5, 0.97), "rl.payoff")
    with pytest.raises(InputError, match=r"at target 0.98: correct is paid None"):
        check_pays(Holey(), (0.5, 0.98), "rl.payoff")
