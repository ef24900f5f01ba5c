"""Scores of a stated confidence q, as joint rewards: being right counts, and so does saying how sure one is.

Every score here comes from paying actions at all thresholds at once. An answer stated with q is given at
every threshold t below q; with a weight w(t) on thresholds and the bounded payoff (1 − t, 0, −t), it earns

    right(q) = ∫_0^q (1 − t) w(t) dt        wrong(q) = −∫_0^q t w(t) dt

(arXiv:2512.19920; Schervish 1989). Equivalently, with S(q, 1) = −∫_q^1 (1 − t) w dt and S(q, 0) = −∫_0^q t w dt
the reward is C·correct + S(q, correct), C = ∫_0^1 (1 − t) w dt. Stating the belief is the best statement.
The weight w is a prior over thresholds: where a stated confidence will be cut when the model is used.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, cast

from ..verdict import Verdict
from .breakeven import last_below
from .payoff import BreakEven

TOLERANCE = 1e-8
"""Most that the integration of a user's density may be off by, by its own estimate."""


class Prior(Protocol):
    """A probability distribution u of thresholds on [0, 1]."""

    def mass(self, q: float) -> float:
        """Return P(t ≤ q) = ∫_0^q u dt."""
        ...

    def moment(self, q: float) -> float:
        """Return E[t; t ≤ q] = ∫_0^q t u dt."""
        ...


@dataclass(frozen=True, kw_only=True)
class Uniform:
    """Every threshold alike: u = 1."""

    def mass(self, q: float) -> float:
        """Return q."""
        return q

    def moment(self, q: float) -> float:
        """Return q²/2."""
        return q * q / 2.0


@dataclass(frozen=True, kw_only=True)
class BetaPrior:
    """u ∝ t^(alpha − 1) (1 − t)^(beta − 1); its mean is alpha/(alpha + beta).

    BetaPrior(alpha=4, beta=2) weighs high thresholds, where mistakes are dear. In closed form by the
    regularised incomplete beta function I: mass I_q(alpha, beta), moment mean·I_q(alpha + 1, beta).
    """

    alpha: float
    """Above beta, high thresholds are expected more often."""
    beta: float
    """Above alpha, low ones."""

    def __post_init__(self) -> None:
        """Raise ValueError for a parameter that is not a positive number."""
        for name, value in (("alpha", self.alpha), ("beta", self.beta)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number, got {value!r}")

    def mass(self, q: float) -> float:
        """Return I_q(alpha, beta)."""
        from scipy.special import betainc  # not at the top: `import abstain.rewards` stays light

        return float(betainc(self.alpha, self.beta, q))

    def moment(self, q: float) -> float:
        """Return alpha/(alpha + beta) · I_q(alpha + 1, beta)."""
        from scipy.special import betainc

        return self.alpha / (self.alpha + self.beta) * float(betainc(self.alpha + 1.0, self.beta, q))


@dataclass(frozen=True, kw_only=True)
class DensityPrior:
    """A user's own density, integrated numerically and normalised to 1.

    Give a function defined at the top level of a module, so that the score pickles.
    """

    density: Callable[[float], float]
    """u(t) for t in (0, 1), up to a factor; not negative."""

    def __post_init__(self) -> None:
        """Raise ValueError for a density that is negative somewhere, or whose integral is not finite and positive."""
        for t in (0.001, *(i / 50 for i in range(1, 50)), 0.999):
            if not self.density(t) >= 0:  # NaN fails too
                raise ValueError(f"density must not be negative, got {self.density(t)!r} at t = {t}")
        if not (math.isfinite(self._total) and self._total > 0):
            raise ValueError(f"the integral of the density must be positive and finite, got {self._total!r}")

    def mass(self, q: float) -> float:
        """Return ∫_0^q u dt."""
        return self._integral(self.density, q) / self._total

    def moment(self, q: float) -> float:
        """Return ∫_0^q t u dt."""
        return self._integral(lambda t: t * self.density(t), q) / self._total

    @cached_property
    def _total(self) -> float:
        return self._integral(self.density, 1.0)

    def _integral(self, function: Callable[[float], float], q: float) -> float:
        from scipy import integrate

        quad = cast("Callable[..., tuple[Any, ...]]", integrate.quad)
        value, error, _, *failure = quad(
            function, 0.0, q, epsabs=TOLERANCE / 10, epsrel=1e-10, limit=200, full_output=1
        )
        if failure or not error <= TOLERANCE * max(1.0, abs(value)):
            raise ValueError(
                f"the density could not be integrated from 0 to {q} (value {value:.3g}, off by {error:.1g})"
            )
        return value


SAFE_LOG_CLIP = 1.0 / (1.0 + math.e)
"""About 0.269: at a smaller clip the log score pays for deliberately wrong answers stated at q ≈ 0."""


def check_confidence(confidence: float) -> float:
    """Return `confidence` if it is a fraction in [0, 1]; raise ValueError otherwise, for NaN too."""
    if not 0.0 <= confidence <= 1.0:
        raise ValueError(f"confidence must be a fraction in [0, 1], got {confidence!r}")
    return float(confidence)


@dataclass(frozen=True, kw_only=True)
class Unscored:
    """The pay of completions that a score of a stated confidence cannot score: abstentions, and answers without one.

    An ungraded completion pays None. So does, unless a number is named here, an abstention and an answer
    whose confidence is missing or unusable: neither ever has a default confidence.
    """

    abstained: float | None = None
    """Pay of an abstention. None: no reward, the row teaches nothing. 0 treats it as an answer stated at q = 0
    in the scores whose wrong(0) is 0, that is, as answering at no threshold."""
    unstated: float | None = None
    """Pay of an answer without a usable confidence. None: no reward. A number should be at most the lowest of
    `bounds`, else leaving the confidence out is a way round the score."""

    def __post_init__(self) -> None:
        """Raise ValueError for pay that is not finite."""
        for name in ("abstained", "unstated", "correctness"):
            value: float | None = getattr(self, name, None)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{name} must be a finite number, got {value!r}")


class ConfidenceScore(Unscored, ABC):
    """What all scores of a stated confidence share."""

    @abstractmethod
    def right(self, q: float) -> float:
        """Return the pay of a right answer stated with confidence `q`."""

    @abstractmethod
    def wrong(self, q: float) -> float:
        """Return the pay of a wrong answer stated with confidence `q`."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest pay of an answer."""
        return min(self.right(0.0), self.wrong(1.0)), max(self.right(1.0), self.wrong(0.0))

    @property
    def break_even(self) -> BreakEven:
        """The belief at which an honest answer pays as much as abstaining; None where abstaining pays None."""
        if self.abstained is None:
            return None
        return last_below(lambda p: p * self.right(p) + (1 - p) * self.wrong(p), self.abstained)

    @property
    def reads_confidence(self) -> bool:
        """True: the pay depends on the stated confidence."""
        return True

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        """Return the pay of `verdict` stated with `confidence`; the row's target plays no part.

        Raises:
            ValueError: the confidence is not a fraction in [0, 1] (NaN is not).
        """
        if verdict is Verdict.UNGRADED:
            return None
        if verdict is Verdict.ABSTAINED:
            return self.abstained
        if confidence is None:
            return self.unstated
        q = check_confidence(confidence)
        return self.right(q) if verdict is Verdict.CORRECT else self.wrong(q)


@dataclass(frozen=True, kw_only=True)
class Brier(ConfidenceScore):
    """Pays correctness·correct − (q − correct)²; RLCR (arXiv:2507.16806) with correctness = 1.

    The average of the bounded threshold payoff over a uniform target, times 2 (w = 2). In [−1, 1]. A wrong
    answer on purpose gains nothing at correctness ≥ 1.

    >>> from abstain.rewards import Verdict
    >>> Brier()(Verdict.CORRECT, confidence=0.5), Brier()(Verdict.WRONG, confidence=0.5)
    (0.75, -0.25)
    """

    correctness: float = 1.0
    """Weight of being right beside the score; 0 scores the confidence alone."""

    def right(self, q: float) -> float:
        """Return correctness − (1 − q)²."""
        return self.correctness - (1.0 - q) ** 2

    def wrong(self, q: float) -> float:
        """Return −q²."""
        return -(q**2)


@dataclass(frozen=True, kw_only=True)
class LogScore(ConfidenceScore):
    """Pays correctness·correct + ln q if right, ln(1 − q) if wrong, with q clipped to [ε, 1 − ε].

    w = 1/(t(1 − t)) between ε and 1 − ε. With correctness = 0 this is the reward of Rewarding Doubt
    (arXiv:2503.02623) before its normalisation. Bounds: ln ε and correctness + ln(1 − ε). Statements beyond the
    clip pay like the clip, so it is proper but does not tell 0.99 from 1 − ε. Beside correctness 1 a
    deliberately wrong answer gains where ε < 1/(1 + e) ≈ 0.269 (`wrong_on_purpose`).

    >>> from abstain.rewards import Verdict
    >>> round(LogScore(epsilon=0.3)(Verdict.CORRECT, confidence=0.7), 4)  # 1 + ln 0.7
    0.6433
    """

    epsilon: float
    """ε, a fraction in (0, 0.5)."""
    correctness: float = 1.0
    """Weight of being right beside the score; 0 scores the confidence alone."""

    def __post_init__(self) -> None:
        """Raise ValueError for a clip outside (0, 0.5)."""
        super().__post_init__()
        if not 0.0 < self.epsilon < 0.5:
            raise ValueError(f"epsilon must be in (0, 0.5), got {self.epsilon!r}")

    def right(self, q: float) -> float:
        """Return correctness + ln q, clipped."""
        return self.correctness + math.log(self._clip(q))

    def wrong(self, q: float) -> float:
        """Return ln(1 − q), clipped."""
        return math.log1p(-self._clip(q))

    def _clip(self, q: float) -> float:
        return min(max(q, self.epsilon), 1.0 - self.epsilon)


@dataclass(frozen=True, kw_only=True)
class Spherical(ConfidenceScore):
    """Pays correctness·correct + s/r − 1, s = q if right, 1 − q if wrong, r = √(q² + (1 − q)²).

    w = r⁻³. Below by 1, so that a wrong answer stated at 0 pays 0 as in the other scores. In [−1, 1]. A
    wrong answer on purpose gains nothing at correctness ≥ 1.
    """

    correctness: float = 1.0
    """Weight of being right beside the score; 0 scores the confidence alone."""

    def right(self, q: float) -> float:
        """Return correctness + q/r − 1."""
        return self.correctness + q / math.hypot(q, 1.0 - q) - 1.0

    def wrong(self, q: float) -> float:
        """Return (1 − q)/r − 1."""
        return (1.0 - q) / math.hypot(q, 1.0 - q) - 1.0


@dataclass(frozen=True, kw_only=True)
class PriorScore(ConfidenceScore):
    """Pays twice the bounded threshold payoff averaged over a prior u on thresholds (arXiv:2512.19920).

    right(q) = 2 ∫_0^q (1 − t) u dt, wrong(q) = −2 ∫_0^q t u dt; the uniform prior gives `Brier`. The paper's
    form, +1 / 2t − 1 / −1, is this plus the constant 2E[t] − 1, which no decision feels; without it an
    answer at no threshold pays 0. In [−2E[t], 2 − 2E[t]]; a wrong answer on purpose gains nothing.
    """

    prior: Prior = field(default_factory=Uniform)
    """Where the thresholds of use are expected: `Uniform()`, `BetaPrior(...)` or `DensityPrior(...)`."""

    def right(self, q: float) -> float:
        """Return 2 (P(t ≤ q) − E[t; t ≤ q])."""
        return 2.0 * (self.prior.mass(q) - self.prior.moment(q))

    def wrong(self, q: float) -> float:
        """Return −2 E[t; t ≤ q]."""
        return -2.0 * self.prior.moment(q)
