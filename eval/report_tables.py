"""The tables of a report, and the one list of metrics that reports, model cards and benchmarks show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A metric as tables show it."""

    key: str
    """Where it stands in `metrics.json`; a dot leads into a nested key."""
    label: str
    better: str = ""
    """"higher" or "lower" where one end is better for any model, else empty."""

    def pick(self, metrics: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the estimate of this metric; None where the file has none."""
        found: Any = metrics
        for part in self.key.split("."):
            found = found.get(part) if found else None
        return found


ROWS = (
    Row("adherence_exact.all", "Adherence, exact confidence", "higher"),
    Row("adherence_exact.clear", "Adherence, exact confidence, clear pairs", "higher"),
    Row("adherence_reference.all", "Adherence, reference confidence", "higher"),
    Row("adherence_reference.clear", "Adherence, reference confidence, clear pairs", "higher"),
    Row("adherence.all", "Adherence, own confidence", "higher"),
    Row("adherence.clear", "Adherence, own confidence, clear pairs", "higher"),
    Row("threshold_slope", "Slope of effective threshold"),
    Row("threshold_intercept", "Intercept"),
    Row("normalized_regret", "Normalised regret", "lower"),
    Row("consistency_violations", "Items answering above an abstention", "lower"),
    Row("forced_accuracy", "Forced accuracy", "higher"),
    Row("confidence_error", "|Own − exact confidence|, mean", "lower"),
    Row("snr_gain", "SNR gain (nats)", "higher"),
    Row("aurc", "AURC", "lower"),
    Row("auroc", "AUROC", "higher"),
    Row("brier", "Brier score", "lower"),
    Row("ece", "ECE", "lower"),
    Row("smooth_ece", "Smooth ECE", "lower"),
    Row("sample_agreement", "Agreement of forced samples"),
)
"""In the order shown. One that no system's file has is left out."""

BY_TARGET = ("coverage", "accuracy_answered", "score", "oracle_score", "effective_threshold", "adherence")
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


def metric_tables(metrics: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    """Return a table per split: metrics down, systems across; `metrics` is system → split → contents."""
    splits = list(dict.fromkeys(split for found in metrics.values() for split in found))
    return [_metric_table(split, {name: found[split] for name, found in metrics.items() if split in found})
            for split in splits]  # fmt: skip


def _metric_table(split: str, columns: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        [Cell(f"{row.label} {_ARROWS[row.better]}".rstrip()), *map(cell, picked)]
        for row in ROWS
        if any(picked := [row.pick(m) for m in columns.values()])
    ]
    return Table(
        title=f"Metrics: {split.replace('_', ' ')}", note=_counts(columns), head=["Metric", *columns], rows=rows
    )


_ARROWS = {"higher": "↑", "lower": "↓", "": ""}
_LEFT_OUT = {
    "ungraded": "{} ungraded answers",
    "without_confidence": "{} questions without a confidence",
    "bad_confidence": "{} of them with one outside [0, 1]",
}


def _counts(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how many questions and targets there were, and what each system's metrics had to leave out."""
    sizes = {(m["items"], len(m["targets"])) for m in columns.values()}
    parts = [
        "; ".join(f"{items} questions, {targets} targets" for items, targets in sorted(sizes))
        + ", 95 % intervals over questions. ↑ higher is better, ↓ lower."
    ]
    for name, found in columns.items():
        left_out = [text.format(found[key]) for key, text in _LEFT_OUT.items() if found.get(key)]
        if left_out:
            parts.append(f"Left out of {name}: {', '.join(left_out)}.")
    return " ".join(parts)


def target_tables(metrics: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    """Return a table per system, targets down; all but the last system's are folded."""
    return [
        Table(
            title=f"By target: {name}",
            head=["Target", *(key.replace("_", " ") for key in BY_TARGET)],
            rows=[
                [Cell(f"{at['t']:g}"), *(Cell(number(at.get(key))) for key in BY_TARGET)]
                for at in found["by_threshold"]
            ],
            folded=place < len(metrics) - 1,
        )
        for place, (name, found) in enumerate(metrics.items())
    ]
