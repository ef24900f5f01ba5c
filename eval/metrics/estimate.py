"""A metric with its interval: no metric is a bare float, and undefined is None, never 0."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its 95 % interval and the number of items it rests on."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def to_json(self) -> dict[str, float | int | None]:
        """Return {"value", "low", "high", "n"}."""
        return asdict(self)

    def within(self, least: float, most: float) -> Estimate:
        """Return the estimate with the part of its interval that lies between `least` and `most`."""
        if self.low is None or self.high is None:
            return self
        return replace(self, low=max(self.low, least), high=min(self.high, most))

    def __str__(self) -> str:
        if self.value is None:
            return "undefined"
        interval = "" if self.low is None or self.high is None else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.value:.3f}{interval}"


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float], n: int, rng: np.random.Generator, resamples: int = 500
) -> Estimate:
    """Return `statistic` over `n` items with a percentile bootstrap interval (2.5 % to 97.5 %).

    >>> values = np.array([1.0, 1.0, 1.0])
    >>> str(bootstrap(lambda items: float(values[items].mean()), 3, np.random.default_rng(0), resamples=99))
    '1.000 [1.000, 1.000]'

    Args:
        statistic: Maps item indices, shape (n,), to a value; NaN means undefined. An item's
            thresholds and samples move together, because it is items that are drawn.
        n: Number of items.
        rng: Source of the resamples.
        resamples: Number of resamples; 0 gives no interval. Undefined resamples are left out, and with
            more than half of them undefined there is no interval.
    """
    value = statistic(np.arange(n)) if n else math.nan
    if not math.isfinite(value):
        return Estimate(None, None, None, n)
    resampled = np.array([statistic(rng.integers(0, n, n)) for _ in range(resamples)], dtype=np.float64)
    return percentile_interval(value, resampled, n)


def bootstrap_mean(values: ArrayLike, rng: np.random.Generator, resamples: int = 500) -> Estimate:
    """Return the mean of the finite entries of `values`, (N,) or (N, T), with the interval `bootstrap` would give.

    A resample is how often each item was drawn, so all of them are two matrix products.

    >>> bootstrap_mean([1, 1, None], np.random.default_rng(0), resamples=0)
    Estimate(value=1.0, low=None, high=None, n=3)

    Args:
        values: (N,) or (N, T), NaN for what does not count.
        rng: Source of the resamples.
        resamples: Number of resamples; 0 gives no interval.
    """
    numbers = np.asarray(values, dtype=np.float64)
    rows = numbers if numbers.ndim == 2 else numbers[:, None]
    known = np.isfinite(rows)
    total, count = np.where(known, rows, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64)
    n = len(rows)
    if not count.sum():
        return Estimate(None, None, None, n)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (weights @ total) / (weights @ count)
    return percentile_interval(float(total.sum() / count.sum()), means, n)


Interval = Literal["percentile", "spread", "distance"]
"""How an interval is made of the values on resamples."""


def make_interval(kind: Interval, value: float, resampled: Array, n: int, resolution: float = 0.0) -> Estimate:
    """Return `value` with a 95 % interval made of `resampled`, (B,), its values on resamples.

    "percentile" is the middle 95 % of them, by the quantiles at which B + 1 draws leave 2.5 % on either
    side. The others are value ± 1.96·√(d² + resolution²/12), for an estimate that minimises a step
    function: its resamples are not centred on it as it is centred on the truth, and the data cannot tell
    the values inside a range of width `resolution` apart. d is the root mean squared distance of `resampled`
    from `value` ("distance"), or, for a sum of such estimates, the standard deviation ("spread").
    `docs/metrics.md` says why, and how often each holds the truth.

    Undefined resamples are left out, and with half of them undefined there is no interval.

    Args:
        kind: How the interval is made.
        value: The estimate on all items; not finite: there is none.
        resampled: Its values on resamples, (B,); NaN where it is undefined.
        n: How many items it is an estimate over.
        resolution: Width of the range that the data cannot tell apart, in units of the value.
    """
    if not math.isfinite(value):
        return Estimate(None, None, None, n)
    defined = resampled[np.isfinite(resampled)]
    if len(defined) * 2 <= len(resampled) or len(resampled) == 0:
        return Estimate(float(value), None, None, n)
    if kind == "percentile":
        low, high = np.quantile(defined, (0.025, 0.975), method="weibull")
        return Estimate(float(value), float(low), float(high), n)
    centre = value if kind == "distance" else defined.mean()
    half = 1.96 * math.sqrt(float(np.mean((defined - centre) ** 2)) + resolution**2 / 12)
    return Estimate(float(value), float(value - half), float(value + half), n)


def percentile_interval(value: float, resampled: Array, n: int) -> Estimate:
    """Return `make_interval`'s "percentile".

    Args:
        value: The estimate on all items.
        resampled: Its values on resamples, (B,).
        n: How many items it is an estimate over.
    """
    return make_interval("percentile", value, resampled, n)
