"""Every metric of one system and one split, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import InputError, Stream
from ..sweep.judged import judge_counts
from ..sweep.overlooked import overlooked
from ..sweep.responses import Response
from .calibration import reliability
from .catalogue import CURVES, METRICS
from .estimate import Array, Estimate
from .metric import Metric, lacking
from .obstacles import obstacles
from .outcomes import count_outcomes
from .resample import Resample, draw_weights
from .table import SweepTable, reference_confidence, tabulate


def compute_metrics(
    responses: Sequence[Response],
    *,
    base: Sequence[Response] | None = None,
    seed: int = 0,
    resamples: int = 500,
    targets: Sequence[float] | None = None,
    group: NDArray[np.intp] | None = None,
) -> dict[str, Any]:
    """Return the metrics for one system and one split.

    Keys hold `Estimate`s as {"value", "low", "high", "n"}; `eval/metrics/catalogue.py` names them all. Regret, the
    effective thresholds and `by_threshold` use `reference_confidence`, `adherence` the system's own
    confidence and `adherence_exact` the known one (null without).

    >>> from abstain.rewards import Verdict
    >>> rows = [
    ...     Response(id="a", threshold=0.5, sample=0, verdict=Verdict.CORRECT),
    ...     Response(id="b", threshold=0.5, sample=0, verdict=Verdict.ABSTAINED),
    ... ]
    >>> compute_metrics(rows, resamples=0)["score"]  # a right answer pays 1 − 0.5, the abstention 0
    {'value': 0.25, 'low': None, 'high': None, 'n': 2}

    Args:
        responses: A complete sweep of one split.
        base: The base model's sweep of the same items, where there is one.
        seed: Seeds the bootstrap.
        resamples: Bootstrap resamples; 0 gives no intervals.
        targets: As `tabulate` takes them.
        group: As `estimate_all` takes it, for the items in the order of their ids.

    Raises:
        InputError: the responses are of several splits.
        ValueError: the sweep is not complete; see `tabulate`.
    """
    _check_one_split(responses)
    table = tabulate(responses, targets=targets)
    source, reference = reference_confidence(table, tabulate(base, targets=targets) if base is not None else None)
    metrics = _defined(table, "" if _states_targets(responses) else source)
    curves = {f"by_threshold.{name}": curve for name, curve in CURVES.items()}
    estimates = estimate_all({**metrics, **curves}, table, reference, Stream.INTERVALS.rng(seed), resamples, group)
    return {
        **counts(table),
        "reference_confidence": source,
        "confidence_source": _confidence_source(responses),
        "states_targets": _states_targets(responses),
        **{metric.head: None for metric in METRICS.values() if metric.key not in metrics},
        **_nested({name: estimates[name][0].to_json() for name in metrics}),
        "judge": judge_counts(responses),
        "outcomes": count_outcomes(row for row in responses if row.sample == 0),
        "obstacles": [one.to_json() for one in obstacles(responses)],
        "overlooked": [one.to_json() for one in overlooked(responses)],
        "bounds": _bounds(table, reference),
        "reliability": _reliability(table),
        "by_threshold": _by_threshold(table, {name: estimates[f"by_threshold.{name}"] for name in CURVES}),
    }


def _check_one_split(responses: Sequence[Response]) -> None:
    splits = sorted({row.split for row in responses})
    if len(splits) > 1:
        raise InputError(
            f"compute_metrics: the responses are of {len(splits)} splits ({', '.join(splits)}), which are not pooled: "
            "call it for each of by_split(responses), or give all of them one split"
        )


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


def _states_targets(responses: Sequence[Response]) -> bool:
    """Return whether the prompts stated targets; else the confidence itself decides what counts as answered."""
    return any(row.threshold for row in responses if row.sample == 0)


def _confidence_source(responses: Sequence[Response]) -> str | None:
    """Return where the confidences come from, a `ConfidenceSource`; None where the rows do not say one."""
    found = {row.confidence_source for row in responses if row.confidence_source}
    return found.pop() if len(found) == 1 else None


def _defined(table: SweepTable, decides: str) -> dict[str, Metric]:
    """Return the metrics for which the table has what they need at all, and which do not hold by construction.

    Args:
        table: N items.
        decides: The source of the reference confidence where a confidence decides what is answered, else "".
    """
    by_construction = ("always", decides) if decides else ()
    return {
        key: metric
        for key, metric in METRICS.items()
        if lacking(metric.needs, table) is None and metric.by_construction not in by_construction
    }


def estimate_all(
    metrics: Mapping[str, Metric],
    table: SweepTable,
    reference: Array,
    rng: np.random.Generator,
    resamples: int,
    group: NDArray[np.intp] | None = None,
) -> dict[str, list[Estimate]]:
    """Return every metric with its interval, one estimate a metric and one a target for a curve.

    All metrics see the same resamples of items, so an item's targets and samples move together.

    >>> from abstain.rewards import Verdict
    >>> rows = [
    ...     Response(id="a", threshold=0.5, sample=0, verdict=Verdict.CORRECT),
    ...     Response(id="b", threshold=0.5, sample=0, verdict=Verdict.ABSTAINED),
    ... ]
    >>> table = tabulate(rows)
    >>> rng = np.random.default_rng(0)
    >>> estimate_all({"score": METRICS["score"]}, table, table.confidence, rng, resamples=0)["score"][0].value
    0.25

    Args:
        metrics: Name → metric, of `METRICS` or `CURVES`.
        table: N items.
        reference: (N,): the confidence that decides what should be answered; see `reference_confidence`.
        rng: Source of the resamples.
        resamples: Number of resamples; 0 gives no intervals.
        group: (N,): numbers what is drawn as one, where several rows of the table belong together.
    """
    once = Resample(np.ones((1, len(table.ids))), table, reference)
    resampled: dict[str, list[Array]] = {name: [] for name in metrics}
    for group_weights in draw_weights(len(table.ids) if group is None else int(group.max()) + 1, resamples, rng):
        weights = group_weights if group is None else group_weights[:, group]
        resample = Resample(weights, table, reference, once.cache)
        for name, metric in metrics.items():
            resampled[name].append(metric.statistic(resample))
    nothing = np.empty(0)
    return {name: m.estimates(once, np.concatenate(resampled[name] or [nothing]), group) for name, m in metrics.items()}


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"a.b": x} as {"a": {"b": x}}."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        key, _, part = name.partition(".")
        if part:
            nested.setdefault(key, {})[part] = value
        else:
            nested[key] = value
    return nested


def _bounds(table: SweepTable, reference: Array) -> dict[str, Any] | None:
    """Return the bounds of what ungraded answers could change, None where every answer has a verdict."""
    if not table.ungraded.any():
        return None
    by_metric = {metric.head: metric.bound(table, reference) for metric in METRICS.values() if metric.bound}
    return {name: {"low": finite(bounds.low), "high": finite(bounds.high)} for name, bounds in by_metric.items()}


def _reliability(table: SweepTable, bins: int = 10) -> list[dict[str, float | int]]:
    """Return the bins of the reliability diagram that are not empty."""
    mean, accuracy, count = reliability(table.confidence, table.forced_correct, bins)
    return [
        {"from": k / bins, "to": (k + 1) / bins, "confidence": mean[k], "accuracy": accuracy[k], "n": int(count[k])}
        for k in np.flatnonzero(count).tolist()
    ]


def _by_threshold(table: SweepTable, curves: Mapping[str, list[Estimate]]) -> list[dict[str, Any]]:
    """Return one entry a target: values, their `intervals`, and under `n` how many items each rests on."""
    return [
        {
            "t": float(t),
            **{name: curve[j].value for name, curve in curves.items()},
            "intervals": {name: [curve[j].low, curve[j].high] for name, curve in curves.items()},
            "n": {name: curve[j].n for name, curve in curves.items()},
        }
        for j, t in enumerate(table.targets)
    ]


def finite(value: float) -> float | None:
    """Return `value`, None where it is NaN or infinite: JSON has neither."""
    return float(value) if np.isfinite(value) else None
