"""What `abstain score` says in the terminal: counts, metrics with intervals, and what is left out and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, cast

from ..eval.logged import KNOWN_KEYS
from ..eval.rates import RATES
from .run_files import METRICS

_ROUTES = {
    "prompted": "targets in the prompt",
    "stated": "no target; the confidence is held against targets",
    "verdicts": "verdicts alone",
}
_LABELS = {
    "accuracy": "accuracy",
    "hallucination_rate": "hallucination rate (wrong)",
    "abstention_rate": "abstention rate",
    "accuracy_answered": "accuracy of answers",
    "adherence_exact": "adherence (exact confidence)",
    "adherence_reference": "adherence (reference)",
    "adherence": "adherence (own confidence)",
    "threshold_slope": "slope of effective threshold",
    "threshold_intercept": "intercept",
    "normalized_regret": "normalised regret",
    "consistency_violations": "answers above an abstention",
    "forced_accuracy": "forced accuracy",
    "confidence_error": "|own - exact confidence|",
    "snr_gain": "SNR gain (nats)",
    "sample_agreement": "sample agreement",
    "smooth_ece": "smooth ECE",
    "brier": "Brier score",
}
_TOLD = (
    *("adherence_exact", "adherence_reference", "adherence", "threshold_slope", "threshold_intercept"),
    *("score", "normalized_regret", "consistency_violations", "forced_accuracy", "snr_gain"),
    *("aurc", "auroc", "brier", "ece", "unanswerable_abstention"),
)
"""The metrics that the terminal shows; the metrics file has all."""
_UPPER = ("aurc", "auroc", "augrc", "eaurc", "e_aurc", "ece")


def summary(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the metrics of one file or system."""
    yield from _counts(metrics)
    rates: Mapping[str, Any] = metrics["rates"] or {}
    found = {name: _estimate(value) for name, value in (*rates.items(), *metrics.items())}
    defined = {name: estimate for name, estimate in found.items() if estimate is not None}
    same = {"exact": "adherence_reference", "own": "adherence"}.get(metrics["reference_confidence"])
    told = [name for name in (*RATES, *_TOLD) if name in defined and name != same]
    for name in told:
        yield f"{label(name):<32}{shown(defined[name])}{_bounds(defined[name])}"
    if len(defined) > len(told):
        yield f"and {len(defined) - len(told)} more in {METRICS} (--out DIR)"
    yield from _targets(metrics)
    yield from _left_out(metrics)


def label(name: str) -> str:
    """Return a metric's name as a person reads it."""
    return _LABELS.get(name, name.upper() if name in _UPPER else name.replace("_", " "))


def shown(estimate: Mapping[str, Any]) -> str:
    """Return an Estimate as "0.812 [0.790, 0.834]"."""
    if estimate["value"] is None:
        return "undefined"
    interval = "" if estimate["low"] is None else f" [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    return f"{estimate['value']:.3f}{interval}"


def _counts(metrics: Mapping[str, Any]) -> Iterator[str]:
    source, split = metrics["source"], metrics["split"]
    of = "" if split == "all" else f" of split {split}"
    yield f"{metrics['rows']} rows{of}, {metrics['items']} items ({source['format']}); {_ROUTES[metrics['route']]}"
    verdicts = ", ".join(f"{count} {name}" for name, count in metrics["verdicts"].items() if count)
    how = [f"{source['graded']} graded here by {source['grader']['kind']}"] if source["graded"] else []
    how += [f"{source['scored']} by the log's scorer"] if source["scored"] else []
    how += [f"{source['kept']} as logged"] if source["kept"] else []
    how += [f"{source['changed']} changed"] if source["changed"] else []
    whole = "of all rows " if metrics["splits"] else ""
    yield f"verdicts: {verdicts} ({whole}{', '.join(how)})"
    said = metrics["confidences"]
    if metrics["route"] != "verdicts" or said["out_of_range"]:
        parts = (f"{said[key]} {key.replace('_', ' ')}" for key in ("usable", "missing", "out_of_range"))
        yield f"confidences: {', '.join(parts)}"
    stated = source["stated_confidences"]
    if stated:
        yield f"confidences in the completions: {', '.join(f'{count} {why}' for why, count in stated.items())}"
    pairs = metrics["missing_pairs"]
    if pairs["count"]:
        (id_, t), *_ = pairs["first"]
        yield f"missing: {pairs['count']} of {pairs['of']} pairs of item and target, such as id {id_!r} at {t:g}"


def _bounds(rate: Mapping[str, Any]) -> str:
    if "if_ungraded" not in rate:
        return ""
    low, high = rate["if_ungraded"]
    return f"   {low:.3f} to {high:.3f} whatever the ungraded are"


def _estimate(value: Any) -> Mapping[str, Any] | None:
    """Return the Estimate that a key of the metrics holds, that over all pairs where it holds two."""
    if not isinstance(value, dict):
        return None
    found = cast("Mapping[str, Any]", value)
    found = cast("Mapping[str, Any]", found.get("all", found))
    return found if "value" in found and "low" in found else None


def _targets(metrics: Mapping[str, Any]) -> Iterator[str]:
    rows = metrics["by_threshold"]
    if not rows:
        return
    keys = ("coverage", "accuracy_answered", "score", "effective_threshold")
    yield f"{'target':<10}" + "".join(f"{label(key):>22}" for key in keys)
    for row in rows:
        cells = ("-" if row[key] is None else f"{row[key]:.3f}" for key in keys)
        yield f"{row['t']:<10g}" + "".join(f"{cell:>22}" for cell in cells)


def _left_out(metrics: Mapping[str, Any]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for name, reason in metrics["omitted"].items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        yield f"left out, {reason}: {', '.join(names)}"
    if metrics["splits"]:
        yield f"other splits in {METRICS}: {', '.join(metrics['splits'])}"
    unread = metrics["source"]["keys_not_read"]
    if unread:
        yield "keys not read: " + ", ".join(map(_with_hint, unread))


def _with_hint(key: str) -> str:
    near = get_close_matches(key, KNOWN_KEYS, n=1, cutoff=0.75)
    return f"{key} (did you mean {near[0]}?)" if near else key
