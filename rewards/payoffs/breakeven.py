"""The belief at which answering starts to pay, computed from the payoff itself: expected values, enumerated.

p is the belief that the answer is right, q the confidence stated with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..verdict import Verdict
from .payoff import Payoff

CONFIDENCES = tuple(i / 1000 for i in range(1001))
"""The stated confidences that are tried for a payoff that reads them."""
SLACK = 1e-9
"""Differences in pay below this are rounding."""
_BELIEFS = tuple(i / 200 for i in range(201))


def break_even_at(payoff: Payoff, t: float | None = None) -> float | None:
    """Return the belief above which answering pays more than abstaining, at the row's target `t`.

    For a payoff of actions t* = (abstained − wrong) / (correct − wrong), clipped to [0, 1]: at 0 one should
    always answer, at 1 never. For one that reads a confidence, the belief at which the best expected pay over
    all statements q reaches the pay of an abstention. None where no abstention is paid.

    Raises:
        ValueError: being right pays no more than being wrong, so that no belief decides.

    >>> from abstain.rewards import ConfidenceTarget, FixedPenalty
    >>> break_even_at(FixedPenalty(penalty=1)), break_even_at(ConfidenceTarget(), t=0.75)
    (0.5, 0.75)
    """
    abstained = payoff(Verdict.ABSTAINED, t)
    if abstained is None:
        return None
    if payoff.reads_confidence:
        return last_below(best_pay(payoff, t), abstained)
    return ternary_break_even(_number(payoff, Verdict.CORRECT, t), _number(payoff, Verdict.WRONG, t), abstained)


def ternary_break_even(correct: float, wrong: float, abstained: float) -> float:
    """Return (abstained − wrong) / (correct − wrong), clipped to [0, 1].

    Args:
        correct: Pay of a correct answer.
        wrong: Pay of a wrong answer.
        abstained: Pay of an abstention.

    Raises:
        ValueError: being right pays no more than being wrong.
    """
    if not correct > wrong:
        raise ValueError(f"no break-even: being right pays {correct:g} and being wrong {wrong:g}")
    return min(1.0, max(0.0, (abstained - wrong) / (correct - wrong)))


def best_pay(payoff: Payoff, t: float | None = None) -> Callable[[float], float]:
    """Return p ↦ the highest expected pay of an answer believed with p, over all stated confidences."""
    right, wrong = _pays(payoff, Verdict.CORRECT, t), _pays(payoff, Verdict.WRONG, t)
    pairs = list(zip(right, wrong, strict=True))
    return lambda p: max(p * r + (1 - p) * w for r, w in pairs)


def last_below(pay: Callable[[float], float], level: float) -> float:
    """Return the belief above which the convex function `pay` stays at or above `level`; 1 if it never does.

    The highest expected pay is a maximum of lines in p, hence convex: from some belief on it is at least
    `level`, and never falls below again.
    """
    if pay(1.0) < level - SLACK:
        return 1.0
    below = [p for p in _BELIEFS if pay(p) < level - SLACK]
    if not below:
        return 0.0
    low, high = max(below), 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if pay(middle) < level else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class WrongOnPurpose:
    """What a deliberately wrong answer gains over an honest one."""

    gain: float
    """The most it gains, over all beliefs, in units of reward."""
    below: float
    """It gains at beliefs below this one."""


def wrong_on_purpose(payoff: Payoff, t: float | None = None) -> WrongOnPurpose | None:
    """Return what a knowingly wrong answer, stated at the q that pays it best (q near 0), gains; None if nothing.

    An honest answer of belief p has the highest expected pay G(p) = max over q of p·pay(correct, q) +
    (1 − p)·pay(wrong, q); one known to be wrong has G(0). G is convex, so G(p) ≥ G(0) for all p exactly if
    that holds near 0: for a proper score, if pay(correct, 0) ≥ pay(wrong, 0). Brier meets it with equality, a
    log score clipped at ε only for ε ≥ 1/(1 + e).
    """
    if not payoff.reads_confidence:
        right, wrong = _number(payoff, Verdict.CORRECT, t), _number(payoff, Verdict.WRONG, t)
        return WrongOnPurpose(wrong - right, 1.0) if wrong > right + SLACK else None
    pay = best_pay(payoff, t)
    lost = pay(0.0) - min(pay(p) for p in _BELIEFS)
    return WrongOnPurpose(lost, last_below(pay, pay(0.0))) if lost > SLACK else None


@dataclass(frozen=True, slots=True)
class Untruthful:
    """A belief at which another statement pays more than the truth."""

    belief: float
    best: float
    """The confidence that pays most at that belief."""
    gain: float
    """By how much, in units of reward."""


def untruthful(payoff: Payoff, t: float | None = None) -> Untruthful | None:
    """Return where stating something else than the belief pays most; None if the payoff is proper.

    Beliefs of 0, 0.05, …, 1 are tried against 1,001 statements; a gain of 1e-6 counts.
    """
    right, wrong = _pays(payoff, Verdict.CORRECT, t), _pays(payoff, Verdict.WRONG, t)
    worst: Untruthful | None = None
    for p in _BELIEFS[::10]:
        expected = [p * r + (1 - p) * w for r, w in zip(right, wrong, strict=True)]
        best = max(range(len(expected)), key=expected.__getitem__)
        gain = expected[best] - expected[round(p * 1000)]
        if gain > 1e-6 and (worst is None or gain > worst.gain):
            worst = Untruthful(p, CONFIDENCES[best], gain)
    return worst


def _pays(payoff: Payoff, verdict: Verdict, t: float | None) -> list[float]:
    return [_number(payoff, verdict, t, q) for q in CONFIDENCES]


def _number(payoff: Payoff, verdict: Verdict, t: float | None, confidence: float | None = None) -> float:
    pay = payoff(verdict, t, confidence)
    if pay is None:
        raise ValueError(f"{payoff} pays nothing for {verdict.value} at t={t}, confidence={confidence}")
    return pay
