"""Metrics of logged outputs, as far as they go: what a file does not hold is left out with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..rewards import Verdict
from .layout import Layout, lay_out
from .metrics import METRICS, compute_metrics
from .rates import count_verdicts, rates
from .responses import Response

_BY_CONSTRUCTION = (
    "adherence",
    "adherence_reference",
    "threshold_slope",
    "threshold_intercept",
    "consistency_violations",
)
_NEEDS_FORCED = (
    *("forced_accuracy", "normalized_regret", "snr_gain", "adherence_recalibrated"),
    *("abstention_precision", "abstention_recall", "abstention_f1", "answer_precision", "answer_recall", "answer_f1"),
    *("balanced_f1", "aurc", "e_aurc", "augrc", "auroc", "accuracy_at_coverage", "coverage_at_risk"),
    *("brier", "log_score", "ece", "ece_closed_right", "mce", "smooth_ece"),
)
_NEEDS_TARGETS = ("threshold_slope", "threshold_intercept", "consistency_violations")


def score(
    responses: Sequence[Response],
    *,
    base: Sequence[Response] | None = None,
    targets: Sequence[float] | None = None,
    seed: int = 0,
    draws: int = 500,
) -> dict[str, Any]:
    """Return the metrics for one system and one split of logged rows.

    The keys of `compute_metrics`, those that the rows cannot give being null with the reason under
    `omitted`; and the counts, `rates` and `rates_by_threshold` of `docs/scoring.md`. Items are drawn
    with all their rows.

    Args:
        responses: At least one row; (id, threshold, sample) occur once.
        base: The base model's rows for the same items, whose confidence is then the reference.
        targets: As `lay_out` takes them.
        seed: Seeds the bootstrap.
        draws: Bootstrap resamples.

    Raises:
        InputError: some rows state a target and others none, or a target asked for is not there.
    """
    layout = lay_out(responses, targets=targets)
    rng = np.random.default_rng([seed, 8])
    found = {**_counts(responses, layout), **_rates(layout, rng, draws)}
    metrics = _metrics(layout, None if base is None else lay_out(base, targets=targets), seed, draws)
    omitted = _omitted(metrics, layout)
    for name in omitted:
        metrics[name] = None
    if metrics["bounds"]:  # of what is not given, what the ungraded could do to it is not either
        metrics["bounds"] = {name: bound for name, bound in metrics["bounds"].items() if name not in omitted}
    if layout.route == "verdicts":
        metrics |= {"targets": [], "reference_confidence": None, "by_threshold": []}
    return {**found, **metrics, "omitted": omitted}


def _counts(responses: Sequence[Response], layout: Layout) -> dict[str, Any]:
    verdicts = Counter(row.verdict for row in responses)
    held = [row for row in layout.answers if not row.threshold]  # forced, or without a target
    if layout.route == "prompted" and not layout.forced:
        held = list(layout.answers)
    said = [row.confidence for row in held]
    usable = [q for q in said if q is not None and 0 <= q <= 1]
    lacking = [row for row in held if row.confidence is None and row.verdict is not Verdict.ABSTAINED]
    return {
        "items": len(layout.items),
        "rows": len(responses),
        "answers": len(layout.answers),
        "route": layout.route,
        "verdicts": {verdict.value: verdicts[verdict] for verdict in Verdict},
        "confidences": {
            "usable": len(usable),
            "missing": len(lacking),
            "out_of_range": len([q for q in said if q is not None]) - len(usable),
        },
        "missing_pairs": {
            "count": len(layout.missing),
            "of": layout.pairs,
            "first": [list(pair) for pair in layout.missing[:3]],
        },
    }


def _rates(layout: Layout, rng: np.random.Generator, draws: int) -> dict[str, Any]:
    """Return the rates of the rows without a target, or those at every target (0: forced)."""
    index = {name: i for i, name in enumerate(layout.items)}

    def at(rows: Sequence[Response]) -> dict[str, Any]:
        group = np.array([index[row.id] for row in rows], dtype=np.intp)
        return rates(count_verdicts(rows, group, len(index)), rng, draws)

    if layout.route != "prompted":
        return {"rates": at(layout.answers), "rates_by_threshold": []}
    by: dict[float, list[Response]] = {}
    for row in layout.answers:
        by.setdefault(row.threshold or 0.0, []).append(row)
    return {"rates": None, "rates_by_threshold": [{"t": t, **at(by[t])} for t in sorted(by)]}


def _metrics(layout: Layout, base: Layout | None, seed: int, draws: int) -> dict[str, Any]:
    clustered = len(layout.group) > len(layout.items)
    draws = 0 if layout.route == "verdicts" else draws  # nothing of it will be reported
    targets = layout.table.targets.tolist()
    asked: dict[str, Any] = {"targets": targets, "seed": seed, "draws": draws}
    group = layout.group if clustered else None  # an item is drawn with all its units
    found = compute_metrics(layout.rows, base=None if base is None else base.rows, group=group, **asked)
    for name in ("items", "ungraded", "without_confidence", "missing_confidence", "bad_confidence"):
        found.pop(name, None)
    return found


def _omitted(metrics: Mapping[str, Any], layout: Layout) -> dict[str, str]:
    """Return key → why it is left out, for every key of `METRICS` that has no value or says nothing."""
    names = dict.fromkeys(name.partition(".")[0] for name in METRICS)
    source = metrics["reference_confidence"]
    reasons = {name: reason(name, _undefined(metrics.get(name)), source, layout) for name in names}
    return {name: why for name, why in reasons.items() if why is not None}


def _undefined(estimate: Any) -> bool:
    if estimate is None:
        return True
    return estimate["value"] is None if "value" in estimate else all(map(_undefined, estimate.values()))


def reason(name: str, undefined: bool, source: str, layout: Layout) -> str | None:
    """Return why the metric `name` says nothing about these rows; None where it does.

    Args:
        name: A name of `METRICS`.
        undefined: Whether it has no value.
        source: Where the reference confidence comes from.
        layout: The rows.
    """
    name = name.partition(".")[0]
    if layout.route == "verdicts":
        return "the rows have neither a target nor a confidence"
    if layout.route == "stated" and name in ("forced_accuracy", "snr_gain"):
        return "no answer was given under a target or forced"
    by_own = source == "own" or name in ("adherence", "consistency_violations")
    if layout.route == "stated" and name in _BY_CONSTRUCTION and by_own:
        return "holds by construction: the confidence itself decides what is answered"
    if name in _NEEDS_TARGETS and len(layout.table.targets) < 2:
        return "fewer than two targets"
    return _why_undefined(name, layout) if undefined else None


def _why_undefined(name: str, layout: Layout) -> str:
    if name in ("adherence_exact", "confidence_error") and not np.isfinite(layout.table.exact).any():
        return "no row has an exact_confidence"
    if name == "unanswerable_abstention":
        return "no question is known to have no answer"
    if name in ("sample_agreement", "samples"):
        return "no further samples of an answer"
    if name in _NEEDS_FORCED and not layout.forced and layout.route == "prompted":
        return "no forced answers (threshold 0)"
    if name in ("snr_gain", "forced_accuracy") or layout.confident:
        return _UNDEFINED.get(name, "undefined on these rows")
    if layout.own_by_target:
        return "confidences differ from target to target: none is the item's (give it at threshold 0)"
    return "no usable confidence" + (" at threshold 0" if layout.forced else "")


_UNDEFINED = {
    "normalized_regret": "answering by this confidence gains nothing over the better constant policy",
    "snr_gain": "nothing is right or nothing is wrong",
    "auroc": "no answer is right, or none is wrong",
    "log_score": "infinite: an answer came out as its confidence said it could not",
}
