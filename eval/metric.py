"""A metric: one number of a table, or one at every target, with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .estimate import Array, Estimate, Interval, make_interval
from .resample import Resample
from .table import SweepTable
from .whole import Whole

Better = Literal["higher", "lower", "nearer 1", "nearer 0", "nearer t", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of a table of N items, or T of them, judged by a reference confidence, (N,)."""

    statistic: Callable[[Resample], Array]
    """(B,) of B resamples; (B, T) for a curve."""
    basis: Callable[[Whole], Array]
    """(N,) or (N, T): not NaN for the items that count."""
    better: Better
    """Which way a system improves, where a change says so by itself."""
    interval: Interval = "percentile"
    """How the interval is made of the values on resamples; `docs/metrics.md` shows how often each holds the truth."""
    resolution: Callable[[Whole], Array] = lambda _: np.zeros(1)
    """(1,), or (T,) for a curve: width of a range in which the data do not tell one value from another."""
    parts: Callable[[SweepTable, Array], tuple[Array, Array]] | None = None
    """What each item adds to numerator and denominator, (N,) each: the interval is then that of the ratio's linear
    part, value ± 1.96·√Σ((numerator − value·denominator) / Σ denominator)², and not made of resamples."""
    limits: tuple[float, float] = (-np.inf, np.inf)
    """Where the metric's value can be: an interval that would go beyond ends there."""

    def items(self, table: SweepTable, reference: Array) -> NDArray[np.bool_]:
        """Return (N,): which items count."""
        return self._items(Whole(table, reference))

    def _items(self, whole: Whole) -> NDArray[np.bool_]:
        known = ~np.isnan(self.basis(whole))
        return np.asarray(known if known.ndim == 1 else known.any(axis=1), dtype=np.bool_)

    def _error(self, whole: Whole, value: float, group: NDArray[np.intp] | None) -> float:
        """Return the standard error of the linear part of a ratio."""
        assert self.parts is not None
        num, den = self.parts(whole.table, whole.reference)
        shares = (num - value * den) / den.sum()
        return float(np.sqrt((np.bincount(np.arange(len(shares)) if group is None else group, shares) ** 2).sum()))

    def of(self, table: SweepTable, reference: Array) -> float:
        """Return the metric, NaN where it is undefined."""
        return float(self.resampled(table, reference, np.ones((1, len(table.ids))))[0])

    def resampled(self, table: SweepTable, reference: Array, weights: NDArray[np.number]) -> Array:
        """Return the metric of B resamples, (B,); `weights`, (B, N), says how often each item was drawn.

        `statistic` does the same for many metrics of one `Resample` at less cost: they share its work.
        """
        return self.statistic(Resample(np.asarray(weights, dtype=np.float64), table, reference))

    def estimates(self, once: Resample, drawn: Array, group: NDArray[np.intp] | None = None) -> list[Estimate]:
        """Return the metric with its interval, one estimate, or one a target for a curve.

        Args:
            once: Every item once.
            drawn: The values on resamples, (B,) or (B, T).
            group: (N,): what was drawn as one; None: each item by itself. Their number is told.
        """
        values, counted = self.statistic(once).reshape(-1), self._items(once.whole)
        n = int(counted.sum()) if group is None else len(np.unique(group[counted]))
        if self.parts is not None and len(drawn) and np.isfinite(values[0]):
            half = 1.96 * self._error(once.whole, float(values[0]), group)
            return [Estimate(float(values[0]), float(values[0] - half), float(values[0] + half), n)]
        widths = np.broadcast_to(self.resolution(once.whole), values.shape)
        columns = drawn.reshape(-1, len(values)).T
        found = (make_interval(self.interval, v, c, n, w) for v, c, w in zip(values, columns, widths, strict=True))
        return [estimate.within(*self.limits) for estimate in found]
