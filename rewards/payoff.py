"""What a verdict is paid. One frozen value per rule, with its equation, break-even and source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from .verdict import Verdict

BreakEven = float | Literal["threshold"] | None
"""The belief at which answering pays as much as abstaining: a number, the row's own target
("threshold"), or None where the payoff offers no abstention to weigh against."""


class Payoff(Protocol):
    """Maps a verdict (with the row's target and any stated confidence) to pay."""

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


def check_target(t: object, where: str = "t") -> float:
    """Return `t` if it is a usable target, a fraction in [0, 1); raise ValueError otherwise."""
    if isinstance(t, bool) or not isinstance(t, int | float) or not 0.0 <= t < 1.0:  # NaN fails too
        raise ValueError(f"{where} must be a fraction in [0, 1), got {t!r}")
    return float(t)


@dataclass(frozen=True, kw_only=True)
class ConfidenceTarget:
    """Pays 1 − t if correct, 0 if abstained, −t if wrong (bounded form).

    Answering pays more than abstaining exactly when P(correct) > t (arXiv:2509.04664, section 4,
    there as 1, 0, −t/(1 − t); this is that times 1 − t, so it stays in [−1, 1]).
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

    @property
    def reads_confidence(self) -> bool:
        """False: what is paid is the action."""
        return False

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
class Ternary:
    """Pays three fixed numbers; break-even t* = (abstained − wrong) / (correct − wrong).

    `Ternary(correct=1, abstained=0, wrong=-1)` is TruthRL's reward (arXiv:2509.25760), t* = 1/2;
    `Ternary(correct=1, abstained=0, wrong=0)` is the usual binary grading, t* = 0.
    """

    correct: float
    abstained: float
    wrong: float

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

    @property
    def reads_confidence(self) -> bool:
        """False: what is paid is the action."""
        return False

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return the number for `verdict`; the row's target plays no part."""
        pays = {Verdict.CORRECT: self.correct, Verdict.ABSTAINED: self.abstained, Verdict.WRONG: self.wrong}
        return pays.get(verdict)


@dataclass(frozen=True, kw_only=True)
class Brier:
    """Pays correct − (q − correct)² for an answer stated with confidence q (arXiv:2507.16806).

    The average of the threshold payoff over a uniform target (arXiv:2512.19920). A completion that
    states no confidence, or abstains, has no q to score and pays None.
    """

    @property
    def break_even(self) -> BreakEven:
        """None: there is no abstention to weigh against; the target is applied at deployment."""
        return None

    @property
    def reads_confidence(self) -> bool:
        """True: the pay depends on the stated confidence."""
        return True

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return correct − (confidence − correct)², or None without a confidence or an answer."""
        if confidence is None or verdict not in (Verdict.CORRECT, Verdict.WRONG):
            return None
        correct = float(verdict is Verdict.CORRECT)
        return correct - (confidence - correct) ** 2
