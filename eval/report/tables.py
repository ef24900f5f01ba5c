"""The tables of a report, and how numbers are written in them.

Which metrics they show is a selection of `eval/metrics/catalogue.py`. Runs against each other have the paired
differences of `compare.py`, in a sentence and in a table.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..compare.compare import ComparedMetric, Comparison
from ..metrics.catalogue import info, listed, listed_curves
from ..metrics.metric import Family, Group, Metric, MetricInfo

_AUDIT = (
    "A model that follows its target is correct at least that often when it answers (accuracy answered), and no more "
    "often than that when it abstains (accuracy abstained: of the forced answers)."
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: a value and, in smaller letters, its interval; of a row's header, what it means."""

    value: str
    interval: str = ""
    definition: str = ""

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
    headings: Mapping[int, Family] = field(default_factory=dict[int, Family])
    """Row → the family of metrics that begins with it."""


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
    shown = present("report", columns)
    cells = {name: [cell(info.pick(m)) for info in shown] for name, m in columns.items()}
    names = [Cell(info.heading, definition=info.definition) for info in shown]
    return Table(
        title=f"Metrics: {split.replace('_', ' ')}",
        note=_note_of_metrics(
            columns,
            coinciding({name: tuple(of) for name, of in cells.items()}),
            intervals=any(one.interval for of in cells.values() for one in of),
        ),
        head=["Metric", *columns],
        rows=[list(row) for row in zip(names, *cells.values(), strict=True)],
        folded=folded,
        headings=family_starts(shown),
    )


def present(group: Group, columns: Mapping[str, Mapping[str, Any]]) -> list[MetricInfo]:
    """Return the metrics of a group that some system has, without those that are another's numbers again in all.

    Args:
        group: Of `Metric.groups`.
        columns: System → metrics.
    """
    sources = {metrics.get("reference_confidence") for metrics in columns.values()}
    found = [info for info in listed(group) if any(info.pick(metrics) for metrics in columns.values())]
    return [info for info in found if {info.repeats_under} != sources]


def family_starts(shown: Sequence[MetricInfo]) -> dict[int, Family]:
    """Return the places at which another family of metrics begins, and which."""
    before = [None, *(info.family for info in shown[:-1])]
    return {
        i: info.family
        for i, (info, last) in enumerate(zip(shown, before, strict=False))
        if info.family is not None and info.family != last
    }


def coinciding(shown: Mapping[str, Hashable]) -> str:
    """Return in a sentence which names have equal values; "" where all differ.

    >>> coinciding({"warmup": (0.9, 1.0), "base": (0.5, 0.0), "trained": (0.9, 1.0)})
    'warmup and trained coincide.'

    Args:
        shown: Name → all that is shown of it.
    """
    groups: dict[Hashable, list[str]] = {}
    for name, values in shown.items():
        groups.setdefault(values, []).append(name)
    together = [f"{', '.join(names[:-1])} and {names[-1]}" for names in groups.values() if len(names) > 1]
    return f"{'; '.join(together)} coincide." if together else ""


def identified(values: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return at how many of how many targets the effective threshold is identified; None where there is none.

    It is where the model both answers and abstains. Where it does only one of them, every cut below or above all
    confidences fits as well, and the 0 or the 1 that stands for them bends the slope.

    >>> identified({"by_threshold": [{"effective_threshold": cut} for cut in (0.0, 0.4, None, 1.0)]})
    (1, 3)
    """
    rows: Sequence[Mapping[str, Any]] = values.get("by_threshold") or ()
    cuts = [cut for row in rows if (cut := row.get("effective_threshold")) is not None]
    return (sum(0.0 < cut < 1.0 for cut in cuts), len(cuts)) if cuts else None


def identified_note(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """Return at how many targets the effective threshold of each system is identified; "" if at all of them."""
    found = {name: counts for name, values in columns.items() if (counts := identified(values))}
    parts = [f"{k} of {n} targets ({name})" for name, (k, n) in found.items() if k < n]
    return f"The effective threshold is identified only at {', '.join(parts)}." if parts else ""


_LEFT_OUT = {
    "ungraded": "{} ungraded answers",
    "without_confidence": "{} questions without a confidence",
    "bad_confidence": "{} of them with one outside [0, 1]",
}


def _note_of_metrics(columns: Mapping[str, Mapping[str, Any]], equal: str, *, intervals: bool) -> str:
    """Return how many questions and targets there were, which columns are equal, and what was left out of each.

    Args:
        columns: System → metrics.
        equal: Which columns coincide.
        intervals: Whether any of the metrics has one.
    """
    sizes = sorted({(m["items"], len(m["targets"])) for m in columns.values()})
    asked = "; ".join(f"{items} questions, {targets} targets" for items, targets in sizes)
    sure = "95 % intervals over questions" if intervals else "no intervals (no bootstrap was drawn)"
    parts = [f"{asked}, {sure}. ↑ higher is better, ↓ lower."]
    for name, found in columns.items():
        left_out = [text.format(found[key]) for key, text in _LEFT_OUT.items() if found.get(key)]
        if left_out:
            parts.append(f"Left out of {name}: {', '.join(left_out)}.")
    parts += filter(None, [identified_note(columns), f"In every row {equal}" if equal else ""])
    return " ".join(parts)


def target_tables(metrics: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    """Return a table per system, targets down: the last system's, and folded after it the others'."""
    found = {name: values["by_threshold"] for name, values in metrics.items() if values.get("by_threshold")}
    return [_target_table(name, found[name], folded=place > 0) for place, name in enumerate(reversed(found))]


def target_columns(by_threshold: Sequence[Mapping[str, Any]]) -> list[Metric]:
    """Return the curves of the tables by target that are defined at some target."""
    return [curve for curve in listed_curves("report") if any(at.get(curve.key) is not None for at in by_threshold)]


def _target_table(name: str, by_threshold: Sequence[Mapping[str, Any]], *, folded: bool) -> Table:
    columns = target_columns(by_threshold)
    return Table(
        title=f"By target: {name}",
        note=_note_of_targets(columns),
        head=["Target", "answered, n", *(curve.in_text for curve in columns)],
        rows=[[Cell(f"{at['t']:g}"), _answered(at), *(_at(at, curve.key) for curve in columns)] for at in by_threshold],
        folded=folded,
    )


def _note_of_targets(columns: Sequence[Metric]) -> str:
    """Return how the table is read: what a model that follows its target does, and which payoff the mean is of."""
    keys = {curve.key for curve in columns}
    payoff = [f"Mean payoff: {curve.definition.lower()}" for curve in columns if curve.key == "score"]
    return " ".join([*([_AUDIT] if "accuracy_abstained" in keys else []), *payoff])


def _answered(at: Mapping[str, Any]) -> Cell:
    """Return how many answers the accuracy of the answered rests on; files of version 0.1.0 do not say it."""
    n = at.get("n", {}).get("accuracy_answered")
    return Cell("–" if n is None else str(n))


def _at(at: Mapping[str, Any], key: str) -> Cell:
    low, high = at.get("intervals", {}).get(key) or (None, None)
    return cell({"value": at.get(key), "low": low, "high": high})


def paired_sentence(comparison: Comparison) -> str:
    """Return what the comparison shows of the metrics that say most, "no difference shown" where it shows none."""
    told = dict[str, list[str]]()
    for one in comparison.headline:
        told.setdefault(outcome(one, comparison), []).append(info(one.name).in_text)
    equal = told.pop("no difference shown", [])
    untested = told.pop("not tested", [])
    parts = [f"{outcome} in {', '.join(names)}" for outcome, names in told.items()]
    if equal and not parts and not untested:
        parts.append(f"no difference shown in any of {len(equal)} primary metrics")
    elif equal:
        parts.append(f"no difference shown in {', '.join(equal)}")
    if untested:
        parts.append(f"not tested: {', '.join(untested)}")
    result = "; ".join(parts) or "nothing could be tested"
    return f"{comparison.a} against {comparison.b} on the same {comparison.items} questions: {result}."


def paired_tables(comparisons: Sequence[Comparison]) -> list[Table]:
    """Return a table per comparison: every metric of both with the interval and the p-value of the difference."""
    return [_table(comparison, folded=place > 0) for place, comparison in enumerate(comparisons)]


def _table(comparison: Comparison, *, folded: bool) -> Table:
    found = {one.name: one for one in comparison.metrics}
    shown = [found[metric.key] for metric in listed("report") if metric.key in found]
    head = ["Metric", comparison.a, comparison.b, "Difference", "p", "p, adjusted", "Shown"]
    return Table(
        title=f"Paired: {comparison.a} − {comparison.b}",
        note=_note(comparison),
        head=head,
        rows=[_row(one, comparison) for one in shown],
        folded=folded,
    )


def _row(one: ComparedMetric, comparison: Comparison) -> list[Cell]:
    interval = "" if one.low is None else f"[{number(one.low)}, {number(one.high)}]"
    return [
        Cell(info(one.name).label + ("" if one.n == comparison.items else f" (n = {one.n})")),
        Cell(number(one.a)),
        Cell(number(one.b)),
        Cell(number(one.difference), interval),
        Cell(p_text(one.p)),
        Cell(p_text(one.p_adjusted)),
        Cell(outcome(one, comparison)),
    ]


def _note(comparison: Comparison) -> str:
    parts = [
        paired_sentence(comparison),
        f"{comparison.items} questions in both; 95 % intervals of the paired bootstrap over questions "
        f"({comparison.resamples} resamples, seed {comparison.seed}); p adjusted by Holm within each family of tests.",
        *(f"Passed over: {note}." for note in comparison.notes),
    ]
    if any(comparison.ungraded):
        parts.append(f"Ungraded: {comparison.ungraded[0]} rows and {comparison.ungraded[1]}.")
    return " ".join(parts)


def outcome(one: ComparedMetric, comparison: Comparison) -> str:
    """Return the outcome with the systems' names for A and B."""
    names = {"A": comparison.a, "B": comparison.b}
    first, _, rest = one.outcome.partition(" ")
    return f"{names[first]} {rest}" if first in names else one.outcome


def p_text(value: float | None) -> str:
    """Return a p-value as tables show it."""
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"
