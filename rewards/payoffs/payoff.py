"""What a verdict is paid. One frozen value per rule, with its equation, break-even and source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Literal, Protocol

from ..verdict import Verdict

BreakEven = float | Literal["threshold"] | None
"""The belief at which answering pays as much as abstaining: a number, "threshold" where the row's own
target decides it (`break_even_at` gives the number), or None where no abstention is paid."""


class Payoff(Protocol):
    """Maps a verdict (with the row's target and any stated confidence) to pay.

    >>> from abstain.rewards import ConfidenceTarget
    >>> payoff: Payoff = ConfidenceTarget()
    >>> payoff.break_even, payoff.reads_confidence, payoff(Verdict.UNGRADED, t=0.5)
    ('threshold', False, None)
    """

    @property
    def break_even(self) -> BreakEven:
        """The belief at which answering and abstaining pay the same."""
        ...

    @property
    def reads_confidence(self) -> bool:
        """Whether the pay depends on a confidence stated in the completion."""
        ...

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return the pay, or None where none can be told (`UNGRADED`)."""
        ...


class PaysActions:
    """Marks a payoff that pays what was done, and reads no stated confidence."""

    @property
    def reads_confidence(self) -> bool:
        """False: what is paid is the action."""
        return False


def check_target(t: object, where: str = "t") -> float:
    """Return `t` if it is a usable target, a fraction in [0, 1); raise ValueError otherwise."""
    if isinstance(t, bool) or not isinstance(t, Real) or not 0.0 <= float(t) < 1.0:  # NaN fails too
        raise ValueError(f"{where} must be a fraction in [0, 1), got {t!r}")
    return float(t)


@dataclass(frozen=True, kw_only=True)
class ConfidenceTarget(PaysActions):
    """Pays 1 − t if correct, 0 if abstained, −t if wrong (bounded form).

    Answering pays more than abstaining exactly when P(correct) > t (arXiv:2509.04664, section 4,
    there as 1, 0, −t/(1 − t); this is that times 1 − t, so it stays in [−1, 1]).

    >>> payoff = ConfidenceTarget(t=0.75)
    >>> [payoff(verdict) for verdict in (Verdict.CORRECT, Verdict.ABSTAINED, Verdict.WRONG)]
    [0.25, 0.0, -0.75]
    >>> ConfidenceTarget()(Verdict.WRONG, t=0.5)  # the target of the row
    -0.5
    """

    t: float | None = None
    """Target confidence, a fraction in [0, 1); None: read per row from the `threshold` column."""
    bounded: bool = True
    """Pay (1 − t, 0, −t); otherwise (1, 0, −t/(1 − t)), whose mean over uniform t diverges."""

    def __post_init__(self) -> None:
        """Raise ValueError for a target outside [0, 1)."""
        if self.t is not None:
            check_target(self.t)

    @property
    def break_even(self) -> BreakEven:
        """The fixed target, or "threshold" when it is read per row."""
        return "threshold" if self.t is None else self.t

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return the pay of `verdict` at the fixed target, else at the row's `t`.

        Raises:
            ValueError: no target is fixed and none is given, or it lies outside [0, 1).
        """
        target = self.t if self.t is not None else t
        if target is None:
            raise ValueError("no target: give ConfidenceTarget(t=...) or a `threshold` column with a value per row")
        target = check_target(target, "threshold")
        scale = 1.0 if self.bounded else 1.0 / (1.0 - target)
        match verdict:
            case Verdict.CORRECT:
                return (1.0 - target) * scale
            case Verdict.WRONG:
                return -target * scale
            case Verdict.ABSTAINED:
                return 0.0
            case Verdict.UNGRADED:
                return None


@dataclass(frozen=True, kw_only=True)
class Ternary(PaysActions):
    """Pays three fixed numbers; break-even t* = (abstained − wrong) / (correct − wrong).

    Published triples stand in `presets.py` under their names. An affine map with a positive slope changes none
    of the decisions.

    >>> payoff = Ternary(correct=1, abstained=0.2, wrong=0)
    >>> payoff(Verdict.ABSTAINED), payoff.break_even
    (0.2, 0.2)
    """

    correct: float
    """Pay of a correct answer."""
    abstained: float
    """Pay of an abstention."""
    wrong: float
    """Pay of a wrong answer."""

    def __post_init__(self) -> None:
        """Raise ValueError unless the numbers are finite and being right pays more than being wrong."""
        if not all(map(math.isfinite, (self.correct, self.abstained, self.wrong))):
            raise ValueError(f"payoffs must be finite numbers, got {self}")
        if not self.correct > self.wrong:
            raise ValueError(f"correct must pay more than wrong, got {self.correct} and {self.wrong}")

    @property
    def break_even(self) -> BreakEven:
        """t*, clipped to [0, 1]: below 0 the model should always answer, above 1 never."""
        return min(1.0, max(0.0, (self.abstained - self.wrong) / (self.correct - self.wrong)))

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return the number for `verdict`; the row's target plays no part."""
        pays = {Verdict.CORRECT: self.correct, Verdict.ABSTAINED: self.abstained, Verdict.WRONG: self.wrong}
        return pays.get(verdict)


@dataclass(frozen=True, kw_only=True)
class FixedPenalty(PaysActions):
    """Pays 1 if correct, 0 if abstained, −λ if wrong; break-even t* = λ/(1 + λ).

    Reinforced Hesitation (arXiv:2511.11500). λ = t/(1 − t) puts the break-even at t: 1 for a half, 3 for 0.75.

    >>> payoff = FixedPenalty(penalty=3)
    >>> payoff(Verdict.WRONG), payoff.break_even
    (-3.0, 0.75)
    """

    penalty: float
    """λ, at least 0; 0 is binary grading, under which a guess never costs anything."""

    def __post_init__(self) -> None:
        """Raise ValueError for a negative or infinite penalty."""
        if not (math.isfinite(self.penalty) and self.penalty >= 0):
            raise ValueError(f"penalty must be a finite number of at least 0, got {self.penalty!r}")

    @property
    def break_even(self) -> BreakEven:
        """λ/(1 + λ)."""
        return self.penalty / (1.0 + self.penalty)

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return the number for `verdict`; the row's target plays no part."""
        return {Verdict.CORRECT: 1.0, Verdict.ABSTAINED: 0.0, Verdict.WRONG: -float(self.penalty)}.get(verdict)


@dataclass(frozen=True, kw_only=True)
class Binary(PaysActions):
    """Pays 1 if correct and 0 otherwise; break-even 0.

    For any belief above 0 a guess then pays more than "I don't know" (arXiv:2509.04664, section 4): the
    control to compare with, not a reward to train honesty on.

    >>> payoff = Binary()
    >>> payoff(Verdict.CORRECT), payoff(Verdict.ABSTAINED), payoff.break_even
    (1.0, 0.0, 0.0)
    """

    @property
    def break_even(self) -> BreakEven:
        """0: answering is worth it at any belief."""
        return 0.0

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return 1 for CORRECT, 0 for WRONG and ABSTAINED, None for UNGRADED."""
        return None if verdict is Verdict.UNGRADED else float(verdict is Verdict.CORRECT)
