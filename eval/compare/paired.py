"""Is a difference between two systems on the same items more than chance? Tests, and what many of them together show.

Shapes: G items, M metrics, B resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, sqrt

import numpy as np

from ..metrics.estimate import Array

SIGN_FLIPS = 9_999
_CHUNK = 2**22
"""Signs drawn at a time."""


def ratio_contributions(parts_a: tuple[Array, Array], parts_b: tuple[Array, Array]) -> Array:
    """Return (G,) what each item adds to the difference of two ratios of sums; their sum is the difference.

    A metric is Σ numerator / Σ denominator over items, given for each system as two arrays (G,). With
    the pooled ratio R, which both would have if they did not differ, an item adds
    (numerator_a − R·denominator_a) / Σ denominator_a − (the same of b). For a mean over the same items
    that is the difference of its two values, over G. NaN throughout where a denominator is 0.
    """
    (num_a, den_a), (num_b, den_b) = parts_a, parts_b
    total_a, total_b = den_a.sum(), den_b.sum()
    if not total_a or not total_b:
        return np.full(len(num_a), np.nan)
    pooled = (num_a.sum() / total_a + num_b.sum() / total_b) / 2
    return (num_a - pooled * den_a) / total_a - (num_b - pooled * den_b) / total_b


def sign_flip_p(contributions: Array, rng: np.random.Generator, flips: int = SIGN_FLIPS) -> Array:
    """Return the two-sided p-value, (M,), that the contributions, (G, M), add up to more than chance.

    If the systems did not differ, an item's contribution could as well have had the other sign. p is
    the share of `flips` random choices of signs, the actual one counted in, whose sum is at least as
    far from 0. NaN for a column with a NaN.
    """
    observed = np.abs(contributions.sum(axis=0))
    reached = np.ones(contributions.shape[1])
    tolerance = 1e-9 * np.abs(contributions).sum(
        axis=0
    )  # equal sums differ in their last digit by the order of addition
    rows = max(1, _CHUNK // max(len(contributions), 1))
    for start in range(0, flips, rows):
        signs = rng.integers(0, 2, (min(rows, flips - start), len(contributions)), dtype=np.int8) * 2.0 - 1.0
        reached += (np.abs(signs @ np.nan_to_num(contributions)) >= observed - tolerance).sum(axis=0)
    return np.where(np.isnan(observed), np.nan, reached / (flips + 1))


def bootstrap_p(difference: float, resampled: Array) -> float:
    """Return the two-sided p-value of a difference by its bootstrap standard error, taken as normal.

    The standard error is the standard deviation of the B resampled differences; more of them make it
    more precise, not smaller. NaN where fewer than half of them are defined. Never below 1/(B + 1).
    """
    known = resampled[np.isfinite(resampled)]
    if not np.isfinite(difference) or len(known) * 2 <= len(resampled) or len(known) < 2:
        return float("nan")
    error = float(known.std(ddof=1))
    if error == 0:
        return 1.0 if difference == 0 else 1 / (len(resampled) + 1)
    return max(erfc(abs(difference) / error / sqrt(2)), 1 / (len(resampled) + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for how many there are (Holm 1979), in the same order; NaN stays and does not count.

    The k-th smallest of m is multiplied by m − k + 1, and never made smaller than the one before it.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    known = [i for i, p in enumerate(p_values) if np.isfinite(p)]
    adjusted, running = list(p_values), 0.0
    for rank, i in enumerate(sorted(known, key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(known) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted
