"""The numbers that a comparison of two systems is made of, and their resamples.

Shapes: G items, shared by both; N units of one system; T targets; B resamples.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..logs.score import reason
from ..metrics.catalogue import CURVES, METRICS
from ..metrics.compute import finite
from ..metrics.estimate import Array, Interval
from ..metrics.metric import Metric, Parts
from ..metrics.metric_info import Better
from ..metrics.rates import RATES
from ..metrics.resample import Resample, draw_weights
from .paired import ratio_contributions, sign_flip_p
from .sides import Side, Sides


@dataclass(frozen=True, kw_only=True)
class Number:
    """One number of a system: a rate, a metric, or a curve's value at one target."""

    name: str
    better: Better
    t: float | None = None
    column: int = 0
    """The target's place, for a point of a curve."""

    @property
    def metric(self) -> Metric | None:
        """Its entry in `METRICS` or `CURVES`; None for a rate."""
        return None if self.name in RATES and self.t is None else (METRICS if self.t is None else CURVES)[self.name]

    def of(self, resample: Resample, rates: Mapping[str, Array]) -> Array:
        """Return it on the resamples, (B,); `rates` has those of the rates."""
        metric = self.metric
        if metric is None:
            return rates[self.name]
        values = metric.statistic(resample)
        return values if self.t is None else values[:, self.column]

    def value(self, side: Side) -> float:
        """Return it for one system, NaN where it is undefined."""
        if self.metric is None:
            num, den = (float(part.sum()) for part in side.rate_parts(self.name))
            return num / den if den else float("nan")
        return float(self.of(side.once, {})[0])

    @property
    def interval(self) -> Interval:
        """How the interval of its difference is made of the resamples: where not by percentiles, as its p-value is."""
        if self.metric is None or self.metric.computation.interval in ("percentile", "linear"):
            return "percentile"
        return "spread"

    def items(self, side: Side) -> NDArray[np.bool_]:
        """Return (G,): which items count."""
        if self.metric is None:
            return side.rate_parts(self.name)[1] > 0
        return side.summed(self.metric.items(side.layout.table, side.reference).astype(np.float64)) > 0

    def parts(self, side: Side) -> Parts | None:
        """Return its numerators and denominators, (G,); None where it is no ratio of sums."""
        if self.metric is None:
            return side.rate_parts(self.name)
        columns = self.metric.computation.columns
        if columns is None:
            return None
        num, den = columns(side.once.whole)
        if self.t is not None:
            num, den = num[:, self.column], den[:, self.column]
        return side.summed(num), side.summed(den)

    def bounds(self, sides: Sides) -> tuple[float, float] | None:
        """Return the least and the greatest difference that ungraded rows could make; None without any, or unknown."""
        if not any(side.ungraded for side in sides):
            return None
        (low_a, high_a), (low_b, high_b) = (self._bounds(side) for side in sides)
        low, high = finite(low_a - high_b), finite(high_a - low_b)
        return None if low is None or high is None else (low, high)

    def _bounds(self, side: Side) -> tuple[float, float]:
        table = side.layout.table
        if self.metric is None:
            num, den = (float(part.sum()) for part in side.rate_parts(self.name))
            whole = den + side.ungraded
            return (num / whole, (num + side.ungraded) / whole) if whole else (float("nan"), float("nan"))
        bound = self.metric.bound
        if bound is None:
            return float("nan"), float("nan")
        found = bound(table if self.t is None else table.at(self.column), side.reference)
        return found.low, found.high


def list_numbers(sides: Sides, names: Collection[str] | None = None) -> tuple[list[Number], dict[str, str]]:
    """Return what is compared, of `names` or of all there is, and for the metrics that are not, why."""
    found: list[Number] = []
    omitted: dict[str, str] = {}
    wanted = {*RATES, *METRICS, *CURVES} if names is None else set(names)
    if all(side.layout.route != "prompted" for side in sides):
        found += [Number(name=name, better=rate.better) for name, rate in RATES.items() if name in wanted]
    for name, metric in METRICS.items():
        if name not in wanted:
            continue
        number = Number(name=name, better=metric.better)
        why = [_reason(number, metric, side) for side in sides]
        if any(why):
            apart = [f"{letter}: {said}" for letter, said in zip("AB", why, strict=True) if said]
            omitted[name] = str(why[0]) if why[0] == why[1] else "; ".join(apart)
        else:
            found.append(number)
    if any(side.layout.route == "verdicts" for side in sides):
        return found, omitted
    targets = sides[0].layout.table.targets.tolist()
    curves = {name: metric for name, metric in CURVES.items() if name in wanted and not metric.not_compared}
    found += [
        Number(name=name, better=metric.better, t=t, column=j)
        for name, metric in curves.items()
        for j, t in enumerate(targets)
    ]
    return found, omitted


def _reason(number: Number, metric: Metric, side: Side) -> str | None:
    if side.layout.route != "verdicts":
        if metric.not_compared:
            return metric.not_compared
        if metric.repeats_under == side.source:
            return f"the reference confidence is the {side.source} one"
    return reason(metric, not np.isfinite(number.value(side)), side.source, side.layout)


def resample_both(
    sides: Sides, numbers: Sequence[Number], rng: np.random.Generator, draws: int
) -> dict[Number, tuple[Array, Array]]:
    """Return each number's resamples in A and in B, each (draws,): the same items are drawn for both."""
    drawn: dict[Number, tuple[list[Array], list[Array]]] = {number: ([], []) for number in numbers}
    rates = [number.name for number in numbers if number.metric is None]
    parts = [{name: side.rate_parts(name) for name in rates} for side in sides]
    for weights in draw_weights(sides[0].items, draws, rng):
        for k, side in enumerate(sides):
            resample = Resample(weights[:, side.group], side.layout.table, side.reference, side.once.whole)
            with np.errstate(invalid="ignore", divide="ignore"):
                of_rates = {name: (weights @ num) / (weights @ den) for name, (num, den) in parts[k].items()}
            curves: dict[str, Array] = {}
            for number in numbers:
                if number.t is not None and number.name not in curves:
                    curves[number.name] = CURVES[number.name].statistic(resample)
                values = number.of(resample, of_rates) if number.t is None else curves[number.name][:, number.column]
                drawn[number][k].append(values)
    return {number: (np.concatenate(a), np.concatenate(b)) for number, (a, b) in drawn.items()}


def flip_signs(sides: Sides, numbers: Sequence[Number], rng: np.random.Generator, flips: int) -> dict[Number, float]:
    """Return the p-values of the numbers that are ratios of sums."""
    columns: dict[Number, Array] = {}
    for number in numbers:
        a, b = (number.parts(side) for side in sides)
        if a is not None and b is not None:
            columns[number] = ratio_contributions(a, b)
    if not columns:
        return {}
    p = sign_flip_p(np.column_stack(list(columns.values())), rng, flips)
    return dict(zip(columns, p.tolist(), strict=True))
