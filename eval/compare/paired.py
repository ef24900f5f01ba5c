"""Two systems over the same items and targets: what they are compared in, and whether a difference is more than chance.

Shapes: G items, shared by both; N units of one system; T targets; M metrics; B resamples.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from ...rewards import Verdict
from ..logs.log_table import LogTable, make_log_table
from ..logs.score import reason
from ..metrics.catalogue import CURVES, METRICS
from ..metrics.compute import finite
from ..metrics.errors import RATES
from ..metrics.estimate import Array, Interval
from ..metrics.metric import Better, Metric, Parts, lacking
from ..metrics.resample import Resample, draw_weights
from ..metrics.table import own_reference, reference_confidence
from ..sweep.responses import Response


@dataclass(frozen=True, kw_only=True)
class SystemView:
    """One of the two systems, on the items that both have."""

    log_table: LogTable
    group: NDArray[np.intp]
    """(N,): the item of each unit, numbered alike in both systems."""
    items: int
    reference: Array
    """(N,): the confidence that decides what should be answered."""
    source: str
    """Where that comes from."""

    @property
    def ungraded(self) -> int:
        """Answers without a verdict."""
        return sum(row.verdict is Verdict.UNGRADED for row in self.log_table.answers)

    @cached_property
    def once(self) -> Resample:
        """Every item taken once."""
        return Resample(np.ones((1, len(self.group))), self.log_table.table, self.reference)

    def summed(self, values: Array) -> Array:
        """Return (G,) the sums of `values`, (N,), over the units of each item."""
        return np.asarray(np.bincount(self.group, values, self.items), dtype=np.float64)

    def rate_parts(self, name: str) -> Parts:
        """Return the parts, (G,), of a rate of the answers."""
        index = {id_: int(g) for id_, g in zip(self._ids, self.group.tolist(), strict=True)}
        group = np.array([index[row.id] for row in self.log_table.answers], dtype=np.intp)
        num, den = RATES[name].parts(self.log_table.answers)
        of_items = [np.asarray(np.bincount(group, part, self.items), dtype=np.float64) for part in (num, den)]
        return of_items[0], of_items[1]

    @property
    def _ids(self) -> list[str]:
        return [self.log_table.items[i] for i in self.log_table.group.tolist()]


SystemPair = tuple[SystemView, SystemView]


def pair_systems(
    a: tuple[Sequence[Response], Sequence[Response] | None],
    b: tuple[Sequence[Response], Sequence[Response] | None],
    targets: Sequence[float] | None,
) -> SystemPair:
    """Return both systems laid out over the same items and targets, each given as (rows, rows of its base model).

    Args:
        a: The rows of one system, and those of its base model where there are any.
        b: The same of the other.
        targets: The targets that a confidence is held against where rows state none; None: those of the rows.
    """
    common_targets = targets
    if common_targets is None:  # a confidence is held against the targets of the other system, where that has some
        targets_of_rows = [sorted({row.threshold for row in rows if row.threshold}) for rows, _ in (a, b)]
        common_targets = next(filter(None, targets_of_rows), None) if not all(targets_of_rows) else None
    log_tables = _with_confidences_of_both([make_log_table(rows, targets=common_targets) for rows, _ in (a, b)])
    bases = [None if not base else make_log_table(base, targets=common_targets).table for _, base in (a, b)]
    references = [
        reference_confidence(log_table.table, base) for log_table, base in zip(log_tables, bases, strict=True)
    ]
    if references[0][0] != references[1][0]:  # one kind of confidence for both: each system's own
        references = [own_reference(log_table.table) for log_table in log_tables]
    index = {id_: i for i, id_ in enumerate(log_tables[0].items)}
    views = [
        SystemView(
            log_table=log_table,
            group=np.array([index[log_table.items[i]] for i in log_table.group.tolist()], dtype=np.intp),
            items=len(index),
            reference=reference,
            source=source,
        )
        for log_table, (source, reference) in zip(log_tables, references, strict=True)
    ]
    return views[0], views[1]


def _with_confidences_of_both(log_tables: Sequence[LogTable]) -> list[LogTable]:
    """Return the tables without the confidences of items whose answer came without a usable one in either system.

    So that what needs a confidence is compared on the same items: where it decides what is answered, the decisions go
    too. Of systems whose units differ, or one of which has no confidence at all, none is taken out.
    """
    tables = [one.table for one in log_tables]
    if not all(one.confident for one in log_tables) or not np.array_equal(tables[0].ids, tables[1].ids):
        return list(log_tables)
    lost = np.any([one.missing_confidence | one.bad_confidence for one in tables], axis=0)
    kept: list[LogTable] = []
    for one, table in zip(log_tables, tables, strict=True):
        undecided = lost & (one.protocol == "stated")
        verdicts = np.where(undecided[:, None], np.nan, table.verdicts)
        confidence = np.where(lost, np.nan, table.confidence)
        kept.append(replace(one, table=replace(table, confidence=confidence, verdicts=verdicts)))
    return kept


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

    Args:
        contributions: What each item adds to each difference, (G, M).
        rng: Draws the signs.
        flips: How many choices of signs are drawn.
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
    defined = resampled[np.isfinite(resampled)]
    if not np.isfinite(difference) or len(defined) * 2 <= len(resampled) or len(defined) < 2:
        return float("nan")
    error = float(defined.std(ddof=1))
    if error == 0:
        return 1.0 if difference == 0 else 1 / (len(resampled) + 1)
    return max(erfc(abs(difference) / error / sqrt(2)), 1 / (len(resampled) + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for how many there are (Holm 1979), in the same order; NaN stays and does not count.

    The k-th smallest of m is multiplied by m − k + 1, and never made smaller than the one before it.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    tested = [i for i, p in enumerate(p_values) if np.isfinite(p)]
    adjusted, running = list(p_values), 0.0
    for rank, i in enumerate(sorted(tested, key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(tested) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """What two systems are compared in: a rate, a metric, or a curve's value at one target."""

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

    def value(self, view: SystemView) -> float:
        """Return it for one system, NaN where it is undefined."""
        if self.metric is None:
            num, den = (float(part.sum()) for part in view.rate_parts(self.name))
            return num / den if den else float("nan")
        return float(self.of(view.once, {})[0])

    @property
    def interval(self) -> Interval:
        """How the interval of its difference is made of the resamples: where not by percentiles, as its p-value is."""
        if self.metric is None or self.metric.computation.interval in ("percentile", "linear"):
            return "percentile"
        return "spread"

    def items(self, view: SystemView) -> NDArray[np.bool_]:
        """Return (G,): which items count."""
        if self.metric is None:
            return view.rate_parts(self.name)[1] > 0
        return view.summed(self.metric.items(view.log_table.table, view.reference).astype(np.float64)) > 0

    def parts(self, view: SystemView) -> Parts | None:
        """Return its numerators and denominators, (G,); None where it is no ratio of sums."""
        if self.metric is None:
            return view.rate_parts(self.name)
        columns = self.metric.computation.columns
        if columns is None:
            return None
        num, den = columns(view.once.cache)
        if self.t is not None:
            num, den = num[:, self.column], den[:, self.column]
        return view.summed(num), view.summed(den)

    def bounds(self, pair: SystemPair) -> tuple[float, float] | None:
        """Return the least and the greatest difference that ungraded rows could make; None without any, or unknown."""
        if not any(view.ungraded for view in pair):
            return None
        (low_a, high_a), (low_b, high_b) = (self._bounds(view) for view in pair)
        low, high = finite(low_a - high_b), finite(high_a - low_b)
        return None if low is None or high is None else (low, high)

    def _bounds(self, view: SystemView) -> tuple[float, float]:
        table = view.log_table.table
        if self.metric is None:
            num, den = (float(part.sum()) for part in view.rate_parts(self.name))
            total = den + view.ungraded
            return (num / total, (num + view.ungraded) / total) if total else (float("nan"), float("nan"))
        bound = self.metric.bound
        if bound is None:
            return float("nan"), float("nan")
        bounds = bound(table if self.t is None else table.at(self.column), view.reference)
        return bounds.low, bounds.high


def list_metrics(pair: SystemPair, names: Collection[str] | None = None) -> tuple[list[MetricSpec], dict[str, str]]:
    """Return what is compared, of `names` or of all there is, and for the metrics that are not, why."""
    specs: list[MetricSpec] = []
    omitted: dict[str, str] = {}
    selected = {*RATES, *METRICS, *CURVES} if names is None else set(names)
    if all(view.log_table.protocol != "prompted" for view in pair):
        specs += [MetricSpec(name=name, better=rate.better) for name, rate in RATES.items() if name in selected]
    for name, metric in METRICS.items():
        if name not in selected:
            continue
        spec = MetricSpec(name=name, better=metric.better)
        why = [_reason(spec, metric, view) for view in pair]
        if any(why):
            reasons = [f"{letter}: {text}" for letter, text in zip("AB", why, strict=True) if text]
            omitted[name] = str(why[0]) if why[0] == why[1] else "; ".join(reasons)
        else:
            specs.append(spec)
    if any(view.log_table.protocol == "verdicts" for view in pair):
        return specs, omitted
    targets = pair[0].log_table.table.targets.tolist()
    curves = {
        name: metric
        for name, metric in CURVES.items()
        if name in selected
        and not metric.not_compared
        and all(lacking(metric.needs, view.log_table.table) is None for view in pair)
    }
    specs += [
        MetricSpec(name=name, better=metric.better, t=t, column=j)
        for name, metric in curves.items()
        for j, t in enumerate(targets)
    ]
    return specs, omitted


def _reason(spec: MetricSpec, metric: Metric, view: SystemView) -> str | None:
    if view.log_table.protocol != "verdicts":
        if metric.not_compared:
            return metric.not_compared
        if metric.repeats_under == view.source:
            return f"the reference confidence is the {view.source} one"
    return reason(metric, not np.isfinite(spec.value(view)), view.source, view.log_table)


def resample_both(
    pair: SystemPair, specs: Sequence[MetricSpec], rng: np.random.Generator, resamples: int
) -> dict[MetricSpec, tuple[Array, Array]]:
    """Return each metric's values on resamples in A and in B, (resamples,) each; both have the same items in each.

    Args:
        pair: The two systems.
        specs: What is computed on every resample.
        rng: Draws the items.
        resamples: How many resamples are drawn.
    """
    resampled: dict[MetricSpec, tuple[list[Array], list[Array]]] = {spec: ([], []) for spec in specs}
    rates = [spec.name for spec in specs if spec.metric is None]
    parts = [{name: view.rate_parts(name) for name in rates} for view in pair]
    for weights in draw_weights(pair[0].items, resamples, rng):
        for k, view in enumerate(pair):
            resample = Resample(weights[:, view.group], view.log_table.table, view.reference, view.once.cache)
            with np.errstate(invalid="ignore", divide="ignore"):
                of_rates = {name: (weights @ num) / (weights @ den) for name, (num, den) in parts[k].items()}
            curves: dict[str, Array] = {}
            for spec in specs:
                if spec.t is not None and spec.name not in curves:
                    curves[spec.name] = CURVES[spec.name].statistic(resample)
                values = spec.of(resample, of_rates) if spec.t is None else curves[spec.name][:, spec.column]
                resampled[spec][k].append(values)
    return {spec: (np.concatenate(a), np.concatenate(b)) for spec, (a, b) in resampled.items()}


def flip_signs(
    pair: SystemPair, specs: Sequence[MetricSpec], rng: np.random.Generator, flips: int
) -> dict[MetricSpec, float]:
    """Return the p-values of the metrics that are ratios of sums.

    Args:
        pair: The two systems.
        specs: What is tested; others than ratios of sums are left out.
        rng: Draws the signs.
        flips: How many choices of signs are drawn.
    """
    columns: dict[MetricSpec, Array] = {}
    for spec in specs:
        a, b = (spec.parts(view) for view in pair)
        if a is not None and b is not None:
            columns[spec] = ratio_contributions(a, b)
    if not columns:
        return {}
    p = sign_flip_p(np.column_stack(list(columns.values())), rng, flips)
    return dict(zip(columns, p.tolist(), strict=True))
