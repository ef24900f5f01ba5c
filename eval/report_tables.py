"""The tables of a report, and the one list of metrics that reports, model cards and benchmarks show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A metric as tables show it."""

    key: str
    """Where it stands in the metrics of a system; the first dot leads into a nested key."""
    label: str
    better: str = ""
    """"higher" or "lower" where one end is better for any model, else empty."""

    def pick(self, metrics: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the estimate of this metric; None where the file has none."""
        name, _, part = self.key.partition(".")
        found: Any = metrics.get(name)
        return found.get(part) if found and part else found


ROWS = (
    Row("adherence_exact.all", "Adherence, exact confidence", "higher"),
    Row("adherence_exact.clear", "Adherence, exact confidence, clear pairs", "higher"),
    Row("adherence_reference.all", "Adherence, reference confidence", "higher"),
    Row("adherence_reference.clear", "Adherence, reference confidence, clear pairs", "higher"),
    Row("adherence.all", "Adherence, own confidence", "higher"),
    Row("adherence.clear", "Adherence, own confidence, clear pairs", "higher"),
    Row("adherence_recalibrated.all", "Adherence, own confidence recalibrated", "higher"),
    Row("samples.adherence", "Adherence, agreement of samples", "higher"),
    Row("samples.perfect_adherence", "The same, of a perfect policy"),
    Row("samples.corrected_adherence", "The same, corrected by a prior", "higher"),
    Row("threshold_slope", "Slope of effective threshold"),
    Row("threshold_intercept", "Intercept"),
    Row("score", "Mean pay", "higher"),
    Row("normalized_regret", "Normalised regret", "lower"),
    Row("consistency_violations", "Items answering above an abstention", "lower"),
    Row("abstention_precision", "Abstention precision", "higher"),
    Row("abstention_recall", "Abstention recall", "higher"),
    Row("answer_precision", "Answer precision", "higher"),
    Row("answer_recall", "Answer recall", "higher"),
    Row("balanced_f1", "Balanced F1", "higher"),
    Row("unanswerable_abstention", "Abstention on unanswerable questions", "higher"),
    Row("forced_accuracy", "Forced accuracy", "higher"),
    Row("rates.accuracy", "Right among all", "higher"),
    Row("rates.hallucination_rate", "Wrong among all", "lower"),
    Row("rates.abstention_rate", "Abstained among all"),
    Row("rates.accuracy_answered", "Right among answered", "higher"),
    Row("confidence_error", "|Own − exact confidence|, mean", "lower"),
    Row("snr_gain", "SNR gain (nats)", "higher"),
    Row("aurc", "AURC", "lower"),
    Row("e_aurc", "E-AURC", "lower"),
    Row("augrc", "AUGRC", "lower"),
    Row("auroc", "AUROC", "higher"),
    Row("accuracy_at_coverage.0.8", "Accuracy at 80 % coverage", "higher"),
    Row("coverage_at_risk.0.1", "Coverage at 10 % risk", "higher"),
    Row("brier", "Brier score", "lower"),
    Row("log_score", "Log score (nats)", "lower"),
    Row("ece", "ECE", "lower"),
    Row("mce", "MCE", "lower"),
    Row("smooth_ece", "Smooth ECE", "lower"),
    Row("sample_agreement", "Agreement of forced samples"),
)
"""In the order shown. One that no system's file has is left out."""

BY_TARGET = (
    *("coverage", "accuracy_answered", "accuracy_abstained", "score", "oracle_score", "effective_threshold"),
    "adherence",
)
"""Columns of the tables by target; one that no target has is left out."""
_AUDIT = (
    "Held to its target, a model is right at least that often where it answers (accuracy answered), and no more often "
    "than that where it abstains (accuracy abstained: of the forced answers)."
)
SUMMARY = ("adherence_reference.all", "adherence_reference.clear", "threshold_slope", "normalized_regret",
           "forced_accuracy")  # fmt: skip
"""Keys of the five that say most."""


def row(key: str) -> Row:
    """Return the row of `ROWS` with this key."""
    return next(row for row in ROWS if row.key == key)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: a value and, in smaller letters, its interval."""

    value: str
    interval: str = ""

    def __str__(self) -> str:
        return f"{self.value} {self.interval}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of the page; the first cell of each row is its header."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    folded: bool = False
    """Shown on demand only."""


def number(value: float | None, digits: int = 3) -> str:
    """Return the number with a true minus sign, a dash where it is undefined.

    >>> number(-0.0612), number(None)
    ('−0.061', '–')
    """
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def cell(estimate: Mapping[str, Any] | None, digits: int = 3) -> Cell:
    """Return an estimate as a cell; undefined is a dash."""
    if not estimate or estimate["value"] is None:
        return Cell("–")
    interval = "" if estimate["low"] is None else f"[{number(estimate['low'])}, {number(estimate['high'])}]"
    return Cell(number(estimate["value"], digits), interval)


def metric_tables(metrics: Mapping[str, Mapping[str, Any]], headline: str) -> list[Table]:
    """Return a table per split: metrics down, systems across; `metrics` is system → split → contents.

    The headline's split comes first, and those after it are folded.
    """
    splits = dict.fromkeys([headline, *(split for found in metrics.values() for split in found)])
    columns = {split: {name: found[split] for name, found in metrics.items() if split in found} for split in splits}
    return [_metric_table(split, found, folded=split != headline) for split, found in columns.items()]


def _metric_table(split: str, columns: Mapping[str, Mapping[str, Any]], *, folded: bool) -> Table:
    rows = [
        [Cell(f"{row.label}{_ARROWS[row.better]}"), *map(cell, picked)]
        for row in ROWS
        if any(picked := [row.pick(m) for m in columns.values()])
    ]
    title = f"Metrics: {split.replace('_', ' ')}"
    return Table(title=title, note=_counts(columns), head=["Metric", *columns], rows=rows, folded=folded)


_ARROWS = {"higher": "\u00a0↑", "lower": "\u00a0↓", "": ""}
_LEFT_OUT = {
    "ungraded": "{} ungraded answers",
    "without_confidence": "{} questions without a confidence",
    "bad_confidence": "{} of them with one outside [0, 1]",
}


def _counts(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how many questions and targets there were, and what each system's metrics had to leave out."""
    sizes = sorted({(m["items"], len(m["targets"])) for m in columns.values()})
    asked = "; ".join(f"{items} questions, {targets} targets" for items, targets in sizes)
    parts = [f"{asked}, 95 % intervals over questions. ↑ higher is better, ↓ lower."]
    for name, found in columns.items():
        left_out = [text.format(found[key]) for key, text in _LEFT_OUT.items() if found.get(key)]
        if left_out:
            parts.append(f"Left out of {name}: {', '.join(left_out)}.")
    return " ".join(parts)


def target_tables(metrics: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    """Return a table per system, targets down: the last system's, and folded after it the others'."""
    found = {name: values["by_threshold"] for name, values in metrics.items() if values.get("by_threshold")}
    return [_target_table(name, found[name], folded=place > 0) for place, name in enumerate(reversed(found))]


def by_target_keys(by_threshold: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return those of `BY_TARGET` that are defined at some target."""
    return [key for key in BY_TARGET if any(at.get(key) is not None for at in by_threshold)]


def _target_table(name: str, by_threshold: Sequence[Mapping[str, Any]], *, folded: bool) -> Table:
    keys = by_target_keys(by_threshold)
    return Table(
        title=f"By target: {name}",
        note=_AUDIT if "accuracy_abstained" in keys else "",
        head=["Target", *(key.replace("_", " ") for key in keys)],
        rows=[[Cell(f"{at['t']:g}"), *(_at(at, key) for key in keys)] for at in by_threshold],
        folded=folded,
    )


def _at(at: Mapping[str, Any], key: str) -> Cell:
    low, high = at.get("intervals", {}).get(key) or (None, None)
    return cell({"value": at.get(key), "low": low, "high": high})
