"""Generation against classification: the model as a judge of "is it valid?", and the bound on its errors.

Whoever generates can judge: call a response valid if the model gives it more than 1/|E|. The judge is asked about a
half-and-half mixture of the training distribution and errors drawn uniformly, and

    err  ≥  2·err_iiv − max_c|V_c| / min_c|E_c| − δ        (arXiv:2509.04664, theorem 1; without prompts, corollary 1)

Why, with A the responses above the threshold θ = 1/min_c|E_c| and p(V) = 1: 2·err_iiv = p(V∖A) + Σ_c μ(c)|E_c∩A|/|E_c|,
where p(V∖A) = 1 − p(A) = p̂(V∖A) + p̂(E∖A) + (p̂(A) − p(A)). Each of three gaps is then at least 0, and together they
are the slack: see `Slack`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .enumeration import ROUNDING, Enumeration, Mask


@dataclass(frozen=True, slots=True)
class Slack:
    """What err exceeds the bound by, in three parts that are at least 0 where the bound's assumptions hold."""

    confident_errors: Any
    """p̂(E∩A) − Σ_c μ(c)|E_c∩A|/|E_c|: errors above the threshold have more than the threshold."""
    timid_truths: Any
    """max|V|/min|E| − p̂(V∖A): valid responses below the threshold have less."""
    underconfidence: Any
    """δ − (p̂(A) − p(A)): 0 where the model puts too much mass above the threshold, else 2δ."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """Both sides of the bound. Fractions where the enumeration's numbers are, else floats."""

    err: Any
    """p̂(E), the generative error."""
    err_iiv: Any
    """Misclassification rate of p̂ > θ on the mixture of p and uniform errors."""
    threshold: Any
    """θ = 1/min_c|E_c|."""
    size_ratio: Any
    """max_c|V_c| / min_c|E_c|."""
    shift: Any
    """p̂(A) − p(A); its size is δ."""
    slack: Slack
    broken: tuple[str, ...]
    """The assumptions that do not hold, in words; the bound is proved where there are none."""

    @property
    def delta(self) -> Any:
        """δ = |p̂(A) − p(A)|, the miscalibration at the threshold."""
        return abs(self.shift)

    @property
    def bound(self) -> Any:
        """2·err_iiv − max|V|/min|E| − δ."""
        return 2 * self.err_iiv - self.size_ratio - self.delta

    @property
    def unexplained(self) -> Any:
        """(err − bound) − the three parts of the slack: 0 where no assumption is broken."""
        parts = self.slack.confident_errors + self.slack.timid_truths + self.slack.underconfidence
        return (self.err - self.bound) - parts

    @property
    def holds(self) -> bool:
        """Whether err is at least the bound."""
        return bool(self.err - self.bound >= -ROUNDING)

    @property
    def verdict(self) -> str:
        """In words: that it holds, or by how much it fails and which assumption is broken."""
        if self.holds:
            return "holds"
        missing = float(self.bound - self.err)
        return f"fails by {missing:.3g}: {'; '.join(self.broken) or 'no assumption is broken, so this is a bug'}"


def above_threshold(e: Enumeration) -> Mask:
    """Return A, (C, R): the listed responses with p̂(r|c) > 1/min_c|E_c|."""
    # As a product: where p̂ is a fraction this is exact, and 1/|E| as a float is not.
    smallest = int(e.sizes[1].min())
    return (e.model * smallest > 1).astype(bool) & (e.valid | e.error)


def reduce_to_classification(e: Enumeration) -> Reduction:
    """Return both sides of the bound on an enumeration, exactly.

    The classifier's misclassification rate counts a response of p by what it is: where p(V) < 1, an error of the
    training data that is called valid is a mistake too.
    """
    above, (valid_sizes, error_sizes) = above_threshold(e), e.sizes
    smallest, one = int(error_sizes.min()), e.prompts.sum() * 0 + 1  # of the numbers' own kind
    called_valid = e.mean((e.error & above).sum(axis=1) * one / error_sizes)  # a uniform error passes as valid
    from_training = e.mass(e.training, e.valid & ~above) + e.mass(e.training, e.error & above)
    size_ratio = one * int(valid_sizes.max()) / smallest
    shift = e.mass(e.model, above) - e.mass(e.training, above)
    return Reduction(
        err=e.mass(e.model, e.error),
        err_iiv=(from_training + called_valid) / 2,
        threshold=one / smallest,
        size_ratio=size_ratio,
        shift=shift,
        slack=Slack(
            confident_errors=e.mass(e.model, e.error & above) - called_valid,
            timid_truths=size_ratio - e.mass(e.model, e.valid & ~above),
            underconfidence=abs(shift) - shift,
        ),
        broken=broken_assumptions(e),
    )


def broken_assumptions(e: Enumeration) -> tuple[str, ...]:
    """Return in words which assumptions of the bound the enumeration breaks, with how much mass."""
    found: list[str] = []
    in_errors = e.mass(e.training, e.error)
    if in_errors > ROUNDING:
        found.append(f"p(V) < 1: the training distribution puts {float(in_errors):.3g} on errors")
    if e.untrue - in_errors > ROUNDING:
        found.append(f"p is not enumerated: {float(e.untrue - in_errors):.3g} of it lies on no listed response")
    unlisted = e.mean(1 - e.model.sum(axis=1))
    if unlisted > ROUNDING:
        found.append(f"truncated enumeration: the model puts {float(unlisted):.3g} on responses that are not listed")
    if e.off_list - unlisted > ROUNDING:
        found.append(
            f"E is not the complement of V: the model puts {float(e.off_list - unlisted):.3g} on listed responses "
            "that are in neither"
        )
    return tuple(found)
