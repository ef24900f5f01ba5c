"""Every metric of one system and one split, with its interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bounds import BOUNDS
from .calibration import reliability
from .catalogue import CURVES, METRICS
from .estimate import Array, Estimate
from .metric import Metric
from .resample import Resample, draw_weights
from .responses import Response
from .table import SweepTable, reference_confidence
from .tabulate import tabulate

_NEEDS: Mapping[str, Callable[[SweepTable], bool]] = {
    "adherence_exact": lambda table: bool(np.isfinite(table.exact).any()),
    "confidence_error": lambda table: bool(np.isfinite(table.exact).any()),
    "samples": lambda table: bool(table.samples.any()),
    "unanswerable_abstention": lambda table: bool(table.unanswerable.any()),
}
"""Keys that are null where the table lacks what they are about."""


def compute_metrics(
    responses: Sequence[Response],
    *,
    base: Sequence[Response] | None = None,
    seed: int = 0,
    draws: int = 500,
    targets: Sequence[float] | None = None,
    group: NDArray[np.intp] | None = None,
) -> dict[str, Any]:
    """Return the metrics for one system and one split.

    Keys hold `Estimate`s as {"value", "low", "high", "n"}; `eval/catalogue.py` names them all. Regret, the
    effective thresholds and `by_threshold` use `reference_confidence`, `adherence` the system's own
    confidence and `adherence_exact` the known one (null without).

    Args:
        responses: A complete sweep.
        base: The base model's sweep of the same items, where there is one.
        seed: Seeds the bootstrap.
        draws: Bootstrap resamples; 0 gives no intervals.
        targets: As `tabulate` takes them.
        group: As `estimate_all` takes it, for the items in the order of their ids.
    """
    table = tabulate(responses, targets=targets)
    source, reference = reference_confidence(table, tabulate(base, targets=targets) if base is not None else None)
    metrics = _defined(table)
    curves = {f"by_threshold.{name}": curve for name, curve in CURVES.items()}
    estimates = estimate_all({**metrics, **curves}, table, reference, np.random.default_rng([seed, 4]), draws, group)
    return {
        **counts(table),
        "reference_confidence": source,
        **dict.fromkeys(_NEEDS),
        **_nested({name: estimates[name][0].to_json() for name in metrics}),
        "bounds": _bounds(table, reference),
        "reliability": _reliability(table),
        "by_threshold": _by_threshold(table, {name: estimates[f"by_threshold.{name}"] for name in CURVES}),
    }


def counts(table: SweepTable) -> dict[str, Any]:
    """Return how much there is of everything, and what was left out."""
    return {
        "items": len(table.ids),
        "unanswerable": int(table.unanswerable.sum()),
        "targets": table.targets.tolist(),
        "ungraded": int(table.ungraded.sum()),
        "without_confidence": int(np.isnan(table.confidence).sum()),
        "missing_confidence": int(table.missing_confidence.sum()),
        "bad_confidence": int(table.bad_confidence.sum()),
    }


def _defined(table: SweepTable) -> dict[str, Metric]:
    """Return the metrics for which the table has what they need at all."""
    missing = [key for key, has in _NEEDS.items() if not has(table)]
    return {name: metric for name, metric in METRICS.items() if name.partition(".")[0] not in missing}


def estimate_all(
    metrics: Mapping[str, Metric],
    table: SweepTable,
    reference: Array,
    rng: np.random.Generator,
    draws: int,
    group: NDArray[np.intp] | None = None,
) -> dict[str, list[Estimate]]:
    """Return every metric with its interval, one estimate a metric and one a target for a curve.

    All metrics see the same resamples of items, so an item's targets and samples move together. `group`, (N,),
    numbers what is drawn as one, where several rows of the table belong together.
    """
    once = Resample(np.ones((1, len(table.ids))), table, reference)
    drawn: dict[str, list[Array]] = {name: [] for name in metrics}
    for drawn_groups in draw_weights(len(table.ids) if group is None else int(group.max()) + 1, draws, rng):
        weights = drawn_groups if group is None else drawn_groups[:, group]
        resample = Resample(weights, table, reference, once.whole)
        for name, metric in metrics.items():
            drawn[name].append(metric.statistic(resample))
    nothing = np.empty(0)
    return {name: m.estimates(once, np.concatenate(drawn[name] or [nothing]), group) for name, m in metrics.items()}


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"a.b": x} as {"a": {"b": x}}."""
    found: dict[str, Any] = {}
    for name, value in flat.items():
        key, _, part = name.partition(".")
        if part:
            found.setdefault(key, {})[part] = value
        else:
            found[key] = value
    return found


def _bounds(table: SweepTable, reference: Array) -> dict[str, Any] | None:
    """Return the bounds of what ungraded answers could change, None where every answer has a verdict."""
    if not table.ungraded.any():
        return None
    found = {name: bound(table, reference) for name, bound in BOUNDS.items()}
    return {name: {"low": finite(bounds.low), "high": finite(bounds.high)} for name, bounds in found.items()}


def _reliability(table: SweepTable, bins: int = 10) -> list[dict[str, float | int]]:
    """Return the bins of the reliability diagram that are not empty."""
    mean, accuracy, count = reliability(table.confidence, table.forced_correct, bins)
    return [
        {"from": k / bins, "to": (k + 1) / bins, "confidence": mean[k], "accuracy": accuracy[k], "n": int(count[k])}
        for k in np.flatnonzero(count).tolist()
    ]


def _by_threshold(table: SweepTable, curves: Mapping[str, list[Estimate]]) -> list[dict[str, Any]]:
    """Return one entry a target: the values, and their intervals under `intervals`."""
    return [
        {
            "t": float(t),
            **{name: curve[j].value for name, curve in curves.items()},
            "intervals": {name: [curve[j].low, curve[j].high] for name, curve in curves.items()},
        }
        for j, t in enumerate(table.targets)
    ]


def finite(value: float) -> float | None:
    """Return `value`, None where it is NaN or infinite: JSON has neither."""
    return float(value) if np.isfinite(value) else None
