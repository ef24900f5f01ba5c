"""Priors over thresholds: where a stated confidence will be cut when the model is used."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

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
