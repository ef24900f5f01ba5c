"""Rewards made of parts, and what the parts do to the break-even.

The reward of a row is weight · payoff + the sum of its terms. Terms are added, never multiplied: a factor
would shrink a negative reward, which pays for being cut off. A row whose payoff is None has no reward at all,
whatever its terms say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, Protocol

from ..verdict import Judgement, Verdict
from .breakeven import SLACK, break_even_at
from .payoff import BreakEven, Payoff

GRADED = (Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED)
"""The verdicts that are paid."""


class Term(Protocol):
    """Something added to the payoff of a graded completion; picklable."""

    def __call__(self, completion: str, judgement: Judgement, tokens: int | None = None) -> float:
        """Return the amount for `completion`, of `tokens` tokens where the trainer tells."""
        ...

    def amounts(self, verdict: Verdict) -> tuple[float, ...]:
        """Return the least and the greatest amount that a completion of `verdict` can get, or the only one."""
        ...

    def usual(self, verdict: Verdict) -> float:
        """Return the amount of a completion of `verdict` that keeps to the form."""
        ...


TERM_METHODS = ("__call__", "amounts", "usual")


def check_terms(terms: Sequence[object]) -> None:
    """Raise ValueError, naming what is missing, for a term without one of the methods of `Term`."""
    for term in terms:
        if missing := [name for name in TERM_METHODS if not callable(getattr(term, name, None))]:
            name = term.__name__ if isinstance(term, type) else type(term).__name__
            raise ValueError(
                f"terms: {name} has no {' and no '.join(missing)}: a term has the methods {', '.join(TERM_METHODS)} of "
                "abstain.rewards.payoffs.compose.Term, from which its effect on the break-even is computed"
            )


@dataclass(frozen=True, kw_only=True)
class FormatBonus:
    """Adds `amount` where the completion has the form.

    Paid alike to right, wrong and abstaining completions it moves no break-even. Paid only for answers, or in
    a form that abstentions cannot have, it lowers the break-even by amount / (correct − wrong).

    >>> bonus = FormatBonus(amount=0.1, pattern=r"(?s)^<think>.*</think>")
    >>> bonus("<think>France.</think>Paris", Judgement(Verdict.CORRECT)), bonus("Paris", Judgement(Verdict.CORRECT))
    (0.1, 0.0)
    """

    amount: float
    """What a completion of that form earns on top."""
    pattern: str
    """Regular expression that is searched in the whole completion (`(?s)^<think>.*</think>` …)."""
    paid_for: tuple[Verdict, ...] = GRADED
    """The verdicts that can earn it. UNGRADED never does."""

    def __post_init__(self) -> None:
        """Raise ValueError for an infinite amount, a bad pattern, or UNGRADED among `paid_for`."""
        if not math.isfinite(self.amount):
            raise ValueError(f"amount must be a finite number, got {self.amount!r}")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern {self.pattern!r} is not a regular expression: {error}") from None
        if not self.paid_for or not set(self.paid_for) <= set(GRADED):
            raise ValueError(f"paid_for must name some of {[v.value for v in GRADED]}, got {self.paid_for!r}")

    def __call__(self, completion: str, judgement: Judgement, tokens: int | None = None) -> float:
        """Return the amount, or 0."""
        earned = judgement.verdict in self.paid_for and re.search(self.pattern, completion) is not None
        return self.amount if earned else 0.0

    def amounts(self, verdict: Verdict) -> tuple[float, ...]:
        """Return 0 and the amount where the verdict can earn it."""
        return (0.0, self.amount) if verdict in self.paid_for else (0.0,)

    def usual(self, verdict: Verdict) -> float:
        """Return the amount where the verdict can earn it: the completion keeps to the form."""
        return self.amount if verdict in self.paid_for else 0.0


@dataclass(frozen=True, kw_only=True)
class LengthPenalty:
    """Adds 0 up to length `start`, −amount from `end` on, and in between in proportion.

    The soft overlong punishment of DAPO (arXiv:2503.14476, equation 13) has amount 1, end at the token limit.
    If answers are longer than abstentions it raises the break-even, by at most amount / (correct − wrong).

    >>> penalty = LengthPenalty(amount=1.0, start=100, end=200)
    >>> penalty("...", Judgement(Verdict.CORRECT), tokens=150)
    -0.5
    """

    amount: float
    """The most that is taken off, at least 0."""
    start: int
    """Length from which on it costs anything."""
    end: int
    """Length at which it costs the whole amount."""
    unit: Literal["tokens", "characters"] = "tokens"
    """What is counted; tokens come from the trainer's `completion_ids`."""

    def __post_init__(self) -> None:
        """Raise ValueError for a negative amount, or unless 0 ≤ start < end."""
        if not (math.isfinite(self.amount) and self.amount >= 0):
            raise ValueError(f"amount must be a finite number of at least 0, got {self.amount!r}")
        if not 0 <= self.start < self.end:
            raise ValueError(f"start and end must be 0 <= start < end, got {self.start} and {self.end}")
        if self.unit not in ("tokens", "characters"):
            raise ValueError(f"unit must be 'tokens' or 'characters', got {self.unit!r}")

    def __call__(self, completion: str, judgement: Judgement, tokens: int | None = None) -> float:
        """Return the penalty, at most 0.

        Raises:
            ValueError: tokens are to be counted and the trainer passes no `completion_ids`.
        """
        if self.unit == "tokens" and tokens is None:
            raise ValueError("LengthPenalty counts tokens and got no `completion_ids`; use unit='characters'")
        length = tokens if self.unit == "tokens" and tokens is not None else len(completion)
        return -self.amount * min(1.0, max(0.0, (length - self.start) / (self.end - self.start)))

    def amounts(self, verdict: Verdict) -> tuple[float, ...]:
        """Return −amount and 0."""
        return (-self.amount, 0.0)

    def usual(self, verdict: Verdict) -> float:
        """Return 0: the completion is short enough."""
        return 0.0


@dataclass(frozen=True, kw_only=True)
class Weighted:
    """Pays the weighted sum of several payoffs; None as soon as one of them pays None.

    Its break-even is that of the summed numbers: parts that pay no abstention leave it without one.

    >>> from abstain.rewards import Binary, ConfidenceTarget
    >>> payoff = Weighted(parts=((1.0, ConfidenceTarget(t=0.75)), (0.5, Binary())))
    >>> payoff(Verdict.CORRECT), payoff(Verdict.WRONG)  # 0.25 + 0.5 · 1, -0.75 + 0.5 · 0
    (0.75, -0.75)
    """

    parts: tuple[tuple[float, Payoff], ...]
    """(weight, payoff) pairs."""

    def __post_init__(self) -> None:
        """Raise ValueError for no parts, or a weight that is not a positive number."""
        if not self.parts:
            raise ValueError("parts must hold at least one (weight, payoff) pair")
        for weight, _ in self.parts:
            check_weight(weight)

    @property
    def break_even(self) -> BreakEven:
        """The word "threshold" where a part is decided by the row's target, else the number or None."""
        parts = [payoff.break_even for _, payoff in self.parts]
        if "threshold" in parts:
            return "threshold"
        return break_even_at(self)

    @property
    def reads_confidence(self) -> bool:
        """Whether any part does."""
        return any(payoff.reads_confidence for _, payoff in self.parts)

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return Σ weight · pay, or None where a part pays None."""
        total = 0.0
        for weight, payoff in self.parts:
            pay = payoff(verdict, t, confidence)
            if pay is None:
                return None
            total += weight * pay
        return total


def check_weight(weight: float) -> float:
    """Return `weight` if it is a positive number; raise ValueError otherwise."""
    if isinstance(weight, bool) or not (math.isfinite(weight) and weight > 0):
        raise ValueError(f"weight must be a positive number, got {weight!r}")
    return float(weight)


@dataclass(frozen=True, slots=True)
class RewardBreakEven:
    """The break-even of a whole reward at one target; fractions, None where no abstention is paid."""

    payoff: float | None
    """That of the payoff alone."""
    usual: float | None
    """With the terms of completions that keep to the form: every bonus earned that can be, nothing too long.
    None where being wrong then pays as much as being right."""
    low: float | None
    """The least it can be whatever completions earn, as when answers earn every bonus and abstentions none."""
    high: float | None
    """The greatest it can be, as when abstentions earn every bonus and answers none."""

    @property
    def moved(self) -> bool:
        """Whether the terms move it although every completion keeps to the form."""
        return self.payoff is not None and (self.usual is None or abs(self.usual - self.payoff) > SLACK)

    def is_at(self, t: float) -> bool:
        """Return whether it is `t`, whatever completions earn beside their payoff."""
        return all(even is not None and abs(even - t) <= SLACK for even in (self.usual, self.low, self.high))

    def __str__(self) -> str:
        """Say the number, and in brackets between what it lies when some completions miss a term."""
        if self.payoff is None:
            return "none (no abstention is paid)"
        usual = "none: being wrong pays as much as being right" if self.usual is None else f"{self.usual:.4g}"
        if self.low is None or self.high is None or self.high - self.low <= SLACK:
            return usual
        return f"{usual} ({self.low:.4g} to {self.high:.4g})"


def reward_break_even(
    payoff: Payoff, terms: Sequence[Term] = (), *, weight: float = 1.0, t: float | None = None
) -> RewardBreakEven:
    """Return where the reward weight · payoff + terms breaks even at the target `t`.

    Args:
        payoff: Pays the verdict.
        terms: What is added to the payoff of a graded row.
        weight: The factor of the payoff.
        t: The row's target, a fraction in [0, 1); None where the payoff fixes its own.

    Raises:
        ValueError: the payoff itself pays no more for being right than for being wrong.
    """
    alone = break_even_at(payoff, t)
    if alone is None or not terms:
        return RewardBreakEven(alone, alone, alone, alone)
    usual = _with_terms(payoff, weight, t, {v: sum(term.usual(v) for term in terms) for v in GRADED})
    spans = [[sum(end(term.amounts(v)) for term in terms) for end in (min, max)] for v in GRADED]
    corners = [_with_terms(payoff, weight, t, dict(zip(GRADED, added, strict=True))) for added in product(*spans)]
    low = min(0.0 if even is None else even for even in corners)
    return RewardBreakEven(alone, usual, low, max(1.0 if even is None else even for even in corners))


def _with_terms(payoff: Payoff, weight: float, t: float | None, added: dict[Verdict, float]) -> float | None:
    """Return the break-even, or None where the amounts make being wrong pay as much as being right."""
    shifted = _Shifted(payoff=payoff, weight=weight, added=tuple(added.items()))
    if not shifted.reads_confidence:
        right, wrong = shifted(Verdict.CORRECT, t), shifted(Verdict.WRONG, t)
        if right is not None and wrong is not None and right <= wrong:
            return None
    return break_even_at(shifted, t)


@dataclass(frozen=True, kw_only=True)
class _Shifted:
    """A payoff with a weight and a fixed amount per verdict."""

    payoff: Payoff
    weight: float
    added: tuple[tuple[Verdict, float], ...]

    @property
    def break_even(self) -> BreakEven:
        return self.payoff.break_even

    @property
    def reads_confidence(self) -> bool:
        return self.payoff.reads_confidence

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        pay = self.payoff(verdict, t, confidence)
        return None if pay is None else self.weight * pay + dict(self.added)[verdict]
