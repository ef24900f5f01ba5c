"""A Beta prior of confidence, fitted across items that were each sampled k times (beta-binomial).

Shapes: B resamples, S cells; a cell is a pair (k, m) of samples and how many of them agree, and
`counts`, (B, S), says how many items are in it.

Confidence from k samples: what a perfect policy would look like, and what is left when the noise is taken out.

Item i is sampled k times, and m of its samples agree with its greedy answer. The share m/k is a noisy
confidence, and the noise makes every policy look worse than it is. Three things are fitted across
items, by maximum likelihood, to say how much:

1. a prior: confidences are Beta(a, b), so that the m of all items are beta-binomial (`fit_beta`);
2. a policy at each target: abstain with probability Φ((c − p)/σ) at confidence p. σ = 0 is a sharp cut;
3. with both, each item's posterior: P(p < t | m, what was done).

Adherence is then the expected share of pairs where the model abstained and p < t, or answered and
p ≥ t; and c is the effective threshold. A perfect policy's own share is what m/k < t agrees with
p < t under the prior.

Shapes: N items, T targets, B resamples, S cells (k, m), P confidences, Q policies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.special import betainc, betaln, ndtr, psi, xlogy, zeta  # pyright: ignore[reportUnknownVariableType]

from .behavior import threshold_line
from .estimate import Array
from .statistic import Columns, matrix, ratio, statistic, total, vector, vectors

LOG_RANGE = (-4.6, 6.9)
"""ln a and ln b stay in this range, a and b between 0.01 and 1000: ML runs to infinity when all shares are alike."""
STEPS = 60


def log_likelihood(a: Array, b: Array, agreeing: Array, samples: Array) -> Array:
    """Return ln P(m | k, a, b) up to the binomial coefficient; all broadcast.

    Args:
        a: First parameter of the Beta prior.
        b: Second parameter of the Beta prior.
        agreeing: m, how many samples agree with the majority's answer.
        samples: k, how many there are.
    """
    return cast("Array", betaln(a + agreeing, b + samples - agreeing) - betaln(a, b))


def fit_beta(counts: Array, agreeing: Array, samples: Array) -> tuple[Array, Array]:
    """Return (a, b), each (B,), that maximise Σ counts · ln P(m | k, a, b); `agreeing` and `samples` are (S,).

    From the best point of a coarse grid by Newton's steps in ln a and ln b. NaN where no item has two
    samples or more: one sample says nothing about how confidences spread.

    Args:
        counts: How many items have each pair of m and k, in every resample, (B, S).
        agreeing: m of every pair, (S,).
        samples: k of every pair, (S,).
    """
    point = _coarse(counts, agreeing, samples)  # (B, 2), logs
    for _ in range(STEPS):
        step = _newton(np.exp(point), counts, agreeing, samples)
        point = np.clip(point + np.clip(step, -0.7, 0.7), *LOG_RANGE)
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
    fitted = np.where(counts[:, samples >= 2].sum(axis=1, keepdims=True) > 0, np.exp(point), np.nan)
    return fitted[:, 0], fitted[:, 1]


def _coarse(counts: Array, agreeing: Array, samples: Array) -> Array:
    grid = np.linspace(-3, 4, 29)
    a, b = (x.ravel() for x in np.meshgrid(grid, grid, indexing="ij"))
    table = log_likelihood(np.exp(a)[:, None], np.exp(b)[:, None], agreeing, samples)
    best = (counts @ table.T).argmax(axis=1)
    return np.stack([a[best], b[best]], axis=1)


def _newton(ab: Array, counts: Array, agreeing: Array, samples: Array) -> Array:
    """Return the step in (ln a, ln b), (B, 2); uphill also where the likelihood is not concave."""
    a, b = ab[:, :1], ab[:, 1:]
    parts = ((a, a + agreeing), (b, b + samples - agreeing), (a + b, a + b + samples))
    first = [(counts * (psi(upper) - psi(lower))).sum(axis=1) for lower, upper in parts]
    # zeta(2, x) is the derivative of psi
    second = [(counts * (zeta(2, upper) - zeta(2, lower))).sum(axis=1) for lower, upper in parts]
    a, b = ab[:, 0], ab[:, 1]
    ga, gb = a * (first[0] - first[2]), b * (first[1] - first[2])  # in the logs
    haa, hbb = a * a * (second[0] - second[2]) + ga, b * b * (second[1] - second[2]) + gb
    hab = -a * b * second[2]
    # Shifted so far that both eigenvalues are negative.
    middle, spread = (haa + hbb) / 2, np.hypot((haa - hbb) / 2, hab)
    shift = np.maximum(middle + spread, 0.0) * 2 + 1e-9 * (1 + np.abs(middle))
    haa, hbb = haa - shift, hbb - shift
    determinant = haa * hbb - hab * hab
    return -np.stack([hbb * ga - hab * gb, haa * gb - hab * ga], axis=1) / determinant[:, None]


def beta_mass(a: Array, b: Array, edges: Array) -> Array:
    """Return the prior's mass between `edges`, (B, P) for P + 1 edges from 0 to 1.

    Args:
        a: First parameter of the prior, (B,).
        b: Second parameter of the prior, (B,).
        edges: Ascending, from 0 to 1, (P + 1,).
    """
    return np.diff(cast("Array", betainc(a[:, None], b[:, None], edges)), axis=1)


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

    def columns(self, values: Array) -> Columns:
        """Return `values`, (N, M), each in the column of its item's cell, (N, M·S): column j·S + s; sparse."""
        items, wide = np.flatnonzero(self.of >= 0), len(self.samples)
        column: NDArray[np.intp] = np.arange(values.shape[1], dtype=np.intp)
        place = np.repeat(self.of[items], len(column)) + wide * np.tile(column, len(items))
        where = (np.repeat(items, values.shape[1]), place)
        matrix = csr_matrix((values[items].ravel(), where), shape=(len(self.of), wide * values.shape[1]))
        matrix.eliminate_zeros()
        return matrix


def cells(agreement: ArrayLike, samples: ArrayLike) -> Cells:
    """Return the cells of items with `agreement`, (N,), the share of `samples`, (N,), that agree."""
    agreement, samples = vectors(agreement=agreement, samples=samples)
    known = np.isfinite(agreement) & (samples > 0)
    pairs = np.stack([samples[known], np.rint(agreement[known] * samples[known])], axis=1).astype(np.float64)
    distinct, index = np.unique(pairs, axis=0, return_inverse=True)
    of = np.full(len(agreement), -1, dtype=np.intp)
    of[known] = index.ravel()
    return Cells(distinct[:, 0], distinct[:, 1], of)


def _binomial(agreeing: ArrayLike, samples: ArrayLike) -> Array:
    """Return P(m of k samples agree) at every confidence, in the last axis."""
    from scipy.stats import binom  # not at the top: scipy.stats is slow to import, and every command would

    return np.asarray(binom.pmf(agreeing, samples, CONFIDENCES), dtype=np.float64)


def _likelihood(cells: Cells) -> Array:
    """Return P(m | k, p), (S, P)."""
    return _binomial(cells.agreeing[:, None], cells.samples[:, None])


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


class SampledRows:
    """Items with samples, ready to be fitted in any resample of them."""

    def __init__(self, abstained: ArrayLike, agreement: ArrayLike, samples: ArrayLike, targets: ArrayLike) -> None:
        """Take what was done, (N, T), the shares of samples that agree and how many there were, (N,), and (T,)."""
        abstained, targets = matrix(abstained=abstained), vector(targets=targets)
        self.cells, self.targets = cells(agreement, samples), targets
        ones = np.ones((len(abstained), 1))
        self._columns = self.cells.columns(np.nan_to_num(np.concatenate([ones, abstained, 1 - abstained], axis=1)))

    def fit(self, weights: Array) -> SampleFit:
        """Return prior, policies and adherence of B resamples; `weights` is (B, N)."""
        cells, targets = self.cells, self.targets
        if not (cells.samples >= 2).any():
            nothing, curve = np.full(len(weights), np.nan), np.full((len(weights), len(targets)), np.nan)
            return SampleFit(nothing, nothing, curve, curve, nothing, nothing, (nothing, nothing))
        counts = total(weights, self._columns).reshape(len(weights), -1, len(cells.samples))  # (B, 1 + 2·T, S)
        sides = [_Side(t, counts[:, 1 + j], counts[:, 1 + j + len(targets)]) for j, t in enumerate(targets.tolist())]
        a, b = fit_beta(counts[:, 0], cells.agreeing, cells.samples)
        joint = beta_mass(a, b, EDGES)[:, None, :] * _likelihood(cells)
        after = joint / joint.sum(axis=2, keepdims=True)  # (B, S, P)
        policies = _policies()
        abstains = after @ policies.T  # P(abstain | cell, policy), whatever the target: (B, S, Q)
        chosen = np.stack([_likeliest(abstains, side) for side in sides], axis=1)  # (B, T)
        right = [_right(after, policies[chosen[:, j]], side) for j, side in enumerate(sides)]
        pairs = counts[:, 1:].sum(axis=(1, 2))
        undefined = np.where(np.isnan(a), np.nan, 0.0)
        cuts = np.repeat(CUTS, len(WIDTHS))[chosen] + undefined[:, None]
        return SampleFit(
            a=a,
            b=b,
            cuts=cuts,
            widths=np.tile(WIDTHS, len(CUTS))[chosen] + undefined[:, None],
            adherence=ratio(np.sum(right, axis=0), pairs) + undefined,
            perfect=ratio(np.sum([_perfect(a, b, cells, side) for side in sides], axis=0), pairs),
            line=threshold_line(cuts, targets),
        )


def fit_samples(
    weights: Array, abstained: ArrayLike, agreement: ArrayLike, samples: ArrayLike, targets: ArrayLike
) -> SampleFit:
    """Return prior, policies and adherence; `weights` is (B, N), the rest as `SampledRows` takes them.

    Args:
        weights: How often each item stands in each resample, (B, N).
        abstained: As for `SampledRows`.
        agreement: As for `SampledRows`.
        samples: As for `SampledRows`.
        targets: As for `SampledRows`.
    """
    return SampledRows(abstained, agreement, samples, targets).fit(weights)


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


def _perfect(a: Array, b: Array, cells: Cells, side: _Side) -> Array:
    """Return the expected number of pairs where m/k is on p's side of the target, (B,)."""
    k_of, which = np.unique(cells.samples, return_inverse=True)
    policies = np.stack([(side.abstained + side.answered)[:, which == i].sum(axis=1) for i in range(len(k_of))], axis=1)
    prior = beta_mass(a, b, EDGES)
    agree: list[Array] = []
    for k in k_of:
        m = np.arange(int(k) + 1)
        likelihood = _binomial(m[:, None], k)
        seen_below: Array = likelihood[m / k < side.target].sum(axis=0)  # (P,)
        agree.append(prior @ np.where(side.below, seen_below, 1 - seen_below))
    return (policies * np.stack(agree, axis=1)).sum(axis=1)


def shrunk_confidence(agreement: ArrayLike, samples: ArrayLike) -> Array:
    """Return E[p | m, k], (N,), the share drawn towards the mean of a prior fitted across items; NaN without samples.

    (a + m) / (a + b + k). It has a smaller squared error than m/k.

    >>> shrunk_confidence([1, 1, 1], [2, 2, 2]).round(2)  # all samples agree: a prior near 1, and nothing is drawn down
    array([1., 1., 1.])

    Args:
        agreement: (N,): share of the samples that agree with the greedy answer, NaN without samples.
        samples: (N,): how many there are, 0 for none.
    """
    agreement, samples = vectors(agreement=agreement, samples=samples)
    items = cells(agreement, samples)
    counts = total(np.ones((1, len(agreement))), items.columns(np.ones((len(agreement), 1))))
    a, b = fit_beta(counts, items.agreeing, items.samples)
    return np.where(np.isfinite(agreement), (a + agreement * samples) / (a + b + samples), np.nan)


@statistic
def shrunk_adherence(
    weights: Array, abstained: ArrayLike, agreement: ArrayLike, samples: ArrayLike, targets: ArrayLike
) -> Array:
    """Return the expected share of pairs on the right side of the target; NaN where no item has two samples.

    >>> # Confidences are near 0 or near 1; the model abstains on the first and answers the second, as it should.
    >>> round(shrunk_adherence([[1], [0]], [0, 1], [8, 8], [0.5]), 2)
    1.0

    Args:
        weights: (B, N) resamples, in `resampled` only.
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        agreement: (N,): share of the samples that agree with the greedy answer, NaN without samples.
        samples: (N,): how many there are, 0 for none.
        targets: (T,), ascending fractions.
    """
    return fit_samples(weights, abstained, agreement, samples, targets).adherence


@statistic
def perfect_adherence(
    weights: Array, abstained: ArrayLike, agreement: ArrayLike, samples: ArrayLike, targets: ArrayLike
) -> Array:
    """Return what a perfect policy would adhere to m/k; `abstained` only says which pairs count.

    >>> round(perfect_adherence([[0], [0]], [1, 1], [2, 2], [0.5]), 2)  # all samples agree: no noise to be misled by
    1.0

    Args:
        weights: (B, N) resamples, in `resampled` only.
        abstained: (N, T): 1 abstained, 0 answered, NaN unknown.
        agreement: (N,): share of the samples that agree with the greedy answer, NaN without samples.
        samples: (N,): how many there are, 0 for none.
        targets: (T,), ascending fractions.
    """
    return fit_samples(weights, abstained, agreement, samples, targets).perfect
