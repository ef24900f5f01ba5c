"""Confidence from k samples: what a perfect policy would look like, and what is left when the noise is taken out.

Item i is sampled k times, and m of its samples agree with its greedy answer. The share m/k is a noisy
confidence, and the noise makes every policy look worse than it is. Three things are fitted across
items, by maximum likelihood, to say how much:

1. a prior: confidences are Beta(a, b), so that the m of all items are beta-binomial (`beta.py`);
2. a policy at each target: abstain with probability Φ((c − p)/σ) at confidence p. σ = 0 is a sharp cut;
3. with both, each item's posterior: P(p < t | m, what was done).

Adherence is then the expected share of pairs where the model abstained and p < t, or answered and
p ≥ t; and c is the effective threshold. A perfect policy's own share is what m/k < t agrees with
p < t under the prior.

Shapes: N items, T targets, B resamples, S cells (k, m), P confidences, Q policies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import ndtr, xlogy
from scipy.stats import binom  # pyright: ignore[reportUnknownVariableType]

from .behavior import threshold_line
from .beta import beta_mass, fit_beta
from .estimate import Array
from .statistic import ratio, statistic

EDGES = np.linspace(0, 1, 401)
CONFIDENCES = (EDGES[1:] + EDGES[:-1]) / 2
"""(P,): the confidences that are summed over; every hundredth is an edge, so no target lies inside a cell."""
CUTS = np.linspace(0, 1, 101)
WIDTHS = np.array([0.0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0])
"""c and σ of the policies among which the likeliest is chosen."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The pairs (k, m) that occur, and which item is in which; items without samples are in none."""

    samples: Array
    """(S,): k."""
    agreeing: Array
    """(S,): m."""
    of: NDArray[np.intp]
    """(N,): the item's cell, −1 for none."""

    @property
    def shares(self) -> Array:
        """(S,): m / k."""
        return self.agreeing / self.samples

    def counts(self, weights: Array, chosen: Array) -> Array:
        """Return how many items of each cell were drawn, (B, S), each counted `chosen`, (N,), times."""
        items = np.flatnonzero(self.of >= 0)
        scatter = csr_matrix((chosen[items], (self.of[items], items)), shape=(len(self.samples), len(self.of)))
        return np.asarray(scatter @ weights.T, dtype=np.float64).T


def cells(agreement: Array, samples: NDArray[np.intp]) -> Cells:
    """Return the cells of items with `agreement`, (N,), the share of `samples`, (N,), that agree."""
    known = np.isfinite(agreement) & (samples > 0)
    pairs = np.stack([samples[known], np.rint(agreement[known] * samples[known])], axis=1).astype(np.float64)
    found, which = np.unique(pairs, axis=0, return_inverse=True)
    of = np.full(len(agreement), -1, dtype=np.intp)
    of[known] = which.ravel()
    return Cells(found[:, 0], found[:, 1], of)


def posterior(weights: Array, found: Cells) -> tuple[Array, Array, Array]:
    """Return (a, b) of the prior, each (B,), and each cell's posterior over `CONFIDENCES`, (B, S, P)."""
    counts = found.counts(weights, np.ones(len(found.of)))
    a, b = fit_beta(counts, found.agreeing, found.samples)
    joint = beta_mass(a, b, EDGES)[:, None, :] * _likelihood(found)
    return a, b, joint / joint.sum(axis=2, keepdims=True)


def _likelihood(found: Cells) -> Array:
    """Return P(m | k, p), (S, P)."""
    return np.asarray(binom.pmf(found.agreeing[:, None], found.samples[:, None], CONFIDENCES), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SampleFit:
    """What k samples say about a policy, for B resamples; NaN where no item has two samples."""

    a: Array
    b: Array
    """(B,): the prior."""
    cuts: Array
    """(B, T): the fitted c, the effective threshold."""
    widths: Array
    """(B, T): the fitted σ."""
    adherence: Array
    """(B,): the expected adherence, over items and targets."""
    perfect: Array
    """(B,): what a policy that abstains iff p < t would adhere to m/k."""
    line: tuple[Array, Array]
    """Slope and intercept, each (B,), of the cuts on the targets."""


def fit_samples(
    weights: Array, abstained: Array, agreement: Array, samples: NDArray[np.intp], targets: Array
) -> SampleFit:
    """Return prior, policies and adherence; `weights` is (B, N), the rest as in the table."""
    found = cells(agreement, samples)
    if not (found.samples >= 2).any():
        nothing = np.full(len(weights), np.nan)
        curve = np.full((len(weights), len(targets)), np.nan)
        return SampleFit(nothing, nothing, curve, curve, nothing, nothing, (nothing, nothing))
    a, b, after = posterior(weights, found)
    policies = _policies()
    # P(abstain | cell, policy), whatever the target: (B, S, Q)
    abstains = after @ policies.T
    sides = [_side(weights, found, abstained[:, j], t) for j, t in enumerate(targets)]
    chosen = np.stack([_likeliest(abstains, side) for side in sides], axis=1)  # (B, T)
    right = [_right(after, policies[chosen[:, j]], side) for j, side in enumerate(sides)]
    pairs = sum((side.abstained + side.answered).sum(axis=1) for side in sides)
    undefined = np.where(np.isnan(a), np.nan, 0.0)
    cuts = np.repeat(CUTS, len(WIDTHS))[chosen] + undefined[:, None]
    return SampleFit(
        a=a,
        b=b,
        cuts=cuts,
        widths=np.tile(WIDTHS, len(CUTS))[chosen] + undefined[:, None],
        adherence=ratio(np.sum(right, axis=0), np.asarray(pairs)) + undefined,
        perfect=ratio(np.sum([_perfect(a, b, found, side) for side in sides], axis=0), np.asarray(pairs)),
        line=threshold_line(cuts, targets),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """What was done at one target."""

    target: float
    abstained: Array
    """(B, S): items that abstained."""
    answered: Array
    """(B, S)."""

    @property
    def below(self) -> NDArray[np.bool_]:
        """(P,): the confidences at which it should abstain."""
        return self.target > CONFIDENCES


def _side(weights: Array, found: Cells, abstained: Array, target: float) -> _Side:
    return _Side(
        target,
        found.counts(weights, np.nan_to_num(abstained)),
        found.counts(weights, np.nan_to_num(1 - abstained)),
    )


def _policies() -> Array:
    """Return P(abstain | p) of every policy, (Q, P), widths within cuts."""
    distance = CUTS[:, None, None] - CONFIDENCES  # (cuts, 1, P)
    with np.errstate(divide="ignore"):
        noisy = ndtr(distance / WIDTHS[1:, None])
    return np.concatenate([(distance > 0).astype(np.float64), noisy], axis=1).reshape(-1, len(CONFIDENCES))


def _likeliest(abstains: Array, side: _Side) -> NDArray[np.intp]:
    """Return the policy, (B,), under which what was done is likeliest."""
    abstains = np.clip(abstains, 0.0, 1.0)
    likelihood = xlogy(side.abstained[:, :, None], abstains) + xlogy(side.answered[:, :, None], 1 - abstains)
    return likelihood.sum(axis=1).argmax(axis=1)


def _right(after: Array, policy: Array, side: _Side) -> Array:
    """Return the expected number of pairs on the right side of the target, (B,); `policy` is (B, P)."""
    abstains, answers = after * policy[:, None, :], after * (1 - policy[:, None, :])
    below = ratio(abstains[:, :, side.below].sum(axis=2), abstains.sum(axis=2))
    above = ratio(answers[:, :, ~side.below].sum(axis=2), answers.sum(axis=2))
    return np.nansum(side.abstained * below + side.answered * above, axis=1)


def _perfect(a: Array, b: Array, found: Cells, side: _Side) -> Array:
    """Return the expected number of pairs where m/k is on p's side of the target, (B,)."""
    k_of, which = np.unique(found.samples, return_inverse=True)
    drawn = np.stack([(side.abstained + side.answered)[:, which == i].sum(axis=1) for i in range(len(k_of))], axis=1)
    prior = beta_mass(a, b, EDGES)
    agree: list[Array] = []
    for k in k_of:
        m = np.arange(int(k) + 1)
        likelihood = np.asarray(binom.pmf(m[:, None], k, CONFIDENCES), dtype=np.float64)
        seen_below: Array = likelihood[m / k < side.target].sum(axis=0)  # (P,)
        agree.append(prior @ np.where(side.below, seen_below, 1 - seen_below))
    return (drawn * np.stack(agree, axis=1)).sum(axis=1)


def shrunk_confidence(agreement: Array, samples: NDArray[np.intp]) -> Array:
    """Return E[p | m, k], (N,), the share drawn towards the mean of a prior fitted across items; NaN without samples.

    (a + m) / (a + b + k). It has a smaller squared error than m/k.
    """
    found = cells(agreement, samples)
    counts = found.counts(np.ones((1, len(agreement))), np.ones(len(agreement)))
    a, b = fit_beta(counts, found.agreeing, found.samples)
    return np.where(np.isfinite(agreement), (a + agreement * samples) / (a + b + samples), np.nan)


@statistic
def shrunk_adherence(
    weights: Array, abstained: Array, agreement: Array, samples: NDArray[np.intp], targets: Array
) -> Array:
    """Return `fit_samples`' expected adherence; NaN where no item has two samples."""
    return fit_samples(weights, abstained, agreement, samples, targets).adherence


@statistic
def perfect_adherence(
    weights: Array, abstained: Array, agreement: Array, samples: NDArray[np.intp], targets: Array
) -> Array:
    """Return what a perfect policy would adhere to m/k; `abstained` only says which pairs count."""
    return fit_samples(weights, abstained, agreement, samples, targets).perfect
