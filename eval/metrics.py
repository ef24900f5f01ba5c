"""Every metric of a sweep: `from abstain.eval import metrics`.

The metrics themselves are pure functions on arrays, imported here from the files that define them.
`METRICS` and `CURVES` say what each of them is of a table; `compute_metrics` gives them their intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .behavior import (
    adherence,
    adherent,
    bounded_payoff,
    consistency_violations,
    effective_threshold,
    effective_thresholds,
    normalized_regret,
    snr_gain,
    threshold_line,
)
from .calibration import brier, ece, reliability, smooth_ece
from .estimate import Array, Estimate, bootstrap, bootstrap_mean
from .responses import Response
from .selective import aurc, auroc, risk_coverage
from .table import SweepTable, reference_confidence
from .tabulate import STATED_TARGETS, by_split, tabulate

__all__ = [
    "CURVES",
    "METRICS",
    "STATED_TARGETS",
    "Estimate",
    "Metric",
    "SweepTable",
    "adherence",
    "adherent",
    "aurc",
    "auroc",
    "bootstrap",
    "bootstrap_mean",
    "bounded_payoff",
    "brier",
    "by_split",
    "compute_metrics",
    "consistency_violations",
    "ece",
    "effective_threshold",
    "effective_thresholds",
    "normalized_regret",
    "reference_confidence",
    "reliability",
    "risk_coverage",
    "smooth_ece",
    "snr_gain",
    "tabulate",
    "threshold_line",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of a table of N items, judged by a reference confidence, (N,)."""

    statistic: Callable[[SweepTable, Array], float]
    needs: Callable[[SweepTable, Array], Sequence[Array]] = lambda _table, _reference: ()
    """Arrays, (N,); an item with a NaN in one of them is left out."""
    interval: bool = True
    """False where resampling would take too long."""

    def items(self, table: SweepTable, reference: Array) -> NDArray[np.bool_]:
        """Return (N,): which items count."""
        needed = [np.isfinite(need) for need in self.needs(table, reference)]
        return np.all(needed, axis=0) if needed else np.ones(len(table.ids), dtype=bool)

    def of(self, table: SweepTable, reference: Array) -> float:
        """Return the metric, NaN where it is undefined."""
        used = np.flatnonzero(self.items(table, reference))
        return self.statistic(table.take(used), reference[used]) if len(used) else float("nan")

    def resampled(self, table: SweepTable, reference: Array, weights: NDArray[Any]) -> Array:
        """Return the metric, (B,), of B resamples: `weights`, (B, N), says how often each item was drawn."""
        drawn = [np.repeat(np.arange(len(table.ids)), times) for times in weights]
        return np.array([self.of(table.take(index), reference[index]) for index in drawn])


def _own(table: SweepTable, _reference: Array) -> Sequence[Array]:
    return (table.confidence,)


def _judged_own(table: SweepTable, _reference: Array) -> Sequence[Array]:
    return table.confidence, table.forced_correct


METRICS: Mapping[str, Metric] = {
    "adherence.all": Metric(
        statistic=lambda s, _: adherence(s.abstained, s.confidence, s.targets),
        needs=_own,
    ),
    "adherence.clear": Metric(
        statistic=lambda s, _: adherence(s.abstained, s.confidence, s.targets, clear=True),
        needs=_own,
    ),
    "adherence_exact.all": Metric(
        statistic=lambda s, _: adherence(s.abstained, s.exact, s.targets),
        needs=lambda s, _: (s.exact,),
    ),
    "adherence_exact.clear": Metric(
        statistic=lambda s, _: adherence(s.abstained, s.exact, s.targets, clear=True),
        needs=lambda s, _: (s.exact,),
    ),
    "adherence_reference.all": Metric(
        statistic=lambda s, r: adherence(s.abstained, r, s.targets),
        needs=lambda _, r: (r,),
    ),
    "adherence_reference.clear": Metric(
        statistic=lambda s, r: adherence(s.abstained, r, s.targets, clear=True),
        needs=lambda _, r: (r,),
    ),
    "threshold_slope": Metric(statistic=lambda s, r: _line(s, r)[0], needs=lambda _, r: (r,)),
    "threshold_intercept": Metric(statistic=lambda s, r: _line(s, r)[1], needs=lambda _, r: (r,)),
    "normalized_regret": Metric(
        statistic=lambda s, r: normalized_regret(_pay(s), _forced_pay(s), r, s.targets),
        needs=lambda s, r: (r, s.forced_correct),
    ),
    "consistency_violations": Metric(statistic=lambda s, _: consistency_violations(s.abstained)),
    "forced_accuracy": Metric(statistic=lambda s, _: _mean(s.forced_correct), needs=lambda s, _: (s.forced_correct,)),
    "confidence_error": Metric(
        statistic=lambda s, _: _mean(np.abs(s.confidence - s.exact)),
        needs=lambda s, _: (s.confidence, s.exact),
    ),
    "snr_gain": Metric(statistic=lambda s, _: _snr_gain(s)),
    "aurc": Metric(statistic=lambda s, _: aurc(s.confidence, s.forced_correct), needs=_judged_own),
    "auroc": Metric(statistic=lambda s, _: auroc(s.confidence, s.forced_correct), needs=_judged_own),
    "brier": Metric(statistic=lambda s, _: brier(s.confidence, s.forced_correct), needs=_judged_own),
    "ece": Metric(statistic=lambda s, _: ece(s.confidence, s.forced_correct), needs=_judged_own),
    "smooth_ece": Metric(
        statistic=lambda s, _: smooth_ece(s.confidence, s.forced_correct), needs=_judged_own, interval=False
    ),
    "sample_agreement": Metric(statistic=lambda s, _: _mean(s.agreement), needs=lambda s, _: (s.agreement,)),
    "unanswerable_abstention": Metric(
        statistic=lambda s, _: _mean(s.abstained), needs=lambda s, _: (np.where(s.unanswerable, 0.0, np.nan),)
    ),
}
"""Name → metric. A dot in a name is a nested key of `metrics.json`."""

CURVES: Mapping[str, Callable[[SweepTable, Array], Array]] = {
    "coverage": lambda s, _: 1 - _means(s.abstained),
    "accuracy_answered": lambda s, _: _means(np.where(s.abstained == 0, s.verdicts, np.nan)),
    "score": lambda s, _: _means(_pay(s)),
    "oracle_score": lambda s, r: _means(np.where(r[:, None] > s.targets, _forced_pay(s), 0.0)),
    "always_score": lambda s, _: _means(_forced_pay(s)),
    "effective_threshold": lambda s, r: effective_thresholds(s.abstained, r),
    "adherence": lambda s, r: _means(adherent(s.abstained, r, s.targets)),
}
"""Name → the values at every target, (T,), of a table and a reference confidence."""


def compute_metrics(
    responses: Sequence[Response],
    *,
    base: Sequence[Response] | None = None,
    seed: int = 0,
    draws: int = 500,
    targets: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Return the contents of `metrics.json` for one system and one split.

    Keys hold `Estimate`s as {"value", "low", "high", "n"}; `threshold_slope`, regret and
    `by_threshold` use `reference_confidence`, `adherence` the system's own confidence and
    `adherence_exact` the known one (null without).

    Args:
        responses: A complete sweep.
        base: The base model's sweep of the same items, where there is one.
        seed: Seeds the bootstrap.
        draws: Bootstrap resamples.
        targets: As `tabulate` takes them.
    """
    table = tabulate(responses, targets=targets)
    source, reference = reference_confidence(table, tabulate(base, targets=targets) if base is not None else None)
    rng = np.random.default_rng([seed, 4])
    known = bool(np.isfinite(table.exact).any())
    found: dict[str, Any] = {
        "items": len(table.ids),
        "unanswerable": int(table.unanswerable.sum()),
        "targets": table.targets.tolist(),
        "reference_confidence": source,
        "ungraded": int(table.ungraded.sum()),
        "without_confidence": int(np.isnan(table.confidence).sum()),
        "missing_confidence": int(table.missing_confidence.sum()),
        "bad_confidence": int(table.bad_confidence.sum()),
    }
    for name, metric in METRICS.items():
        key, _, part = name.partition(".")
        if key in ("adherence_exact", "confidence_error") and not known:
            found[key] = None
            continue
        if key == "unanswerable_abstention" and not found["unanswerable"]:
            found[key] = None
            continue
        estimate = _estimate(metric, table, reference, rng, draws).to_json()
        if part:
            found.setdefault(key, {})[part] = estimate
        else:
            found[key] = estimate
    return {**found, "by_threshold": _by_threshold(table, reference)}


def _estimate(metric: Metric, table: SweepTable, reference: Array, rng: np.random.Generator, draws: int) -> Estimate:
    used = np.flatnonzero(metric.items(table, reference))

    def of(index: NDArray[np.intp]) -> float:
        return metric.statistic(table.take(used[index]), reference[used[index]])

    return bootstrap(of, len(used), rng, draws if metric.interval else 0)


def _mean(values: Array) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _means(values: Array) -> Array:
    """Return the mean of every column, NaN without entries."""
    return np.array([_mean(column) for column in values.T])


def _line(table: SweepTable, reference: Array) -> tuple[float, float]:
    return threshold_line(effective_thresholds(table.abstained, reference), table.targets)


def _pay(table: SweepTable) -> Array:
    return bounded_payoff(table.verdicts, table.abstained, table.targets)


def _forced_pay(table: SweepTable) -> Array:
    forced = table.forced[:, None]
    return bounded_payoff(forced, np.where(np.isnan(forced), np.nan, forced == 2), table.targets)


def _snr_gain(table: SweepTable) -> float:
    verdicts = np.column_stack([table.forced, table.verdicts])
    graded = np.where(np.isnan(verdicts), np.nan, 1.0)
    if not np.isfinite(verdicts).any(axis=0).all():
        return float("nan")
    return snr_gain(graded * (verdicts == 1), graded * (verdicts == 0), np.append(0.0, table.targets))


def _by_threshold(table: SweepTable, reference: Array) -> list[dict[str, float | None]]:
    curves = {name: curve(table, reference) for name, curve in CURVES.items()}
    return [
        {"t": float(t)} | {name: _finite(float(values[j])) for name, values in curves.items()}
        for j, t in enumerate(table.targets)
    ]


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
