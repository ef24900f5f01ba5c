"""Several systems beside each other: the best in one sentence, and all in a ranked table.

Systems of which adherence says nothing, or is undefined, are not ranked (`informative` of `headline.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..compare.compare import Comparison
from ..metrics.catalogue import info, listed
from .headline import REFERENCE, Metrics, adherence, informative, known, percent, slope
from .tables import Cell, Table, cell, number, outcome

_NOTE = (
    "By adherence to the reference confidence, the highest first. Not ranked: adherence is undefined, or every forced "
    "answer is right, or every one wrong."
)
_DECIDES = ("adherence_exact.all", "adherence_reference.all")
"""The first of these that a comparison has says whether one system abstains at better times than another."""


def ranking(metrics: Mapping[str, Metrics]) -> list[str]:
    """Return the systems by adherence, the highest first; those that are not ranked come last, in their order."""
    return sorted(metrics, key=lambda name: -adherence(metrics[name])["value"] if informative(metrics[name]) else 1.0)


def comparison_headline(metrics: Mapping[str, Metrics], comparisons: Sequence[Comparison] = ()) -> str:
    """Return in one sentence which of several systems abstains when it should most often, and by what it is judged.

    Args:
        metrics: System → the headline split's metrics.
        comparisons: Each of them against the first, where they could be paired.
    """
    ranked = [name for name in ranking(metrics) if informative(metrics[name])]
    if not ranked:
        return f"None of {len(metrics)} systems can be ranked by whether it abstains when it should."
    best = metrics[ranked[0]]
    sources = {found["reference_confidence"] for found in metrics.values()}
    judged = f"judged by {REFERENCE[sources.pop()]}" if len(sources) == 1 else "each judged by its own reference"
    value = slope(best)
    text = (
        f"Of {len(metrics)} systems, {ranked[0]} abstains when it should most often: in {percent(adherence(best))} of "
        f"the decisions on {adherence(best)['n']} questions, {judged} "
        f"(slope {'undefined' if value is None else number(value, 2)}; {known(best)})"
    )
    if len(ranked) > 1:
        text += f"; next is {ranked[1]} with {percent(adherence(metrics[ranked[1]]))}"
        text += _doubt(comparisons, set(ranked[:2]))
    left = ", ".join(name for name in metrics if name not in ranked)
    return f"{text}; not ranked: {left}." if left else f"{text}."


def _doubt(comparisons: Sequence[Comparison], pair: set[str]) -> str:
    """Return the words for two systems that were compared and not told apart; "" otherwise."""
    found = next((one for one in comparisons if {one.a, one.b} == pair), None)
    return ", a difference that may be chance" if found and _against(found, False) == "no difference shown" else ""


def ranking_table(metrics: Mapping[str, Metrics], comparisons: Sequence[Comparison] = ()) -> Table:
    """Return the systems as rows, the best first, with the metrics of the summary and ECE.

    Args:
        metrics: System → the headline split's metrics.
        comparisons: Each of them against the first, where they could be paired.
    """
    shown = [*listed("summary"), info("ece")]
    against = {one.a: one for one in comparisons}
    first = next(iter(metrics))
    rows: list[list[Cell]] = []
    for place, name in enumerate(ranking(metrics), 1):
        rank = f"{place}. {name}" if informative(metrics[name]) else f"{name} (not ranked)"
        cells = [Cell(rank), *(cell(metric.pick(metrics[name])) for metric in shown)]
        both = informative(metrics[name]) and informative(metrics[first])
        shown_against = _against(against.get(name), name == first) if both or name == first else "not ranked"
        rows.append([*cells, *([Cell(shown_against)] if against else [])])
    head = ["System", *(metric.short or metric.label for metric in shown), *([f"Against {first}"] if against else [])]
    return Table(title="Ranking", note=_NOTE, head=head, rows=rows)


def _against(comparison: Comparison | None, is_first: bool) -> str:
    if comparison is None:
        return "" if is_first else "not paired"
    found = {one.name: one for one in comparison.metrics}
    return next((outcome(found[key], comparison) for key in _DECIDES if key in found), "not tested")
