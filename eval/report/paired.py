"""Runs against each other in a report: the paired differences of `compare.py`, in a sentence and in a table."""

from __future__ import annotations

from collections.abc import Sequence

from ..compare.compare import Compared, Comparison
from ..metrics.catalogue import info, listed
from .tables import Cell, Table, number


def paired_sentence(comparison: Comparison) -> str:
    """Return what the comparison shows of the metrics that say most, "no difference shown" where it shows none."""
    told = dict[str, list[str]]()
    for one in comparison.headline:
        told.setdefault(_outcome(one, comparison), []).append(info(one.name).in_text)
    equal = told.pop("no difference shown", [])
    untested = told.pop("not tested", [])
    parts = [f"{outcome} in {', '.join(names)}" for outcome, names in told.items()]
    if equal:
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


def _row(one: Compared, comparison: Comparison) -> list[Cell]:
    interval = "" if one.low is None else f"[{number(one.low)}, {number(one.high)}]"
    return [
        Cell(info(one.name).label),
        Cell(number(one.a)),
        Cell(number(one.b)),
        Cell(number(one.difference), interval),
        Cell(_p(one.p)),
        Cell(_p(one.p_adjusted)),
        Cell(_outcome(one, comparison)),
    ]


def _note(comparison: Comparison) -> str:
    parts = [
        f"{comparison.items} questions in both; 95 % intervals of the paired bootstrap over questions "
        f"({comparison.draws} draws, seed {comparison.seed}); p adjusted by Holm within each family of tests.",
        *(f"Passed over: {note}." for note in comparison.notes),
    ]
    if any(comparison.ungraded):
        parts.append(f"Ungraded: {comparison.ungraded[0]} rows and {comparison.ungraded[1]}.")
    return " ".join(parts)


def _outcome(one: Compared, comparison: Comparison) -> str:
    """Return the outcome with the systems' names for A and B."""
    names = {"A": comparison.a, "B": comparison.b}
    first, _, rest = one.outcome.partition(" ")
    return f"{names[first]} {rest}" if first in names else one.outcome


def _p(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"
