"""Which figures a report has, and what is said of each; those that would be empty are left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from . import figures, plotting
from .content import ReportInput
from .figures import View
from .headline import REFERENCE
from .tables import coinciding

_SURFACES = 6
"""Abstention surfaces in a report, at most: the last systems have one each."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure with what is said of it."""

    name: str
    """Of its files."""
    title: str
    caption: str
    figure: Any
    """A matplotlib figure in the print style."""


def pictures(report: ReportInput) -> list[Picture]:
    """Return the figures of a report, on the headline's split; a caption says which of its lines hide one another."""
    shown = views(report)
    decide, rank = [view for view in shown if view.decides], [view for view in shown if view.ranks]
    drawn: list[Picture] = []
    if decide:
        drawn += [_effective_threshold(decide), *_surfaces(decide)]
    if rank:
        drawn += _confidence(rank)
    if decide:
        drawn += [_regret(decide), _curves(decide[-1])]
    return [replace(one, caption=f"{one.caption}{_hidden(one.figure, shown)}") for one in drawn]


def _hidden(figure: Any, shown: list[View]) -> str:
    """Return which systems' lines lie on one another in a figure; "" where each can be seen."""
    lines = {line.get_gid(): line.get_xydata().tobytes() for line in figure.axes[0].lines}
    found = coinciding({view.name: lines[key] for view in shown if (key := f"sys{view.number}") in lines})
    return f" The lines of {found}" if found else ""


def views(report: ReportInput) -> list[View]:
    """Return the systems as figures show them, on the headline's split."""
    split = report.split
    found: list[View] = []
    for number, (name, colour) in enumerate(zip(report.metrics, plotting.colours(len(report.metrics)), strict=True)):
        source, reference = report.reference(name, split)
        found.append(
            View(
                name=name,
                colour=colour,
                marker=plotting.MARKERS[number % len(plotting.MARKERS)],
                number=number,
                table=report.tables[name, split],
                reference=reference,
                source=source,
                by_threshold=report.metrics[name][split].get("by_threshold") or (),
            )
        )
    return found


def _effective_threshold(shown: list[View]) -> Picture:
    return Picture(
        name="effective_threshold",
        title="Effective threshold against target",
        caption="The confidence cut that best describes what a model did at each target. On the dashed line it "
        f"follows the instruction exactly. {_by(shown)}",
        figure=figures.effective_threshold(shown),
    )


def _surfaces(shown: list[View]) -> Iterator[Picture]:
    for view in reversed(shown[-_SURFACES:]):
        yield Picture(
            name="abstention_surface" if view is shown[-1] else f"abstention_surface_{view.number + 1}",
            title=f"Abstention over confidence and target: {view.name}",
            caption=f"How often {view.name} abstains. Above the dashed line it should always, below it never.",
            figure=figures.abstention_surface(view),
        )


def _confidence(shown: list[View]) -> list[Picture]:
    return [
        Picture(
            name="risk_coverage",
            title="Risk and coverage",
            caption="Forced answers ranked by each system's model confidence; rings: what it did when asked at its "
            "targets. Lower is better.",
            figure=figures.risk_coverage_curves(shown),
        ),
        Picture(
            name="reliability",
            title="Reliability",
            caption="Accuracy of the forced answer against its confidence, by tenths; the discs grow with the number "
            "of questions.",
            figure=figures.reliability_curves(shown),
        ),
    ]


_ABOVE_CONSTANT = "Above the dashed line a model does worse than the better of always and never answering. "


def _regret(shown: list[View]) -> Picture:
    return Picture(
        name="regret",
        title="Regret by target",
        caption="Mean pay (1 − t, 0, −t) below the oracle, which answers iff its confidence is above the target. "
        f"{_ABOVE_CONSTANT if len(shown) == 1 else ''}{_by(shown)}",
        figure=figures.regret(shown),
    )


def _curves(view: View) -> Picture:
    return Picture(
        name="abstention",
        title=f"Abstention against confidence: {view.name}",
        caption=f"Abstention rate of {view.name}, a line per target; dotted: where it should fall.",
        figure=figures.abstention_curves(view),
    )


def _by(shown: list[View]) -> str:
    sources = dict.fromkeys(view.source for view in shown)
    return f"Confidence: {'; or '.join(REFERENCE[source] for source in sources)}."
